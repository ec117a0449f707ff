"""For any song and style: valid bars, within range, within hands, and below the melody."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symbolic_cover.analysis.hands import REACH_OF_LEVEL, unplayable_in_hand
from symbolic_cover.arrangement.arranger import at_home, prepare_sheet
from symbolic_cover.arrangement.sample import sample_accompaniments
from symbolic_cover.core.controls import LEVELS, Controls
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import CHORD_INTERVALS, Bar, Chord, Key, Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_ensembles, load_style, style_names
from symbolic_cover.tokens.vocabulary import METERS, PLACES_IN_BEAT

_SHORT = [meter for meter in METERS if 12 <= meter.bar_tick <= 60]


@st.composite
def grids(draw, most_bars: int = 4) -> Grid:
    """A few bars of any metres, at a drifting tempo."""
    meters = draw(st.lists(st.sampled_from(_SHORT), min_size=2, max_size=most_bars))
    bars, tick = [], 0
    for meter in meters:
        bars.append(Bar(tick, meter))
        tick = bars[-1].end_tick
    beat_tick = [0, *(b.end_tick for b in bars)]
    lengths = [draw(st.floats(0.5, 4.0)) for _ in bars]
    beat_sec = [sum(lengths[:n]) for n in range(len(bars) + 1)]
    return Grid(np.array(beat_tick), np.array(beat_sec), tuple(bars))


@st.composite
def songs(draw) -> SongSheet:
    """A melody without overlaps somewhere on the keyboard, chords with gaps, a bass and some texture."""
    grid = draw(grids())
    places = [q * 12 + place for q in range(grid.end_tick // 12) for place in PLACES_IN_BEAT]
    onsets = sorted(draw(st.sets(st.sampled_from(places), min_size=1, max_size=12)))
    low = draw(st.integers(36, 80))
    ends = [*onsets[1:], grid.end_tick]
    melody = [
        Note(
            onset, draw(st.integers(1, max(end - onset, 1))), low + draw(st.integers(0, 14)), draw(st.integers(1, 127))
        )
        for onset, end in zip(onsets, ends, strict=True)
    ]
    chords = [
        Chord(bar.start_tick, bar.end_tick, draw(st.integers(0, 11)), draw(st.sampled_from(list(CHORD_INTERVALS))), 0)
        for bar in grid.bars
        if draw(st.booleans())
    ]
    chords = [chord._replace(bass=chord.root) for chord in chords]
    bass = [Note(bar.start_tick, 6, draw(st.integers(28, 55)), 70) for bar in grid.bars if draw(st.booleans())]
    texture = [Note(onset, 3, draw(st.integers(40, 90)), 60) for onset in onsets[::2]]
    key = Key(draw(st.integers(0, 11)), draw(st.sampled_from(["major", "minor"])))
    return SongSheet(grid, tuple(melody), tuple(bass), tuple(texture), tuple(chords), key)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sheet=songs(),
    style=st.sampled_from(style_names()),
    ensemble=st.sampled_from([None, None, *load_ensembles()]),
    level=st.sampled_from(LEVELS),
    fidelity=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 2**63 - 1),
)
def test_the_guarantees_hold_for_any_song(tiny_checkpoint, sheet, style, ensemble, level, fidelity, seed):
    chosen = load_style(style, ensemble)
    controls = Controls(level=level, fidelity=fidelity, candidates=2, seed=seed, temperature=1.5)
    prepared = prepare_sheet(sheet, controls, chosen.ensemble)
    steps = prepared.key.steps_home
    home, shifted = prepared.transposed(steps), at_home(chosen, steps)
    for parts in sample_accompaniments(tiny_checkpoint, home, shifted, controls):
        check(parts, home, shifted.ensemble, level)


def check(parts, sheet, ensemble, level) -> None:
    """Every constraint, checked again on the notes alone."""
    end = sheet.grid.end_tick
    quarter_places = {place % 12 for place in PLACES_IN_BEAT}
    for spec in ensemble.parts:
        notes = parts[spec.name]
        assert all(0 <= note.onset_tick < end and note.duration_tick >= 1 for note in notes)
        assert all(spec.lowest <= note.pitch <= spec.highest for note in notes)
        for note in notes:
            bar = sheet.grid.bars[sheet.grid.bar_index(note.onset_tick)]
            if not spec.is_drums:
                assert (note.onset_tick - bar.start_tick) % 12 in quarter_places
        if spec.is_drums:
            continue
        melody = list(sheet.melody) if spec.name == ensemble.lead else []
        if spec.is_hand:
            assert unplayable_in_hand([*notes, *melody], REACH_OF_LEVEL[level]) <= unplayable_in_hand(melody)
        for note in notes:
            held = [n for n in notes if n.onset_tick <= note.onset_tick < n.end_tick]
            if not spec.is_hand:
                assert len(held) <= max(spec.most, 1)
            if ensemble.melody_on_top:
                over = [t for t in sheet.melody if t.onset_tick < note.end_tick and note.onset_tick < t.end_tick]
                assert all(note.pitch < tone.pitch for tone in over)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(grid=grids(6), second=st.floats(6.0, 9.0), ticks=st.lists(st.floats(-24.0, 300.0), min_size=2, max_size=20))
def test_a_grid_turns_ticks_into_seconds_and_back_with_swing(grid, second, ticks):
    swung = replace(grid, second_tick=second)
    there = swung.sec_at(np.array(sorted(ticks)))
    assert np.all(np.diff(there) >= 0)
    assert np.allclose(swung.tick_at(there), sorted(ticks), atol=1e-6)
    whole = np.arange(0, grid.end_tick, 12)
    assert np.allclose(swung.sec_at(whole), grid.sec_at(whole))  # the beats themselves do not move
    assert all(grid.bars[grid.bar_index(bar.start_tick)] == bar for bar in grid.bars)


def test_a_swung_eighth_sounds_late():
    grid = Grid.steady(1, Meter(4, 4), 60.0)
    swung = replace(grid, second_tick=8)
    assert float(swung.sec_at(6)) == float(grid.sec_at(8))
    assert float(swung.tick_at(grid.sec_at(8))) == 6.0
