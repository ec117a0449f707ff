"""Whole songs sampled in two lanes at the same time, and in one: the same music?

    python benchmarks/arranging/lanes.py CORPUS --styles pop-piano string-quartet --out benchmarks/arranging/lanes.md

CORPUS is a prepared corpus; held-out songs are arranged from their lead sheets. `after` is note F1 in the eight bars
after the seam. Pitch, notes and rhythm compare the four bars before the seam with the four after it: the difference of
mean pitches (semitones) and of notes a bar, and the cosine of onsets in a bar; people's own stand beside them. The time
is measured by `speed.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from judge import Parts, named, pitched

from symbolic_cover.analysis.form import sections_of
from symbolic_cover.arrangement import sample
from symbolic_cover.arrangement.arranger import candidates_by_model
from symbolic_cover.arrangement.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.choose import choose, parts_of
from symbolic_cover.arrangement.lanes import FEWEST_BARS
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Bar, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style
from symbolic_cover.corpus.excerpts import Excerpt, read_excerpt, styles_of
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation.metrics import bar_onsets, note_f1
from symbolic_cover.tokens.tokenizer import BarTokenizer

_LONGEST = 64
_NEAR, _AFTER = 4, 8
_COLUMNS = ("note F1", "after", "pitch", "notes", "rhythm")


def main() -> None:
    """Arrange, compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--styles", nargs="+", default=["pop-piano", "string-quartet"])
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--split", default="test", help="valid, for whatever is tuned")
    parser.add_argument("--candidates", type=int, default=Controls().candidates)
    parser.add_argument("--songs", type=int, default=20, help="of each style, at most")
    parser.add_argument("--fewest", type=int, default=FEWEST_BARS, help="bars of a lane")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    folder = find_checkpoint(options.checkpoint)
    if folder is None:
        raise SystemExit("There are no weights.")
    checkpoint = load_checkpoint(folder)
    lines = [
        "# Two lanes", "",
        f"`python benchmarks/arranging/lanes.py CORPUS --songs {options.songs}`: {checkpoint.name},"
        f" {options.candidates} candidates, lead sheet given.", "",
        f"| style | songs | lanes | {' | '.join(_COLUMNS)} |", "|---" * (3 + len(_COLUMNS)) + "|",
    ]  # fmt: skip
    for name in options.styles:
        of_style = one_style(name, checkpoint, options)
        lines += of_style
        print("\n".join(of_style), flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def one_style(name: str, checkpoint: Checkpoint, options: argparse.Namespace) -> list[str]:
    """The lines of a style: people, one lane, two lanes, and the difference in note F1 with its 95 % interval."""
    found: dict[str, list[list[float]]] = {"people": [], "one": [], "two": []}
    two_lanes = sample.lanes_of
    for seed, song in enumerate(songs(name, options)):
        sheet = replace(song.sheet, bass=(), texture=())
        sheet = replace(sheet, sections=sections_of(sheet))
        controls = Controls(candidates=options.candidates, fidelity=0.0, seed=seed)
        lanes: list[list[range]] = []

        def noted(sheet: SongSheet, returns: Sequence[int | None], first: int, last: int, lanes=lanes) -> list[range]:
            lanes.append(two_lanes(sheet, returns, first, last, options.fewest))
            return lanes[-1]

        with patch.object(sample, "lanes_of", noted):
            in_two = arranged(checkpoint, sheet, name, controls)
        if len(lanes[0]) == 1:
            continue
        with patch.object(sample, "lanes_of", lambda sheet, returns, first, last: [range(first, last + 1)]):
            in_one = arranged(checkpoint, sheet, name, controls)
        seam, bars = lanes[0][1].start, sheet.grid.bars
        found["people"].append([np.nan, np.nan, *change(song.parts, bars, seam)])
        for key, parts in (("one", in_one), ("two", in_two)):
            f1 = [note_f1(inside(parts, bars[a:b]), inside(song.parts, bars[a:b])) for a, b in
                  ((0, len(bars)), (seam, seam + _AFTER))]  # fmt: skip
            found[key].append([*f1, *change(parts, bars, seam)])
    if not found["two"]:
        return []
    lines = []
    for key, rows in found.items():
        known = [values[~np.isnan(values)] for values in np.array(rows).T]
        cells = [f"{values.mean():.3f}" if len(values) else "" for values in known]
        lines.append(f"| {name} | {len(rows)} | {key} | {' | '.join(cells)} |")
    gain = np.array(found["two"])[:, 0] - np.array(found["one"])[:, 0]
    interval = 1.96 * gain.std() / np.sqrt(len(gain))
    lines.append(f"| {name} | | two - one | {gain.mean():+.4f} ± {interval:.4f} |" + " |" * (len(_COLUMNS) - 1))
    return lines


def songs(style: str, options: argparse.Namespace) -> list[Excerpt]:
    """Held-out songs of a style, of each the first `_LONGEST` bars."""
    tokenizer, shard = BarTokenizer.load(options.corpus), Shard.load(options.corpus / options.split)
    lengths = np.diff(shard.song_start)
    long = [
        song
        for song, of in enumerate(styles_of(shard, tokenizer))
        if of == style and lengths[song] >= 2 * options.fewest
    ]
    taken = np.random.default_rng(3).permutation(long)[: options.songs]
    return [
        read_excerpt(shard, tokenizer, int(song), int(shard.song_start[song]), int(min(lengths[song], _LONGEST)))
        for song in taken
    ]


def arranged(checkpoint: Checkpoint, sheet: SongSheet, name: str, controls: Controls) -> Parts:
    """The chosen arrangement."""
    style = load_style(name)
    candidates = candidates_by_model(checkpoint, sheet, style, controls)
    best, _ = choose(candidates, sheet, checkpoint.human.get(name))
    return named(parts_of(best), style)


def inside(parts: Parts, bars: Sequence[Bar]) -> list[Note]:
    """The pitched notes that begin in some bars."""
    return [note for note in pitched(parts) if bars[0].start_tick <= note.onset_tick < bars[-1].end_tick]


def change(parts: Parts, bars: Sequence[Bar], seam: int) -> tuple[float, float, float]:
    """How far the bars before a seam are from those after it: in mean pitch, in notes a bar, and in rhythm."""
    sides = [bars[seam - _NEAR : seam], bars[seam : seam + _NEAR]]
    notes = [inside(parts, side) for side in sides]
    pitch = [np.mean([note.pitch for note in of_side]) if of_side else np.nan for of_side in notes]
    rhythm = [bar_onsets(of_side, side).sum(axis=0) for of_side, side in zip(notes, sides, strict=True)]
    before, after = (np.pad(one, (0, max(map(len, rhythm)) - len(one))) for one in rhythm)
    cosine = float(before @ after / max(np.linalg.norm(before) * np.linalg.norm(after), 1e-9))
    return abs(pitch[0] - pitch[1]), abs(len(notes[0]) / len(sides[0]) - len(notes[1]) / len(sides[1])), cosine


if __name__ == "__main__":
    main()
