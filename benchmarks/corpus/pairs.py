"""Pairs of the corpus as the model sees them: the song (X, and X as heard) above its arrangement (Y).

    python benchmarks/corpus/pairs.py CORPUS --pairs 40 --out FOLDER

Draws eight bars of random pieces from all styles, several in a picture, from the tokens alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from symbolic_cover.core.music import Bar, Meter
from symbolic_cover.tokens.language import DRUMS, BarReader
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.training.dataset import Shard

BARS, A_PAGE = 8, 5
COLOURS = {"melody": "#c0432b", "bass": "#2f5f9e", "texture": "#b3b8bd"}
PARTS = ("#7f9fc4", "#6fae88", "#b89a5e", "#9a83b5", "#8a9299", "#c98f8f", "#5fa8a8", "#a8a85f")


def main() -> None:
    """Draw and print what was drawn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    tokenizer, shard = BarTokenizer.load(options.corpus), Shard.load(options.corpus / "train")
    chosen = choose(shard, options.pairs, np.random.default_rng(options.seed))
    options.out.mkdir(parents=True, exist_ok=True)
    for page in range(0, len(chosen), A_PAGE):
        figure = Figure(figsize=(15, 4.4 * A_PAGE), dpi=70, layout="constrained")
        axes = figure.subplots(3 * A_PAGE, 1, squeeze=False)[:, 0]
        for index, (song, first) in enumerate(chosen[page : page + A_PAGE]):
            draw(axes[3 * index : 3 * index + 3], tokenizer, shard, song, first)
        path = options.out / f"pairs-{page // A_PAGE + 1}.png"
        FigureCanvasAgg(figure).print_png(str(path))
        print(path)


def choose(shard: Shard, n_pairs: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(song, first bar), styles in turn."""
    styles = rng.permutation(np.unique(shard.headers[:, 1]))
    chosen = []
    for turn in range(n_pairs):
        song = int(rng.choice(np.flatnonzero(shard.headers[:, 1] == styles[turn % len(styles)])))
        first, end = (int(bar) for bar in shard.song_start[song : song + 2])
        chosen.append((song, int(rng.integers(first, max(end - BARS, first) + 1))))
    return chosen


def draw(axes, tokenizer: BarTokenizer, shard: Shard, song: int, first: int) -> None:
    """X, X as transcribed, and Y of eight bars."""
    end = min(first + BARS, int(shard.song_start[song + 1]))
    tick = 0
    header = tokenizer.names(shard.headers[song])
    for bar_index in range(first, end):
        sides = [tokenizer.names(side) for side in shard.sides(bar_index)]
        bar = Bar(tick, Meter(*map(int, sides[0][1].split("_")[1].split("/"))))
        readers = [BarReader(bar).read(side) for side in sides]
        for axis, reader in zip(axes, readers[:2], strict=False):
            for name, notes in reader.source.items():
                rectangles(axis, notes, COLOURS[name])
            for chord in reader.chords:
                axis.text(chord.start_tick, 1.0, chord.label, fontsize=6, transform=axis.get_xaxis_transform())
        for name, notes in readers[2].parts.items():
            colour = "#333333" if name == DRUMS else PARTS[tokenizer.parts.index(name) % len(PARTS)]
            rectangles(axes[2], notes, colour)
        for axis in axes:
            axis.axvline(tick, color="#dddddd", lw=0.8)
        tick = bar.end_tick
    axes[0].set_title(
        " ".join(header[1:]) + f"  song {song} bar {first - int(shard.song_start[song])}", fontsize=8, pad=12
    )
    for axis, name in zip(axes, ("X", "X heard", "Y"), strict=True):
        axis.set_xlim(0, max(tick, 1))
        axis.set_ylabel(name, fontsize=7)
        axis.tick_params(labelsize=6)


def rectangles(axis, notes, colour: str) -> None:
    """Notes as bars."""
    for note in notes:
        axis.broken_barh([(note.onset_tick, max(note.duration_tick - 0.7, 1))], (note.pitch - 0.4, 0.9), color=colour)


if __name__ == "__main__":
    main()
