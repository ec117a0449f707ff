"""The result of refining on preferences: the table printed by `symbolic-cover refine`, and its log, as Markdown.

    symbolic-cover refine --data CORPUS --pairs 500 --workers 2 --out RUN
    python benchmarks/arranging/refining.py RUN --out benchmarks/arranging/refining.md

RUN is the folder of a refinement. The compared songs are those of the test split, six excerpts a style, four candidates
each, sampled independently; `benchmarks/arranging/arrangement.py` has the best of eight.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def main() -> None:
    """Read a run and write its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    compared = json.loads((options.run / "comparison.json").read_text(encoding="utf-8"))
    settings = json.loads((options.run / "refinement.json").read_text(encoding="utf-8"))
    log = [json.loads(line) for line in (options.run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    text = "\n".join(report(compared, settings, log)) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def report(compared: dict[str, Any], settings: dict[str, Any], log: list[dict[str, Any]]) -> list[str]:
    """The comparison, then the log."""
    verdict, plan = compared["verdict"], settings["plan"]
    origins = ", ".join(f"{count} {origin}" for origin, count in compared["preferences"].items() if count)
    lines = [
        "# Refining by preferences",
        "",
        f"Parent {settings['parent']} ({settings['parent_sha256'][:12]}); preferences: {origins}, each of"
        f" {settings['drafts']} candidates; " + ", ".join(f"{name} {value:g}" for name, value in plan.items()) + ".",
        "",
        f"Score on held-out songs {verdict['gain']:+.3f} [{verdict['low']:+.3f}, {verdict['high']:+.3f}]: "
        + ("better, and kept." if verdict["better"] else f"not kept, since {verdict['why_not']}."),
        "",
        "| | before | after | people |",
        "|---|---|---|---|",
    ]
    for name, value in compared["before"].items():
        people = compared["people"].get(name)
        cells = (f"{value:.3f}", f"{compared['after'][name]:.3f}", "" if people is None else f"{people:.3f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    shown = ("step", "scale", "divergence", "preferred", "score", "worth", "note_f1", "diversity", "stopped")
    lines += ["", "## While learning, on validation songs", ""]
    lines += ["| " + " | ".join(shown) + " |", "|---" * len(shown) + "|"]
    for line in log:
        values = [line[name] for name in shown]
        cells = [f"{value:.3f}" if isinstance(value, float) else str(value) for value in values]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
