"""The contents of a source, in seconds."""

import numpy as np
import pytest

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Recording, Role, TimedChord, TimedNote, TimedTrack

GRID = Grid.steady(2)
LOW, MIDDLE, HIGH = TimedNote(0.0, 4.0, 36), TimedNote(1.0, 2.0, 60), TimedNote(0.5, 1.0, 72)
BLOCK = TimedNote(0.0, 9.0, 55)


def track(*notes: TimedNote, role: Role = Role.UNSAID, is_drums: bool = False) -> TimedTrack:
    return TimedTrack("", notes, is_drums=is_drums, role=role)


def test_notes_are_all_that_sounds_but_drums_in_their_order():
    drums, chords = track(TimedNote(0.1, 0.2, 38), is_drums=True), track(BLOCK, role=Role.CHORDS)
    heard = Heard((track(HIGH, role=Role.MELODY), drums, chords, track(MIDDLE, LOW), track(role=Role.BASS)), GRID)
    assert heard.notes == (LOW, HIGH, MIDDLE)


def test_the_melody_is_the_longest_track_that_is_said_to_be_one():
    one, two = track(HIGH, role=Role.MELODY), track(LOW, MIDDLE, role=Role.MELODY)
    assert Heard((one, two, track(LOW, MIDDLE, HIGH)), GRID).melody == (LOW, MIDDLE)
    assert Heard((one, one._replace(notes=(MIDDLE,))), GRID).melody == (HIGH,)


def test_what_is_not_said_is_none():
    heard = Heard((track(LOW, MIDDLE, HIGH), track(role=Role.MELODY)), GRID)
    assert heard.melody is None
    assert heard.bass is None
    assert (heard.chords, heard.key, heard.sections, heard.lyrics) == (None, None, (), ())


def test_the_bass_is_the_track_that_is_said_to_be_it():
    assert Heard((track(MIDDLE), track(LOW, role=Role.BASS)), GRID).bass == (LOW,)


def test_it_ends_with_its_last_note_whoever_plays_it():
    assert Heard((track(LOW, HIGH), track(MIDDLE)), GRID).end_sec == 4.0
    assert Heard((track(LOW), track(BLOCK, role=Role.CHORDS)), GRID).end_sec == 9.0
    assert Heard((track(LOW), track(TimedNote(5.0, 5.5, 38), is_drums=True)), GRID).end_sec == 5.5
    assert Heard((), GRID).end_sec == 0.0
    assert Heard((), GRID).notes == ()


def test_a_recording_lasts_as_long_as_its_samples():
    assert Recording(np.zeros(33075, np.float32), 22050).duration_sec == pytest.approx(1.5)


def test_chords_that_nobody_plays_are_struck_where_nothing_else_sounds():
    grid = Grid.steady(1)
    named = Heard((), grid, chords=(TimedChord(0.0, 2.0, 9, "min", 4),))
    (track,) = named.audible
    assert sorted(note.pitch for note in track.notes) == [40, 60, 64, 69]
    stack = TimedTrack("chords", (TimedNote(0.0, 1.0, 60),), role=Role.CHORDS)
    assert [one.role for one in Heard((stack,), grid).audible] == [Role.UNSAID]
    melody = TimedTrack("tune", (TimedNote(0.0, 1.0, 72),))
    assert Heard((melody, stack), grid, chords=named.chords).audible == (melody, stack)
