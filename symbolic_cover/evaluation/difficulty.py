"""The difficulty of an arrangement, 0 to 10, by the criteria of teachers and editions.

The criteria are those of Sébastien, Ralambondrainy, Sébastien and Conruyt, "Score Analyzer: Automatically Determining
Scores Difficulty Level for Instrumental e-Learning" (ISMIR 2012): speed, displacement of the hand, polyphony, altered
notes and irregular rhythm; and the stretch of Chiu and Chen, "A Study on Difficulty Level Recognition of Piano Sheet
Music" (IEEE ISM 2012). Each is measured for each hand, or for a player of one staff, relative to a value that few
pieces by people exceed; fingering (their seventh criterion) is left to `notation.fingering`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import TICKS_PER_QUARTER, Key, Note

#: Descriptions of the criteria.
CRITERIA = {
    "speed": "onsets a second",
    "shifts": "times a second at which the hand leaves its five-finger position",
    "stretch": "semitones from the lowest to the highest of what is struck together",
    "chords": "notes struck together, beyond the first",
    "accidentals": "share of the notes outside the key, and a twelfth for each sharp or flat of the key",
    "rhythm": "share of the beats with sixteenths, triplets or two against three",
}
#: The value of each criterion that counts as hardest: the 95th percentile of piano accompaniments by people
#: (`benchmarks/notation/difficulty.md`).
HARDEST = {"speed": 5.6, "shifts": 3.2, "stretch": 10.5, "chords": 1.9, "accidentals": 0.6, "rhythm": 1.0}
MOST = 10.0
_FIVE_FINGERS = 7
_ALLOWED_KEY = 12


def difficulty(arrangement: Arrangement) -> float:
    """The difficulty of the hardest player's part, 0 (nothing to play) to 10; NaN if there are only drums."""
    found = [weighed(criteria) for criteria in criteria_of(arrangement).values()]
    return max(found, default=math.nan)


def weighed(criteria: dict[str, float]) -> float:
    """The mean of a player's `CRITERIA`, each relative to its `HARDEST`, times `MOST`."""
    return MOST * float(np.mean([min(criteria[name] / HARDEST[name], 1.0) for name in CRITERIA]))


def criteria_of(arrangement: Arrangement) -> dict[str, dict[str, float]]:
    """`CRITERIA` of each player with pitched notes, by name; of two hands the larger value counts."""
    players: dict[str, list[Part]] = defaultdict(list)
    for part in arrangement.parts:
        if part.notes and not part.is_drums:
            players[part.group or part.name].append(part)
    return {name: _of_player(parts, arrangement.grid, arrangement.key) for name, parts in players.items()}


def _of_player(parts: Sequence[Part], grid: Grid, key: Key) -> dict[str, float]:
    hands = [_of_hand(part.notes, grid) for part in parts]
    criteria = {name: max(hand[name] for hand in hands) for name in hands[0]}
    notes = [note for part in parts for note in part.notes]
    outside = np.mean([_is_outside(note.pitch, key) for note in notes])
    criteria["accidentals"] = float(outside) + abs(key.fifths) / _ALLOWED_KEY
    criteria["rhythm"] = _irregular_beats([part.notes for part in parts], grid)
    return criteria


def _of_hand(notes: Sequence[Note], grid: Grid) -> dict[str, float]:
    struck: dict[int, list[int]] = defaultdict(list)
    for note in sorted(notes):
        struck[note.onset_tick].append(note.pitch)
    # Bars in which the hand rests are left out.
    playing = {grid.bar_index(tick) for tick in struck}
    seconds = sum(
        float(grid.sec_at(grid.bars[index].end_tick) - grid.sec_at(grid.bars[index].start_tick)) for index in playing
    )
    return {
        "speed": len(struck) / seconds,
        "shifts": _shifts(struck) / seconds,
        "stretch": float(np.mean([max(pitches) - min(pitches) for pitches in struck.values()])),
        "chords": float(np.mean([len(set(pitches)) - 1 for pitches in struck.values()])),
    }


def _shifts(struck: dict[int, list[int]]) -> int:
    """How often the notes do not lie within seven semitones together with all since the last such shift."""
    low, high, shifts = math.inf, -math.inf, 0
    for pitches in struck.values():
        low, high = min(low, *pitches), max(high, *pitches)
        if high - low > _FIVE_FINGERS:
            low, high, shifts = min(pitches), max(pitches), shifts + 1
    return shifts


def _is_outside(pitch: int, key: Key) -> bool:
    """Whether a pitch is outside the seven of the key signature."""
    return (pitch * 7 - key.fifths + 1) % 12 > 6  # positions on the line of fifths, F of C major being 0


def _irregular_beats(hands: Sequence[Sequence[Note]], grid: Grid) -> float:
    """Of the beats with an onset, the share with one elsewhere than at their halves."""
    irregular: set[int] = set()
    beats: set[int] = set()
    for notes in hands:
        for note in notes:
            beat, place = divmod(note.onset_tick, TICKS_PER_QUARTER)
            beats.add(beat)
            if place % (TICKS_PER_QUARTER // 2):
                irregular.add(beat)
    return len(irregular) / len(beats)
