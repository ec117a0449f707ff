"""Beats and bars of a recording from all evidence, with one tempo and one metre if the song keeps them.

The bar pointer tracks the beats. If they keep to one period, even with some on the off-beats, the song was made to a
click: its beats are one grid throughout, on which the evidence of every bar counts. Bars are then found on the beats by
a hidden Markov model over places in the bar, with evidence from downbeat probabilities and harmonic changes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_softmax, logit, softmax

from symbolic_cover.core.controls import Hints
from symbolic_cover.listening.audio import beatnet
from symbolic_cover.listening.audio.bar_pointer import FASTEST_BPM, SLOWEST_BPM, Beats, track
from symbolic_cover.listening.audio.features import RATE_HZ
from symbolic_cover.listening.audio.listener import METER_SIZES, Answers
from symbolic_cover.listening.beats.track import mean_at, steady_beats

#: Weights of the log odds of the listener and of BeatNet where both are available. Chosen among three pairs on 120
#: synthetic recordings, which the listener knows best, and seven real ones.
_OURS, _OTHERS = 0.8, 0.4
_LEAST = 1e-4
#: Beats form one grid if this share of runs of this many beats last a multiple of half its period, within a share of a
#: beat for each. Songs made to a click had .77 and more, all others at most .66.
_CLICK_SHARE, _CLICK_BEATS, _CLICK_TOLERANCE = 0.75, 8, 0.012
_NEAR_PERIOD, _LEAST_SEEN, _LONGEST_CLICK_SEC, _REACH_FRAMES = 0.05, 0.02, 1200.0, 2
#: A beat is added between two if the evidence half-way is nearly as strong.
_NEARLY_AS_STRONG, _FASTEST_DOUBLED_BPM = 0.85, 200.0
#: Weights of the log odds of a downbeat: the listener's, BeatNet's, a change of root, of bass, and the prior against
#: it.
_DOWNBEAT = np.array([0.75, 0.3, 2.2, 0.6])
_RARITY = 1.0
#: The cost in nats of a bar that is too short or too long; the number of beats that the listener's metre counts as; and
#: the extra cost of bars of two.
_SLIP_COST, _METER_WEIGHT, _TWO_COST = 12.0, 6.0, 8.0
_MAX_CONFIDENCE = 0.98
#: The range around a stated tempo in which beats are searched, and how well equal beats must fit compared with tracked
#: ones. Set by hand.
_NEAR_BPM, _STEADY_ENOUGH = 1.06, 0.8
_POINTER_METER_WEIGHT = 20.0


class Evidence(NamedTuple):
    """Frame-wise evidence: probabilities of a `beat` and that a beat is a `first` one, by the listener and by BeatNet
    (`None` without it), each (frames,); of the chord's `root` and `bass` (frames, 13); log probabilities of the `sizes`
    2, 3, 4 of bars and of tempo classes."""

    beat: np.ndarray
    first: np.ndarray
    other_beat: np.ndarray | None
    other_first: np.ndarray | None
    root: np.ndarray
    bass: np.ndarray
    sizes: np.ndarray
    tempo: np.ndarray

    @property
    def beats(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The beat probabilities of both."""
        return self.beat, self.other_beat


def evidence_of(heard: Answers, pulse: beatnet.Pulse | None) -> Evidence:
    """All evidence, on the listener's frames."""
    beat, downbeat = (expit(heard.beat[:, column]) for column in (0, 1))
    first = np.clip(downbeat / np.maximum(beat, 0.05), 0, 1)
    others: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
    if pulse is not None:
        place = np.arange(len(beat)) / RATE_HZ * beatnet.RATE_HZ
        any_beat = pulse.beat + pulse.downbeat
        sides = (any_beat, np.clip(pulse.downbeat / np.maximum(any_beat, 0.05), 0, 1))
        others = tuple(np.interp(place, np.arange(len(any_beat)), side) for side in sides)
    return Evidence(
        beat, first, *others, softmax(heard.root, axis=1), softmax(heard.bass_class, axis=1),
        log_softmax(heard.meter[:, : len(METER_SIZES)], axis=1), log_softmax(heard.tempo, axis=1),
    )  # fmt: skip


