"""The speed and memory of preparing a corpus, and whether the cost of a piece grows with its size.

    python benchmarks/corpus/preparing.py LIBRARY CORPUS --pieces 300 --out benchmarks/corpus/preparing.md

LIBRARY is filled by `collect`, CORPUS a finished corpus made of it. Preparing is timed on a sample of the library with
one worker and with two, in fresh processes; assembly is timed on the finished corpus's units, a thousand pieces and ten
thousand (units are repeated if there are fewer).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from symbolic_cover.corpus import prepare as preparing
from symbolic_cover.corpus.units import read_prepared
from symbolic_cover.tokens.tokenizer import BarTokenizer

SIZES = (1000, 2000, 5000, 10000)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pieces", type=int, default=300)
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="pieces to put together")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = [
        "# Preparing a corpus",
        "",
        f"`python benchmarks/corpus/preparing.py LIBRARY CORPUS --pieces {options.pieces}`; as many pieces of each"
        " dataset.",
        "",
        "| workers | pieces | seconds | pieces a second | largest process, MB |",
        "|---|---|---|---|---|",
    ]
    for workers in options.workers:
        pieces, seconds, megabytes = run_fresh(options.library, options.pieces, workers)
        lines.append(f"| {workers} | {pieces} | {seconds:.0f} | {pieces / seconds:.2f} | {megabytes:.0f} |")
    lines += ["", "Putting together, by size (one process):", ""]
    lines += ["| pieces | seconds | milliseconds a piece | peak memory, MB |", "|---|---|---|---|"]
    for size in options.sizes:
        seconds, megabytes = put_together(options.corpus, size)
        lines.append(f"| {size} | {seconds:.1f} | {1000 * seconds / size:.2f} | {megabytes:.0f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def run_fresh(library: Path, n_pieces: int, workers: int) -> tuple[int, float, float]:
    """(pieces, seconds, MB of the largest process) of preparing a sample from scratch."""
    n_datasets = sum(1 for one in preparing.collected(library).values() if not one.dataset.companion_of)
    limit = max(n_pieces // n_datasets, 1)
    program = "from symbolic_cover.cli import main; main()"
    with tempfile.TemporaryDirectory() as out:
        words = ["prepare", "--from", library, "--out", out, "--limit", limit, "--workers", workers, "--json"]
        begun = time.perf_counter()
        run = subprocess.run([sys.executable, "-c", program, *map(str, words)], capture_output=True, check=True)
        seconds = time.perf_counter() - begun
    summary = json.loads(run.stdout)
    pieces = sum(sum(one[kind] for kind in ("pieces", "duplicates", "refused")) for one in summary["datasets"].values())
    return pieces, seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def put_together(corpus: Path, size: int) -> tuple[float, float]:
    """(seconds, peak MB) of assembling a corpus of this many pieces, in a separate process."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[3])\n"
        "from pathlib import Path\nfrom preparing import put_here\nput_here(Path(sys.argv[1]), int(sys.argv[2]))"
    )
    words = [sys.executable, "-c", program, str(corpus), str(size), str(Path(__file__).parent)]
    run = subprocess.run(words, capture_output=True, check=True, text=True)
    seconds, megabytes = run.stdout.split()
    return float(seconds), float(megabytes)


def put_here(corpus: Path, size: int) -> None:
    """Assemble the first `size` pieces of a corpus's units and print seconds and peak memory."""
    units: list[Path] = []
    count = 0
    found = sorted((corpus / "work").glob("*.npz"))
    while count < size:
        for path in found:
            if count < size:
                units.append(path)
                count += sum(1 for _ in read_prepared(path))
    out = Path(tempfile.mkdtemp())
    begun = time.perf_counter()
    preparing._put_together(units, out, BarTokenizer.load(corpus))
    print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    shutil.rmtree(out)


if __name__ == "__main__":
    main()
