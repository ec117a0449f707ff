"""Sound files -> `Recording`.

Everything downstream wants mono float32 at one rate. What cannot become music is refused here, each
with one line that says why: text in disguise, emptiness, half a second, silence, broken samples.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.heard import Recording

RATE_HZ = 22050
SHORTEST_SEC = 1.0
LONGEST_SEC = 15 * 60.0
SILENCE_PEAK = 1e-3  # -60 dBFS
BLOCK_FRAMES = 1 << 18


def load_recording(path: str | Path, rate_hz: int = RATE_HZ) -> Recording:
    """Read a wav, flac, mp3 or ogg file of any rate and any number of channels.

    Returns a mono `Recording` at `rate_hz`; channels are averaged, resampling is soxr's.
    Raises UsageError if there is no such file; InputError if it is not audio, is empty, lasts less
    than a second or more than fifteen minutes, is silent (peak below -60 dBFS) or holds NaN.
    """
    import soxr

    path = Path(path)
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    samples, file_rate_hz = _read_mono(path)
    duration_sec = len(samples) / file_rate_hz
    if len(samples) == 0:
        raise InputError(f"{path.name} is empty.", "Export the sound again.")
    if not np.isfinite(samples).all():
        raise InputError(f"{path.name} holds samples that are no numbers (NaN or infinite).", "Export it again.")
    if duration_sec < SHORTEST_SEC:
        raise InputError(f"{path.name} holds only {duration_sec:.2g} s of sound.", "Give at least a few bars of music.")
    if np.abs(samples).max() < SILENCE_PEAK:
        raise InputError(f"{path.name} is silent (its peak lies below -60 dBFS).", "Check the recording's level.")
    if file_rate_hz != rate_hz:
        samples = soxr.resample(samples, file_rate_hz, rate_hz)
    return Recording(np.ascontiguousarray(samples, dtype=np.float32), rate_hz)


def _read_mono(path: Path) -> tuple[np.ndarray, int]:
    """The file's samples (n,) float32, block by block so that stereo never stands in memory whole."""
    import soundfile

    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty.", "Export the sound again.")
    try:
        with soundfile.SoundFile(path) as file:
            rate_hz = file.samplerate
            blocks: list[np.ndarray] = []
            n_samples = 0
            while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                blocks.append(block.mean(axis=1))
                n_samples += len(block)
                if n_samples > LONGEST_SEC * rate_hz:
                    raise InputError(f"{path.name} lasts longer than 15 minutes.", "Cut it to one song.")
    except (soundfile.LibsndfileError, RuntimeError) as error:
        remedy = "Convert it to wav, flac, mp3 or ogg."
        raise InputError(f"{path.name} is not audio that can be read.", remedy) from error
    return (np.concatenate(blocks) if blocks else np.zeros(0, np.float32)), rate_hz
