"""Voices and written lengths."""

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Meter, Note
from symbolic_cover.notation.rhythm import Event
from symbolic_cover.notation.voices import write_voices

BARS = Grid.steady(4).bars


def onsets(notes):
    return {(note.onset_tick, note.pitch) for note in notes}


def test_held_notes_of_a_broken_chord_end_at_the_next_onset():
    first, second = write_voices([Note(0, 48, 48), Note(12, 36, 52), Note(24, 24, 55)], BARS[:1])
    assert first == [Event(0, 12, (48,)), Event(12, 24, (52,)), Event(24, 48, (55,))]
    assert second == []


def test_small_gaps_are_closed_and_breaths_stay():
    first, _ = write_voices([Note(0, 9, 60), Note(12, 20, 62), Note(48, 40, 64), Note(96, 4, 65)], BARS)
    assert first == [Event(0, 12, (60,)), Event(12, 36, (62,)), Event(48, 84, (64,)), Event(96, 108, (65,))]


def test_a_note_that_ends_with_its_bar_is_not_tied_over():
    first, _ = write_voices([Note(42, 5, 60), Note(51, 9, 62)], BARS)
    assert first[0] == Event(42, 48, (60,))


def test_chords_join_the_melody_where_the_rhythm_agrees():
    melody = [Note(0, 24, 72), Note(24, 24, 74)]
    chords = [Note(0, 24, 64), Note(0, 24, 67), Note(24, 24, 65)]
    first, second = write_voices(melody + chords, BARS, onsets(melody))
    assert first == [Event(0, 24, (64, 67, 72)), Event(24, 48, (65, 74))]
    assert second == []


def test_an_octave_is_one_chord_though_its_lower_note_is_struck_again_later():
    melody = [Note(0, 3, 80), Note(3, 6, 72), Note(9, 3, 75), Note(12, 3, 80)]
    first, second = write_voices([*melody, Note(0, 3, 68), Note(12, 3, 68)], BARS, onsets(melody))
    assert [event.pitches for event in first] == [(68, 80), (72,), (75,), (68, 80)]
    assert second == []


def test_what_moves_under_a_melody_note_has_its_own_voice():
    melody = [Note(0, 48, 72)]
    moving = [Note(12, 12, 64), Note(24, 12, 65), Note(36, 12, 64)]
    first, second = write_voices(melody + moving, BARS, onsets(melody))
    assert first == [Event(0, 48, (72,))]
    assert second == [Event(12, 24, (64,)), Event(24, 36, (65,)), Event(36, 48, (64,))]


def test_a_chord_held_under_a_moving_melody_has_its_own_voice():
    melody = [Note(0, 12, 72), Note(12, 12, 74), Note(24, 24, 76)]
    first, second = write_voices([*melody, Note(0, 48, 60)], BARS, onsets(melody))
    assert [event.pitches for event in first] == [(72,), (74,), (76,)]
    assert second == [Event(0, 48, (60,))]


def test_notes_in_the_rests_of_the_melody_stay_in_its_voice():
    melody = [Note(0, 12, 72)]
    first, second = write_voices([*melody, Note(24, 12, 60), Note(36, 12, 64)], BARS, onsets(melody))
    assert [event.pitches for event in first] == [(72,), (60,), (64,)]
    assert second == []


def test_the_second_voice_ends_with_its_bars():
    melody = [Note(0, 48, 72), Note(60, 12, 74)]
    first, second = write_voices([*melody, Note(24, 36, 64)], BARS, onsets(melody))
    assert second == [Event(24, 48, (64,))]
    assert first[1].start_tick == 60


def test_unisons_are_written_once():
    first, _ = write_voices([Note(0, 12, 60), Note(0, 48, 60)], Grid.steady(1, Meter(3, 4)).bars)
    assert first == [Event(0, 36, (60,))]
