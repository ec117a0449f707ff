"""The bars of the page: a pick-up bar, repeats, and swung eighths written straight."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar
from symbolic_cover.notation.feel import in_one_feel
from symbolic_cover.notation.repeats import Repeat, written_once
from symbolic_cover.notation.rhythm import SIXTEENTH_TICK


@dataclass(frozen=True)
class Layout:
    """The bars of the page. The first is written from `opening_tick` on, which is not 0 for a pick-up.

    `repeats` are passages between repeat signs; `numbers` has for each bar its index, from 0, when it is first played.
    """

    bars: tuple[Bar, ...]
    opening_tick: int = 0
    swings: bool = False
    repeats: tuple[Repeat, ...] = ()
    numbers: tuple[int, ...] = ()

    def place(self, tick: int) -> tuple[int, Fraction]:
        """The index of the bar of a tick, and its distance in quarters from the written start of the bar."""
        tick = max(tick, self.opening_tick)
        index = bisect_right(self.bars, tick, key=lambda bar: bar.start_tick) - 1
        start = self.bars[index].start_tick if index else self.opening_tick
        return index, Fraction(tick - start, TICKS_PER_QUARTER)


def lay_out(arrangement: Arrangement, notation: Notation = Notation()) -> tuple[Arrangement, Layout]:
    """The arrangement as written, without the repeated passages, and its bars."""
    bars = _covering_bars(arrangement)
    arrangement, swings = in_one_feel(arrangement)
    opening_tick = _opening_tick(arrangement, bars)
    if notation.written_out:
        return arrangement, Layout(bars, opening_tick, swings, (), tuple(range(len(bars))))
    arrangement, bars, repeats, numbers = written_once(arrangement, bars)
    return arrangement, Layout(bars, opening_tick, swings, repeats, numbers)


def _covering_bars(arrangement: Arrangement) -> tuple[Bar, ...]:
    """The bars of the grid, extended by copies of the last one if notes begin after it."""
    bars = list(arrangement.grid.bars)
    last_onset = max((note_.onset_tick for note_ in arrangement.notes), default=0)
    while bars[-1].end_tick <= last_onset:
        bars.append(Bar(bars[-1].end_tick, bars[-1].meter))
    return tuple(bars)


def _opening_tick(arrangement: Arrangement, bars: tuple[Bar, ...]) -> int:
    """Where the first note begins, if that is in the second half of the first bar; else 0."""
    first = min((note.onset_tick for note in arrangement.notes), default=0)
    if len(bars) < 2 or not bars[0].meter.bar_tick <= 2 * first < 2 * bars[0].end_tick:
        return 0
    return first if first % SIXTEENTH_TICK == 0 else first // TICKS_PER_QUARTER * TICKS_PER_QUARTER
