"""Statistics of the answers: means, preferences, and a ranking, each with a confidence interval.

Means of the scales have Student's t intervals; the share of preferences, ties left out, has Wilson's interval (Wilson,
JASA 1927). The ranking is by the model of Bradley and Terry (Biometrika 1952), with a tie counting half for each side;
its intervals are bootstrapped over the answers. All intervals are 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from symbolic_cover.rating.store import SCALES, Answer

#: Enough for intervals of two digits.
_RESAMPLES = 500
#: A weak prior that all systems are equal, so that one that never lost has a finite strength.
_PRIOR = 0.1


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; the interval is infinite if it is unknown."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Duel:
    """Two systems compared: how often each was preferred, how often neither, and the share of the first."""

    a: str
    b: str
    wins_a: int
    wins_b: int
    ties: int
    share_a: Estimate


@dataclass(frozen=True)
class Results:
    """Ratings by system and scale, duels, and strengths (log odds, mean 0), strongest first."""

    raters: int
    answers: int
    scales: dict[str, dict[str, Estimate]]
    duels: list[Duel]
    strengths: dict[str, Estimate]


def summarize(answers: Sequence[Answer], seed: int = 0) -> Results:
    """The statistics of `answers`; the same answers and seed give the same results."""
    systems = sorted({system for answer in answers for system in (answer.system_a, answer.system_b)})
    strengths = _strengths(answers, systems, seed)
    ranked = sorted(systems, key=lambda system: -strengths[system].value)
    return Results(
        raters=len({answer.rater for answer in answers}),
        answers=len(answers),
        scales={system: _marks(answers, system) for system in ranked},
        duels=[duel for a, b in combinations(ranked, 2) if (duel := _duel(answers, a, b))],
        strengths={system: strengths[system] for system in ranked},
    )


def _marks(answers: Sequence[Answer], system: str) -> dict[str, Estimate]:
    given: dict[str, list[int]] = {scale: [] for scale in SCALES}
    for answer in answers:
        for side, who in (("a", answer.system_a), ("b", answer.system_b)):
            if who == system:
                for scale, mark in answer.scales[side].items():
                    given[scale].append(mark)
    return {scale: mean_of(marks) for scale, marks in given.items() if marks}


def mean_of(marks: Sequence[float]) -> Estimate:
    """The mean with Student's t interval."""
    from scipy.stats import t

    mean, count = float(np.mean(marks)), len(marks)
    if count < 2:
        return Estimate(mean, -math.inf, math.inf, count)
    reach = float(t.ppf(0.975, count - 1)) * float(np.std(marks, ddof=1)) / math.sqrt(count)
    return Estimate(mean, mean - reach, mean + reach, count)


def share_of(wins: int, of: int) -> Estimate:
    """The share of `wins` with Wilson's interval."""
    from scipy.stats import binomtest

    if not of:
        return Estimate(0.5, 0.0, 1.0, 0)
    interval = binomtest(wins, of).proportion_ci(method="wilson")
    return Estimate(wins / of, float(interval.low), float(interval.high), of)


def _duel(answers: Sequence[Answer], a: str, b: str) -> Duel | None:
    between = [answer for answer in answers if {answer.system_a, answer.system_b} == {a, b}]
    if not between:
        return None
    winners = [_winner(answer) for answer in between]
    wins_a, wins_b = winners.count(a), winners.count(b)
    return Duel(a, b, wins_a, wins_b, winners.count(""), share_of(wins_a, wins_a + wins_b))


def _winner(answer: Answer) -> str:
    return {"a": answer.system_a, "b": answer.system_b, "tie": ""}[answer.preferred]


def _strengths(answers: Sequence[Answer], systems: list[str], seed: int) -> dict[str, Estimate]:
    """Log strengths of Bradley and Terry's model, with bootstrapped intervals."""
    if not answers:
        return {}
    chance = np.random.default_rng(seed)
    draws = [chance.integers(len(answers), size=len(answers)) for _ in range(_RESAMPLES)]
    fitted = bradley_terry(answers, systems)
    again = np.array([bradley_terry([answers[index] for index in draw], systems) for draw in draws])
    low, high = np.percentile(again, [2.5, 97.5], axis=0)
    count = [sum(system in (answer.system_a, answer.system_b) for answer in answers) for system in systems]
    return {system: Estimate(float(fitted[index]), float(low[index]), float(high[index]), count[index])
            for index, system in enumerate(systems)}  # fmt: skip


def bradley_terry(answers: Sequence[Answer], systems: Sequence[str]) -> np.ndarray:
    """Log strengths of `systems`, shape (systems,), mean 0: P(i preferred to j) = 1 / (1 + exp(s_j - s_i))."""
    import choix

    index = {system: number for number, system in enumerate(systems)}
    wins = np.zeros((len(systems), len(systems)))
    for answer in answers:
        a, b = index[answer.system_a], index[answer.system_b]
        share_a = {"a": 1.0, "b": 0.0, "tie": 0.5}[answer.preferred]
        wins[a, b] += share_a
        wins[b, a] += 1 - share_a
    return np.asarray(choix.ilsr_pairwise_dense(wins, alpha=_PRIOR))