def find_beats(evidence: Evidence, told: Hints = Hints()) -> tuple[Beats, float]:
    """Beats and bars with their confidence: the mean probability of a beat at the beats, and, with a click, the share
    of the song that keeps to it.

    If a tempo is given and the music keeps it, beats are exactly that steady; a given downbeat is one exactly.
    """
    beat = joined(evidence.beat, evidence.other_beat)
    first = joined(evidence.first, evidence.other_first)
    anchor = None
    if told.downbeat_sec is not None:
        anchor = int(np.clip(round(told.downbeat_sec * RATE_HZ), 0, len(beat) - 1))
    sizes: tuple[int, ...] = METER_SIZES
    if told.meter is not None:
        sizes = (told.meter.bar_tick // told.meter.beat_tick,)
    priors = dict(zip(METER_SIZES, evidence.sizes.mean(axis=0) * _POINTER_METER_WEIGHT, strict=True))
    limits = (told.bpm / _NEAR_BPM, told.bpm * _NEAR_BPM) if told.bpm else (SLOWEST_BPM, FASTEST_BPM)
    beats = track(
        beat, beat * first, sizes=sizes, tempo=evidence.tempo, size_log_prior=priors, bpm=limits, anchor_frame=anchor
    )
    sec, kept = beats.sec, 0.0
    if told.bpm is not None:
        sec = _told_tempo(sec, beat, told.bpm, told.downbeat_sec)
    elif len(sec) > _CLICK_BEATS:
        click, kept = _click(beat, sec)
        sec = click if click is not None else sec
    if told.downbeat_sec is not None and len(sec):
        sec = sec.copy()
        sec[int(np.argmin(np.abs(sec - told.downbeat_sec)))] = told.downbeat_sec
    if len(sec) > 1:
        beats = _with_bars(sec, evidence, sizes, told.downbeat_sec)
    near = _peak(beat, sec) if len(sec) else np.zeros(1)
    return beats, 1 - (1 - float(near.mean())) * (1 - kept)


def joined(ours: np.ndarray, other: np.ndarray | None) -> np.ndarray:
    """Combine two probabilities by adding their log odds."""
    return expit(_odds(ours)) if other is None else expit(_OURS * _odds(ours) + _OTHERS * _odds(other))


def _odds(probability: np.ndarray) -> np.ndarray:
    return logit(np.clip(probability, _LEAST, 1 - _LEAST))


def _told_tempo(sec: np.ndarray, beat: np.ndarray, bpm: float, anchor_sec: float | None) -> np.ndarray:
    """Equal beats at exactly `bpm` if they fit about as well as the tracked ones; else the tracked ones."""
    steady = steady_beats(beat, RATE_HZ, bpm, anchor_sec)
    return sec if mean_at(beat, RATE_HZ, steady) < _STEADY_ENOUGH * mean_at(beat, RATE_HZ, sec) else steady


def _click(beat: np.ndarray, sec: np.ndarray) -> tuple[np.ndarray | None, float]:
    """The beats of the click that a song was made to, None without one, and the share of the song that keeps to it."""
    if len(beat) / RATE_HZ > _LONGEST_CLICK_SEC:
        return None, 0.0
    period, start = _best_grid(beat, float(np.median(np.diff(sec))) * RATE_HZ)
    lasted = (sec[_CLICK_BEATS:] - sec[:-_CLICK_BEATS]) * RATE_HZ / period
    kept = float(np.mean(np.abs(lasted - np.round(2 * lasted) / 2) < _CLICK_TOLERANCE * _CLICK_BEATS))
    if kept < _CLICK_SHARE:
        return None, 0.0
    grid = np.arange(start, len(beat), period) / RATE_HZ
    between = grid + period / RATE_HZ / 2
    if (
        120 * RATE_HZ / period <= _FASTEST_DOUBLED_BPM
        and _peak(beat, between).mean() > _NEARLY_AS_STRONG * _peak(beat, grid).mean()
    ):
        return np.sort(np.concatenate([grid, between])), kept
    return grid, kept


def _best_grid(beat: np.ndarray, near: float) -> tuple[float, float]:
    """The period and start, in frames, of the equal beats with the best evidence."""
    seen = np.log(np.maximum(_widened(beat), _LEAST_SEEN))
    n_beats = int(len(beat) / near)
    best = (-np.inf, near, 0.0)
    # Between neighbouring periods the last beat moves by less than a frame.
    n_periods = int(3 * _NEAR_PERIOD * near * n_beats) + 9
    for period in near * np.exp(np.linspace(-_NEAR_PERIOD, _NEAR_PERIOD, n_periods)):
        starts = np.arange(0, period)
        places = np.round(starts[:, None] + np.arange(int(len(beat) / period)) * period).astype(int)
        means = seen[np.minimum(places, len(beat) - 1)].mean(axis=1)
        place = int(means.argmax())
        best = max(best, (float(means[place]), float(period), float(starts[place])))
    return _between_frames(beat, best[1], best[2])


def _between_frames(beat: np.ndarray, period: float, start: float) -> tuple[float, float]:
    """Refine beats to the centres of the activations nearby (least squares, weighted by evidence)."""
    reach = np.arange(-_REACH_FRAMES, _REACH_FRAMES + 1)
    for _ in range(2):
        number = np.arange(int((len(beat) - 1 - start) / period) + 1)
        places = np.round(start + number * period).astype(int)
        around = np.clip(places[:, None] + reach, 0, len(beat) - 1)
        weights = beat[around] ** 2
        total = weights.sum(axis=1)
        if len(number) < 3 or np.count_nonzero(total > _LEAST_SEEN**2) < 3:
            return period, start
        centres = (weights * (places[:, None] + reach)).sum(axis=1) / np.maximum(total, _LEAST_SEEN**2 / 10)
        centres = np.where(total > 0, centres, places)
        moved = np.polyfit(number, centres, 1, w=np.sqrt(total))
        period, start = float(moved[0]), float(moved[1])
    return period, start % period


def _with_bars(sec: np.ndarray, evidence: Evidence, sizes: tuple[int, ...], anchor_sec: float | None) -> Beats:
    """Beats with their places in bars of one size."""
    odds = _downbeat_odds(sec, evidence)
    begins, goes_on = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    opinion = evidence.sizes.mean(axis=0)
    anchor = int(np.argmin(np.abs(sec - anchor_sec))) if anchor_sec is not None else None
    ways: dict[int, tuple[float, np.ndarray]] = {}
    for size in sizes:
        value, place = _places(begins, goes_on, size, anchor)
        if size in METER_SIZES:
            value += _METER_WEIGHT * float(opinion[METER_SIZES.index(size)]) - _TWO_COST * (size == 2)
        ways[size] = (value, place)
    best = max(ways, key=lambda size: ways[size][0])
    # Alternating strong and weak beats make bars of two or of four: the listener decides.
    if best == 2 and 4 in ways and opinion[METER_SIZES.index(4)] > opinion[METER_SIZES.index(2)]:
        best = 4
    return Beats(sec, ways[best][1], best, {size: way[0] for size, way in ways.items()})


def _downbeat_odds(sec: np.ndarray, evidence: Evidence) -> np.ndarray:
    """Log odds that each beat is a downbeat, (beats,)."""
    ours = _odds(np.clip(_peak(evidence.first, sec), 1 - _MAX_CONFIDENCE, _MAX_CONFIDENCE))
    other = (
        ours
        if evidence.other_first is None
        else _odds(np.clip(_peak(evidence.other_first, sec), 1 - _MAX_CONFIDENCE, _MAX_CONFIDENCE))
    )
    changes = [_change(side, sec) for side in (evidence.root, evidence.bass)]
    odds = _DOWNBEAT @ np.stack([ours, other, *changes]) - _RARITY
    odds[0] = 0.0  # the harmony before it is unknown
    return np.asarray(odds)


def _change(probabilities: np.ndarray, sec: np.ndarray) -> np.ndarray:
    """How much the harmony from a beat on differs from that before, 0..1, (beats,)."""
    frames = np.clip(np.round(sec * RATE_HZ).astype(int), 0, len(probabilities) - 1)
    ends = np.append(frames[1:], len(probabilities))
    means = [probabilities[first : max(last, first + 1)].mean(axis=0) for first, last in zip(frames, ends, strict=True)]
    return np.append(0.0, np.abs(np.diff(means, axis=0)).sum(axis=1) / 2)


def _places(begins: np.ndarray, goes_on: np.ndarray, size: int, anchor: int | None) -> tuple[float, np.ndarray]:
    """The log likelihood of the best path through bars of a size, and each beat's place in them."""
    here = np.tile(goes_on[:, None], (1, size))
    here[:, 0] = begins
    if anchor is not None:
        here[anchor, 1:] = -np.inf
    value = here[0].copy()
    came_from = np.zeros((len(here), size), dtype=int)
    for beat in range(1, len(here)):
        on = np.roll(value, 1)
        slipped = value.max() - _SLIP_COST
        came_from[beat] = np.where(on >= slipped, (np.arange(size) - 1) % size, int(value.argmax()))
        value = np.maximum(on, slipped) + here[beat]
    place = np.empty(len(here), dtype=int)
    place[-1] = int(value.argmax())
    for beat in range(len(here) - 1, 0, -1):
        place[beat - 1] = came_from[beat, place[beat]]
    return float(value.max()), place


def _widened(curve: np.ndarray) -> np.ndarray:
    """The maximum of each value and its neighbours."""
    padded = np.pad(curve, 1, mode="edge")
    return np.asarray(np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:]))


def _peak(curve: np.ndarray, sec: np.ndarray) -> np.ndarray:
    """The maximum near each time."""
    frames = np.clip(np.round(sec * RATE_HZ).astype(int), 0, len(curve) - 1)
    return np.asarray(_widened(_widened(curve))[frames])
