"""Fingerings agree with piano methods."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.notation.score_checks import music21_faults, schema_faults
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.music import Note
from symbolic_cover.notation.fingering import LEFT, RIGHT, fingers_of
from symbolic_cover.notation.musicxml import write_musicxml
from tests.notation.scores import golden, piano

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def line(*pitches: int) -> list[Note]:
    return [Note(6 * place, 6, pitch) for place, pitch in enumerate(pitches)]


def fingers(notes, side: str) -> list[int]:
    found = fingers_of(notes, side)
    return [found[note.onset_tick, note.pitch] for note in sorted(notes)]


@pytest.mark.parametrize(
    ("side", "pitches", "expected"),
    [
        (RIGHT, SCALE, [1, 2, 3, 1, 2, 3, 4, 5]),
        (LEFT, SCALE, [5, 4, 3, 2, 1, 3, 2, 1]),
        (RIGHT, SCALE[:5], [1, 2, 3, 4, 5]),
        (LEFT, SCALE[:5], [5, 4, 3, 2, 1]),
        (RIGHT, SCALE[4::-1], [5, 4, 3, 2, 1]),
        (RIGHT, (60, 60, 60), [1, 1, 1]),
        (LEFT, (36, 55, 36), [5, 1, 5]),
    ],
)
def test_scales_and_positions(side, pitches, expected):
    assert fingers(line(*pitches), side) == expected


@pytest.mark.parametrize(
    ("side", "pitches", "expected"),
    [(RIGHT, (60, 64, 67), [1, 3, 5]), (LEFT, (48, 52, 55), [5, 3, 1]), (RIGHT, (60, 72), [1, 5]),
     (LEFT, (36, 43, 48), [5, 2, 1])],
)  # fmt: skip
def test_chords(side, pitches, expected):
    assert fingers([Note(0, 12, pitch) for pitch in pitches], side) == expected


def test_six_notes_leave_one_without_a_finger():
    found = fingers_of([Note(0, 12, 60 + 2 * step) for step in range(6)], RIGHT)
    assert sorted(found.values()) == [1, 2, 3, 4, 5]


def test_nothing_to_play():
    assert fingers_of([], LEFT) == {}


def test_fingers_stand_on_the_page(tmp_path):
    song = piano(line(*SCALE), [Note(0, 48, pitch) for pitch in (48, 52, 55)])
    path = tmp_path / "score.musicxml"
    write_musicxml(song, path, Notation(fingering=True))
    assert schema_faults(path) == music21_faults(song, path) == []
    by_staff = {"1": [], "2": []}
    for note in ElementTree.parse(path).getroot().iter("note"):
        by_staff[note.findtext("staff")] += [int(one.text) for one in note.iter("fingering")]
    assert by_staff == {"1": [1, 2, 3, 1, 2, 3, 4, 5], "2": [5, 3, 1]}


def test_without_being_asked_there_are_none(tmp_path):
    write_musicxml(golden(), tmp_path / "score.musicxml")
    assert "<fingering" not in (tmp_path / "score.musicxml").read_text(encoding="utf-8")
