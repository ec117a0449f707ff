"""Corrections of the melody, a single line: notes are added, moved, split, deleted, or transposed by octaves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import PITCH_NAMES_FLAT, PITCH_NAMES_SHARP, Lyric, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.correcting.places import Place, Span
from symbolic_cover.correcting.relay import confirm, one_after_another

_PITCH = re.compile(r"([A-G](?:#|b)?)(-?\d)")
_STEPS = {name: step for names in (PITCH_NAMES_FLAT, PITCH_NAMES_SHARP) for step, name in enumerate(names)}
#: The velocity of added notes in a sheet without others.
_VELOCITY = 80
_MOST_OCTAVES = 4
_LONGEST_BEATS = 64


@dataclass(frozen=True)
class Laid:
    """The place, pitch (MIDI), and length in felt beats of a note, written ``13.2:C5:3/2``."""

    place: Place
    pitch: int
    beats: Fraction

    @classmethod
    def parse(cls, text: str) -> Laid:
        """``13.2:C5:3/2``: place, pitch (C4 is the middle one), beats. Raises `UsageError` for anything else."""
        place, _, rest = text.partition(":")
        name, _, length = rest.partition(":")
        found = _PITCH.fullmatch(name)
        pitch = 12 * (int(found[2]) + 1) + _STEPS.get(found[1], -1) if found and found[1] in _STEPS else -1
        if not 0 <= pitch <= 127 or not re.fullmatch(r"\d{1,3}(\.\d{1,6}|/\d{1,3})?", length):
            raise UsageError(f"'{text}' is not a note.", "Write its place, pitch and beats: 13.2:C5:1.5.")
        try:
            beats = Fraction(length)
        except ZeroDivisionError:
            beats = Fraction(0)
        if not 0 < beats <= _LONGEST_BEATS:
            raise UsageError(f"'{text}' has no length.", f"Give up to {_LONGEST_BEATS} beats.")
        return cls(Place.parse(place), pitch, beats)

    def note(self, sheet: SongSheet, velocity: int) -> Note:
        """The note on the grid of a sheet. Raises `UsageError` if it is between ticks."""
        onset = self.place.tick(sheet.grid)
        duration = self.beats * self.place.bar_in(sheet.grid).meter.beat_tick
        if duration.denominator != 1 or onset + duration > sheet.grid.end_tick:
            raise UsageError(f"'{self}' cannot be written.", "Give sixteenths or triplets that end within the song.")
        return Note(onset, int(duration), self.pitch, velocity)

    def __str__(self) -> str:
        return f"{self.place}:{PITCH_NAMES_FLAT[self.pitch % 12]}{self.pitch // 12 - 1}:{self.beats}"


@dataclass(frozen=True)
class Draw:
    """Add a note to the melody; overlapping notes are cut."""

    kind: ClassVar[str] = "draw"
    laid: Laid

    @classmethod
    def parse(cls, text: str) -> Draw:
        """``13.2:C5:1.5``."""
        return cls(Laid.parse(text))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return str(self.laid)

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with the note."""
        loud = sorted(note.velocity for note in sheet.melody)
        note = self.laid.note(sheet, loud[len(loud) // 2] if loud else _VELOCITY)
        return _changed(sheet, _beside(sheet.melody, note), note)


@dataclass(frozen=True)
class Move:
    """Move the melody note that sounds at `place`, or change its length or pitch."""

    kind: ClassVar[str] = "move"
    place: Place
    laid: Laid

    @classmethod
    def parse(cls, text: str) -> Move:
        """``13.2=13.3:C5:1``."""
        place, _, laid = text.partition("=")
        return cls(Place.parse(place), Laid.parse(laid))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.place}={self.laid}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with the moved note and its syllable."""
        old = _note_at(sheet, self.place)
        note = self.laid.note(sheet, old.velocity)
        others = [one for one in sheet.melody if one != old]
        lyrics = tuple(
            Lyric(note.onset_tick if one.tick == old.onset_tick else one.tick, one.text) for one in sheet.lyrics
        )
        moved = replace(sheet, lyrics=tuple(sorted(lyrics, key=lambda one: one.tick)))
        return _changed(moved, _beside(others, note), old, note)


@dataclass(frozen=True)
class Split:
    """Strike the melody note that sounds at `place` again there."""

    kind: ClassVar[str] = "split"
    place: Place

    @classmethod
    def parse(cls, text: str) -> Split:
        """``13.3``."""
        return cls(Place.parse(text))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return str(self.place)

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with two notes in place of one."""
        old, tick = _note_at(sheet, self.place), self.place.tick(sheet.grid)
        if tick == old.onset_tick:
            raise UsageError(f"A note begins at {self.place} already.", "Name a place inside a note.")
        first = old._replace(duration_tick=tick - old.onset_tick)
        second = old._replace(onset_tick=tick, duration_tick=old.end_tick - tick)
        return _changed(sheet, [*(one for one in sheet.melody if one != old), first, second], old)


@dataclass(frozen=True)
class Delete:
    """Delete the melody notes that begin in a span; for a single beat, the one that sounds there."""

    kind: ClassVar[str] = "delete"
    span: Span

    @classmethod
    def parse(cls, text: str) -> Delete:
        """``13.2``, ``13-14``."""
        return cls(Span.parse(text))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return str(self.span)

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet without them and their syllables."""
        return _without(sheet, _meant(sheet, self.span))


@dataclass(frozen=True)
class Silent:
    """No melody in a span: its notes there become accompaniment."""

    kind: ClassVar[str] = "silent"
    span: Span

    @classmethod
    def parse(cls, text: str) -> Silent:
        """``13-16``."""
        return cls(Span.parse(text))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return str(self.span)

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet whose melody rests there; its notes move to the texture."""
        gone = _meant(sheet, self.span)
        return replace(_without(sheet, gone), texture=tuple(sorted({*sheet.texture, *gone})))


@dataclass(frozen=True)
class Octave:
    """Move the melody notes that begin in a span by octaves."""

    kind: ClassVar[str] = "octave"
    span: Span
    octaves: int

    @classmethod
    def parse(cls, text: str) -> Octave:
        """``45-48=-1``."""
        span, _, octaves = text.partition("=")
        if not re.fullmatch(r"[+-]?\d", octaves) or not 0 < abs(int(octaves)) <= _MOST_OCTAVES:
            raise UsageError(f"'{text}' does not give an octave.", "Write 45-48=-1 or 45-48=+1.")
        return cls(Span.parse(span), int(octaves))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.span}={self.octaves:+d}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with the notes moved."""
        meant = set(_meant(sheet, self.span))
        moved = [note._replace(pitch=note.pitch + 12 * self.octaves) for note in meant]
        if any(not 0 <= note.pitch <= 127 for note in moved):
            raise UsageError(f"{self.span} would leave the range of MIDI pitches.", "Take fewer octaves.")
        return _changed(sheet, [*(note for note in sheet.melody if note not in meant), *moved], *meant)


@dataclass(frozen=True)
class Take:
    """In a span, take the highest line of another layer (`texture` or `bass`) as the melody; the layer loses it."""

    kind: ClassVar[str] = "take"
    span: Span
    layer: str

    @classmethod
    def parse(cls, text: str) -> Take:
        """``13-16=texture``."""
        span, _, layer = text.partition("=")
        if layer not in ("texture", "bass"):
            raise UsageError(f"'{text}' does not name a line.", "Write 13-16=texture or 13-16=bass.")
        return cls(Span.parse(span), layer)

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.span}={self.layer}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with that line as its melody; the old melody moves to the texture."""
        begin, end = self.span.ticks(sheet.grid)
        there = [note for note in getattr(sheet, self.layer) if begin <= note.onset_tick < end]
        if not there:
            raise UsageError(f"There is no {self.layer} in {self.span}.", "Name another span.")
        highest: dict[int, Note] = {}
        for note in there:
            highest[note.onset_tick] = max(highest.get(note.onset_tick, note), note, key=lambda one: one.pitch)
        line = one_after_another(list(highest.values()))
        old = [note for note in sheet.melody if begin <= note.onset_tick < end]
        taken = set(highest.values())
        bass, texture = (
            tuple(note for note in notes if layer != self.layer or note not in taken)
            for layer, notes in (("bass", sheet.bass), ("texture", sheet.texture))
        )
        rest = replace(sheet, bass=bass, texture=tuple(sorted({*texture, *old})))
        before = [note for note in sheet.melody if not begin <= note.onset_tick < end]
        return _changed(rest, one_after_another([*before, *line]), *line, *old)


