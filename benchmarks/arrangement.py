"""Every style of a checkpoint on held-out songs: human, model, rules and a copy of the source side by side.

    python benchmarks/styles.py CORPUS --checkpoint FOLDER --segments 6 --out benchmarks/styles.md

CORPUS is a prepared corpus. Of each style some eight-bar segments of the test split are arranged from their lead
sheet (melody and chords), and compared with what people wrote. `acc_` is measured without the tune. A random forest,
trained on real segments of the training split alone, names the style of each arrangement; its accuracy on real
held-out segments stands beside. Style margin is the cosine of style profiles with the mean profile of the style's real
segments, less that with the most similar other style's (above 0: nearest to its own style).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier

from symbolic_cover.analyze.key import find_key
from symbolic_cover.arrange.arranger import draft_by_model, draft_by_rules
from symbolic_cover.arrange.checkpoint import load_checkpoint
from symbolic_cover.arrange.choose import choose
from symbolic_cover.arrange.styles import load_style, style_names
from symbolic_cover.evaluate import metrics as m
from symbolic_cover.evaluate.style import style_fit, style_profile, texture_features
from symbolic_cover.learn.dataset import Shard
from symbolic_cover.music import Content, Controls, Note, Style
from symbolic_cover.tokens.tokenizer import BarTokenizer

BARS = 8
ROWS = ("human", "model", "rules", "copy")
SHOWN = (
    "note_f1", "acc_note_f1", "bar_chroma_cosine", "acc_bar_chroma_cosine", "bar_onset_cosine", "acc_bar_onset_cosine",
    "melody_retention", "chord_accuracy", "chord_tone_ratio", "unplayable_share", "notes_per_bar",
    "grooving_similarity", "pitch_class_entropy", "empty_bars", "style_margin", "named",
)  # fmt: skip


class Segment(NamedTuple):
    """Eight bars of a piece: the song, and what people play with it, part by part, tune included."""

    style: str
    content: Content
    parts: dict[str, list[Note]]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--segments", type=int, default=6)
    parser.add_argument("--real", type=int, default=80, help="real segments a style to train the classifier on")
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = load_checkpoint(options.checkpoint)
    tokenizer = BarTokenizer.load(options.corpus)
    styles = [name for name in style_names() if name in checkpoint.tokenizer.styles]
    real = segments(options.corpus / "train", tokenizer, styles, options.real, seed=1)
    held_out = segments(options.corpus / "test", tokenizer, styles, 30, seed=2)
    forest, profiles = learn(real)
    truth = [segment.style for segment in held_out]
    named = forest.predict([features(segment.parts, segment.content) for segment in held_out])
    print(f"classifier on real held-out segments: {np.mean(named == truth):.3f} of {len(truth)}", flush=True)
    recall = {
        style: float(np.mean([n == t for n, t in zip(named, truth, strict=True) if t == style])) for style in styles
    }
    lines = heading(options, checkpoint.name, float(np.mean(named == truth)), len(truth))
    totals: dict[str, list[dict[str, float]]] = {row: [] for row in ROWS}
    for name in styles:
        chosen = [segment for segment in held_out if segment.style == name and segment.content.melody][
            : options.segments
        ]
        if not chosen:
            continue
        table = {row: [] for row in ROWS}
        for number, segment in enumerate(chosen):
            controls = Controls(candidates=options.candidates, fidelity=0.0, seed=number)
            for row, parts in versions(segment, load_style(name), checkpoint, controls).items():
                table[row].append(scores(parts, segment, forest, profiles))
        lines += [
            "",
            f"## {name}",
            "",
            f"{len(chosen)} segments; {recall[name]:.2f} of the real ones are named rightly.",
        ]
        lines.append("")
        lines += rows_of(table)
        print("\n".join(lines[-len(ROWS) - 3 :]), flush=True)
        for row in ROWS:
            totals[row] += table[row]
    lines += ["", "## All styles", "", *rows_of(totals)]
    text = "\n".join(lines) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def heading(options: argparse.Namespace, checkpoint: str, accuracy: float, n_real: int) -> list[str]:
    """What was measured."""
    return [
        "# Every style on held-out songs",
        "",
        f"`python benchmarks/styles.py CORPUS --checkpoint {checkpoint} --segments {options.segments}"
        f" --candidates {options.candidates}`: eight-bar segments of the test split, lead sheet given."
        f" Temperature {Controls().temperature}.",
        f"The classifier names {accuracy:.3f} of {n_real} real held-out segments rightly.",
    ]


def segments(split: Path, tokenizer: BarTokenizer, styles: list[str], a_style: int, seed: int) -> list[Segment]:
    """At most `a_style` segments of each style, of different songs as far as there are."""
    shard, rng = Shard.load(split), np.random.default_rng(seed)
    names = [tokenizer[int(header[1])].split("_", 1)[1] for header in shard.headers]
    found = []
    for style in styles:
        songs = rng.permutation([i for i, name in enumerate(names) if name == style])
        if not len(songs):
            continue
        for turn in range(a_style):
            song = int(songs[turn % len(songs)])
            first, end = (int(bar) for bar in shard.song_start[song : song + 2])
            if end - first >= BARS and turn < 4 * len(songs):
                found.append(cut(shard, tokenizer, song, int(rng.integers(first, end - BARS + 1)), style))
    return [segment for segment in found if any(segment.parts.values())]


def cut(shard: Shard, tokenizer: BarTokenizer, song: int, first: int, style: str) -> Segment:
    """Read eight bars back from tokens."""
    header = tokenizer.names(shard.headers[song])
    tokens: list[str] = []
    for bar in range(first, first + BARS):
        x, _, y = shard.sides(bar)
        tokens += tokenizer.names([*x, *y])
    content = tokenizer.read_content(header + tokens)
    content = replace(content, key=find_key(content.notes) if content.notes else content.key)
    parts: dict[str, list[Note]] = {}
    for index, bar in enumerate(content.grid.bars):
        _, _, y = shard.sides(first + index)
        for name, notes in tokenizer.read_target_bar(bar, tokenizer.names(y)).items():
            parts.setdefault(name, []).extend(notes)
    lead = tokenizer.names([shard.leads[song]])[0].split("_", 1)[1] if shard.leads[song] else ""
    if lead:
        parts[lead] = sorted([*parts.get(lead, ()), *content.melody])
    return Segment(style, content, parts)


def features(parts: dict[str, list[Note]], content: Content) -> np.ndarray:
    """What the classifier sees."""
    return texture_features(parts, content.grid.bars)


def learn(real: list[Segment]) -> tuple[RandomForestClassifier, dict[str, np.ndarray]]:
    """The classifier, and the mean profile of each style."""
    forest = RandomForestClassifier(300, class_weight="balanced", random_state=0, n_jobs=1)
    forest.fit([features(s.parts, s.content) for s in real], [s.style for s in real])
    profiles = {
        style: np.mean([style_profile(s.parts.values()) for s in real if s.style == style], axis=0)
        for style in {s.style for s in real}
    }
    return forest, profiles


def versions(segment: Segment, style: Style, checkpoint, controls: Controls) -> dict[str, dict[str, list[Note]]]:
    """The arrangements that are compared, by row."""
    lead_sheet = replace(segment.content, bass=(), texture=())
    names = [spec.name for spec in style.ensemble.parts]
    model, _ = choose(draft_by_model(checkpoint, lead_sheet, style, controls), lead_sheet)
    rules = draft_by_rules(lead_sheet, style, controls)
    drafts = {"model": model, "rules": rules}
    made = {row: {n: list(p.notes) for n, p in zip(names, draft.parts, strict=True)} for row, draft in drafts.items()}
    stacks = [
        Note(chord.start_tick, chord.end_tick - chord.start_tick, 48 + pitch_class, 70)
        for chord in segment.content.chords
        for pitch_class in sorted(chord.pitch_classes)
    ]
    return {"human": segment.parts, **made, "copy": {"source": [*segment.content.melody, *stacks]}}


def scores(parts, segment: Segment, forest, profiles) -> dict[str, float]:
    """Everything that is measured of one arrangement."""
    content = segment.content
    bars = content.grid.bars
    tune = {(n.onset_tick, n.pitch) for n in content.melody}
    pitched, human = (
        sorted(n for name, notes in side.items() if name != "drums" for n in notes) for side in (parts, segment.parts)
    )
    ours, theirs = ([n for n in side if (n.onset_tick, n.pitch) not in tune] for side in (pitched, human))
    hands = [n for name in ("right-hand", "left-hand") for n in parts.get(name, ())]
    everything = sorted(n for notes in parts.values() for n in notes)
    profile = style_profile(parts.values())
    own = style_fit(profile, profiles[segment.style])
    others = [style_fit(profile, other) for style, other in profiles.items() if style != segment.style]
    return {
        **m.compare_with_human(pitched, human, bars),
        **{f"acc_{name}": value for name, value in m.compare_with_human(ours, theirs, bars).items()},
        "melody_retention": m.melody_retention(content.melody, everything),
        "chord_accuracy": m.chord_accuracy(content.chords, pitched, content.grid),
        "chord_tone_ratio": m.chord_tone_ratio(ours, content.chords),
        "unplayable_share": m.unplayable_share(hands) if hands else np.nan,
        "notes_per_bar": len(everything) / len(bars),
        "grooving_similarity": m.grooving_similarity(everything, bars),
        "pitch_class_entropy": m.pitch_class_entropy(pitched, bars),
        "empty_bars": m.empty_bars(everything, sorted(n for notes in segment.parts.values() for n in notes), bars),
        "style_margin": own - max(others),
        "named": float(forest.predict([features(parts, content)])[0] == segment.style),
    }


def rows_of(table: dict[str, list[dict[str, float]]]) -> list[str]:
    """A table in Markdown: a line for each version."""
    lines = ["| | " + " | ".join(SHOWN) + " |", "|---" * (len(SHOWN) + 1) + "|"]
    for row, found in table.items():
        means = [np.nanmean(values) if not np.isnan(values).all() else np.nan for values in
                 (np.array([one[name] for one in found]) for name in SHOWN)]  # fmt: skip
        lines.append(f"| {row} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")
    return lines


if __name__ == "__main__":
    main()
