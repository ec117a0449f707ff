"""The chords of each key, and their weight beside the listener in key estimation.

    python benchmarks/listening/keys.py LIBRARY --count 1200 --fit symbolic_cover/presets/chords_of_keys.toml
    python benchmarks/listening/keys.py LIBRARY --recordings FOLDER

The first counts the share of a piece that each chord lasts, root by root above the tonic and kind by kind, in pieces of
the training split that state their key. The second fits the two weights of chords (`listening/audio/harmony.py`) to the
recordings that `synthetic.py --split valid` has made in FOLDER, by the likelihood of their true keys, and prints the
weighted score of `mir_eval.key` with and without chords, on them and on those of the test split.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mir_eval
import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from symbolic_cover.cli.quiet import settle_libraries
from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.core.music import Key
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.core.tonality import KINDS, MODES, chord_fit, kind_of
from symbolic_cover.corpus.pairs import make_pair
from symbolic_cover.corpus.units import read_piece
from symbolic_cover.listening.audio.harmony import heard_chords, key_scores
from symbolic_cover.listening.audio.hearing import heard_grid, heard_notes
from symbolic_cover.listening.audio.listening import listen_with_all
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.studio.training_examples import draw_pieces

SEED = 11
FEWEST_CHORDS = 4
COMMENT = """# How much of a piece each chord lasts, by its kind and its root, from the tonic up in semitones.
# Written by benchmarks/listening/keys.py from pieces of the training split that state their key: {counts}.
"""


class Case(NamedTuple):
    """A recording: the evidence for each of the 24 keys, (3, 24), by the listener and the notes, by the chords, and by
    the first and last of them; the true key."""

    said: np.ndarray
    true: int


#: Weights of the three without chords.
WITHOUT = np.array([1.0, 0.0, 0.0])


def main() -> None:
    """Count chords, or fit and score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--fit", type=Path, help="where to write the chords of keys")
    parser.add_argument("--recordings", type=Path)
    options = parser.parse_args()
    if options.fit:
        options.fit.write_text(table(list(sheets(options.library, options.count))), encoding="utf-8")
        print(options.fit)
    if options.recordings:
        valid, test = (list(cases(options.recordings / split)) for split in ("valid", "test"))
        weights = fitted(valid)
        print("weights", (weights / weights[0]).round(2).tolist())
        for name, some in (("valid", valid), ("test", test)):
            print(
                name,
                len(some),
                "without chords",
                round(score(some, WITHOUT), 3),
                "with",
                round(score(some, weights), 3),
            )


def sheets(library: Path, count: int) -> Iterator[SongSheet]:
    """Pieces of the training split that state their key."""
    ensembles = load_ensembles()
    for job, _ in draw_pieces(library, "train", count, SEED):
        try:
            piece = read_piece(job)
            if piece.key is not None:
                yield make_pair(piece, ensembles).sheet
        except SymbolicCoverError:
            continue


def table(pieces: list[SongSheet]) -> str:
    """The chords of keys as a TOML file; every piece counts the same."""
    shares = np.zeros((len(MODES), len(KINDS), 12))
    pieces = [piece for piece in pieces if len(piece.chords) >= FEWEST_CHORDS]
    for piece in pieces:
        whole = sum(chord.end_tick - chord.start_tick for chord in piece.chords)
        for chord in piece.chords:
            at = MODES.index(piece.key.mode), KINDS.index(kind_of(chord.quality)), (chord.root - piece.key.tonic) % 12
            shares[at] += (chord.end_tick - chord.start_tick) / whole
    counts = " and ".join(f"{sum(piece.key.mode == mode for piece in pieces)} in {mode}" for mode in MODES)
    lines = [COMMENT.format(counts=counts)]
    for mode, share in zip(MODES, shares / np.maximum(shares.sum(axis=(1, 2), keepdims=True), 1e-9), strict=True):
        lines += [
            f"[{mode}]",
            *(f"{kind} = {row.round(4).tolist()}" for kind, row in zip(KINDS, share, strict=True)),
            "",
        ]
    return "\n".join(lines)


def cases(folder: Path) -> Iterator[Case]:
    """The evidence of each recording of a split."""
    settle_libraries()
    for path in sorted(folder.glob("*.wav")):
        with np.load(path.with_suffix(".npz")) as told:
            true, is_known = told["key"], len(told["beats"]) >= 8 and len(told["notes"]) >= 10
        if not is_known:
            continue
        heard = listen_with_all(load_recording(path))
        grid = heard_grid(heard.answers, Hints(), heard_notes(heard.answers, heard.features), heard.pulse)
        fit = chord_fit(chord for chord in heard_chords(heard.answers, grid, heard.chords) if chord)
        if len(fit):
            said = np.array([key_scores(heard.answers), fit.mean(axis=0), fit[0] + fit[-1]])
            yield Case(said, int(true[0] + 12 * true[1]))


def fitted(some: list[Case]) -> np.ndarray:
    """The weights of the three that maximize the likelihood of the true keys, (3,)."""
    said, true = np.array([case.said for case in some]), np.array([case.true for case in some])

    def loss(weights: np.ndarray) -> float:
        logs = log_softmax(np.einsum("nik,i->nk", said, weights), axis=1)
        return float(-logs[np.arange(len(true)), true].mean())

    return np.asarray(minimize(loss, np.ones(3)).x)


def score(some: list[Case], weights: np.ndarray) -> float:
    """The mean weighted score of the keys that are found with these weights."""
    keys = [int((weights @ case.said).argmax()) for case in some]
    scores = [mir_eval.key.weighted_score(label(case.true), label(key)) for case, key in zip(some, keys, strict=True)]
    return float(np.mean(scores))


def label(key: int) -> str:
    """The key of a number as mir_eval reads it."""
    return Key(key % 12, "minor" if key >= 12 else "major").label


if __name__ == "__main__":
    main()
