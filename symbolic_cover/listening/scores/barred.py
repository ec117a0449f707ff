"""Music in bars as notated, and its expansion into a performance order.

The readers of MusicXML, ABC and kern all produce `Barred`: bars with their signs, and the contents of each part in each
bar. Places in a bar are exact quarters from its start. `unfold` plays the repeats, joins ties and gives ticks; bars
begin on whole ticks, and their contents keep their place from the start of the bar.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from symbolic_cover.core.music import TICKS_PER_QUARTER
from symbolic_cover.listening.scores.order import Signs, played_order
from symbolic_cover.listening.scores.written import (
    LONGEST_TICK,
    MOST_NOTES,
    ChordSymbol,
    KeySignature,
    Measure,
    TimeSignature,
    Written,
    WrittenNote,
    WrittenTrack,
    meter_of,
    too_much,
)

#: The velocity of a note without dynamics: mf.
VELOCITY = 80
#: The velocities of dynamics, evenly spaced around mf.
DYNAMICS = {
    "pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": VELOCITY, "f": 96, "ff": 112, "fff": 126, "ffff": 127,
}  # fmt: skip
GRACE_TICK = 1
#: Two ends closer than this, in ticks, are the same.
_SAME_TICK = 0.01


@dataclass(slots=True)
class BarNote:
    """A note in its bar: place and length in quarters.

    A grace note has no length and is the `grace`-th before the main note. `goes_on` at a tie. `words` are its syllables
    by verse, from 1; a trailing ``-`` says that the word continues.
    """

    at: Fraction
    length: Fraction
    pitch: int
    velocity: int = VELOCITY
    goes_on: bool = False
    grace: int = 0
    words: dict[int, str] = field(default_factory=dict)


@dataclass
class BarPart:
    """The contents of one voice, staff or instrument by bar; missing bars are empty."""

    name: str = ""
    program: int = 0
    is_drum: bool = False
    bars: dict[int, list[BarNote]] = field(default_factory=dict)


class Placed(NamedTuple):
    """Something at a place in a bar: a tempo in quarters a minute, a `KeySignature`'s facts, a chord or a name."""

    bar: int
    at: Fraction
    what: object


@dataclass
class Bar:
    """A notated bar: its length in quarters, the metre in force, and its signs."""

    length: Fraction
    time: TimeSignature
    signs: Signs = field(default_factory=Signs)


@dataclass
class Barred:
    """A piece of notation. `chords` hold (root, quality, bass) or None, `keys` (fifths, is_minor)."""

    bars: list[Bar] = field(default_factory=list)
    parts: list[BarPart] = field(default_factory=list)
    tempos: list[Placed] = field(default_factory=list)
    keys: list[Placed] = field(default_factory=list)
    chords: list[Placed] = field(default_factory=list)
    sections: list[Placed] = field(default_factory=list)
    title: str = ""
    composer: str = ""
    swings: bool = False
    remarks: list[str] = field(default_factory=list)
    order: list[int] | None = None  # the explicit order of bars, if the piece gives one


def unfold(piece: Barred) -> Written:
    """Expand the piece into the order in which it is played. Raises `InputError` for more bars, notes or time than a
    song can have."""
    order = piece.order if piece.order is not None else played_order([bar.signs for bar in piece.bars])
    order = order or list(range(len(piece.bars)))
    ends = list(accumulate(piece.bars[index].length * TICKS_PER_QUARTER for index in order))
    if ends and ends[-1] > LONGEST_TICK:
        raise too_much()
    starts = [0, *(math.floor(end + Fraction(1, 2)) for end in ends)]
    n_notes = sum(len(part.bars.get(index, ())) for part in piece.parts for index in order)
    if n_notes > MOST_NOTES:
        raise too_much()
    measures = [
        Measure(after - start, meter_of(piece.bars[index].time))
        for index, start, after in zip(order, starts, starts[1:], strict=False)
        if after > start
    ]
    singing = next((part for part in piece.parts if _has_words(part)), None)
    lyrics: list[tuple[float, str]] = []
    tracks = [_played(part, order, starts, lyrics if part is singing else None) for part in piece.parts]
    told = _Told(order, starts)
    chords: list[ChordSymbol] = [ChordSymbol(tick, what) for tick, what in told.of(piece.chords)]  # type: ignore[arg-type]
    return Written(
        tracks,
        measures,
        [(tick, float(what)) for tick, what in told.of(piece.tempos)],  # type: ignore[arg-type]
        [KeySignature(tick, *what) for tick, what in told.of(piece.keys)],  # type: ignore[misc]
        chords,
        [(tick, str(what)) for tick, what in told.of(piece.sections, goes_on=False)],
        lyrics,
        piece.composer,
        piece.swings,
        list(piece.remarks),
    )


