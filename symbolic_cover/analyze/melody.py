"""Which notes are the tune, and which are the bass.

A track that says it is the melody is believed. Otherwise the melody is found as the best path
through the higher notes of each onset: high, loud, in a singer's range and without leaps
(the skyline of Uitdenbogerd & Zobel, 1999, with continuity).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np

from symbolic_cover.music import TICKS_PER_QUARTER, Note

_MELODY_NAME = re.compile(r"melod|vocal|voice|sing|\blead\b|sopran|tune|chant|gesang|canto", re.IGNORECASE)
_SINGING_CENTER, _SINGING_SPREAD = 70, 14
_LONGEST_REST_TICK = 8 * TICKS_PER_QUARTER
_BELOW = 60


def is_melody_name(name: str) -> bool:
    """True for track names such as ``MELODY``, ``Voice`` or ``Lead vocal``."""
    return bool(_MELODY_NAME.search(name))


def one_line(notes: Sequence[Note]) -> tuple[Note, ...]:
    """A melody track made monophonic: the highest note of each onset, each ending where the next begins."""
    top: dict[int, Note] = {}
    for note in notes:
        if note.onset_tick not in top or note.pitch > top[note.onset_tick].pitch:
            top[note.onset_tick] = note
    line = [top[onset] for onset in sorted(top)]
    ends = [note.onset_tick for note in line[1:]] + [10**9]
    return tuple(
        note._replace(duration_tick=min(note.duration_tick, end - note.onset_tick))
        for note, end in zip(line, ends, strict=False)
    )


def find_melody(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The tune in a texture whose tracks do not say which it is.

    Each onset offers its notes above the bass as candidates; the path that is loudest, highest and
    smoothest wins. Notes that a longer, higher melody note still covers are skipped.
    """
    onsets: dict[int, list[Note]] = {}
    for note in notes:
        onsets.setdefault(note.onset_tick, []).append(note)
    ticks = sorted(onsets)
    if not ticks:
        return ()
    layers = [_candidates(onsets[tick]) for tick in ticks]
    path = _smoothest(layers)
    line = [layers[i][j] for i, j in enumerate(path)]
    return one_line(_without_covered(line))


def find_bass(notes: Sequence[Note], beat_edges: Sequence[int]) -> tuple[Note, ...]:
    """The lowest struck note of every beat, where it lies below middle C."""
    lowest: dict[int, Note] = {}
    beats = np.searchsorted(beat_edges, [note.onset_tick for note in notes], side="right")
    for beat, note in zip(beats, notes, strict=True):
        if note.pitch < _BELOW and (beat not in lowest or note.pitch < lowest[beat].pitch):
            lowest[int(beat)] = note
    return tuple(lowest[beat] for beat in sorted(lowest))


def _candidates(struck: list[Note]) -> list[Note]:
    by_height = sorted(struck, key=lambda note: -note.pitch)
    return by_height[:4]


def _worth(note: Note) -> float:
    height = -(((note.pitch - _SINGING_CENTER) / _SINGING_SPREAD) ** 2)
    length = min(note.duration_tick, 2 * TICKS_PER_QUARTER) / (2 * TICKS_PER_QUARTER)
    return 1.5 * height + note.velocity / 64 + 0.7 * length


def _smoothest(layers: list[list[Note]]) -> list[int]:
    """Viterbi over the candidates of successive onsets; leaps cost more when they follow quickly."""
    scores = [np.array([_worth(note) - 0.25 * rank for rank, note in enumerate(layers[0])])]
    back: list[np.ndarray] = []
    for before, now in itertools.pairwise(layers):
        gap = min(now[0].onset_tick - before[0].onset_tick, _LONGEST_REST_TICK)
        leap = np.abs(np.array([[b.pitch - a.pitch for b in now] for a in before], dtype=float))
        cost = 0.12 * np.maximum(leap - 2, 0) / (1 + gap / (2 * TICKS_PER_QUARTER))
        total = scores[-1][:, None] - cost
        back.append(total.argmax(axis=0))
        worth = np.array([_worth(note) - 0.25 * rank for rank, note in enumerate(now)])
        scores.append(total.max(axis=0) + worth)
    path = [int(scores[-1].argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]


def _without_covered(line: list[Note]) -> list[Note]:
    """Leave out notes well below a melody note that still sounds: they accompany it."""
    kept: list[Note] = []
    for note in line:
        covered = kept and kept[-1].end_tick > note.onset_tick and kept[-1].pitch - note.pitch > 4
        if not covered:
            kept.append(note)
    return kept
