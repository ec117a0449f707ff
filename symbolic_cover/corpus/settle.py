"""Notes of a part at positions that a score can show: sixteenths and triplets, with strums struck together.

Covers place notes only there, so training data must as well: a model trained on strums that begin a 48th after the beat
could not play where that position is masked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.tokens.vocabulary import PLACES_IN_BEAT

#: The nearest position for every tick of a quarter note, the earlier of two.
_NEAREST = tuple(
    min((*PLACES_IN_BEAT, TICKS_PER_QUARTER), key=lambda place: abs(place - tick)) for tick in range(TICKS_PER_QUARTER)
)
#: Three notes or more within two ticks are a strum, struck together in the score.
_STRUM_TICK, _STRUM_NOTES = 2, 3
#: Parts whose chords are strummed.
_STRUMMED = frozenset({"guitar", "band-guitar"})


def settle(part: str, notes: Sequence[Note]) -> list[Note]:
    """The notes of a part at positions of the beat, each ending where its key is struck again at the latest.

    A note between positions moves to the nearest one, or is left out as an ornament if the part strikes another there.
    A guitarist's strum damps earlier notes.
    """
    struck = _gathered(notes) if part in _STRUMMED else list(notes)
    occupied = {note.onset_tick for note in struck if nearest_place(note.onset_tick) == note.onset_tick}
    placed: dict[tuple[int, int], Note] = {}
    for note in sorted(struck):
        onset = nearest_place(note.onset_tick)
        if onset == note.onset_tick or onset not in occupied:
            end = max(note.end_tick, onset + 1)
            placed.setdefault((onset, note.pitch), note._replace(onset_tick=onset, duration_tick=end - onset))
    return _damped(sorted(placed.values()), strums=part in _STRUMMED)


def nearest_place(tick: int) -> int:
    """The nearest position for an onset."""
    beat, within = divmod(tick, TICKS_PER_QUARTER)
    return beat * TICKS_PER_QUARTER + _NEAREST[within]


def _gathered(notes: Sequence[Note]) -> list[Note]:
    """Notes that follow each other like the strings of a strum, struck together."""
    gathered: list[Note] = []
    first = -TICKS_PER_QUARTER
    for note in sorted(notes):
        if note.onset_tick - first > _STRUM_TICK:
            first = note.onset_tick
        gathered.append(note._replace(onset_tick=first, duration_tick=note.end_tick - first))
    return gathered


def _damped(notes: Sequence[Note], strums: bool) -> list[Note]:
    """Notes that end where their key is struck again, or, with `strums`, at the next chord."""
    together = Counter(note.onset_tick for note in notes)
    chords = sorted(tick for tick, count in together.items() if count >= _STRUM_NOTES) if strums else []
    following: dict[int, int] = {}
    damped = []
    for note in reversed(notes):
        ends = [note.end_tick, following.get(note.pitch, note.end_tick)]
        later = bisect_right(chords, note.onset_tick)
        ends += chords[later : later + 1]
        following[note.pitch] = note.onset_tick
        damped.append(note._replace(duration_tick=min(ends) - note.onset_tick))
    return sorted(damped)
