"""MIDI files: read as written, or, for performances, with tracked beats.

A file is a performance if its notes are off its own grid; it keeps its notes in seconds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.heard import Heard, TimedNote, TimedText, TimedTrack
from symbolic_cover.core.music import TICKS_PER_QUARTER, Meter
from symbolic_cover.listening.beats.pulse import pulse_of_notes
from symbolic_cover.listening.beats.swing import swinging
from symbolic_cover.listening.beats.track import track_beats
from symbolic_cover.listening.scores.midi_file import mended
from symbolic_cover.listening.scores.midi_texts import Said, understood
from symbolic_cover.listening.scores.order import MOST_BARS
from symbolic_cover.listening.scores.roles import role_of
from symbolic_cover.listening.scores.written import (
    LONGEST_TICK,
    MOST_NOTES,
    ChordSymbol,
    Clock,
    KeySignature,
    Measure,
    TimeSignature,
    Written,
    WrittenNote,
    WrittenTrack,
    meter_of,
    refuse_too_long,
    settle,
    stated_key,
    timed_chords,
    too_much,
)

if TYPE_CHECKING:
    from symusic.core import ScoreSecond, ScoreTick

FINE_STEPS = 24  # a written file may use every 24th of a quarter: 32nds and triplets of sixteenths
ON_STEP = 0.1  # of a fine step
#: Shares of onsets on the grid in written files but not in performances, where by chance it would be a fifth and a
#: quarter.
PLAIN_PLACES = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1])
ON_PLACE = 0.02  # of a quarter: a fixed latency, not a performance
FINE_SHARE, PLAIN_SHARE = 0.85, 0.8
#: Fewer notes do not show how a file was made; the shares are explained below.
FEWEST_TO_JUDGE = 32
NEAR_PLACE = 0.05  # of a quarter
BESIDE_RATIO = 0.7
MOST_ACCIDENTALS = 7
SAME_TICK = 1e-6
#: Subdivisions of a quarter in written files, and the ticks per quarter that distinguish them from others.
TUPLETS = (5, 7, 9, 10, 24, 32)
FINE_ENOUGH = 96


def read_midi(data: bytes, name: str, hints: Hints, longest_sec: float, as_written: bool) -> tuple[Heard, str]:
    """Read a MIDI file as written or, if it was performed or has no usable metre, with tracked beats; returns it and
    its title.

    `hints` guide the tracking; they do not affect a file read as written. `name` is the file's, for messages. Raises
    `InputError` if it cannot be read, has neither notes nor chords, or is too long.
    """
    from symusic import core

    try:
        file = mended(data)
        if file.last_tick * TICKS_PER_QUARTER > LONGEST_TICK * file.ticks_per_quarter or sum(file.notes) > MOST_NOTES:
            raise too_much()
        midi = core.ScoreTick.from_midi(file.data)
    except InputError as error:
        raise InputError(error.cause.replace("It ", f"{name} ", 1), error.remedy) from error
    except Exception as error:  # symusic raises the errors of its C++ parser
        raise InputError(f"{name} is not a MIDI file that can be read.", "Export it again as MIDI.") from error
    said = understood(file.texts, file.notes)
    written = _written_midi(midi, said, name)
    written.remarks = file.remarks
    if written.n_notes == 0 and not written.chords:
        raise InputError(f"{name} has no notes.", "Give a MIDI file with notes.")
    onsets = np.array([note.time for track in midi.tracks if not track.is_drum for note in track.notes])
    onsets = onsets / midi.ticks_per_quarter * TICKS_PER_QUARTER
    is_notated = bool(written.keys) or not lies_beside_its_beats(onsets)
    is_on_grid = lies_on_its_grid(onsets) or (bool(written.keys) and lies_on_tuplets(onsets, midi.ticks_per_quarter))
    if written.measures and (as_written or (is_notated and is_on_grid)):
        return settle(written, name, longest_sec), said.title
    score = cast("ScoreSecond", midi.to("second"))
    last_sec = max((note.end for track in score.tracks for note in track.notes), default=0.0)
    refuse_too_long(name, last_sec, longest_sec)
    clock = Clock([(tempo.time, tempo.qpm) for tempo in midi.tempos])
    return _performed(score, hints, said, clock, midi.ticks_per_quarter, written.remarks), said.title


def _performed(
    score: ScoreSecond, hints: Hints, said: Said, clock: Clock, ticks_per_quarter: int, remarks: list[str]
) -> Heard:
    """A performance with tracked beats; `clock` maps the file's ticks to twelve a quarter."""
    tracks = tuple(
        TimedTrack(
            track.name,
            tuple(TimedNote(note.start, note.end, note.pitch, note.velocity) for note in track.notes),
            track.program,
            track.is_drum,
            role_of(track.name),
        )
        for track in score.tracks
        if len(track.notes)
    )
    grid = track_beats(pulse_of_notes(tracks), bpm=hints.bpm, meter=hints.meter, downbeat_sec=hints.downbeat_sec)
    onset_sec = np.array([note.onset_sec for track in tracks if not track.is_drums for note in track.notes])

    def sec_at(tick: int) -> float:
        return clock.sec_at(tick) * TICKS_PER_QUARTER / ticks_per_quarter

    return Heard(
        tracks,
        swinging(grid, onset_sec),
        composer=said.composer,
        chords=timed_chords([(sec_at(tick), chord) for tick, chord in said.chords], float(grid.sec_at(grid.end_tick))),
        key=stated_key([KeySignature(key.time, key.key, bool(key.tonality)) for key in score.key_signatures]),
        lyrics=tuple(TimedText(sec_at(tick), syllable) for tick, syllable in said.words),
        remarks=tuple(remarks),
    )


