"""A checkpoint: one folder in the Hugging Face layout with model, tokenizer and its history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file

from symbolic_cover.arrangement.adopted import adopted
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.places import CHECKPOINTS
from symbolic_cover.core.styles import DEFAULT_STYLE, style_facts, user_styles
from symbolic_cover.evaluation.human_range import HumanRange, load_ranges
from symbolic_cover.tokens.language import Language, additional_parameters
from symbolic_cover.tokens.plan import KINDS

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

SHIPPED = CHECKPOINTS
#: The name that tells `find_checkpoint` to ignore adopted checkpoints.
SHIPPED_NAME = "shipped"


@dataclass(frozen=True)
class Checkpoint:
    """An arranger ready to sample from: its weights by name, in single precision, and the model's `config`.

    `human` are the measures of people's arrangements, by style.
    """

    name: str
    weights: Mapping[str, np.ndarray]
    config: Mapping[str, Any]
    tokenizer: Language
    facts: dict[str, Any]
    human: dict[str, HumanRange] = field(default_factory=dict)

    @cached_property
    def model(self) -> LlamaForCausalLM:
        """The model in PyTorch, for training or measuring; covers do not need it."""
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        model = LlamaForCausalLM(LlamaConfig.from_dict(dict(self.config)))
        model.load_state_dict({name: torch.from_numpy(values) for name, values in self.weights.items()}, strict=False)
        return model.float().eval()


def find_checkpoint(name_or_path: str | Path | None = None, style: str = DEFAULT_STYLE) -> Path | None:
    """The folder of a checkpoint given by path or by the name of a shipped one.

    ``shipped`` is the shipped one that suits `style` best, even if the user adopted another. Without a name: for a
    user's style, the one that it was learned on; else the last adopted one (`adopted.adopt`) that knows `style`; else,
    of the shipped ones that know it, the one that knows the fewest other styles. None if there are no such weights.
    Raises `UsageError` for an unknown name.
    """
    if name_or_path is None and style in user_styles():
        name_or_path = str(style_facts(style)["checkpoint"])
    if name_or_path is None:
        for folder in reversed(adopted()):
            if style in additional_parameters(folder)["styles"]:
                return folder
        return _shipped_for(style)
    if name_or_path == SHIPPED_NAME:
        return _shipped_for(style)
    for folder in (Path(name_or_path), SHIPPED / str(name_or_path)):
        if any(folder.glob("model*.safetensors")) and (folder / "tokenizer.json").is_file():
            return folder
    shipped = ", ".join(folder.name for folder in _shipped_styles()) or "none"
    raise UsageError(f"There is no checkpoint '{name_or_path}'.", f"Give a folder, or a shipped name: {shipped}.")


def _shipped_for(style: str) -> Path | None:
    knowing = [(len(styles), folder) for folder, styles in _shipped_styles().items() if style in styles]
    return min(knowing)[1] if knowing else None


def _shipped_styles() -> dict[Path, list[str]]:
    """The styles that each shipped checkpoint knows."""
    folders = sorted({path.parent for path in SHIPPED.glob("*/tokenizer.json")})
    return {folder: additional_parameters(folder)["styles"] for folder in folders}


def sources_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The data of each style that a checkpoint learned: dataset, licence, attribution, pieces, source; {} if not
    stated."""
    path = folder / "sources.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load weights, tokenizer and measures. Raises `UsageError` for a checkpoint of an older version."""
    tokenizer = Language.load(folder)
    if f"{KINDS[-1]}_0" not in tokenizer.vocab:
        raise UsageError(f"{folder.name} was trained by an older version, without plans.", "Train or refine it anew.")
    weights: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("model*.safetensors")):
        weights |= {name: values.astype(np.float32) for name, values in load_file(path).items()}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    history = folder / "training.json"
    facts = json.loads(history.read_text(encoding="utf-8")) if history.is_file() else {}
    return Checkpoint(folder.name, weights, config, tokenizer, facts, load_ranges(folder))


def weights_of(model: LlamaForCausalLM) -> dict[str, np.ndarray]:
    """The current weights of a model by name; the head shares those of the embedding."""
    return {
        name: values.detach().float().cpu().numpy()
        for name, values in model.state_dict().items()
        if name != "lm_head.weight"
    }
