"""A song in two lanes that are sampled at the same time, each with its own decoder in a thread of its own.

The second lane begins with a section (or a phrase) in the middle of the song. It continues from the opening phrase of
the first lane, so that both halves have one manner, and copies bars that return from the first lane once they are
chosen there. What it plays depends on bars that are chosen, never on which thread is faster: the same seed gives the
same notes on any number of cores.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symbolic_cover.analysis.form import SECTION_BARS, pick_up_of
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet

#: The fewest bars of a lane: shorter ones gain little time, and a seam would be heard.
FEWEST_BARS = 4 * SECTION_BARS
#: The time that a copied bar takes beside a sampled one (1), and what a seam within a section counts.
_COPIED, _WITHIN_SECTION = 0.15, 3.0


def lanes_of(
    sheet: SongSheet, returns: Sequence[int | None], first: int, last: int, fewest: int = FEWEST_BARS
) -> list[range]:
    """The bars of each lane, for a song that sounds from bar `first` to `last`: two of at least `fewest` bars that take
    about equally long, or one for a short song. `returns` has the bar that each bar copies, None if it is sampled."""
    sections = {sheet.grid.bar_index(section.start_tick) for section in sheet.sections}
    phrases = set(range(first + (pick_up_of(sheet) == first), last, SECTION_BARS))
    seams = [seam for seam in range(first + fewest, last + 2 - fewest) if seam in sections or seam in phrases]
    if not seams:
        return [range(first, last + 1)]

    def cost(seam: int) -> float:
        return _time_taken(returns, first, seam, last) + (0.0 if seam in sections else _WITHIN_SECTION)

    seam = min(seams, key=cost)
    return [range(first, seam), range(seam, last + 1)]


def _time_taken(returns: Sequence[int | None], first: int, seam: int, last: int) -> float:
    """The time, in sampled bars, until both lanes are done; the later one waits for the phrases that it copies."""
    now, chosen_at = 0.0, {}
    for index in range(first, seam):
        now += 1.0 if returns[index] is None else _COPIED
        chosen_at[index] = now
    phrase_ends = [*range(first + SECTION_BARS - 1, seam - 1, SECTION_BARS), seam - 1]
    later = chosen_at[phrase_ends[0]]
    for index in range(seam, last + 1):
        source = returns[index]
        if source is not None and source in chosen_at:
            later = max(later, chosen_at[next(end for end in phrase_ends if end >= source)])
        later += 1.0 if source is None else _COPIED
    return max(now, later)


@dataclass
class Row:
    """One candidate: its bars as token ids, and its notes by part from bar `first` on."""

    first: int
    bars: list[list[int]] = field(default_factory=list)
    notes: dict[str, list[Note]] = field(default_factory=dict)

    def copy(self) -> Row:
        """An independent copy."""
        notes = {name: list(notes) for name, notes in self.notes.items()}
        return Row(self.first, [list(bar) for bar in self.bars], notes)


class Chosen:
    """What an earlier lane has chosen so far; a later one waits for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._row: Row | None = None
        self._end = 0
        self._is_given_up = False

    def add(self, end: int, row: Row) -> None:
        """The bars before `end` are chosen: those of this row, which nobody changes any more."""
        with self._changed:
            self._row, self._end = row, end
            self._changed.notify_all()

    def give_up(self) -> None:
        """No more bars will be chosen; whoever asks for any is told."""
        with self._changed:
            self._is_given_up = True
            self._changed.notify_all()

    def before(self, end: int) -> Row:
        """The chosen row, once it has all bars before `end`; raises `RuntimeError` if the earlier lane gave up."""
        with self._changed:
            self._changed.wait_for(lambda: self._end >= end or self._is_given_up)
            if self._row is None or self._is_given_up:
                raise RuntimeError("the earlier lane has stopped")
            return self._row


def joined(
    earlier: Mapping[str, Sequence[Note]], later: Mapping[str, Sequence[Note]], seam_tick: int
) -> dict[str, list[Note]]:
    """The notes of two lanes; those of the earlier one end at the seam."""
    return {
        name: [
            *(note._replace(duration_tick=min(note.duration_tick, seam_tick - note.onset_tick)) for note in notes),
            *later[name],
        ]
        for name, notes in earlier.items()
    }
