"""The files of a saved cover, and reading them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from symbolic_cover.arrangement.arranger import prepare_sheet
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import SONG_FILE, read_sheet
from symbolic_cover.core.styles import load_style
from symbolic_cover.correcting.history import as_of

MIDI, PERFORMANCE, SCORE, PDF = "arrangement.mid", "performance.mid", "score.musicxml", "score.pdf"
REPORT, REPORT_PAGE = "report.json", "report.html"


def cover_files(audio_format: str = "wav") -> dict[str, str]:
    """The file names of a cover by kind."""
    return {
        "song": SONG_FILE,
        "midi": MIDI,
        "performance": PERFORMANCE,
        "musicxml": SCORE,
        "pdf": PDF,
        "audio": f"cover.{audio_format}",
        "report_json": REPORT,
        "report_html": REPORT_PAGE,
    }


def read_report(folder: Path, *, must_be_whole: bool = False) -> dict[str, Any]:
    """The contents of ``report.json`` in a cover's folder; {} if it is missing or cannot be read.

    With `must_be_whole` a report that cannot be read raises `InputError`.
    """
    path = folder / REPORT
    try:
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        if must_be_whole:
            raise InputError(
                f"{path} is not a report that can be read.", "Make the cover again, or give --source."
            ) from error
        return {}
    return told if isinstance(told, dict) else {}


def must_not_overrule(folder: Path, sheet: SongSheet | None = None) -> None:
    """Raise `UsageError` if a folder's song sheet has corrections and `sheet` was not made from it."""
    path = folder / SONG_FILE
    if not path.is_file():
        return
    try:
        done = read_sheet(path).corrections.done
    except InputError:
        return
    if done and (sheet is None or sheet.corrections.done[: len(done)] != done):
        raise UsageError(
            f"{path} has corrections of yours ({len(done)}).",
            "Cover that song sheet, or choose another folder with --out.",
        )


def covered_sheet(folder: Path) -> SongSheet | None:
    """The song in a cover's folder as it was covered: transposed, at its tempo, with the melody in the range of its
    part.

    Later corrections are left out. None if there is no ``song.json``. Raises `InputError` if that, or the settings in
    the report, cannot be read.
    """
    sheet = sheet_before_covering(folder)
    if sheet is None:
        return None
    settings = _settings(folder)
    try:
        controls = Controls(**{name: settings[name] for name in ("transpose", "tempo", "level") if name in settings})
        style = load_style(str(settings["style"]), settings.get("ensemble")) if "style" in settings else None
    except UsageError as error:
        raise InputError(f"{folder / REPORT}: {error.cause}", "Make the cover again, or give --source.") from error
    return prepare_sheet(sheet, controls, style.ensemble, style.manner) if style else prepare_sheet(sheet, controls)


def sheet_before_covering(folder: Path) -> SongSheet | None:
    """The song sheet in a cover's folder with the corrections it had when it was covered, without later ones.

    None if there is no ``song.json``. Raises `InputError` if that, or the report, cannot be read.
    """
    if not (folder / SONG_FILE).is_file():
        return None
    sheet = read_sheet(folder / SONG_FILE)
    now = list(sheet.corrections.done)
    then = _settings(folder).get("corrections", now)
    if then == now or not isinstance(then, list):
        return sheet
    try:
        return as_of(sheet, map(str, then))
    except UsageError as error:
        raise InputError(f"{folder / REPORT}: {error.cause}", "Make the cover again.") from error


def _settings(folder: Path) -> dict[str, Any]:
    settings = read_report(folder, must_be_whole=True).get("settings")
    return settings if isinstance(settings, dict) else {}
