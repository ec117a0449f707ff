"""Training examples for the listener: features of recordings made here, and the truth about them.

An example is one performance of one piece. Examples are made in lots, one file each, so that an
interrupted run can be continued. Pieces keep the split of their song.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.errors import SymbolicCoverError, UsageError
from symbolic_cover.core.files import whole_file
from symbolic_cover.core.heard import Recording
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.pairs import make_pair
from symbolic_cover.corpus.prepare import Choice, find_jobs
from symbolic_cover.corpus.shards import split_of
from symbolic_cover.corpus.units import Job, read_piece
from symbolic_cover.corpus.workers import run_all
from symbolic_cover.listening.audio.features import Features, features_of
from symbolic_cover.listening.audio.transcribe import posteriorgrams
from symbolic_cover.sound.soundfonts import find_soundfonts
from symbolic_cover.studio.performance import Truth, perform
from symbolic_cover.studio.recording import record

#: Long enough for the listener's half minute, short enough for many pieces.
SECONDS = 40.0
_A_LOT = 12
#: Datasets are sampled by this power of their size, so that the large ones do not dominate.
_EVENNESS = 0.5
_NOT_PLAYED = frozenset(["drum-groove"])


class TrainingExample(NamedTuple):
    """The features of a recording and its annotations."""

    name: str
    style: str
    features: Features
    truth: Truth


#: A piece, the number of its performance, ensembles and SoundFonts -> an example's arrays by name, or None.
Maker = Callable[[Job, int, dict[str, Ensemble], Sequence[Path]], "dict[str, Any] | None"]


class Lot(NamedTuple):
    """Pieces, each with the number of its performance, the file of their examples, and the function that makes them."""

    jobs: tuple[tuple[Job, int], ...]
    out: str
    soundfonts: tuple[str, ...]
    make: Maker


def make_examples(
    library: Path, out: Path, *, split: str, count: int, seed: int = 0, workers: int = 2,
    soundfonts: Sequence[Path] = (), progress: Callable[[int, int], None] | None = None, make: Maker | None = None,
) -> list[Path]:  # fmt: skip
    """Record `count` performances of pieces of a split; returns the files of the lots. Existing lots are kept."""
    fonts = tuple(str(font) for font in (soundfonts or find_soundfonts()))
    chosen = draw_pieces(library, split, count, seed)
    folder = out / split
    folder.mkdir(parents=True, exist_ok=True)
    lots = [
        Lot(tuple(chosen[i : i + _A_LOT]), str(folder / f"{i // _A_LOT:05d}.npz"), fonts, make or arrays_of)
        for i in range(0, len(chosen), _A_LOT)
    ]
    for done, _ in enumerate(run_all(_make_lot, lots, workers=workers), 1):
        if progress:
            progress(done, len(lots))
    return [Path(lot.out) for lot in lots]


def load_examples(folder: Path) -> Iterator[TrainingExample]:
    """The examples of a split, lot by lot."""
    for arrays in load_lots(folder):
        features = Features(*(arrays[name] for name in Features._fields))
        truth = Truth(*(arrays[name] for name in _TRUTH))
        yield TrainingExample(str(arrays["name"]), str(arrays["style"]), features, truth)


def load_lots(folder: Path) -> Iterator[dict[str, np.ndarray]]:
    """The arrays of every example in a folder of lots."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            for index in range(int(file["count"])):
                start = f"{index}."
                yield {name[len(start) :]: file[name] for name in file.files if name.startswith(start)}


#: The keys of the annotations in a file, different from those of features.
_TRUTH = tuple(f"true_{name}" for name in Truth._fields)


def draw_pieces(library: Path, split: str, count: int, seed: int) -> list[tuple[Job, int]]:
    """Pieces of the split with the number of each performance, datasets weighted by `_EVENNESS`."""
    rng = np.random.default_rng(seed)
    jobs = [job for job in find_jobs(library, Choice()) if split_of(job.split_group) == split
            and job.style not in _NOT_PLAYED]  # fmt: skip
    if not jobs:
        raise UsageError(f"The library has no pieces in its {split} split.", "Collect more: symbolic-cover collect ls")
    styles = np.array([job.style for job in jobs])
    _, style, sizes = np.unique(styles, return_inverse=True, return_counts=True)
    weight = (sizes**_EVENNESS / sizes)[style]
    drawn = rng.choice(len(jobs), size=count, p=weight / weight.sum())
    return [(jobs[int(index)], seed * 100_000 + number) for number, index in enumerate(drawn)]


def _make_lot(lot: Lot) -> str:
    out = Path(lot.out)
    if out.is_file():
        return lot.out
    ensembles = load_ensembles()
    arrays: dict[str, Any] = {}
    count = 0
    for job, number in lot.jobs:
        made = lot.make(job, number, ensembles, [Path(font) for font in lot.soundfonts])
        if made is None:
            continue
        arrays |= {f"{count}.{name}": side for name, side in made.items()}
        count += 1
    with whole_file(out) as partial, partial.open("wb") as file:
        np.savez_compressed(file, count=count, **arrays)
    return lot.out


def arrays_of(
    job: Job, number: int, ensembles: dict[str, Ensemble], soundfonts: Sequence[Path]
) -> dict[str, Any] | None:
    """The arrays of one example."""
    example = make_example(job, number, ensembles, soundfonts)
    if example is None:
        return None
    truth = dict(zip(_TRUTH, example.truth, strict=True))
    return {"name": example.name, "style": example.style, **example.features._asdict(), **truth}


def make_example(
    job: Job, number: int, ensembles: dict[str, Ensemble], soundfonts: Sequence[Path]
) -> TrainingExample | None:
    """A transcribed performance of a piece; None for a piece with too little music."""
    recorded = record_piece(job, number, ensembles, soundfonts)
    if recorded is None:
        return None
    recording, truth = recorded
    return TrainingExample(job.name, job.style, features_of(recording, *posteriorgrams(recording)), truth)


def record_piece(
    job: Job, number: int, ensembles: dict[str, Ensemble], soundfonts: Sequence[Path]
) -> tuple[Recording, Truth] | None:
    """A performance of a piece as sound, and its annotations; None for a piece with too little music."""
    rng = np.random.default_rng([zlib.crc32(job.name.encode()), number])
    try:
        pair = make_pair(read_piece(job), ensembles)
        performance = perform(pair, ensembles[pair.ensemble], rng, SECONDS)
        font = soundfonts[int(rng.integers(len(soundfonts)))]
        recording, stretch = record(performance.score, font, rng)
    except (SymbolicCoverError, ValueError, RuntimeError, KeyError, IndexError):
        return None
    return recording, stretched(performance.truth, stretch)


def stretched(truth: Truth, factor: float) -> Truth:
    """The annotations of a recording that runs slower by a factor."""

    def times(rows: np.ndarray, n_times: int) -> np.ndarray:
        rows = rows.astype(float)
        rows[:, :n_times] *= factor
        return rows

    notes, melody, bass = (times(side, 2) for side in (truth.notes, truth.melody, truth.bass))
    return Truth(times(truth.beats, 1), notes, melody, bass, times(truth.chords, 2), truth.key)
