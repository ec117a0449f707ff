"""POP909 as labelled pieces on the grid: melody, bridge and piano tracks, chords, the metre of every bar.

POP909-CL (Yao et al.) has the songs on a corrected grid of 24 steps a beat, but in one track; POP909 (Wang et al.,
ISMIR 2020) names the tracks, but in performed time. Both have the same notes in the same order, so the k-th note of a
pitch in one is the k-th note of that pitch in the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import symusic

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Role, Track
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Meter, Note

#: The extra weight that another bar line than the written one needs.
_CLEARLY = 1.15
_ROLES = {"MELODY": Role.MELODY, "BRIDGE": Role.UNSAID, "PIANO": Role.UNSAID, "chords": Role.CHORDS}
_ONSETS = np.array([0, 3, 4, 6, 8, 9, 12])


def original_of(corrected: Path) -> Path:
    """The original of a song of POP909-CL in POP909, if both are in one folder."""
    return corrected.parent.parent / "pop909" / corrected.stem / f"{corrected.stem}.mid"


def read_song(original: Path, corrected: Path) -> tuple[tuple[Track, ...], Grid]:
    """The tracks of the corrected song on the grid, its notes under the track names of the original.

    The tracks are ``MELODY``, ``BRIDGE``, ``PIANO`` and ``chords``, which state the harmony. Raises `InputError` if the
    two differ.
    """
    named, gridded = symusic.Score(original), symusic.Score(corrected)
    pickup = _pickup(gridded)
    gridded = gridded.shift_time(pickup) if pickup else gridded
    grid = _grid(gridded, named)
    scale = TICKS_PER_QUARTER / gridded.ticks_per_quarter
    names = _name_notes(gridded.tracks[0].notes, named)
    tracks: dict[str, list[Note]] = {name: [] for name in _ROLES}
    for name, note in zip(names, gridded.tracks[0].notes, strict=True):
        onset, end = snap(note.time * scale), snap(note.end * scale)
        tracks[name if name in tracks else "PIANO"].append(
            Note(onset, max(end - onset, 1), note.pitch, max(note.velocity, 1))
        )
    for note in gridded.tracks[1].notes if len(gridded.tracks) > 1 else ():
        onset = round(note.time * scale)
        tracks["chords"].append(Note(onset, max(round(note.duration * scale), 1), note.pitch, 80))
    return tuple(Track(name, tuple(sorted(notes)), role=_ROLES[name]) for name, notes in tracks.items()), grid


def _pickup(gridded: symusic.Score) -> int:
    """Ticks to put before the song so that its bars begin at changes of harmony.

    The corrected files have correct beats but, in two songs of five, do not begin on a bar line: their first tick is
    the start of the recording. Bars begin where the long chords change.
    """
    if len(gridded.tracks) < 2 or not gridded.tracks[1].notes:
        return 0
    bar = _bar_length(gridded)
    step = gridded.ticks_per_quarter // TICKS_PER_QUARTER
    lengths = {note.time: note.duration for note in gridded.tracks[1].notes}
    weights = np.zeros(bar // step)
    for time, length in lengths.items():
        weights[round(time % bar / step) % len(weights)] += min(length, bar) / bar
    phase = int(weights.argmax())
    if weights[phase] < _CLEARLY * weights[0]:
        return 0
    return (len(weights) - phase) * step


def _bar_length(gridded: symusic.Score) -> int:
    signature = min(gridded.time_signatures, key=lambda signature: signature.time, default=None)
    if signature is None:
        raise InputError("The corrected file has no time signature.")
    return signature.numerator * 4 * gridded.ticks_per_quarter // signature.denominator


def _name_notes(notes: Sequence[symusic.Note], named: symusic.Score) -> list[str]:
    """The track name of each corrected note: that of the original note of its pitch and rank."""
    originals: dict[int, list[tuple[int, str]]] = {}
    for track in named.tracks:
        for note in track.notes:
            originals.setdefault(note.pitch, []).append((note.time, track.name))
    places: dict[int, list[int]] = {}
    for note in notes:
        places.setdefault(note.pitch, []).append(note.time)
    anchors = [
        (place, time)
        for pitch, times in places.items()
        if len(times) == len(originals.get(pitch, ()))
        for place, (time, _) in zip(sorted(times), sorted(originals[pitch]), strict=True)
    ]
    if len(anchors) < len(notes) / 4:
        raise InputError("The original and the corrected version have different notes.")
    at, times = np.array(sorted(anchors), dtype=float).T
    expected = np.interp([note.time for note in notes], at, times)
    ranks: dict[int, int] = {}
    names = []
    order = sorted(range(len(notes)), key=lambda i: notes[i].time)
    for i in order:
        pitch = notes[i].pitch
        ranks[pitch] = ranks.get(pitch, -1) + 1
        same = sorted(originals.get(pitch, ()))
        if len(same) == len(places[pitch]):
            names.append((i, same[ranks[pitch]][1]))
        else:
            names.append((i, min(same, key=lambda o: abs(o[0] - expected[i]))[1] if same else "PIANO"))
    return [name for _, name in sorted(names)]


def snap(tick: float) -> int:
    """The nearest sixteenth or eighth-triplet."""
    quarter, within = divmod(tick, TICKS_PER_QUARTER)
    return int(quarter) * TICKS_PER_QUARTER + int(_ONSETS[np.abs(_ONSETS - within).argmin()])


def _grid(gridded: symusic.Score, named: symusic.Score) -> Grid:
    """Bars of the corrected metre (one for each song), at the tempo of the original performance."""
    scale = TICKS_PER_QUARTER / gridded.ticks_per_quarter
    signature = min(gridded.time_signatures, key=lambda signature: signature.time)
    meter = Meter(signature.numerator, signature.denominator)
    n_bars = max(1, math.ceil(gridded.end() * scale / meter.bar_tick))
    bars = tuple(Bar(i * meter.bar_tick, meter) for i in range(n_bars))
    quarters = (gridded.end() - gridded.start()) / gridded.ticks_per_quarter
    played = named.to("second")
    sec_per_quarter = max((played.end() - played.start()) / max(quarters, 1), 0.1)
    end_tick = bars[-1].end_tick
    return Grid(np.array([0, end_tick]), np.array([0.0, end_tick / TICKS_PER_QUARTER * sec_per_quarter]), bars)
