"""ABC (standard 2.1) -> `Barred`: a reader of our own, since music21's leaves much of the standard aside."""

from __future__ import annotations

import re
from fractions import Fraction

from symbolic_cover.core.errors import InputError
from symbolic_cover.listening.scores.abc_fields import (
    AbcKey,
    clef_of,
    default_unit,
    key_of_field,
    meter_of_field,
    tempo_of_field,
    unit_of_field,
)
from symbolic_cover.listening.scores.abc_text import Line, decoded, plain, tunes_of
from symbolic_cover.listening.scores.abc_voice import LONGEST_BAR, Tuplet, Voice
from symbolic_cover.listening.scores.barred import DYNAMICS, Bar, Barred, BarNote, BarPart, Placed
from symbolic_cover.listening.scores.chord_text import NotAChord, chord_of
from symbolic_cover.listening.scores.order import MOST_BARS, Signs, played_order
from symbolic_cover.listening.scores.written import MOST_NOTES, TimeSignature, too_much

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0, "": None, "^/": 0, "_/": 0, "^3/2": 1, "_3/2": -1}
_NOTE = re.compile(r"(\^\^|\^3/2|\^/|\^|__|_3/2|_/|_|=|)([A-Ga-g])([',]*)(\d*)(/*)(\d*)")
_REST = re.compile(r"([zxZXy])(\d*)(/*)(\d*)")
_LENGTH = re.compile(r"(\d*)(/*)(\d*)")
_BAR = re.compile(r"\.?(?::*(?:\[\|\]|\[\|+|\|+\]?):*|::+)")
_ENDING = re.compile(r"\[?\s*(\d{1,2}(?:\s*[,\-]\s*\d{1,2})*)\.?")
_INLINE = re.compile(r"\[([A-Za-z]):([^\]]*)\]")
_TUPLET = re.compile(r"\((\d)(?::(\d?))?(?::(\d*))?")
_DECORATION = re.compile(r"!([^!|\n]+)!|\+([^+|\n]+)\+")
_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
#: Single letters that stand for decorations.
_SHORT = {"O": "coda", "S": "segno"}
_WORDS = re.compile(r"\\-|-|_|\*|\||~|[^\s\-_*|]+|\s+")
_MOST_MULTIRESTS = 2000


def read_abc(data: bytes, number: int | None = None) -> Barred:
    """A tune of an ABC file: the first, or that of the number after its ``X:``.

    Raises `InputError` if there is none, or it is longer than a song can be.
    """
    tunes = tunes_of(decoded(data))
    if not tunes:
        raise InputError("It holds no tune.", "Check that it has X:, K: and notes.")
    chosen = tunes[0]
    if number is not None:
        found = [tune for tune in tunes if any(line.field == "X" and line.text == str(number) for line in tune)]
        if not found:
            raise InputError(f"It has no tune X:{number}.", f"It has {len(tunes)}: {_numbers(tunes)}.")
        chosen = found[0]
    piece = _Tune(chosen).read()
    if len(tunes) > 1 and number is None:
        piece.remarks.append(f"It holds {len(tunes)} tunes ({_numbers(tunes)}); the first was taken: --tune N takes another.")
    return piece


def _numbers(tunes: list[list[Line]]) -> str:
    numbers = [next((line.text for line in tune if line.field == "X"), "?") for tune in tunes]
    return ", ".join(f"X:{one}" for one in numbers[:5]) + (", ..." if len(numbers) > 5 else "")


