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
    found = _best_ways(evidence, TEMPO_WEIGHT * pace, intervals, sizes)
    ways = {
        size: (frames, places, value + (size_log_prior or {}).get(size, 0.0))
        for size, (frames, places, value) in zip(sizes, found, strict=True)
    }
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


def _best_ways(
    evidence: np.ndarray, pace: np.ndarray, intervals: np.ndarray, sizes: tuple[int, ...]
) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """For bars of each size: beat frames, their places in bars, and the log likelihood of the best path.

    Between two beats there is only one path, so only beats are scored: each place in the bar (rows) at each tempo
    (columns), plus the sums of the frames between.
    """
    n_frames, n_tempi = evidence.shape[1], len(intervals)
    longest, tempi = int(intervals[-1]), np.arange(n_tempi)
    edges = np.cumsum([0, *sizes])
    before = np.concatenate([first + np.roll(np.arange(size), 1) for first, size in zip(edges, sizes, strict=False)])
    kind = np.ones(len(before), dtype=int)
    kind[edges[:-1]] = 2
    change = -CHANGE_COST * np.abs(intervals[None, :] / intervals[:, None] - 1)
    change = (change - np.log(np.exp(change).sum(axis=1, keepdims=True))).T.copy()  # tempo after, tempo before
    # Frames before the first: a bar may have begun there, and nothing is known of it.
    between = np.cumsum(evidence[0][:, None] + pace, axis=0)
    between = np.concatenate([np.repeat(between[:1], longest, axis=0), between])
    begun = -np.log(np.repeat(sizes, sizes)[:, None] * intervals) + pace[0]
    value = np.empty((longest, *begun.shape))  # of the last frames, in turn
    value[:] = begun + evidence[0, 0]
    value[0] = begun + evidence[kind, 0][:, None]
    came_from = np.zeros((n_frames, *begun.shape), dtype=np.uint8)
    rows = np.arange(len(before))[:, None]
    for frame in range(1, n_frames):
        start = frame - intervals
        arriving = value[start % longest, before[:, None], tempi]
        arriving += between[frame - 1 + longest] - between[start + longest, tempi]
        changed = arriving[:, None, :] + change
        best = changed.argmax(axis=2)
        came_from[frame] = best
        value[frame % longest] = changed[rows, tempi, best] + evidence[kind, frame][:, None] + pace[frame]
    last = n_frames - 1 - np.arange(longest)
    ends = value[last % longest] + (between[-1] - between[last + longest])[:, None, :]
    ends[np.arange(longest)[:, None, None] >= intervals[None, None, :].repeat(len(before), axis=1)] = -np.inf
    ways = []
    for first, size in zip(edges, sizes, strict=False):
        those = ends[:, first : first + size]
        gone, place, tempo = np.unravel_index(int(those.argmax()), those.shape)
        way = _walk_back(int(last[gone]), int(place), int(tempo), came_from[:, first : first + size], intervals)
        ways.append((*way, float(those.max())))
    return ways


def _walk_back(
    frame: int, place: int, tempo: int, came_from: np.ndarray, intervals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The frames and places of the beats on the path to a final beat."""
    found = []
    while frame >= 0:
        found.append((frame, place))
        if frame == 0:
            break
        tempo = int(came_from[frame, place, tempo])
        place = (place - 1) % came_from.shape[1]
        frame -= int(intervals[tempo])
    rows = np.array(found[::-1], dtype=int).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _between_frames(activation: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Beat frames (float), each moved to the centre of the activation around it."""
    offsets = np.arange(-_REACH, _REACH + 1)
    padded = np.pad(activation, _REACH)
    weights = np.stack([padded[frames + _REACH + offset] for offset in offsets]) ** 2 + 1e-4
    moved = frames + (weights * offsets[:, None]).sum(axis=0) / weights.sum(axis=0)
    return np.maximum.accumulate(moved)
