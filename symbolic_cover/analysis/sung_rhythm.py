"""Rhythm as a singer would read it: the simplest places on the grid that lie near where notes were sung.

Singers come late or early and hold notes as long as their breath lasts. Their notes are first moved by what they are
late on the whole; then every onset has the cost of its distance, against a tolerance that grows with the singer's
looseness, and of its place: beats are cheaper than eighths, these than sixteenths. The cheapest way through all
onsets (dynamic programming; after Cemgil, Desain & Kappen, "Rhythm quantization for transcription", Computer Music
Journal 2000) keeps their order. Gaps that nobody would write as rests are closed.
"""

from __future__ import annotations

import numpy as np

from symbolic_cover.core.music import TICKS_PER_QUARTER

_SIXTEENTH = 3
#: How well notes must agree that they are late, 0..1.
_UNITY = 0.35
#: The tolerance of an exact singer, in ticks and in seconds, and how much it grows with the looseness in ticks.
_TIGHT, _TIGHT_SEC, _GROWS = 0.9, 0.05, 1.2
#: What a place costs: an eighth, a sixteenth or a third of a quarter; what it costs to leave a note out.
_EIGHTH, _OTHER, _LEFT_OUT = 0.3, 1.1, 9.0
#: A sixteenth that is shorter is dearer, by the square of what it is shorter.
_EASY_SEC = 0.13
_REACH = 5
#: Shorter gaps than this are not rests: an eighth, or this share of the note before.
_LEAST_REST, _REST_SHARE = 6, 0.34


def simple_rhythm(
    start: np.ndarray, end: np.ndarray, divisions: np.ndarray, tick_sec: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and ends in ticks (float), by onset, one note at a time -> onset and end ticks (int).

    `divisions` are the steps of each quarter (3 or 4 ticks), a tick lasts `tick_sec`. Notes without a free position
    have an onset of -1.
    """
    if not len(start):
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    late = _lateness(start)
    start, end = start - late, end - late
    looseness = float(np.median(np.abs(start - _SIXTEENTH * np.round(start / _SIXTEENTH))))
    tolerance = max(_TIGHT, _TIGHT_SEC / tick_sec) + _GROWS * looseness
    haste = max(_EASY_SEC / (_SIXTEENTH * tick_sec), 1.0) ** 2
    onset = _cheapest(start, tolerance, haste * _OTHER, divisions)
    return onset, _ends(onset, end)


def _lateness(start: np.ndarray) -> float:
    """The mean delay of the notes in ticks, 0 unless they agree (a circular mean)."""
    mean = np.exp(2j * np.pi * start / _SIXTEENTH).mean()
    return float(np.angle(mean) * _SIXTEENTH / (2 * np.pi)) if abs(mean) > _UNITY else 0.0


def _cheapest(start: np.ndarray, tolerance: float, other: float, divisions: np.ndarray) -> np.ndarray:
    """The cheapest increasing positions for the onsets; -1 for one that is left out."""
    steps: list[dict[int, tuple[float, int | None]]] = []
    values = {-1: 0.0}
    for at in start:
        places = {place: _cost(place, at, tolerance, other) for place in _places(at, divisions)}
        found: dict[int, tuple[float, int | None]] = {}
        for before, value in values.items():
            keep = (value + _LEFT_OUT, None)
            if before not in found or keep[0] < found[before][0]:
                found[before] = keep
            for place, cost in places.items():
                if place > before and (place not in found or value + cost < found[place][0]):
                    found[place] = (value + cost, before)
        steps.append(found)
        values = {place: value for place, (value, _) in found.items()}
    onset = np.full(len(start), -1)
    place = min(values, key=lambda last: values[last])
    for index in range(len(start) - 1, -1, -1):
        _, before_it = steps[index][place]
        if before_it is not None:
            onset[index], place = place, before_it
    return onset


def _places(at: float, divisions: np.ndarray) -> list[int]:
    """The positions of the grid within reach of a time."""
    places = []
    for place in range(max(int(at) - _REACH, 0), int(at) + _REACH + 2):
        quarter, inside = divmod(place, TICKS_PER_QUARTER)
        if inside % int(divisions[min(quarter, len(divisions) - 1)]) == 0:
            places.append(place)
    return places


def _cost(place: int, at: float, tolerance: float, other: float) -> float:
    inside = place % TICKS_PER_QUARTER
    level = 0.0 if inside == 0 else _EIGHTH if inside == TICKS_PER_QUARTER // 2 else other
    return ((place - at) / tolerance) ** 2 + level


def _ends(onset: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The ends of the notes: at the next note if the gap is not a rest, else on an eighth."""
    ends = np.zeros(len(onset), dtype=int)
    kept = np.flatnonzero(onset >= 0)
    for index, following in zip(kept, [*kept[1:], None], strict=True):
        last = max(6 * round(float(end[index]) / 6), onset[index] + 3)
        if following is not None:
            gap = onset[following] - max(float(end[index]), onset[index] + 3)
            long_enough = max(_LEAST_REST, _REST_SHARE * (onset[following] - onset[index]))
            last = onset[following] if gap < long_enough else min(last, onset[following])
        ends[index] = last
    return ends
