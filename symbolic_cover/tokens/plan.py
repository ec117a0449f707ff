"""The plan of a bar: its character, generated before its notes.

Six classes computed from the accompaniment without drums: the number of notes, how many are struck at once, their
register, their spread, the share off the beat, and the share outside the chord. The model samples a plan and then plays
to it; settings restrict the allowed plans. Needs numpy alone, and works on token ids, so that training can compute
plans of transposed bars.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.music import CHORD_INTERVALS, TICKS_PER_QUARTER, Meter

#: Upper bounds of the classes of each kind, in the order of a plan; the last class is open. Notes a bar; mean of the
#: notes struck together; mean pitch (MIDI); semitones from the lowest to the highest; shares of the onsets off the
#: beat, of the notes outside the chord.
BOUNDS: dict[str, tuple[float, ...]] = {
    "Density": (0, 3, 6, 9, 12, 15, 18, 22, 28, 36, 48, 64),
    "Polyphony": (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0),
    "Register": (38, 42, 46, 50, 54, 58, 62, 66, 70, 74, 78),
    "Spread": (4, 7, 12, 16, 19, 24, 28, 31, 36, 43, 50),
    "Offbeat": (0.0, 0.2, 0.34, 0.5, 0.6, 0.75),
    "Color": (0.0, 0.1, 0.2, 0.3, 0.45),
}
KINDS = tuple(BOUNDS)


def plan_words() -> list[str]:
    """All plan tokens, grouped by kind."""
    return [f"{kind}_{level}" for kind, bounds in BOUNDS.items() for level in range(len(bounds) + 1)]


def level_of(kind: str, value: float) -> int:
    """The class of a value."""
    return int(np.searchsorted(BOUNDS[kind], value))


class _Range(NamedTuple):
    low: int
    high: int

    def holds(self, tokens: np.ndarray) -> np.ndarray:
        return (tokens >= self.low) & (tokens < self.high)


class Planner:
    """Computes the plan of a bar from its token ids, given the ids of all tokens."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self.first = {kind: ids[f"{kind}_0"] for kind in KINDS}
        kinds = ("Position", "Pitch", "ChordRoot", "ChordBass", "Section")
        self._range = {kind: _range(ids, kind) for kind in kinds}
        self._lowest = min(int(word.split("_")[1]) for word in ids if word.startswith("Pitch_"))
        self._intervals = {
            ids[f"ChordQuality_{quality}"]: np.array(intervals) for quality, intervals in CHORD_INTERVALS.items()
        }
        self._chords = ids["Section_chords"]
        self._beat = {id_: _beat_tick(word.split("_")[1]) for word, id_ in ids.items() if word.startswith("TimeSig_")}

    def plan(self, x: np.ndarray, y: np.ndarray, semitones: int = 0) -> np.ndarray:
        """The ids of a bar's plan.

        `x` has the song's tokens with its metre and chords, `y` the notes; `semitones` is the later transposition of
        the bar, which moves its register.
        """
        is_note = self._range["Pitch"].holds(y)
        if not is_note.any():
            return np.array([self.first["Density"]])
        place = self._range["Position"]
        at = np.maximum.accumulate(np.where(place.holds(y), np.arange(len(y)), 0))
        position, pitch = y[at][is_note] - place.low, y[is_note] - self._range["Pitch"].low + self._lowest
        onsets = np.unique(position)
        values = (
            len(pitch), len(pitch) / len(onsets), float(pitch.mean()) + semitones, float(pitch.max() - pitch.min()),
            float(np.mean(onsets % self._beat[int(x[1])] != 0)), self._colour(x, position, pitch),
        )  # fmt: skip
        return np.array([self.first[kind] + level_of(kind, value) for kind, value in zip(KINDS, values, strict=True)])

    def _colour(self, x: np.ndarray, position: np.ndarray, pitch: np.ndarray) -> float:
        """Of the notes that sound with a chord, the share outside it."""
        begins, tones = self._tones(x)
        chord = np.searchsorted(begins, position, side="right") - 1
        told = chord >= 0
        told[told] &= tones[chord[told]].any(axis=1)
        return float(np.mean(~tones[chord[told], pitch[told] % 12])) if told.any() else 0.0

    def _tones(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The starts of chords (chords,), and their pitch classes (chords, 12); empty without chords."""
        begins: list[int] = []
        tones: list[np.ndarray] = []
        place, roots, basses, sections = (
            self._range[kind] for kind in ("Position", "ChordRoot", "ChordBass", "Section")
        )
        root = 0
        found = np.flatnonzero(x == self._chords)
        for token in x[found[0] + 1 :].tolist() if len(found) else ():
            if place.low <= token < place.high:
                begins.append(token - place.low)
                tones.append(np.zeros(12, dtype=bool))
            elif roots.low <= token < roots.high:
                root = token - roots.low
            elif token in self._intervals:
                tones[-1][(root + self._intervals[token]) % 12] = True
            elif basses.low <= token < basses.high:
                tones[-1][token - basses.low] = True
            elif sections.low <= token < sections.high:
                break
        return np.array(begins, dtype=int), np.array(tones, dtype=bool).reshape(-1, 12)


def _range(ids: Mapping[str, int], kind: str) -> _Range:
    found = [id_ for word, id_ in ids.items() if word.startswith(f"{kind}_")]
    return _Range(min(found), max(found) + 1)


def _beat_tick(meter: str) -> int:
    """Ticks of a beat: a dotted quarter in compound metres such as 6/8, else a quarter."""
    beats, unit = map(int, meter.split("/"))
    compound = unit == 8 and beats % 3 == 0 and beats > 3
    return 3 * TICKS_PER_QUARTER // 2 if compound else min(TICKS_PER_QUARTER, Meter(beats, unit).bar_tick)
