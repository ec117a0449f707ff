"""The effect of each control of a cover.

    python benchmarks/arranging/controls.py CORPUS --segments 8 --out benchmarks/arranging/controls.md

On eight-bar segments of the test split, each control is set to several values and its intended effect is measured in
the arrangement: the mean, and the rank correlation (Spearman) between setting and measurement, within each segment,
averaged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from symbolic_cover.arrangement.arranger import candidates_by_model, prepare_sheet
from symbolic_cover.arrangement.checkpoint import find_checkpoint, load_checkpoint
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import LEVELS, Controls
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style
from symbolic_cover.corpus.excerpts import draw_excerpts
from symbolic_cover.evaluation import metrics as m
from symbolic_cover.tokens.tokenizer import BarTokenizer

ASKED = {
    "density": (0.0, 0.25, 0.5, 0.75, 1.0),
    "polyphony": (0.0, 0.25, 0.5, 0.75, 1.0),
    "level": LEVELS,
    "fidelity": (0.0, 0.3, 0.6, 1.0),
    "transpose": (-5, -2, 0, 2, 5),
    "tempo": (0.7, 1.0, 1.4),
}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--styles", nargs="+", default=["pop-piano"])
    parser.add_argument("--segments", type=int, default=8)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = BarTokenizer.load(options.corpus)
    lines = [
        "# Controls",
        "",
        f"`python benchmarks/arranging/controls.py CORPUS --styles {' '.join(options.styles)}"
        f" --segments {options.segments}`",
    ]
    for name in options.styles:
        folder = options.checkpoint or find_checkpoint(style=name)
        if folder is None:
            raise SystemExit(f"There are no weights for {name}.")
        checkpoint, style = load_checkpoint(folder), load_style(name)
        found = [
            s.sheet for s in draw_excerpts(options.corpus / "test", tokenizer, [name], 30, seed=3) if s.sheet.melody
        ]
        lines += [
            "",
            f"## {name} ({checkpoint.name})",
            "",
            "| control | asked | measured | rank correlation | melody kept |",
        ]
        lines.append("|---|---|---|---|---|")
        for control, values in ASKED.items():
            measured = np.array([
                [measure(control, checkpoint, sheet, style, value) for value in values]
                for sheet in found[: options.segments]
            ])  # fmt: skip
            ranks = [spearmanr(range(len(values)), row[:, 0]).statistic for row in measured]
            asked = ", ".join(map(str, values))
            means = ", ".join(f"{mean:.2f}" for mean in np.nanmean(measured[:, :, 0], axis=0))
            kept = measured[:, :, 1].mean()
            lines.append(f"| {control} | {asked} | {means} | {np.nanmean(ranks):.2f} | {kept:.3f} |")
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def measure(control: str, checkpoint, sheet: SongSheet, style, value) -> tuple[float, float]:
    """The effect of a control in one arrangement, and its melody retention."""
    controls = Controls(candidates=1, **{control: value})
    prepared = prepare_sheet(sheet, controls, style.ensemble, style.manner)
    made: Arrangement = candidates_by_model(checkpoint, prepared, style, controls)[0]
    kept = m.melody_retention(prepared.melody, made.notes)
    played = [note for note in made.pitched_notes if note not in set(made.melody)]
    if control == "fidelity":  # how much of the source's other notes is played
        rest = [*prepared.bass, *prepared.texture]
        return m.melody_retention(rest, made.notes) if rest else np.nan, kept
    if control == "polyphony":  # notes struck together
        return len(played) / max(len({note.onset_tick for note in played}), 1), kept
    if control == "transpose":  # semitones by which the melody moved
        return float(np.mean([note.pitch for note in made.melody]) - np.mean([n.pitch for n in sheet.melody])), kept
    if control == "tempo":
        return made.grid.tempo_bpm / sheet.grid.tempo_bpm, kept
    return len(made.notes) / len(prepared.grid.bars), kept


if __name__ == "__main__":
    main()
