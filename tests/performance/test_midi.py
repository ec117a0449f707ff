"""MIDI: ticks, tracks and a tempo map that follows the grid."""

import numpy as np
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Key, Meter, Note
from symbolic_cover.performance.midi import arrangement_score, tempo_map, write_midi
from tests.notation.scores import arrangements, golden, piano


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrangement=arrangements())
def test_round_trip_keeps_every_onset_in_its_track(arrangement, tmp_path):
    write_midi(arrangement, tmp_path / "a.mid")
    tracks = {track.name: track for track in symusic.Score(tmp_path / "a.mid").tracks}
    for part in arrangement.parts:
        read = sorted(
            (note.start, note.pitch, note.velocity) for note in (tracks[part.name].notes if part.notes else [])
        )
        assert read == sorted((40 * note.onset_tick, note.pitch, note.velocity) for note in part.notes)


def test_durations_are_kept_unless_the_key_is_struck_again(tmp_path):
    write_midi(piano([Note(0, 48, 60, 90), Note(12, 12, 60), Note(12, 48, 64)], []), tmp_path / "a.mid")
    notes = symusic.Score(tmp_path / "a.mid").tracks[0].notes
    assert sorted((note.start // 40, note.duration // 40, note.pitch) for note in notes) == [
        (0, 12, 60),
        (12, 12, 60),
        (12, 48, 64),
    ]


def test_golden_headers(tmp_path):
    write_midi(golden(), tmp_path / "a.mid")
    score = symusic.Score(tmp_path / "a.mid")
    assert score.ticks_per_quarter == 480
    assert [round(tempo.qpm, 2) for tempo in score.tempos] == [92.0]
    assert [(sign.numerator, sign.denominator) for sign in score.time_signatures] == [(4, 4)]
    assert [(sign.key, sign.tonality) for sign in score.key_signatures] == [(-1, 0)]
    assert [(track.name, track.program) for track in score.tracks] == [("right hand", 0), ("left hand", 0)]
    assert [marker.text for marker in score.markers] == ["F:maj", "Bb:maj", "Bb:min/b3", "F:maj"]


def test_metre_changes_are_time_signatures():
    steady = Grid.steady(3)
    bars = (Bar(0, Meter(4, 4)), Bar(48, Meter(3, 4)), Bar(84, Meter(3, 4)))
    score = arrangement_score(piano([], [], grid=Grid(steady.beat_tick, steady.beat_sec, bars), key=Key(9, "minor")))
    assert [(sign.time, sign.numerator) for sign in score.time_signatures] == [(0, 4), (48 * 40, 3)]


@settings(deadline=None)
@given(st.lists(st.floats(0.25, 1.5), min_size=4, max_size=60), st.floats(-5, 5))
def test_seconds_follow_a_rubato_grid_from_zero(beats_sec, offset_sec):
    n_bars = len(beats_sec) // 4
    beat_sec = offset_sec + np.concatenate([[0.0], np.cumsum(beats_sec)])
    grid = Grid(12 * np.arange(len(beat_sec)), beat_sec, Grid.steady(n_bars).bars)
    ticks = list(range(0, grid.end_tick, 7))
    notes = [Note(tick, 3, 60) for tick in ticks]
    seconds = [note.start for note in arrangement_score(piano(notes, [], grid=grid)).to("second").tracks[0].notes]
    assert np.allclose(seconds, grid.sec_at(np.array(ticks)) - grid.sec_at(0), atol=0.002)


def test_a_late_first_beat_does_not_shift_the_music():
    grid = Grid(np.array([12, 24, 36]), np.array([3.0, 3.5, 4.0]), Grid.steady(1).bars)
    assert tempo_map(grid) == [(0, 500000)]


def test_a_steady_grid_has_one_tempo_in_spite_of_jitter():
    steady = Grid.steady(30, bpm=97.3)
    jitter = np.random.default_rng(0).uniform(-0.001, 0.001, len(steady.beat_sec))
    assert len(tempo_map(Grid(steady.beat_tick, steady.beat_sec + jitter, steady.bars))) == 1
