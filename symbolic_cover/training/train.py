"""Train an arranger with the Hugging Face Trainer on a prepared corpus.

Needs only torch, transformers, accelerate, numpy and safetensors, so that the package and a folder of shards are enough
on a rented machine. The learning rate warms up, stays constant, and decays over the last part of the steps, so that a
run can be stopped at any checkpoint and finished later with fewer `steps`.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import (
    EarlyStoppingCallback,
    LlamaConfig,
    LlamaForCausalLM,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.places import PRESETS
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.training.card import write_model_card
from symbolic_cover.training.dataset import Vocabulary, WindowDataset
from symbolic_cover.training.optimizer import MuonWithAdamW

#: The files of a corpus that are stored with the weights.
_BELONGINGS = (
    "tokenizer.json", "sources.json", "human_range.safetensors", "people.json", "training_patterns.safetensors",
)  # fmt: skip
#: The largest size of a weight file, for transfer and storage.
LARGEST_FILE = "15MB"
MODELS_FOLDER = PRESETS / "models"


@dataclass(frozen=True)
class TrainingPlan:
    """A model's shape and training settings; see ``presets/models/*.toml``.

    `key_heads` is the number of key and value heads (grouped-query attention). `learning_rate` is AdamW's,
    `matrix_learning_rate` Muon's (`training/optimizer.py`). `patience` is the number of evaluations without a gain on
    held-out songs after which training ends.
    """

    hidden_size: int
    layers: int
    heads: int
    key_heads: int
    intermediate_size: int
    context: int
    steps: int
    batch_size: int
    accumulation: int
    learning_rate: float
    matrix_learning_rate: float
    warmup_steps: int
    decay_share: float
    evaluate_every: int
    weight_decay: float
    dropout: float
    patience: int

    @classmethod
    def load(cls, preset: str) -> TrainingPlan:
        """Read a preset by name, or a TOML file of the same kind; raises `UsageError` for an unknown one."""
        path = Path(preset) if preset.endswith(".toml") else MODELS_FOLDER / f"{preset}.toml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in MODELS_FOLDER.glob("*.toml")))
            raise UsageError(f"There is no model preset '{preset}'.", f"Choose one of: {known}; or give a .toml file.")
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        if set(told) != {field.name for field in fields(cls)}:
            wrong = ", ".join(sorted(set(told) ^ {field.name for field in fields(cls)}))
            raise UsageError(f"{path} has missing or unknown settings: {wrong}.", "See presets/models.")
        return cls(**told)


def build_model(plan: TrainingPlan, vocabulary: Vocabulary) -> LlamaForCausalLM:
    """A new model of the plan's shape with random weights."""
    config = LlamaConfig(
        vocab_size=vocabulary.size,
        hidden_size=plan.hidden_size,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.key_heads,
        intermediate_size=plan.intermediate_size,
        max_position_embeddings=plan.context,
        attention_dropout=plan.dropout,
        tie_word_embeddings=True,
        bos_token_id=vocabulary.bos,
        eos_token_id=vocabulary.eos,
        pad_token_id=vocabulary.pad,
    )
    return LlamaForCausalLM(config)


def begin_with(folder: Path, vocabulary: Vocabulary) -> LlamaForCausalLM:
    """The weights of another checkpoint with another vocabulary: tokens in both keep their embeddings.

    New tokens are initialized with the mean of all old ones.
    """
    model: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["config"]
    known = {word: i for i, word in enumerate([*config["special_tokens"], *config["additional_params"]["words"]])}
    if known == vocabulary.ids:
        return model
    embedding: Any = model.get_input_embeddings()
    old = embedding.weight.detach().clone()
    rows: torch.Tensor = model.resize_token_embeddings(vocabulary.size, mean_resizing=False).weight.data
    for word, row in vocabulary.ids.items():
        rows[row] = old[known[word]] if word in known else old.mean(dim=0)
    model.config.bos_token_id, model.config.eos_token_id = vocabulary.bos, vocabulary.eos
    model.config.pad_token_id = vocabulary.pad
    return model


