"""Check what is installed and what is missing, and say how to install it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.errors import MissingDependencyError, SymbolicCoverError
from symbolic_cover.core.extras import EXTRAS, missing_modules
from symbolic_cover.core.styles import style_names
from symbolic_cover.listening.audio.ears import EARS, Ear

_PACKAGES = ("torch", "transformers", "miditok", "symusic", "music21", "onnxruntime", "verovio", "soundfile")


@dataclass(frozen=True)
class Finding:
    """One checked component. `needed`: no cover can be made without it; `pip`: the arguments that install it;
    `by_default`: a normal installation includes it."""

    name: str
    ok: bool
    needed: bool
    detail: str
    pip: tuple[str, ...] = ()
    by_default: bool = False


def examine() -> list[Finding]:
    """Check packages, listening models, FluidSynth, cairo, SoundFonts and weights."""
    found = [_package(name) for name in _PACKAGES]
    return [*found, *map(_ear, EARS), _fluidsynth(), _cairo(), *_soundfonts(), *_weights(), *map(_extra, EXTRAS)]


def fix(findings: Sequence[Finding]) -> list[Finding]:
    """Install the default components that are missing and available from pip; returns what was installed.

    Raises `MissingDependencyError`, which names the command, where that fails.
    """
    wanted = [one for one in findings if (one.needed or one.by_default) and not one.ok and one.pip]
    for one in wanted:
        words = [sys.executable, "-m", "pip", *one.pip]
        run = subprocess.run(words, capture_output=True, text=True, check=False)
        if run.returncode:
            reason = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise MissingDependencyError(f"{one.name} cannot be installed ({reason}).", f"Run: {' '.join(words)}")
    return wanted


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, True, f"not installed; `pip install {name}`", ("install", name))


def _ear(ear: Ear) -> Finding:
    try:
        return Finding(ear.name, True, ear.is_needed, ear.look(), by_default=ear.by_default)
    except MissingDependencyError as error:
        return Finding(ear.name, False, ear.is_needed, f"{error} It is used for {ear.hears}.", ear.pip, ear.by_default)


def _extra(name: str) -> Finding:
    missing, use = missing_modules(name), EXTRAS[name][1]
    if missing:
        detail = f"not installed ({', '.join(missing)}); for {use}: `pip install 'symbolic-cover[{name}]'`"
        return Finding(f"[{name}]", False, False, detail)
    return Finding(f"[{name}]", True, False, use)


def _fluidsynth() -> Finding:
    from symbolic_cover.sound.synthesizer import fluidsynth_version

    try:
        return Finding("fluidsynth", True, True, fluidsynth_version())
    except SymbolicCoverError as error:
        return Finding("fluidsynth", False, True, str(error))


def _cairo() -> Finding:
    from symbolic_cover.notation.engrave import cairo_version

    try:
        return Finding("cairo", True, True, cairo_version())
    except SymbolicCoverError as error:
        return Finding("cairo", False, True, str(error))


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
    sizes = {
        folder: sum(path.stat().st_size for path in folder.glob("model*.safetensors")) / 1e6
        for folder in sorted(folders)
    }
    return [Finding("weights", True, False, f"{folder.name}, {size:.0f} MB") for folder, size in sizes.items()]
