"""Learn a style as a LoRA adapter of a checkpoint: low-rank changes of every matrix, and a new style embedding.

Low-rank adaptation (Hu et al., 2022, arXiv 2106.09685) with PEFT. The embedding of ``Style_own`` is initialized with
that of the most similar style, so that before the first step the model plays in that style; later losses on held-out
songs are compared with the loss at that point.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    EarlyStoppingCallback,
    LlamaForCausalLM,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from symbolic_cover.corpus.shards import Shard
from symbolic_cover.training.dataset import Vocabulary, WindowDataset
from symbolic_cover.training.train import RunLog

_MATRICES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True)
class AdapterPlan:
    """How an adapter is trained; training ends after `patience` evaluations without a gain.

    Every `evaluate_every` steps the loss on `windows` of held-out songs is computed.
    """

    rank: int = 16
    steps: int = 100
    batch_size: int = 4
    learning_rate: float = 2e-3
    warmup_steps: int = 10
    evaluate_every: int = 20
    patience: int = 3
    windows: int = 16


@dataclass(frozen=True)
class Learned:
    """Losses in nats a token of Y on held-out songs, and the step whose weights were kept (0: there was no gain)."""

    loss_before: float
    loss: float
    step: int


def train_adapter(
    model: LlamaForCausalLM,
    data: Path,
    out: Path,
    plan: AdapterPlan,
    *,
    like: str,
    own: str = "own",
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Learned:
    """Train an adapter of `model` on the splits ``train`` and ``valid`` in `data`; PEFT's files of the best step go to
    `out`.

    `like` and `own` are names of styles in the vocabulary of `data`. Nothing is written if no step is better than none.
    `model` is modified.
    """
    set_seed(seed)
    vocabulary, context = Vocabulary.load(data), model.config.max_position_embeddings
    adapted = _adapted(model, plan, vocabulary.ids[f"Style_{own}"], vocabulary.ids[f"Style_{like}"])
    training, held_out = (
        WindowDataset(Shard.load(data / split), vocabulary, context=context, length=length, seed=seed, augment=augment)
        for split, length, augment in (("train", plan.steps * plan.batch_size, True), ("valid", plan.windows, False))
    )
    trainer = Trainer(
        model=adapted,
        args=_arguments(data / "run", plan, seed),
        train_dataset=training,
        eval_dataset=held_out,
        callbacks=[
            RunLog(data / "log.jsonl", progress=lambda step: progress(step / plan.steps) if progress else None),
            EarlyStoppingCallback(plan.patience),
        ],
    )
    trainer.remove_callback(PrinterCallback)  # the log is in log.jsonl
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    best = trainer.state.best_metric
    if best is None or best >= before:
        return Learned(before, before, 0)
    _save(adapted, out)
    return Learned(before, float(best), int(trainer.state.best_global_step or 0))


def _adapted(model: LlamaForCausalLM, plan: AdapterPlan, own: int, like: int) -> PeftModel:
    embedding: Any = model.get_input_embeddings()
    with torch.no_grad():
        embedding.weight[own] = embedding.weight[like]
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=plan.rank,
        lora_alpha=2 * plan.rank,
        target_modules=_MATRICES,
        trainable_token_indices={"embed_tokens": [own]},
    )
    return get_peft_model(model, config)


def _save(adapted: PeftModel, out: Path) -> None:
    """PEFT's files, without its empty card and the local path of the checkpoint."""
    adapted.save_pretrained(str(out), save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)
    config = out / "adapter_config.json"
    told = json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": None}
    config.write_text(json.dumps(told, indent=2), encoding="utf-8")


def _arguments(out: Path, plan: AdapterPlan, seed: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(out),
        max_steps=plan.steps,
        per_device_train_batch_size=plan.batch_size,
        per_device_eval_batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=plan.warmup_steps,
        max_grad_norm=1.0,
        eval_strategy="steps",
        eval_steps=min(plan.evaluate_every, plan.steps),
        save_steps=min(plan.evaluate_every, plan.steps),
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=plan.evaluate_every,
        prediction_loss_only=True,
        report_to=[],
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        seed=seed,
        dataloader_pin_memory=False,
    )
