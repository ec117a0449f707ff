"""MusicXML -> `Barred`; music21's reader fails on files of many programs.

Missing facts are inferred: divisions default to 1, a duration to the note's value, a metre to the length of the bars.
Unknown elements are skipped.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from symbolic_cover.core.errors import InputError
from symbolic_cover.listening.scores.barred import VELOCITY, Bar, BarNote, BarPart, Barred, Placed
from symbolic_cover.listening.scores.chord_text import NotAChord
from symbolic_cover.listening.scores.musicxml_directions import Directions
from symbolic_cover.listening.scores.musicxml_harmony import STEPS, NoRoot, chord_symbol
from symbolic_cover.listening.scores.musicxml_instruments import Instruments, instruments_of
from symbolic_cover.listening.scores.musicxml_tree import number_of, text_of, tree_of, whole_of
from symbolic_cover.listening.scores.order import MOST_BARS
from symbolic_cover.listening.scores.written import MOST_NOTES, TimeSignature, too_much

#: The longest bar or note, in quarters.
_LONGEST = Fraction(10_000)
_MOST_STAVES = 8
#: Note values in quarters.
_VALUES = {
    "maxima": Fraction(32), "long": Fraction(16), "breve": Fraction(8), "whole": Fraction(4), "half": Fraction(2),
    "quarter": Fraction(1), "eighth": Fraction(1, 2), "16th": Fraction(1, 4), "32nd": Fraction(1, 8),
    "64th": Fraction(1, 16), "128th": Fraction(1, 32), "256th": Fraction(1, 64),
}  # fmt: skip
_MINOR = frozenset({"minor", "aeolian", "dorian", "phrygian", "locrian"})
#: The fifths from the major key of the same signature to the tonic of a church mode.
_CHURCH = {"dorian": 2, "phrygian": 4, "lydian": -1, "mixolydian": 1, "locrian": 5}


def read_musicxml(data: bytes) -> Barred:
    """Read a MusicXML document. Raises `InputError` if it is not one, or is too long for a song."""
    root = tree_of(data)
    piece = Barred(title=_title(root), composer=_composer(root))
    lengths: list[Fraction] = []
    directions = Directions(piece)
    parts = [_Part(part, piece, instruments_of(root, part), directions, lengths) for part in root.findall("part")]
    if not parts:
        raise InputError("It has no parts.", "Export it again as MusicXML.")
    times: dict[int, TimeSignature | None] = {}
    n_notes = 0
    for part in parts:
        part.read()
        n_notes += part.n_notes
        if n_notes > MOST_NOTES:
            raise too_much()
        for index, time in part.times.items():
            times.setdefault(index, time)
        piece.parts += part.finished()
    if any(isinstance(one.what, NoRoot) for one in piece.chords):
        piece.chords = [one for one in piece.chords if not isinstance(one.what, NoRoot)]
        piece.remarks.append("Some chord symbols have no root; those chords were skipped.")
    _lay_bars(piece, lengths, times, directions)
    return piece


def _lay_bars(
    piece: Barred, lengths: list[Fraction], times: dict[int, TimeSignature | None], directions: Directions
) -> None:
    """Bars as long as the fullest part, in the metre in force; a metre that is never stated is inferred."""
    common = Counter(length for length in lengths if length).most_common(1)
    guessed = _metre_of(common[0][0]) if common else TimeSignature(4, 4)
    time: TimeSignature | None = None
    signs = directions.signs_of(len(lengths))
    for index, length in enumerate(lengths):
        if index in times:
            time = times[index]
        known = time or (_metre_of(length) if index and None in times.values() else guessed)
        piece.bars.append(Bar(length or known.quarters, known, signs[index]))


def _metre_of(length: Fraction) -> TimeSignature:
    """The simplest metre whose bar has this length; 4/4 if there is none."""
    for denominator in (4, 8, 16, 32):
        count = length * denominator / 4
        if count.denominator == 1 and 1 <= count.numerator <= 64:
            return TimeSignature(count.numerator, denominator)
    return TimeSignature(4, 4)


class _Part:
    """A part while it is read."""

    def __init__(
        self, part: Element, piece: Barred, instruments: Instruments, directions: Directions, lengths: list[Fraction]
    ) -> None:
        self.part, self.piece, self.instruments, self.directions = part, piece, instruments, directions
        self.lengths = lengths
        self.times: dict[int, TimeSignature | None] = {}
        self.staves: dict[int, list[tuple[int, BarNote]]] = {}
        self.steps: dict[int, int] = {}
        self.tablature: set[int] = set()  # staves with the same contents as the one above
        self.divisions = Fraction(1)
        self.n_notes = 0
        self.index = 0
        self.at = self.onset = self.furthest = Fraction(0)
        self.graces: dict[str, list[BarNote]] = {}
        self.is_slashed = False
        self.repeats = 0  # how many bars back the repeated bar is
        self.has_drums = False

    def read(self) -> None:
        """Read all measures."""
        self.directions.begin_part()
        for index, measure in enumerate(self.part.findall("measure")):
            self.index = index
            if self.index > MOST_BARS:
                raise too_much()
            self._measure(measure)

    def finished(self) -> list[BarPart]:
        """A part for each staff; velocities follow the dynamics of the staff, or of the one above."""
        parts = []
        above: list[tuple[int, Fraction, int]] = []
        for staff in sorted(self.staves):
            marks = self.directions.dynamics.get(staff, [])
            marks = sorted(marks) or above
            above = marks
            part = BarPart(self.instruments.name, self.instruments.program, self.has_drums)
            for index, note in self.staves[staff]:
                if note.velocity < 0:
                    place = bisect_right(marks, (index, note.at, 128)) - 1
                    note.velocity = marks[place][2] if place >= 0 else VELOCITY
                part.bars.setdefault(index, []).append(note)
            parts.append(part)
        return parts

    def _measure(self, measure: Element) -> None:
        self.at = self.onset = self.furthest = Fraction(0)
        self.graces = {}
        directions = self.directions
        for element in measure:
            tag = element.tag
            if tag == "note":
                self._note(element)
            elif tag == "backup":
                self.at = max(Fraction(0), self.at - self._duration(element))
            elif tag == "forward":
                self._advance(self._duration(element))
            elif tag == "attributes":
                self._attributes(element)
            elif tag == "direction":
                directions.direction(element, self.index, self._place(element))
            elif tag == "sound":
                directions.sound(element, self.index, self._place(element))
            elif tag == "harmony":
                self._harmony(element)
            elif tag == "barline":
                directions.barline(element, self.index, is_begun=self.furthest > 0)
        for voice in list(self.graces):
            self._settle_graces(voice, self.at)
        self._play_again()
        directions.end_measure(self.index)
        if self.index >= len(self.lengths):
            self.lengths.append(Fraction(0))
        self.lengths[self.index] = max(self.lengths[self.index], self.furthest)

    def _play_again(self) -> None:
        """If a sign repeats bars, copy the notes of the bar that many before."""
        if not self.repeats or self.index < self.repeats:
            return
        for notes in self.staves.values():
            if not any(index == self.index for index, _ in reversed(notes[-64:])):
                before = [note for index, note in notes if index == self.index - self.repeats]
                notes += [(self.index, replace(note, words={}, goes_on=False)) for note in before]
                self.n_notes += len(before)

    def _place(self, element: Element) -> Fraction:
        offset = number_of(text_of(element, "offset"))
        at = self.at + (offset / self.divisions if offset else 0)
        return min(max(Fraction(0), at), _LONGEST)

    def _advance(self, length: Fraction) -> None:
        self.at += length
        self.furthest = max(self.furthest, self.at)
        if self.at > _LONGEST:
            raise too_much()

    def _duration(self, element: Element) -> Fraction:
        """The length in quarters: the duration, or else the note's value."""
        said = number_of(text_of(element, "duration"))
        if said is not None and said > 0:
            return said / self.divisions
        length = _VALUES.get(text_of(element, "type"), Fraction(0))
        dots = len(element.findall("dot"))
        length *= 2 - Fraction(1, 2 ** min(dots, 4))
        actual = whole_of(text_of(element, "time-modification/actual-notes"))
        normal = whole_of(text_of(element, "time-modification/normal-notes"))
        if actual and normal and actual > 0 and normal > 0:
            length *= Fraction(normal, actual)
        return length

    def _attributes(self, element: Element) -> None:
        divisions = number_of(text_of(element, "divisions"))
        if divisions is not None and divisions > 0:
            self.divisions = divisions
        for clef in element.findall("clef"):
            if text_of(clef, "sign").upper() == "TAB":
                self.tablature.add(whole_of(clef.get("number")) or 1)
        for key in element.findall("key")[:1]:
            self._key(key)
        time = element.find("time")
        if time is not None:
            self.times[self.index] = _time_of(time)
        for transpose in element.findall("transpose"):
            steps = (whole_of(text_of(transpose, "chromatic")) or 0) + 12 * (
                whole_of(text_of(transpose, "octave-change")) or 0
            )
            if abs(steps) <= 48:
                self.steps[whole_of(transpose.get("number")) or 0] = steps
        for style in element.findall("measure-style"):
            slash = style.find("slash")
            if slash is not None:
                self.is_slashed = slash.get("type") == "start"
            again = style.find("measure-repeat")
            if again is not None:
                self.repeats = min(whole_of(text_of(again)) or 1, 8) if again.get("type") == "start" else 0

    def _key(self, key: Element) -> None:
        fifths, mode = whole_of(text_of(key, "fifths")), text_of(key, "mode").lower()
        if fifths is None or abs(fifths) > 7:
            return
        steps = self.steps.get(0, 0)
        sounding = (fifths + steps * 7 + 6) % 12 - 6 if steps % 12 else fifths
        tonic = (sounding + _CHURCH[mode]) * 7 % 12 if mode in _CHURCH else None
        self.piece.keys.append(Placed(self.index, self.at, (sounding, mode in _MINOR, tonic)))

    def _harmony(self, element: Element) -> None:
        what: object
        try:
            what = chord_symbol(element)
        except NoRoot as error:
            what = error
        except NotAChord:
            return
        steps = self.steps.get(0, 0)
        if isinstance(what, tuple) and steps:
            what = ((what[0] + steps) % 12, what[1], (what[2] + steps) % 12)
        self.piece.chords.append(Placed(self.index, self._place(element), what))

    def _note(self, element: Element) -> None:
        is_grace = element.find("grace") is not None
        length = Fraction(0) if is_grace else self._duration(element)
        is_chord = element.find("chord") is not None
        if not is_chord or is_grace:
            self.onset = self.at
        onset = self.onset
        voice = f"{text_of(element, 'staff')}/{text_of(element, 'voice')}"
        if not is_grace and not is_chord:
            self._settle_graces(voice, onset)
            self._advance(length)
        pitch = self._pitch(element)
        staff = min(max(whole_of(text_of(element, "staff")) or 1, 1), _MOST_STAVES)
        if pitch is None or element.find("cue") is not None or staff in self.tablature - {1}:
            return
        self.n_notes += 1
        if self.n_notes > MOST_NOTES:
            raise too_much()
        note = BarNote(onset, length, pitch, _own_velocity(element), _is_tied_on(element))
        if is_grace:
            waiting = self.graces.setdefault(voice, [])
            note.grace = 1 + len(waiting) - (1 if is_chord and waiting else 0)
            waiting.append(note)
        else:
            note.words = _words_of(element)
            if length <= 0:
                return
        self.staves.setdefault(staff, []).append((self.index, note))

    def _settle_graces(self, voice: str, onset: Fraction) -> None:
        """Put grace notes before the note that begins at `onset`, the last of them last."""
        waiting = self.graces.pop(voice, [])
        most = max((note.grace for note in waiting), default=0)
        for note in waiting:
            note.at, note.grace = onset, most + 1 - note.grace

    def _pitch(self, element: Element) -> int | None:
        """The sounding pitch; None for rests and for slashes, which are rhythm unless they name a drum."""
        unpitched = element.find("unpitched")
        names_drum = unpitched is not None and element.find("instrument") is not None
        is_slash = text_of(element, "notehead").startswith("slash") and not names_drum
        if element.find("rest") is not None or is_slash or self.is_slashed:
            return None
        if unpitched is not None:
            self.has_drums = True
            return self.instruments.drum_of(element)
        step, octave = text_of(element, "pitch/step").upper(), whole_of(text_of(element, "pitch/octave"))
        if step not in STEPS or octave is None:
            return None
        if self.instruments.is_drum:
            self.has_drums = True
            drum = self.instruments.drum_named(element)
            if drum is not None:
                return drum
        alter = number_of(text_of(element, "pitch/alter")) or Fraction(0)
        staff = whole_of(text_of(element, "staff")) or 1
        steps = self.steps.get(staff, self.steps.get(0, 0))
        pitch = 12 * (octave + 1) + STEPS[step] + round(alter) + steps
        return pitch if 0 <= pitch <= 127 else None


