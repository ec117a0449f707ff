"""The ears: what listens to recordings, which packages it needs, and how to get them.

A new ear is a module of this folder that says what it hears (as `piano` does), a line here, and the place in `hearing`
where its evidence is weighed against that of the others.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.places import LISTENER
from symbolic_cover.listening.audio import piano, transcribe


@dataclass(frozen=True)
class Ear:
    """Something that hears: what it `hears` in words, and whether recordings cannot be heard without it.

    `look` says what is there, or raises `MissingDependencyError`; `pip` are the words that install it.
    """

    name: str
    hears: str
    is_needed: bool
    look: Callable[[], str]
    pip: tuple[str, ...] = ()


def _basic_pitch() -> str:
    model = transcribe.model_path()
    return f"{importlib.metadata.version('basic-pitch')}, {model.name}"


def _listener() -> str:
    weights = LISTENER / "model.safetensors"
    if not weights.is_file():
        raise MissingDependencyError("its weights are missing.", "Install symbolic-cover again.")
    return f"{weights.stat().st_size / 1e6:.1f} MB"


def _transkun() -> str:
    if not piano.is_installed():
        raise MissingDependencyError("not installed.", piano.INSTALL_REMEDY)
    return importlib.metadata.version("transkun")


EARS = (
    Ear("basic-pitch", "which keys sound, frame by frame", True, _basic_pitch, transcribe.PIP),
    Ear("listener", "notes, beats, chords, key, melody and bass", True, _listener),
    Ear("transkun", "the notes of pianos that play alone", False, _transkun, piano.PIP),
)
