"""Find the beats that begin bars, and the size of bars: beats -> metre, phase -> `Grid`.

Every pair of a metre (four or three beats a bar) and a phase is a hypothesis. Its features are the events on its
downbeats and, in four, on its third beats: bass notes, changes of harmony, long notes, low notes. A softmax over all
seven hypotheses, fitted to 2,000 annotated pieces, chooses; its probability is the confidence. Beats that divide into
three are a compound metre, 6/8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Meter
from symbolic_cover.listening.beats.pulse import Pulse, fold, novelty, running_sum, span_sum

BASS_KEYS = 31  # the piano's keys below E3
NEAR_FRAMES = 4  # 46 ms
#: A key sounds where its value is above this.
STRUCK = 0.1

#: Weights of bass onset, change of harmony over one and two beats, length and depth of the notes that begin.
FIRST_OF_FOUR = np.array([1.22, 1.47, -0.08, 0.53, 2.49])
THIRD_OF_FOUR = np.array([0.43, 1.57, -2.20, 0.11, -0.48])
FIRST_OF_THREE = np.array([1.09, 1.42, 0.05, 0.93, 0.99])
BIAS_OF_THREE = 0.32  # against four: metres in three are less marked
TERNARY_ENOUGH = 0.3
EARLY_BEATS = 0.25  # a first note this much before a bar still belongs to it


@dataclass(frozen=True)
class Bars:
    """Bars of `meter`; beat `phase` of the given beats begins one."""

    meter: Meter
    phase: int
    confidence: float

    @property
    def n_beats(self) -> int:
        """Felt beats a bar."""
        return self.meter.bar_tick // self.meter.beat_tick


def choose_bars(
    pulse: Pulse, beat_sec: np.ndarray, meter: Meter | None = None, downbeat_sec: float | None = None
) -> Bars:
    """The most likely metre and phase of beats (n,) in seconds; `meter` and `downbeat_sec`, if given, are kept."""
    if meter is not None:
        n_beats = meter.bar_tick // meter.beat_tick
    elif ternary_evidence(pulse, beat_sec) > TERNARY_ENOUGH:
        meter, n_beats = Meter(6, 8), 2
    else:
        n_beats = 0
    sizes = [n_beats] if n_beats else [4, 3]
    scores = _scores(pulse, beat_sec, sizes)
    if downbeat_sec is not None:
        anchor = int(np.argmin(np.abs(beat_sec - downbeat_sec)))
        scores = {(size, phase): score for (size, phase), score in scores.items() if anchor % size == phase}
    size, phase = max(scores, key=lambda hypothesis: scores[hypothesis])
    values = np.array(list(scores.values()))
    confidence = float(np.exp(scores[size, phase] - values.max()) / np.exp(values - values.max()).sum())
    return Bars(meter or Meter(size, 4), phase, confidence)


def _scores(pulse: Pulse, beat_sec: np.ndarray, sizes: list[int]) -> dict[tuple[int, int], float]:
    """The score of every (beats a bar, phase)."""
    features = beat_features(pulse, beat_sec)
    scores = {}
    for size in sizes:
        if len(beat_sec) < 2 * size:  # too short to decide: the music begins with a bar
            first = int(np.argmin(np.abs(beat_sec - pulse.start_sec)))
            scores.update({(size, phase): float(phase == first % size) for phase in range(size)})
            continue
        means = np.stack([features[place::size].mean(axis=0) for place in range(size)])
        for phase in range(size):
            if size % 3 == 0:
                scores[size, phase] = float(means[phase] @ FIRST_OF_THREE) + BIAS_OF_THREE
            else:
                third = means[(phase + 2) % size] if size == 4 else np.zeros(len(THIRD_OF_FOUR))
                scores[size, phase] = float(means[phase] @ FIRST_OF_FOUR + third @ THIRD_OF_FOUR)
    return scores


def beat_features(pulse: Pulse, beat_sec: np.ndarray) -> np.ndarray:
    """Features of each beat, (beats, 5), each column with mean 0 and deviation 1: the notes that begin and change
    there."""
    centre = np.round(beat_sec * pulse.rate_hz)
    period = np.gradient(beat_sec) * pulse.rate_hz
    begun = span_sum(running_sum(pulse.onsets), centre - NEAR_FRAMES, centre + NEAR_FRAMES + 1)
    struck = begun > STRUCK
    lasting = span_sum(running_sum(pulse.sounding), centre, centre + 2 * period) / (2 * period[:, None])
    chroma = running_sum(fold(pulse.sounding))
    depth = np.where(struck.any(axis=1), 1 - struck.argmax(axis=1) / struck.shape[1], 0.0)
    columns = [
        np.log1p(3 * begun[:, :BASS_KEYS].sum(axis=1)),
        novelty(chroma, centre, period),
        novelty(chroma, centre, 2 * period),
        np.log1p((lasting * struck).sum(axis=1)),
        depth,
    ]
    features = np.stack(columns, axis=1)
    return (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)


def ternary_evidence(pulse: Pulse, beat_sec: np.ndarray) -> float:
    """How much stronger onsets are at both thirds of the beats than at their halves."""
    frames = np.arange(len(pulse.envelope))

    def strength(part: float) -> float:
        times = beat_sec[:-1] + part * np.diff(beat_sec)
        inside = (times > pulse.start_sec) & (times < pulse.end_sec)
        return float(np.interp(times[inside] * pulse.rate_hz, frames, pulse.envelope).mean()) if inside.any() else 0.0

    return min(strength(1 / 3), strength(2 / 3)) - strength(1 / 2)


def lay_bars(beat_sec: np.ndarray, bars: Bars, start_sec: float, end_sec: float) -> Grid:
    """A grid of whole bars around the music, from the bar in which it begins to the one in which it ends.

    Missing beats at either end are extrapolated at the tempo of their neighbours.
    """
    size = bars.n_beats
    lead_sec = float(np.median(np.diff(beat_sec[:9])))
    trail_sec = float(np.median(np.diff(beat_sec[-9:])))
    n_before = max(0, int(np.ceil((beat_sec[0] - start_sec) / lead_sec))) + size
    n_after = max(0, int(np.ceil((end_sec - beat_sec[-1]) / trail_sec))) + size
    before = beat_sec[0] - lead_sec * np.arange(n_before, 0, -1)
    after = beat_sec[-1] + trail_sec * np.arange(1, n_after + 1)
    all_sec = np.concatenate([before, beat_sec, after])
    downbeats = np.arange((bars.phase + n_before) % size, len(all_sec), size)
    early_sec = EARLY_BEATS * lead_sec
    first = int(downbeats[max(0, int(np.sum(all_sec[downbeats] <= start_sec + early_sec)) - 1)])
    n_bars = max(1, int(np.sum((downbeats >= first) & (all_sec[downbeats] < end_sec - EARLY_BEATS * trail_sec))))
    kept = all_sec[first : first + n_bars * size + 1]
    missing = n_bars * size + 1 - len(kept)
    kept = np.concatenate([kept, kept[-1] + trail_sec * np.arange(1, missing + 1)])
    beat_tick = np.arange(len(kept)) * bars.meter.beat_tick
    return Grid(
        beat_tick, kept, tuple(Bar(i * bars.meter.bar_tick, bars.meter) for i in range(n_bars)), bars.confidence
    )
