"""Corrections of timing: downbeats, tempo, metre, single beats, swing."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER, Meter
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.correcting.places import Place, Span
from symbolic_cover.correcting.relay import bars_from, confirm, covering, relaid
from symbolic_cover.listening.scores.written import meter_of_length

_SIXTEENTH = TICKS_PER_QUARTER // 4
#: The largest ratio of the first eighth to the second.
_MOST_SWING = 4.0
#: The least distance between beats.
_LEAST_BEAT_SEC = 0.02
_MOST_SEC, _SAME_SEC = 1e6, 1e-4


@dataclass(frozen=True)
class Downbeat:
    """Bars begin `beats` later (earlier, if negative), or at `place`.

    With `onward` only from `place` on: the bar before it becomes shorter.
    """

    kind: ClassVar[str] = "downbeat"
    beats: int = 0
    place: Place | None = None
    onward: bool = False

    @classmethod
    def parse(cls, text: str) -> Downbeat:
        """``+1``, ``-2``, ``13.3``, or ``13.3-`` for all that follows."""
        if re.fullmatch(r"[+-]\d{1,3}", text):
            return cls(int(text))
        return cls(0, Place.parse(text.removesuffix("-")), text.endswith("-"))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.beats:+d}" if self.place is None else f"{self.place}{'-' if self.onward else ''}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with other bar lines; times do not change."""
        grid = sheet.grid
        if self.place is None:
            return _shifted(sheet, self.beats * grid.bars[0].meter.beat_tick)
        tick, bar = self.place.tick(grid), self.place.bar_in(grid)
        inside = tick - bar.start_tick
        if inside == 0:
            raise UsageError(f"{self.place} begins a bar already.", "Name another beat.")
        if not self.onward:
            laid = _shifted(sheet, inside)
            return confirm(laid, ["beats"], range(self.place.bar - 1, self.place.bar + 1))
        if inside % _SIXTEENTH:
            raise UsageError(f"A bar cannot end at {self.place}.", "Name a beat.")
        meters = [one.meter for one in grid.bars]
        meters = [*meters[: self.place.bar - 1], meter_of_length(inside), *meters[self.place.bar - 1 :]]
        laid = _with_meters(sheet, meters)
        return confirm(laid, ["beats"], range(self.place.bar, self.place.bar + 1))


@dataclass(frozen=True)
class Tempo:
    """Halve or double the tempo."""

    kind: ClassVar[str] = "tempo"
    is_half: bool

    @classmethod
    def parse(cls, text: str) -> Tempo:
        """``half`` or ``double``."""
        if text not in ("half", "double"):
            raise UsageError(f"'{text}' is not a correction of the tempo.", "Write half or double.")
        return cls(text == "half")

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return "half" if self.is_half else "double"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with half or twice as many beats, in bars of the same metre."""
        if not self.is_half:
            meters = [bar.meter for bar in sheet.grid.bars for _ in range(2)]
            return _scaled(sheet, 2, meters)
        meter = sheet.grid.meter
        lead = 0
        if _begins_with_second(sheet):
            bar = sheet.grid.bars[0].meter.bar_tick
            lead = -bar if _first_tick(sheet) >= bar else bar
        ticks = (sheet.grid.end_tick + lead) / 2
        return _scaled(sheet, 0.5, covering([meter], math.ceil(ticks)), lead)


@dataclass(frozen=True)
class Metre:
    """The metre of the song, or of the bars of `span`; beats do not move."""

    kind: ClassVar[str] = "meter"
    meter: Meter
    span: Span | None = None

    @classmethod
    def parse(cls, text: str) -> Metre:
        """``3/4``, or ``5-8=3/4`` for some bars."""
        bars, equals, meter = text.rpartition("=")
        return cls(Meter.parse(meter), Span.parse(bars) if equals else None)

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.span}={self.meter}" if self.span else str(self.meter)

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet in other bars.

        A whole song that changes from simple to compound time (4/4 to 12/8) keeps its felt beats: each is divided in
        three. Bars after those of `span` follow where they end.
        """
        grid = sheet.grid
        if self.span is not None:
            bars = self.span.bars(grid)
            before, after = ([bar.meter for bar in part] for part in (grid.bars[: bars.start], grid.bars[bars.stop :]))
            return _with_meters(sheet, [*before, *[self.meter] * len(bars), *(after or [grid.bars[bars.start].meter])])
        is_compound, was_compound = (_is_compound(meter) for meter in (self.meter, grid.meter))
        factor = 1.0 if is_compound == was_compound else 1.5 if is_compound else 2 / 3
        return _scaled(sheet, factor, covering([self.meter], math.ceil(grid.end_tick * factor)))


