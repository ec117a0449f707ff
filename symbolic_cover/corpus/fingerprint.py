"""Fingerprints to find the same music under other names.

A fingerprint is the set of the smallest hashes of all runs of intervals (bottom-k of Broder, 1997, as for
near-duplicate documents); the share of common hashes estimates how much two pieces have in common. Intervals make it
independent of transposition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from symbolic_cover.core.music import Note

#: The 48 smallest hashes of runs of eight notes: enough to tell 70 % in common from half
#: (`docs/decisions/duplicates.md`).
FINGERPRINT_SIZE = 48
_RUN = 8
#: Pieces with at least this likeness, and about as many notes, are the same piece.
SAME_PIECE = 0.7
#: Melodies with at least this likeness are the same song, whatever the accompaniment.
SAME_MELODY = 0.5


def fingerprint_of(notes: Sequence[Note], with_rhythm: bool) -> np.ndarray:
    """The fingerprint of a sequence of notes, (up to `FINGERPRINT_SIZE`,) uint64, sorted.

    Without rhythm, note values do not matter.
    """
    ordered = sorted((note.onset_tick, note.pitch) for note in notes)
    table = np.array(ordered, dtype=np.int64).reshape(-1, 2)
    steps = np.diff(table, axis=0)
    values = (steps[:, 0] * 256 + steps[:, 1]) if with_rhythm else steps[:, 1]
    if len(values) < _RUN:
        return np.zeros(0, dtype=np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(values, _RUN)
    telling = [run for run in runs if len(set(run.tolist())) > 2]
    hashes = {int.from_bytes(hashlib.blake2b(run.tobytes(), digest_size=8).digest(), "little") for run in telling}
    return np.array(sorted(hashes)[:FINGERPRINT_SIZE], dtype=np.uint64)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The estimated share of runs that two pieces have in common, 0..1 (Jaccard)."""
    if len(one) == 0 or len(other) == 0:
        return 0.0
    size = min(FINGERPRINT_SIZE, len(one), len(other))
    smallest = np.union1d(one, other)[:size]
    return len(np.intersect1d(np.intersect1d(smallest, one), other)) / size


class FingerprintIndex:
    """Fingerprints indexed by their hashes, so that a look-up does not slow down in a large corpus."""

    _CROWD = 200  # a hash that this many pieces share is ignored

    def __init__(self, at_least: float, fewest: int) -> None:
        self.at_least, self.fewest = at_least, fewest
        self._fingerprints: list[np.ndarray] = []
        self._names: list[str] = []
        self._holders: dict[int, list[int]] = {}

    def like(self, fingerprint: np.ndarray) -> list[str]:
        """The names of the indexed pieces with a likeness of at least `at_least`."""
        if len(fingerprint) < self.fewest:
            return []
        shared: dict[int, int] = {}
        for value in fingerprint.tolist():
            for index in self._holders.get(value, ()):
                shared[index] = shared.get(index, 0) + 1
        near = [index for index, count in shared.items() if count >= self.at_least * self.fewest / 2]
        return [
            self._names[index] for index in near if likeness(fingerprint, self._fingerprints[index]) >= self.at_least
        ]

    def add(self, name: str, fingerprint: np.ndarray) -> None:
        """Index a piece."""
        if len(fingerprint) < self.fewest:
            return
        self._names.append(name)
        self._fingerprints.append(fingerprint)
        for value in fingerprint.tolist():
            holders = self._holders.setdefault(value, [])
            if len(holders) < self._CROWD:
                holders.append(len(self._names) - 1)
