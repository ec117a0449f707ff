"""Notes given to the nearer hand."""

from __future__ import annotations

import pytest

from benchmarks.notation.score_checks import music21_faults, return_faults, schema_faults, verovio_faults
from symbolic_cover.core.music import Note
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.sharing import shared
from tests.notation.scores import piano


def at(*places: tuple[int, int]) -> list[Note]:
    return [Note(tick, 12, pitch) for tick, pitch in places]


LEFT = at((0, 48), (12, 79), (24, 48))


@pytest.mark.parametrize(
    ("right", "moves"),
    [
        (at((0, 72), (24, 74)), True),  # the right hand rests there
        (at((0, 72), (12, 72), (24, 74)), True),  # and here it has the sixth below
        (at((12, 60)), False),  # a span that no hand has
        (at((0, 54), (24, 54)), False),  # the right hand is nearly as far
        ([], False),
    ],
)
def test_a_high_note_of_the_left_hand(right, moves):
    new_right, new_left = shared(right, LEFT)
    assert (LEFT[1] in new_right, LEFT[1] in new_left) == (moves, not moves)
    assert sorted(new_right + new_left) == sorted(right + LEFT)


def test_a_low_note_of_the_right_hand_but_not_of_the_melody():
    right, left = at((0, 72), (12, 45), (24, 72)), at((0, 41), (24, 43))
    assert right[1] in shared(right, left)[1]
    assert shared(right, left, {(12, 45)}) == (tuple(right), tuple(left))


def test_a_page_whose_hands_share_is_read_as_the_same_notes(tmp_path):
    song = piano(at((0, 72), (24, 74), (36, 76)), LEFT, at((0, 72), (24, 74), (36, 76)))
    path = tmp_path / "score.musicxml"
    write_musicxml(song, path)
    assert schema_faults(path) == music21_faults(song, path) == verovio_faults(song, path) == []
    assert return_faults(song, path) == []
