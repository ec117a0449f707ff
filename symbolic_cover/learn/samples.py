"""A sample arrangement at every evaluation, so that one can look at what the model has learned so far."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic_cover.arrange.arranger import draft_by_model
from symbolic_cover.arrange.checkpoint import Checkpoint
from symbolic_cover.arrange.choose import choose
from symbolic_cover.arrange.styles import load_style
from symbolic_cover.music import Content, Controls
from symbolic_cover.render.midi import write_midi
from symbolic_cover.tokens.tokenizer import BarTokenizer

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

_FIRST_BAR, _BARS = 8, 8


def sampler_for(shards: Path, out: Path) -> Callable[[LlamaForCausalLM, int], None]:
    """A function that arranges eight bars of the first validation song into ``step-N.mid`` and ``.json``."""
    tokenizer = BarTokenizer.load(shards)
    content, style_name = excerpt(shards / "valid.npz", tokenizer)
    style = load_style(style_name)

    def sample(model: LlamaForCausalLM, step: int) -> None:
        training = model.training
        checkpoint = Checkpoint(f"step-{step}", model.eval(), tokenizer, {})
        drafts = draft_by_model(checkpoint, content, style, Controls(candidates=1))
        arrangement, scores = choose(drafts, content)
        out.mkdir(parents=True, exist_ok=True)
        write_midi(arrangement, out / f"step-{step:06d}.mid")
        (out / f"step-{step:06d}.json").write_text(json.dumps(scores, indent=2), encoding="utf-8")
        model.train(training)

    return sample


def excerpt(shard: Path, tokenizer: BarTokenizer) -> tuple[Content, str]:
    """Eight bars of the first song of a shard, as content, and the name of its style."""
    with np.load(shard) as arrays:
        first, end = arrays["song_start"][:2]
        begin = min(first + _FIRST_BAR, max(end - _BARS, first))
        stop = min(begin + _BARS, end)
        tokens = arrays["tokens"][arrays["x_start"][begin] : arrays["bar_end"][stop - 1]]
        header = tokenizer.names(arrays["headers"][0])
    return tokenizer.read_content(header + tokenizer.names(tokens)), header[1].split("_", 1)[1]
