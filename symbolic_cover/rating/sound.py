"""Versions as sound of equal loudness, so that loudness does not decide."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from symbolic_cover.app.play import play
from symbolic_cover.core.controls import Playback
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.files import whole_file
from symbolic_cover.listening.formats import AUDIO_SUFFIXES
from symbolic_cover.sound.audio import sound_file
from symbolic_cover.sound.loudness import LoudnessMeter, limiter_gain, limiter_reach

#: EBU R 128; soft enough that hardly any music needs the limiter.
LUFS = -23.0
CEILING_DBTP = -2.5
_BLOCK_FRAMES = 1 << 16
_KEY_LENGTH = 16


def levelled(score: Path | None, sound: Path | None, style: str, folder: Path, seconds: float | None = None) -> Path:
    """The recording `sound`, or else `score` played in the manner of `style`, as an Ogg file of `LUFS` in `folder`.

    Only the first `seconds` if given. The file's name does not reveal its origin; existing files for the same input are
    reused. Raises `InputError` for sound that cannot be read or is silent.
    """
    origin = sound or score
    assert origin is not None
    stamp = origin.stat()
    key = f"{origin.resolve()} {stamp.st_mtime_ns} {stamp.st_size} {style} {seconds} {LUFS}"
    out = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:_KEY_LENGTH]}.ogg"
    if out.is_file():
        return out
    if origin.suffix.lower() in AUDIO_SUFFIXES:
        _level(origin, out, seconds)
        return out
    played = out.with_suffix(".wav")
    try:
        play(origin, played, Playback(), style=style)
        _level(played, out, seconds)
    finally:
        played.unlink(missing_ok=True)
    return out


def _level(path: Path, out: Path, seconds: float | None) -> None:
    """Write `path` at `LUFS` to `out` atomically, through the limiter if peaks would pass the ceiling."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate_hz = file.samplerate
            samples = file.read(-1 if seconds is None else round(seconds * rate_hz), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise InputError(f"{path.name} cannot be read as sound.", "Export it again.") from error
    stereo = np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples[:, :2]
    meter = LoudnessMeter(rate_hz)
    for at in range(0, len(stereo), _BLOCK_FRAMES):
        meter.add(stereo[at : at + _BLOCK_FRAMES])
    if not np.isfinite(meter.lufs):
        raise InputError(f"{path.name} is silent.", "Check the recording's level.")
    stereo = stereo * np.float32(10 ** ((LUFS - meter.lufs) / 20))
    with whole_file(out) as partial, sound_file(partial, out.suffix, rate_hz) as file:
        for at in range(0, len(stereo), _BLOCK_FRAMES):
            file.write(_limited(stereo, at, min(at + _BLOCK_FRAMES, len(stereo)), rate_hz))


def _limited(stereo: np.ndarray, begin: int, end: int, rate_hz: int) -> np.ndarray:
    """Frames `begin` to `end` with true peaks below the ceiling."""
    reach = limiter_reach(rate_hz)
    first, last = max(begin - reach, 0), min(end + reach, len(stereo))
    around = np.pad(stereo[first:last], ((first - begin + reach, end + reach - last), (0, 0)))
    gain = limiter_gain(around, 10 ** (CEILING_DBTP / 20), rate_hz)[reach : reach + end - begin]
    return stereo[begin:end] * gain[:, None].astype(np.float32)
