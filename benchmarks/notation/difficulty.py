"""The measured difficulty of songs covered at every level.

    python benchmarks/notation/difficulty.py LIBRARY --out benchmarks/notation/difficulty.md

LIBRARY is filled by `symbolic-cover collect`; songs of the test split, as in `scores.py`, are cut to their first bars
and covered at each level. For comparison: people's piano accompaniments (OpenScore's Lieder), whose 95th percentiles
are the upper end of the measure.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import torch
from scores import BARS, excerpts

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.app.cover import cover
from symbolic_cover.app.stages import load_stages
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import LEVELS, Controls
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.music import Key
from symbolic_cover.evaluation.difficulty import CRITERIA, criteria_of, difficulty, weighed
from symbolic_cover.listening.scores.read import read_score

PERCENTILES = (5, 50, 95)
#: Rounding hides less than this.
_SAME = 5e-3


def main() -> None:
    """Cover every song at every level, measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--songs", type=int, default=20)
    parser.add_argument("--people", type=int, default=120, help="how many piano accompaniments by people")
    parser.add_argument("--style", default="pop-piano")
    parser.add_argument("--checkpoint", help="a folder, a shipped name, or rules; otherwise the one that is shipped")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        songs = list(islice(excerpts(options.library, Path(temporary)), options.songs))
        rows = {song.stem: covered(song, options.style, options.checkpoint) for song in songs}
    people = list(accompaniments(options.library, options.people))
    text = table(rows, people, options.style)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def covered(song: Path, style: str, checkpoint: str | None) -> list[dict[str, float]]:
    """The criteria of the hardest player of a song's cover at each level, and the difficulty."""
    stages = load_stages(checkpoint, style)
    found = []
    for level in LEVELS:
        made = cover(song, style, Controls(level=level, candidates=1), stages=stages).arrangement
        hardest = max(criteria_of(made).values(), key=weighed)
        found.append(hardest | {"difficulty": difficulty(made)})
    print(song.stem, [round(one["difficulty"], 2) for one in found], flush=True)
    return found


def accompaniments(library: Path, count: int) -> list[dict[str, float]]:
    """The criteria of pianos on two staves in songs by people, evenly sampled."""
    paths = sorted((library / "openscore_lieder_mxl").glob("*.mxl"))
    found = []
    for path in paths[:: max(1, len(paths) // count)]:
        try:
            heard = read_score(path)
        except InputError:
            continue
        tracks = quantize(heard)
        names = [track.name for track in tracks]
        hands = tuple(Part(t.name, "piano", 0, t.notes) for t in tracks if names.count(t.name) == 2 and t.notes)
        if len(hands) == 2:
            key = heard.key or Key(0, "major")
            song = Arrangement(hands, (), heard.grid, key, (), "lied", "people")
            (criteria,) = criteria_of(song).values()
            found.append(criteria | {"difficulty": weighed(criteria)})
    return found


def table(rows: dict[str, list[dict[str, float]]], people: list[dict[str, float]], style: str) -> str:
    """Levels by criteria, people's percentiles, and every song."""
    names = ["difficulty", *CRITERIA]
    rising = [all(b["difficulty"] >= a["difficulty"] - _SAME for a, b in pairwise(row)) for row in rows.values()]
    lines = [
        "# How hard covers are at each level",
        "",
        f"`python benchmarks/notation/difficulty.py LIBRARY --songs {len(rows)} --style {style} --out "
        "benchmarks/notation/difficulty.md`:",
        f"the first {BARS} bars of {len(rows)} songs of the test split, one candidate each, and {len(people)} piano",
        "accompaniments by people (OpenScore's Lieder).",
        "",
        "; ".join(f"*{name}*: {text}" for name, text in CRITERIA.items()) + ".",
        "",
        "| | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for index, level in enumerate(LEVELS):
        means = [np.mean([row[index][name] for row in rows.values()]) for name in names]
        lines.append(f"| {level} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    for percentile in PERCENTILES if people else ():
        values = [np.percentile([one[name] for one in people], percentile) for name in names]
        lines.append(f"| people, {percentile} % | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    lines += [
        "",
        f"No level is easier than the one below it in {sum(rising)} of {len(rising)} songs.",
        "",
        "| song | " + " | ".join(LEVELS) + " |",
        "|---" * (len(LEVELS) + 1) + "|",
    ]
    lines += [
        f"| {name} | " + " | ".join(f"{one['difficulty']:.2f}" for one in row) + " |" for name, row in rows.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
