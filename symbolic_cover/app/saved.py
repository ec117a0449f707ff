"""What a cover leaves in its folder, and how it is read back."""

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

MIDI, PERFORMANCE, SCORE, PDF = "arrangement.mid", "performance.mid", "score.musicxml", "score.pdf"
REPORT, REPORT_PAGE = "report.json", "report.html"


def cover_files(audio_format: str = "wav") -> dict[str, str]:
    """The name of each file that a cover is saved as, by its kind."""
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
    """What ``report.json`` in a cover's folder says; {} where there is none, or where it cannot be read.

    With `must_be_whole` a report that cannot be read raises InputError.
    """
    path = folder / REPORT
    try:
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        if must_be_whole:
            raise InputError(
                f"{path} is no report that can be read.", "Make the cover again, or give --source."
            ) from error
        return {}
    return told if isinstance(told, dict) else {}


def covered_sheet(folder: Path) -> SongSheet | None:
    """The song in a cover's folder as it was covered: transposed, at its tempo, the melody where its part can play it.

    None where there is no ``song.json``. Raises InputError where that, or the settings in the report, cannot be read.
    """
    if not (folder / SONG_FILE).is_file():
        return None
    sheet = read_sheet(folder / SONG_FILE)
    settings = read_report(folder, must_be_whole=True).get("settings")
    settings = settings if isinstance(settings, dict) else {}
    try:
        controls = Controls(**{name: settings[name] for name in ("transpose", "tempo", "level") if name in settings})
        style = load_style(str(settings["style"]), settings.get("ensemble")) if "style" in settings else None
    except UsageError as error:
        raise InputError(f"{folder / REPORT}: {error.cause}", "Make the cover again, or give --source.") from error
    return prepare_sheet(sheet, controls, style.ensemble, style.manner) if style else prepare_sheet(sheet, controls)
