"""One rhythmic feel for all parts: swung eighths are written straight, under a swing mark.

Melodies often have straight eighths, while drums and pianos learned from performances have them at two thirds of the
beat; a score should not mix both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER, Note
from symbolic_cover.core.styles import manner_facts

_SWUNG_TICK, _TRIPLET_TICK = 8, 4
#: The least number of swung beats in a piece that swings, and their least ratio to straight ones and triplets.
_FEWEST_SWUNG, _SWUNG_RATIO = 8, 2


def is_swung(arrangement: Arrangement) -> bool:
    """Whether second eighths are to be played late: in a style that swings, in a song that was heard to swing, or if
    most of them are at two thirds of the beat already. Only simple metres swing."""
    meters = {bar.meter for bar in arrangement.grid.bars}
    if any(meter.beat_tick != TICKS_PER_QUARTER for meter in meters):
        return False
    beats = _beats(arrangement.notes)
    swung = sum(_swings(offsets) and _SWUNG_TICK in offsets for offsets in beats.values())
    straight = sum(STRAIGHT_TICK in offsets for offsets in beats.values())
    triplets = sum(_TRIPLET_TICK in offsets for offsets in beats.values())
    if manner_facts(arrangement.manner).get("swing", False) or arrangement.grid.second_tick != STRAIGHT_TICK:
        return swung + straight > 0
    return swung >= max(_FEWEST_SWUNG, _SWUNG_RATIO * straight, _SWUNG_RATIO * triplets)


def in_one_feel(arrangement: Arrangement) -> tuple[Arrangement, bool]:
    """The arrangement as written, and whether its second eighths are to be swung.

    If so, notes that begin or end at two thirds of a beat are moved half-way, except in the true triplets of a part.
    Parts keep their order and number of notes.
    """
    if not is_swung(arrangement):
        return arrangement, False
    onsets = _onsets(arrangement.melody)
    parts, melodies = [], []
    for part in arrangement.parts:
        written = _straight(part.notes)
        melody = [new for old, new in zip(part.notes, written, strict=True) if (old.onset_tick, old.pitch) in onsets]
        parts.append(replace(part, notes=written))
        melodies.append(tuple(melody) if not part.is_drums else ())
    return replace(arrangement, parts=tuple(parts), melody=max(melodies, key=len, default=())), True


def in_melody_feel(arrangement: Arrangement) -> Arrangement:
    """Give the accompaniment the feel of the melody: straight eighths if the melody's second eighths are straight.

    A band learned from performances has them at two thirds of the beat, even beside a straight melody.
    """
    places = [note.onset_tick % TICKS_PER_QUARTER for note in arrangement.melody]
    if places.count(STRAIGHT_TICK) <= places.count(_SWUNG_TICK):
        return arrangement
    melody = _onsets(arrangement.melody)
    parts = []
    for part in arrangement.parts:
        own = tuple(note for note in part.notes if (note.onset_tick, note.pitch) in melody)
        others = _straight(tuple(note for note in part.notes if (note.onset_tick, note.pitch) not in melody))
        parts.append(replace(part, notes=tuple(sorted(own + others))))
    return replace(arrangement, parts=tuple(parts))


def _straight(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    triplets = {beat for beat, offsets in _beats(notes).items() if _TRIPLET_TICK in offsets}
    return tuple(_written(note, triplets) for note in notes)


def _onsets(notes: Iterable[Note]) -> set[tuple[int, int]]:
    return {(note.onset_tick, note.pitch) for note in notes}


def _written(note: Note, triplets: set[int]) -> Note:
    def place(tick: int, late_ticks: tuple[int, ...]) -> int:
        beat, offset = divmod(tick, TICKS_PER_QUARTER)
        return tick - offset + STRAIGHT_TICK if offset in late_ticks and beat not in triplets else tick

    onset = place(note.onset_tick, (_SWUNG_TICK,))
    end = place(note.end_tick, (_SWUNG_TICK - 1, _SWUNG_TICK))
    return note._replace(onset_tick=onset, duration_tick=max(end - onset, 1))


def _swings(offsets: set[int]) -> bool:
    return offsets <= {0, _SWUNG_TICK}


def _beats(notes: Iterable[Note]) -> dict[int, set[int]]:
    """The places in each quarter where notes begin, in ticks."""
    beats: dict[int, set[int]] = {}
    for note in notes:
        beat, offset = divmod(note.onset_tick, TICKS_PER_QUARTER)
        beats.setdefault(beat, set()).add(offset)
    return beats
