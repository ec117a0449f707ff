"""A user's own style: a LoRA adapter (Hu et al., 2022, arXiv 2106.09685) over a checkpoint, in a folder to share.

The folder is named after the style and holds

- ``style.toml``: title, ensemble, the style that it is `like`, and the checkpoint it was learned on with the SHA-256 of
  its weights;
- ``adapter_model.safetensors``, ``adapter_config.json`` (PEFT): low-rank changes of the matrices, and the embedding of
  the token ``Style_own``, which every checkpoint keeps free for this;
- ``human_range.safetensors``: what the songs it was learned from measure; ``sources.json``, ``training.json``, and a
  card, ``README.md``.

Other weights are the wrong ones for an adapter, so that they are refused. The changes are added to the weights when
they are loaded: a style of one's own is as fast as any.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from symbolic_cover.arrangement.checkpoint import Checkpoint, load_checkpoint
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.styles import style_facts, user_styles
from symbolic_cover.evaluation.human_range import load_ranges

#: The name of a user's style in the tokens of any checkpoint.
OWN = "own"
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
#: The names of PEFT for the changed matrices.
_PEFT, _FIRST, _SECOND = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
_EMBEDDINGS = ".token_adapter.trainable_tokens_delta"


def load_for_style(folder: Path, style: str) -> Checkpoint:
    """Load the checkpoint in `folder`, merged with the adapter of `style` if that is a user's style."""
    checkpoint = load_checkpoint(folder)
    own = user_styles().get(style)
    return checkpoint if own is None else _with_adapter(checkpoint, folder, own)


def weights_sha256(folder: Path) -> str:
    """The SHA-256 of a checkpoint's weights, over all its files in order."""
    told = hashlib.sha256()
    for path in sorted(folder.glob("model*.safetensors")):
        told.update(path.read_bytes())
    return told.hexdigest()


def _with_adapter(checkpoint: Checkpoint, base: Path, own: Path) -> Checkpoint:
    """The checkpoint with a style's adapter merged into its weights; it knows the style by its name."""
    name, facts = own.name, style_facts(own.name)
    if weights_sha256(base) != facts["weights"]:
        raise UsageError(
            f"The style '{name}' was learned on weights other than those of {checkpoint.name}.",
            "Learn it again with `symbolic-cover learn-style`, or name its checkpoint with --checkpoint.",
        )
    if not (own / WEIGHTS).is_file():
        raise UsageError(f"The folder {own} lacks {WEIGHTS}.", "Learn the style again, or copy the whole folder.")
    try:
        weights = _merged(checkpoint.weights, load_file(own / WEIGHTS), json.loads((own / CONFIG).read_text("utf-8")))
    except (SafetensorError, ValueError, KeyError, TypeError, IndexError, OSError) as error:
        raise UsageError(
            f"The weights of the style '{name}' are damaged or of another shape.", "Learn it again, or copy it again."
        ) from error
    ranges = load_ranges(own)
    return replace(
        checkpoint,
        name=f"{checkpoint.name} with {name}",
        weights=weights,
        tokenizer=checkpoint.tokenizer.renaming(OWN, name),
        human=checkpoint.human | ({name: ranges[OWN]} if OWN in ranges else {}),
    )


def _merged(
    weights: Mapping[str, np.ndarray], changes: Mapping[str, np.ndarray], config: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """The weights plus PEFT's changes: a product of two low-rank matrices for each, and new embeddings."""
    merged = dict(weights)
    scale = config["lora_alpha"] / config["r"]
    for key, narrow in changes.items():
        name = key.removeprefix(_PEFT)
        if name.endswith(_FIRST):
            name = f"{name.removesuffix(_FIRST)}.weight"
            wide = changes[key.removesuffix(_FIRST) + _SECOND]
            change = wide.astype(np.float32) @ narrow.astype(np.float32)
            if change.shape != merged[name].shape:
                raise ValueError(f"{key} is of another shape")
            merged[name] = merged[name] + np.float32(scale) * change
        elif name.endswith(_EMBEDDINGS):
            name = f"{name.removesuffix(_EMBEDDINGS)}.weight"
            merged[name] = merged[name].copy()
            merged[name][config["trainable_token_indices"]["embed_tokens"]] = narrow
        elif not name.endswith(_SECOND):
            raise ValueError(f"{key} is not part of a style")
    return merged
