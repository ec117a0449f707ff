"""Compare human, model, rules and a copy of the source on held-out songs, for every style of a checkpoint.

    python benchmarks/arranging/arrangement.py CORPUS --checkpoint FOLDER --segments 6 --out arrangement.md

CORPUS is a prepared corpus. Of each style some eight-bar segments of the test split are arranged from their lead sheet
(melody and chords), and compared with what people wrote. `acc_` is measured without the melody. A random forest,
trained on real segments of the training split alone, classifies the style of each arrangement; its accuracy on real
held-out segments is listed. Style margin is the cosine of style profiles with the mean profile of the style's real
segments, less that with the most similar other style's (above 0: nearest to its own style).
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier

from symbolic_cover.arrangement.arranger import arrange_by_rules, candidates_by_model
from symbolic_cover.arrangement.checkpoint import find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.choose import choose, score_candidate
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.excerpts import Excerpt, draw_excerpts
from symbolic_cover.evaluation import metrics as m
from symbolic_cover.evaluation.style import style_fit, style_profile, texture_features
from symbolic_cover.tokens.tokenizer import BarTokenizer
from symbolic_cover.training.card import write_model_card

ROWS = ("human", "model", "rules", "copy")
AGAINST_PEOPLE = (
    "note_f1", "acc_note_f1", "bar_chroma_cosine", "acc_bar_chroma_cosine", "bar_onset_cosine", "acc_bar_onset_cosine",
)  # fmt: skip
Table = dict[str, list[dict[str, float]]]
SHOWN = (
    *AGAINST_PEOPLE,
    "melody_retention", "chord_accuracy", "chord_tone_ratio", "unplayable_share", "notes_per_bar",
    "grooving_similarity", "pitch_class_entropy", "pitch_class_entropy_4", "ioi_pattern_entropy", "bar_repetition",
    "empty_bars", "worth", "style_margin", "named",
)  # fmt: skip


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--split", default="test", help="valid, for whatever is tuned")
    parser.add_argument("--styles", nargs="+")
    parser.add_argument("--segments", type=int, default=6)
    parser.add_argument("--real", type=int, default=80, help="real segments a style to train the classifier on")
    parser.add_argument("--candidates", type=int, default=Controls().candidates)
    parser.add_argument("--temperature", type=float, default=Controls().temperature)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--into-card", action="store_true", help="write the means into the checkpoint's model card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = find_checkpoint(options.checkpoint)
    if folder is None:
        raise SystemExit("There are no weights.")
    tokenizer, known = BarTokenizer.load(options.corpus), BarTokenizer.load(folder).styles
    every = [name for name in style_names() if name in known]
    forest, profiles = learn(draw_excerpts(options.corpus / "train", tokenizer, every, options.real, seed=1))
    held_out = draw_excerpts(options.corpus / options.split, tokenizer, every, 30, seed=2)
    truth = np.array([segment.style for segment in held_out])
    right = forest.predict([features(segment.parts, segment.sheet) for segment in held_out]) == truth
    print(f"classifier on real held-out segments: {right.mean():.3f} of {len(truth)}", flush=True)
    jobs = []
    for name in options.styles or every:
        chosen = [segment for segment in held_out if segment.style == name and segment.sheet.melody]
        jobs.append((name, chosen[: options.segments], folder, options, forest, profiles))
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        tables = {name: table for name, table in pool.map(one_style, jobs) if table["human"]}
    recall = {name: float(right[truth == name].mean()) for name in tables}
    text = "\n".join(report(options, folder.name, right, tables, recall)) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    if options.into_card:
        write_into_card(folder, tables, command(options))


def one_style(job) -> tuple[str, Table]:
    """The scores of every version of some segments of a style."""
    name, chosen, folder, options, forest, profiles = job
    torch.set_num_threads(1)
    checkpoint, style = load_checkpoint(folder), load_style(name)
    table: Table = {row: [] for row in ROWS}
    for number, segment in enumerate(chosen):
        controls = Controls(candidates=options.candidates, fidelity=0.0, seed=number, temperature=options.temperature)
        for row, parts in versions(segment, style, checkpoint, controls).items():
            table[row].append(scores(parts, segment, forest, profiles, checkpoint.human))
    print(name, flush=True)
    return name, table


def report(
    options, checkpoint: str, right: np.ndarray, tables: dict[str, Table], recall: dict[str, float]
) -> list[str]:
    """The tables in Markdown."""
    total = {row: [one for table in tables.values() for one in table[row]] for row in ROWS}
    scores = {row: np.array([one["worth"] for one in total[row]]) for row in ROWS}
    better = {name: means(table["model"]) > means(table["rules"]) for name, table in tables.items()}
    lines = [
        "# Every style on held-out songs",
        "",
        f"`{command(options)}`: {len(total['human'])} eight-bar segments of the {options.split} split, lead sheet"
        f" given, played by {checkpoint}.",
        f"The classifier names {right.mean():.3f} of {len(right)} real held-out segments rightly.",
        "",
        "By `worth`, which chooses among candidates, people's version is at least as good as the model's in"
        f" {np.mean(scores['human'] >= scores['model']):.2f} of the segments and better in"
        f" {np.mean(scores['human'] > scores['model']):.2f}, the model's better than the rules' in"
        f" {np.mean(scores['model'] > scores['rules']):.2f}.",
        "",
        "Styles in which the model is nearer to people than the rules: "
        + ", ".join(f"{metric} {sum(found[i] for found in better.values())} of {len(tables)}"
                    for i, metric in enumerate(SHOWN) if metric in AGAINST_PEOPLE) + ".",
        "",
        "## All styles",
        "",
        *rows_of(total),
        "",
        "## Style by style: model / rules",
        "",
        "| style | " + " | ".join([*AGAINST_PEOPLE, "chord_accuracy", "named", "people named", "real named"]) + " |",
        "|---" * (len(AGAINST_PEOPLE) + 5) + "|",
    ]  # fmt: skip
    for name, table in tables.items():
        ours, rules, people = (dict(zip(SHOWN, means(table[row]), strict=True)) for row in ("model", "rules", "human"))
        cells = [f"{ours[metric]:.3f} / {rules[metric]:.3f}" for metric in (*AGAINST_PEOPLE, "chord_accuracy", "named")]
        lines.append(f"| {name} | " + " | ".join([*cells, f"{people['named']:.2f}", f"{recall[name]:.2f}"]) + " |")
    for name, table in tables.items():
        lines += ["", f"## {name}", "", *rows_of(table)]
    return lines


def command(options: argparse.Namespace) -> str:
    """The command line of this run."""
    return (
        f"python benchmarks/arranging/arrangement.py CORPUS --split {options.split} --segments {options.segments}"
        f" --candidates {options.candidates} --temperature {options.temperature}"
    )


def write_into_card(folder: Path, tables: dict[str, Table], typed: str) -> None:
    """Write the means of all segments into ``training.json`` and the model card."""
    path = folder / "training.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    columns = {row: means([one for table in tables.values() for one in table[row]]) for row in ROWS}
    facts["scores"] = {
        metric: {row: round(float(values[i]), 4) for row, values in columns.items()} for i, metric in enumerate(SHOWN)
    }
    facts["scored_by"] = typed
    path.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    write_model_card(folder, facts, load_checkpoint(folder).model.num_parameters())


def features(parts: dict[str, list[Note]], sheet: SongSheet) -> np.ndarray:
    """The features of the classifier."""
    return texture_features(parts, sheet.grid.bars)


def learn(real: list[Excerpt]) -> tuple[RandomForestClassifier, dict[str, np.ndarray]]:
    """The classifier, and the mean profile of each style."""
    forest = RandomForestClassifier(300, class_weight="balanced", random_state=0, n_jobs=1)
    forest.fit([features(s.parts, s.sheet) for s in real], [s.style for s in real])
    profiles = {
        style: np.mean([style_profile(s.parts.values()) for s in real if s.style == style], axis=0)
        for style in {s.style for s in real}
    }
    return forest, profiles


def versions(segment: Excerpt, style: Style, checkpoint, controls: Controls) -> dict[str, dict[str, list[Note]]]:
    """The compared arrangements, by row."""
    lead_sheet = replace(segment.sheet, bass=(), texture=())
    names = [spec.name for spec in style.ensemble.parts]
    model, _ = choose(
        candidates_by_model(checkpoint, lead_sheet, style, controls), lead_sheet, checkpoint.human.get(style.name)
    )
    rules = arrange_by_rules(lead_sheet, style, controls)
    candidates = {"model": model, "rules": rules}
    made = {
        row: {n: list(p.notes) for n, p in zip(names, candidate.parts, strict=True)}
        for row, candidate in candidates.items()
    }
    stacks = [
        Note(chord.start_tick, chord.end_tick - chord.start_tick, 48 + pitch_class, 70)
        for chord in segment.sheet.chords
        for pitch_class in sorted(chord.pitch_classes)
    ]
    return {"human": segment.parts, **made, "copy": {"source": [*segment.sheet.melody, *stacks]}}


def scores(parts, segment: Excerpt, forest, profiles, ranges) -> dict[str, float]:
    """All measures of one arrangement."""
    sheet = segment.sheet
    bars = sheet.grid.bars
    melody = {(n.onset_tick, n.pitch) for n in sheet.melody}
    pitched, human = (
        sorted(n for name, notes in side.items() if name != "drums" for n in notes) for side in (parts, segment.parts)
    )
    ours, theirs = ([n for n in side if (n.onset_tick, n.pitch) not in melody] for side in (pitched, human))
    hands = [n for name in ("right-hand", "left-hand") for n in parts.get(name, ())]
    everything = sorted(n for notes in parts.values() for n in notes)
    profile = style_profile(parts.values())
    own = style_fit(profile, profiles[segment.style])
    others = [style_fit(profile, other) for style, other in profiles.items() if style != segment.style]
    return {
        **m.compare_with_human(pitched, human, bars),
        **{f"acc_{name}": value for name, value in m.compare_with_human(ours, theirs, bars).items()},
        "melody_retention": m.melody_retention(sheet.melody, everything),
        "chord_accuracy": m.chord_accuracy(sheet.chords, pitched, sheet.grid),
        "chord_tone_ratio": m.chord_tone_ratio(ours, sheet.chords),
        "unplayable_share": m.unplayable_share(hands) if hands else np.nan,
        "notes_per_bar": len(everything) / len(bars),
        "grooving_similarity": m.grooving_similarity(everything, bars),
        "pitch_class_entropy": m.pitch_class_entropy(pitched, bars),
        "pitch_class_entropy_4": m.pitch_class_entropy(pitched, bars, window=4),
        "ioi_pattern_entropy": m.ioi_pattern_entropy(everything),
        "bar_repetition": m.bar_repetition(everything, bars),
        "worth": score_candidate(parts, sheet, ranges.get(segment.style)),
        "empty_bars": m.empty_bars(everything, sorted(n for notes in segment.parts.values() for n in notes), bars),
        "style_margin": own - max(others),
        "named": float(forest.predict([features(parts, sheet)])[0] == segment.style),
    }


def rows_of(table: Table) -> list[str]:
    """A table in Markdown: a line for each metric, a column for each version."""
    columns = [means(table[row]) for row in ROWS]
    lines = ["| | " + " | ".join(ROWS) + " |", "|---" * (len(ROWS) + 1) + "|"]
    for metric, values in zip(SHOWN, zip(*columns, strict=True), strict=True):
        lines.append(f"| {metric} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    return lines


def means(found: list[dict[str, float]]) -> np.ndarray:
    """The mean of each metric in the order of `SHOWN`, NaN where it never applies."""
    values = np.array([[one[name] for name in SHOWN] for one in found])
    return np.array([np.nanmean(column) if np.isfinite(column).any() else np.nan for column in values.T])


if __name__ == "__main__":
    main()