def _has_words(part: BarPart) -> bool:
    return any(note.words for notes in part.bars.values() for note in notes)


def _played(part: BarPart, order: list[int], starts: list[int], lyrics: list[tuple[float, str]] | None) -> WrittenTrack:
    """The part's notes with ties joined and grace notes before the beat; its syllables are appended to `lyrics`."""
    track = WrittenTrack(part.name, part.program, part.is_drum)
    held: dict[int, int] = {}  # pitch -> index of the note that is tied
    times: dict[int, int] = {}
    for index, start in zip(order, starts, strict=False):
        times[index] = times.get(index, 0) + 1
        for note in sorted(part.bars.get(index, ()), key=_by_place):
            onset = start + float(note.at) * TICKS_PER_QUARTER
            if note.grace:
                track.notes.append(WrittenNote(onset - GRACE_TICK * note.grace, GRACE_TICK, note.pitch, note.velocity))
                continue
            length = float(note.length) * TICKS_PER_QUARTER
            before = held.pop(note.pitch, None)
            if before is not None and abs(_end(track.notes[before]) - onset) < _SAME_TICK + 0.5 * (note.at == 0):
                place = before
                joined = track.notes[before]
                track.notes[before] = joined._replace(duration_tick=onset + length - joined.onset_tick)
            else:
                place = len(track.notes)
                track.notes.append(WrittenNote(onset, length, note.pitch, note.velocity))
            if note.goes_on:
                held[note.pitch] = place
            if lyrics is not None and note.words:
                said = note.words.get(times[index]) or note.words.get(min(note.words))
                if said:
                    lyrics.append((onset, said))
    return track


def _by_place(note: BarNote) -> tuple[Fraction, int, int]:
    return note.at, -note.grace, note.pitch


def _end(note: WrittenNote) -> float:
    return note.onset_tick + note.duration_tick


class _Told:
    """Directions of a score, at the ticks where they apply in playing order."""

    def __init__(self, order: list[int], starts: list[int]) -> None:
        self.order, self.starts = order, starts

    def of(self, said: list[Placed], *, goes_on: bool = True) -> list[tuple[float, object]]:
        """(tick, value): after a jump, values that `goes_on` are restored to those in force when that bar was read."""
        by_bar: dict[int, list[Placed]] = {}
        for one in sorted(said, key=lambda one: (one.bar, one.at)):
            by_bar.setdefault(one.bar, []).append(one)
        in_force = _in_force(by_bar, max(self.order, default=0))
        found: list[tuple[float, object]] = []
        before = -1
        for index, start in zip(self.order, self.starts, strict=False):
            here = by_bar.get(index, [])
            if goes_on and index != before + 1 and not (here and here[0].at <= 0):
                found += [(float(start), what) for what in in_force(index)]
            found += [(start + float(one.at) * TICKS_PER_QUARTER, one.what) for one in here]
            before = index
        return found


def _in_force(by_bar: dict[int, list[Placed]], last: int) -> Callable[[int], list[object]]:
    """The last value before a bar, as a list of one or none."""
    latest: list[object] = []
    held: list[list[object]] = []
    for index in range(last + 1):
        held.append(latest)
        if by_bar.get(index):
            latest = [by_bar[index][-1].what]
    return lambda index: held[index]
