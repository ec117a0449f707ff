"""Simulate transcription errors: X as it is when a recording is covered.

`degrade` turns a song's true sheet into what our transcriber and melody finder would produce from its sound: notes are
missed, held ones struck twice, overtones and other ghost notes added, onsets and ends moved in seconds and quantized to
the grid, parts of the melody lost and wrong notes added to it. The rates are read from ``presets/degradation.toml``,
fitted by ``benchmarks/corpus/degradation.py`` to excerpts that were rendered by FluidSynth and transcribed by the
listener.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from symbolic_cover.analysis.chords import beat_edges, recognise_chords
from symbolic_cover.analysis.key import find_key
from symbolic_cover.analysis.melody import find_bass, one_line
from symbolic_cover.analysis.quantize import SIXTEENTH_TICK, divisions_for, snap
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.mishearing import HARMONICS, LENGTH_BOUNDS_SEC, SHARES, Errors, KindErrors, load_errors
from symbolic_cover.corpus.sounding import ROLES, Sounding, circumstances, predecessors, roll_of, sounding

__all__ = ["Errors", "KindErrors", "degrade", "load_errors"]

#: The least distance, in ticks, of a ghost note from a true note of its pitch: nearer, it would be that note.
ROOM_TICK = 6
#: Errors of the melody finder are drawn for stretches of this many ticks.
LAPSE_TICK = 24
_MELODY = 0
_SPLIT_AFTER_SEC, _SHORTEST_SEC = 0.1, 0.05
_HEARD_BEFORE = 0.9
#: A piece's own log odds, normal with deviation s, pull probabilities towards one half; this (in s^2) corrects it.
_LOGISTIC_SPREAD = 0.346


class _Heard(NamedTuple):
    """Notes in the simulated transcriber; `role` as in `Sounding`, with one more for ghosts.

    `exact` ones are not moved.
    """

    start_sec: np.ndarray
    length_sec: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    role: np.ndarray
    exact: np.ndarray


def degrade(sheet: SongSheet, errors: Errors, rng: np.random.Generator, kind: str, strength: float = 1.0) -> SongSheet:
    """The sheet as transcribed from a recording of an ensemble of a `kind` in `errors`.

    `strength` scales the errors; 0 leaves every note unchanged. Chords and key are always estimated again from the
    notes, as for a recording. The same generator state gives the same result. Notes stay on the grid, no two share
    onset and pitch, and the melody is one line.
    """
    true = sounding(sheet)
    if strength > 0 and len(true.onset):
        end_tick = sheet.grid.end_tick
        roll = roll_of(true, end_tick + 1)
        of_kind = errors.kinds[kind]
        misses = _missed(true, roll, of_kind, rng, strength)
        moved = _held_on(_moved(true, of_kind, rng, strength), true, misses, of_kind, rng)
        ghosts = _ghosts(true, roll_of(true, end_tick + 1, ROOM_TICK), misses, of_kind, rng, strength)
        splits = _splits(_pick(moved, ~misses), of_kind, rng, strength)
        heard = _on_grid(_joined(_pick(moved, ~misses), splits, ghosts), true, ~misses, sheet.grid)
        melody, rest = _melody(heard, sheet, of_kind, rng, strength * errors.melody_moderation)
        bass = find_bass(rest, beat_edges(sheet.grid))
        low = set(bass)
        texture = tuple(note for note in rest if note not in low)
        sheet = replace(sheet, melody=melody, bass=bass, texture=texture)
    notes = sheet.notes
    key = find_key(notes)
    return replace(sheet, chords=recognise_chords(notes, sheet.grid, key), key=key)


def _quantile(quantiles: Sequence[float], share: np.ndarray) -> np.ndarray:
    """The value below which `share` (0..1) of a distribution lies."""
    return np.interp(share, SHARES, quantiles)


def _missed(
    true: Sounding, roll: np.ndarray, errors: KindErrors, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Which notes are missed."""
    roles, weights = np.array(errors.missed[: len(ROLES)]), np.array(errors.missed[len(ROLES) :])
    odds = roles[true.role] + circumstances(true, roll) @ weights
    spread = errors.missed_spread
    odds = odds * np.sqrt(1 + _LOGISTIC_SPREAD * spread**2) + spread * rng.standard_normal()
    odds += errors.missed_tilt * rng.standard_normal() * (true.pitch - true.pitch.mean()) / 12
    return rng.random(len(odds)) < strength / (1 + np.exp(-odds))


