"""A score as sound: FluidSynth plays it, in this process, straight to a file.

FluidSynth's own 16-bit samples go to a temporary file first; once the loudest is known, they are written again, block
by block, at the level that brings it to `PEAK_DBFS`. So nothing clips, and a long song needs no more memory than a
short one.
"""

from __future__ import annotations

import contextlib
import io
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from symbolic_cover.errors import InputError, MissingDependencyError, UsageError
from symbolic_cover.render.balance import PAN_CONTROL, VOLUME_CONTROL

PEAK_DBFS = -1.5
#: The tail ends when it has stayed below this for `_QUIET_SEC`, or after `MAX_TAIL_SEC`.
SILENCE_DBFS = -66.0
MAX_TAIL_SEC = 6.0
_QUIET_SEC = 0.25
_BLOCK_FRAMES = 1 << 15
_SYNTH_GAINS = (0.3, 0.1, 0.03)
_FULL_SCALE = 32767
_FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".mp3": ("MP3", None), ".ogg": ("OGG", "VORBIS")}
_SYSTEM_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/share/sounds/sf3",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
_SUFFIXES = (".sf2", ".sf3")
_DRUM_CHANNEL = 9
#: FluidSynth has more channels than MIDI; each sixteen of them have drums at the same place.
_N_CHANNELS, _CHANNELS_OF_MIDI = 256, 16
_FRAME_BYTES = 4
#: Below this sample value there is nothing but FluidSynth's dither.
_DITHER_PEAK = 16


@dataclass(frozen=True)
class SoundInfo:
    """What was rendered: length in seconds, peak in dBFS, the SoundFont it was played with."""

    path: Path
    duration_sec: float
    peak_dbfs: float
    soundfont: Path


@dataclass(frozen=True)
class _Event:
    """A key struck at a frame, or released (velocity 0)."""

    frame: int
    channel: int
    pitch: int
    velocity: int


def find_soundfonts(*extra: Path) -> list[Path]:
    """All SoundFonts at hand, the one to prefer first.

    `extra` (files or folders) come first, then ``soundfonts/`` of the working directory and of the repository, then
    those of the system (FluidR3_GM before others), last the small one that pretty_midi carries.
    """
    folders = [Path.cwd() / "soundfonts", Path(__file__).parents[2] / "soundfonts", *map(Path, _SYSTEM_FOLDERS)]
    found = [font for place in (*extra, *folders) for font in _fonts_in(place)]
    carried = Path(sysconfig.get_paths()["purelib"]) / "pretty_midi" / "TimGM6mb.sf2"
    found += [carried] if carried.is_file() else []
    unique: dict[Path, Path] = {}
    for font in found:
        unique.setdefault(font.resolve(), font)  # a link is no font of its own
    return list(unique.values())


def _fonts_in(place: Path) -> list[Path]:
    if place.is_file():
        return [place] if place.suffix.lower() in _SUFFIXES else []
    if not place.is_dir():
        return []
    fonts = (font for font in place.iterdir() if font.suffix.lower() in _SUFFIXES and font.is_file())
    return sorted(fonts, key=lambda font: (not font.stem.startswith("FluidR3_GM"), font.name))


def choose_soundfont(path: Path | None = None) -> Path:
    """The SoundFont asked for, or the best at hand.

    Raises UsageError if the one asked for is not there, MissingDependencyError if there is none at all.
    """
    if path is not None:
        if not Path(path).is_file():
            raise UsageError(f"there is no SoundFont at {path}.", "Give the path of an .sf2 or .sf3 file.")
        return Path(path)
    fonts = find_soundfonts()
    if not fonts:
        raise MissingDependencyError("there is no SoundFont to play with:", "put an .sf2 file into soundfonts/.")
    return fonts[0]


def render_audio(
    score: symusic.Score, out_path: Path, *, soundfont: Path | None = None, rate_hz: int = 44100
) -> SoundInfo:
    """Play a score (in ticks or seconds) into a stereo file; its suffix (wav, flac, mp3, ogg) says the format.

    The peak lies at `PEAK_DBFS`; the last notes ring until they are silent, `MAX_TAIL_SEC` at most. The file is
    complete or is not there. Raises UsageError for another suffix or an unknown SoundFont, InputError if there is
    nothing to play, MissingDependencyError without libfluidsynth or a SoundFont.
    """
    import soundfile

    out_path = Path(out_path)
    if out_path.suffix.lower() not in _FORMATS:
        raise UsageError(f"{out_path.name} has no suffix of a sound file.", f"Choose one of {', '.join(_FORMATS)}.")
    font = choose_soundfont(soundfont)
    kind, subtype = _FORMATS[out_path.suffix.lower()]
    partial = out_path.with_name(f".{out_path.name}.partial")
    with tempfile.TemporaryFile() as played:
        peak = _FULL_SCALE
        for gain in _SYNTH_GAINS:  # a softer one where many parts together would clip
            played.seek(0)
            played.truncate()
            peak = 0
            for block in _play(score, font, rate_hz, gain):
                peak = max(peak, int(np.max(np.abs(block.astype(np.int32)))))
                played.write(block.tobytes())
            if peak < _FULL_SCALE:
                break
        if peak < _DITHER_PEAK:
            raise InputError("there is nothing to hear in this score:", "has it any notes?")
        level = np.float32(10 ** (PEAK_DBFS / 20) / peak)
        n_frames = played.tell() // _FRAME_BYTES
        played.seek(0)
        try:
            with soundfile.SoundFile(partial, "w", rate_hz, 2, subtype=subtype, format=kind) as file:
                while data := played.read(_BLOCK_FRAMES * _FRAME_BYTES):
                    file.write(np.frombuffer(data, np.int16).reshape(-1, 2) * level)
            partial.replace(out_path)
        finally:
            partial.unlink(missing_ok=True)
    return SoundInfo(out_path, n_frames / rate_hz, PEAK_DBFS, font)