class _Tune:
    """The tune that is being read."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.piece = Barred()
        self.voices: dict[str, Voice] = {}
        self.facts: dict[str, str] = {}  # what V: fields say of voices
        self.voice: Voice | None = None
        self.key, self.time, self.unit = AbcKey(), TimeSignature(4, 4), None  # type: ignore[assignment]
        self.is_free = False
        self.user: dict[str, str] = dict(_SHORT)
        self.parts = ""
        self.program, self.is_drum = 0, False
        self.carries = "pitch"  # how far an accidental holds in its bar
        self.tempo: str | None = None
        self.in_body = False
        self.n_notes = 0
        self.part_bars: list[tuple[str, int]] = []
        self.line = 0
        self.names: list[tuple[str, str, str]] = []

    def read(self) -> Barred:
        """The whole tune. Raises `InputError` for one without notes or chords, or too long."""
        for line in self.lines:
            if line.field == "":
                if self.in_body or self._has_key():
                    self._music(line.text)
            elif self.in_body:
                self._body_field(line.field, line.text)
            else:
                self._head_field(line.field, line.text)
        return self._finished()

    def _has_key(self) -> bool:
        """Music before any K: is read in C major."""
        self._begin_body()
        return True

    # Fields

    def _head_field(self, name: str, text: str) -> None:
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
            self._begin_body()
        else:
            self._any_field(name, text)

    def _begin_body(self) -> None:
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
        if lowered[:2] == ["midi", "transpose"] and re.fullmatch(r"[+-]?\d{1,2}", words[-1]) and self.voice:
            self.voice.steps = int(words[-1])

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

    def _body_field(self, name: str, text: str) -> None:
        if name == "V":
            self._switch(text)
            return
        if name == "w":
            self._words(text)
            return
        voice = self._current()
        if name == "K":
            voice.key = key_of_field(text, voice.key)
            voice.octave, voice.steps = (
                (voice.key.octave, voice.key.steps) if voice.key.clef or "octave" in text else (voice.octave, voice.steps)
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
        """Go on in another voice."""
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
        voice.octave, voice.steps = self.key.octave, self.key.steps
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

    def _current(self) -> Voice:
        if self.voice is None:
            name = next(iter(self.facts), "")
            self.voice = self.voices.setdefault(name, self._new_voice(name))
        return self.voice

    # Music

    def _music(self, text: str) -> None:
        self.line += 1
        at = 0
        while at < len(text):
            at = self._token(text, at)

    def _token(self, text: str, at: int) -> int:
        """Read what stands at a place of a line, and say where the next thing begins."""
        voice, sign = self._current(), text[at]
        if sign.isspace() or sign in "`)$*;?#@":
            return at + 1
        if sign == '"':
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            self._quoted(text[at + 1 : end])
            return end + 1
        if inline := _INLINE.match(text, at):
            self._body_field(inline[1], inline[2].strip())
            return inline.end()
        if sign == "{":
            end = text.find("}", at)
            end = len(text) if end < 0 else end
            self._graces(text[at + 1 : end])
            return end + 1
        if sign in "!+" and (found := _DECORATION.match(text, at)):
            self._decoration(found[1] or found[2])
            return found.end()
        if sign == "[" and (found := _ENDING.match(text, at)):
            return self._ending(found)
        if sign == "[" and text[at + 1 : at + 2] != "|":
            return self._chord(text, at)
        if sign in ":|[." and (found := _BAR.match(text, at)):
            self._bar_line(found[0])
            return self._after_bar_line(text, found.end())
        if sign == "(" and (found := _TUPLET.match(text, at)):
            self._tuplet(found)
            return found.end()
        if sign in "<>":
            return self._broken(text, at)
        if sign == "&":
            voice.overlay()
            return at + 1
        if found := _NOTE.match(text, at):
            self._notes([(found[1], found[2], found[3])], _length(found[4], found[5], found[6]))
            return self._ties(text, found.end())
        if found := _REST.match(text, at):
            self._rest(found)
            return found.end()
        if sign in self.user:
            self._decoration(self.user[sign])
        return at + 1

    def _quoted(self, text: str) -> None:
        """A chord symbol, or words over the tune, which begin with one of ``^_<>@`` or are no chord."""
        voice = self._current()
        if text[:1] in "^_<>@":
            self._decoration(text[1:].strip())
            return
        try:
            chord = chord_of(plain(text))
        except NotAChord:
            self._decoration(text.strip())
            return
        self.piece.chords.append(Placed(voice.bar, voice.at, chord))

    def _decoration(self, name: str) -> None:
        voice = self._current()
        name = name.strip().lower()
        squeezed = re.sub(r"[\s.]", "", name)
        if name in DYNAMICS:
            voice.velocity = DYNAMICS[name]
        elif squeezed == "segno":
            voice.here.segno = True
        elif squeezed == "coda":
            self._coda()
        elif squeezed == "fine":
            voice.here.fine = True
        elif squeezed.startswith(("dc", "dacapo")) and squeezed not in ("dcoda",):
            voice.here.jump = "capo"
        elif squeezed.startswith(("ds", "dalsegno")):
            voice.here.jump = "segno"
        elif squeezed in ("dacoda", "tocoda", "alcoda"):
            voice.here.leads_to_coda = True

    def _coda(self) -> None:
        """The first coda sign is where the player leaves for the coda, the second where the coda begins."""
        voice = self._current()
        if any(sign.leads_to_coda for sign in voice.signs):
            voice.here.coda = True
        else:
            voice.here.leads_to_coda = True

    def _bar_line(self, line: str) -> None:
        voice = self._current()
        line = line.lstrip(".")
        ends = len(line) - len(line.lstrip(":"))
        begins = len(line) - len(line.rstrip(":"))
        if not line.strip(":"):  # ``::``
            ends = begins = max(1, len(line) // 2)
        bars = line.strip(":")
        is_double = bool(ends or begins) or len(bars.replace("[", "").replace("]", "")) > 1 or "]" in bars or "[" in bars
        if bars == "[|]":  # an invisible bar line
            is_double = False
        if is_double:
            voice.endings = frozenset()
        if not voice.is_empty:
            voice.next_bar()
            if voice.bar > MOST_BARS:
                raise too_much()
        else:
            voice.give_back_signs()
            if is_double:
                voice.here.endings = frozenset()
        if ends and voice.bar > 0:
            voice.signs[-2].times = ends + 1
        if is_double:
            voice.here.begins_section = True
        if begins:
            voice.here.begins_repeat = True
        voice.broken = None

    def _after_bar_line(self, text: str, at: int) -> int:
        """The numbers of an ending right behind a bar line."""
        found = _ENDING.match(text, at) if at < len(text) and text[at].isdigit() else None
        return self._ending(found) if found else at

    def _ending(self, found: re.Match[str]) -> int:
        voice = self._current()
        times: set[int] = set()
        for span in found[1].split(","):
            first, _, last = span.replace(" ", "").partition("-")
            times |= set(range(max(1, int(first)), min(int(last or first), 99) + 1))
        if not voice.is_empty:
            voice.next_bar()
        voice.endings = frozenset(times)
        voice.here.endings = voice.endings
        return found.end()

    def _chord(self, text: str, at: int) -> int:
        """Notes in brackets, which sound together."""
        end = text.find("]", at)
        end = len(text) if end < 0 else end
        inside = re.sub(r'"[^"]*"|![^!]*!', lambda word: " " * len(word[0]), text[at + 1 : end])
        found = list(_NOTE.finditer(inside))
        for quoted in re.findall(r'"([^"]*)"', text[at + 1 : end]):
            self._quoted(quoted)
        outer = _LENGTH.match(text, end + 1) if end < len(text) else None
        after = outer.end() if outer else end + 1
        if not found:
            return after
        length = _length(found[0][4], found[0][5], found[0][6])
        if outer:
            length *= _length(outer[1], outer[2], outer[3])
        names = [(one[1], one[2], one[3]) for one in found]
        notes = self._notes(names, length)
        for one, note in zip(found, notes, strict=True):
            if inside[one.end() : one.end() + 1] == "-":
                self._tie(note, one[2], one[3])
        return self._ties(text, after)

    def _notes(self, names: list[tuple[str, str, str]], length: Fraction) -> list[BarNote]:
        """Notes that begin together; `length` in units."""
        voice = self._current()
        quarters = self._timed(length)
        notes = []
        for sign, letter, marks in names:
            note = BarNote(voice.at, quarters, self._pitch(sign, letter, marks), voice.velocity)
            notes.append(note)
            voice.add(note)
        self.n_notes += len(notes)
        if self.n_notes > MOST_NOTES:
            raise too_much()
        for order, pitch in enumerate(reversed(voice.graces), start=1):
            voice.add(BarNote(voice.at, Fraction(0), pitch, voice.velocity, grace=order))
        voice.graces = []
        voice.last, voice.last_length = notes, quarters
        if voice.line != self.line:
            voice.sung, voice.verses, voice.line = [], 0, self.line
        voice.sung.append((voice.bar, notes[0]))
        voice.advance(quarters)
        voice.count_tuplet()
        self.names = names
        return notes

    def _timed(self, length: Fraction) -> Fraction:
        """Units -> quarters, by tuplets and a broken rhythm that is open."""
        voice = self._current()
        quarters = length * voice.unit * voice.share
        if voice.broken is not None:
            quarters *= voice.broken
            voice.broken = None
        if quarters > LONGEST_BAR:
            raise too_much()
        return quarters

    def _pitch(self, sign: str, letter: str, marks: str) -> int:
        voice = self._current()
        step = letter.upper()
        octave = (5 if letter.islower() else 4) + marks.count("'") - marks.count(",")
        alter = _SIGNS[sign]
        place = (step, octave if self.carries == "octave" else 0)
        if alter is not None:
            if self.carries != "not":
                voice.accidentals[place] = alter
        elif (step, octave) in voice.tied and voice.at == 0:
            alter = voice.tied[step, octave]
        else:
            alter = voice.accidentals.get(place, voice.key.alter_of(step))
        voice.tied.pop((step, octave), None)
        pitch = 12 * (octave + 1 + voice.octave) + _STEPS[step] + alter + voice.steps
        while pitch < 0:
            pitch += 12
        while pitch > 127:
            pitch -= 12
        return pitch

    def _ties(self, text: str, at: int) -> int:
        """A tie behind a note or chord."""
        found = re.compile(r"\s*\.?-").match(text, at)
        if not found:
            return at
        for (_, letter, marks), note in zip(self.names, self._current().last, strict=True):
            self._tie(note, letter, marks)
        return found.end()

    def _tie(self, note: BarNote, letter: str, marks: str) -> None:
        voice = self._current()
        note.goes_on = True
        octave = (5 if letter.islower() else 4) + marks.count("'") - marks.count(",")
        natural = 12 * (octave + 1 + voice.octave) + _STEPS[letter.upper()] + voice.steps
        voice.tied[letter.upper(), octave] = max(-2, min(2, note.pitch - natural))

    def _graces(self, text: str) -> None:
        voice = self._current()
        voice.graces += [self._pitch(one[1], one[2], one[3]) for one in _NOTE.finditer(text)][: 16 - len(voice.graces)]

    def _rest(self, found: re.Match[str]) -> None:
        voice = self._current()
        kind = found[1]
        if kind == "y":
            return
        if kind in "zx":
            voice.last, voice.last_length = [], self._timed(_length(found[2], found[3], found[4]))
            voice.advance(voice.last_length)
            voice.count_tuplet()
            return
        count = int(found[2] or 1)
        if count > _MOST_MULTIRESTS:
            raise too_much()
        for index in range(count):
            if index:
                voice.next_bar()
            voice.advance((voice.time or TimeSignature(4, 4)).quarters)

    def _tuplet(self, found: re.Match[str]) -> None:
        voice = self._current()
        p = int(found[1])
        if p < 2:
            return
        time = voice.time
        is_compound = time is not None and time.denominator >= 8 and time.numerator % 3 == 0
        q = int(found[2]) if found[2] else _TUPLET_TIME.get(p, 3 if is_compound else 2)
        r = int(found[3]) if found[3] else p
        if q and 0 < r < 1000 and len(voice.tuplets) < 4:
            voice.tuplets.append(Tuplet(Fraction(q, p), r))

    def _broken(self, text: str, at: int) -> int:
        """``>``: the note before takes half of the length of the note after; ``<`` the other way about."""
        voice = self._current()
        end = at
        while end < len(text) and text[end] == text[at] and end - at < 4:
            end += 1
        small = Fraction(1, 2 ** (end - at))
        before, after = (2 - small, small) if text[at] == ">" else (small, 2 - small)
        changed = voice.last_length * before - voice.last_length
        for note in voice.last:
            note.length += changed
        is_furthest = voice.lengths[-1] == voice.at
        voice.at += changed
        voice.lengths[-1] = voice.at if is_furthest else voice.lengths[-1]
        voice.broken = after
        return end

    # Words

    def _words(self, text: str) -> None:
        """Put the syllables of a ``w:`` line under the notes of the line of music before it."""
        voice = self._current()
        voice.verses += 1
        notes = iter(voice.sung)
        current: tuple[int, BarNote] | None = None
        waiting: tuple[int, BarNote] | None = None
        begun = ""

        def following() -> tuple[int, BarNote] | None:
            nonlocal waiting
            if waiting is not None:
                found, waiting = waiting, None
                return found
            return next(notes, None)

        bar = voice.sung[0][0] if voice.sung else 0
        tokens = _WORDS.findall(text)
        for index, token in enumerate(tokens):
            if token.isspace():
                continue
            if token == "-":
                if current is not None and begun:
                    said = current[1].words.get(voice.verses, "")
                    current[1].words[voice.verses] = said if said.endswith("-") else said + "-"
                    if index and tokens[index - 1] in ("-",):
                        following()
                continue
            if token in ("_", "*"):
                following()
                if token == "*":
                    begun = ""
                continue
            if token == "|":
                bar += 1
                while (one := following()) is not None:
                    if one[0] >= bar:
                        waiting = one
                        break
                continue
            joined = index > 0 and tokens[index - 1] in ("~", "\\-")
            syllable = "-" if token == "\\-" else token
            if token == "~" or joined or (token == "\\-" and begun):
                if current is not None:
                    current[1].words[voice.verses] = current[1].words.get(voice.verses, "") + (
                        " " if token == "~" else syllable
                    )
                continue
            current = following()
            if current is None:
                return
            bar = current[0]
            begun = syllable
            current[1].words[voice.verses] = plain(syllable)

    # The end

    def _finished(self) -> Barred:
        for voice in self.voices.values():
            if voice.is_empty:
                voice.give_back_signs()
        piece, voices = self.piece, [voice for voice in self.voices.values() if voice.part.bars or any(voice.lengths)]
        if not voices:
            if not piece.chords:
                raise InputError("It holds no notes.", "Check that it has X:, K: and notes.")
            voices = list(self.voices.values())
        n_bars = max(len(voice.lengths) - voice.is_empty for voice in voices) or 1
        first = voices[0]
        for index in range(n_bars):
            lengths = [voice.lengths[index] for voice in voices if index < len(voice.lengths)]
            time = first.times[index] if index < len(first.times) else first.time
            signs = [voice.signs[index] for voice in voices if index < len(voice.signs)]
            length = max(lengths, default=Fraction(0))
            piece.bars.append(Bar(length, time or _free(length), _merged(signs)))
        if len(voices) == 1 and not first.part.name.strip("0123456789"):
            first.part.name = "" if first.part.name.isdigit() else first.part.name
        piece.parts = [voice.part for voice in voices]
        piece.sections = [Placed(bar, Fraction(0), label) for label, bar in self.part_bars if bar < n_bars]
        piece.order = self._parts_in_order(n_bars)
        return piece

    def _parts_in_order(self, n_bars: int) -> list[int] | None:
        """The order of bars where the tune's head says in which order its parts are played, such as ``P:A(AB)2``."""
        places = {label: bar for label, bar in reversed(self.part_bars)}
        letters = _expanded(re.sub(r"[\s.,*]", "", self.parts))
        if not letters or not all(letter in places for letter in letters):
            return None
        edges = sorted({*places.values(), n_bars})
        order: list[int] = list(range(edges[0]))
        inside = {}
        for label, start in places.items():
            end = next((edge for edge in edges if edge > start), n_bars)
            bars = [bar.signs for bar in self.piece.bars[start:end]]
            inside[label] = [start + index for index in played_order(bars)]
        for letter in letters:
            order += inside[letter]
            if len(order) > MOST_BARS:
                raise too_much()
        return order


