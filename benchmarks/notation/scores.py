"""Fifty covers in all styles: checks of every score, and readability compared with people's scores.

    python benchmarks/notation/scores.py LIBRARY --out scores.md --readability readability.md

LIBRARY is filled by `symbolic-cover collect`; of each dataset below, songs of the test split are cut to their first
bars and covered, two in each style. Each score is validated against the MusicXML 4.0 schema, opened again by music21
and by verovio (the same parts, bars that add up, the same notes), read by our own reader and written again (the same
bytes), engraved, and its separate parts are validated. Then the scores are compared with people's of the same ensemble,
as measured by `people.py`.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import symusic
import torch
from score_checks import music21_faults, return_faults, schema_faults, verovio_faults

from symbolic_cover.app.cover import cover
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.shards import split_of
from symbolic_cover.evaluation.people import Range, readable_people, verdict
from symbolic_cover.evaluation.readability import DESCRIPTIONS, readability
from symbolic_cover.notation.engrave import engrave_svg
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.parts import write_parts

DATASETS = ("openewld_pd", "openscore_lieder", "bach_chorales_cc0")
BARS = 12
CHECKS = ("schema", "music21", "verovio", "returned", "engraved", "parts")
#: The styles whose second cover is for another ensemble than their own, so that each ensemble has one.
OTHER_ENSEMBLES = {"pop-ballad": "lead-sheet", "salsa": "drum-kit"}


def main() -> None:
    """Cover, check, measure, and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--checkpoint", help="a folder, a shipped name, or rules; otherwise the one that is shipped")
    parser.add_argument("--candidates", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--readability", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder in which the scores stay")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.perf_counter()
        rows = list(covers(options.library, folder, options.candidates, options.checkpoint))
        minutes = (time.perf_counter() - begun) / 60
    for path, text in (
        (options.out, checks_table(rows, options.candidates, minutes)),
        (
            options.readability,
            readability_table(rows, readable_people()),
        ),
    ):
        print(text)
        if path:
            path.write_text(text, encoding="utf-8")


def covers(library: Path, folder: Path, candidates: int, checkpoint: str | None) -> Iterator[dict]:
    """Two covers in each style, one row each."""
    jobs = [(style, again) for again in (False, True) for style in style_names()]
    songs = excerpts(library, folder)
    for (style, again), song in zip(jobs, songs, strict=False):
        ensemble = OTHER_ENSEMBLES.get(style) if again else None
        made = cover(song, style, Controls(candidates=candidates), ensemble=ensemble, checkpoint=checkpoint)
        path = folder / f"{style}-{int(again) + 1}.musicxml"
        row = checked(made.arrangement, path)
        row |= {"style": style, "ensemble": load_style(style, ensemble).ensemble.name, "song": song.stem,
                "bars": len(made.arrangement.grid.bars), "readability": readability(path)}  # fmt: skip
        print({name: row[name] for name in ("style", "song", *CHECKS)}, flush=True)
        yield row


