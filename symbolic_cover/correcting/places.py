"""Places in a song: bar 13, its third beat ``13.3``, the off-beat after it ``13.3.5``.

Bars and beats count from 1. A beat is the felt one (a dotted quarter in 6/8); a place between two beats is written as a
decimal or a fraction, ``13.3.5`` or ``13.7/2``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar

_PLACE = re.compile(r"(\d{1,6})(?:\.(\d{1,4}(?:\.\d{1,6}|/\d{1,4})?))?")
_REMEDY = "Name a bar such as 13, or a beat in it such as 13.3; a span is 13-16 or 13.3-14.1."


@dataclass(frozen=True)
class Place:
    """A bar, or with `beat` (from 1) a place in it."""

    bar: int
    beat: Fraction | None = None

    @classmethod
    def parse(cls, text: str) -> Place:
        """Parse a place. Raises `UsageError` for invalid text."""
        found = _PLACE.fullmatch(text.strip())
        if not found or int(found[1]) < 1:
            raise UsageError(f"'{text}' is not a place in a song.", _REMEDY)
        try:
            beat = Fraction(found[2]) if found[2] else None
        except ZeroDivisionError:
            beat = Fraction(0)
        if beat is not None and beat < 1:
            raise UsageError(f"'{text}' is not a place in a song: beats count from 1.", _REMEDY)
        return cls(int(found[1]), beat)

    @classmethod
    def of(cls, grid: Grid, tick: int) -> Place:
        """The place of a tick, which must lie in a bar."""
        index = grid.bar_index(tick)
        bar = grid.bars[index]
        return cls(index + 1, 1 + Fraction(tick - bar.start_tick, bar.meter.beat_tick))

    def bar_in(self, grid: Grid) -> Bar:
        """The bar of this place. Raises `UsageError` if the song has no such bar or the bar no such beat."""
        if self.bar > len(grid.bars):
            raise UsageError(f"There is no bar {self.bar}.", f"The song has {len(grid.bars)} bars.")
        return grid.bars[self.bar - 1]

    def tick(self, grid: Grid) -> int:
        """The tick at which the place begins. Raises `UsageError` as `bar_in` does, and for places between ticks."""
        bar = self.bar_in(grid)
        inside = ((self.beat or 1) - 1) * bar.meter.beat_tick
        if inside >= bar.meter.bar_tick:
            raise UsageError(f"There is no {self} in a bar of {bar.meter}.", "Name a beat that the bar has.")
        if Fraction(inside).denominator != 1:
            raise UsageError(f"{self} is between two ticks.", "Use sixteenths or triplets.")
        return bar.start_tick + int(inside)

    def end_tick(self, grid: Grid) -> int:
        """The tick where the bar, or the beat, ends."""
        bar = self.bar_in(grid)
        return bar.end_tick if self.beat is None else min(self.tick(grid) + bar.meter.beat_tick, bar.end_tick)

    def __str__(self) -> str:
        return str(self.bar) if self.beat is None else f"{self.bar}.{self.beat}"


@dataclass(frozen=True)
class Span:
    """From the beginning of one place to the end of another; both are equal if only one is named."""

    first: Place
    last: Place

    @classmethod
    def parse(cls, text: str) -> Span:
        """Parse a span. Raises `UsageError` for invalid text."""
        first, dash, last = text.partition("-")
        begin = Place.parse(first)
        return cls(begin, Place.parse(last) if dash else begin)

    @property
    def is_single(self) -> bool:
        """Whether one place is named."""
        return self.first == self.last

    def ticks(self, grid: Grid) -> tuple[int, int]:
        """First tick, and the one after the last. Raises `UsageError` for an empty span."""
        begin, end = self.first.tick(grid), self.last.end_tick(grid)
        if end <= begin:
            raise UsageError(f"{self} ends before it begins.", _REMEDY)
        return begin, end

    def bars(self, grid: Grid) -> range:
        """The indices of its bars. Raises `UsageError` as `ticks` does."""
        begin, end = self.ticks(grid)
        return range(grid.bar_index(begin), grid.bar_index(end - 1) + 1)

    def __str__(self) -> str:
        return str(self.first) if self.is_single else f"{self.first}-{self.last}"


def parse_bars(text: str, grid: Grid) -> list[int]:
    """The bars (from 1) of text such as ``13-16,20``, in order. Raises `UsageError` for invalid ones."""
    spans = [Span.parse(part) for part in text.split(",")]
    return sorted({index + 1 for span in spans for index in span.bars(grid)})
