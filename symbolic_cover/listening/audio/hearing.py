"""Transcribe a recording: notes, melody, bass, chords and key in seconds, and beats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit, softmax

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence, Heard, Recording, Role, TimedNote, TimedTrack
from symbolic_cover.core.music import Chord, Key, Meter
from symbolic_cover.listening.audio import beatnet, transcribe
from symbolic_cover.listening.audio.bar_pointer import PREFERRED_BPM
from symbolic_cover.listening.audio.beats import evidence_of, find_beats, joined
from symbolic_cover.listening.audio.features import RATE_HZ, Features
from symbolic_cover.listening.audio.harmony import heard_chords, heard_key, root_probabilities, timed_chords
from symbolic_cover.listening.audio.lines import drawn_to, heard_line
from symbolic_cover.listening.audio.listener import METER_SIZES, N_ROOTS, PITCH_MAPS, Answers
from symbolic_cover.listening.audio.listening import Listened, Stereo, listen_with_all
from symbolic_cover.listening.audio.melody import note_confidence, somebody_sings, sung_line, with_singer
from symbolic_cover.listening.beats.bars import Bars, lay_bars
from symbolic_cover.listening.beats.swing import swinging
from symbolic_cover.listening.beats.track import MAX_CONFIDENCE
from symbolic_cover.listening.frames import LOWEST_PITCH

#: Costs of the lines: of silence, of a change of key, of each semitone of it.
MELODY_LINE = {"bias": 2.5, "step_cost": 4.0, "leap_cost": 0.3, "onset_weight": 1.5}
BASS_LINE = {"bias": 1.0, "step_cost": 2.0, "leap_cost": 0.3, "onset_weight": 1.0}
#: Thresholds of notes, tuned on 60 validation examples (`docs/log/listening.md`).
NOTE_ONSET, NOTE_FRAME = 0.35, 0.5
#: Onsets this close are one note. Set by hand.
_SAME_SEC = 0.06


def hear_recording(
    recording: Recording,
    told: Hints = Hints(),
    progress: transcribe.Progress | None = None,
    heard_again: Callable[[list[TimedNote]], list[TimedNote]] | None = None,
    stereo: Stereo | None = None,
) -> Heard:
    """Transcribe a recording at 22050 Hz, with confidence.

    `heard_again` may replace the transcribed notes by better ones; melody and bass are then matched to these. `stereo`
    is the same sound in stereo, from which a singer is separated best.

    Raises `InputError` if (almost) no notes are found, `MissingDependencyError` without basic-pitch or weights.
    """
    remarks, held = recording.remarks, [recording]
    del recording
    heard = listen_with_all(held.pop(), stereo, progress)  # which lets go of it as it listens
    answers, features = heard.answers, heard.features
    notes = heard_notes(answers, features)
    led, bass = melody_line(answers, features), bass_line(answers, features)
    better = heard_again(notes) if heard_again else notes
    if better is not notes:
        notes, led, bass = better, drawn_to(led, better), drawn_to(bass, better)
    melody = with_singer(led, _sung(heard, led))
    grid = swinging(heard_grid(answers, told, notes, heard.pulse), np.array([note.onset_sec for note in notes]))
    chords = heard_chords(answers, grid, heard.chords)
    # A voice alone has overtones but neither bass nor chords; chords are then derived from its melody.
    is_alone = bool(heard.alone)
    key = heard_key(answers, () if is_alone else chords)
    return Heard(
        tuple(tracks_of([], melody, []) if is_alone else tracks_of(notes, melody, bass)),
        grid,
        chords=None if is_alone else timed_chords(chords, grid),
        key=key,
        confidence=_confidence(heard, melody, grid, chords, key),
        remarks=remarks,
    )


def heard_notes(heard: Answers, features: Features) -> list[TimedNote]:
    """All notes, by basic-pitch's method from the listener's maps."""
    sounds, begins = (_probability(heard, name) for name in ("note", "note onset"))
    events = transcribe.note_events(sounds, begins, NOTE_ONSET, NOTE_FRAME, shortest_frames=2)
    return [
        TimedNote(start / RATE_HZ, end / RATE_HZ, int(pitch), _velocity(features, start, end, pitch))
        for start, end, pitch, _ in sorted(events)
    ]


def heard_grid(heard: Answers, told: Hints, notes: Sequence[TimedNote], pulse: beatnet.Pulse | None = None) -> Grid:
    """Beats and bars around the notes; hints take precedence. `pulse` is BeatNet's output."""
    beats, probability = find_beats(evidence_of(heard, pulse), told)
    meter = told.meter or _meter_of(beats.size, heard)
    start, end = min(note.onset_sec for note in notes), max(note.end_sec for note in notes)
    beat_sec, phase = beats.sec, int(-beats.place[0] % beats.size) if len(beats.sec) else 0
    if len(beat_sec) < 2:
        period = 60.0 / (told.bpm or PREFERRED_BPM)
        beat_sec, phase = start + period * np.arange(beats.size + 1), 0
    bars = Bars(meter, phase, probability)
    return replace(lay_bars(beat_sec, bars, start, end), confidence=min(probability, MAX_CONFIDENCE))


