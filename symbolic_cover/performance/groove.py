"""Timing of notes: swing, and the microtiming and dynamics of drummers on the sixteenths of a bar.

The tables of a groove were measured on drummers (`benchmarks/sound/expression_fit.py`): for each kind of drum and each
sixteenth of a bar in 4/4, the velocity above the mean of the piece, and the delay in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER, Bar, Note

SLOTS = 16
_SLOT_TICK = TICKS_PER_QUARTER // 4
_TRIPLETS = (TICKS_PER_QUARTER // 3, 2 * TICKS_PER_QUARTER // 3)
#: General MIDI percussion and the additions of electronic kits, by kind of drum.
DRUM_KINDS = {
    "kick": (35, 36), "snare": (37, 38, 39, 40), "hat": (22, 42, 44), "open_hat": (26, 46),
    "ride": (51, 53, 59), "crash": (49, 52, 55, 57), "tom": (41, 43, 45, 47, 48, 50, 58),
}  # fmt: skip
_KIND_OF = {pitch: kind for kind, pitches in DRUM_KINDS.items() for pitch in pitches}


@dataclass(frozen=True)
class Groove:
    """For each kind of drum: velocity above the mean and delay in milliseconds, by sixteenth of the bar."""

    velocity: Mapping[str, Sequence[float]]
    late_ms: Mapping[str, Sequence[float]]

    def strokes(self, notes: Sequence[Note], bars: Sequence[Bar]) -> tuple[np.ndarray, np.ndarray]:
        """(velocity above the mean, delay in milliseconds) for each stroke, shapes (n,); the velocities' mean is 0."""
        starts = [bar.start_tick for bar in bars]
        place = [note.onset_tick - starts[np.searchsorted(starts, note.onset_tick, "right") - 1] for note in notes]
        slots = np.array([slot_of(tick) for tick in place], dtype=int)
        kinds = [drum_kind(note.pitch) for note in notes]
        velocity = np.array([self.velocity[kind][slot] for kind, slot in zip(kinds, slots, strict=True)])
        late = np.array([self.late_ms[kind][slot] for kind, slot in zip(kinds, slots, strict=True)])
        return velocity - (velocity.mean() if len(velocity) else 0.0), late


def drum_kind(pitch: int) -> str:
    """The kind of drum of a percussion pitch; others are treated as a hi-hat."""
    return _KIND_OF.get(pitch, "hat")


def slot_of(tick: int) -> int:
    """The sixteenth, 0..15, of a place in a bar; the last triplet eighth of a beat counts as its off-beat."""
    quarter, within = divmod(tick, TICKS_PER_QUARTER)
    within = STRAIGHT_TICK if within == _TRIPLETS[1] else within
    return (quarter * 4 + within // _SLOT_TICK) % SLOTS


class Swing:
    """Maps straight eighths, or the first and last of a triplet, to swung positions.

    `share` is the place of the off-beat in its beat (.5 is straight). Beats with a true triplet are played as written,
    except that straight off-beats become the last of the triplet; so are beats of compound metres.
    """

    def __init__(self, share: float, notes: Sequence[Note], bars: Sequence[Bar]) -> None:
        self.half = share * TICKS_PER_QUARTER
        simple = [bar for bar in bars if bar.meter.beat_tick == TICKS_PER_QUARTER]
        beats = {tick for bar in simple for tick in range(bar.start_tick, bar.end_tick, TICKS_PER_QUARTER)}
        within = [divmod(note.onset_tick, TICKS_PER_QUARTER) for note in notes]
        triplets = {quarter * TICKS_PER_QUARTER for quarter, tick in within if tick == _TRIPLETS[0]}
        self._swung = beats - triplets if share != 0.5 else set()
        self._triplets = beats & triplets if share > 0.5 else set()

    def at(self, tick: int) -> float:
        """The performed tick of a written one."""
        quarter, within = divmod(tick, TICKS_PER_QUARTER)
        beat = quarter * TICKS_PER_QUARTER
        if beat in self._triplets and within == STRAIGHT_TICK:
            return float(beat + _TRIPLETS[1])  # as the last of the triplet in another part
        if beat not in self._swung:
            return float(tick)
        if within == _TRIPLETS[1]:
            within = STRAIGHT_TICK
        if within <= STRAIGHT_TICK:
            return quarter * TICKS_PER_QUARTER + within * self.half / STRAIGHT_TICK
        return (quarter + 1) * TICKS_PER_QUARTER - (TICKS_PER_QUARTER - within) * (
            TICKS_PER_QUARTER - self.half
        ) / STRAIGHT_TICK
