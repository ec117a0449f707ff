"""MIDI files: read as written, or, where they were played rather than written, with tracked beats.

A file was played where its notes do not lie on its own grid; it keeps its notes in seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.harte import parse_chord
from symbolic_cover.core.heard import Heard, TimedNote, TimedTrack
from symbolic_cover.core.music import TICKS_PER_QUARTER, Meter
from symbolic_cover.listening.beats.pulse import pulse_of_notes
from symbolic_cover.listening.beats.swing import swinging
from symbolic_cover.listening.beats.track import track_beats
from symbolic_cover.listening.scores.roles import role_of
from symbolic_cover.listening.scores.written import (
    ChordSymbol,
    KeySignature,
    Measure,
    Written,
    WrittenNote,
    WrittenTrack,
    meter_of_length,
    refuse_too_long,
    settle,
    stated_key,
    timed_chords,
)

if TYPE_CHECKING:
    from symusic.core import ScoreSecond, ScoreTick

FINE_STEPS = 24  # a written file may use every 24th of a quarter: 32nds and triplets of sixteenths
ON_STEP = 0.1  # of a fine step
#: Shares that written files keep and played ones do not; by chance a fifth and a quarter of onsets would.
PLAIN_PLACES = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1])
ON_PLACE = 0.02  # of a quarter: a fixed latency, not a performance
FINE_SHARE, PLAIN_SHARE = 0.85, 0.8
#: Fewer notes say nothing of how a file was made; what the shares mean is said below.
FEWEST_TO_JUDGE = 32
NEAR_PLACE = 0.05  # of a quarter
BESIDE_RATIO = 0.7
MOST_ACCIDENTALS = 7


def read_midi(path: Path, hints: Hints, longest_sec: float, as_written: bool) -> Heard:
    """A MIDI file as written or, if it was performed or says nothing of its metre, with tracked beats.

    `hints` lead the tracking; a file as written is left as it is. Raises `InputError` if it cannot be read, holds no
    notes or lasts too long.
    """
    from symusic import core

    try:
        midi = core.ScoreTick(path)
    except Exception as error:  # symusic raises what its C++ parser throws
        raise InputError(f"{path.name} is not a MIDI file that can be read.", "Export it again as MIDI.") from error
    written = _written_midi(midi)
    if written.n_notes == 0:
        raise InputError(f"{path.name} holds no notes.", "Give a MIDI file with notes.")
    onsets = np.array([note.onset_tick for track in written.tracks if not track.is_drum for note in track.notes])
    is_notated = bool(written.keys) or not lies_beside_its_beats(onsets)
    if written.measures and (as_written or (is_notated and lies_on_its_grid(onsets))):
        return settle(written)
    score = cast("ScoreSecond", midi.to("second"))
    refuse_too_long(path, score.end(), longest_sec)
    return _performed(score, hints)


def _performed(score: ScoreSecond, hints: Hints) -> Heard:
    """What was played, with tracked beats."""
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
    symbols = [(mark.time, parse_chord(mark.text)) for mark in score.markers if _is_symbol(mark.text)]
    return Heard(
        tracks,
        swinging(grid, onset_sec),
        chords=timed_chords(symbols, float(grid.sec_at(grid.end_tick))),
        key=stated_key([KeySignature(key.time, key.key, bool(key.tonality)) for key in score.key_signatures]),
    )


def _is_symbol(text: str) -> bool:
    """Whether a marker is a chord in Harte's notation (a lone letter names a section), or ``N``, which ends one."""
    return text == "N" or (":" in text and parse_chord(text) is not None)


def lies_on_its_grid(onset_tick: np.ndarray) -> bool:
    """Whether notes were written (or quantised) rather than played. Onsets in ticks of 1/12 quarter.

    Written: five in six onsets lie on 24ths of a quarter (of played ones a fifth does, by chance), or four
    in five on sixteenths and triplets give or take a fiftieth (by chance, a quarter).
    """
    if len(onset_tick) == 0:
        return True
    quarters = onset_tick / TICKS_PER_QUARTER
    steps = quarters * FINE_STEPS
    fine = np.mean(np.abs(steps - np.round(steps)) < ON_STEP)
    plain = np.mean(np.abs(quarters[:, None] % 1 - PLAIN_PLACES).min(axis=1) < ON_PLACE)
    return bool(fine > FINE_SHARE or plain > PLAIN_SHARE)


