"""Notes of the corpus are at the positions that covers use."""

from hypothesis import given
from hypothesis import strategies as st

from symbolic_cover.core.music import Note
from symbolic_cover.corpus.settle import settle
from symbolic_cover.tokens.vocabulary import PLACES_IN_BEAT

NOTES = st.lists(st.builds(Note, st.integers(0, 200), st.integers(1, 300), st.integers(30, 90)), max_size=40)


@given(NOTES, st.sampled_from(["right-hand", "band-guitar", "drums"]))
def test_every_note_has_a_place_and_ends_before_its_key_is_struck_again(notes, part):
    settled = settle(part, notes)
    assert all(note.onset_tick % 12 in PLACES_IN_BEAT and note.duration_tick >= 1 for note in settled)
    for one in settled:
        later = [n.onset_tick for n in settled if n.pitch == one.pitch and n.onset_tick > one.onset_tick]
        assert not later or one.end_tick <= min(later)
    assert settle(part, settled) == settled or part == "band-guitar"  # strums may join


def test_the_strings_of_a_strum_are_struck_together_and_damped_by_the_next():
    strums = [Note(0, 300, 57), Note(1, 300, 60), Note(2, 300, 64), Note(13, 12, 55), Note(14, 12, 59), Note(14, 9, 62)]
    settled = settle("band-guitar", strums)
    assert [(n.onset_tick, n.duration_tick, n.pitch) for n in settled] == [
        (0, 12, 57), (0, 12, 60), (0, 12, 64), (12, 11, 62), (12, 13, 55), (12, 14, 59),
    ]  # fmt: skip


def test_an_ornament_beside_a_struck_note_is_left_out():
    assert settle("right-hand", [Note(11, 1, 61), Note(12, 12, 60), Note(26, 3, 70)]) == [
        Note(12, 12, 60), Note(27, 2, 70),
    ]  # fmt: skip
