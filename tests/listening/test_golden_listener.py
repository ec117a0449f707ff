"""The shipped listener's outputs for ten seconds of sound have not changed."""

import json

import numpy as np
import pytest

from symbolic_cover.listening.audio.hearing import hear_recording
from tests.listening import golden_listener as golden
from tests.listening.songs import accompanied_song

KEPT = json.loads(golden.PATH.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sound():
    return golden.ten_seconds()


def test_its_answers_are_the_same(sound):
    answers = golden.answers(sound)
    assert set(answers) == set(KEPT["answers"])
    for name, rows in answers.items():
        assert np.allclose(rows, KEPT["answers"][name], atol=0.05, rtol=0.01), name


def test_what_is_made_of_them_is_the_same_and_right(sound):
    heard = hear_recording(sound)
    facts, kept = golden.facts(heard), KEPT["facts"]
    assert facts["meter"] == kept["meter"] == "4/4"
    assert facts["key"] == kept["key"]
    assert [chord[2:] for chord in facts["chords"]] == [chord[2:] for chord in kept["chords"]]
    assert [pitch for _, pitch in facts["bass"]] == [pitch for _, pitch in kept["bass"]]
    assert np.allclose(facts["beats"], kept["beats"], atol=0.03)
    assert [pitch for _, pitch in facts["melody"]] == [pitch for _, pitch in kept["melody"]]
    _, downbeats = accompanied_song(n_bars=4)
    bars = heard.grid.sec_at(np.array([bar.start_tick for bar in heard.grid.bars]))
    assert all(np.abs(bars - sec).min() < 0.07 for sec in downbeats)
    assert [root for _, _, root, _, _ in facts["chords"][:4]] == [0, 9, 5, 7]
    by_bar = heard.confidence.bars
    assert set(by_bar) == {"beats", "chords", "melody"}
    assert all(len(values) == len(heard.grid.bars) for values in by_bar.values())
    assert all(0 <= value <= 1 for values in by_bar.values() for value in values if not np.isnan(value))
