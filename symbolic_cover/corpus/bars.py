"""Bars in the metres of the model's vocabulary."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Meter
from symbolic_cover.tokens.vocabulary import METERS, ODD_METERS

_SIXTEENTH = TICKS_PER_QUARTER // 4
_KNOWN = frozenset((*METERS, *ODD_METERS))
_BY_LENGTH = {meter.bar_tick: meter for meter in reversed((*METERS, *ODD_METERS))}
_BY_LENGTH |= {Meter(4, 4).bar_tick: Meter(4, 4), Meter(3, 4).bar_tick: Meter(3, 4)}


def spell_bars(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """The longest stretch of the music in metres of the vocabulary.

    A metre with another name becomes one of its length (8/8 becomes 4/4); bars that are too long are divided (9/4 into
    three of 3/4); two bars that are no whole number of sixteenths are joined. If that does not help, the music is cut.
    Raises `InputError` if nothing is left.
    """
    stretches: list[list[Bar]] = [[]]
    odd: Bar | None = None
    for bar in bars:
        start, length = (odd.start_tick, bar.end_tick - odd.start_tick) if odd else (bar.start_tick, bar.meter.bar_tick)
        if length % _SIXTEENTH:
            if odd:
                stretches.append([])
            odd = bar
            continue
        odd = None
        whole = length == bar.meter.bar_tick and bar.meter in _KNOWN
        for meter in [bar.meter] if whole else _meters_of(length):
            stretches[-1].append(Bar(start, meter))
            start += meter.bar_tick
    longest = max(stretches, key=len)
    if not longest:
        raise InputError("No bar is a whole number of sixteenths.", "Correct the time signatures.")
    return tuple(longest)


def known_bars(bars: Sequence[Bar], known: Collection[Meter] = _KNOWN) -> tuple[Bar, ...]:
    """All of the music in metres of the vocabulary; no note moves.

    A metre with another name becomes one of its length, bars that are too long are divided, and bars that are no whole
    number of sixteenths are joined with the next; the last bar may become a little longer.
    """
    spelled: list[Bar] = []
    start = bars[0].start_tick
    for bar in bars:
        length = bar.end_tick - start
        if bar is bars[-1]:
            length = -(-length // _SIXTEENTH) * _SIXTEENTH
        if length % _SIXTEENTH:
            continue
        same = start == bar.start_tick and length == bar.meter.bar_tick and bar.meter in known
        for meter in [bar.meter] if same else _meters_of(length):
            spelled.append(Bar(start, meter))
            start = spelled[-1].end_tick
    return tuple(spelled)


def _meters_of(length_tick: int) -> list[Meter]:
    """Metres of this total length: one, or several equal ones, or bars of 4/4 and a shorter one."""
    if length_tick in _BY_LENGTH:
        return [_BY_LENGTH[length_tick]]
    for beats in (3, 4, 2, 5):
        if length_tick % (beats * TICKS_PER_QUARTER) == 0:
            return [Meter(beats, 4)] * (length_tick // (beats * TICKS_PER_QUARTER))
    whole, rest = divmod(length_tick, Meter(4, 4).bar_tick)
    return [Meter(4, 4)] * whole + ([_BY_LENGTH[rest]] if rest else [])


def trim(grid: Grid, first_tick: int, last_tick: int) -> tuple[Grid, int]:
    """The bars with ticks `first_tick`..`last_tick`, moved to tick 0; also the ticks by which they moved left."""
    bars = [bar for bar in grid.bars if bar.end_tick > first_tick and bar.start_tick < last_tick]
    shift = bars[0].start_tick
    kept = tuple(Bar(bar.start_tick - shift, bar.meter) for bar in bars)
    inside = (grid.beat_tick >= shift) & (grid.beat_tick <= bars[-1].end_tick)
    beat_tick, beat_sec = grid.beat_tick[inside], grid.beat_sec[inside]
    if len(beat_tick) < 2:
        beat_tick = np.array([shift, bars[-1].end_tick])
        beat_sec = grid.sec_at(beat_tick)
    return Grid(beat_tick - shift, beat_sec - beat_sec[0], kept, grid.confidence), shift
