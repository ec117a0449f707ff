"""The songs of a studio on disk: one folder each, every file written whole or not at all.

songs/ID/about.json      title, the source's name, locked bars, the take that is kept
songs/ID/source.*        what was uploaded
songs/ID/song.json       the song sheet, once it was heard, with every correction
songs/ID/heard/          song.ogg (-23 LUFS) and peaks.bin (least and greatest sample of each 10 ms, int8)
songs/ID/takes/N/        a cover's files, take.json (how it was asked for) and page/ (what only the page needs)
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import title_of, unfinished_folder, whole_folder, write_text
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import SONG_FILE, read_sheet, sheet_as_json, sheet_from_json
from symbolic_cover.listening.formats import SUFFIXES

ABOUT, TAKE, PAGE, HEARD, SOUND, PEAKS = "about.json", "take.json", "page", "heard", "song.ogg", "peaks.bin"
#: The preview of a take, beside its future folder: the new bars and their neighbours.
EXCERPT = "excerpt.ogg"
SOURCE_SUFFIXES = (*SUFFIXES, ".json")
_ID = re.compile(r"[0-9a-f]{12}")


class Stale(UsageError):
    """The song was changed by someone else since it was read."""


@dataclass(frozen=True)
class About:
    """Facts of a song beside its sheet; `locked` are bars (from 1), `kept` the number of a take."""

    title: str
    source: str
    locked: tuple[int, ...] = ()
    kept: int | None = None


class Songs:
    """The songs below a folder. Safe for several threads of one process."""

    def __init__(self, root: Path) -> None:
        self.root = root / "songs"
        self.root.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._sheets: dict[str, tuple[str, SongSheet]] = {}
        self._told: dict[str, tuple[str, str]] = {}

    def ids(self) -> list[str]:
        """The ids of all songs, newest first."""
        found = [path.parent for path in self.root.glob(f"*/{ABOUT}") if _ID.fullmatch(path.parent.name)]
        return [path.name for path in sorted(found, key=lambda path: path.stat().st_ctime_ns, reverse=True)]

    def folder(self, song: str) -> Path:
        """The folder of a song. Raises `UsageError` if it does not exist."""
        path = self.root / song
        if not _ID.fullmatch(song) or not (path / ABOUT).is_file():
            raise UsageError("There is no such song.", "")
        return path

    def add(self, name: str, fill: Callable[[Path], object]) -> str:
        """Add a song, whose source `fill` writes to the given path; returns its id.

        Raises `UsageError` for an unsupported file.
        """
        suffix = Path(name).suffix.lower()
        if suffix not in SOURCE_SUFFIXES:
            known = ", ".join(one[1:] for one in SOURCE_SUFFIXES)
            raise UsageError(f"{name} is neither a recording nor a score.", f"Give one of: {known}.")
        song = secrets.token_hex(6)
        with whole_folder(self.root / song) as made:
            source = made / f"source{suffix}"
            fill(source)
            title = title_of(Path(name))
            if suffix == ".json":
                sheet = read_sheet(source)
                title = sheet.title
                source.rename(made / SONG_FILE)
            (made / ABOUT).write_text(json.dumps(asdict(About(title, name))), encoding="utf-8")
        return song

    def remove(self, song: str) -> None:
        """Delete a song with its takes."""
        path = self.folder(song)
        with unfinished_folder(self.root) as gone:
            path.rename(gone / path.name)

    def about(self, song: str) -> About:
        """The facts of a song."""
        told = json.loads((self.folder(song) / ABOUT).read_text(encoding="utf-8"))
        return replace(About(**told), locked=tuple(told["locked"]))

    def tell(self, song: str, **changed: Any) -> None:
        """Change the facts of a song."""
        with self._lock:
            about = replace(self.about(song), **changed)
            write_text(self.folder(song) / ABOUT, json.dumps(asdict(about)))

    def source(self, song: str) -> Path | None:
        """The uploaded file; None for a song sheet."""
        return next((path for path in self.folder(song).glob("source.*")), None)

    def sheet(self, song: str) -> tuple[SongSheet, str] | None:
        """The song sheet and its revision; None until the song is analysed."""
        path = self.folder(song) / SONG_FILE
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        revision = _revision(text)
        known = self._sheets.get(song)
        if known is None or known[0] != revision:
            known = self._sheets[song] = revision, sheet_from_json(text)
        return known[1], revision

    def change(self, song: str, revision: str, change: Callable[[SongSheet], SongSheet]) -> None:
        """Write the result of `change` on the sheet of that `revision`. Raises `Stale` if the revision has changed."""
        with self._lock:
            found = self.sheet(song)
            if found is None:
                raise UsageError("The song has not been analysed yet.", "")
            if found[1] != revision:
                raise Stale("The song was changed elsewhere in the meantime.", "Look at it, and correct again.")
            sheet = change(found[0])
            text = sheet_as_json(sheet)
            write_text(self.folder(song) / SONG_FILE, text)
            self._sheets[song] = _revision(text), sheet

    def told(self, song: str, tell: Callable[[SongSheet], str]) -> str | None:
        """The result of `tell` for the sheet, cached for each revision; None until the song is analysed."""
        found = self.sheet(song)
        if found is None:
            return None
        known = self._told.get(song)
        if known is None or known[0] != found[1]:
            known = self._told[song] = found[1], tell(found[0])
        return known[1]

    def takes(self, song: str) -> list[int]:
        """The numbers of the takes, in order."""
        folder = self.folder(song) / "takes"
        return sorted(int(path.parent.name) for path in folder.glob(f"*/{TAKE}") if path.parent.name.isdecimal())

    def take(self, song: str, number: int) -> Path:
        """The folder of a take. Raises `UsageError` if it does not exist."""
        path = self.folder(song) / "takes" / str(int(number))
        if not (path / TAKE).is_file():
            raise UsageError(f"There is no take {number}.", "")
        return path


def _revision(text: str) -> str:
    """The revision of a song sheet's file."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
