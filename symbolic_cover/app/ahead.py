"""What writing a cover needs is loaded while the arranger plays: some libraries take a second."""

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
    """Load them beside what happens in the block, which ends no sooner than they are there."""
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
        except Exception:  # whoever needs it says what is missing
            return