def _meter_of(size: int, heard: Answers) -> Meter:
    """The metre of bars with this many felt beats."""
    ternary = float(expit(heard.meter[:, -1]).mean()) > 0.5
    return Meter(3 * size, 8) if ternary else Meter(size, 4)


def melody_line(heard: Answers, features: Features) -> list[TimedNote]:
    """The melody by the listener."""
    return heard_line(_map(heard, "melody"), _map(heard, "melody onset"), features.note, **MELODY_LINE)


def bass_line(heard: Answers, features: Features) -> list[TimedNote]:
    """The bass by the listener."""
    return heard_line(_map(heard, "bass"), _map(heard, "bass onset"), features.note, **BASS_LINE)


def tracks_of(notes: list[TimedNote], melody: list[TimedNote], bass: list[TimedNote]) -> Iterator[TimedTrack]:
    """Tracks for melody, bass and the other notes, as far as there are any."""
    taken: dict[int, list[TimedNote]] = {}
    for line in (*melody, *bass):
        taken.setdefault(line.pitch, []).append(line)
    rest = [note for note in notes if not _belongs(note, taken.get(note.pitch, []))]
    for name, part, role in (("melody", melody, Role.MELODY), ("bass", bass, Role.BASS), ("audio", rest, Role.UNSAID)):
        if part:
            yield TimedTrack(name, tuple(part), role=role)


def _confidence(
    heard: Listened, melody: Sequence[TimedNote], grid: Grid, chords: Sequence[Chord | None], key: Key
) -> Confidence:
    """The mean probabilities of metre, key, chords (their roots) and melody; by bar those of beats, too."""
    answers = heard.answers
    size = grid.meter.bar_tick // grid.meter.beat_tick
    confidence = {"key": float(softmax(answers.key, axis=1)[:, key.tonic + 12 * (key.mode == "minor")].mean())}
    if size in METER_SIZES:
        sizes = softmax(answers.meter[:, : len(METER_SIZES)], axis=1)
        confidence["meter"] = float(sizes[:, METER_SIZES.index(size)].mean())
    roots = softmax(answers.root, axis=1)
    if heard.chords is not None:
        n_frames = min(len(roots), len(heard.chords.triad))
        roots = (roots[:n_frames] + root_probabilities(heard.chords)[:n_frames]) / 2
    spans = [
        roots[_frame(start) : _frame(end), chord.root if chord else N_ROOTS - 1]
        for (start, end), chord in zip(itertools.pairwise(grid.beat_sec), chords, strict=True)
    ]
    if any(map(len, spans)):
        confidence["chords"] = float(np.concatenate(spans).mean())
    leads = _map(answers, "melody")
    confidences = [np.array([_melody_confidence(note, heard, leads)]) for note in melody]
    if confidences:
        confidence["melody"] = float(np.concatenate(confidences).mean())
    beat = joined(*evidence_of(answers, heard.pulse).beats)
    by_bar = {
        "beats": _by_bar(
            grid, grid.beat_sec, [1 - (1 - _around(beat, sec)) * (1 - grid.confidence) for sec in grid.beat_sec]
        ),
        "chords": _by_bar(grid, grid.beat_sec[:-1], spans),
        "melody": _by_bar(grid, np.array([note.onset_sec for note in melody]), confidences),
    }
    return Confidence(confidence, by_bar)


def _sung(heard: Listened, leads: Sequence[TimedNote]) -> list[TimedNote]:
    """The sung notes, alone or over a band; empty if nobody sings."""
    if heard.alone:
        return heard.alone
    if heard.sung is None or heard.voice is None:
        return []
    line = sung_line(heard.sung, heard.voice)
    sings = somebody_sings(line, heard.sung.sung, leads, _map(heard.answers, "melody"))
    return line if sings else []


def _melody_confidence(note: TimedNote, heard: Listened, leads: np.ndarray) -> float:
    """The probability of a melody note by the voice network or the map `leads` of the listener, whichever is higher."""
    led = note_confidence(leads, note)
    return max(led, note_confidence(heard.sung.sung, note)) if heard.sung else led


def _around(curve: np.ndarray, sec: float) -> np.ndarray:
    """The maximum of the values next to a time, (1,)."""
    frame = min(_frame(sec), len(curve) - 1)
    return curve[max(frame - 1, 0) : frame + 2].max(keepdims=True)


def _by_bar(grid: Grid, at_sec: np.ndarray, values: Sequence[np.ndarray]) -> tuple[float, ...]:
    """The mean of all values in a bar, each array belonging to the bar of its time; NaN for bars without any."""
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
    return heard.pitch[..., PITCH_MAPS.index(name)].astype(np.float32)


def _probability(heard: Answers, name: str) -> np.ndarray:
    return expit(_map(heard, name))


def _belongs(note: TimedNote, lines: Sequence[TimedNote]) -> bool:
    """Whether a note belongs to one of the lines at its pitch."""
    return any(line.onset_sec - _SAME_SEC < note.onset_sec < line.end_sec for line in lines)


def _velocity(features: Features, start: int, end: int, pitch: int) -> int:
    level = float(features.note[start : max(end, start + 1), pitch - LOWEST_PITCH].max()) / 255
    return int(np.clip(round(127 * level), 1, 127))
