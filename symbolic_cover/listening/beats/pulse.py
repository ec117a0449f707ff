"""Input of beat tracking: onset strength and sounding keys, frame by frame.

A `Pulse` is made from the notes of a performed MIDI file; recordings use the listener instead.

Conventions
-----------
Frame i is at ``i / rate_hz`` seconds. Matrices are (frames, 88), column k being MIDI pitch 21 + k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symbolic_cover.core.heard import TimedTrack
from symbolic_cover.listening.frames import FRAME_RATE_HZ, LOWEST_PITCH, N_PITCHES

SMOOTHING_FRAMES = 2.0  # 23 ms: the spread of a chord played by hand
#: Windows for levelling loudness and comparing harmony; silence after the last note. Set by hand.
LEVELLING_SEC = 6.0
TAIL_SEC = 1.0
HARMONY_SEC = 0.5


@dataclass(frozen=True)
class Pulse:
    """`envelope` (frames,) onset strength of mean square 1; `sounding` and `onsets` (frames, 88), both >= 0.

    `start_sec` and `end_sec` bound the music: the first onset and the end of the last note.
    """

    envelope: np.ndarray
    sounding: np.ndarray
    onsets: np.ndarray
    start_sec: float
    end_sec: float
    n_notes: int
    rate_hz: float = FRAME_RATE_HZ

    @property
    def notes_per_sec(self) -> float:
        """The number of notes per second of music."""
        return max(1, self.n_notes) / max(1.0, self.end_sec - self.start_sec)

    @cached_property
    def harmonic_change(self) -> np.ndarray:
        """(frames,) the distance between the pitch classes of the next half second and the last, 0..1."""
        frames = np.arange(len(self.envelope))
        width = round(HARMONY_SEC * self.rate_hz)
        return novelty(running_sum(fold(self.sounding)), frames, np.full(len(frames), width))


def fold(matrix: np.ndarray) -> np.ndarray:
    """(frames, keys) from the lowest key up -> pitch classes, (frames, 12)."""
    classes = (np.arange(matrix.shape[1]) + LOWEST_PITCH) % 12
    return np.stack([matrix[:, classes == pitch_class].sum(axis=1) for pitch_class in range(12)], axis=1)


def running_sum(matrix: np.ndarray) -> np.ndarray:
    """(frames, k) -> (frames + 1, k): cumulative sums, so that a sum over a span is one subtraction."""
    return np.concatenate([np.zeros((1, matrix.shape[1])), np.cumsum(matrix, axis=0, dtype=float)])


def span_sum(running: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Sums over frames first..last (exclusive), (n, k), from `running_sum`; clipped at both ends."""
    bound = len(running) - 1
    rows = [np.clip(np.round(edge), 0, bound).astype(int) for edge in (first, last)]
    return running[rows[1]] - running[rows[0]]


def novelty(running: np.ndarray, centre: np.ndarray, width: np.ndarray) -> np.ndarray:
    """1 - cosine between the keys `width` frames before and after each `centre`, (n,); 0 next to silence."""
    before = span_sum(running, centre - width, centre)
    after = span_sum(running, centre, centre + width)
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.where(size > 1e-9, 1 - (before * after).sum(axis=1) / (size + 1e-12), 0.0)


def pulse_of_notes(tracks: Sequence[TimedTrack]) -> Pulse:
    """The pulse of notes in seconds: velocity-weighted onsets. Drums count as onsets only."""
    notes = [note for track in tracks for note in track.notes]
    start_sec, end_sec = min(note.onset_sec for note in notes), max(note.end_sec for note in notes)
    n_frames = int((end_sec + TAIL_SEC) * FRAME_RATE_HZ) + 1
    sounding = np.zeros((n_frames, N_PITCHES), np.float32)
    onsets = np.zeros((n_frames, N_PITCHES), np.float32)
    drums = np.zeros(n_frames)
    for track in tracks:
        for note in track.notes:
            first = max(0, round(note.onset_sec * FRAME_RATE_HZ))
            loudness = note.velocity / 127
            if track.is_drums:
                drums[first] += loudness
            elif 0 <= (key := note.pitch - LOWEST_PITCH) < N_PITCHES:
                last = max(first + 1, round(note.end_sec * FRAME_RATE_HZ))
                sounding[first:last, key] = np.maximum(sounding[first:last, key], loudness)
                onsets[first, key] = max(onsets[first, key], loudness)
    envelope = np.sqrt(_smooth(onsets.sum(axis=1) + drums))
    return Pulse(_level(envelope), sounding, onsets, start_sec, end_sec, len(notes))


def _smooth(x: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(np.asarray(x, float), SMOOTHING_FRAMES)


def _level(envelope: np.ndarray) -> np.ndarray:
    """Divide by the local root mean square, so that a soft verse counts as much as a loud chorus."""
    from scipy.ndimage import gaussian_filter1d

    width = LEVELLING_SEC * FRAME_RATE_HZ
    local = np.sqrt(gaussian_filter1d(envelope**2, width))
    overall = np.sqrt(np.mean(envelope**2))
    levelled = envelope / (local + 0.2 * overall + 1e-9)
    return levelled / (np.sqrt(np.mean(levelled**2)) + 1e-9)
