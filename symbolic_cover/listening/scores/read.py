"""Score files -> `Transcript` and `Grid`, read as written.

MIDI is read here, notation (MusicXML, ABC, kern) in `notation.py`. A MIDI file that was played rather than
written (its notes do not lie on its own grid) keeps its notes in seconds; its beats are tracked like those
of a recording.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Transcript
from symbolic_cover.core.music import CHORD_INTERVALS, HARTE_DEGREES, TICKS_PER_QUARTER, Bar, Meter
from symbolic_cover.listening.beats.pulse import pulse_of_notes
from symbolic_cover.listening.beats.swing import swinging
from symbolic_cover.listening.beats.track import track_beats
from symbolic_cover.listening.scores.written import (
    Measure,
    Written,
    WrittenNote,
    WrittenTrack,
    meter_of_length,
    settle,
    title_of,
)

if TYPE_CHECKING:
    from symusic.core import ScoreSecond, ScoreTick

MIDI_SUFFIXES = (".mid", ".midi", ".kar")
NOTATION_KINDS = {".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml", ".abc": "abc", ".krn": "kern"}
SCORE_SUFFIXES = (*MIDI_SUFFIXES, *NOTATION_KINDS)
LONGEST_SEC = 15 * 60.0

FINE_STEPS = 24  # a written file may use every 24th of a quarter: 32nds and triplets of sixteenths
ON_STEP = 0.1  # of a fine step
PLAIN_PLACES = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1])
ON_PLACE = 0.02  # of a quarter: a fixed latency, not a performance
FINE_SHARE, PLAIN_SHARE = 0.85, 0.8
FEWEST_TO_JUDGE = 32
NEAR_PLACE = 0.05  # of a quarter
BESIDE_RATIO = 0.7
MOST_ACCIDENTALS = 7

_HARTE = re.compile(
    r"N|[A-G][#b]?:(?:" + "|".join(CHORD_INTERVALS) + r")(?:/(?:" + "|".join(map(re.escape, HARTE_DEGREES)) + r"))?"
)


def read_score(
    path: str | Path,
    *,
    bpm: float | None = None,
    meter: Meter | None = None,
    downbeat_sec: float | None = None,
    longest_sec: float = LONGEST_SEC,
    as_written: bool = False,
) -> tuple[Transcript, Grid]:
    """Read .mid, .midi, .kar, .musicxml, .xml, .mxl, .abc or .krn.

    The metre (changes included), tempo map, key signatures, chord symbols (as Harte markers) and track names are
    the file's own; confidence is 1. A performed MIDI file gets a tracked grid of confidence below 1. `bpm` (felt
    beats a minute), `meter` and `downbeat_sec` override what the file says.
    Raises UsageError if there is no such file or its suffix is unknown, InputError if it cannot be read, holds
    no notes or lasts longer than fifteen minutes.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SCORE_SUFFIXES:
        raise UsageError(f"{path.name} is no score this program reads.", f"Give one of {', '.join(SCORE_SUFFIXES)}.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    if suffix in MIDI_SUFFIXES:
        transcript, grid = _read_midi(path, bpm, meter, downbeat_sec, longest_sec, as_written)
    else:
        from symbolic_cover.listening.scores.notation import read_notation

        kind = NOTATION_KINDS[suffix]
        written, title = read_notation(path, kind)
        score, grid = settle(written)
        transcript = Transcript(score, kind, title, composer=written.composer)
    _refuse_too_long(path, transcript.score, longest_sec)
    if grid.confidence == 1.0 and (bpm, meter, downbeat_sec) != (None, None, None):
        return override(transcript, grid, bpm=bpm, meter=meter, downbeat_sec=downbeat_sec)
    return transcript, grid


def override(
    transcript: Transcript, grid: Grid, *, bpm: float | None, meter: Meter | None, downbeat_sec: float | None
) -> tuple[Transcript, Grid]:
    """A written score with its bars laid anew and its tempo map scaled to a median of `bpm` felt beats a minute.

    `downbeat_sec` is in the seconds of the score as written.
    """
    if meter is not None or downbeat_sec is not None:
        grid = _rebar(grid, meter or grid.meter, downbeat_sec)
    if bpm is not None:
        factor = grid.tempo_bpm / bpm
        grid = Grid(grid.beat_tick, grid.beat_sec * factor, grid.bars, grid.confidence)
        transcript = replace(transcript, score=_stretched(transcript.score, factor))
    return transcript, grid


def _rebar(grid: Grid, meter: Meter, downbeat_sec: float | None) -> Grid:
    """The same clock with equal bars of `meter`, one of them beginning at `downbeat_sec`."""
    downbeat_tick = 0 if downbeat_sec is None else round(float(grid.tick_at(downbeat_sec)))
    first_tick = downbeat_tick % meter.bar_tick - (meter.bar_tick if downbeat_tick % meter.bar_tick else 0)
    n_bars = -(-(grid.end_tick - first_tick) // meter.bar_tick)
    beat_tick = np.arange(0, n_bars * meter.bar_tick + 1, meter.beat_tick)
    bars = tuple(Bar(index * meter.bar_tick, meter) for index in range(n_bars))
    return Grid(beat_tick, grid.sec_at(beat_tick + first_tick), bars, grid.confidence)


def _stretched(score: ScoreSecond, factor: float) -> ScoreSecond:
    """A copy in which every time and duration is multiplied by `factor`."""
    score = score.copy()
    for track in score.tracks:
        for note in track.notes:
            note.time, note.duration = note.time * factor, note.duration * factor
    for events in (score.markers, score.key_signatures):
        for event in events:
            event.time *= factor
    return score


def _refuse_too_long(path: Path, score: ScoreSecond, longest_sec: float) -> None:
    if score.end() > longest_sec:
        minutes = f"{longest_sec / 60:g} minutes"
        raise InputError(f"{path.name} lasts longer than {minutes}.", "Cut it to one song or one movement.")


def _read_midi(
    path: Path,
    bpm: float | None,
    meter: Meter | None,
    downbeat_sec: float | None,
    longest_sec: float,
    as_written: bool,
) -> tuple[Transcript, Grid]:
    """A MIDI file as written or, if it was performed or says nothing of its metre, with tracked beats."""
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
        score, grid = settle(written)
        return Transcript(score, "midi", title_of(path)), grid
    score = cast("ScoreSecond", midi.to("second"))
    _refuse_too_long(path, score, longest_sec)
    score.markers.filter(lambda marker: bool(_HARTE.fullmatch(marker.text)), inplace=True)
    grid = track_beats(pulse_of_notes(score), bpm=bpm, meter=meter, downbeat_sec=downbeat_sec)
    onset_sec = np.array([note.start for track in score.tracks if not track.is_drum for note in track.notes])
    return Transcript(score, "midi", title_of(path)), swinging(grid, onset_sec)


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
    end_tick = midi.end() * scale
    return Written(
        tracks,
        _midi_measures([(s.time * scale, s.numerator, s.denominator) for s in midi.time_signatures], end_tick),
        [(tempo.time * scale, tempo.qpm) for tempo in midi.tempos],
        [(key.time * scale, key.key, key.tonality) for key in midi.key_signatures if _is_key(key.key, key.tonality)],
        [(mark.time * scale, mark.text) for mark in midi.markers if _HARTE.fullmatch(mark.text)],
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
