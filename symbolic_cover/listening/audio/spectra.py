"""Spectra of recordings: framed, in mel bands, and with constant Q, as librosa computes them.

McFee et al., "librosa: Audio and music signal analysis in Python", SciPy 2015. Written anew, because listening needs
but these three, and librosa takes longer to load than they take for a song. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch

#: Frames whose spectra are computed at a time; they stay in the processor's cache.
_CACHED_FRAMES = 256
#: Mel bands are linear below this, and logarithmic above.
_LINEAR_HZ, _HZ_A_MEL, _LOG_STEP = 1000.0, 200.0 / 3, np.log(6.4) / 27
#: The share of a filter's magnitude that is left out, and the width of a Hann window in bins.
_SPARSITY, _HANN_WIDTH = 0.01, 1.50018310546875
#: Tuning is that of peaks above a tenth of the loudest in their frame, within a range.
_PEAK, _LOWEST_HZ, _HIGHEST_HZ, _TUNING_SAMPLES = 0.1, 150.0, 4000.0, 2048


def magnitudes(samples: np.ndarray, n_samples: int, hop: int) -> Iterator[torch.Tensor]:
    """Magnitudes of Hann windows of a recording, centred every `hop` samples from the first, some frames (frames, bins)
    at a time."""
    sound = torch.nn.functional.pad(torch.from_numpy(samples), (n_samples // 2, n_samples // 2))
    window = torch.hann_window(n_samples)
    for frames in sound.unfold(0, n_samples, hop).split(_CACHED_FRAMES):
        yield torch.fft.rfft(frames * window).abs()


def mel_bands(samples: np.ndarray, rate_hz: int, n_samples: int, hop: int, n_bands: int, low_hz: float) -> np.ndarray:
    """The power in mel bands from a frequency to half the rate, (frames, bands)."""
    filters = _mel_filters(rate_hz, n_samples, n_bands, low_hz)
    return torch.cat([found.square_() @ filters for found in magnitudes(samples, n_samples, hop)]).numpy()


@cache
def _mel_filters(rate_hz: int, n_samples: int, n_bands: int, low_hz: float) -> torch.Tensor:
    """Triangles of one area each, (bins, bands)."""
    edges = _hz_of(np.linspace(_mel_of(low_hz), _mel_of(rate_hz / 2), n_bands + 2))
    hz = np.fft.rfftfreq(n_samples, 1 / rate_hz)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.maximum(0, np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle)))
    return torch.from_numpy((triangles * 2 / (high - low)).astype(np.float32))


def _mel_of(hz: float) -> float:
    return hz / _HZ_A_MEL if hz < _LINEAR_HZ else _LINEAR_HZ / _HZ_A_MEL + float(np.log(hz / _LINEAR_HZ)) / _LOG_STEP


def _hz_of(mel: np.ndarray) -> np.ndarray:
    bend = _LINEAR_HZ / _HZ_A_MEL
    return np.where(mel < bend, mel * _HZ_A_MEL, _LINEAR_HZ * np.exp(_LOG_STEP * np.maximum(mel - bend, 0)))


def constant_q(
    samples: np.ndarray, rate_hz: int, hop: int, low_hz: float, n_bins: int, bins_per_octave: int
) -> np.ndarray:
    """Magnitudes with constant Q from a frequency on, tuned as the recording is, (frames, bins).

    What is short is measured by the magnitudes of one spectrum (no phase), the rest octave by octave, each at half the
    rate of the one above.
    """
    low_hz *= 2 ** (_tuning(samples, rate_hz, bins_per_octave) / bins_per_octave)
    hz = low_hz * 2 ** (np.arange(n_bins) / bins_per_octave)
    relative = 2 ** (2 / bins_per_octave)
    q = (relative + 1) / (relative - 1)
    n_long = int(np.count_nonzero(2 ** np.ceil(np.log2(q * rate_hz / hz)) >= 2 * hop))
    parts = _by_octaves(samples, float(rate_hz), hop, hz[:n_long], q, bins_per_octave)
    if n_long < n_bins:
        parts.append(_by_magnitudes(samples, rate_hz, hop, hz[n_long:], q))
    n_frames = min(map(len, parts))
    return np.concatenate([part[:n_frames] for part in parts], axis=1)


def _by_octaves(
    samples: np.ndarray, rate_hz: float, hop: int, hz: np.ndarray, q: float, bins_per_octave: int
) -> list[np.ndarray]:
    """The octaves, the lowest first, each (frames, bins)."""
    # Where the highest filter is so low that the rate can be halved before, as often as hops stay whole.
    highest = hz[-1] * (1 + 0.5 * _HANN_WIDTH / q)
    n_octaves = -(-len(hz) // bins_per_octave)
    n_halvings = (hop & -hop).bit_length() - 1
    for _ in range(min(max(int(np.ceil(np.log2(rate_hz / 2 / highest))) - 2, 0), max(n_halvings - n_octaves + 1, 0))):
        samples, rate_hz, hop = _halved(samples), rate_hz / 2, hop // 2
    first_rate_hz, found = rate_hz, []
    for octave in range(n_octaves):
        here = hz[max(len(hz) - (octave + 1) * bins_per_octave, 0) : len(hz) - octave * bins_per_octave]
        basis = _filters(here, rate_hz, q)
        n_samples = 2 * (basis.shape[1] - 1)
        # The sum over bins of a spectrum is one over samples.
        waves = np.fft.fft(basis, n=n_samples, axis=1) * np.sqrt(first_rate_hz / rate_hz)
        waves = waves / np.sqrt(q * first_rate_hz / here)[:, None]
        both = torch.from_numpy(np.concatenate([waves.real, waves.imag]).astype(np.float32).T.copy())
        sound = torch.nn.functional.pad(torch.from_numpy(samples), (n_samples // 2, n_samples // 2))
        parts = (frames @ both for frames in sound.unfold(0, n_samples, hop).split(_CACHED_FRAMES))
        found.append(torch.cat([torch.hypot(*part.chunk(2, dim=1)) for part in parts]).numpy())
        if hop % 2 == 0:
            samples, rate_hz, hop = _halved(samples), rate_hz / 2, hop // 2
    return found[::-1]


def _by_magnitudes(samples: np.ndarray, rate_hz: int, hop: int, hz: np.ndarray, q: float) -> np.ndarray:
    """What filters see of the magnitudes of a spectrum, (frames, bins)."""
    n_samples = int(2 ** (1 + np.ceil(np.log2(hop))))
    basis = np.abs(_filters(hz, rate_hz, q, n_samples)) / np.sqrt(n_samples)
    filters = torch.from_numpy(basis.T.astype(np.float32).copy())
    return torch.cat([found @ filters for found in magnitudes(samples, n_samples, hop)]).numpy()


def _filters(hz: np.ndarray, rate_hz: float, q: float, n_samples: int = 0) -> np.ndarray:
    """Spectra (filters, bins) of windowed waves; what is weak of them is zero."""
    lengths = q * rate_hz / hz
    n_samples = max(n_samples, int(2 ** np.ceil(np.log2(lengths.max()))))
    waves = np.zeros((len(hz), n_samples), np.complex64)
    for row, (length, frequency) in enumerate(zip(lengths, hz, strict=True)):
        places = np.arange(-length // 2, length // 2)
        inside = int(length)
        window = np.zeros(len(places))
        window[:inside] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(inside) / inside)
        wave = np.exp(2j * np.pi * frequency / rate_hz * places) * window
        first = (n_samples - len(wave)) // 2
        waves[row, first : first + len(wave)] = wave / np.abs(wave).sum() * length / n_samples
    spectra = np.fft.fft(waves, axis=1)[:, : n_samples // 2 + 1]
    strength = np.abs(spectra)
    ranked = np.sort(strength, axis=1)
    weak = np.cumsum(ranked / strength.sum(axis=1, keepdims=True), axis=1) < _SPARSITY
    least = np.take_along_axis(ranked, weak.argmin(axis=1)[:, None], axis=1)
    return np.where(strength >= least, spectra, 0)


def _halved(samples: np.ndarray) -> np.ndarray:
    """Samples at half the rate, as strong."""
    import soxr

    n_samples = -(-len(samples) // 2)
    half = soxr.resample(samples, 2, 1, quality="HQ")[:n_samples] * np.float32(np.sqrt(2))
    return np.pad(half, (0, n_samples - len(half)))


def _tuning(samples: np.ndarray, rate_hz: int, bins_per_octave: int) -> float:
    """How far most peaks of the spectrum lie from the bins of A at 440 Hz, in hundredths of a bin."""
    hz_a_bin = rate_hz / _TUNING_SAMPLES
    low, high = int(np.ceil(_LOWEST_HZ / hz_a_bin)), int(np.ceil(_HIGHEST_HZ / hz_a_bin))
    pitches, strengths = [], []
    for found in magnitudes(samples, _TUNING_SAMPLES, _TUNING_SAMPLES // 4):
        before, here, after = (found[:, low + step : high + step] for step in (-1, 0, 1))
        least = _PEAK * found.amax(dim=1, keepdim=True)
        is_peak = (here > least) & ((here > before) | (before <= least)) & ((here >= after) | (after <= least))
        before, peak, after = (side[is_peak] for side in (before, here, after))
        curve, slope = after + before - 2 * peak, (after - before) / 2
        shift = torch.where(slope.abs() >= curve.abs(), 0.0, -slope / curve)
        place = low + is_peak.nonzero()[:, 1]
        pitches.append((place + shift) * hz_a_bin)
        strengths.append(peak + 0.5 * slope * shift)
    pitch, strength = torch.cat(pitches).numpy(), torch.cat(strengths).numpy()
    if not len(pitch):
        return 0.0
    octaves = np.log2(pitch[strength >= np.median(strength)] / 27.5)
    away = np.mod(bins_per_octave * octaves, 1.0)
    away[away >= 0.5] -= 1.0
    counts, edges = np.histogram(away, np.linspace(-0.5, 0.5, 101))
    return float(edges[np.argmax(counts)])
