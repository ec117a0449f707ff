"""Judge a checkpoint on held-out songs: its scores, its diversity, and whether it is better than another."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.choose import agreement, score_candidate
from symbolic_cover.core.controls import Controls
from symbolic_cover.corpus.workers import run_all
from symbolic_cover.evaluation.human_range import GENERAL, MEASURED, measure
from symbolic_cover.evaluation.metrics import note_f1
from symbolic_cover.refining.candidates import draw_candidates, loaded
from symbolic_cover.refining.tasks import Parts, Task, with_melody, without_melody

#: Measures of coherence, which must stay within one standard deviation of people's mean, or no worse than before.
COHERENCE = ("grooving_similarity", "pitch_class_entropy", "bar_repetition")
#: The share of the diversity that may be lost.
_MOST_DIVERSITY_LOST = 0.05
_RESAMPLES = 2000

Scores = dict[str, float]


def judge(checkpoint: Checkpoint, task: Task, n_candidates: int, seed: int) -> Scores:
    """Means over candidates of a task.

    `score` is the score of preferences, `worth` its part that needs no human version, `note_f1` the agreement with
    people's accompaniment; `diversity` is one minus the mean note F1 between two candidates; then the measures of
    `human_range.measure`, and ``off_`` with each of `COHERENCE` the distance from people's mean in standard deviations.
    """
    candidates = draw_candidates(checkpoint, task, Controls(candidates=n_candidates, seed=seed, fidelity=0.0))
    human = checkpoint.human.get(task.style.name, GENERAL)
    each = [measure(with_melody(one.parts, task), task.sheet, human.profile) for one in candidates]
    found = {name: _mean([one[name] for one in each]) for name in MEASURED}
    found |= {f"off_{name}": (found[name] - human.mean[name]) / human.spread[name]
              for name in COHERENCE if name in human.mean}  # fmt: skip
    return {
        "score": _mean([one.score for one in candidates]),
        "worth": _mean([score_candidate(with_melody(one.parts, task), task.sheet, human) for one in candidates]),
        "note_f1": _like_people([one.parts for one in candidates], task),
        "diversity": 1.0 - float(np.mean(agreement([one.parts for one in candidates]))),
        **found,
    }


def _like_people(candidates: Sequence[Parts], task: Task) -> float:
    if task.people is None:
        return math.nan
    theirs = [note for notes in without_melody(task.people, task).values() for note in notes]
    return _mean([note_f1([note for notes in parts.values() for note in notes], theirs) for parts in candidates])


def judge_all(
    folder: Path, tasks: Sequence[Task], *, n_candidates: int, seed: int, workers: int,
    progress: Callable[[float], None] | None = None,
) -> list[Scores]:  # fmt: skip
    """`judge` of every task by the checkpoint in `folder`."""
    units = [(task, seed + number) for number, task in enumerate(tasks)]
    found = []
    for one in run_all(partial(_one, str(folder), n_candidates), units, workers=workers):
        found.append(one)
        if progress:
            progress(len(found) / len(units))
    return found


def _one(folder: str, n_candidates: int, unit: tuple[Task, int]) -> Scores:
    return judge(loaded(folder), unit[0], n_candidates, unit[1])


def people_of(checkpoint: Checkpoint, tasks: Sequence[Task]) -> Scores:
    """The scores of people's own versions of the tasks, if there are any."""
    found = []
    for task in tasks:
        if task.people is not None:
            human = checkpoint.human.get(task.style.name, GENERAL)
            measured = measure(task.people, task.sheet, human.profile)
            found.append(measured | {"worth": score_candidate(task.people, task.sheet, human), "note_f1": 1.0})
    return means_of(found)


def means_of(scores: Sequence[Scores]) -> Scores:
    """The mean of each score over tasks."""
    return {name: _mean([one.get(name, math.nan) for one in scores]) for name in scores[0]} if scores else {}


@dataclass(frozen=True)
class Verdict:
    """Whether a checkpoint is better than its parent, and if not, why; the gain in `score` with its 95 % interval."""

    better: bool
    why_not: str
    gain: float
    low: float
    high: float


def compare(before: Sequence[Scores], after: Sequence[Scores], seed: int = 0) -> Verdict:
    """Better: a significantly higher score on the same tasks (bootstrap over tasks), and `illness` finds nothing."""
    gains = np.array([new["score"] - old["score"] for old, new in zip(before, after, strict=True)])
    drawn = np.random.default_rng(seed).integers(len(gains), size=(_RESAMPLES, len(gains)))
    low, high = np.percentile(gains[drawn].mean(axis=1), [2.5, 97.5])
    ill = illness(means_of(before), means_of(after))
    if not ill and not low > 0:
        ill = "its score is not significantly higher"
    return Verdict(not ill, ill, float(gains.mean()), float(low), float(high))


def illness(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """What a refined model has lost, in words; empty if nothing."""
    if after["diversity"] < (1 - _MOST_DIVERSITY_LOST) * before["diversity"]:
        return f"its candidates are too alike (diversity {after['diversity']:.3f}, before {before['diversity']:.3f})"
    for name in COHERENCE:
        was, now = (abs(scores.get(f"off_{name}", math.nan)) for scores in (before, after))
        if now > max(1.0, was):
            return f"its {name.replace('_', ' ')} has left the range of people ({now:.1f} standard deviations off)"
    return ""


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
