"""Metrics against values worked out by hand."""

import math

import pytest

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Chord, Key, Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation import metrics as m
from symbolic_cover.evaluation.measures import score_arrangement

BARS = (Bar(0, Meter(4, 4)), Bar(48, Meter(4, 4)))


def notes(*places: tuple[int, int]) -> list[Note]:
    return [Note(tick, 12, pitch) for tick, pitch in places]


def test_melody_retention_counts_onset_and_pitch():
    melody = notes((0, 60), (12, 62), (24, 64), (36, 65))
    assert m.melody_retention(melody, notes((0, 60), (12, 74), (25, 64), (36, 65))) == 0.5
    assert math.isnan(m.melody_retention([], melody))


def test_melody_on_top_counts_what_is_held():
    melody = notes((0, 60), (12, 62))
    assert m.melody_on_top(melody, [*melody, Note(0, 24, 50)]) == 1.0
    assert m.melody_on_top(melody, [*melody, Note(6, 12, 70)]) == 0.5


def test_chord_tone_ratio():
    chords = [Chord(0, 48, 0, "maj", 0)]
    assert m.chord_tone_ratio(notes((0, 60), (12, 62), (24, 64), (36, 67), (48, 61)), chords) == 0.75


def test_chord_accuracy_compares_root_and_third():
    grid = Grid.steady(2)
    played = [Note(0, 48, p) for p in (36, 52, 55, 60)] + [Note(48, 48, p) for p in (45, 52, 57, 60)]
    chords = [Chord(0, 48, 0, "maj7", 0), Chord(48, 96, 5, "maj", 5)]
    assert m.chord_accuracy(chords, played, grid) == 0.5


def test_grooving_similarity_is_one_minus_the_mean_xor():
    assert m.grooving_similarity(notes((0, 60), (48, 64)), BARS) == 1.0
    assert m.grooving_similarity(notes((0, 60), (12, 60), (48, 64)), BARS) == pytest.approx(1 - 1 / 16)


def test_pitch_class_entropy_is_in_bits():
    assert m.pitch_class_entropy(notes((0, 60), (12, 64), (24, 67), (36, 71)), BARS) == pytest.approx(2.0)
    assert m.pitch_class_entropy(notes((0, 60), (48, 62)), BARS) == 0.0
    assert m.pitch_class_entropy(notes((0, 60), (48, 62)), BARS, window=2) == 1.0


def test_note_f1_counts_multiplicity():
    assert m.note_f1(notes((0, 60), (0, 60), (12, 62)), notes((0, 60), (12, 62))) == pytest.approx(0.8)


def test_bar_cosines():
    scores = m.compare_with_human(notes((0, 60), (48, 60)), notes((0, 72), (48, 62)), BARS)
    assert scores["bar_chroma_cosine"] == pytest.approx(0.5)
    assert scores["bar_onset_cosine"] == pytest.approx(1.0)
    assert scores["note_f1"] == 0.0


def test_empty_bars_are_those_where_the_source_plays():
    assert m.empty_bars(notes((0, 60)), notes((0, 60), (48, 60)), BARS) == 0.5
    assert m.empty_bars(notes((0, 60)), notes((0, 60)), BARS) == 0.0


def test_unplayable_share():
    wide = [Note(0, 12, p) for p in (24, 40, 60, 84)] + [Note(12, 12, 60)]
    assert m.unplayable_share(wide) == 0.5


def test_only_keyboards_can_be_unplayable():
    wide = tuple(Note(0, 12, p) for p in (24, 40, 60, 84))
    easy = (Note(12, 12, 60),)
    assert math.isnan(
        m.unplayable_on_keyboards([Part("Violin", "", 40, wide), Part("Drums", "", 0, wide, is_drums=True)])
    )
    hands = [Part("Right hand", "Piano", 0, wide[2:] + easy), Part("Left hand", "Piano", 0, wide[:2])]
    assert m.unplayable_on_keyboards(hands) == 0.5
    assert m.unplayable_on_keyboards([*hands, Part("Voice", "", 52, wide)]) == 0.5
    apart = [Part("Piano", "", 0, wide[:2]), Part("Organ", "", 16, wide[2:])]
    assert m.unplayable_on_keyboards(apart) == 0.0


def test_drums_have_no_pitch():
    melody = tuple(notes((0, 60), (12, 64), (24, 67), (36, 60)))
    drums = Part("Drums", "", 0, tuple(notes((0, 36), (0, 85), (24, 38))), is_drums=True)
    grid = Grid.steady(1)
    sheet = SongSheet(grid, melody, (), (), (Chord(0, 48, 0, "maj", 0),), Key(0, "major"))
    together = Arrangement((Part("Flute", "", 73, melody), drums), melody, grid, sheet.key, sheet.chords, "x", "rules")
    scores = score_arrangement(together, sheet)
    assert (scores["melody_on_top"], scores["melody_retention"], scores["notes_per_bar"]) == (1.0, 1.0, 7.0)
    assert math.isnan(scores["unplayable_share"])
    alone = score_arrangement(Arrangement((drums,), (), grid, sheet.key, (), "x", "rules"), sheet)
    assert all(math.isnan(alone[name]) for name in ("melody_retention", "chord_accuracy", "chord_tone_ratio"))
    assert alone["empty_bars"] == 0.0
