"""The song that a cover was made of, as text beside the cover: so that it can be judged without hearing the song again.

Notes are written ``onset duration pitch velocity``, chords ``start end label``, separated by commas; ticks as always.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_cover.analysis.chords import chords_from_symbols
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Bar, Key, Meter, Note
from symbolic_cover.core.sheet import Content

REPORT = "report.json"
_LAYERS = ("melody", "bass", "texture")


def read_report(folder: Path, *, must_be_whole: bool = False) -> dict[str, Any]:
    """What ``report.json`` in a cover's folder says; {} where there is none, or where it cannot be read.

    With `must_be_whole` a report that cannot be read raises InputError.
    """
    path = folder / REPORT
    try:
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        if must_be_whole:
            raise InputError(
                f"{path} is no report that can be read.", "Make the cover again, or give --source."
            ) from error
        return {}
    return told if isinstance(told, dict) else {}


def song_record(content: Content) -> dict[str, Any]:
    """A song as plain data."""
    grid = content.grid
    return {
        "title": content.title,
        "key": [content.key.tonic, content.key.mode],
        "bars": " ".join(str(bar.meter) for bar in grid.bars),
        "beat_tick": " ".join(map(str, grid.beat_tick.tolist())),
        "beat_sec": " ".join(f"{sec:.4f}" for sec in grid.beat_sec.tolist()),
        "confidence": grid.confidence,
        "second_tick": grid.second_tick,
        **{layer: _written(getattr(content, layer)) for layer in _LAYERS},
        "chords": ", ".join(f"{chord.start_tick} {chord.end_tick} {chord.label}" for chord in content.chords),
    }


def song_of_record(record: Mapping[str, Any]) -> Content:
    """The song that `song_record` wrote down. Raises InputError for anything else."""
    try:
        beat_tick = np.array(list(map(int, record["beat_tick"].split())))
        beat_sec = np.array(list(map(float, record["beat_sec"].split())))
        grid = Grid(beat_tick, beat_sec, _bars(record["bars"]), record["confidence"], record["second_tick"])
        symbols = []
        for chord in filter(None, record["chords"].split(", ")):
            start, end, label = chord.split(" ", 2)
            symbols += [(int(start), label), (int(end), "N")]
        melody, bass, texture = (_read(record[layer]) for layer in _LAYERS)
        return Content(
            grid=grid, melody=melody, bass=bass, texture=texture,
            chords=chords_from_symbols(_last_at_each_tick(symbols), grid.end_tick),
            key=Key(*record["key"]), title=record["title"],
        )  # fmt: skip
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            "The song in report.json cannot be read.", "Make the cover again, or give --source."
        ) from error


def _bars(written: str) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    tick = 0
    for word in written.split():
        bars.append(Bar(tick, Meter(*map(int, word.split("/")))))
        tick = bars[-1].end_tick
    return tuple(bars)


def _last_at_each_tick(symbols: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Where a chord ends as the next begins, the next."""
    return sorted(dict(symbols).items())


def _written(notes: Iterable[Note]) -> str:
    return ", ".join(" ".join(map(str, map(int, note))) for note in notes)


def _read(written: str) -> tuple[Note, ...]:
    return tuple(Note(*map(int, note.split())) for note in filter(None, written.split(", ")))
