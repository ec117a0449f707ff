"""A tablature staff below a guitar's in MusicXML: the same notes as strings and frets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from symbolic_cover.core.music import TICKS_PER_QUARTER
from symbolic_cover.notation.layout import Layout
from symbolic_cover.notation.tablature import Place

_STAFF, _VOICES = "2", 4
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
#: Elements of a note that belong to the upper staff only, or not to tablature.
_LEFT_ABOVE = ("accidental", "stem", "notehead", "beam", "lyric", "notations", "staff")


def add_tab_staff(part: Element, places: Mapping[tuple[int, int], Place], tuning: Sequence[int], page: Layout) -> None:
    """Add a tablature staff to a part of one staff; `places` by (onset tick, sounding pitch).

    Rhythm is read above: the tablature has no stems and no rests.
    """
    divisions = 1
    for index, measure in enumerate(part.findall("measure")):
        divisions = int(measure.findtext("attributes/divisions", str(divisions)))
        attributes = measure.find("attributes")
        if index == 0 and attributes is not None:
            _set_up(attributes, tuning)
        start = page.bars[index].start_tick if index else page.opening_tick
        copied: list[Element] = []
        cursor = onset = furthest = 0
        for element in list(measure):
            if element.tag in ("backup", "forward"):
                length = int(element.findtext("duration", "0"))
                cursor += -length if element.tag == "backup" else length
                copied.append(deepcopy(element))
            elif element.tag == "note":
                length = int(element.findtext("duration", "0"))
                is_chord = element.find("chord") is not None
                onset = onset if is_chord else cursor
                cursor += 0 if is_chord else length
                tick = start + round(Fraction(onset * TICKS_PER_QUARTER, divisions))
                _follow(copied, _on_tab(element, tick, places), length, is_chord)
                SubElement(element, "staff").text = "1"
                _in_order(element)
            furthest = max(furthest, cursor)
        back = Element("backup")
        SubElement(back, "duration").text = str(cursor)
        at = next((i for i, one in enumerate(measure) if one.get("location") == "right"), len(measure))
        for element in reversed([back, *copied]):
            measure.insert(at, element)


def _follow(copied: list[Element], note: Element | None, length: int, is_chord: bool) -> None:
    """Append a note to the tablature, or silence of its length."""
    if note is not None:
        first = next((one for one in reversed(copied) if one.tag != "note" or one.find("chord") is None), None)
        if is_chord and (first is None or first.tag != "note"):  # the chord's first note has no place on the neck
            del note[0]
            copied.pop()
        copied.append(note)
    elif not is_chord:
        rest = Element("forward")
        SubElement(rest, "duration").text = str(length)
        copied.append(rest)


def _on_tab(note: Element, tick: int, places: Mapping[tuple[int, int], Place]) -> Element | None:
    """The note on the tablature; None for rests and notes that no hand can take."""
    pitch = note.find("pitch")
    if pitch is None:
        return None
    sounding = (
        _STEPS[pitch.findtext("step", "C")]
        + int(float(pitch.findtext("alter", "0")))
        + 12 * (int(pitch.findtext("octave", "4")) + 1)
    )
    place = places.get((tick, sounding))
    if place is None:  # struck before, or held over a bar line
        return None
    made = deepcopy(note)
    for name in _LEFT_ABOVE:
        for old in made.findall(name):
            made.remove(old)
    for tie in made.findall("tie"):
        made.remove(tie)
    voice = made.find("voice")
    if voice is None:
        voice = SubElement(made, "voice")
    voice.text = str(int(voice.text or "1") + _VOICES)
    SubElement(made, "stem").text = "none"
    SubElement(made, "staff").text = _STAFF
    technical = SubElement(SubElement(made, "notations"), "technical")
    SubElement(technical, "string").text = str(place.string)
    SubElement(technical, "fret").text = str(place.fret)
    _in_order(made)
    return made


#: The order of the elements in a note.
_ORDER = (
    "chord", "pitch", "rest", "duration", "tie", "instrument", "voice", "type", "dot", "accidental",
    "time-modification", "stem", "notehead", "staff", "beam", "notations", "lyric",
)  # fmt: skip


def _in_order(note: Element) -> None:
    note[:] = sorted(note, key=lambda one: _ORDER.index(one.tag))


def _set_up(attributes: Element, tuning: Sequence[int]) -> None:
    """Two staves, the lower with six lines, each with its tuning."""
    for clef in attributes.findall("clef"):
        clef.set("number", "1")
    staves = Element("staves")
    staves.text = _STAFF
    first_clef = next(index for index, one in enumerate(attributes) if one.tag == "clef")
    attributes.insert(first_clef, staves)
    clef = Element("clef", number=_STAFF)
    SubElement(clef, "sign").text, SubElement(clef, "line").text = "TAB", "5"
    attributes.insert(first_clef + 2, clef)
    details = Element("staff-details", number=_STAFF)
    SubElement(details, "staff-lines").text = str(len(tuning))
    for line, pitch in enumerate(reversed(tuning), 1):
        string = SubElement(details, "staff-tuning", line=str(line))
        name = _SHARPS[pitch % 12]
        SubElement(string, "tuning-step").text = name[0]
        if len(name) > 1:
            SubElement(string, "tuning-alter").text = "1"
        SubElement(string, "tuning-octave").text = str(pitch // 12 - 1)
    attributes.insert(first_clef + 3, details)
