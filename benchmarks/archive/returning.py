"""How similar people's accompaniments are when a section returns.

    python benchmarks/archive/returning.py CORPUS --out benchmarks/archive/returning.md

In whole songs of the validation split, returning bars by `analysis.form` are compared with the bars they repeat: note
F1 of the accompaniment, inside a returning section and at its end, and with some other bar of the song for comparison.
This is why covers copy returning bars and sample the ends of their phrases anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from symbolic_cover.analysis.form import returning_bars
from symbolic_cover.core.music import Note
from symbolic_cover.corpus.excerpts import Excerpt, read_excerpt, styles_of
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation.metrics import note_f1
from symbolic_cover.tokens.tokenizer import BarTokenizer

STYLES = ("pop-piano", "lied", "romantic-piano", "hymn", "swing", "bossa")
LONGEST, OTHER = 200, 3


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--songs", type=int, default=14)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    tokenizer, shard = BarTokenizer.load(options.corpus), Shard.load(options.corpus / "valid")
    names = styles_of(shard, tokenizer)
    lines = [
        "# Sections that return, as people play them",
        "",
        f"`python benchmarks/archive/returning.py CORPUS --songs {options.songs}`: note F1 of the accompaniment of a"
        " bar with the bar it brings back.",
        "",
        "| style | songs | share of bars that return | inside a section | its last bar | some other bar |",
        "|---|---|---|---|---|---|",
    ]
    for style in STYLES:
        songs = [i for i, name in enumerate(names) if name == style][: options.songs]
        shares, found = [], {"inside": [], "end": [], "other": []}
        for song in songs:
            first, end = (int(bar) for bar in shard.song_start[song : song + 2])
            if end - first <= LONGEST:
                shares.append(compare(read_excerpt(shard, tokenizer, song, first, end - first), found))
        means = " | ".join(f"{np.mean(values):.2f}" if values else "-" for values in found.values())
        lines.append(f"| {style} | {len(shares)} | {np.mean(shares):.2f} | {means} |")
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def compare(song: Excerpt, found: dict[str, list[float]]) -> float:
    """Add the F1 of every returning bar of a song to `found`; returns the share of bars that return."""
    returns = returning_bars(song.sheet)
    played = accompaniment_by_bar(song)
    for index, source in enumerate(returns):
        if source is None or not played[index]:
            continue
        ends = index + 1 == len(returns) or returns[index + 1] is None
        for kind, other in (("end" if ends else "inside", source), ("other", (source + OTHER) % len(returns))):
            if played[other]:
                found[kind].append(note_f1(played[index], played[other]))
    return float(np.mean([source is not None for source in returns]))


def accompaniment_by_bar(song: Excerpt) -> list[list[Note]]:
    """The notes of each bar without the melody, counted from its start."""
    grid = song.sheet.grid
    melody = {(note.onset_tick, note.pitch) for note in song.sheet.melody}
    bars: list[list[Note]] = [[] for _ in grid.bars]
    for note in (note for notes in song.parts.values() for note in notes):
        if (note.onset_tick, note.pitch) not in melody:
            index = grid.bar_index(note.onset_tick)
            bars[index].append(note._replace(onset_tick=note.onset_tick - grid.bars[index].start_tick))
    return bars


if __name__ == "__main__":
    main()
