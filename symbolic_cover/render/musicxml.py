"""An arrangement as a score to read: music21, MusicXML.

The reading decisions are made elsewhere and only put together here: `voices` says who shares a voice and how long notes
are written, `rhythm` which values, ties and beams, `spelling` which names, `players` who reads from which staves and
`drums` where drums stand.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias
from xml.etree.ElementTree import Element, SubElement

from music21 import (
    bar,
    chord,
    duration,
    instrument,
    key,
    layout,
    metadata,
    meter,
    note,
    percussion,
    pitch,
    stream,
    text,
    tie,
)
from music21.musicxml.m21ToXml import ScoreExporter

from symbolic_cover.music import TICKS_PER_QUARTER, Arrangement, Bar, Key, Note
from symbolic_cover.render.drums import FEET, drum_of, write_drum_voices
from symbolic_cover.render.marks import clef_named, mark_dynamic, mark_top_staff
from symbolic_cover.render.players import (
    VOICES,
    Player,
    families_of,
    held_tune,
    is_guitar,
    names_chords,
    players_of,
    sustains,
)
from symbolic_cover.render.rhythm import Event, Figure, write_bar
from symbolic_cover.render.spelling import Spelling, spell
from symbolic_cover.render.voices import HELD_TICK, write_voices

#: Names a pitch that a line has at a tick.
Speller = Callable[[int, int], Spelling]
#: What is written on the staff: a pitch or a drum.
Head: TypeAlias = pitch.Pitch | note.Unpitched

#: Ids of drum strokes on the way through music21, such as ``stroke-38-1`` for a snare.
_STROKE = "stroke"
#: What stands before <instrument> in a <note>.
_BEFORE_INSTRUMENT = ("chord", "unpitched", "duration", "tie")


def write_musicxml(arrangement: Arrangement, path: Path) -> None:
    """Write an arrangement as uncompressed MusicXML, the same bytes each time. Raises as `to_music21` does."""
    exporter = ScoreExporter(to_music21(arrangement), makeNotation=False)
    _tidy(exporter.parse())
    Path(path).write_bytes(exporter.asBytes())


def _tidy(root: Element) -> None:
    """Remove what differs from run to run, and number the voices of staff n from 4n - 3 on.

    music21 counts the voices of a lower staff on from those of the upper staff in the same bar.
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


def _name_drums(listed: Element, part: Element) -> None:
    """Say of each stroke of a drum part which of General MIDI's sounds it is: music21 knows one sound for a part."""
    strokes = [note_ for note_ in part.iter("note") if note_.get("id", "").startswith(_STROKE)]
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


def to_music21(arrangement: Arrangement) -> stream.Score:
    """Engrave an arrangement as a music21 score.

    Parts of one `group` become the staves of one instrument, braced; so does a part whose chords are too wide for one
    staff. Players without a note are left out. Every (onset, pitch) of every part is kept at the pitch that sounds
    (drums as unpitched notes); lengths are simplified for reading. Raises ValueError if a note begins before tick 0.
    """
    if any(note_.onset_tick < 0 for note_ in arrangement.notes):
        raise ValueError("a note begins before the first bar")
    bars = _covering_bars(arrangement)
    score = stream.Score()
    _head(score, arrangement.title, f"arr. symbolic-cover ({arrangement.style})")
    players = players_of(arrangement)
    staves_of: dict[int, list[stream.Part]] = {}
    for number, player in enumerate(players):
        staves = [_staff(player, place, number, arrangement, bars) for place in range(len(player.staves))]
        staves_of[id(player)] = staves
        for staff in staves:
            staff.partName = player.name
            staff.partAbbreviation = player.abbreviation if len(players) > 1 else ""
            score.insert(0, staff)
        if len(staves) > 1:
            score.insert(0, layout.StaffGroup(staves, name=player.name, symbol="brace"))
        mark_dynamic(
            staves[0], [note_ for part in player.staves for note_ in part.notes], bars, above=player.family == VOICES
        )
    for family, members in families_of(players):
        rows = [staff for player in members for staff in staves_of[id(player)]]
        score.insert(0, layout.StaffGroup(rows, symbol="bracket", barTogether=family != VOICES))
    top = score.parts.first()
    if top is not None:
        mark_top_staff(top, arrangement, bars, with_chords=names_chords(players))
    return score


