"""Loose singing is quantized to the intended rhythm."""

import numpy as np
import pytest

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.analysis.sung_rhythm import simple_rhythm
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Role, Source, TimedNote, TimedTrack
from symbolic_cover.core.music import Meter

STRAIGHT = np.full(400, 3)


def sung(late=0.0, spread=0.0, seed=0):
    rng = np.random.default_rng(seed)
    meant = np.cumsum(rng.choice([6, 6, 12, 6, 18, 24], 120))
    start = meant + late + rng.normal(0, spread, len(meant))
    end = np.append(meant[1:], meant[-1] + 12) + late - np.abs(rng.normal(0, 2, len(meant)))
    return meant, np.sort(start), end


@pytest.mark.parametrize(("late", "spread", "right"), [(0.0, 0.2, 0.99), (0.9, 0.3, 0.99), (0.5, 1.2, 0.8)])
def test_onsets_come_where_they_were_meant(late, spread, right):
    meant, start, end = sung(late, spread)
    onset, _ = simple_rhythm(start, end, STRAIGHT)
    nearest = 3 * np.round(start / 3)
    assert np.mean(onset == meant) >= right
    assert np.mean(onset == meant) >= np.mean(nearest == meant)


def test_no_two_notes_share_a_place_and_short_gaps_are_no_rests():
    _, start, end = sung(0.3, 1.5)
    onset, ends = simple_rhythm(start, end, STRAIGHT)
    kept = onset >= 0
    assert np.all(np.diff(onset[kept]) > 0)
    assert np.all(ends[kept] > onset[kept])
    assert np.mean(ends[kept][:-1] == onset[kept][1:]) > 0.9


def test_a_long_silence_stays_a_rest():
    onset, ends = simple_rhythm(np.array([0.2, 12.1, 60.0]), np.array([11.0, 23.5, 71.0]), STRAIGHT)
    assert onset.tolist() == [0, 12, 60]
    assert ends.tolist() == [12, 24, 72]


def test_a_recording_has_triplets_only_where_the_song_has_them():
    grid = Grid.steady(16, Meter(4, 4), 120)
    grid = type(grid)(grid.beat_tick, grid.beat_sec, grid.bars, 0.8)

    def quantized(places):
        notes = tuple(TimedNote(0.5 * quarter + place / 24, 0.5 * quarter + place / 24 + 0.05, 60)
                      for quarter in range(60) for place in places(quarter))  # fmt: skip
        heard = Heard((TimedTrack("", notes, role=Role.UNSAID),), grid, source=Source("", "audio"))
        return {note.onset_tick % 12 for note in quantize(heard)[0].notes}

    assert quantized(lambda quarter: (0, 4, 8) if quarter == 7 else (0, 3, 6, 9)) <= {0, 3, 6, 9}
    assert {4, 8} <= quantized(lambda quarter: (0, 4, 8))
