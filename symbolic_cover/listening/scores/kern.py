"""Humdrum ``**kern`` -> `Barred`; music21's reader loses voices where spines split again."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from fractions import Fraction

from symbolic_cover.core.errors import InputError
from symbolic_cover.listening.scores.barred import DYNAMICS, VELOCITY, Bar, BarNote, BarPart, Barred, Placed
from symbolic_cover.listening.scores.chord_text import NotAChord, chord_of
from symbolic_cover.listening.scores.musicxml_instruments import program_of
from symbolic_cover.listening.scores.order import MOST_BARS, Signs
from symbolic_cover.listening.scores.written import MOST_NOTES, TimeSignature, too_much

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_DURATION = re.compile(r"(\d+)(?:%(\d+))?(\.*)")
_PITCH = re.compile(r"([a-g]+|[A-G]+)(#+|-+|n|)")
_MOST_SPINES = 256
_VOICES = frozenset({"Soprano", "Mezzo-soprano", "Alto", "Tenor", "Baritone", "Bass", "Voice"})
_CHOIR = 52
#: Humdrum's instrument codes, such as ``*Isoprn``.
_CODES = {
    "soprn": "Soprano", "cant": "Soprano", "mezzo": "Mezzo-soprano", "calto": "Alto", "alto": "Alto", "tenor": "Tenor",
    "barit": "Baritone", "bass": "Bass", "vox": "Voice", "piano": "Piano", "organ": "Organ", "cemba": "Harpsichord",
    "violn": "Violin", "viola": "Viola", "cello": "Violoncello", "cbass": "Double bass", "flt": "Flute",
    "picco": "Piccolo", "oboe": "Oboe", "clars": "Clarinet", "clara": "Clarinet", "fagot": "Bassoon", "cor": "Horn",
    "tromp": "Trumpet", "tromb": "Trombone", "tuba": "Tuba", "timpa": "Timpani", "harp": "Harp", "guitr": "Guitar",
}  # fmt: skip
_CHORDS = ("**mxhm", "**chord", "**chords", "**cdata-chord")
_WORDS = ("**text", "**silbe", "**lyrics")
_DYNAMICS = ("**dynam", "**dyn")
_LONGEST = Fraction(100_000)


@dataclass
class _Staff:
    """The contents of one ``**kern`` spine and those split from it."""

    part: BarPart = field(default_factory=BarPart)
    velocity: int = VELOCITY
    started: list[BarNote] = field(default_factory=list)  # in the current row


@dataclass
class _Spine:
    """A column: its kind, its staff or the staff beside it, and where its current note ends."""

    kind: str
    staff: _Staff | None
    end: Fraction = Fraction(0)


def read_kern(data: bytes) -> Barred:
    """Read a Humdrum file with ``**kern`` spines. Raises `InputError` without any, or for more than a song can have."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    reader = _Reader()
    for line in io.StringIO(text, newline=None):
        reader.row(line.rstrip("\n"))
    return reader.finished()


