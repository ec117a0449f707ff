"""Train the refined model on preferences, with early stopping."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PrinterCallback, TrainerCallback, TrainingArguments, set_seed

from symbolic_cover.arrangement.checkpoint import Checkpoint, weights_of
from symbolic_cover.refining.dpo import Pairs, PreferenceTrainer, divergence, reference_of
from symbolic_cover.refining.judging import Scores, illness, judge, means_of
from symbolic_cover.refining.preferences import Preference
from symbolic_cover.refining.tasks import Task

#: One preference in this many is not learned from but used to measure divergence.
_WATCHED = 12
#: A lower scale of logits at which diversity is measured as well, and the most by which the scale may fall.
_LOWER_SCALE, _MOST_SCALED = 0.8, 0.5


@dataclass(frozen=True)
class RefinePlan:
    """The settings of a refinement.

    `beta` is DPO's, `most_divergence` the KL divergence in nats a token at which training stops. After every
    `evaluate_every` steps the watched tasks are arranged.
    """

    epochs: int = 1
    batch_size: int = 8
    learning_rate: float = 6e-5
    beta: float = 0.1
    most_divergence: float = 0.1
    evaluate_every: int = 30
    watched_candidates: int = 3
    seed: int = 0


def refine_model(
    parent: Checkpoint,
    preferences: Sequence[Preference],
    watched: Sequence[Task],
    out: Path,
    plan: RefinePlan,
    progress: Callable[[float], None] | None = None,
) -> tuple[LlamaForCausalLM, list[dict[str, Any]]]:
    """The refined model at the evaluation with the best score on the `watched` tasks, and a line for each evaluation.

    Training ends when the divergence passes the plan's limit or a model is ill (`judging.illness`); an ill model is
    never the best. The first line is the parent's. Lines are written to ``log.jsonl`` in `out` at once.
    """
    set_seed(plan.seed)
    order = torch.randperm(len(preferences), generator=torch.Generator().manual_seed(plan.seed)).tolist()
    held = [preferences[index] for index in order[::_WATCHED]]
    learned = [preferences[index] for place, index in enumerate(order) if place % _WATCHED]
    model = LlamaForCausalLM(parent.model.config)
    model.load_state_dict(parent.model.state_dict())
    n_batches = max(-(-len(learned) // plan.batch_size), 1)
    trainer = PreferenceTrainer(
        beta=plan.beta,
        model=model,
        args=_arguments(out, plan, n_batches * plan.epochs),
        train_dataset=Pairs(learned, parent.model),
    )
    watch = _Watch(parent, held, watched, out / "log.jsonl", plan, n_batches * plan.epochs, progress)
    watch.look(model, 0)
    trainer.add_callback(watch)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    if watch.lines[-1]["step"] != trainer.state.global_step:
        watch.look(model, trainer.state.global_step)
    model.load_state_dict(watch.best)
    return model.eval(), watch.lines


def _arguments(out: Path, plan: RefinePlan, steps: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(out),
        max_steps=steps,
        per_device_train_batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=max(steps // 20, 1),
        max_grad_norm=1.0,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
        seed=plan.seed,
    )


class _Watch(TrainerCallback):
    """Evaluates the model during training, keeps the best, and stops it if it diverges.

    Learning from its own candidates makes a model more confident, as a lower temperature would, and its candidates
    alike. So its logits are scaled (by the weight of its last norm) until it is as varied as its parent, and it is
    judged and kept in this state: a gain is then no effect of temperature.
    """

    def __init__(self, parent: Checkpoint, held: Sequence[Preference], tasks: Sequence[Task], path: Path,
                 plan: RefinePlan, steps: int, progress: Callable[[float], None] | None) -> None:  # fmt: skip
        self.parent, self.held, self.tasks, self.path, self.plan = parent, held, tasks, path, plan
        self.steps, self.progress = steps, progress
        self.reference = reference_of(parent.model, held)
        self.lines: list[dict[str, Any]] = []
        self.start: Scores = {}
        self.best: dict[str, torch.Tensor] = {}
        self.best_score = float("-inf")
        path.unlink(missing_ok=True)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        """Report progress and evaluate."""
        if self.progress:
            self.progress(state.global_step / self.steps)
        if state.global_step % self.plan.evaluate_every == 0 and self.look(model, state.global_step):
            control.should_training_stop = True

    def look(self, model: LlamaForCausalLM, step: int) -> bool:
        """Evaluate, write a line, and decide whether to stop."""
        if step:
            model, scale, scores = self._as_varied(model)
        else:
            model, scale, scores = self.parent.model, 1.0, self._scores(self.parent)
            self.start = scores
        far = divergence(model, self.parent.model, self.held)
        margins = reference_of(model, self.held) - self.reference
        ill = illness(self.start, scores)
        if far > self.plan.most_divergence:
            ill = f"it is {far:.3f} nats a token from its parent"
        right = float((margins[:, 0] > margins[:, 1]).float().mean())
        line = {"step": step, "scale": scale, "divergence": far, "preferred": right, "stopped": ill, **scores}
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if not ill and scores["score"] > self.best_score:
            self.best_score = scores["score"]
            self.best = model.state_dict()
        return bool(ill)

    def _as_varied(self, model: LlamaForCausalLM) -> tuple[LlamaForCausalLM, float, Scores]:
        """A copy of the model, scaled so that its candidates are as varied as its parent's; the scale; and its scores.

        Diversity depends nearly linearly on the scale, which is found by interpolation.
        """
        wanted = self.start["diversity"]
        scores = self._judged(model)
        lacking = wanted - scores["diversity"]
        if lacking <= 0:
            return _scaled(model, 1.0), 1.0, scores
        lower = self._judged(_scaled(model, _LOWER_SCALE))
        slope = (lower["diversity"] - scores["diversity"]) / (1 - _LOWER_SCALE)
        scale = 1 - min(lacking / slope, _MOST_SCALED) if slope > 0 else _LOWER_SCALE
        copy = _scaled(model, scale)
        return copy, round(scale, 4), self._judged(copy)

    def _judged(self, model: LlamaForCausalLM) -> Scores:
        """The means of a model on the watched tasks."""
        return self._scores(replace(self.parent, weights=weights_of(model)))

    def _scores(self, playing: Checkpoint) -> Scores:
        found = [judge(playing, task, self.plan.watched_candidates, self.plan.seed + number)
                 for number, task in enumerate(self.tasks)]  # fmt: skip
        return means_of(found)


def _scaled(model: LlamaForCausalLM, scale: float) -> LlamaForCausalLM:
    """A copy of a model with its logits multiplied by a factor."""
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        copy.model.norm.weight *= scale
    return copy.eval()
