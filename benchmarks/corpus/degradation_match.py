"""Match the notes of a transcript with the true notes (for `degradation.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic_cover.corpus.mishearing import HARMONICS
from symbolic_cover.corpus.sounding import Sounding

TOLERANCE_TICK = 6
KINDS_OF_GHOST = ("split", *(f"{step:+d}" for step in HARMONICS), "other")


def partners(true: Sequence[tuple[int, float]], heard: Sequence[tuple[int, float]], tolerance: float) -> np.ndarray:
    """For each true (pitch, onset) the index of the matching heard one, or -1: the same pitch, the nearest first."""
    by_pitch: dict[int, list[tuple[float, int]]] = {}
    for index, (pitch, onset) in enumerate(heard):
        by_pitch.setdefault(int(pitch), []).append((onset, index))
    pairs = sorted(
        (abs(other - onset), index, other_index)
        for index, (pitch, onset) in enumerate(true)
        for other, other_index in by_pitch.get(int(pitch), ())
        if abs(other - onset) <= tolerance
    )
    partner = np.full(len(true), -1)
    taken: set[int] = set()
    for _, index, other_index in pairs:
        if partner[index] < 0 and other_index not in taken:
            partner[index] = other_index
            taken.add(other_index)
    return partner


def match(true: Sounding, heard: Sounding, tolerance: float = TOLERANCE_TICK) -> np.ndarray:
    """`partners` of two contents, on the grid."""
    return partners(
        list(zip(true.pitch, true.onset, strict=True)), list(zip(heard.pitch, heard.onset, strict=True)), tolerance
    )


def ghosts_of(true: Sounding, heard: Sounding, partner: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The heard notes without a partner: (index, kind of ghost, parent), parent -1 if there is none.

    A split begins in or right after a true note of its pitch; an overtone is a step of `HARMONICS` from a true note
    that sounds (within a sixteenth); the parent is the one struck nearest before.
    """
    index = np.setdiff1d(np.arange(len(heard.onset)), partner)
    kind, parent = np.full(len(index), len(HARMONICS) + 1), np.full(len(index), -1)
    for place, ghost in enumerate(index):
        onset, pitch = heard.onset[ghost], heard.pitch[ghost]
        around = (true.onset <= onset + 3) & (true.end >= onset)
        for number, step in enumerate((0, *HARMONICS)):
            of_it = np.flatnonzero(around & (true.pitch == pitch - step))
            if len(of_it):
                kind[place], parent[place] = number, of_it[np.argmin(np.abs(true.onset[of_it] - onset))]
                break
    return index, kind, parent
