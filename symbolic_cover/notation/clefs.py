"""The clef of a staff in each bar: the usual one, or another where the part stays in the other register.

A change of clef has a cost for the reader (Gould, *Behind Bars*, 2011, "Clefs"): it is made if it saves more ledger
lines than that, by Viterbi over the bars.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from symbolic_cover.core.music import Bar, Note
from symbolic_cover.core.viterbi import steadiest_path

#: The lowest and highest pitch on or between the lines of a staff.
_STAVES = {
    "treble": (64, 77), "bass": (43, 57), "treble-8": (52, 65), "bass-8": (31, 45), "alto": (53, 67), "tenor": (50, 64),
}  # fmt: skip
#: Semitones from one ledger line to the next, on average.
_LINE = 3.5
#: The costs of a note's first ledger line, of each further one, and of a change of clef; the bonus of the usual clef in
#: a bar. Set so that pianos and cellos change as seldom as in people's scores (`benchmarks/notation/readability.md`).
_FURTHER, _FIRST, _CHANGE, _USUAL = 1.0, 0.2, 10.0, 0.5


def beyond(pitch: int, clef: str) -> int:
    """Semitones from the nearest line of the staff, 0 on it."""
    low, high = _STAVES[clef]
    return max(low - pitch, pitch - high, 0)


def clefs_of_bars(notes: Sequence[Note], bars: Sequence[Bar], known: Sequence[str]) -> list[str]:
    """The clef of each bar for `notes`, from `known`, the usual one first."""
    if len(known) == 1:
        return [known[0]] * len(bars)
    costs = np.zeros((len(bars), len(known)))
    costs[:, 0] -= _USUAL
    starts = [bar.start_tick for bar in bars]
    for onset, pitch in {(note.onset_tick, note.pitch) for note in notes}:
        index = bisect_right(starts, onset) - 1
        for place, clef in enumerate(known):
            lines = beyond(pitch, clef) / _LINE
            costs[index, place] += _FIRST * min(lines, 1.0) + _FURTHER * max(lines - 1.0, 0.0)
    path = steadiest_path(-costs, np.full(len(bars), _CHANGE))
    return [known[place] for place in path]