def lies_beside_its_beats(onset_tick: np.ndarray) -> bool:
    """Whether clearly fewer notes begin on the beat than on some other sixteenth of it.

    So look performances that were quantised to a metronome they did not follow. Notated music may look so
    too, but it names its key; a file that does not is suspect.
    """
    if len(onset_tick) < FEWEST_TO_JUDGE:
        return False
    quarters = onset_tick / TICKS_PER_QUARTER
    on_beat, *beside = (
        np.mean(np.abs((quarters - place + 0.5) % 1 - 0.5) < NEAR_PLACE) for place in (0.0, 0.25, 0.5, 0.75)
    )
    return bool(on_beat < BESIDE_RATIO * max(beside))


def _written_midi(midi: ScoreTick) -> Written:
    """A MIDI file's tracks, measures, tempos, keys and chord markers in ticks of 1/12 quarter.

    `measures` is empty if the file's metre says nothing (1/4 throughout).
    """
    scale = TICKS_PER_QUARTER / midi.ticks_per_quarter
    tracks = []
    for source in midi.tracks:
        notes = [WrittenNote(n.time * scale, max(n.duration, 1) * scale, n.pitch, n.velocity) for n in source.notes]
        if notes:
            tracks.append(WrittenTrack(source.name, source.program, source.is_drum, notes))
    keys = [key for key in midi.key_signatures if _is_key(key.key, key.tonality)]
    return Written(
        tracks,
        _midi_measures(
            [(s.time * scale, s.numerator, s.denominator) for s in midi.time_signatures], midi.end() * scale
        ),
        [(tempo.time * scale, tempo.qpm) for tempo in midi.tempos],
        [KeySignature(key.time * scale, key.key, bool(key.tonality)) for key in keys],
        [ChordSymbol(mark.time * scale, parse_chord(mark.text)) for mark in midi.markers if _is_symbol(mark.text)],
    )


def _is_key(fifths: int, mode: int) -> bool:
    return abs(fifths) <= MOST_ACCIDENTALS and mode in (0, 1)


def _midi_measures(signatures: list[tuple[float, int, int]], end_tick: float) -> list[Measure]:
    """Measures from time signatures (tick, numerator, denominator); 4/4 if there are none.

    A 1/4 that lasts is no metre: the one before it goes on; if there is none, nothing is known.
    """
    changes: list[tuple[int, Meter]] = []
    for (tick, numerator, denominator), following in zip(signatures, [*signatures[1:], None], strict=False):
        meter = _playable(numerator, denominator)
        until = following[0] if following else end_tick
        if meter and (numerator > 1 or until - tick <= meter.bar_tick):
            changes = [change for change in changes if change[0] < round(tick)] + [(round(tick), meter)]
    if signatures and not any(meter.numerator > 1 for _, meter in changes):
        return []
    if not changes or changes[0][0] > 0:
        changes.insert(0, (0, Meter(4, 4)))
    ends = [tick for tick, _ in changes[1:]] + [max(round(end_tick), changes[-1][0] + 1)]
    measures = []
    for index, ((tick, meter), end) in enumerate(zip(changes, ends, strict=True)):
        is_last = index == len(changes) - 1
        while tick < end:
            length = meter.bar_tick if is_last else min(meter.bar_tick, end - tick)
            measures.append(Measure(length, meter))
            tick += length
    if len(changes) > 1 and len({m.meter for m in measures[:1]} | {changes[1][1]}) == 2:
        measures[0] = _as_pickup(measures[0], changes)
    return measures


def _as_pickup(first: Measure, changes: list[tuple[int, Meter]]) -> Measure:
    """A lone first bar in a shorter metre than what follows is a pick-up to it."""
    (_, meter), (second_tick, second) = changes[:2]
    lone = second_tick == meter.bar_tick and meter.bar_tick < second.bar_tick
    return Measure(first.length_tick, second) if lone else first


def _playable(numerator: int, denominator: int) -> Meter | None:
    """The metre, in a spelling whose bar is a whole number of ticks; None for nonsense."""
    if numerator < 1 or denominator < 1 or denominator & (denominator - 1):
        return None
    length = numerator * 4 * TICKS_PER_QUARTER / denominator
    if length < 1:
        return None
    beat = 4 * TICKS_PER_QUARTER / denominator
    return Meter(numerator, denominator) if beat.is_integer() else meter_of_length(max(1, round(length)))
