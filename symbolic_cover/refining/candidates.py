"""Candidates of a task, their scores, and the preference of the best over the worst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symbolic_cover.arrangement.checkpoint import Checkpoint, load_checkpoint
from symbolic_cover.arrangement.choose import score_candidate
from symbolic_cover.arrangement.conditioning import Conditioning
from symbolic_cover.arrangement.sample import sample_accompaniments
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Note
from symbolic_cover.corpus.workers import run_all
from symbolic_cover.evaluation.metrics import note_f1
from symbolic_cover.refining.preferences import Preference
from symbolic_cover.refining.tasks import Parts, Task, with_melody, without_melody

#: The weight of the agreement with people's own accompaniment of the bars, beside `score_candidate`.
_PEOPLE_WEIGHT = 3.0
#: A smaller difference of scores gives no preference.
_LEAST_MARGIN = 0.1
#: Shares of the song's inner notes that are shown, in turn: a lead sheet, and what `cover` shows.
_FIDELITIES = (0.0, 0.2)


class Candidate(NamedTuple):
    """An accompaniment by part, and its score."""

    parts: Parts
    score: float


def draw_candidates(checkpoint: Checkpoint, task: Task, controls: Controls) -> list[Candidate]:
    """`controls.candidates` accompaniments, sampled independently."""
    drawn = sample_accompaniments(checkpoint, task.sheet, task.style, controls, compete=False)
    return [Candidate(parts, score(checkpoint, task, parts)) for parts in drawn]


def score(checkpoint: Checkpoint, task: Task, parts: Parts) -> float:
    """How near an accompaniment is to people's: in this style, and in these bars if a version by people is known."""
    found = score_candidate(with_melody(parts, task), task.sheet, checkpoint.human.get(task.style.name))
    if task.people is None:
        return found
    return found + _PEOPLE_WEIGHT * float(
        np.nan_to_num(note_f1(_notes(parts), _notes(without_melody(task.people, task))))
    )


def _notes(parts: Parts) -> list[Note]:
    return [note for notes in parts.values() for note in notes]


def best_over_worst(checkpoint: Checkpoint, task: Task, n_candidates: int, seed: int) -> Preference | None:
    """The preference among candidates of a task; None if their scores are too alike."""
    controls = Controls(candidates=n_candidates, seed=seed, fidelity=_FIDELITIES[seed % len(_FIDELITIES)])
    candidates = sorted(draw_candidates(checkpoint, task, controls), key=lambda one: one.score)
    worst, best = candidates[0], candidates[-1]
    if best.score - worst.score < _LEAST_MARGIN:
        return None
    return prefer(checkpoint, task, best.parts, worst.parts, "drafts", best.score - worst.score, controls)


def prefer(
    checkpoint: Checkpoint, task: Task, chosen: Parts, rejected: Parts, origin: str, margin: float, controls: Controls
) -> Preference:
    """A preference for one accompaniment over another, as training sequences."""
    conditioning = Conditioning.of(checkpoint, task.sheet, task.style, controls)
    context = checkpoint.config["max_position_embeddings"]
    windows = (conditioning.window(parts, context) for parts in (chosen, rejected))
    return Preference(task.name, task.style.name, origin, round(margin, 4), *windows)


def candidate_preferences(
    folder: Path, units: Sequence[tuple[Task, int]], *, n_candidates: int, workers: int
) -> Iterator[tuple[Task, Preference | None]]:
    """For each task and seed, in order, the preference among its candidates by the checkpoint in `folder`."""
    found = run_all(partial(_one, str(folder), n_candidates), units, workers=workers)
    yield from zip((task for task, _ in units), found, strict=True)


def _one(folder: str, n_candidates: int, unit: tuple[Task, int]) -> Preference | None:
    """One unit of work."""
    return best_over_worst(loaded(folder), unit[0], n_candidates, unit[1])


@lru_cache(maxsize=2)
def loaded(folder: str) -> Checkpoint:
    """The checkpoint in a folder, cached for processes that do many units of work."""
    return load_checkpoint(Path(folder))
