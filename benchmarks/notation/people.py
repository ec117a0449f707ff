"""The readability of people's scores: the ranges with which covers are compared.

    python benchmarks/notation/people.py LIBRARY --out symbolic_cover/presets/readability.toml

Measures every score of OpenScore's Lieder (songs with piano, and their pianos alone) and quartets in LIBRARY, which is
filled by `symbolic-cover collect`, and the Bach chorales in music21's corpus.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from symbolic_cover.core.errors import InputError
from symbolic_cover.evaluation.readability import DESCRIPTIONS, readability

#: Where the scores of an ensemble are, and whether only parts of several staves count.
HUMAN = {
    "choir": ("music21 bach", False),
    "solo-piano": ("openscore_lieder_mxl", True),
    "string-quartet": ("openscore_quartets_mxl", False),
    "voice-piano": ("openscore_lieder_mxl", False),
}
LEAST, MOST = 5, 95


def main() -> None:
    """Measure all scores and write the ranges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--most", type=int, help="so many scores of each ensemble, for a quick look")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = [
        "# People's scores per bar of a staff: 5th percentile, mean, 95th percentile (benchmarks/notation/people.py)."
    ]
    for ensemble in HUMAN:
        scores = people(options.library, ensemble, options.most)
        print(f"{ensemble}: {len(scores)} scores", flush=True)
        if not scores:
            continue
        lines += ["", f"# {len(scores)} scores", f"[{ensemble}]"]
        for name in DESCRIPTIONS:
            values = [score[name] for score in scores]
            low, high = np.percentile(values, [LEAST, MOST])
            lines.append(f"{name} = [{', '.join(str(round(float(v), 3)) for v in (low, np.mean(values), high))}]")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def people(library: Path, ensemble: str, most: int | None = None) -> list[dict[str, float]]:
    """The readability of people's scores for an ensemble."""
    dataset, braced_only = HUMAN[ensemble]
    return list(_measured(_paths(library, dataset)[:most], braced_only=braced_only))


def _paths(library: Path, dataset: str) -> list[Path]:
    if dataset != "music21 bach":
        return sorted((library / dataset).glob("*.mxl"))
    from music21 import corpus

    return [path for path in map(Path, corpus.getComposer("bach")) if path.match("bwv*.mxl")]


def _measured(paths: list[Path], *, braced_only: bool) -> Iterator[dict[str, float]]:
    for path in paths:
        with suppress(InputError):  # some songs write the piano as two parts
            yield readability(path, braced_only=braced_only)


if __name__ == "__main__":
    main()
