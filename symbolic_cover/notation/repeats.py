"""Write immediately repeated passages once, between repeat signs, with two endings if only their ends differ.

A passage is written once if each of its bars has the same notes in every part, the same chords and the same lyrics the
second time, except for a few last bars, if no note is held over its edges, and if that saves enough bars. Passages
begin and end at sections of the form, if there are any.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Note

#: The least number of bars that repeat signs must save, and the most bars of an ending.
_FEWEST_SAVED, _LONGEST_ENDING = 4, 2
#: A note held over an edge of a passage by at most this, in ticks, is cut there; a longer one prevents the repeat.
_CUT_TICK = 6


class Repeat(NamedTuple):
    """A passage on the page: its first bar, the bar after its first time, and the number of bars in each ending.

    The second ending, if any, follows the first.
    """

    first: int
    end: int
    ending: int


class _Return(NamedTuple):
    """A repetition: the first bar, the number of bars, and how many of the last differ."""

    first: int
    length: int
    ending: int

    @property
    def left_out(self) -> tuple[int, int]:
        """The bars of the second time that are not written: the first of them, and the one after the last."""
        return self.first + self.length, self.first + 2 * self.length - self.ending

    @property
    def last_bars(self) -> set[int]:
        """The bars before the passage and before its parts, and its last one."""
        first, end = self.left_out
        lasts = (self.first, first - self.ending, first, end, self.first + 2 * self.length)
        return {bar - 1 for bar in lasts if bar > 0}


def written_once(
    arrangement: Arrangement, bars: tuple[Bar, ...]
) -> tuple[Arrangement, tuple[Bar, ...], tuple[Repeat, ...], tuple[int, ...]]:
    """The arrangement and its bars without repeated passages.

    Also returns the passages to be repeated, and for each bar on the page its index in `bars` when it is first played.
    """
    found = _returns(arrangement, bars)
    repeats: list[Repeat] = []
    numbers = list(range(len(bars)))
    for one in reversed(found):
        first, end = one.left_out
        arrangement = _cut_at(arrangement, {bars[place].end_tick for place in one.last_bars})
        arrangement = _without(arrangement, bars[first].start_tick, bars[end - 1].end_tick)
        bars = _closed_up(bars, first, end)
        del numbers[first:end]
        saved = end - first
        repeats = [later._replace(first=later.first - saved, end=later.end - saved) for later in repeats]
        repeats.insert(0, Repeat(one.first, one.first + one.length, one.ending))
    if found:
        arrangement = replace(arrangement, grid=replace(arrangement.grid, bars=bars))
    return arrangement, bars, tuple(repeats), tuple(numbers)


def _returns(arrangement: Arrangement, bars: tuple[Bar, ...]) -> list[_Return]:
    """The passages to be written once, from left to right, each the one that saves most from where it begins."""
    signs = _signs(arrangement, bars)
    held = _held_over(arrangement, bars)
    starts = [bar.start_tick for bar in bars]
    edges = {bisect_left(starts, section.start_tick) for section in arrangement.sections} | {0, len(bars)}
    anywhere = len(edges) == 2
    found, first = [], 0
    while first < len(bars):
        best = None
        if anywhere or first in edges:
            lengths = range(_FEWEST_SAVED, (len(bars) - first) // 2 + 1)
            fitting = (_returning(first, length, signs, held) for length in lengths
                       if anywhere or first + length in edges)  # fmt: skip
            best = max((one for one in fitting if one), key=lambda one: one.length - one.ending, default=None)
        if best:
            found.append(best)
            first += 2 * best.length
        else:
            first += 1
    return found


def _returning(first: int, length: int, signs: Sequence[object], held: Sequence[bool]) -> _Return | None:
    same = [signs[first + place] == signs[first + length + place] for place in range(length)]
    alike = same.index(False) if False in same else length
    ending = length - alike
    middle = first + length
    edges = (first, middle - ending, middle, middle + length - ending, middle + length)
    fits = ending <= _LONGEST_ENDING and length - ending >= _FEWEST_SAVED
    return _Return(first, length, ending) if fits and not any(held[edge] for edge in edges) else None


def _signs(arrangement: Arrangement, bars: Sequence[Bar]) -> list[object]:
    """The contents of each bar: equal if two bars are written alike."""
    starts = [bar.start_tick for bar in bars]
    said: list[set[object]] = [set() for _ in bars]
    melody = {(note.onset_tick, note.pitch) for note in arrangement.melody}

    def place(tick: int) -> tuple[int, int]:
        index = max(bisect_right(starts, tick) - 1, 0)
        return index, tick - starts[index]

    for number, part in enumerate(arrangement.parts):
        for note in part.notes:
            index, tick = place(note.onset_tick)
            said[index].add((number, tick, note.pitch, (note.onset_tick, note.pitch) in melody))
    for lyric in arrangement.lyrics:
        index, tick = place(lyric.tick)
        said[index].add((tick, lyric.text))
    for chord in arrangement.chords:
        for index in range(place(chord.start_tick)[0], place(max(chord.end_tick - 1, chord.start_tick))[0] + 1):
            said[index].add((max(chord.start_tick - starts[index], 0), *chord[2:]))
    return [(bar.meter, frozenset(one)) for bar, one in zip(bars, said, strict=True)]


def _held_over(arrangement: Arrangement, bars: Sequence[Bar]) -> list[bool]:
    """For each bar line, the last one included, whether a note is held over it for longer than a cut would hide."""
    edges = [*(bar.start_tick for bar in bars), bars[-1].end_tick]
    held = [False] * len(edges)
    for note in arrangement.notes:
        for index in range(bisect_right(edges, note.onset_tick), bisect_left(edges, note.end_tick - _CUT_TICK)):
            held[index] = True
    return held


def _cut_at(arrangement: Arrangement, edges: set[int]) -> Arrangement:
    ordered = sorted(edges)

    def cut(note: Note) -> Note:
        place = bisect_right(ordered, note.onset_tick)
        end = min(note.end_tick, ordered[place]) if place < len(ordered) else note.end_tick
        return note._replace(duration_tick=end - note.onset_tick)

    return _mapped(arrangement, lambda notes: tuple(map(cut, notes)))


def _without(arrangement: Arrangement, begin: int, end: int) -> Arrangement:
    """The arrangement without the ticks from `begin` to `end`; what follows is moved forward."""
    gone = end - begin

    def moved(tick: int) -> int:
        return tick if tick < end else tick - gone

    def stays(tick: int) -> bool:
        return not begin <= tick < end

    def closed_up(notes: Iterable[Note]) -> tuple[Note, ...]:
        return tuple(n._replace(onset_tick=moved(n.onset_tick)) for n in notes if stays(n.onset_tick))

    chords = [
        chord._replace(start_tick=moved(max(chord.start_tick, end) if chord.start_tick >= begin else chord.start_tick),
                       end_tick=min(chord.end_tick, begin) if chord.start_tick < begin else moved(chord.end_tick))
        for chord in arrangement.chords
        if not (begin <= chord.start_tick and chord.end_tick <= end)
    ]  # fmt: skip
    arrangement = _mapped(arrangement, closed_up)
    return replace(
        arrangement,
        chords=tuple(chords),
        sections=tuple(
            one._replace(start_tick=moved(one.start_tick)) for one in arrangement.sections if stays(one.start_tick)
        ),
        lyrics=tuple(one._replace(tick=moved(one.tick)) for one in arrangement.lyrics if stays(one.tick)),
        grid=_grid_without(arrangement.grid, begin, end),
    )


def _grid_without(grid: Grid, begin: int, end: int) -> Grid:
    gone_sec = float(grid.sec_at(end) - grid.sec_at(begin))
    before, after = grid.beat_tick < begin, grid.beat_tick >= end
    beat_tick = np.concatenate([grid.beat_tick[before], grid.beat_tick[after] - (end - begin)])
    beat_sec = np.concatenate([grid.beat_sec[before], grid.beat_sec[after] - gone_sec])
    return replace(grid, beat_tick=beat_tick, beat_sec=beat_sec)


def _closed_up(bars: tuple[Bar, ...], first: int, end: int) -> tuple[Bar, ...]:
    gone = bars[end - 1].end_tick - bars[first].start_tick
    return (*bars[:first], *(bar._replace(start_tick=bar.start_tick - gone) for bar in bars[end:]))


def _mapped(arrangement: Arrangement, change: Callable[[tuple[Note, ...]], tuple[Note, ...]]) -> Arrangement:
    parts = tuple(replace(part, notes=change(part.notes)) for part in arrangement.parts)
    return replace(arrangement, parts=parts, melody=change(arrangement.melody))