def _head(score: stream.Score, title: str, arranger: str) -> None:
    """Title and arranger, for the catalogue and for the page."""
    title = "".join(sign for sign in title if sign.isprintable()) or "Untitled"
    score.metadata = metadata.Metadata(title=title)
    score.metadata.add("arranger", arranger)
    for words, size, justify, x, y in ((title, 22, "center", 600, 1600), (arranger, 11, "right", 1130, 1520)):
        credit = text.TextBox(words, x, y)
        credit.page = 1
        credit.style.fontSize = size
        credit.style.justify = justify
        credit.style.alignVertical = "top"
        score.insert(0, credit)


def _covering_bars(arrangement: Arrangement) -> tuple[Bar, ...]:
    """The bars of the grid, and more like the last one if notes begin after it."""
    bars = list(arrangement.grid.bars)
    last_onset = max((note_.onset_tick for note_ in arrangement.notes), default=0)
    while bars[-1].end_tick <= last_onset:
        bars.append(Bar(bars[-1].end_tick, bars[-1].meter))
    return tuple(bars)


def _onsets(notes: tuple[Note, ...]) -> set[tuple[int, int]]:
    return {(note_.onset_tick, note_.pitch) for note_ in notes}


def _staff(player: Player, place: int, number: int, arrangement: Arrangement, bars: tuple[Bar, ...]) -> stream.Part:
    part = player.staves[place]
    staff: stream.Part = stream.PartStaff() if len(player.staves) > 1 else stream.Part()
    staff.insert(0, _instrument(player, number))
    voices = _voices(player, place, arrangement, bars)
    spellers = [_speller(events, arrangement) for events in voices]
    strokes = itertools.count(1)
    for count, bar_ in enumerate(bars, 1):
        measure = stream.Measure(number=count)
        if count == 1:
            measure.insert(0, clef_named(player.clefs[place]))
            if not part.is_drums:
                measure.insert(0, key.KeySignature(arrangement.key.fifths))
        if count == 1 or bar_.meter != bars[count - 2].meter:
            measure.insert(0, meter.TimeSignature(str(bar_.meter)))
        written = [write_bar(events, bar_.start_tick, bar_.meter) for events in voices]
        used = [index for index, figures in enumerate(written) if any(figure.pitches for figure in figures)] or [0]
        written = [written[index] for index in used]
        heads: list[dict[int, list[Head]]] = (
            _drum_heads(written, strokes)
            if part.is_drums
            else _shown_names(written, [spellers[index] for index in used], bar_, _Names(arrangement.key))
        )
        for index, figures in enumerate(written):
            target: stream.Stream = measure
            if len(written) > 1:
                target = stream.Voice(id=str(index + 1))
                measure.insert(0, target)
            _fill(target, figures, heads[index], bar_, hidden_rests=index > 0)
        if count == len(bars):
            measure.rightBarline = bar.Barline("final")
        staff.append(measure)
    return staff


def _speller(events: list[Event], arrangement: Arrangement) -> Speller:
    """Names for what a line has at a tick, chosen where it is struck: tied notes keep their name."""
    starts = [event.start_tick for event in events]
    chords = sorted(arrangement.chords)
    chord_starts = [chord_.start_tick for chord_ in chords]

    def speller(tick: int, midi: int) -> Spelling:
        index = bisect_right(starts, tick) - 1
        next_midi = max(events[index + 1].pitches) if index + 1 < len(events) else None
        under = bisect_right(chord_starts, starts[index]) - 1
        sounding = chords[under] if under >= 0 and chords[under].end_tick > starts[index] else None
        return spell(midi, arrangement.key, sounding, next_midi)

    return speller


class _Names:
    """Which accidentals have to be printed in one bar of one staff."""

    def __init__(self, key_: Key) -> None:
        sharps = "FCGDAEB"[: max(key_.fifths, 0)]
        flats = "BEADGCF"[: max(-key_.fifths, 0)]
        self._signature = {step: (step in sharps) - (step in flats) for step in "ABCDEFG"}
        self._in_force: dict[tuple[str, int], int] = {}

    def pitch_of(self, name: Spelling, *, tied: bool) -> pitch.Pitch:
        """The written pitch; its accidental is shown if it differs from what is in force, but never on a tied note."""
        place = (name.step, name.octave)
        shown = not tied and self._in_force.get(place, self._signature[name.step]) != name.alter
        if not tied:
            self._in_force[place] = name.alter
        written = pitch.Pitch(step=name.step, octave=name.octave)
        if name.alter or shown:
            written.accidental = pitch.Accidental(name.alter)
            written.accidental.displayStatus = shown
        return written


