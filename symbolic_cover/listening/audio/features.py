"""Input features of the listener: basic-pitch's posteriorgrams and the rise of the spectrum.

Conventions
-----------
Frames are `HOP_SAMPLES` samples (23 ms) apart, frame i at ``i / RATE_HZ`` seconds. The maximum of every two frames of
basic-pitch is used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from symbolic_cover.core.heard import Recording
from symbolic_cover.listening import frames
from symbolic_cover.listening.audio import spectra

POOLED = 2
HOP_SAMPLES = POOLED * frames.HOP_SAMPLES
RATE_HZ = frames.FRAME_RATE_HZ / POOLED
#: Mel bands of the rise, and the window: 93 ms, short enough for onsets and long enough for the bass.
N_BANDS = 48
_FFT_SAMPLES = 2048
#: The rise of the log spectrum (decades a frame) that maps to 1.
FULL_RISE = 2.0


class Features(NamedTuple):
    """`note` and `onset` (frames, 88) probabilities of the keys from MIDI 21, `rise` (frames, `N_BANDS`); all 0..1 in
    256 steps (uint8)."""

    note: np.ndarray
    onset: np.ndarray
    rise: np.ndarray


def features_of(recording: Recording, note: np.ndarray, onset: np.ndarray) -> Features:
    """Features of a recording at 22050 Hz with its posteriorgrams."""
    return features_of_bands(mel_bands(recording), note, onset)


def features_of_bands(bands: np.ndarray, note: np.ndarray, onset: np.ndarray) -> Features:
    """The same, with its mel bands."""
    rise = spectral_rise(bands)
    n_frames = min(len(note), len(rise)) // POOLED * POOLED
    return Features(*(in_bytes(pooled(side[:n_frames])) for side in (note, onset, rise / FULL_RISE)))


def mel_bands(recording: Recording) -> np.ndarray:
    """The power in each mel band between 30 Hz and half the rate, (1 + frames, `N_BANDS`), hop 256 samples; the first
    frame lies before the beginning."""
    hop = frames.HOP_SAMPLES
    return spectra.mel_bands(np.pad(recording.samples, (hop, 0)), recording.rate_hz, _FFT_SAMPLES, hop, N_BANDS, 30.0)


def spectral_rise(bands: np.ndarray) -> np.ndarray:
    """How much each of the `mel_bands` rises from frame to frame on a log scale, (frames, `N_BANDS`)."""
    return np.maximum(np.diff(np.log10(1 + 1e3 * bands), axis=0), 0)


def pooled(frames: np.ndarray) -> np.ndarray:
    """The maximum of every two frames."""
    return frames.reshape(-1, POOLED, frames.shape[1]).max(axis=1)


def in_bytes(values: np.ndarray) -> np.ndarray:
    """0..1 quantized to 256 steps."""
    return np.round(255 * np.clip(values, 0, 1)).astype(np.uint8)
