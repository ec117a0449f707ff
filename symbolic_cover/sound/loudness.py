"""Loudness measurement and limiting, ITU-R BS.1770-5, block by block.

Loudness is K-weighted (a shelf and a high-pass; analogue parameters as in De Man, "Evaluation of implementations of the
EBU R128 loudness measurement", AES 2018), gated at -70 LUFS and 10 LU below the ungated mean. True peak is the largest
sample of the signal at four times its rate. The look-ahead limiter's gain is the least that is needed within a window,
smoothed by a triangle of the same length, so that no sample passes the ceiling and the gain has no jumps.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage, signal

#: From ITU-R BS.1770-5: gates, windows of 400 ms every 100 ms, four times the rate for true peaks.
_BLOCKS_PER_WINDOW = 4
_STEP_SEC = 0.1
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
_OVERSAMPLING, _TAPS_A_PHASE = 4, 12
_WINDOW_SEC = 0.02


def _oversampler() -> np.ndarray:
    taps = _OVERSAMPLING * _TAPS_A_PHASE + 1
    return (signal.firwin(taps, 0.95 / _OVERSAMPLING, window=("kaiser", 5.0)) * _OVERSAMPLING).astype(np.float32)


_FILTER = _oversampler()
#: Frames on either side of a stretch that affect its true peaks.
REACH = _TAPS_A_PHASE // 2 + 1


def true_peaks(samples: np.ndarray) -> np.ndarray:
    """The largest absolute value around each frame at four times the rate, over channels: (n, channels) -> (n,).

    The first and last `REACH` frames lack context.
    """
    delay = len(_FILTER) // 2
    channels = np.ascontiguousarray(samples.T)  # six times as fast as across the rows
    fine = np.abs(signal.upfirdn(_FILTER, channels, up=_OVERSAMPLING, axis=1)).max(axis=0)[delay:]
    fine = fine[: _OVERSAMPLING * len(samples)].reshape(len(samples), _OVERSAMPLING).max(axis=1)
    return np.maximum(fine, np.abs(channels).max(axis=0))


class LoudnessMeter:
    """Measures the loudness of blocks of stereo sound."""

    def __init__(self, rate_hz: int) -> None:
        self._filters = _k_weighting(rate_hz)
        self._state = np.zeros((len(self._filters), 2, 2))
        self._step = round(_STEP_SEC * rate_hz)
        self._rest = np.zeros((0, 2))
        self._powers: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """The next frames, shape (n, 2)."""
        weighted, self._state = signal.sosfilt(self._filters, block, axis=0, zi=self._state)
        weighted = np.concatenate([self._rest, weighted])
        n_steps = len(weighted) // self._step
        steps = weighted[: n_steps * self._step].reshape(n_steps, self._step, 2)
        self._powers.append(np.square(steps).mean(axis=1).sum(axis=1))
        self._rest = weighted[n_steps * self._step :]

    @property
    def lufs(self) -> float:
        """Integrated loudness so far; -inf for silence. Less than 0.4 s is padded with silence."""
        steps = np.concatenate([*self._powers, np.zeros(0)])
        if len(steps) < _BLOCKS_PER_WINDOW:
            left = np.square(self._rest).sum() / self._step
            steps = np.concatenate([steps, [left], np.zeros(_BLOCKS_PER_WINDOW)])[:_BLOCKS_PER_WINDOW]
        windows = np.convolve(steps, np.full(_BLOCKS_PER_WINDOW, 1 / _BLOCKS_PER_WINDOW), mode="valid")
        heard = windows[_loudness(windows) > _ABSOLUTE_GATE]
        if not len(heard):
            return -math.inf
        heard = heard[_loudness(heard) > _loudness(heard.mean()) + _RELATIVE_GATE]
        return float(_loudness(heard.mean()))


def _loudness(power: np.ndarray) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-20))


def _k_weighting(rate_hz: int) -> np.ndarray:
    """The two second-order sections for any sample rate."""
    gain, middle_hz, quality = 3.999843853973347, 1681.974450955533, 0.7071752369554196
    k, high = math.tan(math.pi * middle_hz / rate_hz), 10 ** (gain / 20)
    band = high**0.4996667741545416
    scale = 1 + k / quality + k * k
    shelf = [
        (high + band * k / quality + k * k) / scale, 2 * (k * k - high) / scale,
        (high - band * k / quality + k * k) / scale, 1.0, 2 * (k * k - 1) / scale, (1 - k / quality + k * k) / scale,
    ]  # fmt: skip
    k, quality = math.tan(math.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    scale = 1 + k / quality + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / scale, (1 - k / quality + k * k) / scale]
    return np.array([shelf, high_pass])


def limiter_reach(rate_hz: int) -> int:
    """Frames on either side of a stretch that affect its limiter's gain."""
    return 2 * _half_window(rate_hz) + REACH


def limiter_gain(samples: np.ndarray, ceiling: float, rate_hz: int) -> np.ndarray:
    """The factor, 0..1, for each frame of (n, channels), that keeps true peaks at or below `ceiling`."""
    needed = np.minimum(1.0, ceiling / np.maximum(true_peaks(samples), 1e-9))
    half = _half_window(rate_hz)
    least = ndimage.minimum_filter1d(needed, 2 * half + 1, mode="nearest")
    once = ndimage.uniform_filter1d(least, half + 1, mode="nearest")
    return ndimage.uniform_filter1d(once, half + 1, mode="nearest")


def _half_window(rate_hz: int) -> int:
    return 2 * round(_WINDOW_SEC * rate_hz / 4)
