"""ABC: a line with chords, read again as it was."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import CHORD_INTERVALS, Chord, Key, Meter, Note
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.notation.abc import abc_of, write_abc
from tests.notation.scores import golden


def test_golden():
    song = golden()
    assert abc_of(song.melody, song.chords, song.grid.bars, song.key, song.title, 92) == (
        'X:1\nT:Test piece\nM:4/4\nL:1/8\nQ:1/4=92\nK:F\n"F"c3 d f4| (3:2:3"Bb"edc B6| "Bbm/Db"_d4 zc3| "F"A8|]\n'
    )


@st.composite
def lines(draw):
    meter = draw(st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(9, 8)]))
    grid = Grid.steady(draw(st.integers(1, 5)), meter)
    notes, tick = [], draw(st.sampled_from([0, 0, 3, 12]))
    while tick < grid.end_tick - 12:
        steps = draw(st.sampled_from([(3,), (6,), (12,), (18,), (24,), (4, 4, 4), (8, 4)]))
        if tick % 12 == 0 or len(steps) == 1:
            for step in steps:
                length = min(step, grid.end_tick - tick)
                notes.append(Note(tick, length, draw(st.integers(48, 90))))
                tick += length
        tick += draw(st.sampled_from([0, 0, 0, 3, 12]))
    qualities = st.sampled_from(sorted(CHORD_INTERVALS))
    root = st.integers(0, 11)
    chords = [Chord(bar.start_tick, bar.end_tick, (r := draw(root)), draw(qualities), r) for bar in grid.bars]
    key = Key(draw(st.integers(0, 11)), draw(st.sampled_from(["major", "minor"])))
    return notes, chords, grid, key


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines())
def test_what_is_written_is_read_again(tmp_path, line):
    notes, chords, grid, key = line
    if not notes:
        return
    write_abc(tmp_path / "a.abc", notes, chords, grid.bars, key, "Song", 120)
    heard = read_score(tmp_path / "a.abc")
    read_grid = heard.grid
    read = [note[:3] for track in quantize(heard) for note in track.notes]
    assert sorted(read) == [(note.onset_tick, note.duration_tick, note.pitch) for note in notes]
    assert len(read_grid.bars) == len(grid.bars)
    assert [bar.meter for bar in read_grid.bars] == [bar.meter for bar in grid.bars]
    assert read_grid.tempo_bpm == pytest.approx(120)
