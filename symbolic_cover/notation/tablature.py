"""Guitar tablature: strings and frets that a hand can hold, and the capo for open chords.

A left hand spans four frets (Sayegh, "Fingering for String Instruments with the Optimum Path Paradigm", Computer Music
Journal 13, 1989, the source of the shortest-path search); open strings cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.music import Chord, Note

#: The open strings from the first, the highest, to the sixth; and with the sixth a tone lower.
STANDARD = (64, 59, 55, 50, 45, 40)
DROP_D = (*STANDARD[:5], 38)
#: The highest fret, and the span of a hand in frets.
_HIGHEST_FRET, _SPAN = 17, 3
#: The number of cheapest ways of a chord that are kept. Costs of a fret upwards, of one between pressed fingers, of one
#: that the hand moves, and of a string that is struck while it still sounds. Set by hand.
_MOST_WAYS = 24
_HEIGHT, _STRETCH, _MOVE, _CUT = 0.12, 0.6, 0.5, 1.0
#: Roots and qualities of open chords in the first position, how much larger their share must be with a capo, and its
#: highest fret.
_OPEN_CHORDS = frozenset(
    {(0, "maj"), (2, "maj"), (4, "maj"), (7, "maj"), (9, "maj"), (2, "min"), (4, "min"), (9, "min"), (0, "7"),
     (2, "7"), (4, "7"), (7, "7"), (9, "7"), (11, "7"), (2, "min7"), (4, "min7"), (9, "min7"), (0, "maj7"), (2, "sus4"),
     (9, "sus4"), (9, "sus2"), (2, "sus2"), (4, "sus4"), (7, "sus4")}
)  # fmt: skip
_GAIN, _HIGHEST_CAPO = 0.25, 5


class Place(NamedTuple):
    """A string, 1 (the highest) to 6, and a fret, 0 for the open string."""

    string: int
    fret: int


class _Way(NamedTuple):
    """A way to play a chord: the place of each pitch, the lowest pressed fret (None without any), and its cost."""

    places: tuple[Place, ...]
    position: int | None
    cost: float


def tuning_of(notes: Iterable[Note]) -> tuple[int, ...]:
    """The open strings for some notes: the standard tuning, or dropped D if a note lies below it."""
    return DROP_D if min((note.pitch for note in notes), default=STANDARD[-1]) < STANDARD[-1] else STANDARD


def places_of(notes: Iterable[Note], tuning: Sequence[int] = STANDARD) -> dict[tuple[int, int], Place]:
    """The place of each (onset tick, pitch) on the cheapest path; notes that no hand can take with the others have
    none."""
    struck = [sorted(group, key=lambda note: -note.pitch)
              for _, group in groupby(sorted(notes), key=lambda note: note.onset_tick)]  # fmt: skip
    groups = [(group, pitches, _ways(pitches, tuple(tuning))) for group in struck
              if (pitches := _playable(group, tuple(tuning)))]  # fmt: skip
    if not groups:
        return {}
    best = np.array([way.cost for way in groups[0][2]])
    came_from: list[np.ndarray] = []
    for (before, _, from_ways), (after, _, to_ways) in pairwise(groups):
        rings = max(note.end_tick for note in before) > after[0].onset_tick
        moves = np.array([[_cost(one, other, rings) for one in from_ways] for other in to_ways]) + best
        came_from.append(moves.argmin(axis=1))
        best = moves.min(axis=1) + [way.cost for way in to_ways]
    place = int(best.argmin())
    path = [place]
    for sources in reversed(came_from):
        place = int(sources[place])
        path.append(place)
    return {
        (group[0].onset_tick, pitch): taken
        for (group, pitches, ways), index in zip(groups, reversed(path), strict=True)
        for pitch, taken in zip(pitches, ways[index].places, strict=True)
    }


def _playable(group: Sequence[Note], tuning: tuple[int, ...]) -> tuple[int, ...]:
    """The pitches of a chord, highest first, without the inner ones that make it impossible."""
    pitches = list(dict.fromkeys(note.pitch for note in group))
    while pitches and not _ways(tuple(pitches), tuning):
        pitches.pop(len(pitches) // 2)
    return tuple(pitches)


def _ways(pitches: tuple[int, ...], tuning: tuple[int, ...]) -> list[_Way]:
    """The cheapest ways to play pitches, highest first, on different strings within a hand's span."""
    found: list[tuple[Place, ...]] = [()]
    for pitch in pitches:
        found = [
            (*taken, Place(string, pitch - open_pitch))
            for taken in found
            for string, open_pitch in enumerate(tuning, 1)
            if 0 <= pitch - open_pitch <= _HIGHEST_FRET and all(string != other.string for other in taken)
        ]
        found = [taken for taken in found if _span(taken) <= _SPAN]
    ways = []
    for taken in found:
        pressed = [place.fret for place in taken if place.fret]
        cost = _HEIGHT * sum(pressed) + _STRETCH * _span(taken)
        ways.append(_Way(taken, min(pressed, default=None), cost))
    return sorted(ways, key=lambda way: way.cost)[:_MOST_WAYS]


def _span(taken: Sequence[Place]) -> int:
    pressed = [place.fret for place in taken if place.fret]
    return max(pressed, default=0) - min(pressed, default=0)


def _cost(before: _Way, after: _Way, rings: bool) -> float:
    moved = 0 if before.position is None or after.position is None else abs(after.position - before.position)
    strings = {place.string: place.fret for place in before.places}
    cut = sum(strings.get(place.string, place.fret) != place.fret for place in after.places) if rings else 0
    return _MOVE * moved + _CUT * cut


def capo_of(chords: Sequence[Chord]) -> int:
    """The fret of a capo, 0 for none, with which clearly more of the time has chords with open strings."""
    length = sum(chord.end_tick - chord.start_tick for chord in chords)
    if not length:
        return 0

    def share(fret: int) -> float:
        open_ = [c for c in chords if ((c.root - fret) % 12, c.quality) in _OPEN_CHORDS]
        return sum(chord.end_tick - chord.start_tick for chord in open_) / length

    shares = [share(fret) for fret in range(_HIGHEST_CAPO + 1)]
    best = shares.index(max(shares))
    return best if shares[best] >= shares[0] + _GAIN else 0
