"""Write an arrangement as MusicXML with music21.

The decisions are made elsewhere and combined here: `voices` chooses voices and written lengths, `rhythm` values, ties
and beams, `spelling` names, `players` staves, and `drums` places of drums.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from music21 import bar, chord, duration, instrument, interval, key, layout, meter, note, percussion, stream, tie
from music21.musicxml.m21ToXml import ScoreExporter

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Note
from symbolic_cover.notation.clefs import clefs_of_bars
from symbolic_cover.notation.drums import write_drum_voices
from symbolic_cover.notation.heads import Head, Names, drum_heads, shown_names, speller_of
from symbolic_cover.notation.layout import Layout, lay_out
from symbolic_cover.notation.lyrics import Syllable, sings, syllables
from symbolic_cover.notation.marks import (
    clef_named,
    mark_dynamics,
    mark_fingers,
    mark_head,
    mark_sections,
    mark_top_staff,
)
from symbolic_cover.notation.pedalling import add_pedal, pedal_signs, uses_pedal
from symbolic_cover.notation.players import (
    VOICES,
    Player,
    clefs_known,
    families_of,
    held_melody,
    is_guitar,
    is_hand,
    names_chords,
    players_of,
    sustains,
)
from symbolic_cover.notation.rhythm import Event, Figure, write_bar
from symbolic_cover.notation.tab_staff import add_tab_staff
from symbolic_cover.notation.tablature import places_of, tuning_of
from symbolic_cover.notation.tidy import tidy
from symbolic_cover.notation.voices import HELD_TICK, moving_notes, write_voices

#: How often voices are divided again from the written result.
_MOST_ROUNDS = 4


def write_musicxml(arrangement: Arrangement, path: Path, notation: Notation = Notation()) -> None:
    """Write an arrangement as uncompressed MusicXML, with the same bytes each time. Raises as `to_music21` does."""
    exporter = ScoreExporter(to_music21(arrangement, notation), makeNotation=False)
    written, page = lay_out(arrangement, notation)
    root = exporter.parse()
    tidy(root, swings=page.swings, repeats=page.repeats)
    for part, player in zip(root.iter("part"), players_of(written), strict=True):
        finish_part(part, player, written, page, notation)
    Path(path).write_bytes(exporter.asBytes())


def finish_part(part: Element, player: Player, arrangement: Arrangement, page: Layout, notation: Notation) -> None:
    """Add what music21 does not write to a part in MusicXML: pedal signs and, if requested, tablature."""
    notes = tuple(sorted(note for staff in player.staves for note in staff.notes))
    if uses_pedal(player, arrangement.manner, has_drums=any(part.is_drums for part in arrangement.parts)):
        add_pedal(part, pedal_signs(notes, arrangement.chords, page.bars), page)
    if notation.tab and len(player.staves) == 1 and is_guitar(player.staves[0]):
        tuning = tuning_of(notes)
        add_tab_staff(part, places_of(notes, tuning), tuning, page)


def to_music21(arrangement: Arrangement, notation: Notation = Notation()) -> stream.Score:
    """Engrave an arrangement as a music21 score, at sounding pitch.

    Parts of one `group` become the staves of one instrument, braced; so does a part whose chords are too wide for one
    staff. Players without a note are left out. Every (onset, pitch) of every part keeps its sounding pitch (drums as
    unpitched notes); lengths are simplified for reading, swung eighths written straight, and a first bar whose first
    half is empty becomes a pick-up. Raises `ValueError` if a note begins before tick 0.
    """
    if any(note_.onset_tick < 0 for note_ in arrangement.notes):
        raise ValueError("a note begins before the first bar")
    arrangement, bars = lay_out(arrangement, notation)
    score = stream.Score()
    mark_head(score, arrangement)
    players = players_of(arrangement)
    staves_of: dict[int, list[stream.Part]] = {}
    for number, player in enumerate(players):
        staves = insert_player(score, player, number, arrangement, bars, notation)
        for staff in staves:
            staff.partAbbreviation = player.abbreviation if len(players) > 1 else ""
        staves_of[id(player)] = staves
    for family, members in families_of(players):
        rows = [staff for player in members for staff in staves_of[id(player)]]
        score.insert(0, layout.StaffGroup(rows, symbol="bracket", barTogether=family != VOICES))
    mark_top_staff(staves_of[id(players[0])][0], arrangement, bars, with_chords=names_chords(players))
    for staff in score.parts:
        mark_sections(staff, arrangement, bars, with_labels=staff is score.parts.first())
    return score


def insert_player(
    score: stream.Score, player: Player, number: int, arrangement: Arrangement, bars: Layout, notation: Notation
) -> list[stream.Part]:
    """Add the staves of a player to a score, with its dynamics."""
    staves = [_staff(player, place, number, arrangement, bars) for place in range(len(player.staves))]
    for staff in staves:
        staff.partName = player.name
        score.insert(0, staff)
    if len(staves) > 1:
        score.insert(0, layout.StaffGroup(staves, name=player.name, symbol="brace"))
    notes = [note_ for part in player.staves for note_ in part.notes]
    mark_dynamics(staves[0], notes, arrangement, bars, above=player.family == VOICES)
    if notation.fingering:
        for place, staff in enumerate(staves):
            mark_fingers(staff, player, place, bars)
    return staves


def _onsets(notes: tuple[Note, ...]) -> set[tuple[int, int]]:
    return {(note_.onset_tick, note_.pitch) for note_ in notes}


def _staff(player: Player, place: int, number: int, arrangement: Arrangement, page: Layout) -> stream.Part:
    part = player.staves[place]
    staff: stream.Part = stream.PartStaff() if len(player.staves) > 1 else stream.Part()
    staff.insert(0, _instrument(player, number))
    bars = page.bars
    voices = _voices(player, place, arrangement, bars)
    spellers = [speller_of(events, arrangement) for events in voices]
    strokes = itertools.count(1)
    words = syllables(arrangement) if place == 0 and sings(player) else {}
    clefs = clefs_of_bars(part.notes, bars, clefs_known(player, place))
    for count, bar_ in enumerate(bars, 1):
        opening_tick = page.opening_tick if count == 1 else 0
        measure = stream.Measure(number=page.numbers[count - 1] + 1 - bool(page.opening_tick))
        if count == 1 or clefs[count - 1] != clefs[count - 2]:
            measure.insert(0, clef_named(clefs[count - 1]))
        if count == 1 and not part.is_drums:
            measure.insert(0, key.KeySignature(arrangement.key.fifths).asKey(arrangement.key.mode))
        if count == 1 or bar_.meter != bars[count - 2].meter:
            measure.insert(0, meter.TimeSignature(str(bar_.meter)))
        written = [write_bar(events, bar_.start_tick, bar_.meter, opening_tick) for events in voices]
        used = [index for index, figures in enumerate(written) if any(figure.pitches for figure in figures)] or [0]
        written = [written[index] for index in used]
        heads: list[dict[int, list[Head]]] = (
            drum_heads(written, strokes)
            if part.is_drums
            else shown_names(written, [spellers[index] for index in used], bar_, Names(arrangement.key))
        )
        for index, figures in enumerate(written):
            target: stream.Stream = measure
            if len(written) > 1:
                target = stream.Voice(id=str(index + 1))
                measure.insert(0, target)
            _fill(target, figures, heads[index], bar_, opening_tick, words, hidden_rests=index > 0)
        if count == len(bars):
            measure.rightBarline = bar.Barline("final")
        staff.append(measure)
    return staff


def _fill(
    target: stream.Stream,
    figures: list[Figure],
    heads: dict[int, list[Head]],
    bar_: Bar,
    opening_tick: int,
    words: dict[int, Syllable],
    *,
    hidden_rests: bool,
) -> None:
    """Put the figures of one voice into a measure or voice; lyrics that are used are removed from `words`."""
    if not opening_tick and not any(figure.pitches for figure in figures):
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
        if figure.pitches and not figure.tied_from and (said := words.pop(bar_.start_tick + figure.start_tick, None)):
            element.lyrics.append(note.Lyric(text=said.text, syllabic=said.syllabic, applyRaw=True))
        for beam in figure.beams:
            element.beams.append(*beam.split("-"))
        target.insert(Fraction(figure.start_tick - opening_tick, TICKS_PER_QUARTER), element)


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
        kit.transposition = interval.Interval(player.transposition) if player.transposition else None
        kit.instrumentName = player.name
    kit.instrumentAbbreviation = player.abbreviation
    kit.instrumentId = f"I{number}"
    return kit


def _voices(
    player: Player, place: int, arrangement: Arrangement, bars: tuple[Bar, ...]
) -> tuple[list[Event], list[Event]]:
    """The first and the second voice of a staff, stable under writing and dividing again."""
    part = player.staves[place]
    if part.is_drums:
        return write_drum_voices(part.notes, bars)
    melody = _onsets(arrangement.melody) & _onsets(part.notes) if player.leads else set()
    voices = _divided(player, place, part.notes, melody, bars)
    for _ in range(_MOST_ROUNDS):
        first, second = voices
        written = tuple(Note(start, end - start, pitch) for start, end, pitches in first + second for pitch in pitches)
        melody = {(event.start_tick, pitch) for event in first for pitch in event.pitches} if melody else set()
        again = _divided(player, place, written, melody, bars)
        if again == voices:
            break
        voices = again
    return voices


def _divided(
    player: Player, place: int, notes: tuple[Note, ...], melody: set[tuple[int, int]], bars: tuple[Bar, ...]
) -> tuple[list[Event], list[Event]]:
    part = player.staves[place]
    if sustains(part):
        return write_voices(notes, bars, held_melody(notes, HELD_TICK))
    if is_hand(player, place) and not melody:
        melody = moving_notes(notes, bars)
    return write_voices(notes, bars, melody, apart=is_guitar(part))
