"""The order in which the bars of a score are played: repeats, endings, da capo, dal segno, coda and fine.

A backward repeat returns to its forward repeat; without one, to the end of the repeat before it (or to a double bar, in
formats where that is meant). After a da capo or dal segno every passage is played once, with its last ending.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symbolic_cover.core.errors import InputError

#: More bars than a song can have; rejected before they are expanded.
MOST_BARS = 5_000


@dataclass
class Signs:
    """The signs at the beginning and at the end of a bar."""

    begins_repeat: bool = False
    times: int = 0  # how often the passage that ends here is played; 0 if no repeat ends
    endings: frozenset[int] = frozenset()  # at which times it is played; empty: every time
    begins_section: bool = False  # whether a backward repeat without its own start may return here
    segno: bool = False
    coda: bool = False
    jump: str = ""  # "capo" or "segno": where to jump from the end of this bar
    leads_to_coda: bool = False
    fine: bool = False


def played_order(bars: Sequence[Signs]) -> list[int]:
    """The numbers of the bars in playing order. Raises `InputError` for more than `MOST_BARS`."""
    walk = _Walk(bars)
    while walk.at < len(bars):
        walk.step()
        if len(walk.order) > MOST_BARS:
            raise InputError(f"It plays more than {MOST_BARS} bars.", "Cut it to one song or one movement.")
    return walk.order


class _Endings(NamedTuple):
    """The adjacent endings of one passage."""

    most: int  # the last time of any of them
    has_several: bool


def _endings_of(bars: Sequence[Signs]) -> dict[int, _Endings]:
    """For each bar in an ending, all endings of its passage."""
    found = {}
    for is_ending, run in itertools.groupby(range(len(bars)), key=lambda index: bool(bars[index].endings)):
        if is_ending:
            places = list(run)
            each = {bars[index].endings for index in places}
            found.update(dict.fromkeys(places, _Endings(max(map(max, each)), len(each) > 1)))
    return found


class _Walk:
    """The place of a player, and what has been played."""

    def __init__(self, bars: Sequence[Signs]) -> None:
        self.bars = bars
        self.order: list[int] = []
        self.at = 0
        self.start, self.time, self.is_marked = 0, 1, False
        self.has_jumped, self.is_in_coda = False, False
        self.jumps_made: set[int] = set()
        self.groups = _endings_of(bars)

    def step(self) -> None:
        """Play a bar, or skip it, and move to the next."""
        here = self.bars[self.at]
        self._begin(here)
        if here.endings and not self._is_now(self.at):
            self.at += 1
            return
        self.order.append(self.at)
        if here.fine and self.has_jumped:
            self.at = len(self.bars)
        elif here.leads_to_coda and self.has_jumped and not self.is_in_coda and self._coda() is not None:
            self.at, self.is_in_coda = self._coda() or 0, True
            self._section(self.at)
        elif here.times and self._again(here):
            self.time += 1
            self.at = self.start
        elif here.jump and self.at not in self.jumps_made:
            self.jumps_made.add(self.at)
            self.has_jumped, self.is_in_coda = True, False
            self.at = self._segno(self.at) if here.jump == "segno" else 0
            self._section(self.at)
        else:
            if here.times:
                self._section(self.at + 1)
            self.at += 1

    def _begin(self, here: Signs) -> None:
        """Note whether a passage begins here that a repeat may return to."""
        after_ending = self.at > 0 and bool(self.bars[self.at - 1].endings) and not here.endings
        if self.at == self.start:
            self.is_marked = self.is_marked or here.begins_repeat
        elif here.begins_repeat:
            self._section(self.at)
            self.is_marked = True
        elif (here.begins_section and not here.endings and not self.is_marked) or (after_ending and self.time > 1):
            self._section(self.at)

    def _section(self, start: int) -> None:
        self.start, self.time, self.is_marked = start, 1, False

    def _is_now(self, at: int) -> bool:
        """Whether the ending with `at` is played this time; further times use the last ending."""
        group = self.groups[at]
        if self.has_jumped and not self.is_in_coda:
            return group.most in self.bars[at].endings
        return (min(self.time, group.most) if group.has_several else self.time) in self.bars[at].endings

    def _again(self, here: Signs) -> bool:
        """Whether the passage that ends here is played once more."""
        if self.has_jumped and not self.is_in_coda:
            return False
        if not here.endings:
            return self.time < here.times
        group = self.groups[self.at]
        return self.time < (group.most if group.has_several else group.most + 1)

    def _coda(self) -> int | None:
        """The next coda, else the last."""
        marked = [index for index, bar in enumerate(self.bars) if bar.coda]
        return next((index for index in marked if index > self.at), marked[-1] if marked else None)

    def _segno(self, at: int) -> int:
        """The nearest segno before, else any, else the beginning."""
        marked = [index for index, bar in enumerate(self.bars) if bar.segno]
        return max((index for index in marked if index <= at), default=marked[0] if marked else 0)
