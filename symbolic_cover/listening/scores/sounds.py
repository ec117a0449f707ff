"""The sounds that a MusicXML file names and music21 passes over: the drums of a percussion staff, programs of pianos.

music21 knows one drum a part, and takes an instrument called "Piano" for a concert grand whatever its program.
"""

from __future__ import annotations

import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

#: Step, octave and notehead of a stroke as displayed.
Place = tuple[str, int, str]


def drum_keys(path: Path) -> dict[Place, int]:
    """The General MIDI key of each place on a file's percussion staves, the commonest where several share it."""
    struck: dict[Place, Counter[int]] = defaultdict(Counter)
    for root in _documents(path):
        keys = {one.get("id"): one.findtext("midi-unpitched") for one in root.iter("midi-instrument")}
        for note in root.iter("note"):
            instrument = note.find("instrument")
            key = keys.get(instrument.get("id")) if instrument is not None else None
            step, octave = (note.findtext(f"unpitched/display-{name}") for name in ("step", "octave"))
            if key and step and octave:
                struck[step, int(octave), note.findtext("notehead", "normal")][int(key) - 1] += 1
    return {place: keys.most_common(1)[0][0] for place, keys in struck.items()}


def programs(path: Path) -> dict[str, int]:
    """The General MIDI program, from 0, of each part by its id, where the file gives one."""
    found = {}
    for root in _documents(path):
        for part in root.iter("score-part"):
            program = part.findtext("midi-instrument/midi-program")
            if program and 1 <= int(program) <= 128:
                found[part.get("id", "")] = int(program) - 1
    return found


def _documents(path: Path) -> list[ElementTree.Element]:
    """The scores in a file, compressed or not."""
    if not zipfile.is_zipfile(path):
        return [ElementTree.parse(path).getroot()]
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith("xml") and not name.startswith("META-INF")]
        return [ElementTree.fromstring(archive.read(name)) for name in names]
