"""Any metre can be covered: bars outside the vocabulary are expressed in known ones, without moving a note."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic_cover.core.music import Bar, Meter
from symbolic_cover.corpus.bars import known_bars
from symbolic_cover.tokens.vocabulary import METERS, ODD_METERS

METRES = st.builds(Meter, st.integers(1, 40), st.sampled_from((1, 2, 4, 8, 16, 48)))


def bars_of(*meters):
    bars, tick = [], 0
    for meter in meters:
        bars.append(Bar(tick, meter))
        tick = bars[-1].end_tick
    return bars


@given(st.lists(METRES, min_size=1, max_size=12))
def test_all_ticks_are_in_known_bars_without_gaps(meters):
    bars = bars_of(*meters)
    spelled = known_bars(bars)
    assert {bar.meter for bar in spelled} <= {*METERS, *ODD_METERS}
    assert spelled[0].start_tick == 0
    assert all(one.end_tick == after.start_tick for one, after in itertools.pairwise(spelled))
    assert 0 <= spelled[-1].end_tick - bars[-1].end_tick < 3


@pytest.mark.parametrize(
    ("meters", "spelled"),
    [
        (["3/4", "6/8"], ["3/4", "6/8"]),
        (["8/8"], ["4/4"]),
        (["9/4"], ["3/4"] * 3),
        (["23/8"], ["4/4", "4/4", "7/8"]),
        (["13/48", "35/48", "4/4"], ["4/4", "4/4"]),
    ],
)
def test_how_metres_are_spelled(meters, spelled):
    bars = bars_of(*(Meter(*map(int, meter.split("/"))) for meter in meters))
    assert [str(bar.meter) for bar in known_bars(bars)] == spelled
