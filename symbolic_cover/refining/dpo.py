"""Direct preference optimisation (Rafailov et al., NeurIPS 2023) on the model's own tokens, bar by bar.

Both sides of a preference share the song's side of every bar, interleaved with the model's own tokens. So the loss is
computed over labels instead of the continuation of a prompt, which is all that libraries with the method support.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as f
from transformers import LlamaForCausalLM, Trainer

from symbolic_cover.arrangement.conditioning import IGNORED_LABEL
from symbolic_cover.refining.preferences import Preference

#: The number of windows whose likelihood is computed at once, to fit into 2 GB.
_A_BATCH = 8


def dpo_loss(log_probs: torch.Tensor, reference: torch.Tensor, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean loss, and for each pair the margin in nats by which the model prefers the chosen side more than the
    reference.

    `log_probs` and `reference` have shape (2 * pairs,): of all chosen, then of all rejected sides.
    """
    chosen, rejected = (log_probs - reference).chunk(2)
    margins = chosen - rejected
    return -f.logsigmoid(beta * margins).mean(), margins


def log_probs_of(model: LlamaForCausalLM, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The log-probability of all labels of each row, in nats: (rows, tokens) -> (rows,)."""
    logits = model(input_ids=ids).logits[:, :-1].float()
    wanted = labels[:, 1:]
    each = logits.log_softmax(-1).gather(-1, wanted.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (each * (wanted != IGNORED_LABEL)).sum(-1)


def collate(windows: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels of windows, padded at the end, which causal attention ignores: (rows, tokens)."""
    longest = max(len(ids) for ids, _ in windows)
    ids = torch.tensor([[*one, *[pad] * (longest - len(one))] for one, _ in windows])
    labels = torch.tensor([[*one, *[IGNORED_LABEL] * (longest - len(one))] for _, one in windows])
    return ids, labels


def pad_of(model: LlamaForCausalLM) -> int:
    """The padding id."""
    return int(model.config.pad_token_id or 0)


class Pairs(torch.utils.data.Dataset[dict[str, Any]]):
    """Preferences with reference log probabilities, as a dataset."""

    def __init__(self, preferences: Sequence[Preference], model: LlamaForCausalLM) -> None:
        self.preferences = preferences
        self.reference = reference_of(model, preferences)

    def __len__(self) -> int:
        return len(self.preferences)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"preference": self.preferences[index], "reference": self.reference[index]}


@torch.inference_mode()
def reference_of(model: LlamaForCausalLM, preferences: Sequence[Preference]) -> torch.Tensor:
    """Log probabilities of the chosen and the rejected side, (preferences, 2)."""
    found = []
    for begin in range(0, len(preferences), _A_BATCH):
        some = preferences[begin : begin + _A_BATCH]
        windows = [one.chosen for one in some] + [one.rejected for one in some]
        log_probs = log_probs_of(model, *collate(windows, pad_of(model)))
        found.append(log_probs.view(2, -1).T)
    return torch.cat(found).clone() if found else torch.zeros((0, 2))


@torch.inference_mode()
def divergence(model: LlamaForCausalLM, reference: LlamaForCausalLM, preferences: Sequence[Preference]) -> float:
    """Mean KL(reference || model) of the next token, in nats, over both sides of preferences."""
    total, count = 0.0, 0
    for one in preferences:
        ids, labels = collate([one.chosen, one.rejected], pad_of(model))
        ours, theirs = (each(input_ids=ids).logits[:, :-1].log_softmax(-1) for each in (model, reference))
        counted = labels[:, 1:] != IGNORED_LABEL
        total += float((theirs.exp() * (theirs - ours)).sum(-1)[counted].sum())
        count += int(counted.sum())
    return total / max(count, 1)


class PreferenceTrainer(Trainer):
    """A Trainer with the loss of preferences; `beta` is the strength of DPO's KL constraint."""

    def __init__(self, *, model: LlamaForCausalLM, beta: float, **others: Any) -> None:
        super().__init__(model=model, data_collator=self._collated, **others)
        self.beta = beta
        self.pad = pad_of(model)
        self.label_names = ["labels"]

    def _collated(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        preferences = [item["preference"] for item in items]
        windows = [one.chosen for one in preferences] + [one.rejected for one in preferences]
        ids, labels = collate(windows, self.pad)
        reference = torch.stack([item["reference"] for item in items]).T.reshape(-1)
        return {"input_ids": ids, "labels": labels, "reference": reference}

    def compute_loss(self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False,
                     num_items_in_batch: Any = None) -> Any:  # fmt: skip
        """The loss of a batch of pairs."""
        log_probs = log_probs_of(model, inputs["input_ids"], inputs["labels"])
        loss, margins = dpo_loss(log_probs, inputs["reference"], self.beta)
        return (loss, {"margins": margins.detach()}) if return_outputs else loss
