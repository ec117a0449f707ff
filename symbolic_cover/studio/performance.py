"""A piece of the corpus -> a performance of some of its bars, and its annotations.

Every performance has its own tempo, which drifts and slows at the ends of phrases, its own touch, articulation and
swing, and its own instruments; some songs for piano are given to a singer's part with a small band. All of it is drawn
from one random generator, so a performance can be reproduced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import symusic
from symusic import core

from symbolic_cover.analysis.chords import beat_edges
from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.instruments import PAN_CONTROL, VOLUME_CONTROL
from symbolic_cover.core.music import CHORD_INTERVALS, TICKS_PER_QUARTER, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.pairs import Pair
from symbolic_cover.evaluation.human_range import excerpt
from symbolic_cover.tokens.language import DRUMS

#: The range of felt beats a minute of training examples. Set by hand.
_SLOWEST_BPM, _FASTEST_BPM = 44.0, 210.0
#: General MIDI programs to substitute for each kind of part.
_LEADS = (0, 4, 11, 22, 24, 26, 40, 52, 53, 54, 56, 60, 64, 65, 66, 68, 71, 73, 75, 79, 80, 81, 82, 85)
_CHORDS = (0, 0, 0, 1, 2, 4, 5, 6, 16, 18, 19, 24, 25, 26, 27, 46, 48, 50, 61, 88, 89)
_GUITARS = (24, 25, 25, 26, 27, 27, 28, 29, 29, 30, 30)
_BASSES = (32, 33, 33, 34, 35, 36, 38, 39, 42, 43, 58)
_BASS_PARTS = frozenset(["bass", "double-bass"])
_ANOTHER = 0.3
_BECOMES_BAND, _SONG_HAS_BAND, _WITH_BASS, _WITH_DRUMS = 0.35, 0.75, 0.6, 0.6
_KICK, _SNARE, _HAT, _RIDE = 36, 38, 42, 51
#: The name of the part with the melody while a performance is made, unlike that of any ensemble.
_MELODY = "tune"


class Truth(NamedTuple):
    """The annotations of a recording; times in seconds.

    `beats` (n, 4): time, place in the bar from 0, beats of that bar, 1 if the beat divides into three. `notes`,
    `melody` and `bass` (n, 3): onset, end, pitch, without drums. `chords` (n, 5): start, end, root, index of the
    quality in `CHORD_INTERVALS`, bass. `key` (2,): tonic, 1 for minor.
    """

    beats: np.ndarray
    notes: np.ndarray
    melody: np.ndarray
    bass: np.ndarray
    chords: np.ndarray
    key: np.ndarray


class Performance(NamedTuple):
    """Notes in seconds with an instrument for each track, and their annotations."""

    score: symusic.Score
    truth: Truth


def perform(
    pair: Pair, ensemble: Ensemble, rng: np.random.Generator, seconds: float, is_sung: bool = False
) -> Performance:
    """Perform about this many seconds of a piece, whole bars, from a random bar on.

    With `is_sung`, no instrument plays the melody, and pieces for one instrument are mostly given to a band.
    """
    sheet, parts = _cut(pair, rng, seconds)
    grid = _in_tempo(sheet.grid, rng, ensemble.has_drums)
    warp = _Swing(grid, rng)
    tracks = _orchestrated(parts, sheet, ensemble, rng, _BECOMES_BAND if not is_sung else _SONG_HAS_BAND)
    score = core.ScoreSecond(TICKS_PER_QUARTER)
    lead_sec = float(rng.uniform(0.05, 1.2))
    played: list[tuple[float, float, int]] = []
    times: dict[tuple[int, int], tuple[float, float]] = {}
    spread_sec, length = rng.uniform(0.0, 0.014), rng.uniform(0.7, 1.03)
    for track_of in tracks:
        track = core.TrackSecond("", track_of.program, track_of.is_drum)
        track.controls.append(core.ControlChangeSecond(0.0, VOLUME_CONTROL, track_of.volume))
        track.controls.append(core.ControlChangeSecond(0.0, PAN_CONTROL, int(rng.integers(34, 95))))
        for note in track_of.notes:
            onset, end = lead_sec + grid.sec_at(warp.moved(np.array([note.onset_tick, note.end_tick])))
            onset += float(np.clip(rng.normal(0, spread_sec), -0.03, 0.03))
            end = max(onset + (end - onset) * length, onset + 0.04)
            velocity = _touch(note, grid, track_of.accent, rng)
            track.notes.append(core.NoteSecond(max(float(onset), 0.0), float(end - onset), note.pitch, velocity))
            if not track_of.is_drum:
                played.append((float(onset), float(end), note.pitch))
                times.setdefault((note.onset_tick, note.pitch), (float(onset), float(end)))
        if not (is_sung and track_of.is_melody):
            score.tracks.append(track)
    return Performance(score, _truth(sheet, grid, warp, lead_sec, played, times))


class _Track(NamedTuple):
    program: int
    is_drum: bool
    notes: list[Note]
    volume: int
    accent: float
    is_melody: bool = False


def _cut(pair: Pair, rng: np.random.Generator, seconds: float) -> tuple[SongSheet, dict[str, list[Note]]]:
    """Some bars of the piece as sheet and parts, melody included, with their first tick moved to 0."""
    sheet = pair.sheet
    starts = sheet.grid.sec_at(np.array([*(bar.start_tick for bar in sheet.grid.bars), sheet.grid.end_tick]))
    latest = max(int(np.searchsorted(starts, starts[-1] - seconds, side="right")) - 1, 0)
    first = int(rng.integers(latest + 1))
    last = max(int(np.searchsorted(starts, starts[first] + seconds, side="right")) - 2, first)
    sheet = excerpt(sheet, first, min(last, len(sheet.grid.bars) - 1))
    begin, end = sheet.grid.bars[0].start_tick, sheet.grid.end_tick
    parts = {name: list(notes) for name, notes in pair.parts.items()}
    parts.setdefault(_MELODY, []).extend(pair.sheet.melody)

    def moved(notes: Sequence[Note]) -> list[Note]:
        return [n._replace(onset_tick=n.onset_tick - begin, duration_tick=min(n.duration_tick, end - n.onset_tick))
                for n in notes if begin <= n.onset_tick < end]  # fmt: skip

    edges = np.array(beat_edges(sheet.grid))
    grid = Grid(
        edges - begin, sheet.grid.sec_at(edges),
        tuple(bar._replace(start_tick=bar.start_tick - begin) for bar in sheet.grid.bars),
    )  # fmt: skip
    chords = tuple(
        chord._replace(start_tick=max(chord.start_tick, begin) - begin, end_tick=min(chord.end_tick, end) - begin)
        for chord in sheet.chords
    )
    sheet = SongSheet(grid, tuple(moved(sheet.melody)), tuple(moved(sheet.bass)), tuple(moved(sheet.texture)),
                      chords, sheet.key, sheet.title, is_whole=False)  # fmt: skip
    return sheet, {name: moved(notes) for name, notes in parts.items()}


def _in_tempo(grid: Grid, rng: np.random.Generator, is_steady: bool) -> Grid:
    """The grid at another tempo that drifts: beats last a base length times exp of a slow random walk."""
    base = np.median(np.diff(grid.beat_sec) / np.diff(grid.beat_tick)) * grid.meter.beat_tick
    bpm = float(np.clip(60.0 / base * np.exp(rng.normal(0, 0.18)), _SLOWEST_BPM, _FASTEST_BPM))
    n_beats = len(grid.beat_tick) - 1
    wander = rng.uniform(0.0, 0.012) if is_steady or rng.random() < 0.3 else rng.uniform(0.01, 0.06)
    log_length = np.zeros(n_beats)
    for beat in range(1, n_beats):
        log_length[beat] = 0.85 * log_length[beat - 1] + rng.normal(0, wander)
    if wander > 0.01:
        rallentando = rng.uniform(0.0, 0.25)
        starts = {bar.start_tick for bar in grid.bars[:: int(rng.choice([4, 8]))]}
        for beat, tick in enumerate(grid.beat_tick[1:]):
            if tick in starts or beat == n_beats - 1:
                log_length[beat] += rallentando
                log_length[max(beat - 1, 0)] += rallentando / 2
    share = np.diff(grid.beat_tick) / grid.meter.beat_tick
    lengths = 60.0 / bpm * share * np.exp(log_length)
    return Grid(grid.beat_tick, np.concatenate([[0.0], np.cumsum(lengths)]), grid.bars)


class _Swing:
    """Late off-beat eighths in some performances in simple metres."""

    def __init__(self, grid: Grid, rng: np.random.Generator) -> None:
        is_simple = all(bar.meter.beat_tick == TICKS_PER_QUARTER for bar in grid.bars)
        self.half = float(rng.uniform(6.5, 8.2)) if is_simple and rng.random() < 0.12 else 6.0

    def moved(self, tick: np.ndarray) -> np.ndarray:
        """Ticks -> performed ticks (float)."""
        quarter, place = np.divmod(tick.astype(float), TICKS_PER_QUARTER)
        early = place * self.half / 6
        late = self.half + (place - 6) * (TICKS_PER_QUARTER - self.half) / 6
        return quarter * TICKS_PER_QUARTER + np.where(place < 6, early, late)


def _touch(note: Note, grid: Grid, accent: float, rng: np.random.Generator) -> int:
    """The velocity of a note: as written, a little more on the beat, and a random part."""
    bar = grid.bars[grid.bar_index(note.onset_tick)]
    place = note.onset_tick - bar.start_tick
    metric = 5.0 if place == 0 else 2.0 if place % bar.meter.beat_tick == 0 else -2.0
    return int(np.clip(note.velocity + metric + accent + rng.normal(0, 5), 24, 124))


def _orchestrated(
    parts: Mapping[str, list[Note]], sheet: SongSheet, ensemble: Ensemble, rng: np.random.Generator, band_share: float
) -> list[_Track]:
    """An instrument for every part: its own, or sometimes another of the kind."""
    program_of = {spec.name: spec.program for spec in ensemble.parts}
    low = {spec.name for spec in ensemble.parts if spec.name in _BASS_PARTS}
    solo = len(program_of) <= 2 and DRUMS not in parts
    if band_share == _SONG_HAS_BAND and solo and rng.random() < 0.5:
        shared: int | None = int(rng.choice(_GUITARS))
    else:
        shared = int(rng.choice(_CHORDS)) if rng.random() < _ANOTHER else None
    becomes_band = solo and rng.random() < band_share
    lead_program = program_of.get(ensemble.lead, 0)
    if becomes_band or rng.random() < _ANOTHER:
        lead_program = int(rng.choice(_LEADS))
    elif solo and shared is not None:
        lead_program = shared
    tracks = []
    for name, notes in parts.items():
        if not notes:
            continue
        volume, accent = int(rng.integers(80, 112)), float(rng.normal(0, 4))
        if name == DRUMS:
            tracks.append(_Track(0, True, notes, int(rng.integers(75, 110)), accent))
        elif name == _MELODY:
            tracks.append(_Track(lead_program, False, notes, int(rng.integers(92, 120)), accent + 6, True))
        elif name in low:
            program = int(rng.choice(_BASSES)) if rng.random() < _ANOTHER else program_of[name]
            tracks.append(_Track(program, False, notes, volume, accent))
        else:
            own = program_of.get(name, 0)
            another = shared if solo else int(rng.choice(_CHORDS)) if rng.random() < _ANOTHER else None
            tracks.append(_Track(own if another is None else another, False, notes, volume, accent))
    if becomes_band and rng.random() < _WITH_BASS:
        bass = [note._replace(pitch=note.pitch - 12 * (note.pitch > 52), velocity=84) for note in sheet.bass]
        tracks.append(_Track(int(rng.choice(_BASSES)), False, bass, int(rng.integers(90, 112)), 0.0))
    if becomes_band and rng.random() < _WITH_DRUMS:
        tracks.append(_Track(0, True, _drumming(sheet.grid, rng), int(rng.integers(70, 105)), 0.0))
    return [track for track in tracks if track.notes]


def _drumming(grid: Grid, rng: np.random.Generator) -> list[Note]:
    """Kick on the first, snare on the others or the middle, cymbals between: one simple pattern for the piece."""
    cymbal, step = (_HAT, 6) if rng.random() < 0.7 else (_RIDE, 12)
    backbeat = rng.random() < 0.8
    extra = rng.random((2, 96)) < 0.15
    notes = []
    for bar in grid.bars:
        beat = bar.meter.beat_tick
        for place in range(0, bar.meter.bar_tick, 3 if step == 6 and rng.random() < 0.05 else step):
            notes.append(Note(bar.start_tick + place, 3, cymbal, 64 if place % beat else 80))
        for number, place in enumerate(range(0, bar.meter.bar_tick, beat)):
            if number == 0 or (number == 2 and backbeat):
                notes.append(Note(bar.start_tick + place, 3, _KICK, 92))
            elif backbeat or number == 2:
                notes.append(Note(bar.start_tick + place, 3, _SNARE, 88))
        for place in range(3, bar.meter.bar_tick, 3):
            if extra[0, place % 96] and place % beat:
                notes.append(Note(bar.start_tick + place, 3, _KICK, 80))
    return notes


def _truth(
    sheet: SongSheet,
    grid: Grid,
    warp: _Swing,
    lead_sec: float,
    played: list[tuple[float, float, int]],
    times: Mapping[tuple[int, int], tuple[float, float]],
) -> Truth:
    """The annotations, at the performed times."""

    def sec(tick: int) -> float:
        return float(lead_sec + grid.sec_at(warp.moved(np.array([tick])))[0])

    beats = []
    for bar in grid.bars:
        ternary = float(bar.meter.beat_tick % (TICKS_PER_QUARTER // 2 * 3) == 0)
        size = bar.meter.bar_tick // bar.meter.beat_tick
        for place in range(size):
            tick = bar.start_tick + place * bar.meter.beat_tick
            beats.append((float(lead_sec + grid.sec_at(tick)), place, size, ternary))
    qualities = list(CHORD_INTERVALS)
    chords = [(sec(c.start_tick), sec(c.end_tick), c.root, qualities.index(c.quality), c.bass) for c in sheet.chords]

    def timed(notes: Sequence[Note]) -> np.ndarray:
        return np.array(
            [(*times[note.onset_tick, note.pitch], note.pitch) for note in notes
             if (note.onset_tick, note.pitch) in times]
        ).reshape(-1, 3)  # fmt: skip

    return Truth(
        np.array(beats), np.array(sorted(played)).reshape(-1, 3), timed(sheet.melody), timed(sheet.bass),
        np.array(chords).reshape(-1, 5), np.array([sheet.key.tonic, sheet.key.mode == "minor"], dtype=int),
    )  # fmt: skip
