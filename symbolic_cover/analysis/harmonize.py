"""Harmonize a melody without chords, such as a hummed song.

Each bar gets one of the key's triads (in minor the dominant is major): the best path through all bars (Viterbi) weighs
how long and how strongly the melody fits the chord, how common each degree is, and which degrees follow each other in
songs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import CHORD_INTERVALS, TICKS_PER_QUARTER, Chord, Key, Note

#: Degrees in semitones above the tonic, their triads, and the cost of each relative to the tonic (nats).
_DEGREES = {
    "major": ((0, "maj", 0.0), (5, "maj", 0.3), (7, "maj", 0.3), (9, "min", 0.8), (2, "min", 0.9), (4, "min", 1.5)),
    "minor": ((0, "min", 0.0), (5, "min", 0.4), (7, "maj", 0.4), (8, "maj", 0.8), (3, "maj", 0.9), (10, "maj", 0.7)),
}
#: Score of a note for each quarter in the chord, and out of it; doubled on the first beat.
_INSIDE, _OUTSIDE = 1.0, -1.2
_STAYS, _DOMINANT_RESOLVES, _CLOSES = -0.3, 0.5, 2.0


def harmonized(melody: Sequence[Note], grid: Grid, key: Key) -> tuple[Chord, ...]:
    """A chord for every bar, from the first to the last with a melody note."""
    degrees = _DEGREES[key.mode]
    names = [((key.tonic + step) % 12, quality) for step, quality, _ in degrees]
    tones = [{(root + step) % 12 for step in CHORD_INTERVALS[quality]} for root, quality in names]
    fit = _fits(melody, grid, tones)
    value = fit - np.array([rarity for _, _, rarity in degrees])
    sounding = np.flatnonzero(np.abs(fit).sum(axis=1) > 0)
    if not len(sounding):
        return ()
    value[sounding[0], 0] += _CLOSES / 2
    value[sounding[-1], 0] += _CLOSES
    move = np.full((len(names), len(names)), 0.0)
    np.fill_diagonal(move, _STAYS)
    move[2, 0] += _DOMINANT_RESOLVES
    path = _best_path(value[sounding[0] : sounding[-1] + 1], move)
    bars = grid.bars[sounding[0] : sounding[-1] + 1]
    return tuple(
        Chord(bar.start_tick, bar.end_tick, *names[state], names[state][0])
        for bar, state in zip(bars, path, strict=True)
    )


def _fits(melody: Sequence[Note], grid: Grid, chords: Sequence[set[int]]) -> np.ndarray:
    """The fit of each bar's notes to each chord, (bars, chords)."""
    total = np.zeros((len(grid.bars), len(chords)))
    for note in melody:
        inside = np.array([_INSIDE if note.pitch % 12 in chord else _OUTSIDE for chord in chords])
        for index in range(grid.bar_index(note.onset_tick), grid.bar_index(max(note.end_tick - 1, 0)) + 1):
            bar = grid.bars[index]
            quarters = (min(note.end_tick, bar.end_tick) - max(note.onset_tick, bar.start_tick)) / TICKS_PER_QUARTER
            if quarters > 0:
                total[index] += (2.0 if note.onset_tick <= bar.start_tick else 1.0) * quarters * inside
    return total


def _best_path(value: np.ndarray, move: np.ndarray) -> list[int]:
    """The states with the greatest sum of values and moves."""
    best, came_from = value[0], []
    for row in value[1:]:
        arriving = best[:, None] + move
        came_from.append(arriving.argmax(axis=0))
        best = arriving.max(axis=0) + row
    path = [int(best.argmax())]
    for sources in reversed(came_from):
        path.append(int(sources[path[-1]]))
    return path[::-1]
