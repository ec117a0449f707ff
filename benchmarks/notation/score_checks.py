"""Checks of a written score: the MusicXML 4.0 schema, and other readers finding the same music.

The schema comes from the development dependency `musicxml`, which includes W3C's file; nothing is downloaded.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import unified_diff
from fractions import Fraction
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.analysis.song import analyze
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.notation.drums import drum_of
from symbolic_cover.notation.layout import lay_out
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.players import players_of

#: What MusicXML uses of XLink; W3C's own file would have to be fetched.
_XLINK = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<xs:attribute name="href" type="xs:anyURI"/><xs:attribute name="type" type="xs:string"/>
<xs:attribute name="role" type="xs:token"/><xs:attribute name="title" type="xs:token"/>
<xs:attribute name="show" type="xs:token"/><xs:attribute name="actuate" type="xs:token"/></xs:schema>"""
_XML = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<xs:attribute name="lang" type="xs:language"/><xs:attribute name="space" type="xs:NCName"/></xs:schema>"""


class _Local(etree.Resolver):
    """Hands out the two schemas that MusicXML's imports by their address."""

    def resolve(self, url: str, public_id: str, context: Any) -> Any:
        for name, text in (("xlink.xsd", _XLINK), ("xml.xsd", _XML)):
            if url.endswith(name):
                return self.resolve_string(text, context)
        return None


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    package = find_spec("musicxml")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "generate_classes" / "musicxml_4_0.xsd"
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    return etree.XMLSchema(etree.parse(path, parser))


def schema_faults(path: Path) -> list[str]:
    """The errors of a file by the MusicXML 4.0 schema; empty if it is valid."""
    schema = _schema()
    schema.validate(etree.parse(path, etree.XMLParser(no_network=True, load_dtd=False)))
    return [f"line {error.line}: {error.message}" for error in schema.error_log]


def music21_faults(arrangement: Arrangement, path: Path) -> list[str]:
    """What music21 finds changed: parts by name, bars that add up, and every (onset, pitch); drums by their place.

    Onsets and pitches are those on the page, and again those that are played with all repeats.
    """
    import music21

    page, layout = lay_out(arrangement)
    score = music21.converter.parse(path, forceSource=True)
    staves = _staves(page)
    faults = []
    if [staff.partName for staff in score.parts] != [name for name, _ in staves]:
        faults.append(f"parts {[staff.partName for staff in score.parts]}")
    for staff, (name, part) in zip(score.parts, staves, strict=False):
        measures = list(staff.getElementsByClass("Measure"))
        if len(measures) != len(layout.bars):
            faults.append(f"{name} has {len(measures)} bars")
        for bar, measure in zip(layout.bars, measures, strict=False):
            length = Fraction(bar.meter.bar_tick - (0 if bar.start_tick else layout.opening_tick), TICKS_PER_QUARTER)
            for voice in list(measure.voices) or [measure]:
                if sum(Fraction(one.quarterLength).limit_denominator(48) for one in voice.notesAndRests) != length:
                    faults.append(f"bar {measure.number} of {name} does not add up")
        struck: Counter[tuple[int, object]] = Counter()
        for element in staff.recurse().notes:
            if not isinstance(element, music21.harmony.ChordSymbol):
                onset = round(Fraction(element.getOffsetInHierarchy(staff)) * TICKS_PER_QUARTER)
                for head in element.notes if hasattr(element, "notes") else [element]:
                    if head.tie is None or head.tie.type == "start":
                        struck[onset + layout.opening_tick, _named(head)] += 1
        wanted = Counter(
            (onset, _place(pitch) if part.is_drums else pitch)
            for onset, pitch in {(note.onset_tick, note.pitch) for note in part.notes}
        )
        if struck != wanted:
            faults.append(f"{name}: {_difference(struck, wanted)}")
    if layout.repeats:
        faults += _played_faults(score, arrangement)
    return faults


def _played_faults(score: Any, arrangement: Arrangement) -> list[str]:
    """What differs where music21 plays the repeats out: how many notes each staff strikes, and at which pitches."""
    page, _ = lay_out(arrangement, Notation(written_out=True))
    faults = []
    for staff, (name, part) in zip(score.expandRepeats().parts, _staves(page), strict=True):
        heads = [
            head
            for element in staff.recurse().notes
            if type(element).__name__ != "ChordSymbol"
            for head in (element.notes if hasattr(element, "notes") else [element])
        ]
        struck = Counter(_named(head) for head in heads if head.tie is None or head.tie.type == "start")
        wanted = Counter(_place(pitch) if part.is_drums else pitch
                         for _, pitch in {(note.onset_tick, note.pitch) for note in part.notes})  # fmt: skip
        if struck != wanted:
            faults.append(f"{name}, played out: {_difference(struck, wanted)}")
    return faults


