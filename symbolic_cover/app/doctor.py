"""What is installed, what is missing, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.core.styles import style_names

_PACKAGES = ("torch", "transformers", "miditok", "symusic", "music21", "librosa", "onnxruntime", "verovio", "soundfile")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `needed` says whether a cover can do without it."""

    name: str
    ok: bool
    needed: bool
    detail: str


def examine() -> list[Finding]:
    """Look at packages, basic-pitch's model, FluidSynth, SoundFonts and weights."""
    found = [_package(name) for name in _PACKAGES]
    return [*found, _basic_pitch(), _listener(), _transkun(), _fluidsynth(), *_soundfonts(), *_weights()]


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, True, f"not installed; `pip install {name}`")


def _basic_pitch() -> Finding:
    spec = importlib.util.find_spec("basic_pitch")
    if spec is None or spec.origin is None:
        return Finding("basic-pitch", False, True, "not installed; `pip install --no-deps basic-pitch==0.4.0`")
    models = list(Path(spec.origin).parent.glob("saved_models/**/*.onnx"))
    if not models:
        return Finding("basic-pitch", False, True, "its ONNX model is missing; install it again")
    return Finding("basic-pitch", True, True, f"{importlib.metadata.version('basic-pitch')}, {models[0].name}")


def _listener() -> Finding:
    from symbolic_cover.listening.audio.hearing import WEIGHTS

    weights = WEIGHTS / "model.safetensors"
    if not weights.is_file():
        return Finding("listener", False, True, "its weights are missing; install symbolic-cover again")
    return Finding("listener", True, True, f"{weights.stat().st_size / 1e6:.1f} MB")


def _transkun() -> Finding:
    from symbolic_cover.listening.audio.piano import INSTALL_REMEDY, is_installed

    if not is_installed():
        return Finding("transkun", False, False, f"not installed; optional, hears solo pianos. {INSTALL_REMEDY}")
    return Finding("transkun", True, False, importlib.metadata.version("transkun"))


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
