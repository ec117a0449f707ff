"""Performance data: POP909's velocities and pedal, the Groove dataset's drumming."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import symusic

from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.core.music import Bar, Note
from symbolic_cover.corpus.pop909 import original_of, read_song


class Played(NamedTuple):
    """The notes of a performance on the grid with the velocities played, melody and accompaniment apart."""

    melody: list[Note]
    accompaniment: list[Note]
    bars: tuple[Bar, ...]


class Stroke(NamedTuple):
    """One stroke of a drummer: pitch, time (in quarters from the first bar), velocity."""

    pitch: int
    quarter: float
    velocity: int


class Drumming(NamedTuple):
    """A drummer's performance in 4/4 to a click."""

    style: str
    bpm: float
    split: str
    strokes: list[Stroke]


def splits_of(corpus: Path) -> dict[str, str]:
    """Song of POP909 -> train, valid or test, as in the corpus."""
    with (corpus / "catalogue.csv").open(encoding="utf-8") as file:
        return {row["name"].split("/")[-1]: row["split"] for row in csv.DictReader(file) if "pop909" in row["dataset"]}


def pop_songs(library: Path, names: set[str]) -> Iterator[Played]:
    """POP909's songs on the corrected grid; the piano as played, without the bridge."""
    for path in sorted((library / "pop909_cl").glob("*.mid")):
        if path.stem not in names:
            continue
        try:
            tracks, grid = read_song(original_of(path), path)
        except SymbolicCoverError:
            continue
        notes = {track.name: list(track.notes) for track in tracks}
        if notes["MELODY"] and notes["PIANO"]:
            yield Played(notes["MELODY"], notes["PIANO"], grid.bars)


def pedalling(library: Path, names: set[str]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
    """(times of pressing, of lifting, of chord changes, seconds a beat) of songs played with pedal throughout."""
    for name in sorted(names):
        folder = library / "pop909" / name
        if not (folder / "chord_midi.txt").is_file():
            continue
        score = symusic.Score(folder / f"{name}.mid").to("second")
        controls = [(c.time, c.value) for track in score.tracks for c in track.controls if c.number == 64]
        beats = np.loadtxt(folder / "beat_midi.txt")[:, 0]
        if len(controls) < len(beats) / 4:
            continue
        changes = [float(line.split()[0]) for line in (folder / "chord_midi.txt").read_text().splitlines() if line]
        down = np.array([time for time, value in controls if value >= 64])
        up = np.array([time for time, value in controls if value < 64])
        yield down, up, np.array(changes), float(np.median(np.diff(beats)))


def drummings(library: Path) -> Iterator[Drumming]:
    """The Groove dataset's beats in 4/4."""
    folder = library / "groove_drums"
    for row in csv.DictReader((folder / "info.csv").open(encoding="utf-8")):
        path = folder / row["midi_filename"].replace("/", "__")
        if not path.is_file() or row["time_signature"] != "4-4" or row["beat_type"] != "beat":
            continue
        score = symusic.Score(path)
        strokes = [Stroke(note.pitch, note.time / score.ticks_per_quarter, note.velocity)
                   for track in score.tracks for note in track.notes]  # fmt: skip
        style = "shuffle" if "shuffle" in row["style"] else row["style"].split("/")[0].split("-")[0]
        if strokes:
            yield Drumming(style, float(row["bpm"]), row["split"], strokes)
