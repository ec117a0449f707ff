"""The analysis of real recordings, compared with an older revision and with single models.

    python benchmarks/listening/real.py FOLDER --against 032591c --parts --pictures OUT --out real.md

FOLDER has recordings and annotations as `real_annotations.py` describes them, and the way of scoring. `--against` also
runs the code of a git revision, in an environment that has what it needs (this one). Each recording is analysed in a
process of its own; results are cached as JSON in `--cache`. `--pictures` draws, for each song, annotation and analysis:
melody, bar lines, chords, confidence by bar.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from real_annotations import Annotated, judged_bars, read_folder, scores
from real_parts import PARTS, parts_of
from revisions import ROOT, checked_out, program

from symbolic_cover.listening.formats import AUDIO_SUFFIXES

System = Callable[[Path], dict[str, Any]]


def main() -> None:
    """Analyse all recordings with every system, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--against", help="a git revision to hear with as well")
    parser.add_argument("--cache", type=Path, help="where to keep what was heard")
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each song")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--parts", action="store_true", help="also what each ear alone says")
    options = parser.parse_args()
    songs = read_folder(options.folder, AUDIO_SUFFIXES)
    with tempfile.TemporaryDirectory() as folder:
        systems: dict[str, System] = {"ours": by_revision(ROOT)}
        if options.against:
            systems[options.against] = by_revision(checked_out(options.against, Path(folder) / "then"))
        found = {name: {song.path.stem: hear(name, run, song, options.cache) for song in songs}
                 for name, run in systems.items()}  # fmt: skip
    if options.parts:
        found |= by_part(songs, options.cache)
    lines = [
        "# Real recordings",
        "",
        f"`python {Path(*Path(__file__).parts[-3:])} FOLDER`",
        "",
        *table(songs, found),
        "",
        *reliability(songs, found["ours"]),
    ]
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if options.pictures:
        from real_pictures import picture

        options.pictures.mkdir(parents=True, exist_ok=True)
        for song in songs:
            (options.pictures / f"{song.path.stem}.png").write_bytes(picture(song, found["ours"][song.path.stem]))


def by_revision(folder: Path) -> System:
    """``analyze --json`` of the package in a folder."""

    def run(path: Path) -> dict[str, Any]:
        asked = program(folder, ["analyze", str(path.resolve()), "--json"])
        done = subprocess.run(**asked, cwd=path.resolve().parent, capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()[-200:]}

    return run


def by_part(songs: Sequence[Annotated], cache: Path | None) -> dict[str, dict[str, dict[str, Any]]]:
    """The results of single models for every song, cached."""
    found: dict[str, dict[str, dict[str, Any]]] = {part: {} for part in PARTS}
    for song in songs:
        kept = cache / "parts" / f"{song.path.stem}.json" if cache else None
        if kept and kept.is_file():
            said = json.loads(kept.read_text(encoding="utf-8"))
        else:
            said = parts_of(song.path)
            print(f"parts: {song.path.stem}", file=sys.stderr, flush=True)
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(said), encoding="utf-8")
        for part in PARTS:
            found[part][song.path.stem] = said.get(part, {})
    return found


def hear(name: str, run: System, song: Annotated, cache: Path | None) -> dict[str, Any]:
    """A system's results for a song, cached."""
    kept = cache / name / f"{song.path.stem}.json" if cache else None
    if kept and kept.is_file():
        return json.loads(kept.read_text(encoding="utf-8"))
    begun = time.perf_counter()
    said = run(song.path) | {"seconds_taken": round(time.perf_counter() - begun, 1)}
    print(f"{name}: {song.path.stem}", file=sys.stderr, flush=True)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(said), encoding="utf-8")
    return said


BINS = (0.0, 0.2, 0.4, 0.6, 0.8)
COLUMNS = ("sung F1", "beat F", "CMLt", "AMLt", "grid F", "downbeat F", "majmin", "sevenths", "thirds")


def table(songs: list[Annotated], found: dict[str, dict[str, dict[str, Any]]]) -> Iterator[str]:
    """A row for each song and system, and the means by kind of song."""
    rated = {name: {song.path.stem: scores(song, heard[song.path.stem]) for song in songs}
             for name, heard in found.items()}  # fmt: skip
    yield "| songs | by | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (len(COLUMNS) + 2) + "|"
    for kind in dict.fromkeys(song.kind for song in songs):
        stems = [song.path.stem for song in songs if song.kind == kind]
        for name in found:
            means = {c: [rated[name][s][c] for s in stems if c in rated[name][s]] for c in COLUMNS}
            cells = (f"{np.mean(values):.3f} ({len(values)})" if values else "" for values in means.values())
            yield f"| {kind} | {name} | " + " | ".join(cells) + " |"
    yield ""
    yield "| song | by | tempo, metre, key | " + " | ".join(COLUMNS) + " | seconds |"
    yield "|---" * (len(COLUMNS) + 4) + "|"
    for song in songs:
        for name, heard in found.items():
            if name in PARTS:
                continue
            said, rates = heard[song.path.stem], rated[name][song.path.stem]
            about = f"{said.get('tempo_bpm', 0):.0f}, {said.get('meter', '?')}, {said.get('key', '?')}"
            cells = (f"{rates[c]:.3f}" if c in rates else "" for c in COLUMNS)
            yield f"| {song.path.stem} | {name} | {about} | " + " | ".join(cells) + f" | {said['seconds_taken']} |"


def reliability(songs: list[Annotated], heard: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The share of correct results by confidence, bar by bar."""
    pairs = [pair for song in songs for pair in judged_bars(song, heard[song.path.stem])]
    yield "| confidence of a bar | " + " | ".join(f"{low:.1f} to {low + 0.2:.1f}" for low in BINS) + " |"
    yield "|---" * (len(BINS) + 1) + "|"
    for what in ("beats", "melody"):
        cells = []
        for low in BINS:
            right = [
                share for name, confidence, share in pairs if name == what and low <= min(confidence, 0.99) < low + 0.2
            ]
            cells.append(f"{np.mean(right):.2f} ({len(right)})" if right else "")
        yield f"| {what} right | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
