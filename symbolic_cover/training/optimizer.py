"""The optimizer: Muon for the weight matrices inside a model, AdamW for everything else."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch


class MuonWithAdamW(torch.optim.Optimizer):
    """Two optimizers with the interface of one, for schedules, trainers and checkpoints.

    Muon (Jordan et al. 2024) makes the update of a matrix orthogonal. It is meant for matrices between hidden layers;
    those at a model's `edge` (embeddings, heads) and the scales of norms stay with AdamW. Its rate is given in AdamW's
    terms: an update has the same root mean square (Liu et al. 2025, arXiv 2502.16982).
    """

    def __init__(
        self, model: torch.nn.Module, *, edge: Collection[torch.nn.Parameter], matrix_rate: float, rate: float,
        weight_decay: float,
    ) -> None:  # fmt: skip
        kept = {id(parameter) for parameter in edge}
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        matrices = [parameter for parameter in trained if parameter.ndim == 2 and id(parameter) not in kept]
        chosen = {id(parameter) for parameter in matrices}
        others = [parameter for parameter in trained if id(parameter) not in chosen]
        self._parts = (
            torch.optim.Muon(
                matrices, lr=matrix_rate, weight_decay=weight_decay, momentum=0.95, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(others, lr=rate, weight_decay=weight_decay, betas=(0.9, 0.98)),
        )
        super().__init__([{"params": matrices}, {"params": others}], {})
        self._share_groups()

    def _share_groups(self) -> None:
        """Use the optimizers' own parameter groups, so that a rate set here takes effect."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every parameter once; a closure is not supported."""
        for part in self._parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """The states of both."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore states from `state_dict`."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()
