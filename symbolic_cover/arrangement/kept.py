"""The notes of an accompaniment that stay while some of its bars are sampled anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbolic_cover.core.music import Bar, Note
from symbolic_cover.tokens import vocabulary as v
from symbolic_cover.tokens.language import DRUMS


@dataclass(frozen=True)
class Kept:
    """The notes that stay, by part, without the melody; the bars (indices) that are `fresh`, to be sampled; and the
    range of bars to go through, `first` to `last`: those before the first fresh one are replayed as context."""

    parts: Mapping[str, tuple[Note, ...]]
    fresh: frozenset[int]
    first: int
    last: int

    def played_in(self, bar: Bar) -> dict[str, list[Note]]:
        """The notes of a bar, with onsets from its start."""
        return {
            name: [
                note._replace(onset_tick=note.onset_tick - bar.start_tick)
                for note in notes
                if bar.start_tick <= note.onset_tick < bar.end_tick and _can_be_said(name, note)
            ]
            for name, notes in self.parts.items()
        }

    def following(self, bar: Bar) -> dict[str, list[Note]]:
        """The notes that begin so soon after a bar that notes of it could be held until then."""
        horizon = bar.end_tick + v.LONGEST_DURATION
        return {
            name: [note for note in notes if bar.end_tick <= note.onset_tick < horizon]
            for name, notes in self.parts.items()
        }


def _can_be_said(part: str, note: Note) -> bool:
    """Whether the vocabulary has a note's pitch."""
    if part == DRUMS:
        return v.LOWEST_DRUM <= note.pitch <= v.HIGHEST_DRUM
    return v.LOWEST_PITCH <= note.pitch <= v.HIGHEST_PITCH
