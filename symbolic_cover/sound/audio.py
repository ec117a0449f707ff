"""Render a score as sound: FluidSynth plays it in this process to a file of a given loudness.

FluidSynth's output goes to a temporary file first; once its loudness is known, it is written again, in stretches, at
the level that brings it to `Mastering.lufs`, through a limiter where its true peaks would pass the ceiling. So nothing
clips, and a long song needs no more memory than a short one.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import BinaryIO

import numpy as np
import symusic

from symbolic_cover.core.controls import DEFAULT_LUFS
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.files import whole_files
from symbolic_cover.sound.formats import SOUND_FORMATS
from symbolic_cover.sound.loudness import REACH, LoudnessMeter, limiter_gain, limiter_reach, true_peaks
from symbolic_cover.sound.soundfonts import choose_soundfont
from symbolic_cover.sound.synthesizer import in_halves, play_blocks

#: True peak before encoding; mp3 and ogg overshoot, so they get more headroom.
CEILING_DBTP, LOSSY_CEILING_DBTP = -1.3, -2.5
#: The most that the limiter may reduce peaks before the sound is left softer than requested.
MOST_LIMITING_DB = 12.0
_CLOSE_ENOUGH_LU, _MOST_TRIES = 0.1, 3
_STRETCH_FRAMES = 1 << 16
_FRAME_BYTES = 8
_LOSSY = frozenset([".mp3", ".ogg"])


@dataclass(frozen=True)
class SoundInfo:
    """Facts of the rendered sound: seconds, integrated loudness and true peak before encoding, SoundFont, stems by
    name."""

    path: Path
    duration_sec: float
    loudness_lufs: float
    true_peak_dbtp: float
    soundfont: Path
    stems: Mapping[str, Path]


def check_format(path: Path) -> None:
    """Raise `UsageError` for a suffix that is not an audio format's."""
    if path.suffix.lower() not in SOUND_FORMATS:
        raise UsageError(
            f"{path.name} does not have the suffix of a sound file.", f"Choose one of {', '.join(SOUND_FORMATS)}."
        )


def render_audio(
    score: symusic.Score,
    out_path: Path,
    *,
    soundfont: Path | None = None,
    lufs: float = DEFAULT_LUFS,
    stems: Mapping[str, Sequence[int]] | None = None,
    rate_hz: int = 44100,
) -> SoundInfo:
    """Render a score (in ticks or seconds) to a stereo file; its suffix (wav, flac, mp3, ogg) sets the format.

    Integrated loudness is `lufs`, true peak at most `CEILING_DBTP`; the last notes ring until they are silent. `stems`
    names groups of tracks (indices, each track once): each gets a file beside the mix, ``OUT.NAME.wav``, and they sum
    to the mix. Files are written whole or not at all. Raises `UsageError` for another suffix or an unknown SoundFont,
    `InputError` if there is nothing to play, `MissingDependencyError` without libfluidsynth or a SoundFont.
    """
    out_path = Path(out_path)
    check_format(out_path)
    font = choose_soundfont(soundfont)
    score, groups = (score, list(stems.values())) if stems else in_halves(score)
    names = {name: out_path.with_name(f"{out_path.stem}.{name}{out_path.suffix}") for name in stems or {}}
    with tempfile.TemporaryFile() as file:
        played = _Played(file, len(groups), rate_hz)
        with ThreadPoolExecutor(1) as beside:
            measured: Future[None] | None = None
            for block in play_blocks(score, font, rate_hz, groups):
                if measured:
                    measured.result()
                measured = beside.submit(played.add, block)
            if measured:
                measured.result()
        if played.meter.lufs == -math.inf:
            raise InputError("there is nothing to hear in this score:", "has it any notes?")
        ceiling = 10 ** ((LOSSY_CEILING_DBTP if out_path.suffix.lower() in _LOSSY else CEILING_DBTP) / 20)
        gain, loudness, peak = _level(played, lufs, ceiling)
        with whole_files([out_path, *names.values()]) as partials, ExitStack() as stack:
            files = [stack.enter_context(sound_file(path, out_path.suffix, rate_hz)) for path in partials]
            for groups_of_stretch in _mastered(played, gain, ceiling):
                files[0].write(_mixed(groups_of_stretch))
                for index, stem in enumerate(files[1:]):  # none without stems
                    stem.write(groups_of_stretch[:, index])
    return SoundInfo(out_path, played.n_frames / rate_hz, loudness, 20 * math.log10(peak), font, names)


