"""The key of a piece, by correlation with key profiles."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from symbolic_cover.core.music import Key, Note
from symbolic_cover.core.tonality import key_fit


def find_key(notes: Iterable[Note]) -> Key:
    """The best of the 24 keys for the pitch classes of `notes`, weighted by duration; C major without notes."""
    histogram = np.zeros(12)
    for note in notes:
        histogram[note.pitch % 12] += min(note.duration_tick, 48)
    best = int(key_fit(histogram).argmax())
    return Key(best % 12, "minor" if best >= 12 else "major")