def lies_on_its_grid(onset_tick: np.ndarray) -> bool:
    """Whether notes were written (or quantised) rather than performed. Onsets in ticks of 1/12 quarter.

    Written: five in six onsets are on 24ths of a quarter (by chance, a fifth), or four in five on sixteenths and
    triplets within a fiftieth (by chance, a quarter).
    """
    if len(onset_tick) == 0:
        return True
    quarters = onset_tick / TICKS_PER_QUARTER
    steps = quarters * FINE_STEPS
    fine = np.mean(np.abs(steps - np.round(steps)) < ON_STEP)
    plain = np.mean(np.abs(quarters[:, None] % 1 - PLAIN_PLACES).min(axis=1) < ON_PLACE)
    return bool(fine > FINE_SHARE or plain > PLAIN_SHARE)


def lies_beside_its_beats(onset_tick: np.ndarray) -> bool:
    """Whether clearly fewer notes begin on the beat than on some other sixteenth.

    This is typical of performances quantised to a metronome that they did not follow. Notated music may look like this
    too, but it states its key; a file without a key is suspect.
    """
    if len(onset_tick) < FEWEST_TO_JUDGE:
        return False
    quarters = onset_tick / TICKS_PER_QUARTER
    on_beat, *beside = (
        np.mean(np.abs((quarters - place + 0.5) % 1 - 0.5) < NEAR_PLACE) for place in (0.0, 0.25, 0.5, 0.75)
    )
    return bool(on_beat < BESIDE_RATIO * max(beside))


def lies_on_tuplets(onset_tick: np.ndarray, ticks_per_quarter: int) -> bool:
    """Whether nearly all onsets are on exact 32nds, triplets, quintuplets or septuplets of fine ticks.

    By chance a seventh of performed onsets are at 480 ticks a quarter, so coarser files are not tested.
    """
    if len(onset_tick) == 0 or ticks_per_quarter < FINE_ENOUGH:
        return False
    places = {round(k * ticks_per_quarter / parts) for parts in TUPLETS for k in range(parts + 1)}
    within = np.round(onset_tick / TICKS_PER_QUARTER % 1 * ticks_per_quarter).astype(int)
    return bool(np.mean(np.isin(within, sorted(places))) > FINE_SHARE)


