"""Beat tracking: `Pulse` -> `Grid`.

First the tempo: features are the autocorrelation of onsets and harmony at multiples of the beat, the notes per beat,
and how often people tap at that tempo (a log-normal prior; Moelants, "Preferred tempo reconsidered", ICMPC 2002); a
softmax over all tempos, fitted to 2,000 annotated pieces, weighs them. Then the beats: dynamic programming over (frame,
period), so that beats follow a drifting tempo at a cost (after Ellis, "Beat tracking by dynamic programming", JNMR
2007, with the period as a second state). Then the bars (`bars.py`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Meter
from symbolic_cover.listening.beats.bars import choose_bars, lay_bars, ternary_evidence
from symbolic_cover.listening.beats.pulse import Pulse
from symbolic_cover.listening.frames import FRAME_RATE_HZ

#: The weights of lags and preferences are fitted; `benchmarks/listening/midi.py` measures the result.
TEMPOS_BPM = np.geomspace(230.0, 40.0, 300)
PREFERRED_BPM = 100.0
PREFERRED_NOTES_PER_BEAT = 3.0
ENVELOPE_WEIGHTS = {0.25: 1.05, 1 / 3: 1.19, 0.5: 1.63, 1.0: 5.22, 2.0: 1.36}  # lag in beats: weight
HARMONY_WEIGHTS = {1.0: 0.59, 2.0: 2.15, 4.0: 2.15}
PREFERENCE_WEIGHTS = (0.09, -2.58, -0.78)  # of octaves from PREFERRED_BPM, their square, and that of notes a beat

DRIFT = 1.35  # the largest factor between local and global tempo
#: A stated tempo is followed within this factor; equal beats are taken if they fit this well compared with tracked
#: ones; the cost of a change of period. Set by hand.
DRIFT_AROUND_OVERRIDE = 1.06
STEADY_ENOUGH = 0.92
MAX_STEP = 3  # the largest change of the period from one beat to the next, in frames
STEP_COST = 40.0
#: From when to when, in seconds.
Span = tuple[float, float]
EVERYWHERE: Span = (-np.inf, np.inf)
MAX_CONFIDENCE = 0.99  # below that of a score, which is 1


def track_beats(
    pulse: Pulse, *, bpm: float | None = None, meter: Meter | None = None, downbeat_sec: float | None = None
) -> Grid:
    """Beats, metre and bars of performed notes.

    `bpm` is in felt beats a minute: beats are exactly that steady if the music is, else they follow it within 6 %.
    `meter` is kept as given; a bar begins exactly at `downbeat_sec`. What is not given is estimated. The grid begins
    with the bar in which the music begins and ends with a whole bar; its confidence is the probability of tempo and
    metre in the fitted models, below 1.
    """
    if bpm is not None:
        tempo_bpm, confidence = bpm, 1.0
    else:
        tempo_bpm, confidence = find_tempo(pulse)
    if bpm is None and meter is not None and meter.beat_tick * meter.denominator == 144:  # compound
        tempo_bpm = _ternary_tempo(pulse, tempo_bpm)
    beat_sec = _beats_at(pulse, tempo_bpm, bpm is not None, downbeat_sec)
    if len(beat_sec) < 2:
        beat_sec = pulse.start_sec + np.arange(5) * 60.0 / tempo_bpm
    bars = choose_bars(pulse, beat_sec, meter, downbeat_sec)
    grid = lay_bars(beat_sec, bars, pulse.start_sec, pulse.end_sec)
    return replace(grid, confidence=min(MAX_CONFIDENCE, confidence * bars.confidence))


def _beats_at(pulse: Pulse, bpm: float, is_given: bool, downbeat_sec: float | None) -> np.ndarray:
    """Beats near a tempo, with one exactly at `downbeat_sec`."""
    if not is_given:
        beat_sec = find_beats(pulse, bpm, DRIFT, downbeat_sec)
    else:
        followed = find_beats(pulse, bpm, DRIFT_AROUND_OVERRIDE, downbeat_sec)
        curve, music = (pulse.envelope, pulse.rate_hz), (pulse.start_sec - 0.05, pulse.end_sec)
        steady = steady_beats(*curve, bpm, downbeat_sec, music)
        is_steady = mean_at(*curve, steady, music) >= STEADY_ENOUGH * mean_at(*curve, followed, music)
        beat_sec = steady if is_steady else followed
    if downbeat_sec is not None and len(beat_sec) > 1:
        nearest = int(np.argmin(np.abs(beat_sec - downbeat_sec)))
        half_sec = 30.0 / bpm
        if abs(beat_sec[nearest] - downbeat_sec) < half_sec:
            beat_sec = beat_sec.copy()
            beat_sec[nearest] = downbeat_sec
    return beat_sec


def find_tempo(pulse: Pulse) -> tuple[float, float]:
    """The tempo in beats a minute, 40..230, and its probability (within 8 %)."""
    lags = 60.0 * pulse.rate_hz / TEMPOS_BPM
    score = np.zeros(len(lags))
    for curve, weights in ((pulse.envelope, ENVELOPE_WEIGHTS), (pulse.harmonic_change, HARMONY_WEIGHTS)):
        repeats = _autocorrelation(curve - curve.mean(), int(4 * lags[-1]) + 2)
        for beats, weight in weights.items():
            score += weight * np.interp(lags * beats, np.arange(len(repeats)), repeats)
    octaves = np.log2(TEMPOS_BPM / PREFERRED_BPM)
    crowding = np.log2(pulse.notes_per_sec * 60.0 / TEMPOS_BPM / PREFERRED_NOTES_PER_BEAT)
    slope, bend, crowd = PREFERENCE_WEIGHTS
    score += slope * octaves + bend * octaves**2 + crowd * crowding**2
    probability = np.exp(score - score.max())
    probability /= probability.sum()
    best = int(np.argmax(score))
    near = np.abs(np.log2(TEMPOS_BPM / TEMPOS_BPM[best])) < np.log2(1.08)
    return float(TEMPOS_BPM[best]), float(probability[near].sum())


def _ternary_tempo(pulse: Pulse, bpm: float) -> float:
    """Of the tempos related to `bpm`, the one whose beats divide into three most clearly."""
    candidates = [bpm * ratio for ratio in (1.0, 1 / 3, 2 / 3, 0.5, 4 / 3) if 35.0 <= bpm * ratio <= 160.0] or [bpm]
    return max(candidates, key=lambda candidate: ternary_evidence(pulse, find_beats(pulse, candidate, DRIFT)))


def steady_beats(
    curve: np.ndarray, rate_hz: float, bpm: float, anchor_sec: float | None = None, span_sec: Span = EVERYWHERE
) -> np.ndarray:
    """Equal beats (n,) in seconds at exactly `bpm`, through `anchor_sec` or else where `curve` is highest."""
    period_sec, end_sec = 60.0 / bpm, len(curve) / rate_hz
    offsets = [anchor_sec % period_sec] if anchor_sec is not None else np.arange(0.0, period_sec, 1 / FRAME_RATE_HZ)
    return max(
        (np.arange(offset, end_sec, period_sec) for offset in offsets),
        key=lambda beats: mean_at(curve, rate_hz, beats, span_sec),
    )


def mean_at(curve: np.ndarray, rate_hz: float, beat_sec: np.ndarray, span_sec: Span = EVERYWHERE) -> float:
    """Mean of a curve (frames,) at the beats within a span; 0 if there are none."""
    inside = beat_sec[(beat_sec >= span_sec[0]) & (beat_sec <= span_sec[1])]
    return float(np.interp(inside * rate_hz, np.arange(len(curve)), curve).mean()) if len(inside) else 0.0


def _autocorrelation(x: np.ndarray, n_lags: int) -> np.ndarray:
    """Normalised autocorrelation for lags 0..n_lags-1."""
    size = 1 << int(np.ceil(np.log2(len(x) + n_lags)))
    spectrum = np.fft.rfft(x, size)
    full = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n_lags]
    return full / (full[0] + 1e-9)


def find_beats(pulse: Pulse, bpm: float, drift: float = DRIFT, anchor_sec: float | None = None) -> np.ndarray:
    """Beat times (n,) in seconds, near `bpm` within the factor `drift`; one falls on `anchor_sec` if given."""
    period = 60.0 * pulse.rate_hz / bpm
    periods = np.arange(max(4, int(np.floor(period / drift))), int(np.ceil(period * drift)) + 1)
    gain = pulse.envelope - 0.5
    if anchor_sec is not None:
        gain = gain.copy()
        gain[int(np.clip(round(anchor_sec * pulse.rate_hz), 0, len(gain) - 1))] += 1e6
    frames = _best_path(gain, periods, period)
    return _refine(pulse.envelope, frames) / pulse.rate_hz


def _best_path(gain: np.ndarray, periods: np.ndarray, typical: float) -> np.ndarray:
    """The beat frames with the largest summed gain less the cost of tempo changes.

    ``best[t, p]`` is the value of a beat at frame t that came `periods[p]` after the one before.
    """
    n_frames, n_periods, longest = len(gain), len(periods), int(periods[-1])
    weight = periods / typical  # gain per time, not per beat: no bonus for a faster tempo
    steps = range(-MAX_STEP, MAX_STEP + 1)
    best = np.zeros((longest + n_frames, n_periods))
    choice = np.zeros((n_frames, n_periods), np.int8)
    column = np.arange(n_periods)
    neighbours = np.stack([np.clip(column + step, 0, n_periods - 1) for step in steps])
    cost = STEP_COST * np.log(periods[neighbours] / periods) ** 2 + 0.02 * (neighbours != column)
    for t in range(n_frames):
        before = best[longest + t - periods, neighbours] - cost
        pick = before.argmax(axis=0)
        best[longest + t] = before[pick, column] + gain[t] * weight
        choice[t] = pick
    last = best[-longest:]
    t, p = divmod(int(last.argmax()), n_periods)
    t += n_frames - longest
    frames = []
    while t >= 0:
        frames.append(t)
        t, p = t - int(periods[p]), int(neighbours[choice[t, p], p])
    return np.array(frames[::-1])


def _refine(envelope: np.ndarray, frames: np.ndarray, reach: int = 3) -> np.ndarray:
    """Move each beat to the peak of the envelope within `reach` frames (35 ms), with parabolic precision."""
    refined = []
    for frame in frames:
        low, high = max(1, frame - reach), min(len(envelope) - 1, frame + reach + 1)
        peak = low + int(np.argmax(envelope[low:high])) if high > low else frame
        if not (0 < peak < len(envelope) - 1) or not envelope[peak - 1] <= envelope[peak] >= envelope[peak + 1]:
            refined.append(float(frame))
            continue
        left, middle, right = envelope[peak - 1 : peak + 2]
        bend = left - 2 * middle + right
        refined.append(peak + (0.5 * (left - right) / bend if bend < 0 else 0.0))
    return np.array(refined)
