"""Style profiles and features: worked examples, and that they distinguish textures."""

import numpy as np
import pytest

from symbolic_cover.core.music import Bar, Meter, Note
from symbolic_cover.evaluation.style import style_fit, style_profile, texture_features

BARS = [Bar(48 * i, Meter(4, 4)) for i in range(2)]


def test_a_profile_counts_pairs_within_four_beats_and_durations():
    profile = style_profile([[Note(0, 12, 60), Note(12, 6, 64), Note(72, 12, 60)]])
    pairs, places = profile[: 17 * 41].reshape(17, 41), profile[17 * 41 :].reshape(12, 11)
    assert pairs[4, 20 + 4] == 1.0  # one pair: four semitones, four sixteenths later; the last note is too far
    assert pairs.sum() == pytest.approx(1)
    assert places[0, np.searchsorted([2, 3, 4, 6, 9, 12], 12)] == pytest.approx(2 / 3)
    assert places.sum() == pytest.approx(1)


def test_parts_are_told_apart_and_likeness_is_a_cosine():
    melody, bass = [Note(0, 12, 72), Note(12, 12, 74)], [Note(0, 24, 40)]
    together, apart = style_profile([melody + bass]), style_profile([melody, bass])
    assert style_fit(apart, apart) == pytest.approx(1)
    assert style_fit(together, apart) < 0.99
    assert style_fit(np.zeros(3), np.ones(3)) == 0


def test_features_are_shares_of_what_is_there():
    parts = {"keys": [Note(0, 12, 60), Note(0, 12, 67), Note(48, 24, 60)], "drums": [Note(0, 3, 36), Note(6, 3, 42)]}
    features = texture_features(parts, BARS)
    assert features[:3].tolist() == [3 / 8, 2 / 8, 2]
    assert np.all(features >= 0)
    empty = texture_features({"keys": []}, BARS)
    assert empty.shape == features.shape
    assert np.isfinite(empty).all()
