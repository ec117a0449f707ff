"""The errors of our transcripts, and whether `degrade` makes the same.

    python benchmarks/corpus/degradation.py FOLDER --pieces 320 --cache CACHE \
        --out benchmarks/corpus/degradation.md --fit symbolic_cover/presets/degradation.toml

FOLDER has the unpacked datasets; `--index` (FOLDER/index.csv unless given) has a row for each of their files, with
`path`, `dataset`, `style_label`, `split_group`, `title`. Excerpts of whole bars, `--seconds` long, are taken from
pieces of the training split of many styles in turn, played by FluidSynth with the programs of their files (drums too),
heard by the listener (notes, melody and bass), drawn to their true grid and analysed; so are the written notes. CACHE
keeps the transcripts, so that a run can be broken off and repeated. Every other excerpt of a style is fitted, the rest
is compared; the errors written by `--fit` are fitted to all of them. `--recordings` is a folder of real recordings of a
piano with reference notes, to which nothing is fitted.

A note is heard if its pitch is struck within an eighth of its onset.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from degradation_fit import fit
from degradation_pieces import Measured, choose, measure_all
from degradation_recordings import recordings
from degradation_tables import likeness_table, missed_table, style_table

from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.degrade import Errors, degrade
from symbolic_cover.corpus.mishearing import KindErrors, write_errors

KINDS = ("piano", "sustained", "voices", "band")
MELODY_MODERATION = 0.5
N_DEGRADED = 4
REAL_SEC = 60.0
COMMENT = """How transcripts err, by kind of ensemble; see KindErrors in symbolic_cover/corpus/mishearing.py.
Written by benchmarks/corpus/degradation.py, which says how it was measured."""


def main() -> None:
    """Measure, fit, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--pieces", type=int, default=160)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "symbolic-cover-degradation")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--fit", type=Path)
    options = parser.parse_args()
    rows = choose(options.folder, options.index or options.folder / "index.csv", options.pieces, options.seed)
    pieces = measure_all(options.folder, rows, options.seconds, options.cache)
    fitted, kept = halves(pieces)
    errors = Errors({kind: fit(of_kind(fitted, kind)) for kind in KINDS})
    text = report(pieces, fitted, kept, errors, options)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)
    if options.fit:
        everything: dict[str, KindErrors] = {kind: fit(of_kind(pieces, kind)) for kind in KINDS}
        write_errors(Errors(everything, MELODY_MODERATION), options.fit, COMMENT)


def of_kind(pieces: Sequence[Measured], kind: str) -> list[Measured]:
    """The excerpts of one kind of ensemble."""
    return [piece for piece in pieces if piece.kind == kind]


def halves(pieces: Sequence[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Every other excerpt of each style and kind, and the others."""
    seen: Counter[tuple[str, str]] = Counter()
    sides: tuple[list[Measured], list[Measured]] = ([], [])
    for piece in pieces:
        sides[seen[piece.style, piece.kind] % 2].append(piece)
        seen[piece.style, piece.kind] += 1
    return sides


def report(
    pieces: Sequence[Measured],
    fitted: Sequence[Measured],
    kept: Sequence[Measured],
    errors: Errors,
    options: argparse.Namespace,
) -> str:
    """The page with all tables."""
    styles = {piece.style for piece in pieces}
    lines = [
        "# What transcripts get wrong, and degraded truth beside them",
        "",
        f"`python benchmarks/corpus/degradation.py FOLDER --pieces {options.pieces} --seconds {options.seconds:g}"
        f" --seed {options.seed}`: {len(pieces)} excerpts of the training split, {len(styles)} styles, played by",
        "FluidSynth (FluidR3 GM), heard by the listener, drawn to the true grid, analysed. A note is heard if its",
        "pitch is struck within an eighth of its onset; all shares are of the true notes. `piano` is one struck or",
        "plucked instrument, `sustained` bows, winds and organ, `voices` choirs, `band` everything else.",
        "",
        "## Missed notes",
        "",
        *missed_table(pieces, KINDS),
        "",
        "## By style",
        "",
        *style_table(pieces),
    ]
    for kind in KINDS:
        held = of_kind(kept, kind)
        lines += [
            "",
            f"## {kind}: held-out excerpts",
            "",
            f"Fitted to {len(of_kind(fitted, kind))} excerpts, compared on {len(held)} others. `degraded`: the melody"
            f" errs as measured; `as in training`: its errors are scaled by {MELODY_MODERATION:g}. Means over excerpts"
            f" (degraded {N_DEGRADED} times).",
            "",
            *likeness_table(held, ways(errors)),
        ]
    real = recordings(options.recordings, REAL_SEC) if options.recordings else []
    if real:
        lines += [
            "",
            "## piano: real recordings",
            "",
            f"The first {REAL_SEC:g} s of {len(real)} recordings, with reference notes aligned to them (to 0.1 s,"
            " ornaments as written), on a steady grid that is not theirs. Errors are those fitted above.",
            "",
            *likeness_table(real, ways(errors)),
        ]
    return "\n".join(lines) + "\n"


def ways(errors: Errors) -> dict[str, Callable[[Measured], Sequence[SongSheet]]]:
    """The columns of a table of similarity."""
    return {
        "truth": lambda piece: [piece.true],
        "transcript": lambda piece: [piece.heard],
        "degraded": degrader(errors),
        "as in training": degrader(Errors(errors.kinds, MELODY_MODERATION)),
    }


def degrader(errors: Errors) -> Callable[[Measured], list[SongSheet]]:
    """A function that degrades an excerpt `N_DEGRADED` times."""
    rng = np.random.default_rng(0)

    def heard(piece: Measured) -> list[SongSheet]:
        return [degrade(piece.true, errors, rng, piece.kind) for _ in range(N_DEGRADED)]

    return heard


if __name__ == "__main__":
    main()
