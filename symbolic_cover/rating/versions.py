"""Folders -> the versions of songs that can be compared.

A folder is one system (a style, a seed, a checkpoint, another program), with its name; it contains versions of songs:
covers as `cover` writes them, each in a folder of its own, or files (MIDI, MusicXML, sound) named by their song.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from symbolic_cover.app.saved import read_report
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.listening.formats import AUDIO_SUFFIXES, SUFFIXES

_SOUNDS = tuple(f"cover{suffix}" for suffix in AUDIO_SUFFIXES)
_SCORES = ("arrangement.mid", "score.musicxml")


@dataclass(frozen=True)
class Version:
    """One system's version of one song.

    `score` is its MIDI or MusicXML file, `sound` its recording; one of them may be None. `source` is the covered song,
    if known, `style` the style it was made in, if any.
    """

    system: str
    song: str
    score: Path | None
    sound: Path | None
    source: Path | None = None
    style: str = ""

    @property
    def path(self) -> Path:
        """Its path in tables and exports: its score, or else its sound."""
        return self.score or self.sound  # type: ignore[return-value]  # one of them is there


def find_versions(folders: Sequence[Path], sources: Path | None = None) -> list[Version]:
    """All versions in `folders`, each a system.

    `sources` is a song, or a folder of songs with the names of their covers; it takes precedence over the source in a
    cover's report. Folders with one version each are taken to be of one song. Raises `UsageError` for a folder that is
    missing or named twice, or if `sources` is missing; `InputError` if nothing can be compared.
    """
    if sources is not None and not sources.exists():
        raise UsageError(f"There is no file or folder {sources}.", "Check the path.")
    groups = [_versions_in(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    versions = [_with_source(version, sources) for group in groups for version in group]
    if all(len(group) == 1 for group in groups):
        song = next((version.source.stem for version in versions if version.source), "One song")
        versions = [replace(version, song=song) for version in versions]
    if not any(_shared(version, versions) for version in versions):
        raise InputError(
            "No two of these folders have versions of the same song.",
            "Give two folders or more, with covers or files of the same names.",
        )
    return versions


def _shared(version: Version, versions: Sequence[Version]) -> bool:
    return any(other.song == version.song and other.system != version.system for other in versions)


def _names(folders: Sequence[Path]) -> list[str]:
    """A name for each folder: its own, or as much of its path as makes it unique."""
    whole = [folder.resolve() for folder in folders]
    for folder, path in zip(folders, whole, strict=True):
        if not path.is_dir():
            raise UsageError(f"There is no folder {folder}.", "Check the path.")
        if whole.count(path) > 1:
            raise UsageError(f"{folder} is named twice.", "Name each folder once.")
    for depth in range(1, max(len(path.parts) for path in whole) + 1):
        names = ["/".join(path.parts[-depth:]) for path in whole]
        if len(set(names)) == len(names):
            break
    return names


def _versions_in(folder: Path, system: str) -> list[Version]:
    found = _cover_in(folder, system)
    if found:
        return [found]
    versions = [
        cover for inside in sorted(folder.iterdir()) if inside.is_dir() and (cover := _cover_in(inside, system))
    ]
    versions = [replace(version, song=version.score.parent.name if version.score else version.song)
                for version in versions]  # fmt: skip
    files: dict[str, Version] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            version = files.get(path.stem, Version(system, path.stem, None, None))
            is_sound = path.suffix.lower() in AUDIO_SUFFIXES
            files[path.stem] = replace(version, sound=path) if is_sound else replace(version, score=path)
    versions += files.values()
    if not versions:
        raise InputError(
            f"There are no versions in {folder}.",
            "Give folders made by `symbolic-cover cover`, or of MIDI files.",
        )
    return versions


def _cover_in(folder: Path, system: str) -> Version | None:
    """The cover whose own folder this is, or None."""
    score = next((folder / name for name in _SCORES if (folder / name).is_file()), None)
    if score is None:
        return None
    sound = next((folder / name for name in _SOUNDS if (folder / name).is_file()), None)
    settings = read_report(folder).get("settings", {})
    said = settings.get("source")
    source = Path(str(said)) if said and Path(str(said)).is_file() else None
    song = Path(str(said)).stem if said else folder.name
    return Version(system, song, score, sound, source, str(settings.get("style", "")))


def _with_source(version: Version, sources: Path | None) -> Version:
    if sources is None:
        return version
    if sources.is_file():
        return replace(version, source=sources)
    named = [
        path for path in sorted(sources.iterdir()) if path.stem == version.song and path.suffix.lower() in SUFFIXES
    ]
    return replace(version, source=named[0] if named else version.source)
