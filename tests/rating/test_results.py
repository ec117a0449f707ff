import math

import pytest

from symbolic_cover.rating.results import bradley_terry, mean_of, share_of, summarize
from symbolic_cover.rating.store import Answer


def answers(a: str, b: str, wins_a: int, wins_b: int, ties: int = 0, mark_a: int = 4) -> list[Answer]:
    preferred = ["a"] * wins_a + ["b"] * wins_b + ["tie"] * ties
    return [Answer("Ada", "song", "", "", a, b, f"{a}.mid", f"{b}.mid", choice,
                   {"a": {"overall": mark_a}, "b": {"overall": 2}}, "2026-01-01") for choice in preferred]  # fmt: skip


def test_a_mean_has_students_interval():
    # 3, 4, 5: s = 1, t(.975, 2) = 4.303, reach 4.303 / sqrt 3 = 2.484
    found = mean_of([3, 4, 5])
    assert (found.value, found.low, found.high) == pytest.approx((4.0, 1.516, 6.484), abs=1e-3)
    assert math.isinf(mean_of([3]).low)


def test_a_share_has_wilsons_interval():
    # 8 of 10, z = 1.96: centre (.8 + z²/20) / (1 + z²/10) = .7167, reach .2265
    found = share_of(8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert (share_of(0, 0).low, share_of(0, 0).high) == (0.0, 1.0)


def test_two_systems_strengths_are_the_log_odds():
    # 30 of 40 and next to no prior: log(3) between them
    strengths = bradley_terry(answers("x", "y", 30, 10), ["x", "y"])
    assert strengths[0] - strengths[1] == pytest.approx(math.log(3), abs=0.05)


def test_ties_count_half_to_each_side():
    strengths = bradley_terry(answers("x", "y", 0, 0, ties=10), ["x", "y"])
    assert strengths == pytest.approx([0, 0], abs=1e-9)


def test_a_chain_of_duels_ranks_those_that_never_met():
    found = summarize(answers("x", "y", 9, 3) + answers("y", "z", 9, 3))
    assert list(found.strengths) == ["x", "y", "z"]
    assert found.strengths["x"].low > found.strengths["z"].high
    assert [(duel.a, duel.b) for duel in found.duels] == [("x", "y"), ("y", "z")]


def test_sides_do_not_matter():
    one = summarize(answers("x", "y", 7, 2))
    other = summarize([Answer(a.rater, a.song, "", "", a.system_b, a.system_a, a.path_b, a.path_a,
                              {"a": "b", "b": "a"}[a.preferred], {"a": a.scales["b"], "b": a.scales["a"]}, a.at)
                       for a in answers("x", "y", 7, 2)])  # fmt: skip
    assert one == other


def test_who_never_lost_has_a_finite_strength():
    assert math.isfinite(summarize(answers("x", "y", 5, 0)).strengths["x"].value)


def test_counts_and_means_are_by_system():
    found = summarize(answers("x", "y", 3, 1, ties=2, mark_a=5))
    assert (found.raters, found.answers) == (1, 6)
    assert (found.scales["x"]["overall"].value, found.scales["y"]["overall"].value) == (5.0, 2.0)
    duel = found.duels[0]
    assert (duel.wins_a, duel.wins_b, duel.ties, duel.share_a.value) == (3, 1, 2, 0.75)
