"""The time of whole covers by stage, compared with an older revision on the same machine.

    python benchmarks/speed.py SONG [SONG ...] --against 032591c --candidates 8 --out benchmarks/speed.md

Each cover is made by the command line in a process of its own, start-up included; the revisions alternate, and the
fastest of several runs counts. `--candidates` gives both the same number of candidates; without it each makes its own.
Beside the seconds: processor seconds, the most memory, and the timings of the stages in report.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from listening.revisions import ROOT, checked_out, program

STYLES = ("pop-piano", "swing", "string-quartet")
STAGES = ("listen", "analyze", "arrange", "choose", "score", "engrave", "sound", "report")


class Taken(NamedTuple):
    """Of one cover: wall-clock and processor seconds, peak memory in MB, and seconds by stage."""

    wall: float
    cpu: float
    peak: float
    stages: dict[str, float]


def main() -> None:
    """Make covers in turn, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("songs", type=Path, nargs="+")
    parser.add_argument("--styles", nargs="+", default=list(STYLES))
    parser.add_argument("--against", help="a git revision to cover with as well")
    parser.add_argument("--candidates", type=int, help="candidates that both make")
    parser.add_argument("--runs", type=int, default=2, help="of which the fastest counts (default: 2)")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    asked = ["--candidates", str(options.candidates)] if options.candidates else []
    lines = [
        "# Whole covers",
        "",
        f"`python benchmarks/speed.py SONGS{' --against ' + options.against if options.against else ''}"
        f"{' ' + ' '.join(asked) if asked else ''}`: the fastest of {options.runs}, {os.cpu_count()} cores; seconds.",
        "",
        "| song | style | revision | whole | processors | MB | " + " | ".join(STAGES) + " |",
        "|---" * (6 + len(STAGES)) + "|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        homes = {"ours": ROOT}
        if options.against:
            homes[options.against] = checked_out(options.against, Path(scratch) / "then")
        for song in options.songs:
            for style in options.styles:
                rows = in_turn(homes, song.resolve(), [*asked, "--style", style], options.runs)
                lines += [line(song.stem, style, name, taken) for name, taken in rows.items()]
                if options.against:
                    lines.append(ratios(song.stem, style, rows["ours"], rows[options.against]))
                print("\n".join(lines[-len(homes) - 1 :]), flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def in_turn(homes: dict[str, Path], song: Path, words: Sequence[str], runs: int) -> dict[str, Taken]:
    """The fastest cover of each revision; revisions alternate."""
    taken: dict[str, list[Taken]] = {name: [] for name in homes}
    for _ in range(runs):
        for name, home in homes.items():
            taken[name].append(covered(home, song, words))
    return {name: min(runs_of, key=lambda one: one.wall) for name, runs_of in taken.items()}


def covered(home: Path, song: Path, words: Sequence[str]) -> Taken:
    """Make one cover with the package in `home`."""
    with tempfile.TemporaryDirectory() as out:
        asked = program(home, ["cover", str(song), "--quiet", "--out", out, *words])
        begun = time.perf_counter()
        process = subprocess.Popen(**asked, cwd=out, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        complained = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        if status:
            raise SystemExit(complained.decode()[-400:])
        stages = json.loads((Path(out) / "report.json").read_text(encoding="utf-8"))["timings_sec"]
    return Taken(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, stages)


def line(song: str, style: str, name: str, taken: Taken) -> str:
    """A row of the table."""
    stages = " | ".join(f"{taken.stages[stage]:.1f}" if stage in taken.stages else "" for stage in STAGES)
    return f"| {song} | {style} | {name} | {taken.wall:.1f} | {taken.cpu:.1f} | {taken.peak:.0f} | {stages} |"


def ratios(song: str, style: str, ours: Taken, theirs: Taken) -> str:
    """The factor by which the older revision is slower."""
    stages = " | ".join(
        f"{theirs.stages[stage] / ours.stages[stage]:.1f}x" if ours.stages.get(stage) and stage in theirs.stages else ""
        for stage in STAGES
    )
    whole = f"{theirs.wall / ours.wall:.1f}x | {theirs.cpu / ours.cpu:.1f}x | {theirs.peak / ours.peak:.1f}x"
    return f"| {song} | {style} | ratio | {whole} | {stages} |"


if __name__ == "__main__":
    main()
