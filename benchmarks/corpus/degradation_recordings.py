"""Real recordings with reference notes, as excerpts like the rendered ones (for `degradation.py`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from degradation_pieces import RATE_HZ, Measured, merged, rows_as_heard, rows_heard

from symbolic_cover.analysis.song import analyze
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Recording
from symbolic_cover.listening.audio.recording import load_recording

BAR_SEC = 2.0


def recordings(folder: Path, seconds: float) -> list[Measured]:
    """The beginning of each ``NAME.ogg`` beside a ``NAME.notes_dtw.csv`` (onset and end in seconds, pitch, velocity).

    Nobody says where their beats are: the grid is a steady one, with a tick every 24th of a second.
    """
    found = []
    for path in sorted(folder.rglob("*.ogg")):
        if (notes_path := path.with_suffix(".notes_dtw.csv")).is_file():
            grid = Grid.steady(int(seconds / BAR_SEC))
            end_sec = float(grid.beat_sec[-1])
            samples = load_recording(path).samples[: int(end_sec * RATE_HZ)]
            raw = rows_heard(Recording(samples, RATE_HZ))
            written = np.loadtxt(notes_path, delimiter=",", skiprows=1)
            written = written[written[:, 1] < end_sec]
            written[:, 1] -= written[:, 0]
            written = np.column_stack([written[:, :4], np.zeros(len(written))])  # nobody says what is the melody
            true, heard = (
                analyze(rows_as_heard(rows, grid, path.stem, kind))
                for rows, kind in ((written, "midi"), (raw[raw[:, 0] < end_sec - BAR_SEC / 4], "audio"))
            )
            found.append(Measured(path.stem, "recording", "piano", merged(true), heard, raw))
    return found
