"""A sample arrangement at every evaluation, to follow what the model has learned."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic_cover.arrangement.arranger import candidates_by_model
from symbolic_cover.arrangement.checkpoint import Checkpoint, weights_of
from symbolic_cover.arrangement.choose import choose
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.excerpts import BARS, read_excerpt, styles_of
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.performance.midi import write_midi
from symbolic_cover.tokens.language import Language
from symbolic_cover.tokens.tokenizer import BarTokenizer

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

_FIRST_BAR = 8


def sampler_for(shards: Path, out: Path) -> Callable[[LlamaForCausalLM, int], None]:
    """A function that arranges eight bars of a validation song into ``step-N.mid`` and ``.json``."""
    tokenizer, language = BarTokenizer.load(shards), Language.load(shards)
    sheet, style_name = excerpt(shards / "valid", tokenizer, style_names())
    style = load_style(style_name)

    def sample(model: LlamaForCausalLM, step: int) -> None:
        checkpoint = Checkpoint(f"step-{step}", weights_of(model), model.config.to_dict(), language, {})
        candidates = candidates_by_model(checkpoint, sheet, style, Controls(candidates=1))
        arrangement, scores = choose(candidates, sheet)
        out.mkdir(parents=True, exist_ok=True)
        write_midi(arrangement, out / f"step-{step:06d}.mid")
        (out / f"step-{step:06d}.json").write_text(json.dumps(scores, indent=2), encoding="utf-8")

    return sample


def excerpt(split: Path, tokenizer: BarTokenizer, wanted: Collection[str]) -> tuple[SongSheet, str]:
    """Eight bars of the first song of a split in one of the `wanted` styles, as sheet, and that style's name."""
    shard = Shard.load(split)
    song = next((i for i, style in enumerate(styles_of(shard, tokenizer)) if style in wanted), None)
    if song is None:
        raise UsageError(f"No song in {split} is in a style with a preset.", "Prepare more pieces.")
    first, end = (int(bar) for bar in shard.song_start[song : song + 2])
    found = read_excerpt(shard, tokenizer, song, min(first + _FIRST_BAR, max(end - BARS, first)))
    return found.sheet, found.style