def train(
    data: Path,
    out: Path,
    plan: TrainingPlan,
    *,
    seed: int = 0,
    resume: bool = True,
    start_from: Path | None = None,
    sample: Callable[[LlamaForCausalLM, int], None] | None = None,
    progress: Callable[[int], None] | None = None,
    precision: str = "auto",
) -> dict[str, float]:
    """Train on the shards in `data` and write checkpoints, a log and the final model to `out`.

    The model is the best of those that were evaluated. A run found in `out` is continued unless `resume` is false.
    `start_from` initializes with the weights of another checkpoint, whose vocabulary may differ. `sample(model, step)`
    is called at every evaluation, `progress(step)` after every step. Under ``torchrun`` the processes share each batch,
    and the first one writes. Returns the last metrics. Raises `UsageError` without shards.
    """
    if not (data / "train" / "tokens.npy").is_file():
        raise UsageError(f"There are no shards in {data}.", "Make them with `symbolic-cover prepare`.")
    set_seed(seed)
    vocabulary = Vocabulary.load(data)
    per_step = plan.batch_size * plan.accumulation
    training = WindowDataset(
        Shard.load(data / "train"), vocabulary, context=plan.context, length=plan.steps * per_step, seed=seed
    )
    validation = WindowDataset(
        Shard.load(data / "valid"), vocabulary, context=plan.context, length=96, seed=1, augment=False
    )
    model = begin_with(start_from, vocabulary) if start_from else build_model(plan, vocabulary)
    rates = {"matrix_rate": plan.matrix_learning_rate, "rate": plan.learning_rate, "weight_decay": plan.weight_decay}
    trainer = Trainer(
        model=model,
        args=_arguments(out, plan, seed, precision),
        train_dataset=training,
        eval_dataset=validation,
        optimizer_cls_and_kwargs=(
            MuonWithAdamW,
            {"model": model, "edge": list(model.get_input_embeddings().parameters()), **rates},
        ),
        callbacks=[RunLog(out / "log.jsonl", sample, progress), EarlyStoppingCallback(plan.patience)],
    )
    trainer.remove_callback(PrinterCallback)  # the log is in log.jsonl
    last = _last_checkpoint(out) if resume else None
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    metrics = trainer.evaluate()
    if trainer.is_world_process_zero():
        made = {"plan": vars(plan), "metrics": metrics, "start_from": start_from.name if start_from else None}
        save_checkpoint(model, data, out / "final", **made)
    part_processes()
    return metrics


def part_processes() -> None:
    """Under ``torchrun``: destroy the process group, whose threads may otherwise abort a process that exits."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def save_checkpoint(model: LlamaForCausalLM, data: Path, folder: Path, **facts: Any) -> None:
    """Write a model in the Hugging Face layout, in half precision, with its tokenizer and training facts."""
    model.half().save_pretrained(folder, max_shard_size=LARGEST_FILE)
    for name in _BELONGINGS:
        if (data / name).is_file():
            shutil.copy(data / name, folder / name)
    (folder / "training.json").write_text(json.dumps(facts, indent=2, default=str), encoding="utf-8")
    write_model_card(folder, facts, model.num_parameters())


def _arguments(out: Path, plan: TrainingPlan, seed: int, precision: str) -> TrainingArguments:
    cuda = torch.cuda.is_available()
    n_processes = int(os.environ.get("WORLD_SIZE", 1))
    if plan.batch_size % n_processes:
        raise UsageError(
            f"{n_processes} processes cannot share batches of {plan.batch_size}.", "Start a number that divides it."
        )
    bf16 = {"fp32": False, "bf16": True}.get(precision, cuda or cpu_has_fast_bf16())
    return TrainingArguments(
        output_dir=str(out),
        max_steps=plan.steps,
        per_device_train_batch_size=plan.batch_size // n_processes,
        per_device_eval_batch_size=plan.batch_size // n_processes,
        ddp_backend="gloo" if n_processes > 1 and not cuda else None,
        ddp_find_unused_parameters=False,
        gradient_accumulation_steps=plan.accumulation,
        max_grad_norm=1.0,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"num_decay_steps": max(int(plan.steps * plan.decay_share), 1), "min_lr_ratio": 0.02},
        warmup_steps=plan.warmup_steps,
        eval_strategy="steps",
        eval_steps=plan.evaluate_every,
        save_steps=plan.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=True,
        logging_steps=max(plan.evaluate_every // 10, 1),
        prediction_loss_only=True,
        report_to=[],
        disable_tqdm=True,
        use_cpu=not cuda,
        bf16=bf16,
        seed=seed,
        dataloader_num_workers=0,
        dataloader_pin_memory=cuda,
    )


def cpu_has_fast_bf16() -> bool:
    """True if the processor multiplies bf16 in hardware: twice as fast with AMX, half as fast again with AVX-512."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def _last_checkpoint(out: Path) -> Path | None:
    """The newest complete checkpoint of a run; incomplete ones are skipped."""
    found = sorted(out.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]), reverse=True)
    return next(filter(_is_whole, found), None)


def _is_whole(folder: Path) -> bool:
    try:
        json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
        with safe_open(folder / "model.safetensors", "pt") as weights:
            weights.keys()
    except (OSError, ValueError, SafetensorError):
        return False
    return zipfile.is_zipfile(folder / "optimizer.pt") and zipfile.is_zipfile(folder / "scheduler.pt")


class RunLog(TrainerCallback):
    """A line of JSON for every report of the Trainer, and a sample at every evaluation."""

    def __init__(
        self,
        path: Path,
        sample: Callable[[LlamaForCausalLM, int], None] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.path, self.sample, self.progress = path, sample, progress

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report progress."""
        if self.progress and state.is_world_process_zero:
            self.progress(state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        """Add a line."""
        if not state.is_world_process_zero:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": state.global_step, **(logs or {})}) + "\n")

    def on_evaluate(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """Write a sample."""
        if self.sample and state.is_world_process_zero:
            self.sample(model, state.global_step)
