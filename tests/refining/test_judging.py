import math

import pytest

from symbolic_cover.refining.judging import compare, illness, judge, means_of
from tests.refining.conftest import make_task

WELL = {"score": 1.0, "diversity": 0.5, "off_grooving_similarity": 0.2, "off_pitch_class_entropy": -0.5,
        "off_bar_repetition": 0.1}  # fmt: skip


def test_what_is_varied_and_within_peoples_range_is_well():
    assert illness(WELL, WELL | {"diversity": 0.48}) == ""


@pytest.mark.parametrize(
    ("lost", "word"),
    [({"diversity": 0.4}, "alike"), ({"off_pitch_class_entropy": -1.4}, "pitch class entropy"),
     ({"off_bar_repetition": 2.0}, "bar repetition")],
)  # fmt: skip
def test_what_is_lost_is_named(lost, word):
    assert word in illness(WELL, WELL | lost)


def test_who_began_outside_peoples_range_may_stay_there():
    outside = WELL | {"off_grooving_similarity": 1.5}
    assert illness(outside, outside | {"off_grooving_similarity": -1.4}) == ""


def test_better_is_significantly_better():
    before = [WELL | {"score": value} for value in (0.1, 0.5, 0.9, 0.4)]
    verdict = compare(before, [one | {"score": one["score"] + 0.1} for one in before])
    assert verdict.better
    assert (verdict.gain, verdict.low, verdict.high) == pytest.approx((0.1, 0.1, 0.1))


def test_a_gain_that_may_be_chance_is_none():
    before = [WELL | {"score": value} for value in (0.1, 0.5, 0.9, 0.4)]
    after = [WELL | {"score": value} for value in (0.9, 0.1, 1.2, 0.2)]
    verdict = compare(before, after)
    assert not verdict.better
    assert "not significantly" in verdict.why_not


def test_a_gain_does_not_excuse_an_illness():
    after = [WELL | {"score": 2.0, "diversity": 0.1}] * 4
    assert not compare([WELL] * 4, after).better


def test_means_leave_out_what_cannot_be_told():
    assert means_of([{"x": 1.0}, {"x": math.nan}, {"x": 3.0}]) == {"x": 2.0}


def test_a_task_is_judged_alike_again(song, tiny_checkpoint):
    task = make_task(song)
    first, again = (judge(tiny_checkpoint, task, 2, seed=3) for _ in range(2))
    assert {name: value for name, value in first.items() if not math.isnan(value)} == {
        name: value for name, value in again.items() if not math.isnan(value)
    }
    assert 0 <= first["diversity"] <= 1