def _free(length: Fraction) -> TimeSignature:
    """A metre for a bar of free music: as long as it is, in quarters or their parts, else 4/4."""
    for denominator in (4, 8, 16):
        count = length * denominator / 4
        if count.denominator == 1 and 1 <= count.numerator <= 32:
            return TimeSignature(count.numerator, denominator)
    return TimeSignature(4, 4)


def _merged(signs: list[Signs]) -> Signs:
    """The signs of all voices in a bar."""
    return Signs(
        any(one.begins_repeat for one in signs),
        max(one.times for one in signs),
        next((one.endings for one in signs if one.endings), frozenset()),
        any(one.begins_section for one in signs),
        any(one.segno for one in signs),
        any(one.coda for one in signs),
        next((one.jump for one in signs if one.jump), ""),
        any(one.leads_to_coda for one in signs),
        any(one.fine for one in signs),
    )


def _expanded(text: str) -> str:
    """``A(AB)3C2`` written out."""
    for _ in range(8):
        grown = re.sub(r"\(([A-Za-z]*)\)(\d*)", lambda found: found[1] * int(found[2] or 1), text)
        grown = re.sub(r"([A-Za-z])(\d+)", lambda found: found[1] * min(int(found[2]), 99), grown)
        if len(grown) > MOST_BARS:
            raise too_much()
        if grown == text:
            break
        text = grown
    return text if text.isalpha() else ""


def _length(whole: str, slashes: str, part: str) -> Fraction:
    """``3/2``, ``/``, ``//`` or nothing, in units."""
    if len(whole) > 6 or len(part) > 6:
        raise too_much()
    length = Fraction(int(whole) if whole else 1)
    if slashes:
        length /= int(part) if part and int(part) else 2 ** min(len(slashes), 8)
    return length
