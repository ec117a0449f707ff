"""Train for a given number of minutes on one accelerator, from scratch or from a checkpoint.

The schedule follows the clock, so that a machine lent for ten minutes is fully used: warm-up, constant rate, and decay
over the last part of the time. Needs only torch, transformers, numpy and safetensors; `scripts/gpu_train` packs it with
a corpus. Uses bf16 and compilation on a GPU; also runs on a CPU, for tests.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import LlamaForCausalLM

from symbolic_cover.corpus.shards import Shard
from symbolic_cover.training.dataset import Vocabulary, WindowDataset
from symbolic_cover.training.optimizer import MuonWithAdamW
from symbolic_cover.training.train import LARGEST_FILE, TrainingPlan, begin_with, build_model

_ENDLESS = 1 << 40
_LEAST_RATE = 0.01
_LOG_EVERY, _VALIDATION_WINDOWS = 50, 256


@dataclass(frozen=True)
class Lease:
    """How long to train: minutes from the start, or fewer if `steps` are done; and the workers that make windows.

    `save_every_sec` is the interval of saving weights and evaluating held-out songs.
    """

    minutes: float
    steps: int = _ENDLESS
    workers: int = 7
    save_every_sec: float = 120.0
    compiled: bool = True


def train_for(
    data: Path, out: Path, plan: TrainingPlan, lease: Lease, *, seed: int = 0, start_from: Path | None = None
) -> dict[str, float]:
    """Train on the shards in `data`; weights in half precision and ``log.jsonl`` go to `out`. Returns the last line."""
    begun = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    torch.set_float32_matmul_precision("high")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    vocabulary = Vocabulary.load(data)
    model = begin_with(start_from, vocabulary) if start_from else build_model(plan, vocabulary)
    torch.nn.Module.to(model, device)
    optimizer = MuonWithAdamW(
        model, edge=list(model.get_input_embeddings().parameters()), matrix_rate=plan.matrix_learning_rate,
        rate=plan.learning_rate, weight_decay=plan.weight_decay,
    )  # fmt: skip
    forward: Any = torch.compile(model) if lease.compiled and device.type == "cuda" else model
    rates = [group["lr"] for group in optimizer.param_groups]
    batches, held_out = _batches(data, vocabulary, plan, lease, seed), _held_out(data, vocabulary, plan)
    losses: list[torch.Tensor] = []
    step, saved_at = 0, begun
    for ids, labels in batches:
        elapsed = time.monotonic() - begun
        if elapsed >= 60 * lease.minutes or step >= lease.steps:
            break
        share = max(elapsed / (60 * lease.minutes), step / lease.steps)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * _schedule(share, step, plan)
        ids, labels = (one.to(device, torch.int64, non_blocking=True) for one in (ids, labels))
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = forward(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.detach())
        step += 1
        if step % _LOG_EVERY == 0:
            _report(out, step, elapsed, plan, losses)
            losses = []
        if time.monotonic() - saved_at > lease.save_every_sec:
            _report(out, step, elapsed, plan, losses, valid=_evaluate(model, held_out, plan.batch_size))
            save(model, out)
            saved_at = time.monotonic()
    save(model, out)
    valid = _evaluate(model, held_out, plan.batch_size)
    return _report(out, step, time.monotonic() - begun, plan, losses, valid=valid)


def save(model: LlamaForCausalLM, out: Path) -> None:
    """Write the weights in half precision; the model keeps its own."""
    state = {name: value.detach().half().cpu() for name, value in model.state_dict().items()}
    model.save_pretrained(out / "weights", state_dict=state, max_shard_size=LARGEST_FILE)


def _schedule(share: float, step: int, plan: TrainingPlan) -> float:
    """The factor on the learning rate after this `share` of the time."""
    warm = min((step + 1) / max(plan.warmup_steps, 1), 1.0)
    return warm * max(min((1 - share) / plan.decay_share, 1.0), _LEAST_RATE)


def _batches(data: Path, vocabulary: Vocabulary, plan: TrainingPlan, lease: Lease, seed: int) -> Any:
    windows = WindowDataset(Shard.load(data / "train"), vocabulary, context=plan.context, length=1 << 30, seed=seed)
    return torch.utils.data.DataLoader(
        windows, batch_size=plan.batch_size, num_workers=lease.workers, collate_fn=_small, pin_memory=False,
        prefetch_factor=4 if lease.workers else None,
    )  # fmt: skip


def _held_out(data: Path, vocabulary: Vocabulary, plan: TrainingPlan) -> tuple[torch.Tensor, torch.Tensor]:
    """Windows of held-out songs, the same in every run; ids and labels (windows, context)."""
    windows = WindowDataset(
        Shard.load(data / "valid"), vocabulary, context=plan.context, length=_VALIDATION_WINDOWS, seed=1, augment=False
    )
    return _small([windows[i] for i in range(len(windows))])


def _small(windows: list[dict[str, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch in two bytes a token, for passing between processes."""
    ids, labels = (torch.stack([one[name] for one in windows]).to(torch.int16) for name in ("input_ids", "labels"))
    return ids, labels


@torch.no_grad()
def _evaluate(model: LlamaForCausalLM, held_out: tuple[torch.Tensor, torch.Tensor], rows: int) -> float:
    """Nats per counted token of the held-out windows."""
    total, count = 0.0, 0
    device = next(model.parameters()).device
    for ids, labels in zip(*(part.split(rows) for part in held_out), strict=True):
        ids, labels = ids.to(device, torch.int64), labels.to(device, torch.int64)
        n_counted = int((labels[:, 1:] >= 0).sum())
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            total += float(model(input_ids=ids, labels=labels, use_cache=False).loss) * n_counted
        count += n_counted
    return total / max(count, 1)


def _report(
    out: Path, step: int, elapsed: float, plan: TrainingPlan, losses: list[torch.Tensor], **more: float
) -> dict[str, float]:
    """Add a line to the log."""
    n_tokens = step * plan.batch_size * plan.context
    line = {"step": step, "sec": round(elapsed, 1), "tokens": n_tokens} | more
    if losses:
        line["loss"] = float(np.mean(torch.stack(losses).float().cpu().numpy()))
    with (out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)
    return line
