"""How well the notes of a performance are quantized to their written positions, on true beats.

    python benchmarks/listening/quantizing.py LIBRARY --count 100 --out benchmarks/listening/quantizing.md

LIBRARY is a folder of collected datasets. Pieces of the test split in simple metres whose notes lie on sixteenths and
triplets are played with notes up to some milliseconds early or late, straight or swung, with and without grace notes
before some of the melody's notes. Share of onsets at their own tick, and of bars that are entirely right: ours, and
every onset moved to the nearest sixteenth. Right for swung eighths means straight ones.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, TimedNote, TimedTrack
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.pairs import make_pair
from symbolic_cover.corpus.units import read_piece
from symbolic_cover.listening.beats.swing import swinging
from symbolic_cover.studio.training_examples import draw_pieces
from symbolic_cover.tokens.language import DRUMS

SWUNG_TICK, GRACE_SHARE, GRACE_SEC = 7.8, 0.1, 0.07
WAYS = {"10 ms": (0.010, 6.0, False), "20 ms": (0.020, 6.0, False), "30 ms": (0.030, 6.0, False),
        "15 ms, swung": (0.015, SWUNG_TICK, False), "15 ms, graces": (0.015, 6.0, True)}  # fmt: skip


def main() -> None:
    """Play, quantize, compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    ensembles, results = load_ensembles(), {way: [] for way in WAYS}
    for job, number in draw_pieces(options.library, "test", options.count, seed=11):
        try:
            pair = make_pair(read_piece(job), ensembles)
        except (SymbolicCoverError, ValueError, KeyError, IndexError):
            continue
        grid = pair.sheet.grid
        notes = sorted({n for name, part in pair.parts.items() if name != DRUMS for n in part} | set(pair.sheet.melody))
        if any(bar.meter.beat_tick != TICKS_PER_QUARTER for bar in grid.bars) or len(notes) < 50:
            continue
        if np.mean([note.onset_tick % TICKS_PER_QUARTER in (0, 3, 4, 6, 8, 9) for note in notes]) < 0.99:
            continue
        for name, (spread_sec, second, graces) in WAYS.items():
            rng = np.random.default_rng(number)
            results[name].append(compare(notes, pair.sheet.melody, grid, rng, spread_sec, second, graces))
    lines = [
        "# Quantizing",
        "",
        f"`python benchmarks/listening/quantizing.py LIBRARY --count {options.count}`: {len(results['10 ms'])} pieces.",
        "",
        "| played | onsets right: ours | sixteenths | bars right: ours | sixteenths |",
        "|---|---|---|---|---|",
    ]
    for name, rows in results.items():
        lines.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in np.mean(rows, axis=0)) + " |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def compare(
    notes: list[Note], melody: tuple[Note, ...], grid: Grid, rng: np.random.Generator, spread_sec: float, second: float,
    graces: bool,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Shares of correct onsets and bars, ours and by sixteenths."""
    onset = np.array([note.onset_tick for note in notes], dtype=float)
    place = np.mod(onset, TICKS_PER_QUARTER)
    swings = second != TICKS_PER_QUARTER / 2 and not np.isin(place, (4, 8)).any()
    if swings:
        late = second + (place - 6) * (TICKS_PER_QUARTER - second) / 6
        onset = onset - place + np.where(place < 6, place * second / 6, late)
    sec = grid.sec_at(onset) + np.clip(rng.normal(0, spread_sec, len(notes)), -2 * spread_sec, 2 * spread_sec)
    played = []
    for note, start in zip(notes, sec, strict=True):
        length = float(grid.sec_at(note.end_tick) - grid.sec_at(note.onset_tick)) * 0.9
        played.append(timed(float(start), length, note.pitch))
    if graces:
        for note in melody:
            if rng.random() < GRACE_SHARE:
                played.append(timed(float(grid.sec_at(note.onset_tick)) - GRACE_SEC, GRACE_SEC, note.pitch + 1))
    heard = Heard((TimedTrack("", tuple(played)),), swinging(replace(grid, confidence=0.9), sec))
    found = {(note.onset_tick, note.pitch) for note in quantize(heard)[0].notes}
    onset_tick = grid.tick_at(np.array([note.onset_sec for note in played]))
    plain = {(max(int(3 * np.floor(tick / 3 + 0.5)), 0), note.pitch)
             for tick, note in zip(onset_tick, played, strict=True)}  # fmt: skip
    true = {(note.onset_tick, note.pitch) for note in notes}
    starts = np.array([bar.start_tick for bar in grid.bars])
    ours, theirs = (right(true, side, starts) for side in (found, plain))
    return ours[0], theirs[0], ours[1], theirs[1]


def timed(onset_sec: float, length_sec: float, pitch: int) -> TimedNote:
    """A note of so many seconds, not before the song begins."""
    onset_sec = max(onset_sec, 0.0)
    return TimedNote(onset_sec, onset_sec + length_sec, pitch)


def right(true: set[tuple[int, int]], found: set[tuple[int, int]], starts: np.ndarray) -> tuple[float, float]:
    """The share of true onsets found, and of bars without a wrong or missing one."""
    wrong = {int(np.searchsorted(starts, tick, side="right")) for tick, _ in true ^ found}
    bars = {int(np.searchsorted(starts, tick, side="right")) for tick, _ in true}
    return len(true & found) / len(true), 1 - len(wrong & bars) / len(bars)


if __name__ == "__main__":
    main()
