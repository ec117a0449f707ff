"""Difficulty counted by hand."""

from __future__ import annotations

import math

import pytest

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Key, Note
from symbolic_cover.evaluation.difficulty import CRITERIA, HARDEST, MOST, criteria_of, difficulty, weighed
from tests.notation.scores import piano

#: Two seconds a bar.
GRID = Grid.steady(2, bpm=120.0)


C_MAJOR = Key(0, "major")


def alone(notes, key: Key = C_MAJOR) -> dict[str, float]:
    part = Part("Piano", "", 0, tuple(notes))
    return criteria_of(Arrangement((part,), (), GRID, key, (), "pop-piano", "rules"))["Piano"]


def test_criteria_by_hand():
    # one bar: a chord of C and G, two sixteenths, and a leap; F sharp is no note of C major
    notes = [Note(0, 12, 60), Note(0, 12, 67), Note(12, 3, 64), Note(15, 3, 66), Note(24, 24, 84)]
    assert alone(notes) == {
        "speed": 4 / 2,
        "shifts": 1 / 2,
        "stretch": 7 / 4,
        "chords": 1 / 4,
        "accidentals": pytest.approx(1 / 5),
        "rhythm": pytest.approx(1 / 3),
    }


def test_signs_of_the_key_count_too():
    assert alone([Note(0, 48, 66)], Key(7, "major"))["accidentals"] == pytest.approx(1 / 12)
    assert alone([Note(0, 48, 65)], Key(7, "major"))["accidentals"] == pytest.approx(1 + 1 / 12)
    assert alone([Note(0, 48, 63)], Key(3, "major"))["accidentals"] == pytest.approx(3 / 12)


def test_the_harder_hand_counts_and_the_hardest_player():
    right, left = [Note(0, 48, 72)], [Note(12 * beat, 12, 40 + 12 * (beat % 2)) for beat in range(4)]
    song = piano(right, left, grid=GRID)
    (criteria,) = criteria_of(song).values()
    assert (criteria["speed"], criteria["shifts"]) == (2.0, 1.5)
    assert difficulty(song) == pytest.approx(weighed(criteria))


def test_as_hard_as_can_be_is_ten():
    assert weighed({name: 2 * HARDEST[name] for name in CRITERIA}) == MOST
    assert weighed(dict.fromkeys(CRITERIA, 0.0)) == 0.0


def test_drums_alone_are_not_judged():
    part = Part("Drums", "", 0, (Note(0, 3, 36),), is_drums=True)
    assert math.isnan(difficulty(Arrangement((part,), (), GRID, Key(0, "major"), (), "rock", "rules")))
