"""Features of a singer's voice, frame by frame: the voice is separated, then three models analyse it.

Conventions
-----------
Frames and keys as in `features`. The voice's pitch (swift-f0) is a map of keys as well: its confidence is divided
between the two nearest keys, so that a pitch between two keys is represented.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.core.places import VOICE
from symbolic_cover.listening import frames
from symbolic_cover.listening.audio import features, separation, transcribe

#: swift-f0's rate, and how many samples it gets at a time.
_PITCH_RATE_HZ, _PITCH_SAMPLES = 16000, 1 << 16
PITCH_PIP = ("install", "swift-f0==0.3.0")
#: Decades of power between silence and full level in the bands.
_DECADES = 6.0
#: The share of power that remains beside a voice without accompaniment.
_LEFT_BESIDE = 0.1


class VoiceFeatures(NamedTuple):
    """Of the separated voice: `note`, `onset` (basic-pitch) and `pitch` (swift-f0); of the whole recording: `all_note`
    and `all_onset`, each (frames, 88); of the voice `rise` and `level`, of the whole `all_level`, each (frames, bands).
    All 0..1 in 256 steps (uint8)."""

    note: np.ndarray
    onset: np.ndarray
    pitch: np.ndarray
    all_note: np.ndarray
    all_onset: np.ndarray
    rise: np.ndarray
    level: np.ndarray
    all_level: np.ndarray


def hears_pitch() -> bool:
    """Whether swift-f0 is installed."""
    return find_spec("swift_f0") is not None


def is_installed() -> bool:
    """Whether everything needed to transcribe a singer is installed."""
    return separation.is_installed() and hears_pitch() and (VOICE / "model.safetensors").is_file()


class VoiceMaps(NamedTuple):
    """Maps of a separated voice: posteriorgrams `note` and `onset`, `rise` and `level` of its bands, in frames of 12
    ms, and the map of its `pitch`."""

    note: np.ndarray
    onset: np.ndarray
    rise: np.ndarray
    level: np.ndarray
    pitch: np.ndarray


def maps_of_voice(voice: Recording) -> VoiceMaps:
    """The maps of a separated voice at 22050 Hz."""
    with ThreadPoolExecutor(1) as beside:
        pitch = beside.submit(pitch_map, voice)
        note, onset = transcribe.posteriorgrams(voice)
        bands = features.mel_bands(voice)
        return VoiceMaps(note, onset, features.spectral_rise(bands), spectral_level(bands), pitch.result())


def features_of_voice(maps: VoiceMaps, bands: np.ndarray, note: np.ndarray, onset: np.ndarray) -> VoiceFeatures:
    """Features of a separated voice beside the whole recording, whose `features.mel_bands` and posteriorgrams are
    given."""
    own_note, own_onset, rise, level, pitch = maps
    all_level = spectral_level(bands)
    n_frames = min(map(len, (own_note, note, rise, level, all_level))) // features.POOLED * features.POOLED
    pooled = [
        features.in_bytes(features.pooled(side[:n_frames]))
        for side in (own_note, own_onset, note, onset, rise / features.FULL_RISE, level, all_level)
    ]
    n_pooled = n_frames // features.POOLED
    pitch = np.pad(pitch, ((0, max(n_pooled - len(pitch), 0)), (0, 0)))[:n_pooled]
    return VoiceFeatures(pooled[0], pooled[1], features.in_bytes(pitch), *pooled[2:])


def pitch_map(voice: Recording) -> np.ndarray:
    """swift-f0's pitch and confidence as a map of keys, (frames, 88). Raises `MissingDependencyError` without it."""
    found = _pitch_of(voice)
    at_sec = np.arange(int(len(voice.samples) / features.HOP_SAMPLES)) / features.RATE_HZ
    nearest = np.clip(np.round(at_sec / (256 / _PITCH_RATE_HZ)).astype(int), 0, len(found.pitch_hz) - 1)
    key = 69 + 12 * np.log2(np.maximum(found.pitch_hz[nearest], 1.0) / 440) - frames.LOWEST_PITCH
    confidence = np.clip(found.confidence[nearest], 0, 1)
    low = np.floor(key).astype(int)
    shares = np.zeros((len(key), frames.N_PITCHES), np.float32)
    for step, share in ((0, 1 - (key - low)), (1, key - low)):
        inside = (low + step >= 0) & (low + step < frames.N_PITCHES)
        shares[np.flatnonzero(inside), (low + step)[inside]] = (share * confidence)[inside]
    return shares


def _pitch_of(voice: Recording) -> Any:
    """swift-f0's pitch, confidence and loudness, heard a few seconds at a time, which needs little memory. Raises
    `MissingDependencyError` without it."""
    import soxr

    try:
        from swift_f0 import SwiftF0, concat
    except ImportError as error:
        raise MissingDependencyError(
            "The singer's pitch cannot be tracked.", f"Run: pip {' '.join(PITCH_PIP)}"
        ) from error
    samples, stream = soxr.resample(voice.samples, voice.rate_hz, _PITCH_RATE_HZ), SwiftF0(threads=1).stream()
    blocks = (samples[first : first + _PITCH_SAMPLES] for first in range(0, len(samples), _PITCH_SAMPLES))
    return concat([*(stream.push(block, _PITCH_RATE_HZ) for block in blocks), stream.flush()])


def is_alone(voice: Recording, whole: Recording) -> bool:
    """Whether a recording has next to nothing but the voice that was separated from it."""
    left = float(np.square(whole.samples - voice.samples).sum())
    return left < _LEFT_BESIDE * float(np.square(whole.samples).sum())


def notes_alone(recording: Recording) -> list[TimedNote]:
    """The notes of a voice without accompaniment, from swift-f0's pitch alone."""
    from swift_f0.music import segment_notes

    found = segment_notes(_pitch_of(recording))
    pitches = [round(69 + 12 * float(np.log2(note.pitch_hz / 440))) for note in found]
    return [TimedNote(note.start, note.end, pitch) for note, pitch in zip(found, pitches, strict=True)]


def spectral_level(bands: np.ndarray) -> np.ndarray:
    """The level of each of the `features.mel_bands` against the recording's loudest, 0..1 over `_DECADES`, (frames,
    `features.N_BANDS`)."""
    level = np.log10(bands[1:] + np.float32(1e-10))
    return np.clip((level - np.percentile(level, 99.9)) / _DECADES + 1, 0, 1)


def separated(blocks: Iterable[np.ndarray], rate_hz: int) -> Iterator[np.ndarray]:
    """The voice in stereo blocks (n, 2) at any rate, as mono blocks at 22050 Hz."""
    import soxr

    before = soxr.ResampleStream(rate_hz, separation.RATE_HZ, 2, dtype="float32")
    after = soxr.ResampleStream(separation.RATE_HZ, frames.RATE_HZ, 1, dtype="float32")

    def at_44100() -> Iterator[np.ndarray]:
        for block in blocks:
            yield before.resample_chunk(block)
        yield before.resample_chunk(np.zeros((0, 2), np.float32), last=True)

    for voice in separation.voice_of(at_44100()):
        yield after.resample_chunk(voice)
    yield after.resample_chunk(np.zeros(0, np.float32), last=True)
