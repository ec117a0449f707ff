"""A few bars of a song of the corpus, decoded from its tokens: the song and its arrangement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symbolic_cover.analysis.key import find_key
from symbolic_cover.core.music import Key, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation.human_range import HumanRange, range_of, save_ranges
from symbolic_cover.tokens.tokenizer import BarTokenizer

#: Eight bars are a period, and the length over which people's ranges are measured; this many of each style are enough
#: for mean and spread.
BARS = 8
_A_STYLE = 60


class Excerpt(NamedTuple):
    """Bars of a piece: the song, and the arrangement by part, melody included."""

    style: str
    sheet: SongSheet
    parts: dict[str, list[Note]]


def draw_excerpts(
    split: Path, tokenizer: BarTokenizer, styles: Collection[str], a_style: int, seed: int
) -> list[Excerpt]:
    """At most `a_style` excerpts of `BARS` bars in each style, from different songs as far as possible."""
    shard, rng = Shard.load(split), np.random.default_rng(seed)
    names = styles_of(shard, tokenizer)
    found = []
    for style in styles:
        songs = rng.permutation([i for i, name in enumerate(names) if name == style])
        for turn in range(min(a_style, 4 * len(songs))):
            song = int(songs[turn % len(songs)])
            first, end = (int(bar) for bar in shard.song_start[song : song + 2])
            if end - first >= BARS:
                found.append(read_excerpt(shard, tokenizer, song, int(rng.integers(first, end - BARS + 1))))
    return [excerpt for excerpt in found if any(excerpt.parts.values())]


def styles_of(shard: Shard, tokenizer: BarTokenizer) -> list[str]:
    """The style of each song of a split."""
    return [tokenizer[int(header[1])].split("_", 1)[1] for header in shard.headers]


def read_excerpt(shard: Shard, tokenizer: BarTokenizer, song: int, first: int, n_bars: int = BARS) -> Excerpt:
    """The bars of `song` from bar `first` of the split on, up to the end of the song; its key is the song's."""
    header = tokenizer.names(shard.headers[song].tolist())
    tokens: list[str] = []
    played: list[list[str]] = []
    for index in range(first, min(first + n_bars, int(shard.song_start[song + 1]))):
        x, _, y = shard.sides(index)
        tokens += tokenizer.names([*x, *y])
        played.append(tokenizer.names(y.tolist()))
    sheet = tokenizer.read_sheet(header + tokens)
    heard, steps = find_key(sheet.notes), int(shard.steps_home[song])
    key = heard if heard.steps_home == steps else Key(-steps % 12, "major")
    whole = n_bars >= int(shard.song_start[song + 1] - shard.song_start[song])
    sheet = replace(sheet, key=key, is_whole=whole)
    parts: dict[str, list[Note]] = {}
    for bar, words in zip(sheet.grid.bars, played, strict=True):
        for name, notes in tokenizer.read_target_bar(bar, words).items():
            parts.setdefault(name, []).extend(notes)
    lead = tokenizer[int(shard.leads[song])].split("_", 1)[1] if shard.leads[song] else ""
    if lead:
        parts[lead] = sorted([*parts.get(lead, ()), *sheet.melody])
    return Excerpt(header[1].split("_", 1)[1], sheet, parts)


def measure_people(corpus: Path) -> dict[str, HumanRange]:
    """The measures of people's arrangements in each style, from the training split; written beside it."""
    tokenizer = BarTokenizer.load(corpus)
    shard = Shard.load(corpus / "train")
    names = styles_of(shard, tokenizer)
    played_at = [tokenizer[int(header[2])].split("_", 1)[1] for header in shard.headers]
    styles = sorted(set(names))
    found = draw_excerpts(corpus / "train", tokenizer, styles, _A_STYLE, seed=1)
    ranges = {}
    for style in styles:
        of_style = [(excerpt.parts, excerpt.sheet) for excerpt in found if excerpt.style == style]
        if of_style:
            levels = [level for name, level in zip(names, played_at, strict=True) if name == style]
            ranges[style] = range_of(of_style, levels)
    save_ranges(ranges, corpus)
    return ranges
