"""Sound files -> `Recording`.

Nearly everything downstream wants mono float32 at one rate; who separates a singer wants both channels, in blocks. What
cannot become music is refused here, each with one line that says why: text in disguise, emptiness, half a second,
silence, broken samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.heard import Recording

RATE_HZ = 22050
SHORTEST_SEC = 1.0
LONGEST_SEC = 2 * 3600.0
SILENCE_PEAK = 1e-3  # -60 dBFS
BLOCK_FRAMES = 1 << 18
#: A file of which a smaller share can be read is damaged: lengths that files state are not all exact.
_NEARLY_ALL = 0.98
#: Where the mean of two channels has less than this of their power, they cancel each other: one of them is taken.
CANCELLED = 0.05


def load_recording(path: str | Path, rate_hz: int = RATE_HZ) -> Recording:
    """Read a wav, flac, mp3 or ogg file of any rate and any number of channels.

    Returns a mono `Recording` at `rate_hz`; channels are averaged (of two that cancel each other the first is taken),
    resampling is soxr's. Of a file that is damaged what comes before is read, and said in its remarks.
    Raises UsageError if there is no such file; InputError if it is not audio, is empty, lasts less
    than a second or more than two hours, is silent (peak below -60 dBFS) or holds NaN.
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
            raise InputError(f"{path.name} holds samples that are no numbers (NaN or infinite).", "Export it again.")
        peak = max(peak, float(np.abs(mono).max()))
        if file_rate_hz != rate_hz:
            stream = stream or soxr.ResampleStream(file_rate_hz, rate_hz, 1, dtype="float32")
            mono = stream.resample_chunk(mono)
        parts.append(mono)
    if n_samples == 0:
        raise InputError(f"{path.name} is empty.", "Export the sound again.")
    if n_samples < SHORTEST_SEC * file_rate_hz:
        duration_sec = n_samples / file_rate_hz
        raise InputError(f"{path.name} holds only {duration_sec:.2g} s of sound.", "Give at least a few bars of music.")
    if peak < SILENCE_PEAK:
        raise InputError(f"{path.name} is silent (its peak lies below -60 dBFS).", "Check the recording's level.")
    if stream is not None:
        parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    remarks = _remarks(path, n_samples / file_rate_hz)
    return Recording(np.concatenate(parts).astype(np.float32, copy=False), rate_hz, remarks)


def _remarks(path: Path, read_sec: float) -> tuple[str, ...]:
    """A word where a file promises more than could be read."""
    import soundfile

    told = soundfile.info(path)
    promised_sec = told.frames / told.samplerate
    if read_sec > _NEARLY_ALL * promised_sec:
        return ()
    return (f"It is damaged after {read_sec:.0f} of {promised_sec:.0f} seconds; what comes before was heard.",)


def stereo_blocks(path: Path) -> tuple[Callable[[], Iterator[np.ndarray]], int]:
    """Both channels of a file that `load_recording` reads, block by block (n, 2), and their rate; a single one stands
    on both sides, and of channels that cancel each other the second is turned over."""
    import soundfile

    cancels = _cancels(path)

    def blocks() -> Iterator[np.ndarray]:
        for block, _ in _blocks(path):
            both = block[:, :2] if block.shape[1] > 1 else np.repeat(block, 2, axis=1)
            yield both * np.array([1, -1], np.float32) if cancels else both

    return blocks, int(soundfile.info(path).samplerate)


def _cancels(path: Path) -> bool:
    """Whether a file has two channels of which one is the other turned over."""
    together = apart = 0.0
    for block, _ in _blocks(path):
        if block.shape[1] != 2:
            return False
        together += float(np.square(block.mean(axis=1)).sum())
        apart += float(np.square(block).sum()) / 2
    return together < CANCELLED * apart


def _blocks(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    """The samples of a file (n, channels), block by block, each with their rate; up to where it is damaged."""
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