def _moved(true: Sounding, errors: KindErrors, rng: np.random.Generator, strength: float) -> _Heard:
    """The notes with transcribed onsets and lengths; below strength 1 some are not moved."""
    n_notes = len(true.onset)
    late = _lateness(true.length_sec, errors, rng)
    length_class = np.searchsorted(LENGTH_BOUNDS_SEC, true.length_sec)
    share, stretch = rng.random(n_notes), np.zeros(n_notes)
    for number, quantiles in enumerate(errors.length):
        of_it = length_class == number
        stretch[of_it] = _quantile(quantiles, share[of_it])
    center, slope, noise = errors.loudness
    velocity = center + slope * (true.velocity - true.velocity.mean()) + noise * rng.standard_normal(n_notes)
    exact = rng.random(n_notes) >= strength
    return _Heard(
        np.where(exact, true.start_sec, np.maximum(true.start_sec + late, 0)),
        np.where(exact, true.length_sec, np.maximum(true.length_sec * 2**stretch, _SHORTEST_SEC)),
        true.pitch,
        np.clip(np.round(velocity), 1, 127).astype(int),
        true.role,
        exact,
    )


def _held_on(moved: _Heard, true: Sounding, misses: np.ndarray, errors: KindErrors, rng: np.random.Generator) -> _Heard:
    """The notes, some extended by the missed notes that follow them on their pitch."""
    before, owner, length_sec = predecessors(true), np.arange(len(misses)), moved.length_sec.copy()
    merged = misses & (before >= 0) & (rng.random(len(misses)) < errors.held)
    for index in np.flatnonzero(merged).tolist():
        first = owner[index] = owner[before[index]]
        end_sec = true.start_sec[index] + true.length_sec[index]
        length_sec[first] = max(length_sec[first], end_sec - moved.start_sec[first])
    return moved._replace(length_sec=length_sec, exact=moved.exact & (length_sec == moved.length_sec))


def _lateness(length_sec: np.ndarray, errors: KindErrors, rng: np.random.Generator) -> np.ndarray:
    """The delay of notes of one piece, in seconds; an onset never moves past the note's end."""
    offset, spread, earliest = errors.late_piece_sec
    late = offset + spread * rng.standard_normal() + _quantile(errors.late_sec, rng.random(len(length_sec)))
    return np.maximum(np.minimum(late, _HEARD_BEFORE * length_sec), earliest)


def _ghosts(
    true: Sounding, taken: np.ndarray, misses: np.ndarray, errors: KindErrors, rng: np.random.Generator, strength: float
) -> _Heard:
    """Ghost notes where nothing of their pitch sounds. `taken` is the roll of the notes with `ROOM_TICK` around."""
    spread = errors.ghosts_spread
    factor = strength * np.exp(spread * rng.standard_normal() - spread**2 / 2)
    n_notes = len(true.onset)
    parents, pitches = [], []
    for number, rates in enumerate(errors.ghosts):
        if number < len(HARMONICS):
            step = np.full(n_notes, HARMONICS[number])
        else:
            step = np.round(_quantile(errors.ghosts_steps, rng.random(n_notes))).astype(int)
        pitch = true.pitch + step
        is_born = rng.random(n_notes) < factor * np.where(misses, rates[1], rates[0])
        parents.append(np.flatnonzero(is_born & (pitch >= 21) & (pitch <= 108)))
        pitches.append(pitch[parents[-1]])
    parent, pitch = np.concatenate(parents), np.concatenate(pitches)
    inside = np.where(rng.random(len(parent)) < errors.ghosts_struck, 0.0, rng.random(len(parent)))
    late = _lateness(true.length_sec[parent], errors, rng)
    ghosts = _Heard(
        np.maximum(true.start_sec[parent] + inside * true.length_sec[parent] + late, 0),
        _quantile(errors.ghosts_sec, rng.random(len(parent))),
        pitch,
        np.full(len(parent), max(1, round(0.8 * errors.loudness[0]))),
        np.full(len(parent), len(ROLES)),
        np.zeros(len(parent), dtype=bool),
    )
    within = inside * (true.end[parent] - true.onset[parent])
    tick = np.minimum(true.onset[parent] + within.astype(int), taken.shape[1] - 1)
    return _pick(ghosts, ~taken[pitch, tick])


