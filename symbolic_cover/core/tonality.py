"""How well pitch classes and chords fit each key.

Profiles: Temperley's revision of Krumhansl & Kessler ("What's Key for Key?", Music Perception 1999). Chords: the share
of time of each in the pieces of the corpus that state their key (``presets/chords_of_keys.toml``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache

import numpy as np

from symbolic_cover.core.music import CHORD_INTERVALS, Chord
from symbolic_cover.core.places import PRESETS

CHORDS_OF_KEYS = PRESETS / "chords_of_keys.toml"
#: The kinds of chords that are distinguished here.
KINDS = ("major", "minor", "dominant", "diminished")
MODES = ("major", "minor")
#: Share of the time in which another chord is recognised than is played (1 less the score for chords in
#: `benchmarks/listening/synthetic.md`); that one may be any.
MISHEARD = 0.14

_MAJOR = np.array([5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0])
_MINOR = np.array([5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0])
_PROFILES = np.array([np.roll(profile, tonic) for profile in (_MAJOR, _MINOR) for tonic in range(12)])


def key_fit(histogram: np.ndarray) -> np.ndarray:
    """The correlation of a histogram of pitch classes (12,) with every key, (24,): major by tonic, then minor.

    0 for a flat histogram.
    """
    if np.ptp(histogram) == 0:
        return np.zeros(len(_PROFILES))
    return np.corrcoef(np.vstack([histogram, _PROFILES]))[0, 1:]


def kind_of(quality: str) -> str:
    """The kind of a chord quality: minor or diminished by third and fifth, else dominant or major."""
    steps = CHORD_INTERVALS[quality]
    if quality == "7":
        return "dominant"
    if 3 in steps:
        return "minor" if 7 in steps else "diminished"
    return "major"


def chord_fit(chords: Iterable[Chord]) -> np.ndarray:
    """The log likelihood of each chord in every key, (chords, 24), in nats: major by tonic, then minor."""
    table = _chord_logs()
    rows = [table[:, :, chord.root, KINDS.index(kind_of(chord.quality))].reshape(-1) for chord in chords]
    return np.array(rows).reshape(-1, 24)


@cache
def _chord_logs() -> np.ndarray:
    """Log probabilities by mode, tonic, root and kind of chord, (2, 12, 12, 4)."""
    told = tomllib.loads(CHORDS_OF_KEYS.read_text(encoding="utf-8"))
    shares = np.array([[told[mode][kind] for kind in KINDS] for mode in MODES]).transpose(0, 2, 1)
    shares /= shares.sum(axis=(1, 2), keepdims=True)
    logs = np.log((1 - MISHEARD) * shares + MISHEARD / shares[0].size)
    return np.stack([np.roll(logs, tonic, axis=1) for tonic in range(12)], axis=1)
