"""Detect swung eighths from onsets.

Swing lengthens the first eighth of a beat by a share that hardly changes through a song (Friberg & Sundström, "Swing
ratios and ensemble timing in jazz performance", Music Perception 2002); musicians read it as even eighths under the
word "swing". A shuffle that also has triplets is kept as written.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER

#: The range of the second eighth, in ticks after the beat, in swung music.
_LEAST_SWUNG, _MOST_SWUNG = 6.8, 8.8
#: Onsets in this range are second eighths, or other notes at that place of the beat.
_FROM, _TO = 4.8, 9.6
#: The range of the first third of a triplet, rare in swung music.
_THIRD_FROM, _THIRD_TO, _MOST_THIRDS = 2.4, 4.8, 0.2
_NEAR, _LEAST_NEAR, _FEWEST = 0.9, 0.6, 16


def swung_tick(onset_tick: np.ndarray, grid: Grid) -> float:
    """The place of the second eighth of a beat, in ticks after it: `STRAIGHT_TICK`, or later in a song that swings.

    `onset_tick` are onsets in (fractional) ticks. Only songs in simple metres swing.
    """
    if any(bar.meter.beat_tick % TICKS_PER_QUARTER for bar in grid.bars):
        return STRAIGHT_TICK
    place = np.mod(onset_tick, TICKS_PER_QUARTER)
    second = place[(place > _FROM) & (place < _TO)]
    thirds = np.count_nonzero((place > _THIRD_FROM) & (place < _THIRD_TO))
    if len(second) < _FEWEST or thirds > _MOST_THIRDS * len(second):
        return STRAIGHT_TICK
    found = float(np.median(second))
    near = float(np.mean(np.abs(second - found) < _NEAR))
    return found if near >= _LEAST_NEAR and _LEAST_SWUNG <= found <= _MOST_SWUNG else STRAIGHT_TICK


def swinging(grid: Grid, onset_sec: np.ndarray) -> Grid:
    """The grid with the swing of notes that begin at these times."""
    return replace(grid, second_tick=swung_tick(grid.tick_at(onset_sec), grid))
