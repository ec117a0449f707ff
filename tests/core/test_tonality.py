"""The likelihood of chords in keys."""

import numpy as np
import pytest

from symbolic_cover.core.music import CHORD_INTERVALS, Chord
from symbolic_cover.core.tonality import chord_fit, kind_of


def chord(root: int, quality: str) -> Chord:
    return Chord(0, 12, root, quality, root)


def test_every_key_shares_out_the_same_probability():
    kinds = ("maj", "min", "7", "dim")
    fit = chord_fit(chord(root, quality) for root in range(12) for quality in kinds)
    np.testing.assert_allclose(np.exp(fit).sum(axis=0), np.ones(24), atol=1e-9)


@pytest.mark.parametrize("quality", CHORD_INTERVALS)
def test_a_chord_moves_with_its_key(quality):
    low, high = chord_fit([chord(0, quality)])[0], chord_fit([chord(5, quality)])[0]
    np.testing.assert_allclose(np.roll(low.reshape(2, 12), 5, axis=1).reshape(24), high)


def test_nothing_fits_nothing():
    assert chord_fit([]).shape == (0, 24)


def test_the_tonic_is_likeliest_and_what_is_not_of_the_key_rare():
    logs = chord_fit([chord(0, "maj"), chord(7, "maj"), chord(6, "maj")])[:, 0]
    assert logs[0] > logs[1] > logs[2]
    minor = chord_fit([chord(0, "min"), chord(0, "maj")])[:, 12]
    assert minor[0] > minor[1]


def test_kinds_go_by_third_and_fifth():
    kinds = {"maj7": "major", "min7": "minor", "hdim7": "diminished", "7": "dominant", "sus4": "major"}
    assert {quality: kind_of(quality) for quality in kinds} == kinds