def play_samples(score: symusic.Score, soundfont: Path, rate_hz: int) -> np.ndarray:
    """A short score as samples, shape (frames, 2), -1..1; for whole songs `render_audio` needs less memory."""
    blocks = list(_play(score, soundfont, rate_hz, _SYNTH_GAINS[1]))
    return np.concatenate(blocks).astype(np.float32) / _FULL_SCALE


def _play(score: symusic.Score, soundfont: Path, rate_hz: int, gain: float) -> Iterator[np.ndarray]:
    """Blocks of 16-bit sound, shape (frames, 2), of a score played from the start by a fresh synthesizer."""
    score = score.to("second")
    synth = _fluidsynth().Synth(gain=gain, samplerate=float(rate_hz))
    try:
        font = synth.sfload(str(soundfont))
        if font < 0:
            raise UsageError(f"{soundfont} is not a SoundFont that FluidSynth can read.", "Choose another.")
        channels, pans = _channels(score), _pans(score)
        for track, channel, pan in zip(score.tracks, channels, pans, strict=True):
            synth.program_select(channel, font, 128 if track.is_drum else 0, 0 if track.is_drum else track.program)
            set_at_once = {control.number: control.value for control in track.controls if control.time <= 0}
            synth.cc(channel, PAN_CONTROL, set_at_once.get(PAN_CONTROL, pan))
            if VOLUME_CONTROL in set_at_once:
                synth.cc(channel, VOLUME_CONTROL, set_at_once[VOLUME_CONTROL])
        now = 0
        for event in _events(score, channels, rate_hz):
            yield from _advance(synth, event.frame - now)
            now = event.frame
            if event.velocity:
                synth.noteon(event.channel, event.pitch, event.velocity)
            else:
                synth.noteoff(event.channel, event.pitch)
        yield from _tail(synth, rate_hz)
    finally:
        synth.delete()


def _events(score: symusic.Score, channels: list[int], rate_hz: int) -> list[_Event]:
    """What happens when, in order. A note ends where its key is struck again, so that no end cuts the later note."""
    events = []
    for track, channel in zip(score.tracks, channels, strict=True):
        struck_again: dict[int, int] = {}
        for note in sorted(track.notes, key=lambda note: note.start, reverse=True):
            start = max(round(note.start * rate_hz), 0)
            end = min(max(round(note.end * rate_hz), start + 1), struck_again.get(note.pitch, sys.maxsize))
            struck_again[note.pitch] = start
            events.append(_Event(start, channel, note.pitch, max(note.velocity, 1)))
            events.append(_Event(end, channel, note.pitch, 0))
    return sorted(events, key=lambda event: (event.frame, event.velocity > 0, event.channel, event.pitch))


def _advance(synth: Any, n_frames: int) -> Iterator[np.ndarray]:
    while n_frames > 0:
        size = min(n_frames, _BLOCK_FRAMES)
        yield synth.get_samples(size).reshape(-1, 2)
        n_frames -= size


def _tail(synth: Any, rate_hz: int) -> Iterator[np.ndarray]:
    size = round(_QUIET_SEC * rate_hz)
    threshold = 32768 * 10 ** (SILENCE_DBFS / 20)
    for _ in range(round(MAX_TAIL_SEC / _QUIET_SEC)):
        block = synth.get_samples(size).reshape(-1, 2)
        yield block
        if np.max(np.abs(block.astype(np.int32))) < threshold:
            return


def _channels(score: symusic.Score) -> list[int]:
    """A channel for each track: the drums' own for drums; beyond 240 instruments channels are shared."""
    melodic = [channel for channel in range(_N_CHANNELS) if channel % _CHANNELS_OF_MIDI != _DRUM_CHANNEL]
    channels, used = [], 0
    for track in score.tracks:
        channels.append(_DRUM_CHANNEL if track.is_drum else melodic[used % len(melodic)])
        used += not track.is_drum
    return channels


def _pans(score: symusic.Score) -> list[int]:
    """Where each track sits from left (0) to right (127): one instrument in the middle, an ensemble around it."""
    players = list(dict.fromkeys((track.program, track.is_drum) for track in score.tracks))
    width = min(12 * (len(players) - 1), 36)
    places = np.linspace(64 - width, 64 + width, len(players)).round().astype(int).tolist() if width else [64]
    return [places[players.index((track.program, track.is_drum))] for track in score.tracks]


def fluidsynth_version() -> str:
    """The version of the FluidSynth library; raises MissingDependencyError without it."""
    import ctypes

    numbers = [ctypes.c_int() for _ in range(3)]
    _fluidsynth()._fl.fluid_version(*(ctypes.byref(number) for number in numbers))
    return ".".join(str(number.value) for number in numbers)


def _fluidsynth() -> Any:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says where it found the library
            import fluidsynth
    except ImportError as error:
        remedy = "install libfluidsynth (on Debian `apt-get install libfluidsynth3`) and `pip install pyfluidsynth`."
        raise MissingDependencyError(f"FluidSynth cannot be loaded ({error}):", remedy) from error
    return fluidsynth
