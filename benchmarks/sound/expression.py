"""Whether expressive playing is nearer to people's than flat playing and random jitter, on held-out performances.

    python benchmarks/sound/expression.py LIBRARY CORPUS --out benchmarks/sound/expression.md

POP909's songs of CORPUS's validation and test splits (velocity), the Groove dataset's own (velocity and timing). Flat
plays every note alike, jitter adds normal noise with the spread that people have, accents adds 5 on first beats and 2
on others. `r` is the mean over performances of the correlation with what was played; `error` the root mean square
difference; `distance` the Wasserstein distance between the distributions of offsets (0 for a perfect distribution,
whichever note has which).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from expression_data import drummings, pop_songs, splits_of
from expression_fit import GROOVES, placed, swing_share
from scipy.stats import wasserstein_distance

from symbolic_cover.core.music import Bar, Meter, Note
from symbolic_cover.performance.groove import SLOTS
from symbolic_cover.performance.manner import manner_of
from symbolic_cover.performance.touch import FEATURES, features, struck

#: A style of ours that plays with each groove.
STYLE_OF = {"rock": "rock", "pop": "pop-ballad", "latin": "bossa", "jazz": "swing"}
_FARTHEST_MS, _FEWEST = 60.0, 32
Case = tuple[str, str, np.ndarray, np.ndarray, np.ndarray]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    names = {name for name, split in splits_of(options.corpus).items() if split != "train"}
    cases = [*velocity_cases(options.library, names), *drum_cases(options.library)]
    text = "\n".join(table(cases)) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def velocity_cases(library: Path, names: set[str]) -> list[Case]:
    """(what, unit, played, ours, accents) for melody and accompaniment of each song."""
    manner = manner_of("pop-piano")
    cases = []
    for song in pop_songs(library, names):
        for what, notes, others, weights in (
            ("tune", song.melody, song.accompaniment, manner.melody),
            ("accompaniment", song.accompaniment, song.melody, manner.accompaniment),
        ):
            played = np.array([note.velocity for note in notes], dtype=float)
            if played.std() < 2.0 or len(notes) < _FEWEST:
                continue
            facts = features(notes, others, song.bars)
            downbeat, eighth, sixteenth = (
                facts[:, FEATURES.index(name)] for name in FEATURES[:4] if name != "strong_beat"
            )
            accents = 5 * downbeat + 2 * ((1 - downbeat) * (1 - eighth) * (1 - sixteenth))
            ours = struck(notes, others, song.bars, weights)
            cases.append((f"pop piano, {what}", "velocity", played - played.mean(), ours, accents - accents.mean()))
    return cases


def drum_cases(library: Path) -> list[Case]:
    """The same for drummers of Groove's validation and test splits, velocity and milliseconds late."""
    cases = []
    for drumming in drummings(library):
        groove = next((name for name, styles in GROOVES.items() if drumming.style in styles), None)
        if drumming.split == "train" or groove not in STYLE_OF or len(drumming.strokes) < _FEWEST:
            continue
        if groove == "jazz" and not 0.57 < swing_share(drumming) < 0.75:
            continue
        manner = manner_of(STYLE_OF[groove])
        _, slots, late, velocity = placed(drumming, manner.swing)
        bars = [Bar(0, Meter(4, 4))]
        strokes = [Note(int(slot) * 3, 3, s.pitch, 80) for slot, s in zip(slots, drumming.strokes, strict=True)]
        ours, ours_late = manner.groove.strokes(strokes, bars)
        accents = np.select([slots == 0, slots % (SLOTS // 4) == 0], [5.0, 2.0], 0.0)
        near = np.abs(late) < _FARTHEST_MS
        cases.append((f"drums, {groove}", "velocity", velocity, ours, accents - accents.mean()))
        cases.append((f"drums, {groove}", "ms late", late[near], ours_late[near], np.zeros(near.sum())))
    return cases


def table(cases: list[Case]) -> list[str]:
    """The results as Markdown."""
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case[:2]].append(case)
    rng = np.random.default_rng(0)
    players: dict[str, Callable[[Case], np.ndarray]] = {
        "ours": lambda case: case[3],
        "flat": lambda case: np.zeros(len(case[2])),
        "jitter": lambda case: rng.normal(0, case[2].std(), len(case[2])),
        "accents": lambda case: case[4],
    }
    lines = [
        "# Expressive playing beside people's", "",
        "`python benchmarks/sound/expression.py LIBRARY CORPUS`; performances that were not measured for the"
        " model.", "",
        "| what | unit | performances | people's spread | "
        + " | ".join(f"{name}: r / error / distance" for name in players) + " |",
        "|---" * (4 + len(players)) + "|",
    ]  # fmt: skip
    for (what, unit), of_group in sorted(groups.items()):
        cells = []
        for play in players.values():
            found = np.array([compared(case[2], play(case)) for case in of_group])
            cells.append(" / ".join(f"{value:.2f}" for value in found.mean(axis=0)))
        spread = np.mean([case[2].std() for case in of_group])
        lines.append(f"| {what} | {unit} | {len(of_group)} | {spread:.1f} | " + " | ".join(cells) + " |")
    return lines


def compared(played: np.ndarray, ours: np.ndarray) -> tuple[float, float, float]:
    """(correlation, root mean square difference, Wasserstein distance)."""
    r = float(np.corrcoef(played, ours)[0, 1]) if ours.std() > 0 and played.std() > 0 else 0.0
    return r, float(np.sqrt(np.mean((played - ours) ** 2))), float(wasserstein_distance(played, ours))


if __name__ == "__main__":
    main()
