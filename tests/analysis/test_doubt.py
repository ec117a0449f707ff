"""Which bars are to be checked first."""

from dataclasses import replace

from symbolic_cover.analysis.doubt import Doubt, places_to_check
from symbolic_cover.core.heard import Confidence
from tests.conftest import make_song

NAN = float("nan")


def sheet(**bars):
    return replace(make_song(6), confidence=Confidence({}, {name: tuple(values) for name, values in bars.items()}))


def test_the_least_confident_bars_come_first_and_neighbours_are_joined():
    found = places_to_check(sheet(melody=(0.9, 0.3, 0.2, 0.8, NAN, 0.35), chords=(0.9, 0.9, 0.9, 0.05, 0.9, 0.9)))
    assert [doubt[:3] for doubt in found] == [(4, 4, "chords"), (2, 3, "melody"), (6, 6, "melody")]
    assert found[1].words == "bars 2 to 3 (the melody, confidence 25 %)"
    assert found[0].words == "bar 4 (the chord, confidence 5 %)"


def test_there_are_few_of_them_and_none_in_a_score():
    assert len(places_to_check(sheet(melody=(0.1, 0.9, 0.1, 0.9, 0.1, 0.9)), most=2)) == 2
    assert places_to_check(make_song(6)) == ()


def test_a_doubt_at_the_end_is_seen():
    assert places_to_check(sheet(beats=(0.9, 0.9, 0.9, 0.9, 0.9, 0.1))) == (Doubt(6, 6, "beats", 0.1),)
