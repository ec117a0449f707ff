"""Whether bars of an accompaniment were copied from the music that a model learned from.

A pattern is of what the pitched parts, without the melody, play in two bars in a row: notes as (onset, pitch above the
lowest), so that the key does not matter, and of these the `_FINGERPRINT_NOTES` that a fixed mixing function ranks
first, so that one changed note mostly does not matter either (Broder, "On the resemblance and containment of
documents", 1997).
Patterns that more than one training song has are common property and are left out, as are those of a few notes and
those of one bar played twice; what is left names its song. Bars count as copied where patterns of one song come
`FEWEST_PATTERNS` times or more in a run, a passage of four bars or longer, of which `MOST_MISSED` in a row may be
missing, which is what one changed bar spoils. (Overlapping n-grams as fingerprints: Schleimer, Wilkerson & Aiken,
"Winnowing", SIGMOD 2003; asked of music models: Yin et al., "Measuring when a music generation algorithm copies too
much", SN Computer Science 2022.)

The index of a corpus's training split lies beside the weights in ``training_patterns.safetensors``: sorted 32-bit
hashes, and for each the song and bar. Two unlike patterns share a hash once in 10^4 look-ups; a run of three of one
song does so never in practice.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import Bar, Note

FILE_NAME = "training_patterns.safetensors"
#: Criteria of a copied passage, measured in `benchmarks/evaluating/memorisation.md`.
FEWEST_PATTERNS, MOST_MISSED = 3, 2
#: Patterns with fewer notes or pitches are not distinctive.
_FEWEST_NOTES, _FEWEST_PITCHES = 8, 4
_FINGERPRINT_NOTES = 8
_MIXERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xBF58476D1CE4E5B9], dtype=np.uint64)


class Copied(NamedTuple):
    """Bars `first_bar` to `last_bar` (inclusive, from 0) equal those of a training song from `source_bar` on."""

    first_bar: int
    last_bar: int
    title: str
    source_bar: int


class TrainingSong(NamedTuple):
    """A song of the training split: versions of one song share a `group`. For `patterns` see `pattern_hashes`."""

    title: str
    group: str
    patterns: np.ndarray


def accompaniment(arrangement: Arrangement) -> list[Note]:
    """The pitched notes beside the melody."""
    melody = {(note.onset_tick, note.pitch) for note in arrangement.melody}
    return [note for note in arrangement.pitched_notes if (note.onset_tick, note.pitch) not in melody]


def pattern_hashes(notes: Iterable[Note], bars: Sequence[Bar]) -> np.ndarray:
    """The hash of the pattern that begins in each bar but the last, (bars - 1,) int64; -1 where it is not distinctive.

    `notes`: those of the `accompaniment`, on the grid of `bars`.
    """
    starts = [bar.start_tick for bar in bars]
    placed: list[set[tuple[int, int]]] = [set() for _ in bars]
    for note in notes:
        if bars[0].start_tick <= note.onset_tick < bars[-1].end_tick:
            index = int(np.searchsorted(starts, note.onset_tick, side="right")) - 1
            placed[index].add((note.onset_tick - starts[index], note.pitch))
    pairs = zip(pairwise(placed), pairwise(bars), strict=True)
    return np.array([_hash(one, two, first.meter.bar_tick) for (one, two), (first, _) in pairs], dtype=np.int64)


def _hash(one: set[tuple[int, int]], two: set[tuple[int, int]], bar_tick: int) -> int:
    if one == two or not one or not two or len(one) + len(two) < _FEWEST_NOTES:
        return -1
    placed = np.array([*one, *((tick + bar_tick, pitch) for tick, pitch in two)])
    tick, above = placed[:, 0].astype(np.uint64), (placed[:, 1] - placed[:, 1].min()).astype(np.uint64)
    if len(np.unique(above)) < _FEWEST_PITCHES:
        return -1
    mixed = tick * _MIXERS[0] + above * _MIXERS[1]
    mixed ^= mixed >> np.uint64(29)
    mixed *= _MIXERS[2]
    mixed ^= mixed >> np.uint64(32)
    told = np.append(np.sort(mixed)[:_FINGERPRINT_NOTES], np.uint64(bar_tick)).astype("<u8")
    return int.from_bytes(hashlib.blake2b(told.tobytes(), digest_size=4).digest(), "little")


@dataclass(frozen=True)
class PatternIndex:
    """Patterns found in a single training song: sorted `hashes` (n,), `songs` (n,) into `titles`, `bars` (n,)."""

    hashes: np.ndarray
    songs: np.ndarray
    bars: np.ndarray
    titles: tuple[str, ...]

    @classmethod
    def build(cls, songs: Iterable[TrainingSong]) -> PatternIndex:
        """Index the patterns of songs; those that two groups share are left out."""
        titles: list[str] = []
        groups: dict[str, int] = {}
        hashes, owners, places, group_of = [], [], [], []
        for song in songs:
            telling = np.flatnonzero(song.patterns >= 0)
            hashes.append(song.patterns[telling])
            owners.append(np.full(len(telling), len(titles)))
            places.append(telling)
            group_of.append(np.full(len(telling), groups.setdefault(song.group, len(groups))))
            titles.append(song.title)
        if not titles:
            return cls(np.zeros(0, np.uint32), np.zeros(0, np.uint16), np.zeros(0, np.uint16), ())
        found, group = np.concatenate(hashes), np.concatenate(group_of)
        unique, first, back = np.unique(found, return_index=True, return_inverse=True)
        shared = np.zeros(len(unique), dtype=bool)
        np.logical_or.at(shared, back, group != group[first][back])
        kept = first[~shared]
        return cls(
            unique[~shared].astype(np.uint32),
            np.concatenate(owners)[kept].astype(np.uint16),
            np.concatenate(places)[kept].astype(np.uint16),
            tuple(titles),
        )

    @classmethod
    def load(cls, folder: Path) -> PatternIndex | None:
        """The index in a folder; None if there is none."""
        from safetensors import safe_open

        path = Path(folder) / FILE_NAME
        if not path.is_file():
            return None
        with safe_open(path, framework="numpy") as file:
            titles = tuple(json.loads((file.metadata() or {})["titles"]))
            gaps, songs, bars = (file.get_tensor(name) for name in ("gaps", "songs", "bars"))
        return cls(np.cumsum(gaps, dtype=np.uint64).astype(np.uint32), songs, bars, titles)

    def save(self, folder: Path) -> Path:
        """Write the index into a folder; sorted hashes are stored as differences."""
        from safetensors.numpy import save_file

        path = Path(folder) / FILE_NAME
        gaps = np.diff(self.hashes, prepend=np.uint32(0)).astype(np.uint32)
        tensors = {"gaps": gaps, "songs": self.songs, "bars": self.bars}
        save_file(tensors, path, metadata={"titles": json.dumps(self.titles)})
        return path

    def look_up(self, patterns: np.ndarray) -> np.ndarray:
        """The entry of each pattern, -1 if it is not in the index."""
        if not len(self.hashes):
            return np.full(len(patterns), -1)
        place = np.searchsorted(self.hashes, np.maximum(patterns, 0).astype(np.uint32))
        place = np.minimum(place, len(self.hashes) - 1)
        return np.where((patterns >= 0) & (self.hashes[place] == patterns), place, -1)

    def copied(self, patterns: np.ndarray) -> list[Copied]:
        """The copied passages, in order; where they overlap, the longest are kept."""
        entries = self.look_up(patterns)
        owner = np.where(entries >= 0, self.songs[entries].astype(int), -1) if len(self.songs) else entries
        runs = []
        for song in np.unique(owner[owner >= 0]).tolist():
            for run in _runs(np.flatnonzero(owner == song).tolist()):
                if len(run) >= FEWEST_PATTERNS:
                    where = int(self.bars[entries[run[0]]])
                    runs.append(Copied(run[0], run[-1] + 1, self.titles[song], where))
        kept: list[Copied] = []
        for one in sorted(runs, key=lambda one: one.first_bar - one.last_bar):
            if all(one.last_bar < other.first_bar or one.first_bar > other.last_bar for other in kept):
                kept.append(one)
        return sorted(kept)

    def nearest(self, patterns: np.ndarray) -> tuple[float, str]:
        """The largest share of distinctive patterns from one training song, and its title; (0, "") without any."""
        entries = self.look_up(patterns)
        telling = int((patterns >= 0).sum())
        if not telling or not (entries >= 0).any():
            return 0.0, ""
        counts = np.bincount(self.songs[entries[entries >= 0]])
        return float(counts.max() / telling), self.titles[int(counts.argmax())]


def _runs(places: Sequence[int]) -> list[list[int]]:
    """Rising places, split where they are more than `MOST_MISSED` apart."""
    runs = [[places[0]]]
    for before, place in pairwise(places):
        if place - before > MOST_MISSED + 1:
            runs.append([])
        runs[-1].append(place)
    return runs


def copied_share(found: Sequence[Copied], n_bars: int) -> float:
    """The share of bars in copied passages."""
    return sum(one.last_bar - one.first_bar + 1 for one in found) / max(n_bars, 1)


def copies(beside: Sequence[Note], bars: Sequence[Bar], index: PatternIndex | None) -> dict[str, float]:
    """`copied_bars` and `nearest_song` of an accompaniment; NaN without an index."""
    if index is None or not beside:
        return {"copied_bars": math.nan, "nearest_song": math.nan}
    patterns = pattern_hashes(beside, bars)
    return {"copied_bars": copied_share(index.copied(patterns), len(bars)), "nearest_song": index.nearest(patterns)[0]}
