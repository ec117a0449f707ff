"""A classifier that tells different segments apart, and not equal ones."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.judge import features, judge, judge_by_words


def segment(seed: int, apart: int = 12) -> tuple[dict[str, list[Note]], SongSheet]:
    """Two bars: a melody, and below it two notes `apart` now and then."""
    rng = np.random.default_rng(seed)
    grid = Grid.steady(2, Meter(4, 4), 100.0)
    melody = [Note(12 * beat, 12, int(rng.choice([72, 74, 76, 79])), 90) for beat in range(8)]
    low = [
        Note(tick, 6, pitch + step, 70)
        for tick in range(0, 96, 6)
        if rng.random() < 0.6
        for pitch in [int(rng.choice([48, 50, 52, 55]))]
        for step in (0, apart)
    ]
    chords = (Chord(0, 96, 0, "maj", 0),)
    return {"right-hand": melody, "left-hand": low}, SongSheet(grid, tuple(melody), (), (), chords, Key(0, "major"))


def told(seeds: range, apart: int = 12) -> list[dict[str, float]]:
    return [features(*segment(seed, apart)) for seed in seeds]


def test_what_is_alike_is_not_told_apart():
    songs = [str(i // 2) for i in range(60)]
    verdict = judge(told(range(60)), told(range(100, 160)), songs)
    assert 0.35 < verdict.auc < 0.65
    assert verdict.low < verdict.auc < verdict.high


def test_what_is_different_is_told_and_by_what():
    songs = [str(i // 2) for i in range(40)]
    verdict = judge(told(range(40)), told(range(100, 140), apart=9), songs)
    assert verdict.auc > 0.98
    names = [name for name, *_ in verdict.tells[:8]]
    assert {"struck neighbours an octave apart", "struck neighbours a sixth apart"} & set(names)
    people, ours = next((p, o) for name, p, o, _ in verdict.tells if name == "struck neighbours a sixth apart")
    assert ours > people


def test_features_of_a_known_bar():
    grid = Grid.steady(1, Meter(4, 4), 100.0)
    melody = (Note(0, 12, 72), Note(12, 12, 74))
    sheet = SongSheet(grid, melody, (), (), (Chord(0, 48, 0, "maj", 0),), Key(0, "major"))
    found = features({"right-hand": list(melody), "left-hand": [Note(0, 12, 48), Note(18, 6, 49)]}, sheet)
    assert found["2 notes struck at once"] == pytest.approx(1 / 3)
    assert found["struck neighbours more apart"] == 1
    assert found["onsets on the beat"] == pytest.approx(2 / 3)
    assert found["chord tones"] == 0.5
    assert found["notes on beat 1"] == 0.5
    assert found["notes a bar"] == found["notes in the busiest bar"] == 4
    assert found["the lowest voice farther"] == 1  # from 48 to 74, and back to 49


def test_drums_and_silence_are_nothing_to_go_by():
    parts, sheet = segment(0)
    assert features({**parts, "drums": [Note(0, 3, 36)]}, sheet) == features(parts, sheet)
    silent = features({"left-hand": []}, replace(sheet, melody=()))
    assert all(np.isfinite(value) for value in silent.values())


def test_the_second_judge_goes_by_words():
    songs = [str(i // 2) for i in range(40)]
    rng = np.random.default_rng(0)

    def said(words: list[str]) -> list[list[str]]:
        return [[str(word) for word in rng.choice(words, 60)] for _ in range(40)]

    alike = judge_by_words(said(["Pitch_60", "Pitch_64"]), said(["Pitch_60", "Pitch_64"]), songs)
    other = judge_by_words(said(["Pitch_60", "Pitch_64"]), said(["Pitch_60", "Pitch_65"]), songs)
    assert 0.3 < alike.auc < 0.7
    assert other.auc == 1.0
    assert other.tells == []
