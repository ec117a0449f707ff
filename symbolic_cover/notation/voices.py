"""Divide the notes of a part into voices, and choose their written lengths.

A performance holds notes freely; a score should have as few voices, ties and rests as the rhythm allows. Onsets and
pitches are kept, ends are not: within a voice a note ends at the next onset at the latest, small gaps are closed, and
other notes end on a beat.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Collection, Iterable
from itertools import groupby

from symbolic_cover.core.music import Bar, Note
from symbolic_cover.notation.rhythm import Event

#: A gap up to an eighth is articulation, not a rest.
_SMALL_GAP_TICK = 6
#: An accompaniment held this far into the next melody note gets its own voice.
HELD_TICK = 6
#: A low note that sounds this many beats under others is held, not part of a broken chord.
_HELD_BEATS = 2
_MOST_INSIDE = 32

Onset = tuple[int, int]


def write_voices(
    notes: Iterable[Note], bars: Collection[Bar], melody: Collection[Onset] = (), *, apart: bool = False
) -> tuple[list[Event], list[Event]]:
    """Divide the notes of a part into a first and a second voice.

    `melody` names the notes of the melody by (onset tick, pitch). It fills the first voice; the rest joins it as chords
    where the rhythm agrees, and moves to the second voice in bars where it does not. Events of a voice do not overlap,
    and together hold every (onset, pitch) of `notes` once. The second voice is empty in most parts; with `apart`, as
    guitarists read, it has all notes outside the melody.
    """
    bars = tuple(bars)
    longest: dict[Onset, int] = {}
    for note in notes:
        onset = (note.onset_tick, note.pitch)
        longest[onset] = max(longest.get(onset, 0), note.end_tick)
    longest = _until_struck_again(longest)
    leading = {onset: end for onset, end in longest.items() if onset in melody}
    rest = {onset: end for onset, end in longest.items() if onset not in melody}
    if not leading or not rest:
        return _apart(_line(longest, bars), [], longest)

    melody_line = _line(leading, bars)
    if apart:
        return _apart(melody_line, _line(rest, bars), longest)
    rest = _without_chords_of(melody_line, rest)
    rest_line = _line(rest, bars)
    divided = _divided_bars(melody_line, rest_line, bars)
    starts = [bar.start_tick for bar in bars]
    second = [
        event
        for event in rest_line
        if bisect_right(starts, event.start_tick) - 1 in divided and not _fits_into(melody_line, event)
    ]
    own_voice = {(event.start_tick, pitch) for event in second for pitch in event.pitches}
    first = _line({onset: end for onset, end in longest.items() if onset not in own_voice}, bars, leading)
    return _apart(first, _kept_within(second, divided, bars), longest)


def _until_struck_again(ends: dict[Onset, int]) -> dict[Onset, int]:
    """End each note where its pitch is struck again."""
    capped: dict[Onset, int] = {}
    next_tick: dict[int, int] = {}
    for (tick, pitch), end in sorted(ends.items(), reverse=True):
        capped[tick, pitch] = min(end, next_tick.get(pitch, end))
        next_tick[pitch] = tick
    return capped


def _apart(first: list[Event], second: list[Event], onsets: Collection[Onset]) -> tuple[list[Event], list[Event]]:
    """The voices, with each note ended where its pitch is struck again in either."""
    strikes: dict[int, list[int]] = {}
    for tick, pitch in sorted(onsets):
        strikes.setdefault(pitch, []).append(tick)

    def cut(event: Event) -> Event:
        later = [ticks[bisect_right(ticks, event.start_tick) :] for ticks in map(strikes.__getitem__, event.pitches)]
        return event._replace(end_tick=min([event.end_tick, *(ticks[0] for ticks in later if ticks)]))

    return [cut(event) for event in first], [cut(event) for event in second]


def moving_notes(notes: Iterable[Note], bars: Collection[Bar]) -> set[Onset]:
    """The notes of a hand without the low notes that it holds; empty if it holds none.

    A low note is held if it is struck on a beat, sounds for `_HELD_BEATS` or to the end of its bar, the notes struck
    meanwhile are above it and end with it at the latest, and nothing rings into the next onset.
    """
    bars = tuple(bars)
    struck = [list(group) for _, group in groupby(sorted(notes), key=lambda note: note.onset_tick)]
    held: set[Onset] = set()
    for index, group in enumerate(struck):
        low = group[0]
        before = [note for earlier in struck[max(index - _MOST_INSIDE, 0) : index] for note in earlier]
        rings_on = any(note.end_tick >= low.onset_tick + _SMALL_GAP_TICK for note in before)
        until = low.end_tick - _SMALL_GAP_TICK
        inside = [later for later in struck[index + 1 : index + _MOST_INSIDE] if later[0].onset_tick < until]
        if inside and not rings_on and _is_held(low, _bar_at(low.onset_tick, bars)) and _moves(low, inside):
            held.add((low.onset_tick, low.pitch))
    return {(note.onset_tick, note.pitch) for group in struck for note in group} - held if held else set()


def _is_held(low: Note, bar: Bar) -> bool:
    on_beat = (low.onset_tick - bar.start_tick) % bar.meter.beat_tick == 0
    return on_beat and low.duration_tick >= min(_HELD_BEATS * bar.meter.beat_tick, bar.meter.bar_tick - _SMALL_GAP_TICK)


def _moves(low: Note, inside: list[list[Note]]) -> bool:
    """Whether the notes struck while a low note sounds are a line or chords of their own."""
    next_ticks = [*(group[0].onset_tick for group in inside[1:]), low.end_tick]
    return all(
        note.pitch > low.pitch and note.end_tick < next_tick + _SMALL_GAP_TICK
        for group, next_tick in zip(inside, next_ticks, strict=True)
        for note in group
    )


def _line(ends: dict[Onset, int], bars: tuple[Bar, ...], leading: Collection[Onset] = ()) -> list[Event]:
    """One voice: notes with the same onset are a chord, whose length is that of its `leading` notes, if any."""
    chords = [(tick, list(group)) for tick, group in groupby(sorted(ends), key=lambda onset: onset[0])]
    line = []
    for i, (tick, onsets) in enumerate(chords):
        next_tick = chords[i + 1][0] if i + 1 < len(chords) else bars[-1].end_tick
        end = max(ends[onset] for onset in [onset for onset in onsets if onset in leading] or onsets)
        written = _written_end(tick, min(end, next_tick), next_tick, _bar_at(tick, bars), bars)
        line.append(Event(tick, written, tuple(pitch for _, pitch in onsets)))
    return line


def _written_end(start: int, end: int, next_start: int, bar: Bar, bars: tuple[Bar, ...]) -> int:
    """The written end of a note that sounds until `end`: at the next onset, or on a beat before it."""
    short_beat = min(bar.meter.beat_tick, 18)
    breaks_at_bar = end <= bar.end_tick < next_start
    if not breaks_at_bar and (next_start - end <= _SMALL_GAP_TICK or next_start - start <= short_beat):
        return next_start
    if breaks_at_bar and bar.end_tick - end <= _SMALL_GAP_TICK:
        return bar.end_tick
    last = _bar_at(max(end - 1, start), bars)
    unit = min(48 // last.meter.denominator, 12)
    below = last.start_tick + (end - last.start_tick) // unit * unit
    above = min(below + unit, next_start)
    written = below if below > start and end - below < above - end else above
    is_small = written < next_start <= written + _SMALL_GAP_TICK and written != bar.end_tick
    return next_start if is_small else written  # so that the written result is written the same way again


def _bar_at(tick: int, bars: tuple[Bar, ...]) -> Bar:
    return bars[max(bisect_right(bars, tick, key=lambda bar: bar.start_tick) - 1, 0)]


def _divided_bars(melody: list[Event], rest: list[Event], bars: tuple[Bar, ...]) -> set[int]:
    """The bars in which the accompaniment moves while a melody note sounds, or sounds on while the melody moves."""
    melody_starts = [event.start_tick for event in melody]
    bar_starts = [bar.start_tick for bar in bars]
    divided = set()
    for event in rest:
        index = bisect_right(melody_starts, event.start_tick) - 1
        sounding = melody[index] if index >= 0 else Event(-1, -1, ())
        next_start = melody_starts[index + 1] if index + 1 < len(melody) else event.end_tick
        moves_inside = sounding.start_tick < event.start_tick < sounding.end_tick
        held = event.end_tick - next_start >= HELD_TICK
        if moves_inside or held:
            divided.add(bisect_right(bar_starts, event.start_tick) - 1)
    return divided


def _without_chords_of(melody: list[Event], rest: dict[Onset, int]) -> dict[Onset, int]:
    """Leave out notes struck with a melody note and not held much longer: the two are one chord.

    Notes struck again while the melody note sounds are kept.
    """
    melody_ends = {event.start_tick: event.end_tick for event in melody}
    ticks = sorted({tick for tick, _ in rest})
    strikes: dict[int, list[int]] = {}
    for tick, pitch in sorted(rest):
        strikes.setdefault(pitch, []).append(tick)

    def is_struck_again(tick: int, pitch: int) -> bool:
        later = bisect_right(strikes[pitch], tick)
        return later < len(strikes[pitch]) and strikes[pitch][later] < melody_ends[tick]

    next_tick = dict(zip(ticks, [*ticks[1:], sys.maxsize], strict=True))
    return {
        (tick, pitch): end
        for (tick, pitch), end in rest.items()
        if tick not in melody_ends
        or min(end, next_tick[tick]) - melody_ends[tick] >= HELD_TICK
        or is_struck_again(tick, pitch)
    }


def _fits_into(line: list[Event], event: Event) -> bool:
    """Whether an event falls in a rest of the line or agrees with it in rhythm."""
    index = bisect_right(line, event.start_tick, key=lambda other: other.start_tick) - 1
    before = line[index] if index >= 0 else Event(-1, -1, ())
    next_start = line[index + 1].start_tick if index + 1 < len(line) else event.end_tick
    return event[:2] == before[:2] or (before.end_tick <= event.start_tick and event.end_tick <= next_start)


def _kept_within(line: list[Event], divided: set[int], bars: tuple[Bar, ...]) -> list[Event]:
    """Cut the second voice at the end of its bars, so that no tie leads into a bar without one."""
    kept = []
    starts = [bar.start_tick for bar in bars]
    for event in line:
        index = bisect_right(starts, event.start_tick) - 1
        while index + 1 in divided and bars[index].end_tick < event.end_tick:
            index += 1
        kept.append(event._replace(end_tick=min(event.end_tick, bars[index].end_tick)))
    return kept
