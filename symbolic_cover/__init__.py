"""symbolic-cover: covers of songs as scores, MIDI and sound.

    from symbolic_cover import cover
    cover("song.mp3", style="ragtime").save("out/")

or stage by stage: `listen` to a recording or a score, `analyze` what was heard into a `SongSheet`, `correct`
and `arrange` it, `evaluate` the arrangement, `render` it to a file. Everything else is inside and may change.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symbolic_cover.analysis.song import analyze
    from symbolic_cover.app.arrange import arrange
    from symbolic_cover.app.cover import Cover, cover
    from symbolic_cover.app.evaluate import Evaluation, evaluate
    from symbolic_cover.app.render import render
    from symbolic_cover.core.arrangement import Arrangement, Part, Report
    from symbolic_cover.core.controls import Controls, Hints, Notation, Playback
    from symbolic_cover.core.ensemble import Style
    from symbolic_cover.core.errors import InputError, MissingDependencyError, SymbolicCoverError, UsageError
    from symbolic_cover.core.grid import Grid
    from symbolic_cover.core.heard import Heard, Recording
    from symbolic_cover.core.music import Chord, Key, Meter, Note
    from symbolic_cover.core.sheet import SongSheet
    from symbolic_cover.core.song_file import read_sheet, write_sheet
    from symbolic_cover.correcting.history import correct, redo, undo
    from symbolic_cover.listening.song import listen

__version__ = "0.2.0"
__all__ = [
    "Arrangement",
    "Chord",
    "Controls",
    "Cover",
    "Evaluation",
    "Grid",
    "Heard",
    "Hints",
    "InputError",
    "Key",
    "Meter",
    "MissingDependencyError",
    "Notation",
    "Note",
    "Part",
    "Playback",
    "Recording",
    "Report",
    "SongSheet",
    "Style",
    "SymbolicCoverError",
    "UsageError",
    "__version__",
    "analyze",
    "arrange",
    "correct",
    "cover",
    "evaluate",
    "listen",
    "read_sheet",
    "redo",
    "render",
    "undo",
    "write_sheet",
]

_HOMES = {
    "analysis.song": ["analyze"],
    "app.arrange": ["arrange"],
    "app.cover": ["Cover", "cover"],
    "app.evaluate": ["Evaluation", "evaluate"],
    "app.render": ["render"],
    "core.arrangement": ["Arrangement", "Part", "Report"],
    "core.controls": ["Controls", "Hints", "Notation", "Playback"],
    "core.ensemble": ["Style"],
    "core.errors": ["InputError", "MissingDependencyError", "SymbolicCoverError", "UsageError"],
    "core.grid": ["Grid"],
    "core.heard": ["Heard", "Recording"],
    "core.music": ["Chord", "Key", "Meter", "Note"],
    "core.sheet": ["SongSheet"],
    "core.song_file": ["read_sheet", "write_sheet"],
    "correcting.history": ["correct", "redo", "undo"],
    "listening.song": ["listen"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)
