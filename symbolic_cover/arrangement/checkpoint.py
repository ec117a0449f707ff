"""A checkpoint: one folder in the Hugging Face layout with model, tokenizer and its history."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic_cover.arrangement.adopted import adopted
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.places import CHECKPOINTS
from symbolic_cover.core.styles import DEFAULT_STYLE, style_facts, user_styles
from symbolic_cover.evaluation.human_range import HumanRange, load_ranges

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

    from symbolic_cover.tokens.tokenizer import BarTokenizer

SHIPPED = CHECKPOINTS
#: What `find_checkpoint` is told to leave adopted checkpoints aside.
SHIPPED_NAME = "shipped"


@dataclass(frozen=True)
class Checkpoint:
    """An arranger model, ready to sample from. `human` is what people's arrangements measure, by style."""

    name: str
    model: LlamaForCausalLM
    tokenizer: BarTokenizer
    facts: dict[str, Any]
    human: dict[str, HumanRange] = field(default_factory=dict)


def find_checkpoint(name_or_path: str | Path | None = None, style: str = DEFAULT_STYLE) -> Path | None:
    """The folder of a checkpoint given by path or by the name of a shipped one.

    ``shipped`` is the one that comes with the program and knows `style` best, whatever the user has adopted. Without
    either, for a style of the user's the one that it was learned on; or else of the adopted ones
    (`adopted.adopt`) the last that knows `style`; or else of the shipped ones that know it the one that knows fewest
    others. None if there are no such weights.
    """
    if name_or_path is None and style in user_styles():
        name_or_path = str(style_facts(style)["checkpoint"])
    if name_or_path is None:
        for folder in reversed(adopted()):
            if style in _parameters(folder)["styles"]:
                return folder
        return _shipped_for(style)
    if name_or_path == SHIPPED_NAME:
        return _shipped_for(style)
    for folder in (Path(name_or_path), SHIPPED / str(name_or_path)):
        if any(folder.glob("model*.safetensors")) and (folder / "tokenizer.json").is_file():
            return folder
    shipped = ", ".join(folder.name for folder in _shipped_styles()) or "none"
    raise UsageError(f"There is no checkpoint '{name_or_path}'.", f"Give a folder, or one that is shipped: {shipped}.")


def _shipped_for(style: str) -> Path | None:
    knowing = [(len(styles), folder) for folder, styles in _shipped_styles().items() if style in styles]
    return min(knowing)[1] if knowing else None


def _shipped_styles() -> dict[Path, list[str]]:
    """The styles that each shipped checkpoint knows."""
    folders = sorted({path.parent for path in SHIPPED.glob("*/tokenizer.json")})
    return {folder: _parameters(folder)["styles"] for folder in folders}


def _parameters(folder: Path) -> dict[str, Any]:
    """What our tokenizer added to miditok's own settings; read without miditok, which takes a second to load."""
    told = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    return dict(told["config"]["additional_params"])


def sources_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What a checkpoint learned each style from: dataset, licence, attribution, pieces, source; {} if unsaid."""
    path = folder / "sources.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load model (in single precision, for the CPU) and tokenizer."""
    import torch
    from transformers import LlamaForCausalLM

    from symbolic_cover.tokens.plan import KINDS
    from symbolic_cover.tokens.tokenizer import BarTokenizer

    tokenizer = BarTokenizer.load(folder)
    if f"{KINDS[-1]}_0" not in tokenizer.vocab:
        raise UsageError(f"{folder.name} was trained by an older version, without plans.", "Train or refine it anew.")
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    history = folder / "training.json"
    facts = json.loads(history.read_text(encoding="utf-8")) if history.is_file() else {}
    return Checkpoint(folder.name, model, tokenizer, facts, load_ranges(folder))
