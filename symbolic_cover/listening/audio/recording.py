"""Sound files -> `Recording`.

Most of the pipeline uses mono float32 at one rate; the separation of a singer uses both channels, in blocks. Input that
cannot be music is rejected here, with a reason: text files, empty files, half a second, silence, invalid samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.heard import Recording

RATE_HZ = 22050
SHORTEST_SEC = 1.0
LONGEST_SEC = 2 * 3600.0
SILENCE_PEAK = 1e-3  # -60 dBFS
BLOCK_FRAMES = 1 << 18
#: A file is damaged if less than this share of it can be read: stated lengths are not all exact.
_NEARLY_ALL = 0.98
#: If the mean of two channels has less than this share of their power, they cancel each other, and one of them is used.
CANCELLED = 0.05


def load_recording(path: str | Path, rate_hz: int = RATE_HZ) -> Recording:
    """Read a wav, flac, mp3 or ogg file of any rate and number of channels.

    Returns a mono `Recording` at `rate_hz`; channels are averaged (of two that cancel each other the first is used) and
    resampled with soxr. Of a damaged file the part before the damage is read, with a remark. Raises `UsageError` if the
    file does not exist; `InputError` if it is not audio, is empty, lasts less than a second or more than two hours, is
    silent (peak below -60 dBFS) or has NaN samples.
    """
    import soxr

    path = Path(path)
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    cancels = _cancels(path)
    parts: list[np.ndarray] = []
    stream: soxr.ResampleStream | None = None
    n_samples, peak, file_rate_hz = 0, 0.0, rate_hz
    for block, file_rate_hz in _blocks(path):
        mono = block[:, 0] if cancels else block.mean(axis=1)
        n_samples += len(mono)
        if n_samples > LONGEST_SEC * file_rate_hz:
            raise InputError(f"{path.name} lasts longer than {LONGEST_SEC / 3600:g} hours.", "Cut it to one song.")
        if not np.isfinite(mono).all():
            raise InputError(f"{path.name} has invalid samples (NaN or infinite).", "Export it again.")
        peak = max(peak, float(np.abs(mono).max()))
        if file_rate_hz != rate_hz:
            stream = stream or soxr.ResampleStream(file_rate_hz, rate_hz, 1, dtype="float32")
            mono = stream.resample_chunk(mono)
        parts.append(mono)
    if n_samples == 0:
        raise InputError(f"{path.name} is empty.", "Export the sound again.")
    if n_samples < SHORTEST_SEC * file_rate_hz:
        duration_sec = n_samples / file_rate_hz
        raise InputError(f"{path.name} has only {duration_sec:.2g} s of sound.", "Give at least a few bars of music.")
    if peak < SILENCE_PEAK:
        raise InputError(f"{path.name} is silent (its peak lies below -60 dBFS).", "Check the recording's level.")
    if stream is not None:
        parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    remarks = _remarks(path, n_samples / file_rate_hz)
    return Recording(np.concatenate(parts).astype(np.float32, copy=False), rate_hz, remarks)


def _remarks(path: Path, read_sec: float) -> tuple[str, ...]:
    """A remark if a file states more than could be read."""
    import soundfile

    told = soundfile.info(path)
    promised_sec = told.frames / told.samplerate
    if read_sec > _NEARLY_ALL * promised_sec:
        return ()
    return (f"It is damaged after {read_sec:.0f} of {promised_sec:.0f} seconds; only the part before was used.",)


def stereo_blocks(path: Path) -> tuple[Callable[[], Iterator[np.ndarray]], int]:
    """Both channels of a file that `load_recording` reads, in blocks (n, 2), and their rate; a single channel is
    duplicated, and of channels that cancel each other the second is inverted."""
    import soundfile

    cancels = _cancels(path)

    def blocks() -> Iterator[np.ndarray]:
        for block, _ in _blocks(path):
            both = block[:, :2] if block.shape[1] > 1 else np.repeat(block, 2, axis=1)
            yield both * np.array([1, -1], np.float32) if cancels else both

    return blocks, int(soundfile.info(path).samplerate)


def _cancels(path: Path) -> bool:
    """Whether a file has two channels of which one is the inverse of the other."""
    told = path.stat()
    return _cancels_as_written(path, told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=1)
def _cancels_as_written(path: Path, time_ns: int, n_bytes: int) -> bool:
    """The same for a file of that time and size, which is read only once."""
    together = apart = 0.0
    for block, _ in _blocks(path):
        if block.shape[1] != 2:
            return False
        together += float(np.square(block.mean(axis=1)).sum())
        apart += float(np.square(block).sum()) / 2
    return together < CANCELLED * apart


def _blocks(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    """The samples of a file (n, channels) in blocks, each with their rate, up to any damage."""
    import soundfile

    n_blocks = 0
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty.", "Export the sound again.")
    try:
        with soundfile.SoundFile(path) as file:
            while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                yield block, file.samplerate
                n_blocks += 1
    except (soundfile.LibsndfileError, RuntimeError) as error:
        if n_blocks:
            return
        remedy = "Convert it to wav, flac, mp3 or ogg."
        raise InputError(f"{path.name} is not audio that can be read.", remedy) from error