def _own_velocity(element: Element) -> int:
    """The note's own dynamics in hundredths of a forte of 90; -1 if it has none."""
    said = number_of(element.get("dynamics"))
    return min(127, max(1, round(said * 90 / 100))) if said is not None and said > 0 else -1


def _is_tied_on(element: Element) -> bool:
    ties = [tie.get("type") for tie in (*element.findall("tie"), *element.findall("notations/tied"))]
    return "start" in ties or "continue" in ties


def _words_of(element: Element) -> dict[int, str]:
    """The syllables under a note by verse; a trailing ``-`` says that the word continues."""
    words: dict[int, str] = {}
    for count, lyric in enumerate(element.findall("lyric"), 1):
        said, goes_on = "", False
        for child in lyric:
            if child.tag == "text":
                said += child.text or ""
            elif child.tag == "elision":
                said += child.text or " "
            elif child.tag == "syllabic":
                goes_on = (child.text or "").strip() in ("begin", "middle")
        said = " ".join(said.split())
        if said:
            words.setdefault(whole_of(lyric.get("number")) or count, said + "-" * (goes_on and not said.endswith("-")))
    return words


def _time_of(time: Element) -> TimeSignature | None:
    """A time signature, with several denominators added; None for music without one."""
    if time.find("senza-misura") is not None:
        return None
    beats, types = time.findall("beats"), time.findall("beat-type")
    total, finest = Fraction(0), 1
    for count, kind in zip(beats, types, strict=False):
        numerator = sum(int(one) for one in re.findall(r"\d{1,3}", text_of(count)))
        denominator = whole_of(text_of(kind)) or 0
        if numerator < 1 or not 1 <= denominator <= 1024:
            return None
        total += Fraction(numerator, denominator)
        finest = max(finest, denominator)
    if not total:
        return None
    return TimeSignature(int(total * finest), finest) if (total * finest).denominator == 1 else None


def _title(root: Element) -> str:
    for path in ("work/work-title", "movement-title"):
        if title := " ".join(text_of(root, path).split()):
            return title
    largest, found = Fraction(0), ""
    for credit in root.findall("credit"):
        words = credit.findall("credit-words")
        said = " ".join(" ".join((one.text or "") for one in words).split())
        if not said:
            continue
        if text_of(credit, "credit-type").lower() == "title":
            return said
        size = number_of(words[0].get("font-size")) or Fraction(0)
        is_centred = "center" in (words[0].get("justify"), words[0].get("halign"))
        if credit.find("credit-type") is None and credit.get("page", "1") == "1" and is_centred and size > largest:
            largest, found = size, said
    return found


def _composer(root: Element) -> str:
    for creator in root.findall("identification/creator"):
        if creator.get("type", "composer").lower() == "composer" and (said := text_of(creator)):
            return " ".join(said.split())
    for credit in root.findall("credit"):
        if text_of(credit, "credit-type").lower() == "composer":
            return " ".join(text_of(credit, "credit-words").split())
    return ""
