"""Whether the search for copied bars finds them, and whether the shipped model copies.

    python benchmarks/evaluating/memorisation.py CORPUS --checkpoint FOLDER --out benchmarks/evaluating/memorisation.md

CORPUS is a prepared corpus. Three questions: how often people's own held-out pieces are taken for copies (false
positives); how many passages of training songs, planted as they are, transposed, or with some notes changed, are found
and named; how many bars of the model's accompaniments, to the lead sheets of held-out songs and of songs that it was
trained on, are copies. For comparison: people, and the rules, which are not trained.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from symbolic_cover.arrangement.arranger import arrange_by_rules, candidates_by_model
from symbolic_cover.arrangement.checkpoint import find_checkpoint, load_checkpoint
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Bar, Note
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.excerpts import read_excerpt
from symbolic_cover.corpus.patterns import accompaniment_of, catalogue_of, songs_of
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.evaluation.memorisation import PatternIndex, accompaniment, copied_share, pattern_hashes
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.training.card import write_model_card

LENGTHS = (4, 8, 16)
#: The share of the notes that are changed, and whether the passage is transposed as well, by 1 to 6 semitones.
KINDS = {"as it is": (0.0, False), "transposed": (0.0, True), "and 2 % of the notes changed": (0.02, True),
         "5 %": (0.05, True), "10 %": (0.1, True)}  # fmt: skip


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--planted", type=int, default=400, help="passages to plant, of each length")
    parser.add_argument("--songs", type=int, default=1, help="songs a style for the model, of each split; 0 for none")
    parser.add_argument("--bars", type=int, default=24, help="bars of each of them")
    parser.add_argument("--candidates", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--into-card", action="store_true", help="write the model's shares into its model card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = find_checkpoint(options.checkpoint)
    index = PatternIndex.load(folder) if folder else None
    if folder is None or index is None:
        raise SystemExit("There are no weights, or no index of patterns beside them.")
    lines = [
        "# Copied bars",
        "",
        f"`{command(options)}`: {len(index.hashes)} patterns of {len(index.titles)} songs.",
        "",
    ]
    lines += [*people(options.corpus, index), "", *planted(options, index)]
    if options.songs:
        shares = {(split, row): share for split in ("test", "train")
                  for row, share in played(options, folder, index, split).items()}  # fmt: skip
        lines += ["", *model_table(shares)]
        if options.into_card:
            write_into_card(folder, command(options), shares)
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def people(corpus: Path, index: PatternIndex) -> list[str]:
    """The share of people's held-out music that is taken for copied, by dataset."""
    table: dict[str, np.ndarray] = {}
    for split in ("valid", "test"):
        for song, facts in zip(songs_of(corpus, split), catalogue_of(corpus, split), strict=True):
            found, n_bars = index.copied(song.patterns), len(song.patterns) + 1
            row = table.setdefault(facts["dataset"], np.zeros(4))
            row += (1, bool(found), n_bars, n_bars * copied_share(found, n_bars))
    lines = ["## People's held-out pieces (validation and test)", "", "| dataset | pieces | flagged | bars | flagged |",
             "|---|---|---|---|---|"]  # fmt: skip
    for name, row in [*sorted(table.items()), ("all", sum(table.values()))]:
        lines.append("| " + " | ".join([name, *(f"{value:.0f}" for value in row)]) + " |")
    return lines


def planted(options: argparse.Namespace, index: PatternIndex) -> list[str]:
    """The share of planted passages that are found, and assigned to their song."""
    corpus = options.corpus
    tokenizer, train, test = BarTokenizer.load(corpus), Shard.load(corpus / "train"), Shard.load(corpus / "test")
    facts = catalogue_of(corpus, "train")
    rng = np.random.default_rng(0)
    counts: Counter[tuple[int, str, str]] = Counter()
    for length in LENGTHS:
        while counts[length, "own", "tried"] < options.planted:
            song, host = int(rng.integers(train.n_songs)), int(rng.integers(test.n_songs))
            bars, notes = accompaniment_of(train, tokenizer, song)
            if len(bars) < length:
                continue
            first = int(rng.integers(len(bars) - length + 1))
            host_bars, around = accompaniment_of(test, tokenizer, host)
            title = f"{facts[song]['title']} ({facts[song]['style']})"
            passage = bars[first : first + length]
            own = (index.look_up(pattern_hashes(notes, passage)) >= 0).sum() >= length // 2
            for kind, (share, moves) in KINDS.items():
                steps = int(rng.integers(1, 7)) if moves else 0
                changed = change(notes, passage, share, steps, rng)
                found = index.copied(plant(changed, passage, around, host_bars))
                hit = any(title == one.title for one in found)
                for group in ["all", "own"] if own else ["all"]:
                    counts[length, group, kind] += hit
            for group in ["all", "own"] if own else ["all"]:
                counts[length, group, "tried"] += 1
    kinds = list(KINDS)
    lines = ["## Planted passages of training songs, found and named", "",
             "Set between bars of held-out pieces. Own: half or more of their patterns are in no other song.", "",
             "| passages | tried | " + " | ".join(kinds) + " |", "|---" * (len(kinds) + 2) + "|"]  # fmt: skip
    for length in LENGTHS:
        for group in ("own", "all"):
            tried = counts[length, group, "tried"]
            cells = [f"{counts[length, group, kind] / tried:.2f}" for kind in kinds]
            lines.append(f"| {length} bars, {group} | {tried} | " + " | ".join(cells) + " |")
    return lines


