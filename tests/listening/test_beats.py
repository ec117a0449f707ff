"""Beats, metre and downbeats of songs with known beats."""

import mir_eval
import numpy as np
import pytest

from symbolic_cover.core.music import Meter
from symbolic_cover.listening.beats.pulse import pulse_of_notes
from symbolic_cover.listening.beats.track import track_beats
from tests.listening.songs import accompanied_song


def downbeats(grid):
    return grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))


@pytest.mark.parametrize("beats", [3, 4])
@pytest.mark.parametrize("bpm", [76.0, 84.0, 96.0])
def test_metre_tempo_and_downbeats_are_found(beats, bpm):
    track, truth = accompanied_song(beats=beats, bpm=bpm, jitter_sec=0.01)
    grid = track_beats(pulse_of_notes([track]))
    assert grid.meter == Meter(beats, 4)
    assert grid.tempo_bpm == pytest.approx(bpm, rel=0.02)
    assert mir_eval.beat.f_measure(truth, downbeats(grid)) > 0.9
    assert 0 < grid.confidence < 1


def test_beats_follow_a_tempo_that_drifts():
    track, truth = accompanied_song(n_bars=24, bpm=90.0, drift=0.25)
    grid = track_beats(pulse_of_notes([track]))
    assert mir_eval.beat.f_measure(truth, downbeats(grid)) > 0.9


def test_the_grid_covers_the_music_with_whole_bars():
    track, _ = accompanied_song()
    pulse = pulse_of_notes([track])
    grid = track_beats(pulse)
    assert grid.bars[0].start_tick == 0
    assert all(bar.end_tick == following.start_tick for bar, following in zip(grid.bars, grid.bars[1:], strict=False))
    assert grid.beat_tick[-1] == grid.end_tick
    assert grid.sec_at(0) <= pulse.start_sec + 0.05
    assert grid.sec_at(grid.end_tick) >= pulse.end_sec - 0.2


@pytest.mark.parametrize("bpm", [50.0, 100.0, 200.0])
def test_a_given_tempo_is_kept_exactly_where_the_music_is_steady(bpm):
    track, _ = accompanied_song(bpm=100.0)
    assert track_beats(pulse_of_notes([track]), bpm=bpm).tempo_bpm == pytest.approx(bpm, rel=1e-6)


@pytest.mark.parametrize("meter", [Meter(2, 4), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(2, 2), Meter(3, 8)])
def test_a_given_metre_is_kept(meter):
    track, _ = accompanied_song()
    grid = track_beats(pulse_of_notes([track]), meter=meter)
    assert {bar.meter for bar in grid.bars} == {meter}
    assert np.all(np.diff(grid.beat_tick) == meter.beat_tick)


@pytest.mark.parametrize("late_beats", [0.0, 1.0, 2.3])
@pytest.mark.parametrize("bpm", [None, 100.0])
def test_a_given_downbeat_begins_a_bar_exactly(late_beats, bpm):
    track, truth = accompanied_song(bpm=100.0)
    downbeat_sec = truth[3] + late_beats * 0.6
    grid = track_beats(pulse_of_notes([track]), downbeat_sec=downbeat_sec, bpm=bpm)
    assert np.abs(downbeats(grid) - downbeat_sec).min() < 1e-9
