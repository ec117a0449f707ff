"""Give a single note that is far from its own hand to the other hand if that is nearer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

from symbolic_cover.analysis.hands import Reach
from symbolic_cover.core.music import Note

#: The leap in semitones, to a note and from it, above which the other hand is considered; and how much nearer that must
#: be.
_LEAP, _NEARER = 12, 7

Onset = tuple[int, int]


def shared(
    right: Sequence[Note], left: Sequence[Note], melody: Collection[Onset] = ()
) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """The notes of both hands after moving those that the other hand would take; notes of `melody` stay.

    A note moves if its own hand leaps more than an octave to it and from it, upwards in the left hand or downwards in
    the right, if the other hand is nearer by a fifth or more, and if the other hand can play it with its own notes.
    """
    up = {note for note in left if _is_far(note, left, right, above=True)}
    down = {note for note in right
            if (note.onset_tick, note.pitch) not in melody and _is_far(note, right, left, above=False)}  # fmt: skip
    if not up and not down:
        return tuple(right), tuple(left)
    return (
        tuple(sorted([note for note in right if note not in down] + sorted(up))),
        tuple(sorted([note for note in left if note not in up] + sorted(down))),
    )


def _is_far(note: Note, own: Sequence[Note], other: Sequence[Note], *, above: bool) -> bool:
    struck_here = [one.pitch for one in _struck(own, note.onset_tick) if one != note]
    beside = [one.pitch for one in _struck(other, note.onset_tick)]
    sign = 1 if above else -1
    neighbours = struck_here + _around(own, note.onset_tick)
    near = beside or _around(other, note.onset_tick)
    if not neighbours or not near or note.pitch in beside or not Reach().holds([*beside, note.pitch]):
        return False
    leap = min(sign * (note.pitch - pitch) for pitch in neighbours)
    return leap > _LEAP and min(abs(note.pitch - pitch) for pitch in near) + _NEARER <= leap


def _struck(notes: Sequence[Note], tick: int) -> list[Note]:
    first = bisect_left(notes, tick, key=lambda note: note.onset_tick)
    last = bisect_left(notes, tick + 1, key=lambda note: note.onset_tick)
    return list(notes[first:last])


def _around(notes: Sequence[Note], tick: int) -> list[int]:
    """The notes struck just before and after a tick."""
    first = bisect_left(notes, tick, key=lambda note: note.onset_tick)
    last = bisect_left(notes, tick + 1, key=lambda note: note.onset_tick)
    before = _struck(notes, notes[first - 1].onset_tick) if first else []
    after = _struck(notes, notes[last].onset_tick) if last < len(notes) else []
    return [note.pitch for note in before + after]
