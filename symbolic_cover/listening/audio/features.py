"""Input features of the listener: basic-pitch's posteriorgrams and the rise of the spectrum.

Conventions
-----------
Frames are `HOP_SAMPLES` samples (23 ms) apart, frame i at ``i / RATE_HZ`` seconds. The maximum of every two frames of
basic-pitch is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.heard import Recording
from symbolic_cover.listening import frames

POOLED = 2
HOP_SAMPLES = POOLED * frames.HOP_SAMPLES
RATE_HZ = frames.FRAME_RATE_HZ / POOLED
#: Mel bands of the rise, and the window: 93 ms, short enough for onsets and long enough for the bass.
N_BANDS = 48
_FFT_SAMPLES, _CHUNK_FRAMES = 2048, 4096
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
    rise = spectral_rise(recording.samples, recording.rate_hz)
    n_frames = min(len(note), len(rise)) // POOLED * POOLED
    return Features(*(in_bytes(pooled(side[:n_frames])) for side in (note, onset, rise / FULL_RISE)))


def spectral_rise(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """The rise of each mel band of the log spectrum from frame to frame, (frames, `N_BANDS`), hop 256 samples.

    Band edges are between 30 Hz and half the rate. Computed in chunks to bound memory.
    """
    rises = []
    for power in mel_bands(samples, rate_hz, before=1):
        rises.append(np.maximum(np.diff(np.log10(1 + 1e3 * power), axis=0), 0))
    return np.concatenate(rises)


def mel_bands(samples: np.ndarray, rate_hz: int, before: int = 0) -> Iterator[np.ndarray]:
    """The power in each mel band, hop 256 samples, in chunks (frames, `N_BANDS`); each chunk begins a number of frames
    before the end of the last one."""
    import librosa

    hop = frames.HOP_SAMPLES
    mel = librosa.filters.mel(sr=rate_hz, n_fft=_FFT_SAMPLES, n_mels=N_BANDS, fmin=30.0)
    padded = np.pad(samples, (_FFT_SAMPLES // 2 + before * hop, _FFT_SAMPLES))
    n_frames = len(samples) // hop + 1
    for first in range(0, n_frames, _CHUNK_FRAMES):
        last = min(first + _CHUNK_FRAMES, n_frames)
        chunk = padded[first * hop : (last + before - 1) * hop + _FFT_SAMPLES]
        power = np.abs(librosa.stft(chunk, n_fft=_FFT_SAMPLES, hop_length=hop, center=False)) ** 2
        yield (mel @ power).T


def pooled(frames: np.ndarray) -> np.ndarray:
    """The maximum of every two frames."""
    return frames.reshape(-1, POOLED, frames.shape[1]).max(axis=1)


def in_bytes(values: np.ndarray) -> np.ndarray:
    """0..1 quantized to 256 steps."""
    return np.round(255 * np.clip(values, 0, 1)).astype(np.uint8)
