"""Measure whole pieces by people in each style (`evaluation.people`).

On the training split, except for copies from it, which are measured on the other two.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.ensemble import PartSpec
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.excerpts import Excerpt, read_excerpt, styles_of
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation.human_range import load_ranges
from symbolic_cover.evaluation.measures import Case, measure_cover
from symbolic_cover.evaluation.memorisation import PatternIndex, accompaniment, copies
from symbolic_cover.evaluation.people import Range, ranges_of, save_people
from symbolic_cover.tokens.tokenizer import BarTokenizer

#: The number of pieces a style, and of bars of each; pieces with fewer bars than the least are too short for form.
_A_STYLE, _MOST_BARS, _FEWEST_BARS = 40, 64, 16


def measure_whole_pieces(corpus: Path) -> dict[str, dict[str, Range]]:
    """The ranges of every style; written beside the corpus."""
    index = PatternIndex.load(corpus)
    profiles = {style: one.profile for style, one in load_ranges(corpus).items()}
    styles = {}
    for style in style_names():
        measured = [
            measure_cover(Case(arrangement_of(piece), piece.sheet, profiles.get(style)))
            for piece in whole_pieces(corpus, "train", style)
        ]
        others = [
            copies(accompaniment(piece), piece.grid.bars, index)
            for split in ("valid", "test")
            for piece in map(arrangement_of, whole_pieces(corpus, split, style))
        ]
        if measured:
            styles[style] = ranges_of(measured) | ranges_of(others)
    save_people(styles, corpus)
    return styles


def whole_pieces(
    corpus: Path, split: str, style: str, most: int = _A_STYLE, n_bars: int = _MOST_BARS
) -> Iterator[Excerpt]:
    """Pieces of a style from their first bar on, drawn by a fixed seed."""
    tokenizer, shard = BarTokenizer.load(corpus), Shard.load(corpus / split)
    lengths = np.diff(shard.song_start)
    songs = [
        song for song, name in enumerate(styles_of(shard, tokenizer)) if name == style and lengths[song] >= _FEWEST_BARS
    ]
    for song in np.random.default_rng(3).permutation(songs)[:most].tolist():
        yield read_excerpt(shard, tokenizer, song, int(shard.song_start[song]), n_bars)


def arrangement_of(piece: Excerpt) -> Arrangement:
    """A piece of the corpus as an arrangement for the players of its style."""
    specs = {spec.name: spec for spec in load_style(piece.style).ensemble.parts}
    parts = []
    for name, notes in piece.parts.items():
        spec = specs.get(name) or PartSpec(name, name, 0, 0, 127)
        parts.append(Part(spec.label, spec.group, spec.program, tuple(sorted(notes)), spec.is_drums))
    sheet = piece.sheet
    return Arrangement(
        tuple(parts), sheet.melody, sheet.grid, sheet.key, sheet.chords, piece.style, "people", sheet.title
    )
