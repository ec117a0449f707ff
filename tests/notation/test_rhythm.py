"""How bars are written: values, ties, triplets, rests, beams."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic_cover.core.music import Meter
from symbolic_cover.notation.rhythm import PLAIN_VALUES, TRIPLET_VALUES, Event, Figure, levels_of, write_bar

FOUR, THREE, SIX_EIGHT = Meter(4, 4), Meter(3, 4), Meter(6, 8)


def written(meter: Meter, *spans: tuple[int, int]) -> list[tuple[int, bool]]:
    """Lengths of the written figures, and whether they are notes."""
    figures = write_bar([Event(start, end, (60,)) for start, end in spans], 0, meter)
    return [(figure.end_tick - figure.start_tick, bool(figure.pitches)) for figure in figures]


@pytest.mark.parametrize(
    ("meter", "span", "lengths"),
    [
        (FOUR, (0, 48), [48]),
        (FOUR, (0, 36), [36]),
        (FOUR, (12, 36), [24]),
        (FOUR, (6, 18), [12]),
        (FOUR, (6, 24), [18]),
        (FOUR, (18, 30), [6, 6]),
        (FOUR, (12, 30), [12, 6]),
        (FOUR, (9, 15), [3, 3]),
        (FOUR, (6, 48), [18, 24]),
        (FOUR, (0, 45), [24, 12, 9]),
        (THREE, (0, 36), [36]),
        (THREE, (6, 30), [6, 18]),
        (SIX_EIGHT, (0, 36), [36]),
        (SIX_EIGHT, (6, 18), [12]),
        (SIX_EIGHT, (12, 24), [6, 6]),
        (SIX_EIGHT, (0, 24), [18, 6]),
        (Meter(5, 4), (0, 60), [36, 24]),
        (Meter(7, 8), (0, 42), [24, 18]),
    ],
)
def test_notes_are_tied_where_the_metre_must_show(meter, span, lengths):
    assert [length for length, is_note in written(meter, span) if is_note] == lengths


@pytest.mark.parametrize(
    ("meter", "span", "rests"),
    [
        (FOUR, (0, 12), [12, 24]),
        (FOUR, (0, 6), [6, 12, 24]),
        (FOUR, (18, 48), [12, 6]),
        (THREE, (0, 12), [12, 12]),
        (SIX_EIGHT, (0, 6), [6, 6, 18]),
        (SIX_EIGHT, (18, 36), [18]),
    ],
)
def test_rests_fill_whole_branches_of_the_bar(meter, span, rests):
    assert [length for length, is_note in written(meter, span) if not is_note] == rests


def test_ties_lead_over_the_bar_line():
    long = [Event(36, 60, (60,))]
    first, second = write_bar(long, 0, FOUR)[-1], write_bar(long, 48, FOUR)[0]
    assert (first.tied_from, first.tied_to) == (False, True)
    assert (second.tied_from, second.tied_to) == (True, False)
    assert (second.start_tick, second.end_tick) == (0, 12)


def test_eighth_triplets_are_one_bracket_with_one_beam():
    figures = write_bar([Event(0, 4, (60,)), Event(4, 8, (62,)), Event(8, 12, (64,))], 0, FOUR)[:3]
    assert [figure.value for figure in figures] == ["eighth"] * 3
    assert [figure.triplet for figure in figures] == ["start", "inside", "stop"]
    assert [figure.beams for figure in figures] == [("start",), ("continue",), ("stop",)]


def test_quarter_triplets_fill_half_a_bar():
    figures = write_bar([Event(0, 8, (60,)), Event(8, 16, (62,)), Event(16, 24, (64,))], 0, FOUR)[:3]
    assert [(figure.value, figure.triplet) for figure in figures] == [
        ("quarter", "start"),
        ("quarter", "inside"),
        ("quarter", "stop"),
    ]


def test_beams_join_half_bars_of_eighths_and_single_beats_of_sixteenths():
    eighths = write_bar([Event(tick, tick + 6, (60,)) for tick in range(0, 24, 6)], 0, FOUR)
    assert [figure.beams[0] for figure in eighths[:4]] == ["start", "continue", "continue", "stop"]
    mixed = write_bar([Event(0, 9, (60,)), Event(9, 12, (62,)), Event(12, 18, (64,)), Event(18, 24, (65,))], 0, FOUR)
    assert [figure.beams for figure in mixed[:4]] == [("start",), ("stop", "partial-left"), ("start",), ("stop",)]


@st.composite
def bars_of_events(draw: st.DrawFn) -> tuple[Meter, list[Event]]:
    meters = [FOUR, THREE, SIX_EIGHT, Meter(2, 4), Meter(5, 4), Meter(7, 8), Meter(9, 8), Meter(12, 8), Meter(2, 2)]
    meter = draw(st.sampled_from([*meters, Meter(5, 8), Meter(9, 16), Meter(1, 4)]))
    cuts = sorted(draw(st.sets(st.integers(0, meter.bar_tick), min_size=2, max_size=9)))
    spans = pairwise(cuts)
    return meter, [Event(start, end, (60,)) for start, end in spans if draw(st.booleans())]


@given(bars_of_events())
def test_every_bar_adds_up_in_values_that_exist(case):
    meter, events = case
    figures = write_bar(events, 0, meter)
    assert figures[0].start_tick == 0
    assert figures[-1].end_tick == meter.bar_tick
    assert all(left.end_tick == right.start_tick for left, right in pairwise(figures))
    for figure in figures:
        values = TRIPLET_VALUES if figure.triplet else PLAIN_VALUES
        assert values[figure.end_tick - figure.start_tick] == (figure.value, figure.dots)
    assert _merged(figures) == events


def _merged(figures: list[Figure]) -> list[Event]:
    """Undo the ties."""
    events: list[Event] = []
    for figure in figures:
        if not figure.pitches:
            continue
        if figure.tied_from:
            assert events[-1].end_tick == figure.start_tick
            events[-1] = events[-1]._replace(end_tick=figure.end_tick)
        else:
            events.append(Event(*figure[:3]))
    return events


def test_levels_rise_from_bar_to_sixteenth():
    assert levels_of(FOUR)[:3] == ((0, 48), (0, 24, 48), (0, 12, 24, 36, 48))
    assert levels_of(SIX_EIGHT)[1] == (0, 18, 36)
    assert levels_of(Meter(12, 8))[1:3] == ((0, 36, 72), (0, 18, 36, 54, 72))
