"""symbolic-cover: covers of songs as scores, MIDI and sound."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symbolic_cover.app.cover import Cover, cover
    from symbolic_cover.core.controls import Controls

__version__ = "0.1.0"
__all__ = ["Controls", "Cover", "__version__", "cover"]

_HOMES = {
    "Controls": "symbolic_cover.core.controls",
    "Cover": "symbolic_cover.app.cover",
    "cover": "symbolic_cover.app.cover",
}


def __getattr__(name: str) -> object:
    """Import on first use, so that ``--help`` does not wait for the heavy libraries."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
