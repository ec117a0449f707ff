"""FluidSynth in this process: a score -> blocks of sound.

Each group of tracks has its own synthesizer and thread; FluidSynth's reverberation is linear, so the sum of the groups
is what one synthesizer would play. The score's controls (pedal, volume, pan, expression), pitch bends and program
changes are played as written.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from symbolic_cover.core.errors import MissingDependencyError, UsageError
from symbolic_cover.core.instruments import OF_THE_HALL, PAN_CONTROL

#: The tail ends when a block has stayed below this, or after `MAX_TAIL_SEC`.
SILENCE_DBFS = -66.0
MAX_TAIL_SEC = 6.0
BLOCK_FRAMES = 1 << 14
_GAIN = 0.2
#: Enough that no note of a full orchestra with pedal is stolen.
_POLYPHONY = 1024
_DRUM_CHANNEL = 9
#: FluidSynth has more channels than MIDI; drums are at the same place in every sixteen of them.
_N_CHANNELS, _CHANNELS_OF_MIDI = 256, 16
_RELEASE, _CONTROL, _STRIKE = 0, 1, 2
#: The controls that are passed to FluidSynth; bank selection and channel modes are not.
_PLAYED_CONTROLS = frozenset([1, 2, 5, 7, 10, 11, 64, 65, 66, 67, 71, 72, 73, 74, 91])


@dataclass(frozen=True)
class Room:
    """FluidSynth's reverberation (a feedback delay network): size, damping and level 0..1, width in 0..100."""

    size: float
    damping: float
    width: float
    level: float


#: A living room for piano and bands, a hall for choirs, strings and winds.
SMALL_ROOM, HALL = Room(0.45, 0.3, 0.7, 0.35), Room(0.72, 0.25, 0.9, 0.45)


@dataclass(frozen=True)
class _Event:
    """An event at a frame on a channel: a key is released or struck, or a control is set."""

    frame: int
    kind: int
    channel: int
    number: int
    value: int


def room_of(score: symusic.Score) -> Room:
    """The reverberation for a score's instruments: a hall if most of the notes are bowed, blown or sung."""
    sizes = [(len(track.notes), not track.is_drum and track.program in OF_THE_HALL) for track in score.tracks]
    return HALL if 2 * sum(n for n, is_hall in sizes if is_hall) > sum(n for n, _ in sizes) else SMALL_ROOM


def play_blocks(
    score: symusic.Score, soundfont: Path, rate_hz: int, groups: Sequence[Sequence[int]]
) -> Iterator[np.ndarray]:
    """Blocks of sound, float32 of shape (frames, 2 for each group), of a score played from its start.

    `groups` are indices of tracks. The sound ends with the decay of the last notes. Raises `UsageError` for a SoundFont
    that cannot be read, `MissingDependencyError` without libfluidsynth.
    """
    score = score.to("second")
    channels, pans, room = _channels(score), _pans(score), room_of(score)
    events = [_events(score, channels, tracks, rate_hz) for tracks in groups]
    end = max((one[-1].frame for one in events if one), default=0)
    threshold, n_frames = 10 ** (SILENCE_DBFS / 20), 0
    with ExitStack() as stack:
        players = []
        for tracks, of_group in zip(groups, events, strict=True):
            synth = stack.enter_context(closing(_Synth(soundfont, rate_hz, room)))
            for index in tracks:
                synth.seat(score.tracks[index], channels[index], pans[index])
            players.append(synth.blocks(of_group))
        pool = stack.enter_context(ThreadPoolExecutor(min(len(players), os.cpu_count() or 1)))
        while n_frames < end + MAX_TAIL_SEC * rate_hz:
            block = np.concatenate(list(pool.map(next, players)), axis=1)
            n_frames += len(block)
            yield block
            if n_frames > end + BLOCK_FRAMES and np.max(np.abs(block)) < threshold:
                return


def in_halves(score: symusic.Score) -> tuple[symusic.Score, list[list[int]]]:
    """A score that sounds the same, and its tracks in two groups with about equally many notes, for two cores.

    A track is divided by pitches, so that a key that is struck again is released where it was struck; drums stay whole,
    since some silence each other.
    """
    counts = Counter(
        (index, None if track.is_drum else note.pitch)
        for index, track in enumerate(score.tracks)
        for note in track.notes
    )
    sides: dict[tuple[int, int | None], int] = {}
    sizes = [0, 0]
    for share, n_notes in sorted(counts.items(), key=lambda one: (-one[1], one[0][0], one[0][1] or 0)):
        sides[share] = int(sizes[1] < sizes[0])
        sizes[sides[share]] += n_notes
    tracks: list[Any] = []
    groups: list[list[int]] = [[], []]
    for index, track in enumerate(score.tracks):
        for side in sorted({side for (whose, _), side in sides.items() if whose == index} or {0}):
            half = track.copy()
            pitches = {pitch for (whose, pitch), one in sides.items() if whose == index and one == side}
            half.notes = [note for note in track.notes if track.is_drum or note.pitch in pitches]
            groups[side].append(len(tracks))
            tracks.append(half)
    divided = score.copy()
    divided.tracks = tracks
    return divided, [group for group in groups if group] or [[]]


