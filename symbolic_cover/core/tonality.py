"""How well pitch classes fit each key.

Profiles: Temperley's revision of Krumhansl & Kessler ("What's Key for Key?", Music Perception 1999).
"""

from __future__ import annotations

import numpy as np

_MAJOR = np.array([5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0])
_MINOR = np.array([5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0])
_PROFILES = np.array([np.roll(profile, tonic) for profile in (_MAJOR, _MINOR) for tonic in range(12)])


def key_fit(histogram: np.ndarray) -> np.ndarray:
    """The correlation of a histogram of pitch classes (12,) with every key, (24,): major by tonic, then minor.

    0 for a histogram that is flat.
    """
    if np.ptp(histogram) == 0:
        return np.zeros(len(_PROFILES))
    return np.corrcoef(np.vstack([histogram, _PROFILES]))[0, 1:]
