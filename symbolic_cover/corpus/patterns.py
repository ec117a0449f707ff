"""The accompaniment patterns of a corpus's songs, for the search for copied bars (`evaluation.memorisation`)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from symbolic_cover.core.music import Bar, Meter, Note
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation.memorisation import PatternIndex, TrainingSong, pattern_hashes
from symbolic_cover.tokens.language import DRUMS
from symbolic_cover.tokens.tokenizer import BarTokenizer

_METER = "TimeSig_"


def index_patterns(corpus: Path) -> PatternIndex:
    """The index of the training split's patterns; written beside it."""
    index = PatternIndex.build(songs_of(corpus, "train"))
    index.save(corpus)
    return index


def songs_of(corpus: Path, split: str) -> Iterator[TrainingSong]:
    """The songs of a split with their patterns, in order."""
    tokenizer, shard = BarTokenizer.load(corpus), Shard.load(corpus / split)
    for number, facts in enumerate(catalogue_of(corpus, split)):
        bars, notes = accompaniment_of(shard, tokenizer, number)
        title = f"{facts['title']} ({facts['style']})"
        yield TrainingSong(title, facts["split_group"], pattern_hashes(notes, bars))


def catalogue_of(corpus: Path, split: str) -> list[dict[str, str]]:
    """The catalogue's rows of a split, which has its songs in the same order."""
    with (corpus / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]


def accompaniment_of(shard: Shard, tokenizer: BarTokenizer, song: int) -> tuple[list[Bar], list[Note]]:
    """The bars of a song and the pitched notes beside its melody."""
    bars: list[Bar] = []
    notes: list[Note] = []
    tick = 0
    for index in range(int(shard.song_start[song]), int(shard.song_start[song + 1])):
        x, _, y = shard.sides(index)
        meter = next(name for name in tokenizer.names(x.tolist()) if name.startswith(_METER))
        bars.append(Bar(tick, Meter(*map(int, meter.removeprefix(_METER).split("/")))))
        tick = bars[-1].end_tick
        for part, played in tokenizer.read_target_bar(bars[-1], tokenizer.names(y.tolist())).items():
            notes += played if part != DRUMS else []
    return bars, notes
