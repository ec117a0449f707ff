"""Whether classifiers can tell our arrangements from people's, by style, and by which features.

    python benchmarks/arranging/judge.py CORPUS --styles pop-piano --out benchmarks/arranging/judge.md

CORPUS is a prepared corpus. Eight-bar segments of held-out songs are arranged from their lead sheets; a random forest
on features of music and, used for nothing else, a classifier on pairs of tokens are trained on some songs and tested on
the others. AUC with its 95 % interval over songs: .5 is chance. For comparison: the rules, and the floor: people's
segments against other segments by people.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from symbolic_cover.arrangement.arranger import arrange_by_rules, candidates_by_model
from symbolic_cover.arrangement.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.choose import choose, parts_of
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.music import Note
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.excerpts import BARS, Excerpt, read_excerpt, styles_of
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation import metrics as m
from symbolic_cover.evaluation.judge import Verdict, features, judge, judge_by_words
from symbolic_cover.tokens.language import bars_of_parts
from symbolic_cover.tokens.tokenizer import BarTokenizer

#: So many bars of a song's beginning and end are left out.
_EDGE = 4
_TELLS = 10
Parts = dict[str, list[Note]]


def main() -> None:
    """Arrange, judge, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--styles", nargs="+", help="all that are shipped, if none is named")
    parser.add_argument("--split", default="test", help="valid, for whatever is tuned")
    parser.add_argument("--segments", type=int, default=100, help="of each style, at most")
    parser.add_argument("--fewest", type=int, default=8, help="songs that a style must have (default: 8)")
    parser.add_argument("--candidates", type=int, default=Controls().candidates)
    parser.add_argument("--temperature", type=float, default=Controls().temperature)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = find_checkpoint(options.checkpoint)
    if folder is None:
        raise SystemExit("There are no weights.")
    checkpoint = load_checkpoint(folder)
    lines = [
        "# Told from people", "",
        f"`python benchmarks/arranging/judge.py CORPUS --split {options.split} --segments {options.segments}`:"
        f" {checkpoint.name}, {options.candidates} candidates at temperature {options.temperature}, lead sheet given.",
        "",
        "| style | segments (songs) | judge | second judge | rules, judge | floor | note F1 | chroma | onsets |",
        "|---" * 9 + "|",
    ]  # fmt: skip
    told: list[str] = []
    for name in options.styles or style_names():
        row, tells = one_style(name, checkpoint, options)
        lines += row
        told += tells
        print("\n".join([*row, *tells]), flush=True)
    text = "\n".join([*lines, *told]) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def one_style(name: str, checkpoint: Checkpoint, options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """A line of the table, and the telling features; empty if too few songs are held out."""
    tokenizer, shard = BarTokenizer.load(options.corpus), Shard.load(options.corpus / options.split)
    found = segments(shard, tokenizer, name, options.segments)
    songs = [str(song) for song, _ in found]
    if len(set(songs)) < options.fewest:
        return [], []
    style, people = load_style(name), [excerpt for _, excerpt in found]
    ours, rules = [], []
    for seed, excerpt in enumerate(people):
        sheet = replace(excerpt.sheet, bass=(), texture=())
        controls = Controls(candidates=options.candidates, temperature=options.temperature, fidelity=0.0, seed=seed)
        best, _ = choose(candidates_by_model(checkpoint, sheet, style, controls), sheet, checkpoint.human.get(name))
        ours.append(named(parts_of(best), style))
        rules.append(named(parts_of(arrange_by_rules(sheet, style, controls)), style))
    seen, made, ruled = (
        [features(parts, excerpt.sheet) for parts, excerpt in zip(side, people, strict=True)]
        for side in ([excerpt.parts for excerpt in people], ours, rules)
    )
    verdict, by_rules = judge(seen, made, songs), judge(seen, ruled, songs)
    written = [
        [words(parts, excerpt, tokenizer) for parts, excerpt in zip(side, people, strict=True)]
        for side in ([excerpt.parts for excerpt in people], ours)
    ]
    second = judge_by_words(*written, songs)
    compared = [
        m.compare_with_human(pitched(parts), pitched(excerpt.parts), excerpt.sheet.grid.bars)
        for parts, excerpt in zip(ours, people, strict=True)
    ]
    means = [f"{np.mean([one[key] for one in compared]):.3f}" for key in
             ("note_f1", "bar_chroma_cosine", "bar_onset_cosine")]  # fmt: skip
    cells = [name, f"{len(found)} ({len(set(songs))})", *map(shown, (verdict, second, by_rules)), floor(seen, songs)]
    tells = ["", f"## {name}: people / ours", ""]
    tells += [f"- {what}: {theirs:.3f} / {own:.3f}" for what, theirs, own, _ in verdict.tells[:_TELLS]]
    return ["| " + " | ".join([*cells, *means]) + " |"], tells


def segments(shard: Shard, tokenizer: BarTokenizer, style: str, most: int) -> list[tuple[int, Excerpt]]:
    """Segments of held-out songs with a melody and an accompaniment, as many of each song as needed."""
    rng = np.random.default_rng(5)
    songs = [i for i, name in enumerate(styles_of(shard, tokenizer)) if name == style]
    places = []
    for song in songs:
        first, end = (int(bar) for bar in shard.song_start[song : song + 2])
        starts = rng.permutation(np.arange(first + _EDGE, end - BARS - _EDGE + 1, BARS))
        places += [(turn, song, int(start)) for turn, start in enumerate(starts)]
    found = []
    for _, song, start in sorted(places):
        excerpt = read_excerpt(shard, tokenizer, song, start)
        if excerpt.sheet.melody and any(excerpt.parts.values()):
            found.append((song, excerpt))
        if len(found) == most:
            break
    return found


def named(parts, style: Style) -> Parts:
    """An arrangement's parts by their names in the corpus."""
    return {spec.name: list(notes) for spec, notes in zip(style.ensemble.parts, parts.values(), strict=True)}


def pitched(parts) -> list[Note]:
    """All notes but the drums'."""
    return [note for name, notes in parts.items() if name != "drums" for note in notes]


def words(parts, excerpt: Excerpt, tokenizer: BarTokenizer) -> list[str]:
    """The input of the second classifier: the tokens of all parts but the melody, without lengths and loudness."""
    melody = {(note.onset_tick, note.pitch) for note in excerpt.sheet.melody}
    rest = {name: [n for n in notes if (n.onset_tick, n.pitch) not in melody] for name, notes in parts.items()}
    bars = excerpt.sheet.grid.bars
    said = [word for bar, played in zip(bars, bars_of_parts(rest, bars), strict=True)
            for word in tokenizer.target_bar(bar, played)]  # fmt: skip
    return [word for word in said if word.split("_")[0] not in ("Duration", "Velocity")]


def floor(people, songs: list[str]) -> str:
    """How well people are told from people: segments of other songs in place of ours, which should be .5."""
    half = len(people) // 2
    return shown(judge(people[:half], people[half : 2 * half], songs[:half]))


def shown(verdict: Verdict) -> str:
    """An AUC and its interval."""
    return f"{verdict.auc:.3f} [{verdict.low:.2f}, {verdict.high:.2f}]"


if __name__ == "__main__":
    main()