@dataclass(frozen=True)
class Beat:
    """Move the beat at `place` to `sec`; the beats around it follow, up to the next one that was placed by hand."""

    kind: ClassVar[str] = "beat"
    place: Place
    sec: float

    @classmethod
    def parse(cls, text: str) -> Beat:
        """``13.2=25.32``."""
        place, _, sec = text.partition("=")
        try:
            at = float(sec)
        except ValueError:
            at = math.nan
        if not abs(at) <= _MOST_SEC:
            raise UsageError(f"'{text}' does not give the time of a beat.", "Give a place and seconds: 13.2=25.32.")
        return cls(Place.parse(place), at)

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.place}={self.sec!r}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with moved beats; notes keep their time, to the next sixteenth."""
        grid, tick = sheet.grid, self.place.tick(sheet.grid)
        ticks = np.union1d(grid.beat_tick, [tick])
        now = np.asarray(grid.sec_at(ticks), dtype=float)
        at = float(grid.sec_at(tick))
        pins = {float(one.partition("=")[2]) for one in sheet.corrections.done if one.startswith(f"{self.kind} ")}
        placed = {pin: 0.0 for pin in pins if abs(pin - at) > _SAME_SEC} | {at: self.sec - at}
        known = sorted(placed)
        sec = now + np.interp(now, known, [placed[one] for one in known])
        if np.min(np.diff(sec)) < _LEAST_BEAT_SEC:
            raise UsageError(f"{self.place} cannot be at {self.sec:g} s: other beats are there.", "Move them first.")
        moved = replace(grid, beat_tick=ticks, beat_sec=sec)

        def by(step: int) -> dict[int, int]:
            every = _ticks_of(sheet)
            away = np.asarray(moved.tick_at(grid.sec_at(every))) - every
            return dict(zip(every.tolist(), (every + step * np.round(away / step).astype(int)).tolist(), strict=True))

        notes, harmony = by(_SIXTEENTH), by(grid.meter.beat_tick)
        meters = [bar.meter for bar in grid.bars]
        first, last = min(0, *notes.values(), *harmony.values()), max(0, *notes.values(), *harmony.values())
        n_before = -(first // meters[0].bar_tick)
        lead = n_before * meters[0].bar_tick
        bars = bars_from(0, covering([meters[0]] * n_before + meters, max(last, grid.end_tick) + lead))
        moved = replace(moved, beat_tick=ticks + lead, bars=bars)
        laid = relaid(sheet, moved, lambda one: notes.get(one, one) + lead, lambda one: harmony.get(one, one) + lead)
        return confirm(laid, ["beats"], range(self.place.bar - 1 + n_before, self.place.bar + n_before))


@dataclass(frozen=True)
class Swing:
    """The ratio of the first eighth of a quarter to the second; 1 is straight."""

    kind: ClassVar[str] = "swing"
    ratio: float

    @classmethod
    def parse(cls, text: str) -> Swing:
        """``2``, ``1.5``, or ``1`` for none."""
        try:
            ratio = float(text)
        except ValueError:
            ratio = math.nan
        if not 1 <= ratio <= _MOST_SWING:
            raise UsageError(
                f"'{text}' is not a swing ratio.",
                f"Give the ratio of the first eighth to the second, 1 to {_MOST_SWING:g}.",
            )
        return cls(ratio)

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.ratio!r}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with other times between its beats; ticks do not change."""
        second = STRAIGHT_TICK if self.ratio == 1 else TICKS_PER_QUARTER * self.ratio / (self.ratio + 1)
        return replace(sheet, grid=replace(sheet.grid, second_tick=second))