class _Reader:
    """Reads a file row by row."""

    def __init__(self) -> None:
        self.piece = Barred()
        self.spines: list[_Spine] = []
        self.staves: list[_Staff] = []
        self.at = Fraction(0)
        self.bar_start = Fraction(0)
        self.bar = 0
        self.time: TimeSignature | None = None
        self.signs = [Signs()]
        self.labels: dict[str, int] = {}
        self.order: list[str] = []
        self.n_notes = 0
        self.tonic: tuple[int, bool] | None = None
        self.fifths: int | None = None

    def row(self, line: str) -> None:
        """Read one line."""
        if line.startswith("!!!"):
            self._reference(line)
        elif line.startswith("!") or not line.strip():
            return
        elif line.startswith("*"):
            self._interpretations(line.split("\t"))
        elif line.startswith("="):
            self._bar_line(line.split("\t")[0])
        elif self.spines:
            self._data(line.split("\t"))

    def _reference(self, line: str) -> None:
        key, _, value = line[3:].partition(":")
        if key.strip().split("@")[0] in ("OTL", "OTI") and not self.piece.title:
            self.piece.title = value.strip()
        if key.strip() == "COM" and not self.piece.composer:
            last, comma, first = value.strip().partition(",")
            self.piece.composer = f"{first.strip()} {last}" if comma else last

    # Spines

    def _interpretations(self, tokens: list[str]) -> None:
        if any(token.startswith("**") for token in tokens) and len(self.spines) != len(tokens):
            self.spines = [_Spine("", None, self.at) for _ in tokens]
        for index, token in enumerate(tokens[: len(self.spines)]):
            if token.startswith("**"):
                self._begin(index, token)
            elif token.startswith("*") and len(token) > 1 and token not in ("*^", "*v", "*x", "*+", "*-"):
                self._say(self.spines[index], token)
        if any(token in ("*^", "*v", "*x", "*+", "*-") for token in tokens):
            self._change(tokens)

    def _begin(self, index: int, kind: str) -> None:
        """A spine declares its kind; one without music belongs to the staff to its left."""
        spine = self.spines[index]
        spine.kind = kind
        if kind == "**kern":
            spine.staff = _Staff()
            self.staves.append(spine.staff)
        else:
            left = [one.staff for one in self.spines[:index] if one.kind == "**kern"]
            spine.staff = left[-1] if left else None

    def _change(self, tokens: list[str]) -> None:
        """Spines split, join, exchange, begin and end."""
        after: list[_Spine] = []
        index = 0
        pairs = list(zip(self.spines, tokens, strict=False))
        while index < len(pairs):
            spine, token = pairs[index]
            if token == "*^":
                after += [spine, _Spine(spine.kind, spine.staff, spine.end)]
            elif token == "*+":
                after += [spine, _Spine("", None, self.at)]
            elif token == "*v":
                while (
                    index + 1 < len(pairs) and pairs[index + 1][1] == "*v" and pairs[index + 1][0].staff is spine.staff
                ):
                    index += 1
                    spine.end = max(spine.end, pairs[index][0].end)
                after.append(spine)
            elif token == "*x" and index + 1 < len(pairs) and pairs[index + 1][1] == "*x":
                after += [pairs[index + 1][0], spine]
                index += 1
            elif token != "*-":
                after.append(spine)
            index += 1
        self.spines = after
        if len(self.spines) > _MOST_SPINES:
            raise too_much()

    def _say(self, spine: _Spine, token: str) -> None:
        """A tandem interpretation."""
        piece, place = self.piece, (self.bar, self.at - self.bar_start)
        if found := re.fullmatch(r"\*M(\d+(?:\+\d+)*)/(\d+)(?:%\d+)?", token):
            self.time = TimeSignature(sum(map(int, found[1].split("+"))), int(found[2]))
        elif found := re.fullmatch(r"\*k\[([a-gA-G#\-n]*)\]", token):
            signs = re.findall(r"[a-gA-G]([#\-])", found[1])
            self.fifths = len(signs) if not signs or signs[0] == "#" else -len(signs)
            self._key(place)
        elif found := re.fullmatch(r"\*([a-gA-G])([#\-]?):(?:(?:mix|dor|phr|lyd|loc|aeo|ion)\w*)?", token):
            tonic = _STEPS[found[1].lower()] + {"#": 1, "-": -1, "": 0}[found[2]]
            self.tonic = tonic % 12, found[1].islower()
            self._key(place)
        elif found := re.fullmatch(r"\*MM~?(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?", token):
            bpm = (float(found[1]) + float(found[2] or found[1])) / 2
            if not any(one[:2] == place for one in piece.tempos):
                piece.tempos.append(Placed(*place, bpm))
        elif token.startswith('*I"') and spine.staff is not None and spine.kind == "**kern":
            spine.staff.part.name = token[3:].strip()
            spine.staff.part.program = program_of(token[3:])
        elif token.startswith("*I") and spine.staff is not None and spine.kind == "**kern":
            name = _CODES.get(token[2:].rstrip("0123456789"))
            if name and not spine.staff.part.name:
                spine.staff.part.name = name
                spine.staff.part.program = _CHOIR if name in _VOICES else program_of(name)
        elif found := re.fullmatch(r"\*>\[([^\]]*)\]", token):
            self.order = self.order or [label.strip() for label in found[1].split(",")]
        elif (found := re.fullmatch(r"\*>([\w ]+)", token)) and found[1] not in self.labels:
            if self.at > self.bar_start:
                self._next_bar()
            self.labels[found[1]] = self.bar

    def _key(self, place: tuple[int, Fraction]) -> None:
        keys = [one for one in self.piece.keys if (one.bar, one.at) != place]
        tonic, minor = self.tonic if self.tonic is not None else (None, False)
        self.piece.keys = [*keys, Placed(*place, (self.fifths or 0, minor, tonic))]

    # Music

    def _data(self, tokens: list[str]) -> None:
        for staff in self.staves:
            staff.started = []
        beside: list[tuple[_Spine, str]] = []
        for spine, token in zip(self.spines, tokens, strict=False):
            if token in (".", ""):
                continue
            if spine.kind == "**kern" and spine.staff is not None:
                self._token(spine, spine.staff, token)
            else:
                beside.append((spine, token))
        for spine, token in beside:
            self._beside(spine, token.strip())
        following = [spine.end for spine in self.spines if spine.kind == "**kern" and spine.end > self.at]
        if following:
            self.at = min(following)
        if self.at > _LONGEST:
            raise too_much()

    def _token(self, spine: _Spine, staff: _Staff, token: str) -> None:
        """A note, a chord or a rest."""
        length: Fraction | None = None
        is_grace = "q" in token
        for one in token.split(" "):
            own = _length_of(one)
            length = own if own is not None and length is None else length
            found = _PITCH.search(re.sub(r"[\[\]_(){}<>&]", "", one))
            if found is None or "r" in one:
                continue
            note = BarNote(
                self.at - self.bar_start, Fraction(0) if is_grace else (own or length or Fraction(0)), _pitch_of(found),
                staff.velocity, ("[" in one or "_" in one), grace=1 if is_grace else 0,
            )  # fmt: skip
            self.n_notes += 1
            if self.n_notes > MOST_NOTES:
                raise too_much()
            if not is_grace and note.length <= 0:
                continue
            notes = staff.part.bars.setdefault(self.bar, [])
            if is_grace:
                for other in notes:
                    other.grace += bool(other.grace) and other.at == note.at and one == token.split(" ")[0]
            notes.append(note)
            if not is_grace:
                staff.started.append(note)
        if length and not is_grace:
            spine.end = self.at + length

    def _beside(self, spine: _Spine, token: str) -> None:
        """Lyrics, dynamics and chord symbols beside the music."""
        if spine.kind in _WORDS and spine.staff and spine.staff.started:
            said = token.strip("|").lstrip("-")
            if said and said != "_":
                note = spine.staff.started[-1]
                note.words[max(note.words, default=0) + 1] = said
        elif spine.kind in _DYNAMICS and spine.staff:
            found = re.search(r"(?<![a-z])(p{1,4}|m[pf]|f{1,4}|sfz?|fp)(?![a-z])", token)
            if found:
                spine.staff.velocity = DYNAMICS.get(found[1], spine.staff.velocity)
                for note in spine.staff.started:
                    note.velocity = spine.staff.velocity
        elif spine.kind in _CHORDS:
            try:
                chord = chord_of(_plain_chord(token))
            except NotAChord:
                return
            self.piece.chords.append(Placed(self.bar, self.at - self.bar_start, chord))

    def _bar_line(self, token: str) -> None:
        ends, begins = bool(re.search(r":[|!]", token)), bool(re.search(r"[|!]:", token))
        if self.at > self.bar_start:
            self._next_bar()
        if ends and self.bar > 0:
            self.signs[-2].times = 2
            self.signs[-1].begins_section = True
        if begins:
            self.signs[-1].begins_repeat = True

    def _next_bar(self) -> None:
        self.piece.bars.append(Bar(self.at - self.bar_start, self._metre(), self.signs[-1]))
        self.signs.append(Signs())
        self.bar += 1
        self.bar_start = self.at
        if self.bar > MOST_BARS:
            raise too_much()

    def _metre(self) -> TimeSignature:
        """The metre in force; without one, the length of the bar."""
        if self.time is not None:
            return self.time
        quarters = self.at - self.bar_start
        return TimeSignature(int(quarters), 4) if quarters.denominator == 1 and quarters else TimeSignature(4, 4)

    def finished(self) -> Barred:
        """The whole piece. Raises `InputError` where there was no music."""
        if self.at > self.bar_start:
            self._next_bar()
        if not self.staves or not self.piece.bars:
            raise InputError("It has no **kern spine with notes.", "Check that it is a **kern file.")
        self.piece.parts = [staff.part for staff in reversed(self.staves)]  # the lowest staff is written first
        if self.order and all(label in self.labels for label in self.order):
            self.piece.order = self._in_order()
        return self.piece

    def _in_order(self) -> list[int]:
        """The bars in the order of sections that the file lists, such as ``*>[A,A,B]``."""
        edges = sorted({*self.labels.values(), len(self.piece.bars)})
        order = list(range(edges[0]))
        for label in self.order[:MOST_BARS]:
            start = self.labels[label]
            order += range(start, next((edge for edge in edges if edge > start), len(self.piece.bars)))
            if len(order) > MOST_BARS:
                raise too_much()
        return order


