"""Find and choose SoundFonts."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from symbolic_cover.core.errors import MissingDependencyError, UsageError

_SYSTEM_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/share/sounds/sf3",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
_SUFFIXES = (".sf2", ".sf3")


def find_soundfonts(*extra: Path) -> list[Path]:
    """All available SoundFonts, the preferred one first.

    `extra` (files or folders) come first, then ``soundfonts/`` of the working directory and of the repository, then
    those of the system (FluidR3_GM before others), last the small one of pretty_midi.
    """
    folders = [Path.cwd() / "soundfonts", Path(__file__).parents[2] / "soundfonts", *map(Path, _SYSTEM_FOLDERS)]
    found = [font for place in (*extra, *folders) for font in _fonts_in(place)]
    carried = Path(sysconfig.get_paths()["purelib"]) / "pretty_midi" / "TimGM6mb.sf2"
    found += [carried] if carried.is_file() else []
    unique: dict[Path, Path] = {}
    for font in found:
        unique.setdefault(font.resolve(), font)  # a link is not another SoundFont
    return list(unique.values())


def _fonts_in(place: Path) -> list[Path]:
    if place.is_file():
        return [place] if place.suffix.lower() in _SUFFIXES else []
    if not place.is_dir():
        return []
    fonts = (font for font in place.iterdir() if font.suffix.lower() in _SUFFIXES and font.is_file())
    return sorted(fonts, key=lambda font: (not font.stem.startswith("FluidR3_GM"), font.name))


def choose_soundfont(path: Path | None = None) -> Path:
    """The requested SoundFont, or the best available.

    Raises `UsageError` if the requested one does not exist, `MissingDependencyError` if there is none at all.
    """
    if path is not None:
        if not Path(path).is_file():
            raise UsageError(f"there is no SoundFont at {path}.", "Give the path of an .sf2 or .sf3 file.")
        return Path(path)
    fonts = find_soundfonts()
    if not fonts:
        raise MissingDependencyError("there is no SoundFont to play with:", "put an .sf2 file into soundfonts/.")
    return fonts[0]