def _ticks_of(sheet: SongSheet) -> np.ndarray:
    """Every tick at which something in the song begins or ends, and the middles of bars."""
    ticks = {tick for note in sheet.notes for tick in (note.onset_tick, note.end_tick)}
    ticks |= {tick for chord in sheet.chords for tick in (chord.start_tick, chord.end_tick)}
    ticks |= {section.start_tick for section in sheet.sections} | {lyric.tick for lyric in sheet.lyrics}
    return np.array(sorted(ticks | {0}), dtype=int)


def _first_tick(sheet: SongSheet) -> int:
    """The start of the first note or chord."""
    begins = [note.onset_tick for note in sheet.notes] + [chord.start_tick for chord in sheet.chords]
    return min(begins, default=0)


def _last_tick(sheet: SongSheet) -> int:
    """The start of the last note or chord."""
    begins = [note.onset_tick for note in sheet.notes] + [chord.end_tick - 1 for chord in sheet.chords]
    return max(begins, default=0)


def _shifted(sheet: SongSheet, later_tick: int) -> SongSheet:
    """Bars begin later by less than a bar; the song gains a first bar unless the part before it is empty."""
    grid = sheet.grid
    meters = [bar.meter for bar in grid.bars]
    later = later_tick % meters[0].bar_tick
    if later == 0:
        raise UsageError("The bar lines would not move.", "Name another beat, or move by less than a bar.")
    offset = -later
    if _first_tick(sheet) < later:
        offset += meters[0].bar_tick
        meters = [meters[0], *meters]
    last = max(_last_tick(sheet) + offset, 0)
    bars = [bar for bar in bars_from(0, meters) if bar.start_tick <= last]
    laid = Grid(grid.beat_tick + offset, grid.beat_sec, tuple(bars), grid.confidence, grid.second_tick)
    return relaid(sheet, laid, lambda tick: tick + offset)


def _with_meters(sheet: SongSheet, meters: list[Meter]) -> SongSheet:
    """The song in other bars, with all ticks unchanged."""
    bars = bars_from(0, covering(meters, sheet.grid.end_tick))
    return relaid(sheet, replace(sheet.grid, bars=bars), lambda tick: tick)


def _scaled(sheet: SongSheet, factor: float, meters: list[Meter], lead: int = 0) -> SongSheet:
    """The song with ticks shifted by `lead` and multiplied by `factor`, in bars of `meters`; eighths are straight."""
    grid = sheet.grid
    if factor == 1.0 and not lead:
        return _with_meters(sheet, meters)

    def place(tick: int) -> int:
        exact = (tick + lead) * factor
        if factor >= 1.0:
            return round(exact)
        quarter, inside = divmod(exact, TICKS_PER_QUARTER)
        nearest = min((0, 3, 4, 6, 8, 9, 12), key=lambda one: (abs(one - inside), one % 3 != 0))
        return int(quarter) * TICKS_PER_QUARTER + nearest

    ticks = np.round((grid.beat_tick + lead) * factor).astype(np.int64)
    rising = np.concatenate([[True], np.diff(ticks) > 0])
    bars = bars_from(0, covering(meters, max(place(_last_tick(sheet)), 1)))
    laid = Grid(ticks[rising], grid.beat_sec[rising], bars, grid.confidence)
    return relaid(sheet, laid, place)


def _is_compound(meter: Meter) -> bool:
    return meter.beat_tick != 4 * TICKS_PER_QUARTER // meter.denominator


def _begins_with_second(sheet: SongSheet) -> bool:
    """Whether chords change more often on the second of two bars, which then begins a doubled bar."""
    starts = {chord.start_tick for chord in sheet.chords}
    on = [index for index, bar in enumerate(sheet.grid.bars) if bar.start_tick in starts]
    return sum(index % 2 for index in on) > sum(1 - index % 2 for index in on)
