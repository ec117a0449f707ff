"""Laws of the grid: order is kept, written ticks come back, triplets are heard as triplets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import core

from symbolic_cover.analysis.quantize import quantize, snap
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Transcript
from symbolic_cover.core.music import Meter
from symbolic_cover.listening.beats.swing import swinging


def transcript(notes, kind="midi"):
    score = core.ScoreSecond(12)
    score.tracks.append(core.TrackSecond("MELODY", 5, False))
    for note in notes:
        score.tracks[0].notes.append(core.NoteSecond(*note))
    return Transcript(score, kind, "test")


def heard_grid(grid):
    return Grid(grid.beat_tick, grid.beat_sec, grid.bars, 0.7)


def onsets(score):
    return [note.time for note in score.tracks[0].notes]


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
    score = quantize(transcript(in_seconds), grid)
    assert sorted((n.time, n.pitch) for n in score.tracks[0].notes) == sorted(once)
    for note in score.tracks[0].notes:
        later = [onset for onset, pitch in once if pitch == note.pitch and onset > note.time]
        assert note.duration == min([once[note.time, note.pitch], *(onset - note.time for onset in later)])


@given(st.lists(st.tuples(st.floats(0, 15), st.floats(0.001, 3), st.integers(21, 108)), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_heard_notes_lie_on_sixteenths_or_triplets_and_last(notes):
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 120))
    score = quantize(transcript([(*note, 80) for note in notes], "audio"), grid)
    placed = [(note.time, note.pitch) for note in score.tracks[0].notes]
    assert len(set(placed)) == len(placed)
    for note in score.tracks[0].notes:
        assert note.time % 12 in (0, 3, 4, 6, 8, 9)
        assert note.duration >= 1


@pytest.mark.parametrize(("places", "ticks"), [([0, 0.25, 0.5, 0.75], [0, 3, 6, 9]), ([0, 1 / 3, 2 / 3], [0, 4, 8])])
def test_a_quarter_is_read_as_sixteenths_or_triplets(places, ticks):
    rng = np.random.default_rng(1)
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 100))
    notes = [
        (max(0.0, 0.6 * (beat + place) + rng.normal(0, 0.008)), 0.1, 60 + beat % 5, 80)
        for beat in range(32)
        for place in places
    ]
    found = np.array(onsets(quantize(transcript(notes), grid)))
    expected = np.array([12 * beat + tick for beat in range(32) for tick in ticks])
    assert np.mean(found == expected) > 0.97


@pytest.mark.parametrize("second", [0.58, 0.65, 0.7])
def test_swung_eighths_are_written_straight(second):
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 120))
    notes = [(0.5 * (beat + place), 0.1, 60, 80) for beat in range(32) for place in (0, second)]
    grid = swinging(grid, np.array([note[0] for note in notes]))
    assert {tick % 12 for tick in onsets(quantize(transcript(notes), grid))} == {0, 6}
    assert grid.sec_at(6) == pytest.approx(0.5 * second)
    assert grid.tick_at(grid.sec_at(np.arange(100))) == pytest.approx(np.arange(100))


def test_a_shuffle_with_triplets_of_its_own_stays_one():
    grid = heard_grid(Grid.steady(8, Meter(4, 4), 120))
    places = [(0, 1 / 3, 2 / 3) if beat % 2 else (0, 2 / 3) for beat in range(32)]
    notes = [(0.5 * (beat + place), 0.1, 60, 80) for beat in range(32) for place in places[beat]]
    grid = swinging(grid, np.array([note[0] for note in notes]))
    assert {tick % 12 for tick in onsets(quantize(transcript(notes), grid))} == {0, 4, 8}


def test_a_grace_note_does_not_sound_together_with_the_note_it_adorns():
    grid = heard_grid(Grid.steady(4, Meter(4, 4), 120))
    notes = [(1.0, 0.4, 60, 80), (0.95, 0.05, 62, 60), (1.0, 0.4, 64, 80), (1.98, 0.5, 65, 80), (2.0, 0.5, 66, 80)]
    score = quantize(transcript(notes), grid)
    assert sorted((note.time, note.pitch) for note in score.tracks[0].notes) == [(24, 60), (24, 64), (48, 65), (48, 66)]


def test_names_markers_keys_and_metres_are_carried_over():
    grid = Grid.steady(4, Meter(3, 4), 60)
    song = transcript([(0.0, 1.0, 60, 80), (0.0, 2.0, 60, 90), (3.0, 1.0, 62, 80)])
    song.score.markers.append(core.TextMetaSecond(3.0, "A:min7"))
    song.score.key_signatures.append(core.KeySignatureSecond(0.0, -2, 0))
    score = quantize(song, grid)
    assert score.ticks_per_quarter == 12
    assert (score.tracks[0].name, score.tracks[0].program) == ("MELODY", 5)
    assert [(n.time, n.duration, n.pitch, n.velocity) for n in score.tracks[0].notes] == [
        (0, 24, 60, 90),
        (36, 12, 62, 80),
    ]
    assert [(mark.time, mark.text) for mark in score.markers] == [(36, "A:min7")]
    assert score.key_signatures[0].key == -2
    assert (score.time_signatures[0].numerator, score.time_signatures[0].denominator) == (3, 4)
