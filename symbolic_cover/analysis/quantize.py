"""Quantize notes in seconds to notes on the grid.

A written score gets its own ticks, exactly. Transcribed or performed notes are moved to sixteenths or, where a
quarter's notes fit them clearly better, to triplets; in a song that swings the grid has straightened them already. A
recording has triplets only if the song has enough of them, and its melody gets the rhythm that a singer would read
(`sung_rhythm`). A grace note is dropped rather than sounding together with its main note.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic_cover.analysis.sung_rhythm import simple_rhythm
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Role, TimedNote, TimedTrack, Track
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note

SIXTEENTH_TICK, TRIPLET_TICK = 3, 4
TRIPLET_GAIN = 0.5  # triplets must halve the error of sixteenths ...
TRIPLET_SAVING = 0.5  # ... and reduce it by this many squared ticks in the quarter
#: If fewer quarters than this share are triplets, of those with notes off the eighths, a recording has none.
RARE_TRIPLETS = 0.3
EARLY_TICK = 1.5  # a note this much before a quarter belongs to it
#: A grace note begins and ends this long before, or overlaps by this much, its neighbour, at most this many semitones
#: away.
GRACE_SEC, GRACE_OVERLAP_SEC, GRACE_STEPS = 0.12, 0.03, 2


def quantize(heard: Heard) -> tuple[Track, ...]:
    """The tracks on the grid, `TICKS_PER_QUARTER` ticks a quarter, in their order.

    With a grid of confidence 1 (a score) every time goes to the nearest tick. Otherwise onsets go to sixteenths or
    triplets, chosen for each quarter, and so do ends, at least one such step later. Notes of one track with the same
    onset and pitch become one, and no note overlaps the next of its pitch.
    """
    grid, divisions = heard.grid, None
    if grid.confidence != 1.0:
        onset_sec = np.array([note.onset_sec for track in heard.tracks for note in track.notes])
        divisions = divisions_for(grid.tick_at(onset_sec), grid)
        if heard.source.kind == "audio":
            divisions = _without_rare_triplets(divisions, grid.tick_at(onset_sec))
    return tuple(
        _quantized(track, grid, divisions, heard.source.kind == "audio" and track.role is Role.MELODY)
        for track in heard.tracks
    )


def _without_rare_triplets(divisions: np.ndarray, onset_tick: np.ndarray) -> np.ndarray:
    """The divisions without triplets if they are rare."""
    quarter, place = _split(onset_tick, len(divisions))
    off = np.abs(place - 6 * np.round(place / 6)) > EARLY_TICK
    busy = np.bincount(quarter, off, len(divisions)) > 0
    is_rare = np.count_nonzero(divisions[busy] == TRIPLET_TICK) < RARE_TRIPLETS * max(int(busy.sum()), 1)
    return np.full_like(divisions, SIXTEENTH_TICK) if is_rare else divisions


def _quantized(track: TimedTrack, grid: Grid, divisions: np.ndarray | None, is_sung: bool) -> Track:
    if is_sung and divisions is not None:
        return _sung(track, grid, divisions)
    onset, end = _placed(track.notes, grid, divisions)
    graces = set() if divisions is None else _graces(track.notes, onset)
    rows = [
        (int(first), int(last), note.pitch, note.velocity)
        for index, (first, last, note) in enumerate(zip(onset, end, track.notes, strict=True))
        if index not in graces
    ]
    return Track(track.name, tuple(_untangled(rows)), track.program, track.is_drums, track.role)


def _sung(track: TimedTrack, grid: Grid, divisions: np.ndarray) -> Track:
    """A melody in the rhythm that a singer would read."""
    notes = sorted(track.notes)
    start = grid.tick_at(np.array([note.onset_sec for note in notes]))
    stop = grid.tick_at(np.array([note.end_sec for note in notes]))
    tick_sec = float(np.median(np.diff(grid.beat_sec) / np.diff(grid.beat_tick)))
    onset, end = simple_rhythm(start, stop, divisions, tick_sec)
    rows = [
        (int(first), int(last), note.pitch, note.velocity)
        for first, last, note in zip(onset, end, notes, strict=True)
        if first >= 0
    ]
    return Track(track.name, tuple(_untangled(rows)), track.program, track.is_drums, track.role)


def tick_of(grid: Grid, sec: float) -> int:
    """The nearest tick of the grid, not before its beginning."""
    return max(0, round(float(grid.tick_at(sec))))


def divisions_for(onset_tick: np.ndarray, grid: Grid) -> np.ndarray:
    """The step, 3 or 4 ticks, that fits the onsets (in fractional ticks) of each quarter of the grid best, (quarters,).

    Compound metres always use sixteenths: the thirds of their beats are eighths.
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
    """Ticks (float) -> the nearest position of their quarter's division, int, never below 0; order is kept."""
    quarter, place = _split(np.asarray(tick, dtype=float), len(divisions))
    step = divisions[quarter]
    return np.maximum(0, quarter * TICKS_PER_QUARTER + step * np.floor(place / step + 0.5)).astype(int)


def _split(tick: np.ndarray, n_quarters: int) -> tuple[np.ndarray, np.ndarray]:
    """The quarter of a tick, and its place in it (slightly negative for an early note)."""
    quarter = np.clip(np.floor((tick + EARLY_TICK) / TICKS_PER_QUARTER), 0, n_quarters - 1).astype(int)
    return quarter, tick - quarter * TICKS_PER_QUARTER


def _placed(notes: Sequence[TimedNote], grid: Grid, divisions: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Onset and end ticks of notes."""
    start = grid.tick_at(np.array([note.onset_sec for note in notes]))
    end = grid.tick_at(np.array([note.end_sec for note in notes]))
    if divisions is None:
        onset = np.maximum(0, np.floor(start + 0.5)).astype(int)
        return onset, np.maximum(np.floor(end + 0.5).astype(int), onset + 1)
    onset = snap(start, divisions)
    step = divisions[np.clip(onset // TICKS_PER_QUARTER, 0, len(divisions) - 1)]
    return onset, np.maximum(snap(end, divisions), onset + step)


def _graces(notes: Sequence[TimedNote], onset_tick: np.ndarray) -> set[int]:
    """The indices of grace notes that would sound together with the following main note."""
    order = sorted(range(len(notes)), key=lambda index: notes[index].onset_sec)
    found = set()
    for place, index in enumerate(order):
        note = notes[index]
        for later in order[place + 1 :]:
            wait_sec = notes[later].onset_sec - note.onset_sec
            if wait_sec > GRACE_SEC:
                break
            is_near = 0 < abs(notes[later].pitch - note.pitch) <= GRACE_STEPS
            ends_there = note.end_sec <= notes[later].onset_sec + GRACE_OVERLAP_SEC
            if is_near and ends_there and onset_tick[later] == onset_tick[index]:
                found.add(index)
                break
    return found


def _untangled(rows: Sequence[tuple[int, int, int, int]]) -> list[Note]:
    """(onset, end, pitch, velocity) -> sorted notes without doubles and overlaps."""
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    for onset, end, pitch, velocity in rows:
        before = merged.get((onset, pitch), (0, 0))
        merged[onset, pitch] = max(before[0], end), max(before[1], velocity)
    following: dict[int, int] = {}
    result = []
    for onset, pitch in sorted(merged, reverse=True):
        end, velocity = merged[onset, pitch]
        result.append(Note(onset, min(end, following.get(pitch, end)) - onset, pitch, max(velocity, 1)))
        following[pitch] = onset
    return result[::-1]
