"""A refinement: gather preferences, learn from them, compare on held-out songs, keep the better checkpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from symbolic_cover.arrangement.adapter import weights_sha256
from symbolic_cover.arrangement.checkpoint import Checkpoint, load_checkpoint
from symbolic_cover.core.errors import InputError, SymbolicCoverError, UsageError
from symbolic_cover.core.files import put_in_place
from symbolic_cover.core.progress import Progress
from symbolic_cover.refining import preferences as lines
from symbolic_cover.refining.candidates import candidate_preferences
from symbolic_cover.refining.judging import Scores, Verdict, compare, judge_all, means_of, people_of
from symbolic_cover.refining.listeners import Said, preferences_of
from symbolic_cover.refining.preferences import Preference
from symbolic_cover.refining.tasks import Task, shuffled
from symbolic_cover.refining.training import RefinePlan, refine_model
from symbolic_cover.training.card import write_model_card
from symbolic_cover.training.train import save_checkpoint

CHECKPOINT = "checkpoint"
#: Fields of the plan that checkpoints store under an older key.
_STORED = {"watched_candidates": "watched_drafts"}
#: The least number of preferences.
_FEWEST = 4
#: A person's preference is more reliable than our measures, so it is repeated this often.
_SAID_TIMES = 4
#: Tasks that are sampled before the preferences are counted.
_A_LOT = 40
_HELD_OUT = 4
#: Facts that apply to the parent alone.
_OF_THE_PARENT = ("metrics", "scores", "scored_by", "memorisation")


@dataclass(frozen=True)
class Material:
    """Three sets of tasks: sampled to learn from, watched during training, and compared on at the end."""

    sampled: Sequence[Task]
    watched: Sequence[Task]
    compared: Sequence[Task]

    @classmethod
    def of_songs(cls, by_song: Sequence[Sequence[Task]], seed: int) -> Material:
        """Hold out every fourth song, or of fewer than four songs the last quarter of the bars.

        The held-out tasks are both watched and compared on, unlike those of a corpus. Raises `InputError` if there are
        too few.
        """
        if len(by_song) >= _HELD_OUT:
            held = [task for song in by_song[::_HELD_OUT] for task in song]
            sampled = [task for place, song in enumerate(by_song) if place % _HELD_OUT for task in song]
        else:
            cut = [-(-len(song) // _HELD_OUT) for song in by_song]
            held = [task for song, n in zip(by_song, cut, strict=True) for task in song[len(song) - n :]]
            sampled = [task for song, n in zip(by_song, cut, strict=True) for task in song[: len(song) - n]]
        if not held or not sampled:
            raise InputError("There are too few bars with a melody in these songs.", "Give more or longer songs.")
        return cls(shuffled(sampled, seed), held, held)


@dataclass(frozen=True)
class Outcome:
    """The result: the means before and after, the verdict, and the folder of the new checkpoint, if it is kept.

    `skipped` says why some preferences of people could not be used.
    """

    before: Scores
    after: Scores
    people: Scores
    verdict: Verdict
    counts: dict[str, int]
    skipped: tuple[str, ...]
    checkpoint: Path | None


def refine(
    parent_folder: Path,
    material: Material,
    said: Sequence[Said],
    out: Path,
    *,
    plan: RefinePlan = RefinePlan(),
    wanted: int = 600,
    n_candidates: int = 6,
    n_judged: int = 4,
    workers: int = 1,
    progress: Progress | None = None,
) -> Outcome:
    """Refine the checkpoint in `parent_folder`; everything is written to `out`, and a run found there is continued.

    Makes `wanted` preferences, each among `n_candidates` candidates; `n_judged` candidates are compared at the end. The
    new checkpoint is ``checkpoint`` in `out`; there is none if it is not better. The parent is not changed. Raises
    `UsageError` if `out` has a refinement with other settings, `InputError` if there are too few preferences.
    """
    tell = progress or (lambda stage, share: None)
    parent = load_checkpoint(parent_folder)
    lineage = {"parent": parent_folder.name, "parent_sha256": weights_sha256(parent_folder), "plan": _plan_facts(plan),
               "drafts": n_candidates}  # fmt: skip
    _must_go_on(out, lineage)
    found = _sampled_preferences(parent_folder, material.sampled, wanted, out, n_candidates, plan.seed, workers, tell)
    heard, skipped = _heard(said, parent)
    counts = {origin: sum(one.origin == origin for one in [*found, *heard]) for origin in lines.ORIGINS}
    if len(found) + len(heard) < _FEWEST:
        why = f" ({skipped[0]})" if skipped else ""
        raise InputError(f"{len(found) + len(heard)} preferences are too few to learn from{why}.", "Give more songs.")
    model, log = refine_model(
        parent, [*found, *heard * _SAID_TIMES], material.watched, out, plan, lambda share: tell("learn", share)
    )
    candidate = out / "candidate"
    known = {name: value for name, value in parent.facts.items() if name not in _OF_THE_PARENT}
    facts = known | {"lineage": lineage | {"preferences": counts, "log": log}}
    save_checkpoint(model, parent_folder, candidate, **facts)

    def judged(stage: str, folder: Path) -> list[Scores]:
        return judge_all(folder, material.compared, n_candidates=n_judged, seed=plan.seed, workers=workers,
                         progress=lambda share: tell(stage, share))  # fmt: skip

    before, after = judged("before", parent_folder), judged("after", candidate)
    verdict = compare(before, after, plan.seed)
    outcome = Outcome(
        means_of(before), means_of(after), people_of(parent, material.compared), verdict, counts, tuple(skipped), None
    )
    return _kept(outcome, candidate, out, parent.model.num_parameters())


def _must_go_on(out: Path, lineage: dict[str, Any]) -> None:
    """Record the settings in `out`, or raise `UsageError` if it has others."""
    path = out / "refinement.json"
    wanted = json.loads(json.dumps(lineage))
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != wanted:
        raise UsageError(f"{out} has a refinement with other settings.", "Choose another --out, or delete it.")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(wanted, indent=1), encoding="utf-8")


def _heard(said: Sequence[Said], parent: Checkpoint) -> tuple[list[Preference], list[str]]:
    """The preferences of people, and why some could not be used."""
    found: list[Preference] = []
    skipped = []
    for one in said:
        try:
            heard = list(preferences_of(one, parent))
        except SymbolicCoverError as error:
            skipped.append(str(error))
            continue
        found += heard
        if not heard:
            skipped.append(f"{one.chosen} and {one.rejected} do not differ.")
    return found, skipped


def _plan_facts(plan: RefinePlan) -> dict[str, Any]:
    """The plan under the keys that the lineage stores."""
    return {_STORED.get(name, name): value for name, value in asdict(plan).items()}


def _sampled_preferences(
    folder: Path,
    tasks: Sequence[Task],
    wanted: int,
    out: Path,
    n_candidates: int,
    seed: int,
    workers: int,
    tell: Progress,
) -> list[Preference]:
    """The first `wanted` preferences among candidates of the tasks; those of an earlier run are kept."""
    path = out / "preferences.jsonl"
    names = {task.name for task in tasks}
    done = {name: one for name, one in lines.read(path) if name in names}
    found = [one for one in done.values() if one is not None]
    units = [(task, seed + number) for number, task in enumerate(tasks) if task.name not in done]
    while units and len(found) < wanted:
        lot, units = units[:_A_LOT], units[_A_LOT:]
        for task, preference in candidate_preferences(folder, lot, n_candidates=n_candidates, workers=workers):
            lines.append(path, task.name, preference)
            found += [preference] if preference else []
            tell("sample", min(len(found) / wanted, 1.0))
    return found[:wanted]


def _kept(outcome: Outcome, candidate: Path, out: Path, n_parameters: int) -> Outcome:
    """Make the candidate the checkpoint if it is better; the comparison is written either way."""
    told = {"before": outcome.before, "after": outcome.after, "people": outcome.people,
            "verdict": asdict(outcome.verdict), "preferences": outcome.counts}  # fmt: skip
    path = candidate / "training.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["lineage"]["comparison"] = told
    path.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    write_model_card(candidate, facts, n_parameters)
    (out / "comparison.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    if not outcome.verdict.better:
        return outcome
    final = out / CHECKPOINT
    put_in_place(candidate, final)
    return replace(outcome, checkpoint=final)