def _note_at(sheet: SongSheet, place: Place) -> Note:
    """The melody note that sounds at a place. Raises `UsageError` if there is none."""
    tick = place.tick(sheet.grid)
    found = next((note for note in sheet.melody if note.onset_tick <= tick < note.end_tick), None)
    if found is None:
        raise UsageError(f"The melody has no note at {place}.", "Name a place where it sounds.")
    return found


def _meant(sheet: SongSheet, span: Span) -> list[Note]:
    """The melody notes named by a span. Raises `UsageError` if there are none."""
    if span.is_single and span.first.beat is not None:
        return [_note_at(sheet, span.first)]
    begin, end = span.ticks(sheet.grid)
    meant = [note for note in sheet.melody if begin <= note.onset_tick < end]
    if not meant:
        raise UsageError(f"The melody has no note in {span}.", "Name a place where it sounds.")
    return meant


def _beside(notes: Sequence[Note], drawn: Note) -> list[Note]:
    """The notes with one more; those that overlap it are cut."""
    kept = []
    for note in notes:
        if note.end_tick <= drawn.onset_tick or note.onset_tick >= drawn.end_tick:
            kept.append(note)
        elif note.onset_tick < drawn.onset_tick:
            kept.append(note._replace(duration_tick=drawn.onset_tick - note.onset_tick))
    return [*kept, drawn]


def _without(sheet: SongSheet, gone: Sequence[Note]) -> SongSheet:
    ticks = {note.onset_tick for note in gone}
    left = replace(sheet, lyrics=tuple(one for one in sheet.lyrics if one.tick not in ticks))
    return _changed(left, [note for note in sheet.melody if note not in set(gone)], *gone)


def _changed(sheet: SongSheet, melody: Sequence[Note], *touched: Note) -> SongSheet:
    """The sheet with another melody; the bars of touched notes get full confidence."""
    sheet = replace(sheet, melody=tuple(sorted(melody)))
    for note in touched:
        first, last = sheet.grid.bar_index(note.onset_tick), sheet.grid.bar_index(note.end_tick - 1)
        sheet = confirm(sheet, ["melody"], range(first, last + 1))
    return sheet
