"""The plan of a bar, computed from its tokens."""

import numpy as np

from symbolic_cover.core.music import Bar, Chord, Meter, Note
from symbolic_cover.tokens.plan import BOUNDS, KINDS, Planner, level_of
from symbolic_cover.tokens.tokenizer import BarTokenizer

TOKENIZER = BarTokenizer.build(["pop-piano"], ["solo-piano"], ["left-hand", "right-hand", "drums"])
PLANNER = Planner(TOKENIZER.vocab)
C_THEN_G = [Chord(0, 24, 0, "maj", 0), Chord(24, 48, 7, "maj", 11)]


def plan(parts: dict[str, list[Note]], chords=C_THEN_G, meter=Meter(4, 4), semitones: int = 0) -> list[str]:
    bar = Bar(0, meter)
    x = TOKENIZER.ids(TOKENIZER.source_bar(bar, "inner", chords, [Note(0, 12, 72)]))
    y = TOKENIZER.ids(TOKENIZER.target_bar(bar, parts))
    return TOKENIZER.names(PLANNER.plan(np.array(x), np.array(y, dtype=int), semitones))


def test_a_plan_says_every_kind_in_order():
    low, high = [Note(0, 24, 36), Note(24, 24, 43)], [Note(6, 6, 60), Note(6, 6, 66), Note(30, 6, 59)]
    said = plan({"left-hand": low, "right-hand": high})
    assert [word.split("_")[0] for word in said] == list(KINDS)
    # Five notes at four places, mean pitch 52.8, 30 semitones apart, half of the places off the beat, one of five
    # no chord tone.
    assert said == ["Density_2", "Polyphony_1", "Register_4", "Spread_7", "Offbeat_3", "Color_2"]


def test_a_bar_that_moves_moves_its_register_alone():
    played = {"right-hand": [Note(0, 12, 60), Note(12, 12, 64)]}
    still, moved = plan(played), plan(played, semitones=5)
    assert still[2] == "Register_6"
    assert moved[2] == "Register_8"
    assert [word for word in still if word not in moved] == ["Register_6"]


def test_without_notes_there_is_one_word_and_drums_are_no_notes():
    assert plan({}) == ["Density_0"]
    assert plan({"drums": [Note(0, 3, 36), Note(12, 3, 38)]}) == ["Density_0"]


def test_the_bass_of_a_chord_is_a_tone_of_it_and_no_chord_has_none():
    inverted = [Chord(0, 48, 0, "maj", 10)]
    assert plan({"left-hand": [Note(0, 12, 46)]}, inverted)[-1] == "Color_0"
    assert plan({"left-hand": [Note(0, 12, 46)]}, [])[-1] == "Color_0"
    assert plan({"left-hand": [Note(0, 12, 46)]})[-1] == "Color_5"


def test_the_beat_of_six_eight_is_a_dotted_quarter():
    played = {"left-hand": [Note(0, 18, 48), Note(18, 18, 48)]}
    assert plan(played, [], Meter(6, 8))[4] == "Offbeat_0"
    assert plan(played, [], Meter(3, 4))[4] == "Offbeat_3"


def test_classes_rise_with_their_values_to_an_open_last_one():
    assert [level_of("Density", n) for n in (0, 1, 3, 4, 28, 29, 99)] == [0, 1, 1, 2, 8, 9, 12]
    assert all(level_of(kind, 10**6) == len(bounds) for kind, bounds in BOUNDS.items())
