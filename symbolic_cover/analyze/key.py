"""The key of a piece, by correlation with key profiles.

Profiles: Temperley's revision of Krumhansl & Kessler ("What's Key for Key?", Music Perception 1999).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from symbolic_cover.music import Key, Note

_MAJOR = np.array([5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0])
_MINOR = np.array([5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0])


def find_key(notes: Iterable[Note]) -> Key:
    """The best of the 24 keys for the pitch classes of `notes`, weighted by duration; C major without notes."""
    histogram = np.zeros(12)
    for note in notes:
        histogram[note.pitch % 12] += min(note.duration_tick, 48)
    if not histogram.any():
        return Key(0, "major")
    scores = {
        Key(tonic, mode): np.corrcoef(np.roll(profile, tonic), histogram)[0, 1]
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
        for tonic in range(12)
    }
    return max(scores, key=lambda key: scores[key])
