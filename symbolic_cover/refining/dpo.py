"""Direct preference optimisation (Rafailov et al., NeurIPS 2023) of what the model plays, bar by bar.

What is preferred and what is not share the song's side of every bar, between which the model's own tokens lie, so that
loss is counted by labels rather than on a prompt's continuation; the libraries that have the method know only the
latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as f
from transformers import LlamaForCausalLM, Trainer

from symbolic_cover.arrangement.conditioning import IGNORED_LABEL
from symbolic_cover.refining.preferences import Preference

#: Windows whose likelihood is computed at once, by what fits in 2 GB.
_A_BATCH = 8


def dpo_loss(log_probs: torch.Tensor, reference: torch.Tensor, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean loss, and for each pair by how many nats the model prefers what was chosen more than the reference does.

    `log_probs` and `reference` have shape (2 * pairs,): of all that were chosen, then of all that were rejected.
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
    """Ids and labels of some windows, padded at their ends, where causal attention never looks: (rows, tokens)."""
    longest = max(len(ids) for ids, _ in windows)
    ids = torch.tensor([[*one, *[pad] * (longest - len(one))] for one, _ in windows])
    labels = torch.tensor([[*one, *[IGNORED_LABEL] * (longest - len(one))] for _, one in windows])
    return ids, labels


def pad_of(model: LlamaForCausalLM) -> int:
    """The id that fills up a row."""
    return int(model.config.pad_token_id or 0)


class Pairs(torch.utils.data.Dataset[dict[str, Any]]):
    """Preferences with what the model that is refined makes of them."""

    def __init__(self, preferences: Sequence[Preference], model: LlamaForCausalLM) -> None:
        self.preferences = preferences
        self.reference = reference_of(model, preferences)

    def __len__(self) -> int:
        return len(self.preferences)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"preference": self.preferences[index], "reference": self.reference[index]}


@torch.inference_mode()
def reference_of(model: LlamaForCausalLM, preferences: Sequence[Preference]) -> torch.Tensor:
    """Log-probabilities of what was chosen and of what was rejected, (preferences, 2)."""
    found = []
    for begin in range(0, len(preferences), _A_BATCH):
        some = preferences[begin : begin + _A_BATCH]
        windows = [one.chosen for one in some] + [one.rejected for one in some]
        log_probs = log_probs_of(model, *collate(windows, pad_of(model)))
        found.append(log_probs.view(2, -1).T)
    return torch.cat(found).clone() if found else torch.zeros((0, 2))


@torch.inference_mode()
def divergence(model: LlamaForCausalLM, reference: LlamaForCausalLM, preferences: Sequence[Preference]) -> float:
    """Mean KL divergence of the reference's next token from the model's, in nats, over what was preferred or not."""
    total, count = 0.0, 0
    for one in preferences:
        ids, labels = collate([one.chosen, one.rejected], pad_of(model))
        ours, theirs = (each(input_ids=ids).logits[:, :-1].log_softmax(-1) for each in (model, reference))
        counted = labels[:, 1:] != IGNORED_LABEL
        total += float((theirs.exp() * (theirs - ours)).sum(-1)[counted].sum())
        count += int(counted.sum())
    return total / max(count, 1)


class PreferenceTrainer(Trainer):
    """A Trainer whose loss is that of preferences; `beta` is the leash."""

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
