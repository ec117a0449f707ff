"""Chords and key that the listener hears: logits frame by frame -> a chord for every beat, and one key.

A chord is worth the log probabilities of its root, of its tones being there and the others not, and a little of its
bass (after McFee & Bello, "Structured training for large-vocabulary chord recognition", ISMIR 2017). The likeliest way
through all beats (Viterbi) pays for changes, less at a bar line.
"""

from __future__ import annotations

import itertools

import numpy as np

from symbolic_cover.listen.features import RATE_HZ
from symbolic_cover.listen.listener import Heard
from symbolic_cover.music import CHORD_INTERVALS, HARTE_DEGREES, PITCH_NAMES_FLAT, Key

#: The chords that are looked for, and how much rarer each kind is (nats).
QUALITIES = {"maj": 0.0, "min": 0.0, "7": 0.6, "maj7": 1.2, "min7": 0.9, "dim": 1.2, "hdim7": 1.6, "dim7": 1.8,
             "sus4": 1.6, "aug": 2.2, "maj6": 2.0, "min6": 2.2}  # fmt: skip
_TONES_WEIGHT, _BASS_WEIGHT = 0.5, 0.3
_CHANGE_COST, _AT_A_BAR = 2.5, 1.5
_EDGE_SHARE = 0.1
NO_CHORD = "N"


def chord_labels(heard: Heard, beat_sec: np.ndarray, is_bar: np.ndarray) -> list[str]:
    """Harte's label for every span between two beats, (beats - 1,); ``N`` where there is no chord."""
    names = [(root, quality) for quality in QUALITIES for root in range(12)]
    worth = np.array([_worth_of_span(heard, start, end, names) for start, end in itertools.pairwise(beat_sec)])
    path = _best_way(worth, is_bar)
    bass = _spans(_log_softmax(heard.bass_class), beat_sec)
    labels = []
    for beat, state in enumerate(path):
        if state == len(names):
            labels.append(NO_CHORD)
            continue
        root, quality = names[state]
        tones = [(root + step) % 12 for step in CHORD_INTERVALS[quality]]
        low = max(tones, key=lambda tone: bass[beat, tone] + 0.5 * (tone == root))
        degree = HARTE_DEGREES[(low - root) % 12]
        labels.append(f"{PITCH_NAMES_FLAT[root]}:{quality}" + ("" if degree == "1" else f"/{degree}"))
    return labels


def parse_root(label: str) -> int:
    """The root of one of our labels as a pitch class, 12 for no chord: the classes of `Heard.root`."""
    return 12 if label == NO_CHORD else PITCH_NAMES_FLAT.index(label.split(":")[0])


def heard_key(heard: Heard) -> Key:
    """The key that the recording is in for the most part."""
    best = int(_log_softmax(heard.key).mean(axis=0).argmax())
    return Key(best % 12, "minor" if best >= 12 else "major")


def _worth_of_span(heard: Heard, start: float, end: float, names: list[tuple[int, str]]) -> np.ndarray:
    """The worth of every chord, and of none, (chords + 1,), in nats."""
    span = _span(start, end, len(heard.root))
    root = _log_softmax(heard.root[span]).mean(axis=0)
    bass = _log_softmax(heard.bass_class[span]).mean(axis=0)
    there, absent = (-np.logaddexp(0, sign * heard.tones[span]).mean(axis=0) for sign in (-1, 1))
    worth = []
    for name_root, quality in names:
        tones = np.array([(name_root + step) % 12 for step in CHORD_INTERVALS[quality]])
        others = np.setdiff1d(np.arange(12), tones)
        fit = there[tones].sum() + absent[others].sum()
        worth.append(root[name_root] + _TONES_WEIGHT * fit + _BASS_WEIGHT * bass[tones].max() - QUALITIES[quality])
    return np.array([*worth, root[12] + _TONES_WEIGHT * absent.sum() + _BASS_WEIGHT * bass[12]])


def _span(start: float, end: float, n_frames: int) -> slice:
    """The frames between two beats, but for their edges."""
    margin = _EDGE_SHARE * (end - start)
    first = int(np.clip(round((start + margin) * RATE_HZ), 0, n_frames - 1))
    return slice(first, int(np.clip(round((end - margin) * RATE_HZ), first + 1, n_frames)))


def _spans(values: np.ndarray, beat_sec: np.ndarray) -> np.ndarray:
    """The mean over each span, (beats - 1, n)."""
    spans = [_span(start, end, len(values)) for start, end in itertools.pairwise(beat_sec)]
    return np.array([values[span].mean(axis=0) for span in spans])


def _best_way(worth: np.ndarray, is_bar: np.ndarray) -> list[int]:
    """The state of every beat."""
    best = worth[0].copy()
    came_from = np.zeros(worth.shape, dtype=int)
    for beat in range(1, len(worth)):
        cost = _AT_A_BAR if is_bar[beat] else _CHANGE_COST
        source = int(best.argmax())
        stays = best >= best[source] - cost
        came_from[beat] = np.where(stays, np.arange(len(best)), source)
        best = np.where(stays, best, best[source] - cost) + worth[beat]
    path = [int(best.argmax())]
    for beat in range(len(worth) - 1, 0, -1):
        path.append(int(came_from[beat, path[-1]]))
    return path[::-1]


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
