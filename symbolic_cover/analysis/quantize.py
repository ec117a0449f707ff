"""Notes in seconds -> notes on the grid.

A written score goes to its own ticks, exactly. What was heard or played is drawn to sixteenths or, where a quarter's
notes fit them clearly better, to triplets; in a song that swings the grid has straightened them before. A grace note
goes rather than sounding together with the note that it adorns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Transcript
from symbolic_cover.core.music import TICKS_PER_QUARTER

if TYPE_CHECKING:
    from symusic.core import ScoreSecond, ScoreTick

SIXTEENTH_TICK, TRIPLET_TICK = 3, 4
TRIPLET_GAIN = 0.5  # triplets must halve the misfit of sixteenths ...
TRIPLET_SAVING = 0.5  # ... and save this many squared ticks in the quarter
EARLY_TICK = 1.5  # a note this much before a quarter belongs to it
#: A grace note begins and ends this long before, or overlaps by this much, its neighbour, so many semitones away.
GRACE_SEC, GRACE_OVERLAP_SEC, GRACE_STEPS = 0.12, 0.03, 2


def quantize(transcript: Transcript, grid: Grid) -> ScoreTick:
    """A `symusic.Score` in ticks, `TICKS_PER_QUARTER` a quarter; tracks keep their names and order.

    With a grid of confidence 1 (a score) every time goes to the nearest tick. Otherwise onsets go to sixteenths or
    triplets, chosen quarter by quarter, and so do ends, at least one such step later. Notes of one track with the same
    onset and pitch become one, and no note runs into the next of its pitch.
    """
    from symusic import core

    divisions = None if grid.confidence == 1.0 else _divisions_of(transcript.score, grid)
    score = core.ScoreTick(TICKS_PER_QUARTER)
    for source in transcript.score.tracks:
        track = core.TrackTick(source.name, source.program, source.is_drum)
        onset, end = _placed(source, grid, divisions)
        graces = set() if divisions is None else _graces(source.notes, onset)
        rows = [
            (int(first), int(last), note.pitch, note.velocity)
            for index, (first, last, note) in enumerate(zip(onset, end, source.notes, strict=True))
            if index not in graces
        ]
        for row in _untangled(rows):
            track.notes.append(core.NoteTick(*row))
        score.tracks.append(track)
    for mark in transcript.score.markers:
        score.markers.append(core.TextMetaTick(_tick(grid, mark.time), mark.text))
    for key in transcript.score.key_signatures:
        score.key_signatures.append(core.KeySignatureTick(_tick(grid, key.time), key.key, key.tonality))
    for index, bar in enumerate(grid.bars):
        if index == 0 or bar.meter != grid.bars[index - 1].meter:
            score.time_signatures.append(core.TimeSignatureTick(bar.start_tick, *bar.meter))
    return score


def _divisions_of(score: ScoreSecond, grid: Grid) -> np.ndarray:
    return divisions_for(grid.tick_at(np.array([note.start for track in score.tracks for note in track.notes])), grid)


def divisions_for(onset_tick: np.ndarray, grid: Grid) -> np.ndarray:
    """The step, 3 or 4 ticks, that fits the onsets (in fractional ticks) of each quarter of the grid best, (quarters,).

    Compound metres always take sixteenths: the thirds of their beats are eighths.
    """
    n_quarters = grid.end_tick // TICKS_PER_QUARTER + 2
    quarter, place = _split(onset_tick, n_quarters)
    misfit = {
        step: np.bincount(quarter, (place - step * np.round(place / step)) ** 2, n_quarters)
        for step in (SIXTEENTH_TICK, TRIPLET_TICK)
    }
    straight, triplet = misfit[SIXTEENTH_TICK], misfit[TRIPLET_TICK]
    is_triplet = (triplet < TRIPLET_GAIN * straight) & (straight - triplet > TRIPLET_SAVING)
    if grid.meter.beat_tick % SIXTEENTH_TICK == 0 and grid.meter.beat_tick % TICKS_PER_QUARTER:
        is_triplet[:] = False
    return np.where(is_triplet, TRIPLET_TICK, SIXTEENTH_TICK)


def snap(tick: np.ndarray, divisions: np.ndarray) -> np.ndarray:
    """Ticks (float) -> the nearest place of their quarter's division, int, never below 0; order is kept."""
    quarter, place = _split(np.asarray(tick, dtype=float), len(divisions))
    step = divisions[quarter]
    return np.maximum(0, quarter * TICKS_PER_QUARTER + step * np.floor(place / step + 0.5)).astype(int)


def _split(tick: np.ndarray, n_quarters: int) -> tuple[np.ndarray, np.ndarray]:
    """The quarter a tick belongs to, and its place from there (slightly negative for an early note)."""
    quarter = np.clip(np.floor((tick + EARLY_TICK) / TICKS_PER_QUARTER), 0, n_quarters - 1).astype(int)
    return quarter, tick - quarter * TICKS_PER_QUARTER


def _placed(track: Any, grid: Grid, divisions: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Onset and end ticks of a track's notes."""
    start = grid.tick_at(np.array([note.start for note in track.notes]))
    end = grid.tick_at(np.array([note.end for note in track.notes]))
    if divisions is None:
        onset = np.maximum(0, np.floor(start + 0.5)).astype(int)
        return onset, np.maximum(np.floor(end + 0.5).astype(int), onset + 1)
    onset = snap(start, divisions)
    step = divisions[np.clip(onset // TICKS_PER_QUARTER, 0, len(divisions) - 1)]
    return onset, np.maximum(snap(end, divisions), onset + step)


def _graces(notes: Any, onset_tick: np.ndarray) -> set[int]:
    """The numbers of notes that would sound together with a neighbour which follows them, though they adorn it."""
    order = sorted(range(len(notes)), key=lambda index: notes[index].start)
    found = set()
    for place, index in enumerate(order):
        note = notes[index]
        for later in order[place + 1 :]:
            wait_sec = notes[later].start - note.start
            if wait_sec > GRACE_SEC:
                break
            is_near = 0 < abs(notes[later].pitch - note.pitch) <= GRACE_STEPS
            ends_there = note.end <= notes[later].start + GRACE_OVERLAP_SEC
            if is_near and ends_there and onset_tick[later] == onset_tick[index]:
                found.add(index)
                break
    return found


def _untangled(rows: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """(onset, end, pitch, velocity) -> sorted (onset, duration, pitch, velocity) without doubles and overlaps."""
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    for onset, end, pitch, velocity in rows:
        before = merged.get((onset, pitch), (0, 0))
        merged[onset, pitch] = max(before[0], end), max(before[1], velocity)
    ordered = sorted(merged)
    following: dict[int, int] = {}
    result = []
    for onset, pitch in reversed(ordered):
        end, velocity = merged[onset, pitch]
        result.append((onset, min(end, following.get(pitch, end)) - onset, pitch, velocity))
        following[pitch] = onset
    return result[::-1]


def _tick(grid: Grid, sec: float) -> int:
    """The nearest tick of the grid, not before it begins."""
    return max(0, round(float(grid.tick_at(sec))))
