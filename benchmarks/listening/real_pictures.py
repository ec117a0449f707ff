"""A picture of the annotation and the analysis of a song, in rows of twenty seconds (for `real.py`)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from real_annotations import Annotated

ROW_SEC, MOST_ROWS = 20.0, 12
_TRUE, _HEARD, _SUNG_ROW_INCHES = "#2a78b5", "#d1495b", 1.9


def picture(song: Annotated, said: dict[str, Any]) -> bytes:
    """A PNG: annotated melody blue, heard red; bar lines heard (red) and annotated (blue, dashed); chords above."""
    melody = np.array(said.get("melody", []), dtype=float).reshape(-1, 3)
    ends = [song.notes[-1, 1] if song.notes is not None else 0.0, melody[-1, 1] if len(melody) else 0.0]
    if song.beats is not None:
        ends.append(song.beats[-1])
    n_rows = min(int(max(ends) // ROW_SEC) + 1, MOST_ROWS)
    figure = Figure(figsize=(16, 0.6 + _SUNG_ROW_INCHES * n_rows))
    FigureCanvasAgg(figure)
    for row in range(n_rows):
        axis = figure.add_subplot(n_rows, 1, row + 1)
        begin, end = row * ROW_SEC, (row + 1) * ROW_SEC
        for sec in said.get("downbeats_sec", []):
            axis.axvline(sec, color=_HEARD, lw=0.8)
        for sec in song.downbeats if song.downbeats is not None else []:
            axis.axvline(sec, color=_TRUE, lw=0.8, ls="--")
        for notes, colour, width in ((song.notes, _TRUE, 5.0), (melody, _HEARD, 2.0)):
            if notes is not None:
                for onset, offset, pitch in notes:
                    if begin <= onset < end:
                        axis.plot([onset, offset], [pitch, pitch], color=colour, lw=width, solid_capstyle="butt")
                        axis.plot([onset], [pitch], "|", color=colour, ms=6)
        for start, _, label in said.get("chords", []):
            if begin <= start < end:
                axis.text(start, 1.01, label, transform=axis.get_xaxis_transform(), fontsize=6, color=_HEARD)
        axis.set_xlim(begin, end)
        low, high = _range(song, melody, begin, end)
        axis.set_ylim(low - 2, high + 2)
        axis.tick_params(labelsize=6)
    figure.suptitle(f"{song.path.stem}: {said.get('key')}, {said.get('meter')}, {said.get('tempo_bpm')}", fontsize=9)
    figure.tight_layout()
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=70)
    return out.getvalue()


def _range(song: Annotated, melody: np.ndarray, begin: float, end: float) -> tuple[float, float]:
    pitches = [
        pitch
        for notes in (song.notes, melody)
        if notes is not None
        for onset, _, pitch in notes
        if begin <= onset < end
    ]
    return (min(pitches), max(pitches)) if pitches else (48, 72)
