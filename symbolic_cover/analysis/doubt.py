"""The places of a song that are worth checking first: bars of which the ears are least sure."""

from __future__ import annotations

from typing import NamedTuple

from symbolic_cover.core.sheet import SongSheet

#: Bars less sure than this are worth a look. Beats are heard surely or hardly, chords and melody by degrees.
UNSURE = {"beats": 0.25, "chords": 0.4, "melody": 0.4}
_WORDS = {"beats": "the beat", "chords": "the chord", "melody": "the melody"}


class Doubt(NamedTuple):
    """Bars from `first` to `last`, counted from 1, of which `what` (a key of `UNSURE`) is `confidence` sure, 0..1."""

    first: int
    last: int
    what: str
    confidence: float

    @property
    def words(self) -> str:
        """The doubt as one reads it."""
        bars = f"bar {self.first}" if self.first == self.last else f"bars {self.first} to {self.last}"
        return f"{bars} ({_WORDS[self.what]}, {100 * self.confidence:.0f} % sure)"


def places_to_check(sheet: SongSheet, most: int = 5) -> tuple[Doubt, ...]:
    """The least sure bars of a recording, neighbours joined, the worst first; none of a score."""
    found = []
    for what, values in sheet.confidence.bars.items():
        run: list[float] = []
        for number, value in enumerate([*values, 1.0]):
            if value < UNSURE.get(what, 0.0):
                run.append(value)
            elif run:
                found.append(Doubt(number - len(run) + 1, number, what, sum(run) / len(run)))
                run = []
    return tuple(sorted(found, key=lambda doubt: doubt.confidence / UNSURE[doubt.what])[:most])
