"""Post-process music21's MusicXML: stable ids, voices, drum sounds, swing, multi-bar rests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from symbolic_cover.notation.drums import drum_of
from symbolic_cover.notation.heads import STROKE
from symbolic_cover.notation.marks import SWING
from symbolic_cover.notation.repeats import Repeat

#: Elements before <instrument> in a <note>.
_BEFORE_INSTRUMENT = ("chord", "unpitched", "duration", "tie")
#: Elements, besides notes, that keep a bar of rest written out.
_MARKS = ("direction", "harmony", "barline", "attributes")


def tidy(root: Element, *, swings: bool = False, repeats: Sequence[Repeat] = (), counts_rests: bool = False) -> None:
    """Remove what differs from run to run, and number the voices of staff n from 4n - 3 on.

    music21 counts the voices of a lower staff on from those of the upper staff in the same bar. `swings` marks eighths
    as swung; `repeats` get their signs; with `counts_rests` adjacent bars of rest become one sign with their number.
    """
    for encoding in root.iter("encoding"):
        for date in encoding.findall("encoding-date"):
            encoding.remove(date)
    for elements in (root.iter("score-part"), root.iter("part")):
        for number, part in enumerate(elements, 1):
            part.set("id", f"P{number}")
    for measure in root.iter("measure"):
        numbers: dict[int, dict[str, int]] = defaultdict(dict)
        for note_ in measure.iter("note"):
            staff, voice = int(note_.findtext("staff", "1")), note_.find("voice")
            if voice is not None:
                known = numbers[staff]
                voice.text = str(known.setdefault(voice.text or "", 4 * staff - 3 + len(known)))
    for listed, part in zip(root.iter("score-part"), root.iter("part"), strict=True):
        _name_drums(listed, part)
    for measure in root.iter("measure"):
        if measure.get("number") == "0":
            measure.set("implicit", "yes")
    if swings:
        _swing(root)
    for part in root.iter("part"):
        measures = list(part.iter("measure"))
        for repeat in repeats:
            _repeat(measures, repeat)
    if counts_rests:
        for part in root.iter("part"):
            _count_rests(list(part.iter("measure")))


def _repeat(measures: Sequence[Element], repeat: Repeat) -> None:
    """Repeat signs of a passage, and brackets over its endings."""
    _sign(_barline(measures[repeat.first], "left", "heavy-light"), "repeat", direction="forward")
    last = _barline(measures[repeat.end - 1], "right", "light-heavy")
    if repeat.ending:
        begins = _barline(measures[repeat.end - repeat.ending], "left")
        _sign(begins, "ending", number="1", type="start")
        _sign(last, "ending", number="1", type="stop")
        _sign(_barline(measures[repeat.end], "left"), "ending", number="2", type="start")
        _sign(_barline(measures[repeat.end + repeat.ending - 1], "right"), "ending", number="2", type="discontinue")
    _sign(last, "repeat", direction="backward")


def _barline(measure: Element, location: str, style: str = "") -> Element:
    """The bar line of a measure on a side, created if missing, in another style if one is given."""
    found = next((one for one in measure.findall("barline") if one.get("location", "right") == location), None)
    if found is None:
        found = Element("barline", location=location)
        measure.insert(0 if location == "left" else len(measure), found)
    if style:
        for old in found.findall("bar-style"):
            found.remove(old)
        found.insert(0, Element("bar-style"))
        found[0].text = style
    return found


def _sign(barline: Element, name: str, **facts: str) -> None:
    SubElement(barline, name, facts)


def _swing(root: Element) -> None:
    """Mark eighths as the first and the last of a triplet, beginning in the tempo mark."""
    for sound in root.iter("sound"):
        if sound.get("tempo"):
            swing = SubElement(sound, "swing")
            for name, value in (("first", "2"), ("second", "1"), ("swing-type", "eighth")):
                SubElement(swing, name).text = value
            break
    for measure in root.iter("measure"):
        directions = measure.findall("direction")
        for mark, words in pairwise(directions):
            if mark.find("direction-type/metronome") is not None and words.findtext("direction-type/words") == SWING:
                mark.insert(0, words[0])
                mark[0][0].text = f"{SWING}\N{NO-BREAK SPACE} "
                mark.set("placement", "above")
                measure.remove(words)
                return


def _count_rests(measures: list[Element]) -> None:
    """Write adjacent bars of rest as one sign; a sign within the run ends it."""
    index = 0
    while index < len(measures):
        count = 0
        while index + count < len(measures) and _is_rest(measures[index + count], is_first=count == 0):
            count += 1
            if measures[index + count - 1].find("barline") is not None:
                break
        if count > 1:
            measure = measures[index]
            attributes = measure.find("attributes")
            if attributes is None:
                attributes = Element("attributes")
                measure.insert(0, attributes)
            SubElement(SubElement(attributes, "measure-style"), "multiple-rest").text = str(count)
        index += max(count, 1)


def _is_rest(measure: Element, *, is_first: bool) -> bool:
    notes = measure.findall("note")
    rests = notes and all(note.find("rest[@measure='yes']") is not None for note in notes)
    marked = any(measure.find(mark) is not None for mark in _MARKS)
    return bool(rests) and measure.get("number") != "0" and (is_first or not marked)


def _name_drums(listed: Element, part: Element) -> None:
    """Set the General MIDI sound of each stroke of a drum part: music21 has one sound for a part."""
    strokes = [note_ for note_ in part.iter("note") if note_.get("id", "").startswith(STROKE)]
    pitches = {int(note_.get("id", "").split("-")[1]) for note_ in strokes}
    if not strokes:
        return
    for kind in ("score-instrument", "midi-instrument"):
        for element in listed.findall(kind):
            listed.remove(element)
    for pitch_ in sorted(pitches):
        drum = SubElement(listed, "score-instrument", id=f"{listed.get('id')}-I{pitch_}")
        SubElement(drum, "instrument-name").text = drum_of(pitch_).name
    for pitch_ in sorted(pitches):
        sound = SubElement(listed, "midi-instrument", id=f"{listed.get('id')}-I{pitch_}")
        for name, value in (("midi-channel", 10), ("midi-program", 1), ("midi-unpitched", pitch_ + 1)):
            SubElement(sound, name).text = str(value)
    for note_ in strokes:
        pitch_text = note_.attrib.pop("id").split("-")[1]
        before = [index for index, child in enumerate(note_) if child.tag in _BEFORE_INSTRUMENT]
        note_.insert(max(before) + 1, Element("instrument", id=f"{listed.get('id')}-I{pitch_text}"))
