"""How the bars of an arrangement lie on the page: a pick-up bar, and swung eighths written straight."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER, Bar, Note
from symbolic_cover.notation.rhythm import SIXTEENTH_TICK

_SWUNG_TICK, _TRIPLET_TICK = 8, 4
#: Fewest swung beats, and how many times as many as straight ones and triplets, that make a piece swing.
_FEWEST_SWUNG, _SWUNG_RATIO = 8, 2


@dataclass(frozen=True)
class Layout:
    """The bars of the page. The first is written from `opening_tick` on, which is not 0 where it is a pick-up."""

    bars: tuple[Bar, ...]
    opening_tick: int = 0
    swings: bool = False

    def place(self, tick: int) -> tuple[int, Fraction]:
        """The index of the bar in which a tick falls, and how many quarters after its written beginning."""
        tick = max(tick, self.opening_tick)
        index = bisect_right(self.bars, tick, key=lambda bar: bar.start_tick) - 1
        start = self.bars[index].start_tick if index else self.opening_tick
        return index, Fraction(tick - start, TICKS_PER_QUARTER)


def lay_out(arrangement: Arrangement) -> tuple[Arrangement, Layout]:
    """The arrangement as it is written, and its bars."""
    bars = _covering_bars(arrangement)
    swings = is_swung(arrangement)
    return straightened(arrangement) if swings else arrangement, Layout(bars, _opening_tick(arrangement, bars), swings)


def _covering_bars(arrangement: Arrangement) -> tuple[Bar, ...]:
    """The bars of the grid, and more like the last one if notes begin after it."""
    bars = list(arrangement.grid.bars)
    last_onset = max((note_.onset_tick for note_ in arrangement.notes), default=0)
    while bars[-1].end_tick <= last_onset:
        bars.append(Bar(bars[-1].end_tick, bars[-1].meter))
    return tuple(bars)


def _opening_tick(arrangement: Arrangement, bars: tuple[Bar, ...]) -> int:
    """Where the first note begins, if that is in the second half of the first bar; else 0."""
    first = min((note.onset_tick for note in arrangement.notes), default=0)
    if len(bars) < 2 or not bars[0].meter.bar_tick <= 2 * first < 2 * bars[0].end_tick:
        return 0
    return first if first % SIXTEENTH_TICK == 0 else first // TICKS_PER_QUARTER * TICKS_PER_QUARTER


def is_swung(arrangement: Arrangement) -> bool:
    """Whether a band plays its off-beats at two thirds of the beat, as swing is played but not written."""
    if not any(part.is_drums and part.notes for part in arrangement.parts):
        return False
    beats = _beats(arrangement.notes)
    swung = sum(_swings(offsets) and _SWUNG_TICK in offsets for offsets in beats.values())
    straight = sum(STRAIGHT_TICK in offsets for offsets in beats.values())
    triplets = sum(_TRIPLET_TICK in offsets for offsets in beats.values())
    return swung >= max(_FEWEST_SWUNG, _SWUNG_RATIO * straight, _SWUNG_RATIO * triplets)


def straightened(arrangement: Arrangement) -> Arrangement:
    """What begins or ends at two thirds of a beat moved half-way, in beats that nothing else of the part divides."""
    melody = {(note.onset_tick, note.pitch) for note in arrangement.melody}
    parts, tunes = [], []
    for part in arrangement.parts:
        divided = {beat for beat, offsets in _beats(part.notes).items() if not _swings(offsets)}
        written = [_written(note, divided) for note in part.notes]
        tune = [new for old, new in zip(part.notes, written, strict=True) if (old.onset_tick, old.pitch) in melody]
        parts.append(replace(part, notes=tuple(written)))
        tunes.append(tuple(tune) if not part.is_drums else ())
    return replace(arrangement, parts=tuple(parts), melody=max(tunes, key=len, default=()))


def _written(note: Note, divided: set[int]) -> Note:
    def place(tick: int, late_ticks: tuple[int, ...]) -> int:
        beat, offset = divmod(tick, TICKS_PER_QUARTER)
        return tick - offset + STRAIGHT_TICK if offset in late_ticks and beat not in divided else tick

    onset = place(note.onset_tick, (_SWUNG_TICK,))
    end = place(note.end_tick, (_SWUNG_TICK - 1, _SWUNG_TICK))
    return note._replace(onset_tick=onset, duration_tick=max(end - onset, 1))


def _swings(offsets: set[int]) -> bool:
    return offsets <= {0, _SWUNG_TICK}


def _beats(notes: Iterable[Note]) -> dict[int, set[int]]:
    """Where in each quarter notes begin, in ticks."""
    beats: dict[int, set[int]] = {}
    for note in notes:
        beat, offset = divmod(note.onset_tick, TICKS_PER_QUARTER)
        beats.setdefault(beat, set()).add(offset)
    return beats
