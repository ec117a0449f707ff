"""The state of an ABC tune while it is read: its voices, and the effect of its fields."""

from __future__ import annotations

import re
from fractions import Fraction

from symbolic_cover.listening.scores.abc_fields import (
    AbcKey,
    clef_of,
    default_unit,
    key_of_field,
    meter_of_field,
    tempo_of_field,
    unit_of_field,
)
from symbolic_cover.listening.scores.abc_text import plain
from symbolic_cover.listening.scores.abc_voice import Voice
from symbolic_cover.listening.scores.abc_words import put_words
from symbolic_cover.listening.scores.barred import BarPart, Barred, Placed
from symbolic_cover.listening.scores.written import TimeSignature, too_much

#: Single letters that stand for decorations.
_SHORT = {"O": "coda", "S": "segno"}


class TuneInFields:
    """The fields of a tune, and its voices so far."""

    def __init__(self) -> None:
        self.piece = Barred()
        self.voices: dict[str, Voice] = {}
        self.facts: dict[str, str] = {}  # the contents of V: fields
        self.voice: Voice | None = None
        self.key, self.time, self.unit = AbcKey(), TimeSignature(4, 4), None
        self.is_free = False
        self.user: dict[str, str] = dict(_SHORT)
        self.parts = ""
        self.program, self.is_drum, self.steps = 0, False, 0
        self.carries = "pitch"  # how far an accidental applies in its bar
        self.tempo: str | None = None
        self.in_body = False
        self.n_notes = 0
        self.part_bars: list[tuple[str, int]] = []
        self.line = 0
        self.names: list[tuple[str, str, str]] = []

    def head_field(self, name: str, text: str) -> None:
        """A field before the music."""
        if name == "T" and not self.piece.title:
            self.piece.title = plain(text)
        elif name == "C" and not self.piece.composer:
            self.piece.composer = plain(text)
        elif name == "M":
            self.time = meter_of_field(text)  # type: ignore[assignment]
        elif name == "L":
            self.unit = unit_of_field(text)  # type: ignore[assignment]
        elif name == "Q":
            self.tempo = text
        elif name == "P":
            self.parts = text
        elif name == "V":
            name_, _, facts = text.strip().partition(" ")
            self.facts[name_] = facts
        elif name == "K":
            self.key = key_of_field(text)
            self.begin_body()
        else:
            self._any_field(name, text)

    def begin_body(self) -> None:
        """The head has ended."""
        self.in_body = True
        if self.tempo and (bpm := tempo_of_field(self.tempo, self.unit or default_unit(self.time))):
            self.piece.tempos.append(Placed(0, Fraction(0), bpm))
        self.piece.keys.append(Placed(0, Fraction(0), (self.key.fifths, self.key.is_minor, self.key.tonic)))

    def _any_field(self, name: str, text: str) -> None:
        if name in ("%%", "I"):
            self._directive(text)
        elif name == "U":
            letter, _, meaning = text.partition("=")
            self.user[letter.strip()] = meaning.strip(" !+")

    def _directive(self, text: str) -> None:
        words = text.replace("=", " ").split()
        lowered = [word.lower() for word in words]
        if lowered[:1] == ["propagate-accidentals"] and len(words) > 1:
            self.carries = lowered[1]
        if lowered[:2] == ["midi", "program"] and words[-1].isdigit() and int(words[-1]) < 128:
            self._set_program(int(words[-1]))
        if lowered[:2] == ["midi", "channel"] and words[-1] == "10":
            self._set_drum()
        if lowered[:2] == ["midi", "transpose"] and re.fullmatch(r"[+-]?\d{1,2}", words[-1]):
            self._set_steps(int(words[-1]))

    def _set_steps(self, steps: int) -> None:
        if self.voice is not None:
            self.voice.steps = steps
        else:
            self.steps = steps

    def _set_program(self, program: int) -> None:
        if self.voice is not None:
            self.voice.part.program = program
        else:
            self.program = program

    def _set_drum(self) -> None:
        if self.voice is not None:
            self.voice.part.is_drum = True
        else:
            self.is_drum = True

    def body_field(self, name: str, text: str) -> None:
        """A field between the music, or inline."""
        if name == "V":
            self._switch(text)
            return
        if name == "w":
            put_words(self.current(), text)
            return
        voice = self.current()
        if name == "K":
            voice.key = key_of_field(text, voice.key)
            voice.octave, voice.steps = (
                (voice.key.octave, voice.key.steps)
                if voice.key.clef or "octave" in text
                else (voice.octave, voice.steps)
            )
            voice.accidentals = {}
            self.piece.keys.append(Placed(voice.bar, voice.at, (voice.key.fifths, voice.key.is_minor, voice.key.tonic)))
        elif name == "M":
            voice.time = meter_of_field(text)
            if voice.is_empty:
                voice.times[-1] = voice.time
            if voice is next(iter(self.voices.values())):
                self.time = voice.time  # type: ignore[assignment]
        elif name == "L":
            voice.unit = unit_of_field(text) or voice.unit
        elif name == "Q":
            if bpm := tempo_of_field(text, voice.unit):
                self.piece.tempos.append(Placed(voice.bar, voice.at, bpm))
        elif name == "P":
            label = plain(text)
            self.part_bars.append((label, voice.bar if voice.is_empty else voice.bar + 1))
        else:
            self._any_field(name, text)

    def _switch(self, text: str) -> None:
        """Switch to another voice."""
        name, _, facts = text.strip().partition(" ")
        if facts:
            self.facts[name] = f"{self.facts.get(name, '')} {facts}"
        if name not in self.voices:
            if len(self.voices) >= 64:
                raise too_much()
            self.voices[name] = self._new_voice(name)
        self.voice = self.voices[name]
        if facts:
            self._apply_facts(self.voice, facts)

    def _new_voice(self, name: str) -> Voice:
        facts = self.facts.get(name, "")
        part = BarPart("", self.program, self.is_drum)
        voice = Voice(part, self.key, self.time, self.unit or default_unit(self.time))
        voice.octave, voice.steps = self.key.octave, self.key.steps + self.steps
        voice.part.name = name if name != "" else ""
        self._apply_facts(voice, facts)
        return voice

    def _apply_facts(self, voice: Voice, facts: str) -> None:
        if found := re.search(r'\b(?:name|nm)\s*=\s*(?:"([^"]*)"|(\S+))', facts):
            voice.part.name = plain((found[1] or found[2] or "").replace("\\n", " "))
        bare = re.sub(r'\w+\s*=\s*"[^"]*"', "", facts)
        octave, steps, clef = clef_of(bare)
        if clef or octave or steps:
            voice.octave, voice.steps = octave, steps
        if clef == "perc":
            voice.part.is_drum = True

    def current(self) -> Voice:
        """The current voice."""
        if self.voice is None:
            name = next(iter(self.facts), "")
            self.voice = self.voices.setdefault(name, self._new_voice(name))
        return self.voice
