"""An arrangement as a score to read: music21, MusicXML.

The reading decisions are made elsewhere and only put together here: `voices` says who shares a voice and how long notes
are written, `rhythm` which values, ties and beams, `spelling` which names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

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
    pitch,
    stream,
    text,
    tie,
)
from music21.musicxml.m21ToXml import ScoreExporter

from symbolic_cover.music import TICKS_PER_QUARTER, Arrangement, Bar, Key, Note, Part
from symbolic_cover.render.marks import clef_of, mark_top_staff
from symbolic_cover.render.rhythm import Event, Figure, write_bar
from symbolic_cover.render.spelling import Spelling, spell
from symbolic_cover.render.voices import write_voices

#: Names a pitch that a line has at a tick.
Speller = Callable[[int, int], Spelling]


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
    for note_ in root.iter("note"):
        staff, voice = int(note_.findtext("staff", "1")), note_.find("voice")
        if staff > 1 and voice is not None:
            voice.text = str(4 * staff - 3)


def to_music21(arrangement: Arrangement) -> stream.Score:
    """Engrave an arrangement as a music21 score.

    Parts of one `group` become the staves of one instrument, braced. Every (onset, pitch) of every part is
    kept; lengths are simplified for reading. Raises ValueError if a note begins before tick 0.
    """
    if any(note_.onset_tick < 0 for note_ in arrangement.notes):
        raise ValueError("a note begins before the first bar")
    bars = _covering_bars(arrangement)
    score = stream.Score()
    _head(score, arrangement.title, f"arr. symbolic-cover ({arrangement.style})")
    leading = _leading_part(arrangement)
    groups: dict[str, list[Part]] = defaultdict(list)
    for part in arrangement.parts:
        groups[part.group].append(part)
    for group, parts in groups.items():
        staves = [
            _staff(part, arrangement, bars, melody=part is leading, staff_of=len(parts), place=place)
            for place, part in enumerate(parts)
        ]
        for staff in staves:
            staff.partName = parts[0].name if len(parts) == 1 else group.capitalize()
            score.insert(0, staff)
        if len(staves) > 1:
            score.insert(0, layout.StaffGroup(staves, name=group.capitalize(), symbol="brace"))
    top = score.parts.first()
    if top is not None:
        mark_top_staff(top, arrangement, bars)
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


def _leading_part(arrangement: Arrangement) -> Part | None:
    melody = _onsets(arrangement.melody)
    return max(arrangement.parts, key=lambda part: len(melody & _onsets(part.notes)), default=None)


def _onsets(notes: tuple[Note, ...]) -> set[tuple[int, int]]:
    return {(note_.onset_tick, note_.pitch) for note_ in notes}


def _staff(
    part: Part, arrangement: Arrangement, bars: tuple[Bar, ...], *, melody: bool, staff_of: int, place: int
) -> stream.Part:
    staff: stream.Part = stream.PartStaff() if staff_of > 1 else stream.Part()
    player = instrument.instrumentFromMidiProgram(part.program)
    player.midiProgram = part.program
    player.instrumentId = f"I-{part.group}"
    staff.insert(0, player)
    voices = write_voices(part.notes, bars, _onsets(arrangement.melody) if melody else ())
    spellers = [_speller(events, arrangement) for events in voices]
    for number, bar_ in enumerate(bars, 1):
        measure = stream.Measure(number=number)
        if number == 1:
            measure.insert(0, clef_of(part, staff_of, place))
            measure.insert(0, key.KeySignature(arrangement.key.fifths))
        if number == 1 or bar_.meter != bars[number - 2].meter:
            measure.insert(0, meter.TimeSignature(str(bar_.meter)))
        written = [write_bar(events, bar_.start_tick, bar_.meter) for events in voices]
        if not any(figure.pitches for figure in written[1]):
            written = written[:1]
        shown = _shown_names(written, spellers, bar_, _Names(arrangement.key))
        for index, figures in enumerate(written):
            target: stream.Stream = measure
            if len(written) > 1:
                target = stream.Voice(id=str(index + 1))
                measure.insert(0, target)
            _fill(target, figures, shown[index], bar_, hidden_rests=index > 0)
        if number == len(bars):
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
) -> list[dict[int, list[pitch.Pitch]]]:
    """The written pitches of each voice by tick in the bar; accidentals count in the order in which they are read."""
    shown: list[dict[int, list[pitch.Pitch]]] = [{} for _ in voices]
    figures = [(figure.start_tick, index, figure) for index, voice in enumerate(voices) for figure in voice]
    for tick, index, figure in sorted(figures, key=lambda item: item[:2]):
        spelled = [spellers[index](bar_.start_tick + tick, midi) for midi in figure.pitches]
        shown[index][tick] = [names.pitch_of(name, tied=figure.tied_from) for name in spelled]
    return shown


def _fill(
    target: stream.Stream,
    figures: list[Figure],
    pitches: dict[int, list[pitch.Pitch]],
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
        element = _element(pitches[figure.start_tick], length)
        if hidden_rests and element.isRest and not figure.triplet:
            element.style.hideObjectOnPrint = True
        if figure.tied_from or figure.tied_to:
            kind = {(True, True): "continue", (True, False): "stop", (False, True): "start"}
            element.tie = tie.Tie(kind[figure.tied_from, figure.tied_to])
        for beam in figure.beams:
            element.beams.append(*beam.split("-"))
        target.insert(Fraction(figure.start_tick, TICKS_PER_QUARTER), element)


def _element(pitches: list[pitch.Pitch], length: duration.Duration) -> note.GeneralNote:
    if not pitches:
        return note.Rest(duration=length)
    if len(pitches) == 1:
        return note.Note(pitches[0], duration=length)
    return chord.Chord(pitches, duration=length)
