"""How hard a score is to read: notational features of a MusicXML file, per bar of a staff.

They are counted in the file, so that our scores and people's are measured alike. Objects that are not printed are not
counted.
"""

from __future__ import annotations

import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from symbolic_cover.core.errors import InputError

#: Descriptions of the measures; all but those of `_PER_NOTE` are means over the bars of the staves.
DESCRIPTIONS = {
    "notes": "note heads a bar",
    "rests": "rests a bar, those of whole bars not counted",
    "ties": "ties that begin, a bar",
    "voices": "voices a bar",
    "accidentals": "accidentals outside the key, a bar",
    "ledger_lines": "ledger lines a note",
    "far_notes": "share of the notes on more than two ledger lines",
    "clef_changes": "changes of clef a bar",
    "durations": "distinct note values a bar",
    "tuplets": "tuplets a bar",
}
_SHARPS = "FCGDAEB"
_STEPS = "CDEFGAB"
#: The place of the middle line in steps from C0, by sign and line of the clef.
_MIDDLE_LINES = {("G", 2): 34, ("F", 4): 22, ("C", 3): 28, ("C", 4): 26, ("C", 1): 32, ("F", 3): 24, ("G", 1): 36}
_WHOLE_BAR = 1
_PER_NOTE = ("ledger_lines", "far_notes")
_NEAR_LINES = 2

#: Sign, line and the octaves by which it sounds higher.
Clef = tuple[str, int, int]


def readability(path: Path, *, braced_only: bool = False) -> dict[str, float]:
    """Each of `DESCRIPTIONS` for an uncompressed or compressed MusicXML score (score-partwise).

    Bars of rest count as bars. With `braced_only` parts of one staff are left out, so that of songs with piano only the
    piano is measured. Raises `InputError` for anything else.
    """
    try:
        root = _root(Path(path))
        parts = [part for part in root.iter("part") if not braced_only or part.find(".//staves") is not None]
        bars = [bar for part in parts for bar in _staff_bars(part)]
    except (ElementTree.ParseError, zipfile.BadZipFile, StopIteration, KeyError, ValueError) as error:
        raise InputError(f"{path} is not valid MusicXML.", "Export it again as MusicXML.") from error
    if not bars:
        raise InputError(f"{path} has no bars.", "Give a MusicXML score with parts.")
    totals = {name: float(sum(bar[name] for bar in bars)) for name in DESCRIPTIONS}
    n_notes = totals["notes"]
    return {name: total / (max(n_notes, 1) if name in _PER_NOTE else len(bars)) for name, total in totals.items()}


def _root(path: Path) -> ElementTree.Element:
    if not zipfile.is_zipfile(path):
        return ElementTree.parse(path).getroot()
    with zipfile.ZipFile(path) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        name = next(one.get("full-path") for one in container.iter() if one.tag.endswith("rootfile"))
        return ElementTree.fromstring(archive.read(name or ""))


def _staff_bars(part: ElementTree.Element) -> Iterator[dict[str, int]]:
    """The contents of each bar of each staff of a part."""
    clefs: dict[int, Clef] = {}
    fifths, n_staves = 0, 1
    for measure in part.iter("measure"):
        notes: dict[int, list[ElementTree.Element]] = defaultdict(list)
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        for element in measure:
            if element.tag == "attributes":
                n_staves = int(element.findtext("staves", str(n_staves)))
                fifths = int(element.findtext("key/fifths", str(fifths)))
                for clef in element.findall("clef"):
                    staff, new = int(clef.get("number", "1")), _clef(clef)
                    counts[staff]["clef_changes"] += clefs.get(staff, new) != new
                    clefs[staff] = new
            elif element.tag == "note" and element.get("print-object") != "no":
                staff = int(element.findtext("staff", "1"))
                notes[staff].append(element)
                lines = _ledger_lines(element, clefs.get(staff, ("G", 2, 0)))
                counts[staff]["ledger_lines"] += lines
                counts[staff]["far_notes"] += lines > _NEAR_LINES
        for staff in range(1, n_staves + 1):
            yield dict.fromkeys(DESCRIPTIONS, 0) | _counted(notes[staff], fifths) | counts[staff]


def _clef(element: ElementTree.Element) -> Clef:
    line, octave = element.findtext("line", "0"), element.findtext("clef-octave-change", "0")
    return element.findtext("sign", "G"), int(line), int(octave)


def _counted(notes: list[ElementTree.Element], fifths: int) -> dict[str, int]:
    heads = [note for note in notes if note.find("rest") is None]
    rests = [note for note in notes if note.find("rest") is not None and not _fills_bar(note, notes)]
    pitched = [note for note in heads if note.find("pitch") is not None]
    return {
        "notes": len(heads),
        "rests": len(rests),
        "ties": sum(tie.get("type") == "start" for note in heads for tie in note.findall("tie")),
        "voices": len({note.findtext("voice", "1") for note in heads}),
        "accidentals": sum(_is_outside(note, fifths) for note in pitched if note.find("tie[@type='stop']") is None),
        "durations": len({(note.findtext("type"), len(note.findall("dot"))) for note in heads}),
        "tuplets": sum(one.get("type") == "start" for note in notes for one in note.iter("tuplet")),
    }


def _fills_bar(note: ElementTree.Element, notes: list[ElementTree.Element]) -> bool:
    """Whether a rest is the only content of its voice in the bar."""
    voice = note.findtext("voice", "1")
    return sum(other.findtext("voice", "1") == voice for other in notes) == _WHOLE_BAR


def _is_outside(note: ElementTree.Element, fifths: int) -> bool:
    """Whether a note differs from the key signature."""
    step, alter = note.findtext("pitch/step", "C"), round(float(note.findtext("pitch/alter", "0")))
    place = _SHARPS.index(step)
    in_key = 1 if place < fifths else -1 if 6 - place < -fifths else 0
    return alter != in_key


def _ledger_lines(note: ElementTree.Element, clef: Clef) -> int:
    """The number of ledger lines of a note: the outer lines are four steps from the middle one."""
    sign, line, octave = clef
    if (sign, line) not in _MIDDLE_LINES or note.find("pitch") is None:
        return 0
    place = _STEPS.index(note.findtext("pitch/step", "C")) + 7 * int(note.findtext("pitch/octave", "4"))
    return max(0, (abs(place - _MIDDLE_LINES[sign, line] - 7 * octave) - 4) // 2)
