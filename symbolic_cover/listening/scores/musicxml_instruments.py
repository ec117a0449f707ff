"""The instruments of a MusicXML part: its program, and the drums of a percussion staff."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from symbolic_cover.listening.scores.musicxml_tree import text_of, whole_of

SNARE = 38
#: Programs by words in instrument names; the first match counts.
_PROGRAMS = (
    ("piccolo", 72), ("recorder|blockfl", 74), ("flute|fl[öo]te|flauto", 73), ("english horn|cor anglais", 69),
    ("oboe|hautb", 68), ("clarinet|klarin", 71), ("bassoon|fagott", 70), ("bariton.*sax", 67), ("tenor.*sax", 66),
    ("sopran.*sax", 64), ("sax", 65), ("trumpet|trompet|tromba|cornet", 56), ("trombone|posaune", 57), ("tuba", 58),
    ("horn|corno", 60), ("violoncello|cello", 42), ("viola|bratsche", 41), ("double ?bass|contrab|kontrab", 43),
    ("violin|geige|fiddle", 40), ("bass guitar|electric bass|e-bass", 33), ("guitar|gitar", 24), ("banjo", 105),
    ("mandolin", 25), ("harp$|harfe", 46), ("organ|orgel", 19), ("harpsichord|cembalo", 6), ("celest", 8),
    ("glockenspiel", 9), ("vibraphon", 11), ("marimba", 12), ("xylophon", 13), ("accordion|akkordeon", 21),
    ("timpani|pauken", 47), ("strings|streicher", 48), ("voice|vocal|sopran|alto?$|tenor|baritone|choir|chor", 52),
    ("^bass$", 32),
)  # fmt: skip


@dataclass
class Instruments:
    """The instruments of a part; `drums` are General MIDI keys by the id of an instrument or by place on the staff."""

    name: str = ""
    program: int = 0
    is_drum: bool = False
    by_id: dict[str, int] = field(default_factory=dict)
    by_place: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def drum_named(self, note: Element) -> int | None:
        """The drum of the instrument that a note names."""
        instrument = note.find("instrument")
        return self.by_id.get(instrument.get("id", "")) if instrument is not None else None

    def drum_of(self, note: Element) -> int:
        """The drum of a stroke: by its instrument, by its place, or the only one there is; else a snare."""
        named = self.drum_named(note)
        if named is not None:
            return named
        if place := self.by_place.get(place_of(note)):
            return place
        return next(iter(self.by_id.values())) if len(self.by_id) == 1 else SNARE


def place_of(note: Element) -> tuple[str, str, str]:
    """Step, octave and notehead of a stroke as displayed."""
    return (
        text_of(note, "unpitched/display-step"),
        text_of(note, "unpitched/display-octave"),
        text_of(note, "notehead") or "normal",
    )


def instruments_of(root: Element, part: Element) -> Instruments:
    """The instruments of a part according to the part list."""
    identity = part.get("id", "")
    listed = next((one for one in root.iter("score-part") if one.get("id", "") == identity), None)
    if listed is None:
        return Instruments()
    found = Instruments(" ".join(text_of(listed, "part-name").split()))
    programs = [whole_of(text_of(one, "midi-program")) for one in listed.findall("midi-instrument")]
    program = next((one for one in programs if one and 1 <= one <= 128), None)
    found.program = program - 1 if program else _guessed(listed, found.name)
    found.is_drum = any(text_of(one, "midi-channel") == "10" for one in listed.findall("midi-instrument"))
    for one in listed.findall("midi-instrument"):
        key = whole_of(text_of(one, "midi-unpitched"))
        if key and 1 <= key <= 128:
            found.by_id[one.get("id", "")] = key - 1
    if found.by_id:
        struck: dict[tuple[str, str, str], Counter[int]] = {}
        for note in part.iter("note"):
            key = found.drum_named(note)
            if key is not None and note.find("unpitched") is not None:
                struck.setdefault(place_of(note), Counter())[key] += 1
        found.by_place = {place: keys.most_common(1)[0][0] for place, keys in struck.items()}
    return found


def _guessed(listed: Element, name: str) -> int:
    """The program that an instrument's name suggests; a piano by default."""
    return program_of(text_of(listed, "score-instrument/instrument-name")) or program_of(name)


def program_of(name: str) -> int:
    """The General MIDI program that an instrument's name suggests; 0, a piano, by default."""
    return next((program for words, program in _PROGRAMS if re.search(words, name.strip().lower())), 0)
