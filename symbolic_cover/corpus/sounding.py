"""The notes of a sheet as arrays, and the circumstances of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from symbolic_cover.core.sheet import SongSheet

ROLES = ("melody", "bass", "texture")
#: The columns of `circumstances`: register (beside the octave from middle C), length about a quarter second, company.
CIRCUMSTANCES = (
    "lowest", "low", "high", "highest", "short", "long", "sounding", "struck", "again", "overtone", "soft",
)  # fmt: skip
#: A note that ends this shortly before the next of its pitch counts as held: the time a key takes to come up.
_HELD_SEC = 0.06


class Sounding(NamedTuple):
    """The notes of a sheet as arrays (notes,), sorted by onset, then pitch.

    `onset`, `end` in ticks, `start_sec`, `length_sec` in seconds; `role` counts `ROLES`.
    """

    onset: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    role: np.ndarray
    start_sec: np.ndarray
    length_sec: np.ndarray


def sounding(sheet: SongSheet) -> Sounding:
    """All notes of a sheet as arrays."""
    parts = (sheet.melody, sheet.bass, sheet.texture)
    rows = sorted((*note, role) for role, notes in enumerate(parts) for note in notes)
    onset, duration, pitch, velocity, role = np.array(rows, dtype=int).reshape(-1, 5).T
    order = np.lexsort((pitch, onset))
    onset, duration, pitch, velocity, role = (a[order] for a in (onset, duration, pitch, velocity, role))
    start = sheet.grid.sec_at(onset)
    return Sounding(onset, onset + duration, pitch, velocity, role, start, sheet.grid.sec_at(onset + duration) - start)


def roll_of(notes: Sounding, n_ticks: int, margin: int = 0) -> np.ndarray:
    """The sounding pitches by tick: (128, ticks) of bool, each note extended by `margin` ticks at both ends."""
    roll = np.zeros((128, n_ticks), dtype=bool)
    first, last = np.maximum(notes.onset - margin, 0), notes.end + margin
    for pitch, start, stop in zip(notes.pitch.tolist(), first.tolist(), last.tolist(), strict=True):
        roll[pitch, start:stop] = True
    return roll


def circumstances(notes: Sounding, roll: np.ndarray) -> np.ndarray:
    """(notes, `CIRCUMSTANCES`): register, length, company and loudness of each note. `roll` is that of the notes."""
    pitch, onset = notes.pitch, notes.onset
    octaves = np.log2(np.maximum(notes.length_sec, 1e-3) / 0.25)
    n_sounding = np.searchsorted(onset, onset, side="right") - np.searchsorted(np.sort(notes.end), onset, side="right")
    n_struck = np.searchsorted(onset, onset, side="right") - np.searchsorted(onset, onset, side="left")
    below = [roll[np.maximum(pitch - step, 0), onset] & (pitch >= step) for step in (12, 19, 24)]
    return np.column_stack(
        [
            pitch < 48,
            (pitch >= 48) & (pitch < 60),
            (pitch >= 72) & (pitch < 84),
            pitch >= 84,
            np.clip(-octaves, 0, 3),
            np.clip(octaves, 0, 3),
            np.log2(np.maximum(n_sounding, 1)),
            np.log2(n_struck),
            predecessors(notes) >= 0,
            np.any(below, axis=0),
            np.clip((np.median(notes.velocity) - notes.velocity) / 20, -3, 3) if len(pitch) else pitch,
        ]
    ).astype(float)


def predecessors(notes: Sounding) -> np.ndarray:
    """For each note the index of the one of its pitch that sounded until (almost) then, or -1."""
    order = np.lexsort((notes.onset, notes.pitch))
    before, after = order[:-1], order[1:]
    gap_sec = notes.start_sec[after] - notes.start_sec[before] - notes.length_sec[before]
    found = np.full(len(order), -1)
    found[after] = np.where((notes.pitch[before] == notes.pitch[after]) & (gap_sec < _HELD_SEC), before, -1)
    return found