def excerpts(library: Path, folder: Path) -> Iterator[Path]:
    """Songs of the test split from each dataset in turn, each cut to its first bars."""
    found = []
    for dataset in DATASETS:
        with (library / dataset / "index.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if split_of(row["split_group"]) == "test"]
        found.append([library / row["path"] for row in rows if (library / row["path"]).suffix == ".mid"])
    for index in range(max(map(len, found))):
        for paths in found:
            if index < len(paths):
                score = symusic.Score(paths[index])
                meter = score.time_signatures[0] if score.time_signatures else symusic.TimeSignature(0, 4, 4)
                bar_ticks = score.ticks_per_quarter * 4 * meter.numerator // meter.denominator
                cut = score.clip(0, BARS * bar_ticks, clip_end=True)
                if sum(len(track.notes) for track in cut.tracks) >= 2 * BARS:
                    cut.dump_midi(folder / paths[index].name)
                    yield folder / paths[index].name


def checked(arrangement, path: Path) -> dict:
    """The result of each check of the score of an arrangement, written to `path`: empty if it passes."""
    write_musicxml(arrangement, path)
    parts_folder = path.with_suffix("")
    parts_folder.mkdir(exist_ok=True)
    parts = write_parts(arrangement, parts_folder)
    try:
        engraved = "" if engrave_svg(path) else "no page"
    except InputError as error:
        engraved = str(error)
    return {
        "schema": "; ".join(schema_faults(path)),
        "music21": "; ".join(music21_faults(arrangement, path)),
        "verovio": "; ".join(verovio_faults(arrangement, path)),
        "returned": "; ".join(return_faults(arrangement, path)),
        "engraved": engraved,
        "parts": "; ".join(f"{part.stem}: {fault}" for part in parts for fault in schema_faults(part)),
        "players": len(parts),
    }


def checks_table(rows: list[dict], candidates: int, minutes: float) -> str:
    """Every cover with what the checks found."""
    whole = {check: sum(not row[check] for row in rows) for check in CHECKS}
    lines = [
        "# Scores of fifty covers",
        "",
        f"`python benchmarks/notation/scores.py LIBRARY --candidates {candidates} --out benchmarks/notation/scores.md "
        "--readability benchmarks/notation/readability.md`:",
        f"the first {BARS} bars of {len(rows)} songs of the test split, two in each style.",
        "`schema`: valid MusicXML 4.0. `music21`, `verovio`: opened there, the same parts, bars and notes, bars that",
        "add up. `returned`: read by our own reader and written again, the same file to the byte; style, source,",
        "sections, the staff of the melody and, for ensembles without chord symbols, the chords are handed over,",
        "not read. `engraved`: pages come out.",
        f"`parts`: the separate parts are valid. It took {minutes:.0f} minutes on one core.",
        "",
        "Satisfied, of " + f"{len(rows)}: " + ", ".join(f"{check} {count}" for check, count in whole.items()) + ".",
        "",
        "| style | ensemble | song | bars | players | " + " | ".join(CHECKS) + " |",
        "|---" * (5 + len(CHECKS)) + "|",
    ]
    for row in rows:
        cells = [row["style"], row["ensemble"], row["song"], str(row["bars"]), str(row["players"])]
        lines.append("| " + " | ".join([*cells, *(row[check].replace("|", "/") or "ok" for check in CHECKS)]) + " |")
    return "\n".join(lines) + "\n"


def readability_table(rows: list[dict], human: Mapping[str, Mapping[str, Range]]) -> str:
    """Our scores and people's, by ensemble."""
    ours: dict[str, list[dict[str, float]]] = defaultdict(list)
    for row in rows:
        ours[row["ensemble"]].append(row["readability"])
    lines = [
        "# How hard the pages are to read",
        "",
        "Made by `benchmarks/notation/scores.py` (see `scores.md`); per bar of a staff, ledger lines and far notes per",
        "note. Ours: mean over the covers. People's: mean, and the 5th to the 95th percentile of their scores, as",
        "`benchmarks/notation/people.py` found them in all of OpenScore's Lieder and quartets and in Bach's chorales",
        "(`presets/readability.toml`); in **bold** what lies outside. People's pianos are the accompaniments of the",
        "Lieder. No free scores of bands, guitars and pop pianos made by people were at hand.",
        "",
        "Measured: " + "; ".join(f"*{name.replace('_', ' ')}*, {what}" for name, what in DESCRIPTIONS.items()) + ".",
        "",
        "| ensemble | scores | " + " | ".join(name.replace("_", " ") for name in DESCRIPTIONS) + " |",
        "|---" * (2 + len(DESCRIPTIONS)) + "|",
    ]
    for ensemble, scores in sorted(ours.items(), key=lambda item: (item[0] not in human, item[0])):
        spans = human.get(ensemble, {})
        cells = []
        for name in DESCRIPTIONS:
            mean = float(np.mean([score[name] for score in scores]))
            outside = bool(verdict(mean, spans.get(name)).replace("within", ""))
            cells.append(f"**{mean:.2f}**" if outside else f"{mean:.2f}")
        lines.append(f"| {ensemble}, ours | {len(scores)} | " + " | ".join(cells) + " |")
        if spans:
            cells = [
                f"{spans[name].median:.2f} ({spans[name].low:.2f} to {spans[name].high:.2f})" for name in DESCRIPTIONS
            ]
            lines.append(f"| {ensemble}, people | | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
