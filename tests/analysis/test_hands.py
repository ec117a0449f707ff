"""Hands: worked examples, and a playable split for any notes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_cover.analysis.hands import Reach, fill_gaps, split_hands, unplayable_in_hand, unplayable_onsets
from symbolic_cover.core.music import Note

NOTES = st.lists(st.builds(Note, st.integers(0, 96), st.integers(1, 60), st.integers(30, 95)), max_size=40)


def test_two_tenths_can_be_played_and_three_octaves_in_one_hand_cannot():
    chord = [Note(0, 12, p) for p in (36, 40, 43, 60, 64, 72)]
    assert unplayable_onsets(chord) == (0, 1)
    wide = [Note(0, 12, p) for p in (24, 40, 60, 84)]
    assert unplayable_onsets(wide) == (1, 1)


def test_held_notes_count():
    held = [Note(0, 48, 30), Note(0, 48, 60), Note(12, 12, 90)]
    assert unplayable_onsets(held) == (1, 2)
    assert unplayable_in_hand([Note(0, 48, 40), Note(12, 12, 60)]) == 1


def test_accompaniment_above_the_melody_moves_below_it_and_its_doubles_go():
    melody = [Note(0, 24, 72)]
    left, right = split_hands([Note(0, 12, 72), Note(0, 12, 76), Note(0, 12, 48)], melody)
    assert [note.pitch for note in left] == [48]
    assert [note.pitch for note in right] == [64]


def test_a_held_note_ends_where_its_hand_moves_on():
    left, _ = split_hands([Note(0, 48, 36), Note(24, 12, 55)], [Note(0, 48, 80)])
    assert left[0] == Note(0, 24, 36)


def test_gaps_are_filled_up_to_the_next_onset_and_not_past_the_melody():
    hand = [Note(0, 8, 50), Note(12, 4, 52), Note(24, 6, 53)]
    assert [note.duration_tick for note in fill_gaps(hand, [])] == [12, 4, 6]
    assert fill_gaps(hand[:2], [Note(10, 12, 50)])[0].duration_tick == 10
    assert fill_gaps(hand[:2], [Note(10, 12, 51)])[0].duration_tick == 12


@given(NOTES, NOTES)
@settings(max_examples=150, deadline=None)
def test_any_texture_becomes_playable_below_the_melody(accompaniment, notes):
    from symbolic_cover.analysis.melody import one_line

    melody = one_line(notes)
    reach = Reach(4, 10)
    left, right = split_hands(accompaniment, melody, reach)
    left, right = fill_gaps(left, [*right, *melody]), fill_gaps(right, left, melody)
    assert unplayable_in_hand(left, reach) == 0
    assert unplayable_in_hand([*right, *melody], reach) == 0
    for note in left + right:
        assert all(
            note.pitch < other.pitch for other in melody
            if other.onset_tick < note.end_tick and other.end_tick > note.onset_tick
        )  # fmt: skip
