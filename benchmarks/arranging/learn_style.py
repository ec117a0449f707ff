"""Styles outside the training data, learned from a folder: whether covers become more like them.

    python benchmarks/arranging/learn_style.py CORPUS SONGS/Ska SONGS/Polka --songs 40 --out learn_style.md

Each folder of SONGS was made by `benchmarks/arranging/learn_style_songs.py`. Some of its training songs are given to
`learn-style`; eight-bar segments of the held-out ones, none of which the shipped weights were trained on in any style,
are then covered from their lead sheets in the new style, and, as the baseline, by the shipped weights in the nearest
style. `named`: a random forest trained on real segments of all styles and of the new one classifies it as the new one.
`style_fit` is the cosine with the new style's mean profile.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from arrangement import learn, scores
from sklearn.ensemble import RandomForestClassifier

from symbolic_cover.arrangement.adapter import load_for_style
from symbolic_cover.arrangement.arranger import arrange_by_rules, candidates_by_model
from symbolic_cover.arrangement.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.choose import choose
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.excerpts import Excerpt, draw_excerpts
from symbolic_cover.corpus.own import STYLE, prepare_own
from symbolic_cover.evaluation.style import style_fit, style_profile
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.training.adapter import AdapterPlan
from symbolic_cover.training.own_style import OwnStyle, StyleRequest, learn_style

SHOWN = ("named", "style_fit", "style_margin", "melody_retention", "acc_note_f1", "acc_bar_onset_cosine",
         "bar_chroma_cosine", "chord_accuracy", "notes_per_bar", "grooving_similarity", "bar_repetition")  # fmt: skip
Parts = dict[str, list[Note]]


def main() -> None:
    """Learn, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--songs", type=int, default=40, help="songs to learn from")
    parser.add_argument("--steps", type=int, default=AdapterPlan().steps)
    parser.add_argument("--segments", type=int, default=16)
    parser.add_argument("--real", type=int, default=60, help="real segments a style to train the classifier on")
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    base = find_checkpoint(options.checkpoint)
    if base is None:
        raise SystemExit("There are no weights.")
    checkpoint = load_checkpoint(base)
    every = [name for name in style_names() if name in checkpoint.human]
    tokenizer = BarTokenizer.load(options.corpus)
    real = draw_excerpts(options.corpus / "train", tokenizer, every, options.real, seed=1)
    lines = ["# Styles of one's own", "", f"`{command(options)}`, over {base.name}.", ""]
    lines += [line.strip() for line in (__doc__ or "").splitlines()[4:]]
    for folder in options.folders:
        with tempfile.TemporaryDirectory() as scratch:
            lines += one_style(folder, Path(scratch), base, checkpoint, real, options)
        if options.out:
            options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def one_style(
    folder: Path, scratch: Path, base: Path, checkpoint: Checkpoint, real: list[Excerpt], options: argparse.Namespace
) -> list[str]:
    """The table of one style."""
    name = folder.name.lower()
    given = scratch / "given"
    given.mkdir()
    songs = sorted((folder / "learn").glob("*.mid"))
    for index in np.linspace(0, len(songs) - 1, options.songs).astype(int):
        shutil.copy(songs[index], given)
    os.environ["SYMBOLIC_COVER_STYLES"] = str(scratch / "styles")
    begun, used = time.perf_counter(), time.process_time()
    made = learn_style(StyleRequest(given, name), checkpoint=base, plan=AdapterPlan(steps=options.steps))
    minutes, cpu = (time.perf_counter() - begun) / 60, (time.process_time() - used) / 60
    theirs = excerpts_of(given, scratch / "learned", base, name, options.real, splits=("train",))
    held_out = excerpts_of(folder / "held-out", scratch / "held-out", base, name, options.segments)
    held_out = [segment for segment in held_out if segment.sheet.melody][: options.segments]
    forest, profiles = learn([*real, *theirs])
    table = measure(made, held_out, base, checkpoint, forest, profiles, options.candidates)
    return report(made, table, (minutes, cpu), len(held_out))


