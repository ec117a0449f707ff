"""The music of an ABC tune: notes, rests, bar lines and other signs."""

from __future__ import annotations

import re
from fractions import Fraction

from symbolic_cover.listening.scores.abc_text import plain
from symbolic_cover.listening.scores.abc_tune import TuneInFields
from symbolic_cover.listening.scores.abc_voice import LONGEST_BAR, Tuplet
from symbolic_cover.listening.scores.barred import DYNAMICS, BarNote, Placed
from symbolic_cover.listening.scores.chord_text import NotAChord, chord_of
from symbolic_cover.listening.scores.order import MOST_BARS
from symbolic_cover.listening.scores.written import MOST_NOTES, TimeSignature, too_much

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0, "": None, "^/": 0, "_/": 0, "^3/2": 1, "_3/2": -1}
_NOTE = re.compile(r"(\^\^|\^3/2|\^/|\^|__|_3/2|_/|_|=|)([A-Ga-g])([',]*)(\d*)(/*)(\d*)")
_REST = re.compile(r"([zxZXy])(\d*)(/*)(\d*)")
_LENGTH = re.compile(r"(\d*)(/*)(\d*)")
_BAR = re.compile(r"\.?(?::*(?:\[\|\]|\[\|+|\|+\]?):*|::+)")
_ENDING = re.compile(r"\[?\s*(\d{1,2}(?:\s*[,\-]\s*\d{1,2})*)\.?")
_INLINE = re.compile(r"\[([A-Za-z]):([^\]]*)\]")
_OLD_CHORD = re.compile(r"\+(?:[_=^]*[A-Ga-g][,']*[\d/]*){2,}\+")
_TUPLET = re.compile(r"\((\d)(?::(\d?))?(?::(\d*))?")
_DECORATION = re.compile(r"!([^!|\n]+)!|\+([^+|\n]+)\+")
_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_MOST_MULTIRESTS = 2000


class TuneInMusic(TuneInFields):
    """A tune, including its lines of music."""

    def music(self, text: str) -> None:
        """Read a line of music."""
        self.line += 1
        at = 0
        while at < len(text):
            at = self._token(text, at)

    def _token(self, text: str, at: int) -> int:
        """Read the token at a place of a line; returns where the next one begins."""
        voice, sign = self.current(), text[at]
        if sign.isspace() or sign in "`)$*;?#@":
            return at + 1
        if sign == '"':
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            self._quoted(text[at + 1 : end])
            return end + 1
        if inline := _INLINE.match(text, at):
            self.body_field(inline[1], inline[2].strip())
            return inline.end()
        if sign == "{":
            end = text.find("}", at)
            end = len(text) if end < 0 else end
            self._graces(text[at + 1 : end])
            return end + 1
        if sign == "+" and (found := _OLD_CHORD.match(text, at)):
            return self._chord(text, at, "+")
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
        """Read a chord symbol, or an annotation, which begins with one of ``^_<>@`` or is not a chord."""
        voice = self.current()
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
        voice = self.current()
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
        """The first coda sign is where the player jumps to the coda, the second where the coda begins."""
        voice = self.current()
        if any(sign.leads_to_coda for sign in voice.signs):
            voice.here.coda = True
        else:
            voice.here.leads_to_coda = True

    def _bar_line(self, line: str) -> None:
        voice = self.current()
        line = line.lstrip(".")
        ends = len(line) - len(line.lstrip(":"))
        begins = len(line) - len(line.rstrip(":"))
        if not line.strip(":"):  # ``::``
            ends = begins = max(1, len(line) // 2)
        bars = line.strip(":")
        is_double = (
            bool(ends or begins) or len(bars.replace("[", "").replace("]", "")) > 1 or "]" in bars or "[" in bars
        )
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
        """The numbers of an ending directly after a bar line."""
        found = _ENDING.match(text, at) if at < len(text) and text[at].isdigit() else None
        return self._ending(found) if found else at

    def _ending(self, found: re.Match[str]) -> int:
        voice = self.current()
        times: set[int] = set()
        for span in found[1].split(","):
            first, _, last = span.replace(" ", "").partition("-")
            times |= set(range(max(1, int(first)), min(int(last or first), 99) + 1))
        if not voice.is_empty:
            voice.next_bar()
        voice.endings = frozenset(times)
        voice.here.endings = voice.endings
        return found.end()

    def _chord(self, text: str, at: int, closes: str = "]") -> int:
        """Notes in brackets (in older files between plus signs), which sound together."""
        end = text.find(closes, at + 1)
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
        voice = self.current()
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
        """Units -> quarters, by open tuplets and broken rhythms."""
        voice = self.current()
        quarters = length * voice.unit * voice.share
        if voice.broken is not None:
            quarters *= voice.broken
            voice.broken = None
        if quarters > LONGEST_BAR:
            raise too_much()
        return quarters

    def _pitch(self, sign: str, letter: str, marks: str) -> int:
        voice = self.current()
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
        """Read a tie after a note or chord."""
        found = re.compile(r"\s*\.?-").match(text, at)
        if not found:
            return at
        for (_, letter, marks), note in zip(self.names, self.current().last, strict=True):
            self._tie(note, letter, marks)
        return found.end()

    def _tie(self, note: BarNote, letter: str, marks: str) -> None:
        voice = self.current()
        note.goes_on = True
        octave = (5 if letter.islower() else 4) + marks.count("'") - marks.count(",")
        natural = 12 * (octave + 1 + voice.octave) + _STEPS[letter.upper()] + voice.steps
        voice.tied[letter.upper(), octave] = max(-2, min(2, note.pitch - natural))

    def _graces(self, text: str) -> None:
        voice = self.current()
        voice.graces += [self._pitch(one[1], one[2], one[3]) for one in _NOTE.finditer(text)][: 16 - len(voice.graces)]

    def _rest(self, found: re.Match[str]) -> None:
        voice = self.current()
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
        voice = self.current()
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
        """``>``: the note before gains half of the length of the note after; ``<`` the reverse."""
        voice = self.current()
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


def _length(whole: str, slashes: str, part: str) -> Fraction:
    """``3/2``, ``/``, ``//`` or nothing, in units."""
    if len(whole) > 6 or len(part) > 6:
        raise too_much()
    length = Fraction(int(whole) if whole else 1)
    if slashes:
        length /= int(part) if part and int(part) else 2 ** min(len(slashes), 8)
    return length
