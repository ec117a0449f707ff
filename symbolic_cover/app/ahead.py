"""Import what writing a cover needs while the arranger runs: some libraries take a second to load."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_NEEDED = (
    "symbolic_cover.sound.audio",
    "symbolic_cover.notation.musicxml",
    "symbolic_cover.notation.engrave",
    "symbolic_cover.performance.expression",
    "symbolic_cover.reports.report",
    "cairosvg",
    "matplotlib.figure",
)


@contextmanager
def loaded_ahead() -> Iterator[None]:
    """Load the libraries in a thread beside the block; the block ends when they are loaded."""
    beside = threading.Thread(target=_load, name="loaded-ahead")
    beside.start()
    try:
        yield
    finally:
        beside.join()


def _load() -> None:
    for name in _NEEDED:
        try:
            importlib.import_module(name)
        except Exception:  # whoever needs it reports what is missing
            return
