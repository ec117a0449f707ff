"""The sustain pedal: changed with each harmony, and up during rests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.instruments import PEDALLED
from symbolic_cover.core.music import Bar, Chord, Note
from symbolic_cover.notation.players import is_bass

#: A shorter press would be heard as a click.
_SHORTEST_SEC = 0.15
#: Notes below this are the bass; where its pitch class changes, the harmony changes.
_BASS_BELOW = 52


class Press(NamedTuple):
    """The pedal is down between two times, in seconds of the grid."""

    down_sec: float
    up_sec: float


def has_pedal(part: Part) -> bool:
    """Whether the part is a piano's."""
    return not part.is_drums and part.program in PEDALLED and not is_bass(part)


def presses(arrangement: Arrangement, lift_sec: float, press_sec: float) -> list[Press]:
    """The presses of the pedal: down `press_sec` after each change, up `lift_sec` after the next (negative: before).

    A change is a new chord, or a bar that begins on another bass; during a rest of a beat in all hands the pedal is up.
    """
    notes = sorted(note for part in arrangement.parts if has_pedal(part) for note in part.notes)
    if not notes:
        return []
    grid = arrangement.grid
    found = []
    for begin, end in _sounding(notes, grid.meter.beat_tick):
        inside = [tick for tick in _changes(notes, arrangement.chords, grid.bars) if begin < tick < end]
        edges = [begin, *inside, end]
        for index, (first, last) in enumerate(pairwise(edges)):
            down = _sec(grid, first) + press_sec
            up = _sec(grid, last) + (lift_sec if index < len(edges) - 2 else 0.0)
            if up - down > _SHORTEST_SEC:
                found.append(Press(down, up))
    return found


def _changes(notes: Sequence[Note], chords: Sequence[Chord], bars: Sequence[Bar]) -> list[int]:
    changes = {chord.start_tick for chord in chords}
    lowest: dict[int, int] = {}
    for note in notes:
        lowest[note.onset_tick] = min(note.pitch, lowest.get(note.onset_tick, 127))
    starts = [bar.start_tick for bar in bars]
    before = None
    for start in starts:
        pitch = lowest.get(start, 127)
        if pitch < _BASS_BELOW:
            if before is not None and pitch % 12 != before % 12:
                changes.add(start)
            before = pitch
    return sorted(changes) if chords else sorted({*changes, *starts})


def _sounding(notes: Sequence[Note], rest_tick: int) -> list[tuple[int, int]]:
    """Stretches without a rest of `rest_tick` or more."""
    stretches = [[notes[0].onset_tick, notes[0].end_tick]]
    for note in notes[1:]:
        if note.onset_tick - stretches[-1][1] >= rest_tick:
            stretches.append([note.onset_tick, note.end_tick])
        stretches[-1][1] = max(stretches[-1][1], note.end_tick)
    return [(begin, end) for begin, end in stretches]


def _sec(grid: Grid, tick: int) -> float:
    return float(np.asarray(grid.sec_at(tick)))
