"""The model card: a checkpoint's description, data and licences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_HEAD = """---
license: other
library_name: transformers
tags: [music, symbolic-music, arrangement]
---
"""
_LIMITS = (
    "Plays within constraints that the weights alone do not keep: range, reach, full bars, the melody on top.",
    "Sees about ten bars at a time. Knows the metres of its data: bands have learned four beats in a bar, waltzes",
    "three.",
)
_NOT_SEARCHED = "Its output was not searched for bars copied from the data."
_COPIED = (
    "Passages of four bars or more whose accompaniment, in any key, one training song has and no other, in what is",
    "played to lead sheets (`symbolic_cover/evaluation/memorisation.py`):",
)


def write_model_card(folder: Path, facts: dict[str, Any], n_parameters: int) -> Path:
    """Write the ``README.md`` of a checkpoint, from its training (`facts`) and its ``sources.json``."""
    path = folder / "sources.json"
    sources = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    plan, metrics = facts.get("plan", {}), facts.get("metrics", {})
    lines = [
        _HEAD,
        f"# {folder.name}",
        "",
        f"A Llama decoder of {n_parameters / 1e6:.1f} million parameters that plays accompaniments to a song's melody",
        "and chords, bar by bar. Made by `symbolic-cover train`; needs symbolic-cover's tokenizer and constraints.",
        "",
        "## Training",
        "",
        f"{plan.get('steps', '?')} steps of {plan.get('batch_size', '?')} windows of {plan.get('context', '?')} tokens"
        + (f", beginning with the weights of {facts['start_from']}" if facts.get("start_from") else "")
        + ". Songs, not files, are split; validation and test songs were never trained on.",
    ]
    if "eval_loss" in metrics:
        lines.append(f"Validation loss: {metrics['eval_loss']:.3f} nats a token of Y.")
    if "comparison" in facts.get("lineage", {}):
        lines += ["", "## Refined", "", *_refined(facts["lineage"])]
    if "scores" in facts:
        lines += ["", "## Scores", "", f"`{facts['scored_by']}`, means over all segments:", ""]
        columns = list(next(iter(facts["scores"].values())))
        lines += ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
        for metric, values in facts["scores"].items():
            lines.append(f"| {metric} | " + " | ".join(f"{values[column]:.3f}" for column in columns) + " |")
    searched = facts.get("memorisation")
    if searched:
        lines += ["", "## Copied bars", "", *_COPIED, f"`{searched['by']}`:", "", *searched["table"]]
    lines += ["", "## Limits", "", *_LIMITS, *([] if searched else [_NOT_SEARCHED])]
    lines += ["", "## Data and licences", "", "| style | dataset | licence | pieces |", "|---|---|---|---|"]
    for style, datasets in sources.items():
        lines += [f"| {style} | {one['dataset']} | {one['licence']} | {one['pieces']} |" for one in datasets]
    credits = sorted({one["attribution"] for datasets in sources.values() for one in datasets})
    lines += ["", "Attribution:", "", *(f"- {credit}" for credit in credits)]
    card = folder / "README.md"
    card.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return card


def _refined(lineage: dict[str, Any]) -> list[str]:
    """The parent, the number of preferences, and the gain on held-out songs."""
    compared = lineage["comparison"]
    verdict = compared["verdict"]
    origins = ", ".join(f"{count} {origin}" for origin, count in lineage["preferences"].items() if count)
    lines = [
        f"By `symbolic-cover refine` from {lineage['parent']} (SHA-256 {lineage['parent_sha256'][:16]}...), with",
        f"preferences from {origins}. Single candidates for held-out songs, not chosen among;"
        f" score {verdict['gain']:+.3f} [{verdict['low']:+.3f}, {verdict['high']:+.3f}]:",
        "",
        "| | before | after | people |",
        "|---|---|---|---|",
    ]
    for name, value in compared["before"].items():
        people = compared["people"].get(name)
        known = "" if people is None else f"{people:.3f}"
        lines.append(f"| {name} | {value:.3f} | {compared['after'][name]:.3f} | {known} |")
    return lines
