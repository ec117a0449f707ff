"""What is installed, what is missing, and how to mend it."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.errors import MissingDependencyError, SymbolicCoverError
from symbolic_cover.core.styles import style_names
from symbolic_cover.listening.audio.ears import EARS, Ear

_PACKAGES = ("torch", "transformers", "miditok", "symusic", "music21", "librosa", "onnxruntime", "verovio", "soundfile")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `needed` says whether a cover can do without it."""

    name: str
    ok: bool
    needed: bool
    detail: str


def examine() -> list[Finding]:
    """Look at packages, ears, FluidSynth, SoundFonts and weights."""
    found = [_package(name) for name in _PACKAGES]
    return [*found, *map(_ear, EARS), _fluidsynth(), *_soundfonts(), *_weights()]


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, True, f"not installed; `pip install {name}`")


def _ear(ear: Ear) -> Finding:
    try:
        return Finding(ear.name, True, ear.is_needed, ear.look())
    except MissingDependencyError as error:
        return Finding(ear.name, False, ear.is_needed, f"{error} It hears {ear.hears}.")


def _fluidsynth() -> Finding:
    from symbolic_cover.sound.synthesizer import fluidsynth_version

    try:
        return Finding("fluidsynth", True, True, fluidsynth_version())
    except SymbolicCoverError as error:
        return Finding("fluidsynth", False, True, str(error))


def _soundfonts() -> list[Finding]:
    from symbolic_cover.sound.soundfonts import find_soundfonts

    fonts = find_soundfonts()
    if not fonts:
        return [Finding("soundfont", False, True, "none found; put one into soundfonts/ (see soundfonts/README.md)")]
    chosen, *others = fonts
    listed = [Finding("soundfont", True, True, f"{chosen} (used)")]
    return listed + [Finding("soundfont", True, False, str(font)) for font in others]


def _weights() -> list[Finding]:
    folders = {folder for name in style_names() if (folder := find_checkpoint(style=name))}
    if not folders:
        remedy = "no checkpoint; covers are arranged by rules. Train one, or reinstall."
        return [Finding("weights", False, False, remedy)]
    sizes = {folder: (folder / "model.safetensors").stat().st_size / 1e6 for folder in sorted(folders)}
    return [Finding("weights", True, False, f"{folder.name}, {size:.0f} MB") for folder, size in sizes.items()]
