"""Sound, and what was heard in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symusic.core import ScoreSecond


@dataclass(frozen=True)
class Recording:
    """Sound: `samples` is mono float32 of shape (n,), at `rate_hz`."""

    samples: np.ndarray
    rate_hz: int

    @property
    def duration_sec(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True)
class Transcript:
    """What was heard or read, in seconds.

    `score` is a `symusic.Score` in seconds. Its markers are chord symbols in Harte's notation
    (``N`` ends one), its key signatures are those of the source, its tracks keep their names.
    `kind` is ``audio``, ``midi``, ``musicxml``, ``abc`` or ``kern``. `sureness` says of a recording how probable the
    listener finds what it says of metre, key, chords and melody, 0..1. `composer` is as the file names them.
    """

    score: ScoreSecond
    kind: str
    title: str
    sureness: Mapping[str, float] = field(default_factory=dict)
    composer: str = ""
