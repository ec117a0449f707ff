"""Chords in Harte's notation: ours are read exactly, others as the nearest that we have."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_cover.core.harte import nearest_quality, parse_chord
from symbolic_cover.core.music import CHORD_INTERVALS, Chord


@pytest.mark.parametrize("quality", CHORD_INTERVALS)
def test_every_label_is_read_exactly(quality):
    for root, bass in itertools.product(range(12), repeat=2):
        assert parse_chord(Chord(0, 48, root, quality, bass).label) == (root, quality, bass)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("A:min7", (9, "min7", 9)),
        ("Bb:maj/3", (10, "maj", 2)),
        ("F#:7/b7", (6, "7", 4)),
        ("C", (0, "maj", 0)),
        (" C:maj ", (0, "maj", 0)),
        ("Cb", (11, "maj", 11)),
        ("B#:min", (0, "min", 0)),
        ("Abb:maj", (7, "maj", 7)),
        ("D/b3", (2, "maj", 5)),
        ("G:min/9", (7, "min", 9)),
    ],
)
def test_spellings_of_others_are_understood(label, expected):
    assert parse_chord(label) == expected


@pytest.mark.parametrize(
    "label", ["N", "X", " N ", "", "no chord", "H:maj", "c:maj", "C:", "C:major", "C:maj/", "A B", "1"]
)
def test_what_is_no_chord_is_none(label):
    assert parse_chord(label) is None


@pytest.mark.parametrize(
    ("label", "quality"),
    [
        ("D:9", "7"),
        ("D:11", "7"),
        ("D:13", "7"),
        ("D:maj9", "maj7"),
        ("D:maj13", "maj7"),
        ("D:min9", "min7"),
        ("D:min11", "min7"),
        ("D:minmaj7", "min"),
        ("D:7(b9)", "7"),
        ("D:maj(9)", "maj"),
        ("D:5", "maj"),
        ("D:1", "maj"),
    ],
)
def test_extended_qualities_go_to_the_nearest(label, quality):
    assert parse_chord(label) == (2, quality, 2)


@pytest.mark.parametrize(
    ("steps", "quality"),
    [
        ({0, 4, 7}, "maj"),
        ({0, 7}, "maj"),
        ({0, 3, 7, 10}, "min7"),
        ({0, 4, 7, 10, 2}, "7"),
        ({0, 4, 7, 11, 2}, "maj7"),
        ({0, 3, 6, 9}, "dim7"),
        ({0, 3, 6, 10}, "hdim7"),
        ({0, 5, 7}, "sus4"),
    ],
)
def test_the_nearest_quality_shares_most_tones(steps, quality):
    assert nearest_quality(steps) == quality
    assert nearest_quality(sorted(steps) * 2) == quality


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ABCDEFGHNX#b:/()*,minajsudh0123456789 ", max_size=10))
def test_no_text_is_too_strange(text):
    found = parse_chord(text)
    if found is not None:
        root, quality, bass = found
        assert {root, bass} <= set(range(12))
        assert quality in CHORD_INTERVALS
