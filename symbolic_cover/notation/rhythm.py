"""Notation of rhythm: note values, ties and beams.

Ticks count from the beginning of a bar. A bar is a tree of levels: the bar, its groups (two halves in 4/4), its units
(quarters in 4/4, eighths in 6/8) and their halves down to the sixteenth. A note may hide a place of one level only if
it begins and ends at places at most one level weaker (Gould, *Behind Bars*, 2011, "Grouping"); otherwise it is split
there and tied. Rests fill whole branches of the tree.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

from symbolic_cover.core.music import Meter

SIXTEENTH_TICK = 3

#: Note values by length in ticks: name and dots.
PLAIN_VALUES = {
    3: ("16th", 0),
    6: ("eighth", 0),
    9: ("eighth", 1),
    12: ("quarter", 0),
    18: ("quarter", 1),
    24: ("half", 0),
    36: ("half", 1),
    48: ("whole", 0),
    72: ("whole", 1),
    96: ("breve", 0),
}
#: The same in triplets, three in the time of two.
TRIPLET_VALUES = {
    1: ("32nd", 0),
    2: ("16th", 0),
    3: ("16th", 1),
    4: ("eighth", 0),
    6: ("eighth", 1),
    8: ("quarter", 0),
    16: ("half", 0),
}
_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}
_UNIT_GROUPS = {4: (2, 2), 5: (3, 2), 6: (3, 3), 7: (4, 3), 8: (4, 4)}
_SHORT_UNIT_GROUPS = {4: (2, 2), 5: (3, 2), 7: (2, 2, 3), 8: (2, 2, 2, 2)}


class Event(NamedTuple):
    """Pitches that sound together, in ticks; without pitches, a rest."""

    start_tick: int
    end_tick: int
    pitches: tuple[int, ...]


class Figure(NamedTuple):
    """One written note, chord or rest: ticks from the beginning of its bar, value, ties, tuplet and beams.

    `triplet` is ``""`` outside triplets, else ``start``, ``inside``, ``stop``. `beams` holds ``start``, ``continue``,
    ``stop``, ``partial-left`` or ``partial-right`` for each beam from the eighth's on.
    """

    start_tick: int
    end_tick: int
    pitches: tuple[int, ...]
    value: str
    dots: int
    tied_from: bool = False
    tied_to: bool = False
    triplet: str = ""
    beams: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def levels_of(meter: Meter) -> tuple[tuple[int, ...], ...]:
    """The places of a bar from strong to weak; each level includes those above it, and 0 and the bar's end."""
    unit_tick = 48 // meter.denominator
    levels: list[tuple[int, ...]] = [(0, meter.bar_tick)]
    for group_tick in _groups(meter):
        levels.append(_places(group_tick))
    levels.append(tuple(range(0, meter.bar_tick + 1, unit_tick)))
    while unit_tick > SIXTEENTH_TICK:
        unit_tick //= 2
        levels.append(tuple(range(0, meter.bar_tick + 1, unit_tick)))
    return tuple(dict.fromkeys(levels))


