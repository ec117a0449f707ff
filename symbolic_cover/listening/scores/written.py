"""Written music of any format: full bars, a tempo map, and notes in ticks -> seconds.

The readers of MIDI and of notation give measures, tempos and notes in (fractional) ticks, and get the result in
seconds, which its grid converts back into the same ticks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, TimedChord, TimedNote, TimedText, TimedTrack
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Key, Meter
from symbolic_cover.listening.scores.roles import role_of

#: Defaults of the MIDI standard.
DEFAULT_QUARTER_BPM = 120.0
#: Tempos outside these, in quarters a minute, are errors; a tempo of 0 is ignored.
SLOWEST_BPM, FASTEST_BPM = 4.0, 4000.0
HALF_TICK = 0.5
HALF_BEAT_TICK, SWING_TICK = 6, 2
#: Limits above any song; checked before bars are made.
MOST_NOTES, LONGEST_TICK = 150_000, 2_000_000
#: A longer bar, in ticks, is music without bar lines: it is divided by the metre in force.
LONGEST_BAR_TICK = 40 * TICKS_PER_QUARTER
#: The finest note value and the most beats of a time signature.
FINEST_VALUE, MOST_BEATS = 1024, 128
SIXTEENTH_TICK = TICKS_PER_QUARTER // 4


class TimeSignature(NamedTuple):
    """A time signature as stated in a file."""

    numerator: int
    denominator: int

    @property
    def quarters(self) -> Fraction:
        """The length of its bar."""
        return Fraction(4 * self.numerator, self.denominator)


class Measure(NamedTuple):
    """A measure as written: its length and the metre in force (longer than the measure at a pick-up)."""

    length_tick: int
    meter: Meter


class WrittenNote(NamedTuple):
    """A note in fractional ticks from the start of the file."""

    onset_tick: float
    duration_tick: float
    pitch: int
    velocity: int


class ChordSymbol(NamedTuple):
    """A chord symbol: (root, quality, bass) as in `Chord`, None where the chords end."""

    tick: float
    chord: tuple[int, str, int] | None


class KeySignature(NamedTuple):
    """A key signature: its sharps (positive) or flats, and whether it is stated to be minor.

    A church mode names its `tonic`, a pitch class; a mode with a minor third counts as minor.
    """

    tick: float
    fifths: int
    is_minor: bool
    tonic: int | None = None


@dataclass
class WrittenTrack:
    """The notes of one voice, part or MIDI track."""

    name: str
    program: int = 0
    is_drum: bool = False
    notes: list[WrittenNote] = field(default_factory=list)


@dataclass
class Written:
    """A piece as stated in a file: all times in ticks of 1/12 quarter from the start of the file."""

    tracks: list[WrittenTrack]
    measures: list[Measure]
    tempos: list[tuple[float, float]]  # (tick, quarters a minute)
    keys: list[KeySignature] = field(default_factory=list)
    chords: list[ChordSymbol] = field(default_factory=list)
    sections: list[tuple[float, str]] = field(default_factory=list)  # (tick, name)
    lyrics: list[tuple[float, str]] = field(default_factory=list)  # (tick, syllable)
    composer: str = ""
    swings: bool = False  # eighths are played as the first and the last of a triplet
    remarks: list[str] = field(default_factory=list)  # notes for the user

    @property
    def end_tick(self) -> float:
        """Where the last note ends, or the last chord symbol begins."""
        notes = (note.onset_tick + note.duration_tick for track in self.tracks for note in track.notes)
        return max([*notes, *(symbol.tick + 1 for symbol in self.chords)], default=0.0)

    @property
    def n_notes(self) -> int:
        """The number of notes in all tracks."""
        return sum(len(track.notes) for track in self.tracks)


def settle(written: Written, name: str = "It", longest_sec: float = math.inf) -> Heard:
    """Put written music on full bars from tick 0, with its times in seconds.

    A pick-up becomes a full bar that begins with rests: everything moves right, and seconds begin with that bar. A bar
    that is not a whole number of sixteenths is extended to one, its last sixteenth passing quickly. Raises
    `InputError`, before bars are made, for music longer than `longest_sec` or than any song.
    """
    end_tick = max(written.end_tick, float(sum(measure.length_tick for measure in written.measures)))
    if end_tick > LONGEST_TICK or written.n_notes > MOST_NOTES:
        raise too_much(name)
    refuse_too_long(name, Clock(written.tempos).sec_at(written.end_tick), longest_sec)
    bars, shift_tick = full_bars(written.measures, written.end_tick)
    _make_room(written, shift_tick)
    if written.swings:
        swing_out(written, [bar.start_tick for bar in bars], bars[-1].end_tick, shift_tick)
    tempos = [(tick + shift_tick if tick > 0 else 0.0, bpm) for tick, bpm in written.tempos]
    place = _Places(bars)
    grid = _grid(bars, place, Clock(tempos))

    def sec_at(tick: float) -> float:
        return float(np.float32(grid.sec_at(place.at(tick + shift_tick))))

    symbols = sorted(written.chords, key=lambda symbol: symbol.tick)
    return Heard(
        tuple(_timed(track, shift_tick, place, grid) for track in written.tracks),
        grid,
        composer=written.composer,
        chords=timed_chords([(sec_at(tick), chord) for tick, chord in symbols], float(grid.sec_at(grid.end_tick))),
        key=stated_key(written.keys),
        sections=tuple(TimedText(sec_at(tick), name) for tick, name in written.sections),
        lyrics=tuple(TimedText(sec_at(tick), syllable) for tick, syllable in written.lyrics),
        remarks=tuple(written.remarks),
    )


def _make_room(written: Written, shift_tick: int) -> None:
    """Grace notes before the first beat take their time from the notes that they precede."""
    for track in written.tracks:
        early = math.ceil(-min((note.onset_tick for note in track.notes), default=0.0) - shift_tick)
        if early <= 0:
            continue
        for index, note in enumerate(track.notes):
            if note.onset_tick < -shift_tick:
                track.notes[index] = note._replace(onset_tick=note.onset_tick + early)
            elif note.onset_tick + shift_tick < early < note.onset_tick + shift_tick + note.duration_tick:
                late = early - shift_tick - note.onset_tick
                track.notes[index] = note._replace(
                    onset_tick=note.onset_tick + late, duration_tick=note.duration_tick - late
                )


class Clock:
    """Ticks -> seconds by a tempo map of (tick, quarters a minute)."""

    def __init__(self, tempos: Sequence[tuple[float, float]]) -> None:
        said = sorted(((tick, bpm) for tick, bpm in tempos if bpm > 0), key=lambda tempo: tempo[0])
        begin = said[0][1] if said and said[0][0] <= 0 else DEFAULT_QUARTER_BPM
        self.changes = np.array([0.0, *(max(0.0, tick) for tick, _ in said)])
        bpm = np.clip(np.array([begin, *(bpm for _, bpm in said)]), SLOWEST_BPM, FASTEST_BPM)
        self.sec_per_tick = 60.0 / (bpm * TICKS_PER_QUARTER)
        self.change_sec = np.concatenate([[0.0], np.cumsum(np.diff(self.changes) * self.sec_per_tick[:-1])])

    def at(self, tick: np.ndarray) -> np.ndarray:
        """The seconds of ticks, of any shape."""
        segment = np.maximum(np.searchsorted(self.changes, tick, side="right") - 1, 0)
        return self.change_sec[segment] + (tick - self.changes[segment]) * self.sec_per_tick[segment]

    def sec_at(self, tick: float) -> float:
        """The time of one tick in seconds."""
        return float(self.at(np.array(tick)))


def timed_chords(
    symbols: Sequence[tuple[float, tuple[int, str, int] | None]], end_sec: float
) -> tuple[TimedChord, ...] | None:
    """Chords from (second, chord) symbols, each lasting until the next; None without symbols."""
    if not symbols:
        return None
    ends = [*(sec for sec, _ in symbols[1:]), end_sec]
    return tuple(
        TimedChord(sec, end, *chord)
        for (sec, chord), end in zip(symbols, ends, strict=True)
        if chord is not None and end > sec
    )


def stated_key(signatures: Sequence[KeySignature]) -> Key | None:
    """The first stated key; C major is ignored, as programs write it when the key is unknown."""
    for signature in signatures:
        if signature.tonic is not None:
            return Key(signature.tonic, "minor" if signature.is_minor else "major")
        if signature.fifths or signature.is_minor:
            major_tonic = signature.fifths * 7 % 12
            return Key((major_tonic + 9) % 12, "minor") if signature.is_minor else Key(major_tonic, "major")
    return None


def swing_out(written: Written, starts: Sequence[int], end: int, shift_tick: int) -> None:
    """Move what begins or ends half-way through a quarter to two thirds, if the track divides it in no other way.

    Quarters are counted from the `starts` of bars; `end` is that of the last.
    """
    beats = {tick for a, b in pairwise([*starts, end]) for tick in range(a, b, TICKS_PER_QUARTER)}
    for track in written.tracks:
        onsets = {round(note.onset_tick) + shift_tick for note in track.notes}
        swung = {
            beat for beat in beats if onsets & set(range(beat + 1, beat + TICKS_PER_QUARTER)) <= {beat + HALF_BEAT_TICK}
        }
        for index, note in enumerate(track.notes):
            ends = (note.onset_tick, note.onset_tick + note.duration_tick)
            start, stop = (tick + SWING_TICK * (round(tick) + shift_tick - HALF_BEAT_TICK in swung) for tick in ends)
            track.notes[index] = note._replace(onset_tick=start, duration_tick=stop - start)


class LaidBar(NamedTuple):
    """A bar of the grid, and its start and end in the ticks of the file, where it may be shorter."""

    bar: Bar
    start_tick: int
    end_tick: int


def full_bars(measures: list[Measure], end_tick: float) -> tuple[tuple[LaidBar, ...], int]:
    """Bars that cover `end_tick`, and the ticks by which the music moves right to fill the pick-up.

    Two short measures that add up to one (around a repeat sign) become one bar; any other measure that differs from its
    metre gets a metre of its own length, in whole sixteenths.
    """
    measures = [piece for measure in measures for piece in _divided(measure)]
    measures = measures or [Measure(Meter(4, 4).bar_tick, Meter(4, 4))]
    first = measures[0]
    shift_tick = max(0, first.meter.bar_tick - first.length_tick) if len(measures) > 1 else 0
    shift_tick = shift_tick if shift_tick >= SIXTEENTH_TICK else 0  # less is a bar of 13/32 in whole sixteenths
    measures[0] = Measure(first.length_tick + shift_tick, first.meter)
    last_meter = measures[-1].meter
    if measures[-1].length_tick < last_meter.bar_tick:
        measures[-1] = Measure(last_meter.bar_tick, last_meter)
    bars: list[LaidBar] = []
    tick, laid, index = 0, 0, 0

    def lay(length: int, meter: Meter) -> None:
        nonlocal tick, laid
        bar = Bar(laid, meter if length == meter.bar_tick else meter_of_length(length))
        bars.append(LaidBar(bar, tick, tick + length))
        tick, laid = tick + length, bar.end_tick

    while index < len(measures):
        length, meter = measures[index]
        following = measures[index + 1].length_tick if index + 1 < len(measures) else 0
        if length < meter.bar_tick and length + following == meter.bar_tick:
            length, index = meter.bar_tick, index + 1
        lay(length, meter)
        index += 1
    while tick < end_tick + shift_tick - HALF_TICK:
        lay(last_meter.bar_tick, last_meter)
    return tuple(bars), shift_tick


def _divided(measure: Measure) -> list[Measure]:
    """The measure; split into bars of its metre if it is long enough to be music without bar lines."""
    if measure.length_tick <= LONGEST_BAR_TICK:
        return [measure]
    meter = measure.meter if measure.meter.bar_tick <= LONGEST_BAR_TICK else Meter(4, 4)
    whole, rest = divmod(measure.length_tick, meter.bar_tick)
    return [Measure(meter.bar_tick, meter)] * whole + ([Measure(rest, meter)] if rest else [])


def meter_of(time: TimeSignature) -> Meter:
    """The metre of a time signature, in a spelling whose bar is a whole number of sixteenths.

    Raises `InputError` if no note has the value that the signature counts.
    """
    numerator, denominator = time
    is_a_value = denominator >= 1 and not denominator & (denominator - 1) and denominator <= FINEST_VALUE
    if not is_a_value or not 1 <= numerator <= MOST_BEATS or time.quarters > MOST_BEATS:
        raise InputError(
            f"{numerator}/{denominator} is not a usable metre.", "Correct the time signature (such as 4/4 or 6/8)."
        )
    if denominator <= 16:
        return Meter(numerator, denominator)
    return meter_of_length(max(1, math.floor(time.quarters * TICKS_PER_QUARTER + Fraction(1, 2))))


def meter_of_length(length_tick: int) -> Meter:
    """The simplest metre whose bar lasts `length_tick`, or up to the next sixteenth."""
    length_tick = -(-length_tick // SIXTEENTH_TICK) * SIXTEENTH_TICK
    denominator = next(one for one in (4, 8, 16) if length_tick % (4 * TICKS_PER_QUARTER // one) == 0)
    return Meter(length_tick * denominator // (4 * TICKS_PER_QUARTER), denominator)


class _Places:
    """Maps ticks of a file to its full bars: a bar's last sixteenth may be longer than its contents."""

    def __init__(self, bars: Sequence[LaidBar]) -> None:
        points = {0: 0}
        for bar, start, end in bars:
            points |= {start: bar.start_tick, end: bar.end_tick}
            if end - start != bar.meter.bar_tick:
                last = bar.end_tick - SIXTEENTH_TICK
                points[start + last - bar.start_tick] = last
        self.is_plain = all(tick == laid for tick, laid in points.items())
        self.found = np.array(sorted(points), dtype=float)
        self.laid = np.array([points[tick] for tick in sorted(points)], dtype=float)

    def at(self, tick: np.ndarray | float) -> np.ndarray:
        """Ticks of the file -> ticks of the grid."""
        return np.asarray(tick, dtype=float) if self.is_plain else _through(np.asarray(tick), self.found, self.laid)

    def back(self, tick: np.ndarray) -> np.ndarray:
        """Ticks of the grid -> ticks of the file."""
        return tick.astype(float) if self.is_plain else _through(tick, self.laid, self.found)


