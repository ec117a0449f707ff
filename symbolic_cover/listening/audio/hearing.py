"""A recording -> what is heard in it: its notes, melody, bass, chords and key in seconds, and its beats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import expit, log_softmax, softmax

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence, Heard, Recording, Role, TimedNote, TimedTrack
from symbolic_cover.core.music import Chord, Key, Meter
from symbolic_cover.core.places import LISTENER
from symbolic_cover.listening.audio import transcribe
from symbolic_cover.listening.audio.bar_pointer import FASTEST_BPM, PREFERRED_BPM, SLOWEST_BPM, Beats, track
from symbolic_cover.listening.audio.features import RATE_HZ, Features, features_of
from symbolic_cover.listening.audio.harmony import heard_chords, heard_key, timed_chords
from symbolic_cover.listening.audio.lines import drawn_to, heard_line
from symbolic_cover.listening.audio.listener import (
    METER_SIZES,
    N_ROOTS,
    PITCH_MAPS,
    Answers,
    Listener,
    hear,
    load_listener,
)
from symbolic_cover.listening.beats.bars import Bars, lay_bars
from symbolic_cover.listening.beats.swing import swinging
from symbolic_cover.listening.beats.track import SUREST, mean_at, steady_beats
from symbolic_cover.listening.frames import LOWEST_PITCH

#: How lines are drawn: what silence costs, what a change of key costs, what each semitone of it.
MELODY_LINE = {"bias": 2.5, "step_cost": 4.0, "leap_cost": 0.3, "onset_weight": 1.5}
BASS_LINE = {"bias": 1.0, "step_cost": 2.0, "leap_cost": 0.3, "onset_weight": 1.0}
#: Thresholds of notes, tuned on 60 validation lessons (`docs/LOG.md`).
NOTE_ONSET, NOTE_FRAME = 0.35, 0.5
#: How far from a stated tempo beats are looked for, and how well equal beats must fit beside those that follow the
#: music; how much the metre's probability counts in bars of that metre; when two notes are one. Set by hand.
_NEAR_BPM, _STEADY_ENOUGH = 1.06, 0.8
_METER_WEIGHT = 20.0
_SAME_SEC = 0.06


@cache
def shipped_listener(folder: Path = LISTENER) -> Listener:
    """The listener whose weights come with the package."""
    if not (folder / "model.safetensors").is_file():
        raise MissingDependencyError("The listener's weights are missing.", "Install symbolic-cover again.")
    return load_listener(folder)


def hear_recording(
    recording: Recording,
    told: Hints = Hints(),
    progress: transcribe.Progress | None = None,
    heard_again: Callable[[list[TimedNote]], list[TimedNote]] | None = None,
) -> Heard:
    """Everything that is heard in a recording at 22050 Hz, and how sure the listener is of it.

    `heard_again` may give better notes for those that are heard here; melody and bass are then drawn to these.
    Raises `InputError` if (almost) no notes are heard, `MissingDependencyError` without basic-pitch or weights.
    """
    model = shipped_listener()
    note, onset = transcribe.posteriorgrams(recording, (lambda share: progress(0.8 * share)) if progress else None)
    transcribe.refuse_noise(note, onset)
    features = features_of(recording, note, onset)
    answers = hear(model, features)
    notes = heard_notes(answers, features)
    melody, bass = melody_line(answers, features), bass_line(answers, features)
    better = heard_again(notes) if heard_again else notes
    if better is not notes:
        notes, melody, bass = better, drawn_to(melody, better), drawn_to(bass, better)
    grid = swinging(heard_grid(answers, told, notes), np.array([note.onset_sec for note in notes]))
    chords = heard_chords(answers, grid)
    key = heard_key(answers)
    return Heard(
        tuple(_tracks(notes, melody, bass)),
        grid,
        chords=timed_chords(chords, grid),
        # C major was never passed on when keys went by key signatures, and the tables were measured so.
        key=None if key == Key(0, "major") else key,
        confidence=_confidence(answers, melody, grid, chords, key),
    )


def heard_notes(heard: Answers, features: Features) -> list[TimedNote]:
    """All notes, by basic-pitch's own rule from the listener's maps."""
    sounds, begins = (_probability(heard, name) for name in ("note", "note onset"))
    events = transcribe.note_events(sounds, begins, NOTE_ONSET, NOTE_FRAME, shortest_frames=2)
    return [
        TimedNote(start / RATE_HZ, end / RATE_HZ, int(pitch), _velocity(features, start, end, pitch))
        for start, end, pitch, _ in sorted(events)
    ]


def heard_grid(heard: Answers, told: Hints, notes: Sequence[TimedNote]) -> Grid:
    """Beats and bars around the notes; what is told is kept."""
    beats, probability = heard_beats(heard, told)
    meter = told.meter or _meter_of(beats.size, heard)
    start, end = min(note.onset_sec for note in notes), max(note.end_sec for note in notes)
    beat_sec, phase = beats.sec, int(-beats.place[0] % beats.size) if len(beats.sec) else 0
    if len(beat_sec) < 2:
        period = 60.0 / (told.bpm or PREFERRED_BPM)
        beat_sec, phase = start + period * np.arange(beats.size + 1), 0
    bars = Bars(meter, phase, probability)
    return replace(lay_bars(beat_sec, bars, start, end), confidence=min(probability, SUREST))


def heard_beats(heard: Answers, told: Hints = Hints()) -> tuple[Beats, float]:
    """Beats and bars, and how sure they are: the mean probability of a beat where one is said to be.

    Where a tempo is told and the music keeps it, beats are exactly that steady; a told downbeat is one exactly.
    """
    beat, downbeat = (expit(heard.beat[:, column]) for column in (0, 1))
    anchor = None
    if told.downbeat_sec is not None:
        anchor = int(np.clip(round(told.downbeat_sec * RATE_HZ), 0, len(beat) - 1))
    size = heard.meter[:, : len(METER_SIZES)]
    prior = (size - np.logaddexp.reduce(size, axis=1, keepdims=True)).mean(axis=0) * _METER_WEIGHT
    sizes: tuple[int, ...] = METER_SIZES
    if told.meter is not None:
        sizes = (told.meter.bar_tick // told.meter.beat_tick,)
    limits = (told.bpm / _NEAR_BPM, told.bpm * _NEAR_BPM) if told.bpm else (SLOWEST_BPM, FASTEST_BPM)
    priors = dict(zip(METER_SIZES, prior, strict=True))
    tempo = log_softmax(heard.tempo, axis=1)
    beats = track(beat, downbeat, sizes=sizes, tempo=tempo, size_log_prior=priors, bpm=limits, anchor_frame=anchor)
    if told.bpm is not None:
        beats = _steadied(beats, beat, downbeat, told.bpm, told.downbeat_sec)
    if told.downbeat_sec is not None and len(beats.sec):
        sec = beats.sec.copy()
        sec[int(np.argmin(np.abs(sec - told.downbeat_sec)))] = told.downbeat_sec
        beats = beats._replace(sec=sec)
    frames = np.clip(np.round(beats.sec * RATE_HZ).astype(int), 0, len(beat) - 1)
    near = np.max([beat[np.clip(frames + step, 0, len(beat) - 1)] for step in (-1, 0, 1)], axis=0)
    return beats, float(near.mean()) if len(near) else 0.0


def _steadied(beats: Beats, beat: np.ndarray, downbeat: np.ndarray, bpm: float, anchor_sec: float | None) -> Beats:
    """Equal beats at exactly `bpm`, if they fit about as well as those that follow the music; else these."""
    steady = steady_beats(beat, RATE_HZ, bpm, anchor_sec)
    if mean_at(beat, RATE_HZ, steady) < _STEADY_ENOUGH * mean_at(beat, RATE_HZ, beats.sec):
        return beats
    phase = max(range(beats.size), key=lambda first: mean_at(downbeat, RATE_HZ, steady[first :: beats.size]))
    if anchor_sec is not None:
        phase = int(np.argmin(np.abs(steady - anchor_sec))) % beats.size
    return beats._replace(sec=steady, place=(np.arange(len(steady)) - phase) % beats.size)


def _meter_of(size: int, heard: Answers) -> Meter:
    """The metre of bars of so many felt beats."""
    ternary = float(expit(heard.meter[:, -1]).mean()) > 0.5
    return Meter(3 * size, 8) if ternary else Meter(size, 4)


def melody_line(heard: Answers, features: Features) -> list[TimedNote]:
    """The tune."""
    return heard_line(_map(heard, "melody"), _map(heard, "melody onset"), features.note / 255.0, **MELODY_LINE)


def bass_line(heard: Answers, features: Features) -> list[TimedNote]:
    """The bass."""
    return heard_line(_map(heard, "bass"), _map(heard, "bass onset"), features.note / 255.0, **BASS_LINE)


def _tracks(notes: list[TimedNote], melody: list[TimedNote], bass: list[TimedNote]) -> Iterator[TimedTrack]:
    """Melody, bass and the other notes, where there are any."""
    taken = [*melody, *bass]
    rest = [note for note in notes if not any(_belongs(note, line) for line in taken)]
    for name, part, role in (("melody", melody, Role.MELODY), ("bass", bass, Role.BASS), ("audio", rest, Role.UNSAID)):
        if part:
            yield TimedTrack(name, tuple(part), role=role)


def _confidence(
    answers: Answers, melody: Sequence[TimedNote], grid: Grid, chords: Sequence[Chord | None], key: Key
) -> Confidence:
    """The mean probabilities of what is said of metre, key, chords (their roots) and melody; by bars of beats, too."""
    size = grid.meter.bar_tick // grid.meter.beat_tick
    sure = {"key": float(softmax(answers.key, axis=1)[:, key.tonic + 12 * (key.mode == "minor")].mean())}
    if size in METER_SIZES:
        sizes = softmax(answers.meter[:, : len(METER_SIZES)], axis=1)
        sure["meter"] = float(sizes[:, METER_SIZES.index(size)].mean())
    roots, tune = softmax(answers.root, axis=1), expit(_map(answers, "melody"))
    spans = [
        roots[_frame(start) : _frame(end), chord.root if chord else N_ROOTS - 1]
        for (start, end), chord in zip(itertools.pairwise(grid.beat_sec), chords, strict=True)
    ]
    if any(map(len, spans)):
        sure["chords"] = float(np.concatenate(spans).mean())
    sung = [tune[_frame(note.onset_sec) : _frame(note.end_sec), note.pitch - LOWEST_PITCH] for note in melody]
    if sung:
        sure["melody"] = float(np.concatenate(sung).mean())
    beat = expit(answers.beat[:, 0])
    by_bar = {
        "beats": _by_bar(grid, grid.beat_sec, [_around(beat, sec) for sec in grid.beat_sec]),
        "chords": _by_bar(grid, grid.beat_sec[:-1], spans),
        "melody": _by_bar(grid, np.array([note.onset_sec for note in melody]), sung),
    }
    return Confidence(sure, by_bar)


def _around(curve: np.ndarray, sec: float) -> np.ndarray:
    """The greatest of the values next to a time, (1,)."""
    frame = min(_frame(sec), len(curve) - 1)
    return curve[max(frame - 1, 0) : frame + 2].max(keepdims=True)


def _by_bar(grid: Grid, at_sec: np.ndarray, values: Sequence[np.ndarray]) -> tuple[float, ...]:
    """The mean of all values of a bar, each array belonging to the bar of its time; NaN for bars without any."""
    edges = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
    bar = np.clip(np.searchsorted(edges, at_sec + 1e-6, side="right") - 1, 0, len(grid.bars) - 1)
    found: list[list[np.ndarray]] = [[] for _ in grid.bars]
    for index, value in zip(bar, values, strict=True):
        if len(value):
            found[index].append(value)
    return tuple(float(np.concatenate(inside).mean()) if inside else math.nan for inside in found)


def _frame(sec: float) -> int:
    return max(round(sec * RATE_HZ), 0)


def _map(heard: Answers, name: str) -> np.ndarray:
    return heard.pitch[..., PITCH_MAPS.index(name)]


def _probability(heard: Answers, name: str) -> np.ndarray:
    return expit(_map(heard, name)).astype(np.float32)


def _belongs(note: TimedNote, line: TimedNote) -> bool:
    """Whether a note is what a line already has."""
    return note.pitch == line.pitch and line.onset_sec - _SAME_SEC < note.onset_sec < line.end_sec


def _velocity(features: Features, start: int, end: int, pitch: int) -> int:
    level = float(features.note[start : max(end, start + 1), pitch - LOWEST_PITCH].max()) / 255
    return int(np.clip(round(127 * level), 1, 127))
