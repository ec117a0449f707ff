"""The tempo of a slow song in sixteenths is doubled in a style that swings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from symbolic_cover.analysis.tempo_level import doubled, is_counted_double
from symbolic_cover.arrangement.arranger import prepare_sheet
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence
from symbolic_cover.core.music import Bar, Chord, Key, Lyric, Meter, Note, Section
from symbolic_cover.core.sheet import SongSheet

SIXTEENTHS = tuple(Note(3 * place, 3, 60 + place % 5) for place in range(64))


def sheet(melody=SIXTEENTHS, bpm=65.0, meter=Meter(4, 4)) -> SongSheet:
    grid = Grid.steady(4, meter, bpm)
    chords = (Chord(0, grid.end_tick, 0, "maj", 0),)
    return SongSheet(
        grid, melody, (), (), chords, Key(0, "major"), sections=(Section(48, "B"),), lyrics=(Lyric(3, "la"),)
    )


@pytest.mark.parametrize(
    ("song", "is_double"),
    [
        (sheet(), True),
        (sheet(bpm=120.0), False),
        (sheet(melody=SIXTEENTHS[::2]), False),
        (sheet(meter=Meter(6, 8)), False),
        (replace(sheet(), grid=replace(sheet().grid, second_tick=8.0)), False),
    ],
)
def test_what_is_counted_double(song, is_double):
    assert is_counted_double(song) == is_double


def test_twice_as_many_bars_at_the_same_times():
    song = replace(sheet(), confidence=Confidence(bars={"beats": (0.1, 0.2, 0.3, 0.4)}))
    fast = doubled(song)
    assert fast.grid.tempo_bpm == pytest.approx(130.0)
    assert fast.grid.bars == tuple(Bar(48 * index, Meter(4, 4)) for index in range(8))
    assert [note[:2] for note in fast.melody[:3]] == [(0, 6), (6, 6), (12, 6)]
    onsets = [[note.onset_tick for note in one.melody] for one in (song, fast)]
    np.testing.assert_allclose(fast.grid.sec_at(np.array(onsets[1])), song.grid.sec_at(np.array(onsets[0])))
    assert (fast.chords[0].end_tick, fast.sections[0].start_tick, fast.lyrics[0].tick) == (384, 96, 6)
    assert fast.confidence.bars["beats"] == (0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4)


def test_a_pick_up_stays_a_pick_up():
    song = sheet(melody=tuple(note for note in SIXTEENTHS if note.onset_tick >= 36))
    fast = doubled(song)
    assert (fast.melody[0].onset_tick, fast.grid.bars[0].start_tick, len(fast.grid.bars)) == (24, 0, 7)
    assert fast.grid.sec_at(24) == pytest.approx(song.grid.sec_at(36))


def test_only_styles_that_swing_ask_for_it():
    assert len(prepare_sheet(sheet(), Controls(), None, "swing").grid.bars) == 8
    assert len(prepare_sheet(sheet(), Controls(), None, "pop-piano").grid.bars) == 4
    assert "130 beats" in prepare_sheet(sheet(), Controls(), None, "swing").remarks[-1]
