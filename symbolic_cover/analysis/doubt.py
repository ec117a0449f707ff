"""The places of a song to check first: bars with the least confidence."""

from __future__ import annotations

from typing import NamedTuple

from symbolic_cover.core.sheet import SongSheet

#: Bars below this confidence are to be checked. That of beats is high or low, that of chords and melody graded.
LOW_CONFIDENCE = {"beats": 0.25, "chords": 0.4, "melody": 0.4}
_WORDS = {"beats": "the beat", "chords": "the chord", "melody": "the melody"}


class Doubt(NamedTuple):
    """Bars `first` to `last`, from 1, in which `what` (a key of `LOW_CONFIDENCE`) has this `confidence`, 0..1."""

    first: int
    last: int
    what: str
    confidence: float

    @property
    def words(self) -> str:
        """The doubt in words."""
        bars = f"bar {self.first}" if self.first == self.last else f"bars {self.first} to {self.last}"
        return f"{bars} ({_WORDS[self.what]}, confidence {100 * self.confidence:.0f} %)"


def places_to_check(sheet: SongSheet, most: int = 5) -> tuple[Doubt, ...]:
    """The bars of a recording with the least confidence, neighbours joined, the worst first; none of a score."""
    found = []
    for what, values in sheet.confidence.bars.items():
        run: list[float] = []
        for number, value in enumerate([*values, 1.0]):
            if value < LOW_CONFIDENCE.get(what, 0.0):
                run.append(value)
            elif run:
                found.append(Doubt(number - len(run) + 1, number, what, sum(run) / len(run)))
                run = []
    return tuple(sorted(found, key=lambda doubt: doubt.confidence / LOW_CONFIDENCE[doubt.what])[:most])
