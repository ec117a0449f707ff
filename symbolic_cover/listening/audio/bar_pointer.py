"""Beats and bars from the listener's activations: the bar-pointer model.

A pointer moves through bars of two, three or four beats; a beat lasts a whole number of frames, and the tempo may
change only at its end. The best path through the whole recording (Viterbi) gives beats, metre, downbeats and tempo at
once. Whiteley, Cemgil & Godsill, "Bayesian modelling of temporal structure in musical audio", ISMIR 2006; state space
of Krebs, Böck & Widmer, "An efficient state-space model for joint tempo and meter tracking", ISMIR 2015.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter1d

from symbolic_cover.listening.audio.features import RATE_HZ

#: The tempo range of the training examples (`studio/performance.py`), with a margin.
SLOWEST_BPM, FASTEST_BPM = 38.0, 230.0
#: Tempo classes of the listener: equal steps of the logarithm between the limits.
N_TEMPI = 64
#: The tempo that people prefer to tap, and the cost in nats of a distance from it, per octave squared.
PREFERRED_BPM, PREFERENCE = 105.0, 1.0
#: The cost in nats of a tempo change, relative to the change.
CHANGE_COST = 45.0
#: The tempo evidence of a frame: the log probability of nearby tempi over some frames, bounded below, and the preferred
#: tempo.
TEMPO_WEIGHT, TEMPO_BLUR, TEMPO_FRAMES, _LEAST_TEMPO = 0.2, 4, 430, 1e-3
#: The greatest probability that a beat is a downbeat, or that it is none.
_MAX_CONFIDENCE = 0.97
#: Prior odds of frames without a beat: probabilities divided by the prior become likelihoods.
_RARITY = 5.0
_REACH = 2  # frames around a beat in which its centre is searched
_NEVER = -1e6


def tempo_class(bpm: np.ndarray) -> np.ndarray:
    """Tempi in beats a minute -> classes 0..`N_TEMPI` - 1; tempi beyond the limits are clipped."""
    place = np.log(np.asarray(bpm) / SLOWEST_BPM) / np.log(FASTEST_BPM / SLOWEST_BPM)
    return np.clip(np.round(place * (N_TEMPI - 1)), 0, N_TEMPI - 1).astype(int)


class Beats(NamedTuple):
    """`sec` (beats,) rising; `place` in the bar from 0 (beats,); `size` beats a bar; `log_likelihood` of the best path
    for each size that was tried."""

    sec: np.ndarray
    place: np.ndarray
    size: int
    log_likelihood: dict[int, float]


def track(
    beat: np.ndarray, downbeat: np.ndarray, *, sizes: tuple[int, ...] = (2, 3, 4),
    tempo: np.ndarray | None = None, size_log_prior: dict[int, float] | None = None,
    bpm: tuple[float, float] = (SLOWEST_BPM, FASTEST_BPM), anchor_frame: int | None = None, rate_hz: float = RATE_HZ,
) -> Beats:  # fmt: skip
    """The most likely beats and bars; `beat` and `downbeat` (frames,) are probabilities, a downbeat being a beat too.

    `tempo` (frames, `N_TEMPI`) is the log probability of each tempo class. A bar begins at `anchor_frame`, if given.
    """
    intervals = np.arange(int(60 * rate_hz / bpm[1]), int(np.ceil(60 * rate_hz / bpm[0])) + 1)
    evidence = _evidence(beat, downbeat)
    if anchor_frame is not None:
        evidence[:2, anchor_frame] = _NEVER
    tempi = 60 * rate_hz / intervals
    pace = np.tile(-PREFERENCE * np.log2(tempi / PREFERRED_BPM) ** 2, (evidence.shape[1], 1))
    if tempo is not None:
        pace += _blurred(tempo)[:, tempo_class(tempi)]
    ways = {}
    for size in sizes:
        frames, places, value = _best_way(evidence, TEMPO_WEIGHT * pace, intervals, size)
        ways[size] = (frames, places, value + (size_log_prior or {}).get(size, 0.0))
    best = max(ways, key=lambda size: ways[size][2])
    frames, places, _ = ways[best]
    sec = _between_frames(beat + downbeat, frames) / rate_hz
    return Beats(sec, places, best, {size: way[2] for size, way in ways.items()})


def _blurred(tempo: np.ndarray) -> np.ndarray:
    """Log probabilities of tempi (frames, `N_TEMPI`), smoothed over nearby tempi and some seconds: they choose the
    metrical level, not the exact tempo."""
    near = uniform_filter1d(np.exp(tempo), 2 * int(TEMPO_BLUR) + 1, axis=1, mode="constant")
    return np.log(uniform_filter1d(near, int(TEMPO_FRAMES), axis=0, mode="nearest") + _LEAST_TEMPO)


def _evidence(beat: np.ndarray, downbeat: np.ndarray) -> np.ndarray:
    """Log likelihood of a frame without a beat, with a beat inside a bar, and with a downbeat, (3, frames)."""
    beat = np.clip(beat, 1e-4, 1 - 1e-4)
    first = np.clip(downbeat / beat, 1 - _MAX_CONFIDENCE, _MAX_CONFIDENCE)
    return np.log(np.stack([1 - beat, _RARITY * beat * (1 - first), _RARITY * beat * first]))


def _best_way(
    evidence: np.ndarray, pace: np.ndarray, intervals: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Beat frames, their places in bars of `size`, and the log likelihood of the best path."""
    n_frames, n_tempi = evidence.shape[1], len(intervals)
    ends = np.cumsum(np.tile(intervals, size)).reshape(size, n_tempi)
    starts = ends - intervals
    n_states = int(ends[-1, -1])
    kind = np.zeros(n_states, dtype=int)
    kind[starts] = 1
    kind[starts[0]] = 2
    change = -CHANGE_COST * np.abs(intervals[None, :] / intervals[:, None] - 1)
    change -= np.log(np.exp(change).sum(axis=1, keepdims=True))
    tempo_of = np.tile(np.repeat(np.arange(n_tempi), intervals), size)
    value = -np.log(size * intervals)[tempo_of] + pace[0][tempo_of] + evidence[kind, 0]
    came_from = np.zeros((n_frames, size, n_tempi), dtype=np.int16)
    before = np.roll(ends, 1, axis=0) - 1  # the last states of the previous beat
    for frame in range(1, n_frames):
        arriving = value[before][:, :, None] + change  # size, tempo before, tempo after
        came_from[frame] = arriving.argmax(axis=1)
        value[1:] = value[:-1].copy()
        value[starts] = arriving.max(axis=1)
        value += evidence[:, frame][kind] + pace[frame][tempo_of]
    return *_walk_back(int(value.argmax()), came_from, starts, ends), float(value.max())


def _walk_back(
    state: int, came_from: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The frames and places of the beats on the path to a final state."""
    flat = ends.ravel()
    beat, tempo = divmod(int(np.searchsorted(flat, state, side="right")), ends.shape[1])
    frame = len(came_from) - 1 - (state - int(starts[beat, tempo]))
    found = []
    while frame >= 0:
        found.append((frame, int(beat)))
        if frame == 0:
            break
        tempo = int(came_from[frame, beat, tempo])
        beat = (beat - 1) % len(ends)
        frame -= int(ends[beat, tempo] - starts[beat, tempo])
    rows = np.array(found[::-1], dtype=int).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _between_frames(activation: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Beat frames (float), each moved to the centre of the activation around it."""
    offsets = np.arange(-_REACH, _REACH + 1)
    padded = np.pad(activation, _REACH)
    weights = np.stack([padded[frames + _REACH + offset] for offset in offsets]) ** 2 + 1e-4
    moved = frames + (weights * offsets[:, None]).sum(axis=0) / weights.sum(axis=0)
    return np.maximum.accumulate(moved)
