"""Figures: how long a part keeps one rhythm and contour."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from symbolic_cover.core.arrangement import Part
from symbolic_cover.core.music import Bar, Note


def longest_figure(parts: Sequence[Part], melody: Sequence[Note], bars: Sequence[Bar]) -> float:
    """The longest run of bars in which a pitched part, its melody notes excluded, keeps one figure."""
    runs = [last - first + 1 for part in parts for first, last in figure_runs(part, melody, bars)]
    return float(max(runs, default=1)) if any(part.notes for part in parts if not part.is_drums) else math.nan


def figure_runs(part: Part, melody: Sequence[Note], bars: Sequence[Bar]) -> list[tuple[int, int]]:
    """Runs (first and last bar) in which a part has the same rhythm and contour, at any pitch and width.

    The contour says which of the bar's pitches, counted from below, are struck when. A figure has at least two onsets:
    chords held for a bar are none.
    """
    sung = {(note.onset_tick, note.pitch) for note in melody}
    if part.is_drums:
        return []
    starts = np.array([bar.start_tick for bar in bars])
    played: list[list[Note]] = [[] for _ in bars]
    for note in part.notes:
        if bars[0].start_tick <= note.onset_tick < bars[-1].end_tick and (note.onset_tick, note.pitch) not in sung:
            played[int(np.searchsorted(starts, note.onset_tick, side="right")) - 1].append(note)
    figures = [_figure(notes, bar) for notes, bar in zip(played, bars, strict=True)]
    runs: list[tuple[int, int]] = []
    first = 0
    for bar in range(1, len(figures) + 1):
        if bar == len(figures) or figures[bar] != figures[first]:
            if figures[first] and bar - first > 1:
                runs.append((first, bar - 1))
            first = bar
    return runs


def _figure(notes: Sequence[Note], bar: Bar) -> frozenset[tuple[int, int]]:
    if len({note.onset_tick for note in notes}) < 2:
        return frozenset()
    height = {pitch: rank for rank, pitch in enumerate(sorted({note.pitch for note in notes}))}
    return frozenset((note.onset_tick - bar.start_tick, height[note.pitch]) for note in notes)
