"""Progress reports and timing of stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

#: Called with the name of a stage and the share of it that is done (0..1).
Progress = Callable[[str, float], None]


def silent(stage: str, share: float) -> None:
    """A progress callback that does nothing."""


class Clock:
    """Seconds by stage; also reports progress."""

    def __init__(self, progress: Progress | None = None, seconds: Mapping[str, float] | None = None) -> None:
        self.progress = progress or silent
        self.seconds: dict[str, float] = dict(seconds or {})

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Time the block, which may report its progress."""
        self.progress(name, 0.0)
        begun = time.perf_counter()
        yield self.progress
        self.seconds[name] = round(time.perf_counter() - begun, 3)
        self.progress(name, 1.0)