def _length_of(token: str) -> Fraction | None:
    """The length of a token in quarters; None if it has none."""
    found = _DURATION.search(token)
    if not found or len(found[1]) > 6 or len(found[2] or "") > 6:
        return None
    if found[1].strip("0") == "":
        length = Fraction(4 * 2 ** min(len(found[1]), 3))
    else:
        length = Fraction(4 * int(found[2] or 1), int(found[1]))
    return length * (2 - Fraction(1, 2 ** min(len(found[3]), 4)))


def _pitch_of(found: re.Match[str]) -> int:
    letters, signs = found[1], found[2]
    octave = 3 + len(letters) if letters.islower() else 4 - len(letters)
    pitch = 12 * (octave + 1) + _STEPS[letters[0].lower()] + signs.count("#") - signs.count("-")
    while pitch < 0:
        pitch += 12
    while pitch > 127:
        pitch -= 12
    return pitch


def _plain_chord(token: str) -> str:
    """``C major-seventh`` or ``E- minor``, MusicXML's names in a spine -> ``Cmaj7``."""
    root, _, kind = token.replace("-", "b", 1 if re.match(r"[A-G]-", token) else 0).partition(" ")
    names = {
        "major": "", "minor": "m", "dominant": "7", "major-seventh": "maj7", "minor-seventh": "m7", "diminished": "dim",
        "augmented": "aug", "half-diminished": "m7b5", "diminished-seventh": "dim7", "suspended-fourth": "sus4",
    }  # fmt: skip
    return root + names.get(kind, kind)