def _written_midi(midi: ScoreTick, said: Said, name: str) -> Written:
    """A MIDI file's tracks, measures, tempos, keys and texts in ticks of 1/12 quarter, bars beginning on whole ones.

    `measures` is empty if the file's metre is unusable (1/4 throughout).
    """
    scale = TICKS_PER_QUARTER / midi.ticks_per_quarter
    end_tick = max([n.end for track in midi.tracks for n in track.notes] + [tick + 1 for tick, _ in said.chords] + [1])
    signatures = [(s.time * scale, TimeSignature(s.numerator, s.denominator)) for s in midi.time_signatures]
    bars = _midi_bars(signatures, end_tick * scale, name)
    exact = np.array([bar.start for bar in bars] or [0.0])
    whole = np.floor(exact + 0.5)

    def at(tick: float) -> float:
        place = int(np.searchsorted(exact, tick * scale + 1e-9, side="right")) - 1
        return float(whole[max(place, 0)] + tick * scale - exact[max(place, 0)])

    tracks = []
    for source in midi.tracks:
        notes = [WrittenNote(at(n.time), max(n.duration, 1) * scale, n.pitch, n.velocity) for n in source.notes]
        if notes:
            tracks.append(WrittenTrack(source.name, source.program, source.is_drum, notes))
    keys = [key for key in midi.key_signatures if _is_key(key.key, key.tonality)]
    ends = [*whole[1:], math.floor(bars[-1].start + bars[-1].length + 0.5)] if bars else []
    return Written(
        tracks,
        [Measure(int(b - a), bar.meter) for bar, a, b in zip(bars, whole, ends, strict=False) if b > a],
        [(at(tempo.time), tempo.qpm) for tempo in midi.tempos],
        [KeySignature(at(key.time), key.key, bool(key.tonality)) for key in keys],
        [ChordSymbol(at(tick), chord) for tick, chord in said.chords],
        lyrics=[(at(tick), syllable) for tick, syllable in said.words],
        composer=said.composer,
    )


def _is_key(fifths: int, mode: int) -> bool:
    return abs(fifths) <= MOST_ACCIDENTALS and mode in (0, 1)


class _MidiBar(NamedTuple):
    """Where a bar begins and how long it is in fractional ticks, and its metre."""

    start: float
    length: float
    meter: Meter


def _midi_bars(signatures: list[tuple[float, TimeSignature]], end_tick: float, name: str) -> list[_MidiBar]:
    """Bars from time signatures at ticks; 4/4 without any.

    A lasting 1/4 is not a metre: the one before it continues; without one, the metre is unknown. Raises `InputError`
    for more bars than a song has.
    """
    changes: list[tuple[float, TimeSignature]] = []
    for (tick, time), following in zip(signatures, [*signatures[1:], None], strict=False):
        until = following[0] if following else end_tick
        length = float(time.quarters) * TICKS_PER_QUARTER if time.denominator else 0.0
        if length >= 1 and (time.numerator > 1 or until - tick <= length):
            changes = [change for change in changes if change[0] < tick - SAME_TICK] + [(tick, time)]
    if signatures and not any(time.numerator > 1 for _, time in changes):
        return []
    if not changes or changes[0][0] > 0:
        changes.insert(0, (0.0, TimeSignature(4, 4)))
    ends = [tick for tick, _ in changes[1:]] + [max(end_tick, changes[-1][0] + 1)]
    bars: list[_MidiBar] = []
    for index, ((tick, time), end) in enumerate(zip(changes, ends, strict=True)):
        bar_tick, meter = float(time.quarters) * TICKS_PER_QUARTER, meter_of(time)
        if len(bars) + (end - tick) / bar_tick > MOST_BARS:
            raise too_much(name)
        while tick < end - SAME_TICK:
            length = bar_tick if index == len(changes) - 1 else min(bar_tick, end - tick)
            bars.append(_MidiBar(tick, length, meter))
            tick += length
    if len(changes) > 1 and changes[0][1] != changes[1][1]:
        bars[0] = _as_pickup(bars[0], changes)
    return bars


def _as_pickup(first: _MidiBar, changes: list[tuple[float, TimeSignature]]) -> _MidiBar:
    """A single first bar in a shorter metre than the next is a pick-up."""
    (_, time), (second_tick, second) = changes[:2]
    is_lone = second_tick == float(time.quarters) * TICKS_PER_QUARTER and time.quarters < second.quarters
    return first._replace(meter=meter_of(second)) if is_lone else first
