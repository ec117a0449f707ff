"""Measures of people: stored with the weights, and the distance from them."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic_cover.arrangement.arranger import arrange_by_rules
from symbolic_cover.arrangement.choose import agreement, best_of, parts_of, preference, score_candidate
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Bar, Meter, Note
from symbolic_cover.core.styles import load_style
from symbolic_cover.evaluation.human_range import (
    MEASURED,
    distance,
    excerpt,
    load_ranges,
    measure,
    range_of,
    save_ranges,
)
from symbolic_cover.evaluation.metrics import bar_repetition, ioi_pattern_entropy
from tests.conftest import make_song


def arranged(n_bars: int = 8, level: str = "full"):
    sheet = make_song(n_bars)
    return parts_of(arrange_by_rules(sheet, load_style("pop-piano"), Controls(level=level))), sheet


def test_ranges_travel_in_a_file(tmp_path):
    human = range_of([arranged(), arranged(level="easy")])
    save_ranges({"pop-piano": human}, tmp_path)
    loaded = load_ranges(tmp_path)["pop-piano"]
    assert loaded.mean == human.mean
    assert loaded.spread == human.spread
    assert loaded.profile == pytest.approx(human.profile, abs=1e-3)
    assert load_ranges(tmp_path / "nowhere") == {}


def test_what_makes_the_range_is_nearest_to_it():
    parts, sheet = arranged()
    human = range_of([(parts, sheet)])
    assert set(human.mean) == set(MEASURED)
    assert distance(measure(parts, sheet, human.profile), human) == pytest.approx(0)
    wrong = {name: [note._replace(pitch=note.pitch + 1) for note in notes] for name, notes in parts.items()}
    assert 0.3 < distance(measure(wrong, sheet, human.profile), human) <= 3
    assert score_candidate(parts, sheet, human) > score_candidate(wrong, sheet, human)
    assert score_candidate(parts, sheet) > score_candidate(wrong, sheet)


def test_candidates_that_agree_are_preferred():
    parts, sheet = arranged()
    other = {name: notes[: len(notes) // 2] for name, notes in parts.items()}
    assert agreement([parts, parts, other])[0] > agreement([parts, parts, other])[2]
    assert best_of([other, parts, parts], sheet) == 1


def test_a_candidate_with_the_songs_chords_wins_over_two_that_agree_on_others():
    parts, sheet = arranged()
    melody = {(note.onset_tick, note.pitch) for note in sheet.melody}
    wrong = {
        name: [n if (n.onset_tick, n.pitch) in melody else n._replace(pitch=n.pitch + 1) for n in notes]
        for name, notes in parts.items()
    }
    liked = preference([wrong, wrong, parts], sheet)
    assert liked[0] == liked[1]
    assert liked[2] > liked[0] + 1
    without_chords = replace(sheet, chords=())
    assert np.isfinite(preference([wrong, wrong, parts], without_chords)).all()


def test_an_excerpt_holds_its_bars_alone():
    sheet = make_song(8)
    few = excerpt(sheet, 2, 3)
    assert [bar.start_tick for bar in few.grid.bars] == [96, 144]
    assert {note.onset_tick // 48 for note in few.melody} == {2, 3}
    assert [chord.root for chord in few.chords] == [5, 7]
    assert few.title == replace(sheet).title


def test_bars_that_repeat_are_counted_by_hand():
    bars = [Bar(48 * i, Meter(4, 4)) for i in range(4)]
    notes = [Note(0, 12, 60), Note(48, 12, 60), Note(96, 12, 62)]
    assert bar_repetition(notes, bars) == pytest.approx(1 / 3)


def test_patterns_of_intervals_are_counted_by_hand():
    steady = [Note(12 * i, 12, 60) for i in range(10)]
    assert ioi_pattern_entropy(steady) == 0
    two = [Note(tick, 6, 60) for tick in (0, 6, 12, 18, 30)]  # patterns of 3: 6 6 6 and 6 6 12
    assert ioi_pattern_entropy(two, length=3) == pytest.approx(1.0)
