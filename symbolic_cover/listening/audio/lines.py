"""Melody and bass lines from the listener's frame-wise logits.

The line is the best path through all keys and silence (Viterbi): at every frame a key scores its logit and silence
zero, and a step from one to another has a cost. A sounding key is struck again where its onset is probable.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from symbolic_cover.core.heard import TimedNote
from symbolic_cover.listening.audio.features import RATE_HZ
from symbolic_cover.listening.frames import LOWEST_PITCH

#: The onset probability that strikes a sounding key again, at the earliest 93 ms after the last onset; a note lasts at
#: least two frames. Set by hand.
STRUCK_AGAIN, _APART_FRAMES, _SHORTEST_FRAMES = 0.45, 4, 2
#: Logits are clipped to this, so that one frame never decides.
_MOST_LOGIT = 6.0
#: Onsets within this are the same note.
_NEAR_SEC = 0.08


def heard_line(sounds: np.ndarray, begins: np.ndarray, loudness: np.ndarray, *, bias: float, step_cost: float,
               leap_cost: float, onset_weight: float,
               struck_again: float = STRUCK_AGAIN) -> list[TimedNote]:  # fmt: skip
    """Notes of a line from logits (frames, 88) that each key sounds and begins, and its loudness, 0..255.

    `bias` is the cost of silence, `step_cost` that of a change of key, `leap_cost` that of each semitone of it, in
    nats. A sounding key is struck again where its onset is as probable as `struck_again`.
    """
    probability = expit(begins)
    scores = np.clip(sounds, -_MOST_LOGIT, _MOST_LOGIT)
    scores += bias
    gains = np.clip(begins, -_MOST_LOGIT, _MOST_LOGIT)
    gains *= onset_weight
    path = _best_way(scores, gains, step_cost, leap_cost)
    del scores, gains  # of an hour, hundreds of megabytes
    notes = []
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    for first, last in itertools.pairwise(edges):
        key = int(path[first])
        if key == sounds.shape[1]:
            continue
        starts = [first, *_struck_again(probability[:, key], first, last, struck_again)]
        for start, end in zip(starts, [*starts[1:], last], strict=True):
            if end - start >= _SHORTEST_FRAMES:
                level = float(loudness[start : min(end, start + 8), key].max()) / 255
                velocity = int(np.clip(round(127 * level), 1, 127))
                at = _onset_between_frames(probability[:, key], start)
                notes.append(TimedNote(at / RATE_HZ, end / RATE_HZ, key + LOWEST_PITCH, velocity))
    return notes


def drawn_to(line: Sequence[TimedNote], notes: Sequence[TimedNote]) -> list[TimedNote]:
    """A line replaced by those `notes` of the same pitch that begin within `_NEAR_SEC`; others are left out.

    A note ends at the latest where the line's next note begins.
    """
    by_pitch: dict[int, list[TimedNote]] = {}
    for note in notes:
        by_pitch.setdefault(note.pitch, []).append(note)
    found: list[TimedNote] = []
    for note in line:
        near = [other for other in by_pitch.get(note.pitch, []) if abs(other.onset_sec - note.onset_sec) < _NEAR_SEC]
        near = [other for other in near if not found or other.onset_sec > found[-1].onset_sec]
        if near:
            found.append(min(near, key=lambda other: abs(other.onset_sec - note.onset_sec)))
    ends = [*(note.onset_sec for note in found[1:]), float("inf")]
    return [note._replace(end_sec=min(note.end_sec, end)) for note, end in zip(found, ends, strict=True)]


def _best_way(scores: np.ndarray, begins: np.ndarray, step_cost: float, leap_cost: float) -> np.ndarray:
    """For every frame a key, or the number of keys for silence."""
    n_frames, n_keys = scores.shape
    leaps = leap_cost * np.arange(n_keys)
    # Only differences count: the best of each frame is kept as nothing, so that single precision is enough.
    best = np.empty((n_frames, n_keys + 1), np.float32)
    keys, silence = scores[0].astype(float), 0.0
    for frame in range(n_frames):
        if frame:
            # From the keys below, from those above, and from silence; who goes nowhere pays nothing.
            upwards = np.maximum.accumulate(keys + leaps) - leaps
            downwards = np.maximum.accumulate((keys - leaps)[::-1])[::-1] + leaps
            moved = np.maximum(np.maximum(upwards, downwards), silence) + _gain(begins[frame], step_cost)
            silence = max(silence, keys.max() - step_cost / 2)
            keys = np.maximum(keys, moved) + scores[frame]
        most = max(keys.max(), silence)
        keys -= most
        silence -= most
        best[frame, :-1], best[frame, -1] = keys, silence
    path = np.empty(n_frames, dtype=int)
    path[-1] = key = int(best[-1].argmax())
    for frame in range(n_frames - 1, 0, -1):
        came = best[frame - 1].astype(float)
        if key == n_keys:
            came[:-1] -= step_cost / 2
        else:
            came[:-1] -= np.abs(leaps - leaps[key])
            stays = came[key]
            came += _gain(begins[frame, key], step_cost)
            came[key] = stays
        path[frame - 1] = key = int(came.argmax())
    return path


def _gain(begins: np.ndarray, step_cost: float) -> np.ndarray:
    """What a step to keys brings where they begin, less its price; never more than that."""
    return np.minimum(begins, step_cost) - step_cost


def _struck_again(probability: np.ndarray, first: int, last: int, threshold: float) -> list[int]:
    """Frames after `first` at which a sounding key is struck again."""
    found, before = [], first
    for frame in range(first + _APART_FRAMES, last - 1):
        here = probability[frame]
        if here > threshold and here >= probability[frame - 1 : frame + 2].max() and frame - before >= _APART_FRAMES:
            found.append(frame)
            before = frame
    return found


def _onset_between_frames(probability: np.ndarray, frame: int) -> float:
    """The centre of the onset probability within two frames of a note's start."""
    first, last = max(frame - 2, 0), min(frame + 3, len(probability))
    around = probability[first:last]
    if around.max() < 0.1:
        return float(frame)
    peak = first + int(around.argmax())
    near = np.arange(max(peak - 1, 0), min(peak + 2, len(probability)))
    return float((probability[near] * near).sum() / probability[near].sum())
