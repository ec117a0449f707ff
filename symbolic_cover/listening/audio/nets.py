"""Common parts of the listening networks: temporal convolutions, inference over a whole recording, and files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import nn

_CHUNK_FRAMES, _MARGIN_FRAMES = 4096, 1024
_Net = TypeVar("_Net", bound=nn.Module)


class OverTime(nn.Module):
    """A residual block: a dilated convolution over time and a pointwise layer."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dilation = dilation
        self.over_time = nn.Linear(3 * width, width)
        self.across = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, frames, width) -> the same shape."""
        n_frames = x.shape[1]
        around = nn.functional.pad(self.norm(x), (0, 0, self.dilation, self.dilation))
        taps = [around[:, first : first + n_frames] for first in (0, self.dilation, 2 * self.dilation)]
        inner = nn.functional.relu(self.over_time(torch.cat(taps, dim=-1)))
        return x + self.dropout(self.across(inner))


class _HasSettings(Protocol):
    settings: dict[str, Any]

    def state_dict(self) -> dict[str, torch.Tensor]: ...


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch takes one thread: where two ears listen at a time, or products are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def answers_of(model: nn.Module, given: torch.Tensor) -> dict[str, np.ndarray]:
    """The outputs of a network for the features (frames, n) of a whole recording, each (frames, ...); chunks with
    margins bound memory."""
    answers: dict[str, list[np.ndarray]] = {}
    with torch.inference_mode():
        for first in range(0, len(given), _CHUNK_FRAMES):
            begin = max(first - _MARGIN_FRAMES, 0)
            chunk = given[begin : first + _CHUNK_FRAMES + _MARGIN_FRAMES]
            for name, logits in model.eval()(chunk[None]).items():
                kept = logits[0, first - begin : first - begin + _CHUNK_FRAMES]
                answers.setdefault(name, []).append(kept.numpy())
    return {name: np.concatenate(parts) for name, parts in answers.items()}


def save_net(model: _HasSettings, folder: Path) -> None:
    """Save weights in half precision, and the shape of the network."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in model.state_dict().items()},
              folder / "model.safetensors")  # fmt: skip
    (folder / "config.json").write_text(json.dumps(model.settings, indent=2) + "\n", encoding="utf-8")


def load_net(kind: type[_Net], folder: Path) -> _Net:
    """Load a network of a class from a folder."""
    from safetensors.torch import load_file

    model = kind(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    model.load_state_dict({name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()})
    return model.eval()
