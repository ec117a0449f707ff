"""Piano fingering: the cheapest path through all fingerings of a hand, by dynamic programming.

Costs are the rules of Parncutt, Sloboda, Clarke, Raekallio and Desain, "An Ergonomic Model of Keyboard Fingering for
Melodic Fragments" (Music Perception 14, 1997): stretches and spans (rules 1 to 3, with their table of spans), weak
fingers (6), three to four (8), four, thumb and five on black keys (9 to 11) and passing the thumb (12). Their rules for
three notes are left out. Chords are added here: their fingers are in the order of their keys, and spans count within
them and, from chord to chord, between their outer notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations, groupby, pairwise
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.music import TICKS_PER_QUARTER, Note

LEFT, RIGHT = "left", "right"
_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
_MOST_FINGERS = 5


class _Span(NamedTuple):
    """Semitones, upwards, between two fingers of the right hand: possible, comfortable and relaxed."""

    least: int
    least_comfortable: int
    least_relaxed: int
    most_relaxed: int
    most_comfortable: int
    most: int


#: Table 1 of Parncutt et al.
_SPANS = {
    (1, 2): _Span(-5, -3, 1, 5, 8, 10), (1, 3): _Span(-4, -2, 3, 7, 10, 12), (1, 4): _Span(-3, -1, 5, 9, 12, 14),
    (1, 5): _Span(-1, 1, 7, 10, 13, 15), (2, 3): _Span(1, 1, 1, 2, 3, 5), (2, 4): _Span(1, 1, 3, 4, 5, 7),
    (2, 5): _Span(2, 2, 5, 6, 8, 10), (3, 4): _Span(1, 1, 1, 2, 2, 4), (3, 5): _Span(1, 1, 3, 4, 5, 7),
    (4, 5): _Span(1, 1, 1, 2, 3, 5),
}  # fmt: skip
#: Costs that are not in the table: a span that is not possible, a finger that jumps to another key, a repeated key with
#: another finger, the fourth finger in a chord where the fifth would do; and the bonus of an outer finger in a leap.
#: After a rest of half a beat costs are reduced to this share. Set by hand.
_IMPOSSIBLE, _JUMP, _OTHER_FINGER, _FOURTH, _OUTER = 20.0, 4.0, 1.0, 0.1, 0.7
_REST_TICK, _FREELY = TICKS_PER_QUARTER // 2, 0.25


def fingers_of(notes: Iterable[Note], side: str) -> dict[tuple[int, int], int]:
    """The finger, 1 (thumb) to 5, of each (onset tick, pitch) of a hand; `side` is ``left`` or ``right``.

    Of more than five notes struck together, those farthest from the thumb have none.
    """
    struck = [list(group) for _, group in groupby(sorted(notes), key=lambda note: note.onset_tick)]
    if not struck:
        return {}
    mirror = -1 if side == LEFT else 1
    keys = [tuple(sorted({mirror * note.pitch for note in group})[:_MOST_FINGERS]) for group in struck]
    rests = [0, *(later[0].onset_tick - max(note.end_tick for note in group) for group, later in pairwise(struck))]
    states = [_fingerings(len(chord)) for chord in keys]
    best = np.array([_within(keys[0], fingers) for fingers in states[0]])
    came_from: list[np.ndarray] = []
    for step in range(1, len(keys)):
        ease = _FREELY if rests[step] >= _REST_TICK else 1.0
        moves = [[ease * _between(keys[step - 1], before, keys[step], after) for before in states[step - 1]]
                 for after in states[step]]  # fmt: skip
        costs = np.array(moves) + best
        came_from.append(costs.argmin(axis=1))
        best = costs.min(axis=1) + [_within(keys[step], fingers) for fingers in states[step]]
    place = int(best.argmin())
    path = [place]
    for sources in reversed(came_from):
        place = int(sources[place])
        path.append(place)
    chosen = zip(struck, keys, states, reversed(path), strict=True)
    return {
        (group[0].onset_tick, mirror * key): finger
        for group, chord, fingerings, place in chosen
        for key, finger in zip(chord, fingerings[place], strict=True)
    }


@lru_cache(maxsize=8)
def _fingerings(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(combinations(range(1, _MOST_FINGERS + 1), count))


@lru_cache(maxsize=1 << 14)
def _within(keys: Sequence[int], fingers: Sequence[int]) -> float:
    """The cost of a chord or note: its spans, weak fingers, thumb and little finger on black keys."""
    cost = sum(_span_cost(a, b, d - c) for (a, b), (c, d) in zip(pairwise(fingers), pairwise(keys), strict=True))
    cost += _span_cost(fingers[0], fingers[-1], keys[-1] - keys[0]) if len(keys) > 2 else 0.0
    for key, finger in zip(keys, fingers, strict=True):
        is_black = abs(key) % 12 in _BLACK_KEYS
        cost += (finger >= 4) + 1.0 * (is_black and finger in (1, _MOST_FINGERS))
        cost += _FOURTH * (finger == 4 and len(keys) > 1)
    return cost


@lru_cache(maxsize=1 << 16)
def _between(
    keys: Sequence[int], fingers: Sequence[int], next_keys: Sequence[int], next_fingers: Sequence[int]
) -> float:
    """The cost from one chord to the next: the mean over their outer notes."""
    low = _move_cost(keys[0], fingers[0], next_keys[0], next_fingers[0])
    high = _move_cost(keys[-1], fingers[-1], next_keys[-1], next_fingers[-1])
    return (low + high) / 2


def _move_cost(key: int, finger: int, next_key: int, next_finger: int) -> float:
    step = next_key - key
    if finger == next_finger:
        return _JUMP + abs(step) / 2 if step else 0.0
    if not step:
        return _OTHER_FINGER
    up = next_finger > finger
    low, high, span = (finger, next_finger, step) if up else (next_finger, finger, -step)
    cost = _span_cost(low, high, span)
    if span > _SPANS[low, high].most and cost > (leap := _JUMP + span / 2):  # a leap, best between outer fingers
        return leap - _OUTER * (low == 1) - 2 * _OUTER * (high == _MOST_FINGERS)
    cost += (finger, next_finger) == (3, 4)
    black, next_black = (abs(one) % 12 in _BLACK_KEYS for one in (key, next_key))
    cost += {finger, next_finger} == {3, 4} and ((next_black, black)[finger == 4] > (black, next_black)[finger == 4])
    if low == 1 and span < 0:  # a thumb passage
        thumb_black, other_black = (black, next_black) if finger == 1 else (next_black, black)
        cost += 3.0 if thumb_black and not other_black else 1.0
    return float(cost)


def _span_cost(low: int, high: int, span: int) -> float:
    """Rules 1 to 3 for two fingers, the lower first, and the semitones from its key up to the other's."""
    table = _SPANS[low, high]
    cost = 2.0 * max(span - table.most_comfortable, table.least_comfortable - span, 0)
    weight = 1.0 if low == 1 else 2.0
    cost += weight * max(span - table.most_relaxed, table.least_relaxed - span, 0)
    return cost + (_IMPOSSIBLE if not table.least <= span <= table.most else 0.0)
