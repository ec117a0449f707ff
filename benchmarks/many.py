"""Whether the time for a song depends on the number of songs: seconds a song of `cover FOLDER --workers N`.

    python benchmarks/many.py --counts 20 200 --workers 2 --out benchmarks/many.md

The songs are the first eight bars of Scarborough Fair in as many keys as there are songs, one candidate each, twice:
the second run finds that all are done.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from listening.revisions import ROOT, program

SONG = """X:1
T:Song {number}
M:3/4
L:1/8
Q:1/4=120
K:{key}
"Am" A4 A2 | e4 e2 | "G" B3 c B2 | "Am" A6 | "C" z2 e2 g2 | "Am" a4 g2 | e2 f2 d2 | e6 |
"""
KEYS = ("Am", "Dm", "Em", "Gm", "Cm", "Bm", "F#m")


def main() -> None:
    """Cover, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    counts = " ".join(map(str, options.counts))
    lines = [
        "# Many songs",
        "",
        f"`python benchmarks/many.py --counts {counts} --workers {options.workers}`: {os.cpu_count()} cores.",
        "",
        "| songs | seconds | a song | again, all there |",
        "|---|---|---|---|",
    ]
    for count in options.counts:
        first, second = timed(count, options.workers)
        lines.append(f"| {count} | {first:.0f} | {first / count:.2f} | {second:.1f} |")
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def timed(count: int, workers: int) -> tuple[float, float]:
    """Seconds to cover this many songs, and to find that they are covered."""
    with tempfile.TemporaryDirectory() as scratch:
        songs = Path(scratch) / "songs"
        songs.mkdir()
        for number in range(count):
            text = SONG.format(number=number, key=KEYS[number % len(KEYS)])
            (songs / f"song{number:04d}.abc").write_text(text, encoding="utf-8")
        words = ["cover", str(songs), "--out", str(Path(scratch) / "out"), "--candidates", "1", "--format", "ogg",
                 "--workers", str(workers), "--quiet"]  # fmt: skip
        taken = []
        for _ in range(2):
            begun = time.perf_counter()
            subprocess.run(**program(ROOT, words), cwd=scratch, check=True)
            taken.append(time.perf_counter() - begun)
    return taken[0], taken[1]


if __name__ == "__main__":
    main()
