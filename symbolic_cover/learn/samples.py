"""A sample arrangement at every evaluation, so that one can look at what the model has learned so far."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic_cover.arrange.arranger import draft_by_model
from symbolic_cover.arrange.checkpoint import Checkpoint
from symbolic_cover.arrange.choose import choose
from symbolic_cover.arrange.styles import load_style, style_names
from symbolic_cover.errors import UsageError
from symbolic_cover.learn.dataset import Shard
from symbolic_cover.music import Content, Controls
from symbolic_cover.render.midi import write_midi
from symbolic_cover.tokens.tokenizer import BarTokenizer

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

_FIRST_BAR, _BARS = 8, 8


def sampler_for(shards: Path, out: Path) -> Callable[[LlamaForCausalLM, int], None]:
    """A function that arranges eight bars of a validation song into ``step-N.mid`` and ``.json``."""
    tokenizer = BarTokenizer.load(shards)
    content, style_name = excerpt(shards / "valid", tokenizer, style_names())
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


def excerpt(split: Path, tokenizer: BarTokenizer, wanted: Collection[str]) -> tuple[Content, str]:
    """Eight bars of the first song of a split in one of the `wanted` styles, as content, and that style's name."""
    shard = Shard.load(split)
    headers = [tokenizer.names(header) for header in shard.headers]
    styles = [header[1].split("_", 1)[1] for header in headers]
    song = next((i for i, style in enumerate(styles) if style in wanted), None)
    if song is None:
        raise UsageError(f"No song in {split} is in a style with a preset.", "Prepare more pieces.")
    first, end = (int(bar) for bar in shard.song_start[song : song + 2])
    begin = min(first + _FIRST_BAR, max(end - _BARS, first))
    tokens: list[str] = []
    for bar in range(begin, min(begin + _BARS, end)):
        x, _, y = shard.sides(bar)
        tokens += tokenizer.names([*x, *y])
    return tokenizer.read_content(headers[song] + tokens), styles[song]