def _through(x: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Interpolate between the points, and continue after the last at the same rate."""
    return np.interp(x, xs, ys) + np.maximum(np.asarray(x) - xs[-1], 0.0) + np.minimum(np.asarray(x) - xs[0], 0.0)


def _grid(bars: Sequence[LaidBar], place: _Places, clock: Clock) -> Grid:
    """Felt beats of all bars, timed by the tempo map."""
    laid = tuple(one.bar for one in bars)
    starts = [np.arange(bar.start_tick, bar.end_tick, bar.meter.beat_tick) for bar in laid]
    if not place.is_plain:
        starts += [np.array([b.end_tick - SIXTEENTH_TICK]) for b, start, end in bars if end - start != b.meter.bar_tick]
    beat_tick = np.unique(np.concatenate([*starts, [laid[-1].end_tick]]).astype(int))
    return Grid(beat_tick, clock.at(place.back(beat_tick)), laid)


def _timed(part: WrittenTrack, shift_tick: float, place: _Places, grid: Grid) -> TimedTrack:
    """The notes in seconds by the grid."""
    notes: tuple[TimedNote, ...] = ()
    if part.notes:
        onset, duration, pitch, velocity = (np.array(column) for column in zip(*sorted(part.notes), strict=True))
        start_sec = grid.sec_at(place.at(onset + shift_tick))
        end_sec = grid.sec_at(place.at(onset + shift_tick + duration))
        # Single precision, as in MIDI libraries, so that ties between two ticks round the same way.
        length_sec, start_sec = (end_sec - start_sec).astype(np.float32), start_sec.astype(np.float32)
        times = start_sec.tolist(), (start_sec + length_sec).tolist()
        notes = tuple(map(TimedNote, *times, pitch.tolist(), velocity.tolist()))
    return TimedTrack(part.name, notes, part.program, part.is_drum, role_of(part.name))


def refuse_too_long(name: str, end_sec: float, longest_sec: float) -> None:
    """Raise `InputError` for music that ends after `longest_sec` seconds."""
    if end_sec > longest_sec:
        minutes = f"{longest_sec / 60:g} minutes"
        raise InputError(f"{name} lasts longer than {minutes}.", "Cut it to one song or one movement.")


def too_much(name: str = "It") -> InputError:
    """The error for more bars, notes or time than any song has."""
    return InputError(f"{name} is longer than any song.", "Check it for errors, or cut it to one movement.")