class _Synth:
    """One FluidSynth with its SoundFont and float output, without clipping and dither."""

    def __init__(self, soundfont: Path, rate_hz: int, room: Room) -> None:
        fluidsynth = _fluidsynth()
        settings = {"synth.polyphony": _POLYPHONY, "synth.chorus.active": 0}
        self._synth = fluidsynth.Synth(gain=_GAIN, samplerate=float(rate_hz), channels=_N_CHANNELS, **settings)
        self._write = fluidsynth._fl.fluid_synth_write_float
        self._synth.set_reverb(room.size, room.damping, room.width, room.level)
        self._font = self._synth.sfload(str(soundfont))
        if self._font < 0:
            self._synth.delete()
            raise UsageError(f"{soundfont} is not a SoundFont that FluidSynth can read.", "Choose another.")

    def seat(self, track: Any, channel: int, pan: int) -> None:
        """Set a channel's instrument, and its pan unless the score has one."""
        bank, program = (128, 0) if track.is_drum else (0, track.program)
        self._synth.program_select(channel, self._font, bank, program)
        self._synth.cc(channel, PAN_CONTROL, pan)

    def do(self, event: _Event) -> None:
        """Execute an event."""
        if event.kind == _RELEASE:
            self._synth.noteoff(event.channel, event.number)
        elif event.kind == _STRIKE:
            self._synth.noteon(event.channel, event.number, event.value)
        elif event.number < 0:
            self._synth.pitch_bend(event.channel, event.value)
        else:
            self._synth.cc(event.channel, event.number, event.value)

    def blocks(self, events: Sequence[_Event]) -> Iterator[np.ndarray]:
        """The sound from the start on, in blocks of `BLOCK_FRAMES`, without end."""
        waiting, now, begin = deque(events), 0, 0
        while True:
            block = np.empty((BLOCK_FRAMES, 2), np.float32)
            while waiting and waiting[0].frame < begin + BLOCK_FRAMES:
                event = waiting.popleft()
                self._fill(block[now - begin : event.frame - begin])
                now = event.frame
                self.do(event)
            self._fill(block[now - begin :])
            now = begin = begin + BLOCK_FRAMES
            yield block

    def _fill(self, frames: np.ndarray) -> None:
        address = ctypes.c_void_p(frames.ctypes.data)
        self._write(ctypes.c_void_p(self._synth.synth), len(frames), address, 0, 2, address, 1, 2)

    def close(self) -> None:
        """Free the synthesizer."""
        self._synth.delete()


def _events(score: symusic.Score, channels: list[int], tracks: Sequence[int], rate_hz: int) -> list[_Event]:
    """The events of some tracks, in order.

    A note ends where its key is struck again, so that no end cuts the later note.
    """
    events = []
    for index in tracks:
        track, channel = score.tracks[index], channels[index]
        for control in track.controls:
            if control.number in _PLAYED_CONTROLS:
                frame = max(round(control.time * rate_hz), 0)
                events.append(_Event(frame, _CONTROL, channel, control.number, control.value))
        for bend in track.pitch_bends:
            events.append(_Event(max(round(bend.time * rate_hz), 0), _CONTROL, channel, -1, bend.value))
        struck_again: dict[int, int] = {}
        for note in sorted(track.notes, key=lambda note: note.start, reverse=True):
            start = max(round(note.start * rate_hz), 0)
            end = min(max(round(note.end * rate_hz), start + 1), struck_again.get(note.pitch, sys.maxsize))
            struck_again[note.pitch] = start
            events.append(_Event(start, _STRIKE, channel, note.pitch, max(note.velocity, 1)))
            events.append(_Event(end, _RELEASE, channel, note.pitch, 0))
    return sorted(events, key=lambda event: (event.frame, event.kind, event.channel, event.number, event.value))


def _channels(score: symusic.Score) -> list[int]:
    """A channel for each track: the drum channel for drums; beyond 240 instruments channels are shared."""
    melodic = [channel for channel in range(_N_CHANNELS) if channel % _CHANNELS_OF_MIDI != _DRUM_CHANNEL]
    channels, used = [], 0
    for track in score.tracks:
        channels.append(_DRUM_CHANNEL if track.is_drum else melodic[used % len(melodic)])
        used += not track.is_drum
    return channels


def _pans(score: symusic.Score) -> list[int]:
    """The pan of each track, left (0) to right (127): one instrument in the middle, an ensemble around it."""
    players = list(dict.fromkeys((track.program, track.is_drum) for track in score.tracks))
    width = min(12 * (len(players) - 1), 36)
    places = np.linspace(64 - width, 64 + width, len(players)).round().astype(int).tolist() if width else [64]
    return [places[players.index((track.program, track.is_drum))] for track in score.tracks]


def fluidsynth_version() -> str:
    """The version of the FluidSynth library; raises MissingDependencyError without it."""
    numbers = [ctypes.c_int() for _ in range(3)]
    _fluidsynth()._fl.fluid_version(*(ctypes.byref(number) for number in numbers))
    return ".".join(str(number.value) for number in numbers)


def _fluidsynth() -> Any:
    try:
        import fluidsynth
    except ImportError as error:
        remedy = "install libfluidsynth (on Debian `apt-get install libfluidsynth3`) and `pip install pyfluidsynth`."
        raise MissingDependencyError(f"FluidSynth cannot be loaded ({error}):", remedy) from error
    return fluidsynth