def _shown_names(
    voices: list[list[Figure]], spellers: list[Speller], bar_: Bar, names: _Names
) -> list[dict[int, list[Head]]]:
    """The written pitches of each voice by tick in the bar; accidentals count in the order in which they are read."""
    shown: list[dict[int, list[Head]]] = [{} for _ in voices]
    figures = [(figure.start_tick, index, figure) for index, voice in enumerate(voices) for figure in voice]
    for tick, index, figure in sorted(figures, key=lambda item: item[:2]):
        spelled = [spellers[index](bar_.start_tick + tick, midi) for midi in figure.pitches]
        shown[index][tick] = [names.pitch_of(name, tied=figure.tied_from) for name in spelled]
    return shown


def _drum_heads(voices: list[list[Figure]], strokes: Iterator[int]) -> list[dict[int, list[Head]]]:
    """The drums of each voice by tick in the bar, each with an id that names its sound."""
    return [
        {
            figure.start_tick: [_drum_head(midi, f"{_STROKE}-{midi}-{next(strokes)}") for midi in figure.pitches]
            for figure in voice
        }
        for voice in voices
    ]


def _drum_head(midi: int, name: str) -> note.Unpitched:
    drum = drum_of(midi)
    head = note.Unpitched(displayName=f"{drum.step}{drum.octave}")
    head.notehead = drum.head
    head.stemDirection = "down" if midi in FEET else "up"
    head.id = name
    return head


def _fill(
    target: stream.Stream,
    figures: list[Figure],
    heads: dict[int, list[Head]],
    bar_: Bar,
    *,
    hidden_rests: bool,
) -> None:
    """Put the figures of one voice into a measure or voice."""
    if not any(figure.pitches for figure in figures):
        rest = note.Rest(quarterLength=Fraction(bar_.meter.bar_tick, TICKS_PER_QUARTER))
        rest.fullMeasure = True
        target.insert(0, rest)
        return
    for figure in figures:
        length = duration.Duration(type=figure.value, dots=figure.dots)
        if figure.triplet:
            triplet = duration.Tuplet(3, 2, figure.value)
            triplet.type = {"start": "start", "stop": "stop"}.get(figure.triplet)
            triplet.bracket = not figure.beams
            length.appendTuplet(triplet)
        element = _element(heads[figure.start_tick], length)
        if hidden_rests and element.isRest and not figure.triplet:
            element.style.hideObjectOnPrint = True
        if figure.tied_from or figure.tied_to:
            kind = {(True, True): "continue", (True, False): "stop", (False, True): "start"}
            element.tie = tie.Tie(kind[figure.tied_from, figure.tied_to])
        for beam in figure.beams:
            element.beams.append(*beam.split("-"))
        target.insert(Fraction(figure.start_tick, TICKS_PER_QUARTER), element)


def _element(heads: list[Head], length: duration.Duration) -> note.GeneralNote:
    if not heads:
        return note.Rest(duration=length)
    if not isinstance(heads[0], note.Unpitched):
        return note.Note(heads[0], duration=length) if len(heads) == 1 else chord.Chord(heads, duration=length)
    if len(heads) == 1:
        heads[0].duration = length
        return heads[0]
    struck = percussion.PercussionChord(heads, duration=length)
    struck.stemDirection = heads[0].stemDirection
    return struck


def _instrument(player: Player, number: int) -> instrument.Instrument:
    if player.is_drums:
        kit = instrument.UnpitchedPercussion()
        kit.instrumentName, kit.midiChannel = player.name, 9
    else:
        program = player.staves[0].program
        kit = instrument.instrumentFromMidiProgram(program)
        kit.midiProgram = program
        kit.transposition = None
        kit.instrumentName = player.name
    kit.instrumentAbbreviation = player.abbreviation
    kit.instrumentId = f"I{number}"
    return kit


def _voices(
    player: Player, place: int, arrangement: Arrangement, bars: tuple[Bar, ...]
) -> tuple[list[Event], list[Event]]:
    """The first and the second voice of a staff."""
    part = player.staves[place]
    if part.is_drums:
        return write_drum_voices(part.notes, bars)
    if sustains(part):
        return write_voices(part.notes, bars, held_tune(part.notes, HELD_TICK))
    melody = _onsets(arrangement.melody) if player.leads else ()
    return write_voices(part.notes, bars, melody, apart=is_guitar(part))
