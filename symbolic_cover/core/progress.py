"""How long work tells how far it is, and how long its stages take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

#: Told the name of the stage and how much of it is done (0..1).
Progress = Callable[[str, float], None]


def silent(stage: str, share: float) -> None:
    """Progress that nobody watches."""


class Clock:
    """Seconds by stage, told to the user as they pass."""

    def __init__(self, progress: Progress | None = None, seconds: Mapping[str, float] | None = None) -> None:
        self.progress = progress or silent
        self.seconds: dict[str, float] = dict(seconds or {})

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Time what happens in the block, which may tell how far it is."""
        self.progress(name, 0.0)
        begun = time.perf_counter()
        yield self.progress
        self.seconds[name] = round(time.perf_counter() - begun, 3)
        self.progress(name, 1.0)
