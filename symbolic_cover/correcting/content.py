"""Corrections of content: chords, key, sections, and the confirmation of bars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import PITCH_NAMES_FLAT, PITCH_NAMES_SHARP, Chord, Key, Section
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.correcting.places import Place, Span
from symbolic_cover.correcting.relay import confirm
from symbolic_cover.listening.scores.chord_text import NotAChord, chord_of

_STEPS = {name: step for names in (PITCH_NAMES_FLAT, PITCH_NAMES_SHARP) for step, name in enumerate(names)}
_MODES = {"major": "major", "minor": "minor", "maj": "major", "min": "minor", "m": "minor"}
_LONGEST_NAME = 60


@dataclass(frozen=True)
class ChordOf:
    """The chord of a span, as a symbol (``Eb``, ``F#m7/E``, ``N`` for none).

    A single beat means the chord that sounds there, from that beat to its end.
    """

    kind: ClassVar[str] = "chord"
    span: Span
    letters: str

    @classmethod
    def parse(cls, text: str) -> ChordOf:
        """``13.1=Eb``, ``13-14=N``."""
        span, _, letters = (part.strip() for part in text.partition("="))
        try:
            chord_of("N.C." if letters == "N" else letters)
        except NotAChord as error:
            raise UsageError(f"'{letters}' is not a chord.", "Write one such as C, F#m7/E, or N for none.") from error
        return cls(Span.parse(span), letters)

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.span}={self.letters}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with this chord; others are cut at its start and end."""
        begin, end = self._ticks(sheet)
        named = chord_of("N.C." if self.letters == "N" else self.letters)
        kept = [
            part
            for chord in sheet.chords
            for part in (
                chord._replace(end_tick=min(chord.end_tick, begin)),
                chord._replace(start_tick=max(chord.start_tick, end)),
            )
            if part.end_tick > part.start_tick
        ]
        chords = [*kept, Chord(begin, end, *named)] if named else kept
        bars = range(sheet.grid.bar_index(begin), sheet.grid.bar_index(end - 1) + 1)
        return confirm(replace(sheet, chords=tuple(sorted(chords))), ["chords"], bars)

    def _ticks(self, sheet: SongSheet) -> tuple[int, int]:
        begin, end = self.span.ticks(sheet.grid)
        if self.span.first.beat is None or not self.span.is_single:
            return begin, end
        sounding = next((chord for chord in sheet.chords if chord.start_tick <= begin < chord.end_tick), None)
        if sounding:
            return begin, sounding.end_tick
        following = [chord.start_tick for chord in sheet.chords if chord.start_tick > begin]
        return begin, min([self.span.first.bar_in(sheet.grid).end_tick, *following])


@dataclass(frozen=True)
class KeyOf:
    """The key of the song, which affects spelling and the transposition for the arranger."""

    kind: ClassVar[str] = "key"
    key: Key

    @classmethod
    def parse(cls, text: str) -> KeyOf:
        """``Bb major``, ``F# minor``, ``Am``, ``C``."""
        words = text.split()
        tonic, mode = (words[0].removesuffix("m"), "m" if words[0].endswith("m") else "major") if len(words) == 1 else (
            (words[0], words[1]) if len(words) == 2 else ("", "")
        )  # fmt: skip
        if tonic not in _STEPS or mode not in _MODES:
            raise UsageError(f"'{text}' is not a key.", "Give one such as 'Bb major' or 'F# minor'.")
        return cls(Key(_STEPS[tonic], _MODES[mode]))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return self.key.label

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet in this key."""
        return replace(sheet, key=self.key)


@dataclass(frozen=True)
class SectionOf:
    """A section begins at `place` with this `name`; without a name none begins there."""

    kind: ClassVar[str] = "section"
    place: Place
    name: str

    @classmethod
    def parse(cls, text: str) -> SectionOf:
        """``5=Chorus``; ``5=`` removes the start of a section."""
        place, equals, name = text.partition("=")
        name = " ".join(name.split())
        if not equals or len(name) > _LONGEST_NAME:
            raise UsageError(
                f"'{text}' does not name a section.", f"Write 5=Chorus, with {_LONGEST_NAME} letters at most."
            )
        return cls(Place.parse(place), name)

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return f"{self.place}={self.name}"

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with the section added or removed."""
        tick = self.place.tick(sheet.grid)
        kept = [section for section in sheet.sections if section.start_tick != tick]
        if not self.name and len(kept) == len(sheet.sections):
            raise UsageError(f"No section begins at {self.place}.", "Name a place where one begins.")
        return replace(sheet, sections=tuple(sorted([*kept, *([Section(tick, self.name)] if self.name else [])])))


@dataclass(frozen=True)
class Confirm:
    """The content of a span was checked and is right."""

    kind: ClassVar[str] = "sure"
    span: Span

    @classmethod
    def parse(cls, text: str) -> Confirm:
        """``13-16``."""
        return cls(Span.parse(text))

    @property
    def argument(self) -> str:
        """What `parse` reads."""
        return str(self.span)

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with full confidence in the bars of the span."""
        return confirm(sheet, list(sheet.confidence.bars), self.span.bars(sheet.grid))