def _splits(heard: _Heard, errors: KindErrors, rng: np.random.Generator, strength: float) -> _Heard:
    """Repeated strikes within transcribed notes; each ends with its note."""
    spread = errors.split_spread
    factor = strength * np.exp(spread * rng.standard_normal() - spread**2 / 2)
    room_sec = np.maximum(heard.length_sec - 2 * _SPLIT_AFTER_SEC, 0)
    strikes = rng.poisson(factor * np.array(errors.split)[heard.role] * room_sec)
    again = np.repeat(np.arange(len(strikes)), strikes)
    after = _SPLIT_AFTER_SEC + rng.random(len(again)) * room_sec[again]
    of_them = _pick(heard, again)
    return of_them._replace(
        start_sec=of_them.start_sec + after, length_sec=of_them.length_sec - after, exact=np.zeros(len(again), bool)
    )


def _pick(heard: _Heard, which: np.ndarray) -> _Heard:
    return _Heard(*(column[which] for column in heard))


def _joined(*groups: _Heard) -> _Heard:
    return _Heard(*(np.concatenate(columns) for columns in zip(*groups, strict=True)))


def _on_grid(heard: _Heard, true: Sounding, kept: np.ndarray, grid: Grid) -> list[tuple[Note, int]]:
    """Notes with their roles, quantized as by the quantizer; the melody takes precedence where two coincide.

    The first rows of `heard` are the notes of `true` that were kept; exact ones keep their ticks.
    """
    start, end = grid.tick_at(heard.start_sec), grid.tick_at(heard.start_sec + heard.length_sec)
    divisions = divisions_for(start, grid)
    onset = snap(start, divisions)
    step = divisions[np.minimum(onset // TICKS_PER_QUARTER, len(divisions) - 1)]
    end = np.maximum(snap(end, divisions), onset + np.maximum(step, SIXTEENTH_TICK))
    exact = np.flatnonzero(heard.exact)
    onset[exact], end[exact] = true.onset[kept][exact], true.end[kept][exact]
    inside = onset < grid.end_tick
    order = np.lexsort((-end, heard.role != _MELODY, onset, heard.pitch))
    order = order[inside[order]]
    pitch, onset, end = heard.pitch[order], onset[order], np.minimum(end[order], grid.end_tick)
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (pitch[1:] != pitch[:-1]) | (onset[1:] != onset[:-1])
    order, pitch, onset, end = order[is_first], pitch[is_first], onset[is_first], end[is_first]
    same = pitch[1:] == pitch[:-1]
    end[:-1] = np.where(same, np.minimum(end[:-1], onset[1:]), end[:-1])
    columns = (onset, end - onset, pitch, heard.velocity[order], heard.role[order])
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return sorted((Note(*row[:4]), row[4]) for row in rows)


def _melody(
    heard: Sequence[tuple[Note, int]], sheet: SongSheet, errors: KindErrors, rng: np.random.Generator, scale: float
) -> tuple[tuple[Note, ...], list[Note]]:
    """(the melody as found, all other notes).

    Errors occur in stretches of `LAPSE_TICK`: one draw for each decides whether the melody's notes are lost and others
    are taken for it.
    """
    draw = rng.random(sheet.grid.end_tick // LAPSE_TICK + 1)
    octave = rng.random(len(heard)) < scale * errors.melody_octave
    melody: list[Note] = []
    rest: list[Note] = []
    lost: list[Note] = []
    for (note, role), leaps in zip(heard, octave.tolist(), strict=True):
        if role == _MELODY and draw[note.onset_tick // LAPSE_TICK] >= scale * errors.melody_lost:
            melody.append(note._replace(pitch=note.pitch + (12 if note.pitch < 72 else -12)) if leaps else note)
        else:
            (lost if role == _MELODY else rest).append(note)
    strange = _strange(melody, rest, sheet, errors, draw, scale)
    taken = {(note.onset_tick, note.pitch) for note in (*melody, *strange)}
    line = one_line([*melody, *strange])
    return line, [note for note in sorted(rest + lost) if (note.onset_tick, note.pitch) not in taken]


def _strange(
    melody: Sequence[Note], rest: Sequence[Note], sheet: SongSheet, errors: KindErrors, draw: np.ndarray, scale: float
) -> list[Note]:
    """The highest notes of some onsets without a melody note."""
    sung = np.zeros(sheet.grid.end_tick + 1, dtype=bool)
    struck = {note.onset_tick for note in melody}
    for note in melody:
        sung[note.onset_tick : note.end_tick] = True
    top = {note.onset_tick: note for note in sorted(rest, key=lambda note: note.pitch)}
    over, alone = errors.melody_strange
    return [
        note
        for onset, note in top.items()
        if onset not in struck and draw[onset // LAPSE_TICK] < scale * (over if sung[onset] else alone)
    ]
