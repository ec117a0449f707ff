"""What written music of every format shares: full bars, a tempo map, and notes in ticks -> seconds.

Readers of MIDI and of notation both end here: they hand over measures, tempos and notes in (fractional)
ticks, and get what is heard, in seconds that its grid turns back into the very same ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, TimedChord, TimedNote, TimedText, TimedTrack
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Key, Meter
from symbolic_cover.listening.scores.roles import role_of

#: What the MIDI standard says where a file does not.
DEFAULT_QUARTER_BPM = 120.0
HALF_TICK = 0.5
HALF_BEAT_TICK, SWING_TICK = 6, 2


class Measure(NamedTuple):
    """A measure as written: how long it lasts and the metre in force (longer than the measure at a pick-up)."""

    length_tick: int
    meter: Meter


class WrittenNote(NamedTuple):
    """A note in fractional ticks from the start of the file."""

    onset_tick: float
    duration_tick: float
    pitch: int
    velocity: int


class ChordSymbol(NamedTuple):
    """A chord symbol: (root, quality, bass) as in `Chord`, None where the chords cease."""

    tick: float
    chord: tuple[int, str, int] | None


class KeySignature(NamedTuple):
    """A key signature: sharps (positive) or flats of it, and whether it is said to be minor."""

    tick: float
    fifths: int
    is_minor: bool


@dataclass
class WrittenTrack:
    """The notes of one voice, part or MIDI track."""

    name: str
    program: int = 0
    is_drum: bool = False
    notes: list[WrittenNote] = field(default_factory=list)


@dataclass
class Written:
    """A piece as a file says it: all times in ticks of 1/12 quarter from the start of the file."""

    tracks: list[WrittenTrack]
    measures: list[Measure]
    tempos: list[tuple[float, float]]  # (tick, quarters a minute)
    keys: list[KeySignature] = field(default_factory=list)
    chords: list[ChordSymbol] = field(default_factory=list)
    sections: list[tuple[float, str]] = field(default_factory=list)  # (tick, name)
    lyrics: list[tuple[float, str]] = field(default_factory=list)  # (tick, syllable)
    composer: str = ""
    swings: bool = False  # eighths are to be played as the first and the last of a triplet

    @property
    def end_tick(self) -> float:
        """Where the last note ends."""
        return max(note.onset_tick + note.duration_tick for track in self.tracks for note in track.notes)

    @property
    def n_notes(self) -> int:
        """How many notes all tracks hold."""
        return sum(len(track.notes) for track in self.tracks)


def settle(written: Written) -> Heard:
    """What is written, on full bars from tick 0 and in the seconds that belong to them.

    A pick-up becomes a full bar that begins with rests: everything moves right, and seconds begin
    with that bar.
    """
    bars, shift_tick = full_bars(written.measures, written.end_tick)
    if written.swings:
        swing_out(written, bars, shift_tick)
    grid = _grid(bars, [(tick + shift_tick if tick > 0 else 0.0, bpm) for tick, bpm in written.tempos])

    def sec_at(tick: float) -> float:
        return float(np.float32(grid.sec_at(tick + shift_tick)))

    symbols = sorted(written.chords, key=lambda symbol: symbol.tick)
    return Heard(
        tuple(_timed(track, shift_tick, grid) for track in written.tracks),
        grid,
        composer=written.composer,
        chords=timed_chords([(sec_at(tick), chord) for tick, chord in symbols], float(grid.sec_at(grid.end_tick))),
        key=stated_key(written.keys),
        sections=tuple(TimedText(sec_at(tick), name) for tick, name in written.sections),
        lyrics=tuple(TimedText(sec_at(tick), syllable) for tick, syllable in written.lyrics),
    )


def timed_chords(
    symbols: Sequence[tuple[float, tuple[int, str, int] | None]], end_sec: float
) -> tuple[TimedChord, ...] | None:
    """Chords from (second, chord) symbols, each of which lasts until the next; None where there are no symbols."""
    if not symbols:
        return None
    ends = [*(sec for sec, _ in symbols[1:]), end_sec]
    return tuple(
        TimedChord(sec, end, *chord)
        for (sec, chord), end in zip(symbols, ends, strict=True)
        if chord is not None and end > sec
    )


def stated_key(signatures: Sequence[KeySignature]) -> Key | None:
    """The first key that is stated; C major says nothing, being what programs write where they know of no key."""
    for signature in signatures:
        if signature.fifths or signature.is_minor:
            major_tonic = signature.fifths * 7 % 12
            return Key((major_tonic + 9) % 12, "minor") if signature.is_minor else Key(major_tonic, "major")
    return None


def swing_out(written: Written, bars: tuple[Bar, ...], shift_tick: int) -> None:
    """Move what begins or ends half-way through a quarter to two thirds, if the track divides it in no other way."""
    beats = {tick for bar in bars for tick in range(bar.start_tick, bar.end_tick, TICKS_PER_QUARTER)}
    for track in written.tracks:
        onsets = {round(note.onset_tick) + shift_tick for note in track.notes}
        swung = {
            beat for beat in beats if onsets & set(range(beat + 1, beat + TICKS_PER_QUARTER)) <= {beat + HALF_BEAT_TICK}
        }
        for index, note in enumerate(track.notes):
            ends = (note.onset_tick, note.onset_tick + note.duration_tick)
            start, end = (tick + SWING_TICK * (round(tick) + shift_tick - HALF_BEAT_TICK in swung) for tick in ends)
            track.notes[index] = note._replace(onset_tick=start, duration_tick=end - start)


def full_bars(measures: list[Measure], end_tick: float) -> tuple[tuple[Bar, ...], int]:
    """Bars that cover `end_tick`, and by how many ticks the music moves right to fill the pick-up.

    Two short measures that make up one (around a repeat sign) become one bar; any other measure that does
    not last as its metre says gets a metre of its own length.
    """
    measures = list(measures) or [Measure(Meter(4, 4).bar_tick, Meter(4, 4))]
    first = measures[0]
    shift_tick = max(0, first.meter.bar_tick - first.length_tick) if len(measures) > 1 else 0
    measures[0] = Measure(first.length_tick + shift_tick, first.meter)
    last_meter = measures[-1].meter
    if measures[-1].length_tick < last_meter.bar_tick:
        measures[-1] = Measure(last_meter.bar_tick, last_meter)
    bars: list[Bar] = []
    tick, index = 0, 0
    while index < len(measures):
        length, meter = measures[index]
        following = measures[index + 1].length_tick if index + 1 < len(measures) else 0
        if length < meter.bar_tick and length + following == meter.bar_tick:
            length, index = meter.bar_tick, index + 1
        bars.append(Bar(tick, meter if length == meter.bar_tick else meter_of_length(length)))
        tick, index = bars[-1].end_tick, index + 1
    while tick < end_tick + shift_tick - HALF_TICK:
        bars.append(Bar(tick, last_meter))
        tick += last_meter.bar_tick
    return tuple(bars), shift_tick


def meter_of_length(length_tick: int) -> Meter:
    """The plainest metre whose bar lasts `length_tick`: quarters, else eighths, sixteenths; 48ths for odd ticks."""
    for denominator in (4, 8, 16, 48):
        unit_tick = 4 * TICKS_PER_QUARTER // denominator
        if length_tick % unit_tick == 0:
            return Meter(length_tick // unit_tick, denominator)
    raise AssertionError("a 48th lasts one tick")


def _grid(bars: tuple[Bar, ...], tempos: list[tuple[float, float]]) -> Grid:
    """Felt beats of all bars, timed by the tempo map."""
    starts = [np.arange(bar.start_tick, bar.end_tick, bar.meter.beat_tick) for bar in bars]
    beat_tick = np.concatenate([*starts, [bars[-1].end_tick]]).astype(int)
    tempos = sorted(tempos, key=lambda tempo: tempo[0]) or [(0.0, DEFAULT_QUARTER_BPM)]
    changes = np.array([0.0] + [max(0.0, tick) for tick, _ in tempos])
    quarter_bpm = np.array([tempos[0][1] if tempos[0][0] <= 0 else DEFAULT_QUARTER_BPM] + [bpm for _, bpm in tempos])
    sec_per_tick = 60.0 / (np.clip(quarter_bpm, 4.0, 4000.0) * TICKS_PER_QUARTER)
    change_sec = np.concatenate([[0.0], np.cumsum(np.diff(changes) * sec_per_tick[:-1])])
    segment = np.searchsorted(changes, beat_tick, side="right") - 1
    return Grid(beat_tick, change_sec[segment] + (beat_tick - changes[segment]) * sec_per_tick[segment], bars)


def _timed(part: WrittenTrack, shift_tick: float, grid: Grid) -> TimedTrack:
    """The notes in seconds by the grid's own clock."""
    notes: tuple[TimedNote, ...] = ()
    if part.notes:
        onset, duration, pitch, velocity = (np.array(column) for column in zip(*sorted(part.notes), strict=True))
        start_sec, end_sec = grid.sec_at(onset + shift_tick), grid.sec_at(onset + shift_tick + duration)
        # In single precision, as MIDI libraries have seconds: what lies half-way between two ticks falls where it did.
        length_sec, start_sec = (end_sec - start_sec).astype(np.float32), start_sec.astype(np.float32)
        times = start_sec.tolist(), (start_sec + length_sec).tolist()
        notes = tuple(map(TimedNote, *times, pitch.tolist(), velocity.tolist()))
    return TimedTrack(part.name, notes, part.program, part.is_drum, role_of(part.name))


def ticks(quarters: float | Fraction) -> float:
    """Quarter notes -> ticks."""
    return float(quarters) * TICKS_PER_QUARTER


def refuse_too_long(path: Path, end_sec: float, longest_sec: float) -> None:
    """Raise `InputError` for music that ends after `longest_sec` seconds."""
    if end_sec > longest_sec:
        minutes = f"{longest_sec / 60:g} minutes"
        raise InputError(f"{path.name} lasts longer than {minutes}.", "Cut it to one song or one movement.")