def _groups(meter: Meter) -> list[list[int]]:
    unit_tick = 48 // meter.denominator
    if meter.beat_tick == 3 * unit_tick:
        beats = [meter.beat_tick] * (meter.numerator // 3)
        halves = [[meter.bar_tick // 2] * 2] if len(beats) == 4 else []
        return [*halves, beats]
    units = (_UNIT_GROUPS if meter.denominator <= 4 else _SHORT_UNIT_GROUPS).get(meter.numerator)
    return [[count * unit_tick for count in units]] if units else []


def _places(lengths: list[int]) -> tuple[int, ...]:
    places = [0]
    for length in lengths:
        places.append(places[-1] + length)
    return tuple(places)


def write_bar(events: list[Event], start_tick: int, meter: Meter, opening_tick: int = 0) -> list[Figure]:
    """Write one voice of one bar so that it fills the bar exactly, from `opening_tick` of the bar on.

    `events` do not overlap; they may begin before the bar and end after it, and rests need not be given.
    """
    end_tick = start_tick + meter.bar_tick
    inside = [event for event in events if event.start_tick < end_tick and event.end_tick > start_tick]
    cuts = {tick - start_tick for event in inside for tick in event[:2]}
    triplets = _triplet_spans(meter, sorted(cut for cut in cuts if 0 < cut < meter.bar_tick))
    figures: list[Figure] = []
    now = opening_tick
    for event in inside:
        first, last = max(event.start_tick - start_tick, 0), min(event.end_tick - start_tick, meter.bar_tick)
        figures += _write(Event(now, first, ()), triplets, meter)
        pieces = _write(Event(first, last, event.pitches), triplets, meter)
        figures += [
            piece._replace(
                tied_from=index > 0 or event.start_tick < start_tick,
                tied_to=index < len(pieces) - 1 or event.end_tick > end_tick,
            )
            for index, piece in enumerate(pieces)
        ]
        now = last
    figures += _write(Event(now, meter.bar_tick, ()), triplets, meter)
    return _beamed(_bracketed(figures, triplets), meter)


def _triplet_spans(meter: Meter, cuts: list[int]) -> list[tuple[int, int]]:
    """The branches of the bar written as triplets because something begins or ends off the sixteenths."""
    spans: list[tuple[int, int]] = []
    for length in (24, 12, 6, 3):
        for start, end in _branches(meter, length):
            inner = [cut - start for cut in cuts if start < cut < end]
            covered = any(first <= start < last for first, last in spans)
            if not covered and _is_triplet(inner, length):
                spans.append((start, end))
    return sorted(spans)


def _is_triplet(cuts: list[int], length: int) -> bool:
    if length == 24:
        return cuts == [8, 16]
    off_sixteenths = any(cut % SIXTEENTH_TICK for cut in cuts)
    if length == 12:
        thirds = all(cut % 4 == 0 for cut in cuts)
        return off_sixteenths and (thirds or (6 not in cuts and all(cut % 2 == 0 for cut in cuts)))
    return off_sixteenths


@lru_cache(maxsize=256)
def _branches(meter: Meter, length: int) -> tuple[tuple[int, int], ...]:
    spans = {span for level in levels_of(meter) for span in pairwise(level) if span[1] - span[0] == length}
    return tuple(sorted(spans))


def _write(event: Event, triplets: list[tuple[int, int]], meter: Meter) -> list[Figure]:
    """Split an event (a rest if it has no pitches) into values that can be written, in and out of triplets."""
    figures: list[Figure] = []
    now = event.start_tick
    while now < event.end_tick:
        span = next((span for span in triplets if span[1] > now), (meter.bar_tick, meter.bar_tick))
        if span[0] <= now:
            last = min(span[1], event.end_tick)
            values = TRIPLET_VALUES
            pieces = _triplet_pieces(now, last, at_start=now == span[0], dots_allowed=bool(event.pitches))
        else:
            last = min(span[0], event.end_tick)
            values = PLAIN_VALUES
            pieces = _note_pieces(now, last, meter) if event.pitches else _rest_pieces(now, last, meter)
        for first, end in pieces:
            figures.append(Figure(first, end, event.pitches, *values[end - first]))
        now = last
    return figures


def _triplet_pieces(start: int, end: int, *, at_start: bool, dots_allowed: bool) -> list[tuple[int, int]]:
    lengths = []
    left = end - start
    for length in sorted(TRIPLET_VALUES, reverse=True):
        if length <= left and (dots_allowed or TRIPLET_VALUES[length][1] == 0):
            lengths.append(length)
            left -= length
    if not at_start:
        lengths.reverse()
    return [(start + first, start + last) for first, last in pairwise(_places(lengths))]


def _note_pieces(start: int, end: int, meter: Meter) -> list[tuple[int, int]]:
    levels = levels_of(meter)
    crossed = next((i for i, level in enumerate(levels) if any(start < place < end for place in level)), len(levels))
    if end - start in PLAIN_VALUES and _reads_well(start, end, crossed, meter):
        return [(start, end)]
    places = [place for place in levels[crossed] if start < place < end]
    cut = places[-1] if start in levels[crossed] else places[0]
    return _note_pieces(start, cut, meter) + _note_pieces(cut, end, meter)


def _reads_well(start: int, end: int, crossed: int, meter: Meter) -> bool:
    """Whether a note may hide the places of level `crossed` (the strongest it passes over)."""
    levels = levels_of(meter)
    if crossed >= len(levels) - 1:
        return True
    both_on_level = start in levels[crossed] and end in levels[crossed]
    above_eighths = levels[crossed][1] - levels[crossed][0] > 6
    if meter.denominator >= 8 and above_eighths:
        return both_on_level
    n_crossed = sum(start < place < end for place in levels[crossed])
    if n_crossed > 1 and start not in levels[crossed]:
        return False
    return start in levels[crossed + 1] and end in levels[crossed + 1]


def _rest_pieces(start: int, end: int, meter: Meter) -> list[tuple[int, int]]:
    pieces = []
    while start < end:
        ends = (level[bisect_right(level, start)] for level in levels_of(meter) if start in level)
        stop = next((stop for stop in ends if stop <= end and stop - start in PLAIN_VALUES), end)
        pieces.append((start, stop))
        start = stop
    return pieces


def _bracketed(figures: list[Figure], triplets: list[tuple[int, int]]) -> list[Figure]:
    """Mark the start and stop of each triplet."""
    marked = []
    for figure in figures:
        span = next((span for span in triplets if span[0] <= figure.start_tick < span[1]), None)
        if span:
            place = {span[0]: "start"}.get(figure.start_tick) or {span[1]: "stop"}.get(figure.end_tick, "inside")
            figure = figure._replace(triplet=place)
        marked.append(figure)
    return marked


def _beamed(figures: list[Figure], meter: Meter) -> list[Figure]:
    """Beam notes within one group of the bar, or within one beat if there are shorter notes than eighths."""
    beamed = []
    for _, window in groupby(figures, key=lambda figure: _beam_window(figure, figures, meter)):
        for flagged, run in groupby(window, key=lambda figure: bool(figure.pitches) and figure.value in _FLAGS):
            notes = list(run)
            beamed += _beam(notes) if flagged and len(notes) > 1 else notes
    return beamed


def _beam_window(figure: Figure, figures: list[Figure], meter: Meter) -> tuple[int, int]:
    levels = levels_of(meter)
    wide = levels[0] if meter in (Meter(3, 4), Meter(3, 8)) else levels[min(1, len(levels) - 1)]
    if meter == Meter(12, 8):
        wide = levels[2]
    group = _span_around(figure.start_tick, wide)
    members = [other for other in figures if group[0] <= other.start_tick < group[1]]
    plain = all(other.dots == 0 and not other.triplet and _FLAGS.get(other.value, 0) < 2 for other in members)
    beat = tuple(range(0, meter.bar_tick + 1, meter.beat_tick))
    compound = meter.beat_tick % 9 == 0
    odd = meter.bar_tick % meter.beat_tick != 0
    return group if plain or compound or odd or meter.denominator >= 8 else _span_around(figure.start_tick, beat)


def _span_around(tick: int, places: tuple[int, ...]) -> tuple[int, int]:
    index = bisect_right(places, tick)
    return places[index - 1], places[min(index, len(places) - 1)]


def _beam(notes: list[Figure]) -> list[Figure]:
    flags = [_FLAGS[note.value] for note in notes]
    beams: list[list[str]] = [[] for _ in notes]
    for depth in range(1, max(flags) + 1):
        for i in range(len(notes)):
            if flags[i] < depth:
                continue
            before = i > 0 and flags[i - 1] >= depth
            after = i < len(notes) - 1 and flags[i + 1] >= depth
            lone = "partial-right" if i == 0 else "partial-left"
            beams[i].append(
                {(True, True): "continue", (True, False): "stop", (False, True): "start"}.get((before, after), lone)
            )
    return [note._replace(beams=tuple(beam)) for note, beam in zip(notes, beams, strict=True)]