def _named(head: Any) -> object:
    return (head.displayStep, head.displayOctave) if hasattr(head, "displayStep") else head.pitch.midi


def _place(pitch: int) -> object:
    drum = drum_of(pitch)
    return drum.step, drum.octave


def verovio_faults(arrangement: Arrangement, path: Path) -> list[str]:
    """The differences in verovio's reading: bars, staves, and every (onset, pitch), drums too."""
    import symusic
    import verovio

    _, layout = lay_out(arrangement)
    page, _ = lay_out(arrangement, Notation(written_out=True))
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.loadData(path.read_text(encoding="utf-8"))
    n_bars = toolkit.getMEI().count("<measure ")
    faults = [] if n_bars == len(layout.bars) else [f"{n_bars} bars"]
    played = symusic.Score.from_midi(base64.b64decode(toolkit.renderToMIDI()))
    staves = [(name, part) for name, part in _staves(page) if part.notes]
    tracks = [track for track in played.tracks if len(track.notes)]
    if len(tracks) != len(staves):
        return [*faults, f"{len(tracks)} staves with notes"]
    scale = TICKS_PER_QUARTER / played.ticks_per_quarter
    for track, (name, part) in zip(tracks, staves, strict=True):
        struck = {(round(note.time * scale) + layout.opening_tick, note.pitch) for note in track.notes}
        wanted = {(note.onset_tick, note.pitch) for note in part.notes}
        if struck != wanted:
            faults.append(f"{name}: {_difference(Counter(struck), Counter(wanted))}")
    return faults


def _staves(page: Arrangement) -> list[tuple[str, Part]]:
    return [(player.name, staff) for player in players_of(page) for staff in player.staves]


def _onsets(notes: Sequence[Note]) -> set[tuple[int, int]]:
    return {(note.onset_tick, note.pitch) for note in notes}


def _difference(struck: Counter, wanted: Counter) -> str:
    return f"{sum((wanted - struck).values())} notes lost, {sum((struck - wanted).values())} added"


def returned(arrangement: Arrangement, path: Path) -> Arrangement:
    """The arrangement that our own reader finds in its score.

    Notes, parts, programs, bars, tempo, key, chords, dynamics, title and composer are what the file says. What no
    MusicXML file says is taken over: style, source, the sections' ticks, the chords (which spell the notes) where no
    symbols are written, the key where none or C major is, and which staff has the melody, whose notes are those of the
    first voice.
    """
    heard = read_score(path)
    names = [track.name for track in heard.tracks]
    parts = [
        Part(name, name.lower() if names.count(name) > 1 else "", program, notes, is_drums)
        for name, notes, program, is_drums, _ in quantize(heard)
    ]
    lead = max(_staves(arrangement), key=lambda staff: len(_onsets(arrangement.melody) & _onsets(staff[1].notes)))
    place = [staff for staff in _staves(arrangement) if staff[1].notes].index(lead) if lead[1].notes else 0
    return replace(
        arrangement, parts=tuple(parts), melody=_first_voice(path, place, parts[place]), grid=heard.grid,
        key=heard.key or arrangement.key, chords=arrangement.chords if heard.chords is None else analyze(heard).chords,
        title=heard.title, composer=heard.composer,
    )  # fmt: skip


def _first_voice(path: Path, place: int, part: Part) -> tuple[Note, ...]:
    """The notes of a part, the staff at `place` of a score, that stand in the first voice."""
    import music21

    staff = music21.converter.parse(path, forceSource=True).parts[place]
    staff = staff.expandRepeats() if any(staff.recurse().getElementsByClass("Repeat")) else staff
    measures = list(staff.getElementsByClass("Measure"))
    shift = max(0, measures[0].barDuration.quarterLength - measures[0].duration.quarterLength) if measures else 0
    upper: set[tuple[int, int]] = set()
    for measure in measures:
        for element in (next(iter(measure.voices), measure)).notes:
            if not isinstance(element, music21.harmony.ChordSymbol) and hasattr(element, "pitches"):
                onset = round((Fraction(element.getOffsetInHierarchy(staff)) + Fraction(shift)) * TICKS_PER_QUARTER)
                upper |= {(onset, pitch.midi) for pitch in element.pitches}
    return tuple(note for note in part.notes if (note.onset_tick, note.pitch) in upper)


def return_faults(arrangement: Arrangement, path: Path) -> list[str]:
    """The lines that differ when the score is read by our own reader and written again."""
    again = path.with_name(f"{path.stem}-again.musicxml")
    write_musicxml(returned(arrangement, path), again)
    first, second = (file.read_text(encoding="utf-8").splitlines() for file in (path, again))
    changed = [line for line in unified_diff(first, second, lineterm="", n=0) if line[:3] not in ("---", "+++")]
    return [f"{len(changed)} lines differ: {' '.join(' '.join(changed[:8]).split())[:200]}"] if changed else []
