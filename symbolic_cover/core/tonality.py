"""How well pitch classes, and chords, fit each key.

Profiles: Temperley's revision of Krumhansl & Kessler ("What's Key for Key?", Music Perception 1999). Chords: how much
of a piece each lasts in the music of the corpus that states its key (``presets/chords_of_keys.toml``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache

import numpy as np

from symbolic_cover.core.music import CHORD_INTERVALS, Chord
from symbolic_cover.core.places import PRESETS

CHORDS_OF_KEYS = PRESETS / "chords_of_keys.toml"
#: Kinds of chords that are told apart here.
KINDS = ("major", "minor", "dominant", "diminished")
MODES = ("major", "minor")
#: So much of the time another chord is heard than is played (1 less the score for chords in
#: `benchmarks/listening/synthetic.md`); it may then be any.
MISHEARD = 0.14

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


def kind_of(quality: str) -> str:
    """The kind of a chord of this quality: minor and diminished by its third and fifth, else dominant or major."""
    steps = CHORD_INTERVALS[quality]
    if quality == "7":
        return "dominant"
    if 3 in steps:
        return "minor" if 7 in steps else "diminished"
    return "major"


def chord_fit(chords: Iterable[Chord]) -> np.ndarray:
    """How likely each chord is in every key, (chords, 24), in nats: major by tonic, then minor."""
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