def change(notes: list[Note], passage: list[Bar], share: float, steps: int, rng: np.random.Generator) -> list[Note]:
    """The notes of a passage, transposed, some of them a step or two off; ticks from 0."""
    begin, end = passage[0].start_tick, passage[-1].end_tick
    inside = [note for note in notes if begin <= note.onset_tick < end]
    off = (rng.random(len(inside)) < share) * rng.choice((-2, -1, 1, 2), len(inside))
    return [
        note._replace(onset_tick=note.onset_tick - begin, pitch=note.pitch + steps + int(step))
        for note, step in zip(inside, off, strict=True)
    ]


def plant(passage: list[Note], bars: list[Bar], around: list[Note], host: list[Bar]) -> np.ndarray:
    """The patterns of a passage with four bars of another piece before and after it."""
    before, tick = host[:4], host[min(4, len(host)) - 1].end_tick
    every = [*before, *(bar._replace(start_tick=tick + bar.start_tick - bars[0].start_tick) for bar in bars)]
    notes = [note for note in around if note.onset_tick < tick]
    notes += [note._replace(onset_tick=note.onset_tick + tick) for note in passage]
    shift = every[-1].end_tick
    every += [bar._replace(start_tick=shift + bar.start_tick) for bar in before]
    notes += [note._replace(onset_tick=note.onset_tick + shift) for note in around if note.onset_tick < tick]
    return pattern_hashes(notes, every)


def played(options: argparse.Namespace, folder: Path, index: PatternIndex, split: str) -> dict[str, np.ndarray]:
    """By who plays: pieces, pieces flagged, bars, bars flagged, of the songs of a split."""
    corpus, checkpoint = options.corpus, load_checkpoint(folder)
    tokenizer, shard = BarTokenizer.load(corpus), Shard.load(corpus / split)
    styles = [facts["style"] for facts in catalogue_of(corpus, split)]
    rng, totals = np.random.default_rng(1), {row: np.zeros(4) for row in ("people", "model", "rules")}
    for name in sorted(set(style_names()) & set(styles) & set(checkpoint.tokenizer.styles)):
        songs = rng.permutation([song for song, style in enumerate(styles) if style == name])[: options.songs]
        for song in map(int, songs):
            piece = read_excerpt(shard, tokenizer, song, int(shard.song_start[song]), options.bars)
            if not piece.sheet.melody:
                continue
            style = load_style(name)
            controls = Controls(candidates=options.candidates, fidelity=0.0, seed=song)
            candidates = {"model": candidates_by_model(checkpoint, piece.sheet, style, controls)[0],
                      "rules": arrange_by_rules(piece.sheet, style, controls)}  # fmt: skip
            melody = {(note.onset_tick, note.pitch) for note in piece.sheet.melody}
            beside = {"people": [note for part, notes in piece.parts.items() if part != "drums" for note in notes
                                 if (note.onset_tick, note.pitch) not in melody]}  # fmt: skip
            beside |= {row: accompaniment(candidate) for row, candidate in candidates.items()}
            for row, notes in beside.items():
                bars = piece.sheet.grid.bars
                found = index.copied(pattern_hashes(notes, bars))
                totals[row] += (1, bool(found), len(bars), len(bars) * copied_share(found, len(bars)))
                for one in found if row == "model" else ():
                    print(f"{split} {catalogue_of(corpus, split)[song]['title']} as {name}: {one}", flush=True)
        print(f"{split} {name}", flush=True)
    return totals


def model_table(shares: dict[tuple[str, str], np.ndarray]) -> list[str]:
    """The shares of copied bars."""
    lines = ["## Who copies, given lead sheets", "", "| songs | played by | pieces | flagged | bars | flagged |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for (split, row), values in shares.items():
        songs = "held out" if split == "test" else "trained on"
        lines.append(f"| {songs} | {row} | " + " | ".join(f"{value:.0f}" for value in values) + " |")
    return lines


def write_into_card(folder: Path, told: str, shares: dict[tuple[str, str], np.ndarray]) -> None:
    """Write the shares into the checkpoint's history and its model card."""
    path = folder / "training.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["memorisation"] = {"by": told, "table": model_table(shares)[2:]}
    path.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    write_model_card(folder, facts, load_checkpoint(folder).model.num_parameters())


def command(options: argparse.Namespace) -> str:
    """The command line of this run."""
    return (
        f"python benchmarks/evaluating/memorisation.py CORPUS --planted {options.planted} --songs {options.songs}"
        f" --bars {options.bars} --candidates {options.candidates}"
    )


if __name__ == "__main__":
    main()