def excerpts_of(
    songs: Path, out: Path, base: Path, name: str, count: int, splits: tuple[str, ...] = ("train", "valid")
) -> list[Excerpt]:
    """Real segments of a folder of songs, labelled with the style `name`."""
    tokenizer = BarTokenizer.load(base)
    prepare_own(songs, out, tokenizer)
    found = [one for split in splits for one in draw_excerpts(out / split, tokenizer, [STYLE], count, seed=2)]
    order = np.random.default_rng(0).permutation(len(found))
    return [found[i]._replace(style=name) for i in order]


def measure(
    made: OwnStyle, held_out: list[Excerpt], base: Path, checkpoint: Checkpoint, forest: RandomForestClassifier,
    profiles: dict[str, np.ndarray], candidates: int,
) -> dict[str, list[dict[str, float]]]:  # fmt: skip
    """The scores of every version of every segment."""
    taught, like = load_for_style(base, made.name), load_style(made.like)
    own = load_style(made.name)
    table: dict[str, list[dict[str, float]]] = {}
    for number, segment in enumerate(held_out):
        sheet = replace(segment.sheet, bass=(), texture=())
        controls = Controls(candidates=candidates, fidelity=0.0, seed=number)
        versions = {
            "played so": segment.parts,
            "learned": played(taught, sheet, own, controls),
            f"nearest: {made.like}": played(checkpoint, sheet, like, controls),
            "rules": parts_of(arrange_by_rules(sheet, own, controls), own),
        }
        for row, parts in versions.items():
            measured = scores(parts, segment, forest, profiles, taught.human)
            measured["style_fit"] = style_fit(style_profile(parts.values()), profiles[made.name])
            table.setdefault(row, []).append(measured)
        print(made.name, number, flush=True)
    return table


def played(checkpoint: Checkpoint, sheet: SongSheet, style: Style, controls: Controls) -> Parts:
    """The best of some candidates, part by part."""
    candidates = candidates_by_model(checkpoint, sheet, style, controls)
    return parts_of(choose(candidates, sheet, checkpoint.human.get(style.name))[0], style)


def parts_of(candidate: Arrangement, style: Style) -> Parts:
    """An arrangement's notes by the names of the style's parts."""
    return {spec.name: list(part.notes) for spec, part in zip(style.ensemble.parts, candidate.parts, strict=True)}


def report(
    made: OwnStyle, table: dict[str, list[dict[str, float]]], cost: tuple[float, float], n_segments: int
) -> list[str]:
    """The table in Markdown."""
    corpus, learned = made.corpus, made.learned
    ours, nearest = (np.array([one["style_fit"] for one in rows]) for rows in list(table.values())[1:3])
    lines = [
        "",
        f"## {made.name}",
        "",
        f"Learned from {corpus.songs} songs ({corpus.bars} bars), {corpus.held_out} of them held out, in"
        f" {cost[0]:.1f} minutes ({cost[1]:.1f} of one processor). Nearest style: {made.like}. Loss on those held out"
        f" {learned.loss:.3f} after {learned.step} steps, {learned.loss_before:.3f} in the nearest style before.",
        f"Segments: {n_segments}. Nearer to the new style than the baseline in {np.mean(ours > nearest):.2f} of them.",
        "",
        "| | " + " | ".join(table) + " |",
        "|---" * (len(table) + 1) + "|",
    ]
    columns = [{name: np.nanmean([one[name] for one in rows]) for name in SHOWN} for rows in table.values()]
    for name in SHOWN:
        lines.append(f"| {name} | " + " | ".join(f"{column[name]:.3f}" for column in columns) + " |")
    return lines


def command(options: argparse.Namespace) -> str:
    """The command line of this run."""
    folders = " ".join(f"SONGS/{folder.name}" for folder in options.folders)
    return (
        f"python benchmarks/arranging/learn_style.py CORPUS {folders} --songs {options.songs}"
        f" --segments {options.segments} --real {options.real} --candidates {options.candidates}"
    )


if __name__ == "__main__":
    main()
