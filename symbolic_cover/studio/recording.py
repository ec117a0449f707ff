"""A performance -> its sound as recorded in a room, with a microphone and a medium.

FluidSynth's output may get reverberation (a decaying noise as impulse response; Moorer, "About this reverberation
business", Computer Music Journal 1979), a tilted spectrum, soft clipping, noise, detuning and the losses of mp3. Onsets
do not move, except by detuning, which stretches time by the returned factor.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import symusic

from symbolic_cover.core.heard import Recording
from symbolic_cover.sound.audio import play_samples

RATE_HZ = 22050
#: The probabilities of reverberation, a tilted spectrum, clipping, noise, detuning, mp3: set by hand.
_ROOM, _TILT, _CLIP, _NOISE, _DETUNE, _MP3 = 0.6, 0.5, 0.2, 0.5, 0.4, 0.3
_MOST_CENTS = 30.0
_DELAY_SAMPLES = 4096


def record(
    score: symusic.Score, soundfont: Path, rng: np.random.Generator, is_clean: bool = False
) -> tuple[Recording, float]:
    """The recording of a score in seconds, and the factor by which its times are stretched."""
    samples = play_samples(score, soundfont, RATE_HZ).mean(axis=1)
    samples /= max(float(np.abs(samples).max()), 1e-6)
    stretch = 1.0
    if not is_clean:
        if rng.random() < _DETUNE:
            samples, stretch = _detuned(samples, float(rng.uniform(-_MOST_CENTS, _MOST_CENTS)))
        if rng.random() < _ROOM:
            samples = in_room(samples, rng)
        if rng.random() < _TILT:
            samples = tilted(samples, rng)
        if rng.random() < _CLIP:
            samples = np.tanh(rng.uniform(1.5, 4.0) * samples)
        if rng.random() < _NOISE:
            samples = samples + _noise(len(samples), rng) * 10 ** (-rng.uniform(18, 50) / 20) * _rms(samples)
        if rng.random() < _MP3:
            samples = _through_mp3(samples, float(rng.uniform(0.3, 1.0)))
    peak = 10 ** (rng.uniform(-12, -0.5) / 20)
    samples = samples * (peak / max(float(np.abs(samples).max()), 1e-6))
    return Recording(np.ascontiguousarray(samples, dtype=np.float32), RATE_HZ), stretch


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def _detuned(samples: np.ndarray, cents: float) -> tuple[np.ndarray, float]:
    """A tape that runs a little fast or slow."""
    import soxr

    factor = 2 ** (cents / 1200)
    return soxr.resample(samples, RATE_HZ * factor, RATE_HZ), 1 / factor


def in_room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With reverberation of 0.2 to 1.8 s whose treble decays first."""
    from scipy.signal import fftconvolve, lfilter

    decay_sec = float(rng.uniform(0.2, 1.8))
    time_sec = np.arange(int(decay_sec * RATE_HZ)) / RATE_HZ
    response = rng.standard_normal(len(time_sec)) * np.exp(-6.9 * time_sec / decay_sec)
    damping = rng.uniform(0.2, 0.7)
    response = lfilter([1 - damping], [1, -damping], response)
    response[: int(rng.uniform(0.002, 0.02) * RATE_HZ)] = 0
    wet = fftconvolve(samples, response)[: len(samples)]
    return samples + rng.uniform(0.05, 0.5) * wet * (_rms(samples) / max(_rms(wet), 1e-9))


def tilted(samples: np.ndarray, rng: np.random.Generator, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Treble and bass turned up or down by at most 9 dB, perhaps without any treble at all."""
    from scipy.signal import butter, sosfilt

    low = sosfilt(butter(2, rng.uniform(120, 400), fs=rate_hz, output="sos"), samples)
    high = samples - sosfilt(butter(2, rng.uniform(1500, 4000), fs=rate_hz, output="sos"), samples)
    gains = 10 ** (rng.uniform(-9, 9, 2) / 20) - 1
    tilted = samples + gains[0] * low + gains[1] * high
    if rng.random() < 0.3:
        tilted = sosfilt(butter(4, rng.uniform(3500, 8000), fs=rate_hz, output="sos"), tilted)
    return np.asarray(tilted)


def _noise(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """White to brownish noise of mean square 1."""
    from scipy.signal import lfilter

    colour = rng.uniform(0.0, 0.98)
    noise = lfilter([1.0], [1.0, -colour], rng.standard_normal(n_samples))
    return np.asarray(noise / _rms(noise))


def _through_mp3(samples: np.ndarray, compression: float) -> np.ndarray:
    """Encoded as mp3 and decoded; the coder's delay is removed."""
    import soundfile
    from scipy.signal import correlate

    medium = io.BytesIO()
    loudest = max(float(np.abs(samples).max()), 1e-6)
    with soundfile.SoundFile(medium, "w", RATE_HZ, 1, format="MP3", compression_level=compression) as file:
        file.write(0.9 * samples / loudest)
    medium.seek(0)
    read, _ = soundfile.read(medium)
    middle = slice(len(samples) // 4, len(samples) // 4 + 8 * RATE_HZ)
    ours, theirs = samples[middle], read[middle.start : middle.stop + _DELAY_SAMPLES]
    delay = int(np.argmax(correlate(theirs, ours, mode="valid", method="fft"))) if len(theirs) > len(ours) else 0
    aligned = np.zeros(len(samples))
    found = read[delay : delay + len(samples)]
    aligned[: len(found)] = found
    return aligned
