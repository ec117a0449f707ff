"""The dynamics of each note from its context: a linear model of performers' velocities.

Each feature is a property of the written notes; the weights (velocity units per unit of the feature) were fitted to
performances, separately for melody and accompaniment. `benchmarks/sound/expression_fit.py` fits them and
`presets/expression/measured.toml` stores them. Predicting dynamics linearly from score features follows the basis
models of Grachten & Widmer, "Linear basis models for prediction and analysis of musical expression" (2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Note

FEATURES = (
    "downbeat", "strong_beat", "eighth", "sixteenth", "above_neighbours", "register", "length", "wait", "chord_size",
    "others_struck", "lowest", "highest", "leap", "arch", "phrase_begins", "phrase_ends", "busy_bar", "high_bar",
    "last_bars",
)  # fmt: skip
#: A rest of three quarters of a beat ends a phrase; neighbours are at most two bars away; the last two bars are the
#: end; no feature moves a note by more than this many velocities. Part of the fitted model
#: (`benchmarks/sound/expression_fit.py`).
_PHRASE_GAP_BEATS = 0.75
_NEIGHBOUR_TICK = 2 * 4 * TICKS_PER_QUARTER
_LAST_BARS = 2
_MOST = 14.0


def struck(
    notes: Sequence[Note], others: Sequence[Note], bars: Sequence[Bar], weights: Mapping[str, float]
) -> np.ndarray:
    """Offsets in velocity units for `notes`, with mean 0; `others` are the notes that sound beside them."""
    if not notes:
        return np.zeros(0)
    offsets = features(notes, others, bars) @ np.array([weights[name] for name in FEATURES])
    return np.clip(offsets - offsets.mean(), -_MOST, _MOST)


def features(notes: Sequence[Note], others: Sequence[Note], bars: Sequence[Bar]) -> np.ndarray:
    """The features of each of `notes`, in their order, shape (n, len(FEATURES))."""
    order = sorted(range(len(notes)), key=lambda index: notes[index])
    onset, length, pitch, _ = np.array([notes[index] for index in order]).T
    bar = np.clip(np.searchsorted([b.start_tick for b in bars], onset, side="right") - 1, 0, len(bars) - 1)
    beat_tick = np.array([b.meter.beat_tick for b in bars])[bar]
    columns = [*_places(onset, bar, bars), *_pitches(onset, pitch, bar)]
    starts, first, group = np.unique(onset, return_index=True, return_inverse=True)
    size = np.bincount(group)
    wait = np.diff(np.append(starts, starts[-1] + length[-1]))[group]
    lowest = pitch == np.minimum.reduceat(pitch, first)[group]
    highest = pitch == np.maximum.reduceat(pitch, first)[group]
    beside = np.sort([note.onset_tick for note in others])
    others_struck = np.searchsorted(beside, onset, "right") - np.searchsorted(beside, onset, "left")
    top = np.maximum.reduceat(pitch, first)
    leap = np.clip(np.diff(top, prepend=top[0]), -12, 12)[group] / 12
    busy = np.log2(np.bincount(bar, minlength=len(bars))[bar])
    columns += [
        np.log2(np.clip(length / beat_tick, 1 / 8, 8)), np.log2(np.clip(wait / beat_tick, 1 / 8, 8)),
        np.log2(size)[group], np.log2(1 + others_struck), lowest & (size[group] > 1), highest & (size[group] > 1), leap,
        *_phrases(onset, onset + length, beat_tick), busy, _bar_means(pitch, bar) / 12, bar >= len(bars) - _LAST_BARS,
    ]  # fmt: skip
    found = np.empty((len(notes), len(FEATURES)))
    found[order] = np.column_stack(columns)
    return found


def _places(onset: np.ndarray, bar: np.ndarray, bars: Sequence[Bar]) -> list[np.ndarray]:
    """Downbeat, middle of the bar, halves of beats, and places between; beats have none of them."""
    place = onset - np.array([b.start_tick for b in bars])[bar]
    beat_tick = np.array([b.meter.beat_tick for b in bars])[bar]
    bar_tick = np.array([b.meter.bar_tick for b in bars])[bar]
    is_beat, is_half = place % beat_tick == 0, place % np.maximum(beat_tick // 2, 1) == 0
    middle = (2 * place == bar_tick) & is_beat
    return [place == 0, middle, is_half & ~is_beat, ~is_half & ~is_beat]


def _pitches(onset: np.ndarray, pitch: np.ndarray, bar: np.ndarray) -> list[np.ndarray]:
    """Octaves above the mean of two bars on either side, and above middle C."""
    sums = np.concatenate([[0], np.cumsum(pitch)])
    low = np.searchsorted(onset, onset - _NEIGHBOUR_TICK, "left")
    high = np.searchsorted(onset, onset + _NEIGHBOUR_TICK, "right")
    return [(pitch - (sums[high] - sums[low]) / (high - low)) / 12, (pitch - 60) / 12]


def _phrases(onset: np.ndarray, end: np.ndarray, beat_tick: np.ndarray) -> list[np.ndarray]:
    """Place in the phrase as an arch 0..1, whether it begins and whether it ends; phrases end at general rests."""
    sounding = np.concatenate([[onset[0]], np.maximum.accumulate(end)[:-1]])
    begins = onset - sounding >= _PHRASE_GAP_BEATS * beat_tick
    begins[0] = True
    phrase = np.cumsum(begins) - 1
    first = onset[begins][phrase]
    last = np.maximum.reduceat(onset, np.flatnonzero(begins))[phrase]
    share = (onset - first) / np.maximum(last - first, 1)
    return [4 * share * (1 - share), onset == first, (onset == last) & (last > first)]


def _bar_means(pitch: np.ndarray, bar: np.ndarray) -> np.ndarray:
    """Mean pitch of the bar above that of the piece, in semitones."""
    counts = np.maximum(np.bincount(bar), 1)
    return (np.bincount(bar, weights=pitch) / counts)[bar] - pitch.mean()
