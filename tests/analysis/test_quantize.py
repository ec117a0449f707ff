"""Quantization: order is kept, written ticks are recovered, triplets are recognised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_cover.analysis.quantize import quantize, snap, tick_of
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Role, TimedNote, TimedTrack, Track
from symbolic_cover.core.music import Meter, Note
from symbolic_cover.listening.beats.swing import swinging


def placed(notes, grid):
    """Notes of one track (onset, length, pitch, velocity; in seconds) on the grid."""
    timed = tuple(TimedNote(onset, onset + length, pitch, velocity) for onset, length, pitch, velocity in notes)
    (track,) = quantize(Heard((TimedTrack("", timed),), grid))
    return track.notes


def heard_grid(grid):
    return Grid(grid.beat_tick, grid.beat_sec, grid.bars, 0.7)


def onsets(notes):
    return [note.onset_tick for note in notes]


@given(
    st.lists(st.floats(-3, 200, allow_nan=False), min_size=2, max_size=60),
    st.lists(st.sampled_from([3, 4]), min_size=18, max_size=18),
)
def test_snapping_keeps_the_order_and_stays_near(ticks, divisions):
    ticks = np.sort(np.array(ticks))
    snapped = snap(ticks, np.array(divisions))
    assert np.all(np.diff(snapped) >= 0)
    assert np.all(snapped >= 0)
    assert np.all(np.abs(snapped - np.maximum(ticks, 0)) <= 2.5)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 180), st.integers(1, 40), st.integers(30, 90)), min_size=1, max_size=40),
    st.floats(40, 220),
    st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(2, 2)]),
)
def test_written_ticks_survive_seconds(notes, bpm, meter):
    grid = Grid.steady(6, meter, bpm)
    once = {(onset, pitch): duration for onset, duration, pitch in notes}
    in_seconds = [
        (float(grid.sec_at(on)), float(grid.sec_at(on + length) - grid.sec_at(on)), pitch, 80)
        for (on, pitch), length in once.items()
    ]
    found = placed(in_seconds, grid)
    assert [(note.onset_tick, note.pitch) for note in found] == sorted(once)
    for note in found:
        later = [onset for onset, pitch in once if pitch == note.pitch and onset > note.onset_tick]
        until = [onset - note.onset_tick for onset in later]
        assert note.duration_tick == min([once[note.onset_tick, note.pitch], *until])


@given(st.lists(st.tuples(st.floats(0, 15), st.floats(0.001, 3), st.integers(21, 108)), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_heard_notes_lie_on_sixteenths_or_triplets_and_last(notes):
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 120))
    found = placed([(*note, 80) for note in notes], grid)
    places = [(note.onset_tick, note.pitch) for note in found]
    assert len(set(places)) == len(places)
    for note in found:
        assert note.onset_tick % 12 in (0, 3, 4, 6, 8, 9)
        assert note.duration_tick >= 1


@pytest.mark.parametrize(("places", "ticks"), [([0, 0.25, 0.5, 0.75], [0, 3, 6, 9]), ([0, 1 / 3, 2 / 3], [0, 4, 8])])
def test_a_quarter_is_read_as_sixteenths_or_triplets(places, ticks):
    rng = np.random.default_rng(1)
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 100))
    notes = [
        (max(0.0, 0.6 * (beat + place) + rng.normal(0, 0.008)), 0.1, 60 + beat % 5, 80)
        for beat in range(32)
        for place in places
    ]
    found = np.array(onsets(placed(notes, grid)))
    expected = np.array([12 * beat + tick for beat in range(32) for tick in ticks])
    assert np.mean(found == expected) > 0.97


@pytest.mark.parametrize("second", [0.58, 0.65, 0.7])
def test_swung_eighths_are_written_straight(second):
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 120))
    notes = [(0.5 * (beat + place), 0.1, 60, 80) for beat in range(32) for place in (0, second)]
    grid = swinging(grid, np.array([note[0] for note in notes]))
    assert {tick % 12 for tick in onsets(placed(notes, grid))} == {0, 6}
    assert grid.sec_at(6) == pytest.approx(0.5 * second)
    assert grid.tick_at(grid.sec_at(np.arange(100))) == pytest.approx(np.arange(100))


def test_a_shuffle_with_triplets_of_its_own_stays_one():
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 120))
    places = [(0, 1 / 3, 2 / 3) if beat % 2 else (0, 2 / 3) for beat in range(32)]
    notes = [(0.5 * (beat + place), 0.1, 60, 80) for beat in range(32) for place in places[beat]]
    grid = swinging(grid, np.array([note[0] for note in notes]))
    assert {tick % 12 for tick in onsets(placed(notes, grid))} == {0, 4, 8}


def test_a_grace_note_does_not_sound_together_with_the_note_it_adorns():
    grid = heard_grid(Grid.steady(4, Meter(4, 4), 120))
    notes = [(1.0, 0.4, 60, 80), (0.95, 0.05, 62, 60), (1.0, 0.4, 64, 80), (1.98, 0.5, 65, 80), (2.0, 0.5, 66, 80)]
    assert [(note.onset_tick, note.pitch) for note in placed(notes, grid)] == [(24, 60), (24, 64), (48, 65), (48, 66)]


def test_what_is_said_of_tracks_is_carried_over():
    grid = Grid.steady(4, Meter(3, 4), 60)
    sung = (TimedNote(0.0, 1.0, 60, 80), TimedNote(0.0, 2.0, 60, 90), TimedNote(3.0, 4.0, 62, 80))
    song = Heard(
        (TimedTrack("A tune", sung, 5, role=Role.MELODY), TimedTrack("kit", (TimedNote(1.0, 1.1, 36, 0),), 0, True)),
        grid,
    )
    assert quantize(song) == (
        Track("A tune", (Note(0, 24, 60, 90), Note(36, 12, 62, 80)), 5, role=Role.MELODY),
        Track("kit", (Note(12, 1, 36, 1),), 0, is_drums=True),
    )


def test_all_tracks_share_the_division_of_a_quarter():
    """Two voices of triplets, one of which has but the first of a quarter and the last, which a sixteenth is near."""
    grid = heard_grid(Grid.steady(2, Meter(4, 4), 60))
    third = [TimedNote(beat + place, beat + place + 0.2, 60) for beat in range(8) for place in (0, 1 / 3, 2 / 3)]
    other = [TimedNote(beat + place, beat + place + 0.2, 48) for beat in range(8) for place in (0, 0.7)]
    first, second = quantize(Heard((TimedTrack("", tuple(third)), TimedTrack("", tuple(other))), grid))
    assert {tick % 12 for tick in onsets(first.notes)} == {0, 4, 8}
    assert {tick % 12 for tick in onsets(second.notes)} == {0, 8}


def test_the_nearest_tick_lies_in_the_song():
    grid = Grid.steady(2, Meter(4, 4), 60)
    assert [tick_of(grid, sec) for sec in (-1.0, 0.0, 0.04, 0.05, 1.0, 9.0)] == [0, 0, 0, 1, 12, 108]
