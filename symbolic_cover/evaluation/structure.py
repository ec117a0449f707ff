"""The structure of a piece: whether it repeats itself, and where the song does.

`structure_indicators` are those of Wu & Yang ("The Jazz Transformer on the front line", ISMIR 2020): the highest
fitness of any segment of some length. The fitness of a segment (Müller, Jiang & Grosche, "A robust fitness measure for
capturing repetitions in music recordings", TASLP 2013) is the harmonic mean of the normalised score and coverage of its
best path family in the self-similarity matrix. They use seconds of sound; here a frame is a half note of the score, one
second at 120 quarters a minute, and its feature is the time each pitch class sounds, so that tempo and synthesizer do
not matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from symbolic_cover.analysis.form import returning_bars
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.metrics import bar_repetition, note_f1

#: In frames, inclusive: 3 to 8 seconds, 8 to 15, 15 and more.
SPANS = {"short": (3, 8), "mid": (8, 15), "long": (15, 10**6)}
_FRAME_TICK = 2 * TICKS_PER_QUARTER
#: Longer pieces get longer frames: the cost grows with the fourth power of their number.
_MOST_FRAMES = 160
#: The share of the matrix that counts as similar, and the penalty of other cells.
_ALIKE, _PENALTY = 0.2, -2.0
#: Above this, frames are equal up to rounding.
_SAME = 1 - 1e-6
_DIAGONAL = 4


def structure_indicators(notes: Sequence[Note], bars: Sequence[Bar]) -> dict[str, float]:
    """SI of each of `SPANS` for the pitched notes of a piece, 0 (no repetition) to 1; NaN if the piece is too short for
    a segment of the span twice."""
    frame_tick = _FRAME_TICK
    length_tick = bars[-1].end_tick - bars[0].start_tick
    while length_tick > _MOST_FRAMES * frame_tick:
        frame_tick *= 2
    matrix = self_similarity(notes, bars[0].start_tick, length_tick // frame_tick, frame_tick)
    fitness = fitness_by_length(matrix)
    scale = frame_tick // _FRAME_TICK
    found = {}
    for name, (fewest, most) in SPANS.items():
        shortest = max(fewest // scale, 1)
        twice = 2 * shortest <= len(matrix)
        found[name] = float(fitness[shortest : most // scale + 1].max()) if twice else math.nan
    return found


def self_similarity(notes: Sequence[Note], begin_tick: int, n_frames: int, frame_tick: int) -> np.ndarray:
    """The enhanced self-similarity matrix (frames, frames): 1 on the diagonal, `_PENALTY` for dissimilar frames."""
    chroma = np.zeros((n_frames, 12))
    for note in notes:
        first = note.onset_tick - begin_tick
        for frame in range(max(first // frame_tick, 0), min(-(-(first + note.duration_tick) // frame_tick), n_frames)):
            begin, end = frame * frame_tick, (frame + 1) * frame_tick
            chroma[frame, note.pitch % 12] += min(first + note.duration_tick, end) - max(first, begin)
    chroma /= np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-9)
    alike = chroma @ chroma.T
    smooth, count = np.zeros_like(alike), np.zeros_like(alike)
    for step in range(_DIAGONAL):  # forwards along the diagonals
        kept = n_frames - step
        smooth[:kept, :kept] += alike[step:, step:]
        count[:kept, :kept] += 1
    smooth /= np.maximum(count, 1)
    if not n_frames:
        return smooth
    least = min(float(np.quantile(smooth, 1 - _ALIKE)), _SAME)
    matrix = np.where(smooth >= least, np.clip((smooth - least) / (_SAME - least + 1e-9), 0, 1), _PENALTY)
    matrix[smooth >= _SAME] = 1.0
    np.fill_diagonal(matrix, 1.0)
    return matrix


def fitness_by_length(matrix: np.ndarray) -> np.ndarray:
    """The highest fitness of the segments of each length in frames, (frames + 1,); 0 for none."""
    return _compiled()(np.ascontiguousarray(matrix, dtype=np.float64))


def form_return(notes: Sequence[Note], sheet: SongSheet) -> float:
    """The mean note F1 between an arrangement's bars and the earlier bars that the song's form repeats there.

    `notes` without the melody, which returns anyway. NaN if nothing returns.
    """
    bars = sheet.grid.bars
    played: list[list[Note]] = [[] for _ in bars]
    for note in notes:
        index = sheet.grid.bar_index(note.onset_tick)
        played[index].append(note._replace(onset_tick=note.onset_tick - bars[index].start_tick))
    pairs = [(bar, first) for bar, first in enumerate(returning_bars(sheet)) if first is not None]
    alike = [note_f1(played[bar], played[first]) for bar, first in pairs if played[bar] or played[first]]
    return float(np.mean(alike)) if alike else math.nan


def stale_repetition(notes: Sequence[Note], sheet: SongSheet, reach: int = 4) -> float:
    """The share of an arrangement's bars that repeat one of the `reach` before, less that of the song's own bars.

    `notes` without the melody; where the song's chords and bass repeat, its accompaniment may, too.
    """
    bars = sheet.grid.bars
    song = [*sheet.bass, *sheet.texture] or list(sheet.melody)
    return max(bar_repetition(notes, bars, reach) - bar_repetition(song, bars, reach), 0.0)


@lru_cache(maxsize=1)
def _compiled() -> Any:
    from numba import njit

    return njit(cache=True)(_fitness_by_length)


def _fitness_by_length(matrix: np.ndarray) -> np.ndarray:
    """Dynamic programming over all segments; score, cells and covered rows are tracked along the best paths."""
    n_frames = matrix.shape[0]
    best = np.zeros(n_frames + 1)
    for length in range(1, n_frames + 1):
        for start in range(n_frames - length + 1):
            score = np.full((3, length + 1), -np.inf)  # rows n, n - 1, n - 2
            cells = np.zeros((3, length + 1))
            covered = np.zeros((3, length + 1))
            for n in range(n_frames):
                now, before, earlier = n % 3, (n - 1) % 3, (n - 2) % 3
                score[now, :] = -np.inf
                score[now, 0], cells[now, 0], covered[now, 0] = 0.0, 0.0, 0.0
                if n > 0:
                    done = length if score[before, length] > score[before, 0] else 0
                    score[now, 0] = score[before, done]
                    cells[now, 0], covered[now, 0] = cells[before, done], covered[before, done]
                for m in range(1, length + 1):
                    here = matrix[n, start + m - 1]
                    row, column, rows = now, 0, 1.0  # a path begins
                    if m > 1:
                        row, column = before, m - 1
                        if n > 1 and score[earlier, m - 1] > score[row, column]:
                            row, column, rows = earlier, m - 1, 2.0
                        if m > 2 and score[before, m - 2] > score[row, column]:
                            row, column, rows = before, m - 2, 1.0
                        if n == 0 or score[row, column] == -np.inf:
                            continue
                    score[now, m] = score[row, column] + here
                    cells[now, m] = cells[row, column] + 1
                    covered[now, m] = covered[row, column] + rows
            last = (n_frames - 1) % 3
            end = length if score[last, length] > score[last, 0] else 0
            if cells[last, end] == 0:
                continue
            gain = (score[last, end] - length) / cells[last, end]
            cover = (covered[last, end] - length) / n_frames
            if gain > 0 and cover > 0:
                best[length] = max(best[length], 2 * gain * cover / (gain + cover))
    return best