def play_samples(score: symusic.Score, soundfont: Path, rate_hz: int) -> np.ndarray:
    """A short score as samples, shape (frames, 2); for whole songs `render_audio` needs less memory."""
    score, groups = in_halves(score)
    blocks = play_blocks(score, soundfont, rate_hz, groups)
    return np.concatenate([_mixed(block.reshape(len(block), -1, 2)) for block in blocks])


def _mixed(groups: np.ndarray) -> np.ndarray:
    """(frames, groups, 2) -> (frames, 2); numpy's own sum over so short an axis takes ten times as long."""
    return reduce(np.add, (groups[:, index] for index in range(groups.shape[1])))


class _Played:
    """The rendered sound in a temporary file: float32 of shape (frames, groups, 2); loudness and peaks of the mix."""

    def __init__(self, file: BinaryIO, n_groups: int, rate_hz: int) -> None:
        self.file, self.n_groups, self.rate_hz = file, n_groups, rate_hz
        self.meter = LoudnessMeter(rate_hz)
        self.n_frames = 0
        self._peaks: list[tuple[int, float]] = []
        self._before = np.zeros((2 * REACH, 2), np.float32)

    def add(self, block: np.ndarray) -> None:
        """The next frames, shape (n, 2 * groups)."""
        mix = _mixed(block.reshape(len(block), self.n_groups, 2))
        self.meter.add(mix)
        known = np.concatenate([self._before, mix])
        self._peaks.append((self.n_frames + len(block), float(true_peaks(known)[REACH:].max())))
        self._before = known[-2 * REACH :]
        self.file.write(block.tobytes())
        self.n_frames += len(block)

    def peak(self, begin: int = 0, end: int = sys.maxsize) -> float:
        """The largest true peak of the mix in the blocks that have frames from `begin` to `end`."""
        largest, block_begin = 0.0, 0
        for block_end, peak in self._peaks:
            if block_end > begin and block_begin - 2 * REACH < end:
                largest = max(largest, peak)
            block_begin = block_end
        return largest

    def stretch(self, begin: int, end: int) -> np.ndarray:
        """Frames `begin` to `end`; those outside are silent."""
        size = _FRAME_BYTES * self.n_groups
        first, last = max(begin, 0), min(end, self.n_frames)
        self.file.seek(first * size)
        samples = np.frombuffer(self.file.read((last - first) * size), np.float32).reshape(-1, self.n_groups, 2)
        return np.pad(samples, ((first - begin, end - last), (0, 0), (0, 0)))


def _level(played: _Played, lufs: float, ceiling: float) -> tuple[float, float, float]:
    """(gain before the limiter, loudness after it, bound of true peaks): as near to `lufs` as the limiter allows."""
    most = ceiling * 10 ** (MOST_LIMITING_DB / 20) / played.peak()
    gain = min(10 ** ((lufs - played.meter.lufs) / 20), most)
    if gain * played.peak() <= ceiling:
        return gain, played.meter.lufs + 20 * math.log10(gain), gain * played.peak()
    for _ in range(_MOST_TRIES):
        meter = LoudnessMeter(played.rate_hz)
        for stretch in _mastered(played, gain, ceiling):
            meter.add(_mixed(stretch))
        short = lufs - meter.lufs
        if abs(short) < _CLOSE_ENOUGH_LU or gain >= most:
            break
        gain = min(gain * 10 ** (short / 20), most)
    return gain, meter.lufs, ceiling


def _mastered(played: _Played, gain: float, ceiling: float) -> Iterator[np.ndarray]:
    """Stretches of shape (frames, groups, 2) at their level; the limiter's gain is the mix's and the same for all."""
    reach = limiter_reach(played.rate_hz)
    for begin in range(0, played.n_frames, _STRETCH_FRAMES):
        end = min(begin + _STRETCH_FRAMES, played.n_frames)
        if gain * played.peak(begin - reach, end + reach) <= ceiling:
            yield played.stretch(begin, end) * np.float32(gain)
            continue
        around = played.stretch(begin - reach, end + reach) * np.float32(gain)
        factors = limiter_gain(_mixed(around), ceiling, played.rate_hz)[reach:-reach]
        yield around[reach:-reach] * factors[:, None, None].astype(np.float32)


def sound_file(path: Path, suffix: str, rate_hz: int):  # type: ignore[no-untyped-def]
    """A stereo file open for writing, in the format of `suffix` whatever the name of the path."""
    import soundfile

    kind, subtype = SOUND_FORMATS[suffix.lower()]
    return soundfile.SoundFile(path, "w", rate_hz, 2, subtype=subtype, format=kind)
