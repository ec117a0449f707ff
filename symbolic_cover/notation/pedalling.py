"""Pedal signs for piano: a bracket for each harmony, from its first onset."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from symbolic_cover.core.instruments import PEDALLED
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Chord, Note
from symbolic_cover.core.styles import manner_facts
from symbolic_cover.notation.layout import Layout
from symbolic_cover.notation.players import Player, is_hand

START, STOP = "start", "stop"
#: After this many bars without an onset the pedal is up.
_REST_BARS = 2
#: Notes below this are the bass; a bar that begins on another bass begins another harmony.
_BASS_BELOW = 52


def uses_pedal(player: Player, manner: str, *, has_drums: bool) -> bool:
    """Whether a page shows pedalling: for a piano's two hands with chords, in styles that use it, without a band.

    Charts of bands leave it to the player; a single line in each hand, as for beginners, needs none.
    """
    last = len(player.staves) - 1
    has_chords = any(len({note.onset_tick for note in part.notes}) < len(part.notes) for part in player.staves)
    is_piano = is_hand(player, last) and player.staves[last].program in PEDALLED
    return is_piano and has_chords and not has_drums and bool(manner_facts(manner).get("pedal", False))


def pedal_signs(notes: Sequence[Note], chords: Sequence[Chord], bars: Sequence[Bar]) -> list[tuple[int, str]]:
    """Where the pedal goes down (`START`), is changed (both) and goes up (`STOP`), by tick.

    Only onsets and chords matter, so that simplified lengths change nothing.
    """
    onsets = sorted({note.onset_tick for note in notes})
    changes = _changes(notes, chords, bars)
    signs: list[tuple[int, str]] = []
    for before, onset in pairwise([None, *onsets]):
        assert onset is not None
        if before is None:
            signs.append((onset, START))
        elif _bars_between(before, onset, bars) > _REST_BARS:
            signs += [(_bar_at(before, bars).end_tick, STOP), (onset, START)]
        elif any(before < change <= onset for change in changes):
            signs += [(onset, STOP), (onset, START)]
    return [*signs, (_bar_at(onsets[-1], bars).end_tick, STOP)] if onsets else []


def _changes(notes: Sequence[Note], chords: Sequence[Chord], bars: Sequence[Bar]) -> list[int]:
    """Where another chord begins, and bars that begin on another bass; without chords, all bars."""
    ordered = sorted(chords)
    if not ordered:
        return [bar.start_tick for bar in bars]
    changes = {after.start_tick for before, after in pairwise(ordered) if before[2:] != after[2:]}
    lowest: dict[int, int] = {}
    for note in notes:
        lowest[note.onset_tick] = min(note.pitch, lowest.get(note.onset_tick, 127))
    bass = None
    for bar in bars:
        pitch = lowest.get(bar.start_tick, 127)
        if pitch < _BASS_BELOW:
            if bass is not None and bass != pitch % 12:
                changes.add(bar.start_tick)
            bass = pitch % 12
    return sorted(changes)


def _bar_index(tick: int, bars: Sequence[Bar]) -> int:
    return max(bisect_right(bars, tick, key=lambda bar: bar.start_tick) - 1, 0)


def _bar_at(tick: int, bars: Sequence[Bar]) -> Bar:
    return bars[_bar_index(tick, bars)]


def _bars_between(before: int, after: int, bars: Sequence[Bar]) -> int:
    return _bar_index(after, bars) - _bar_index(before, bars)


def add_pedal(part: Element, signs: Sequence[tuple[int, str]], page: Layout) -> None:
    """Write pedal signs below the lower staff of a part in MusicXML."""
    measures = part.findall("measure")
    divisions = int(measures[0].findtext("attributes/divisions", "1"))
    for tick, kind in signs:
        index = _bar_index(tick - (tick == _last_tick(page.bars)), page.bars)
        start = page.bars[index].start_tick if index else page.opening_tick
        _insert(measures[index], Fraction((tick - start) * divisions, TICKS_PER_QUARTER), kind)


def _last_tick(bars: Sequence[Bar]) -> int:
    return bars[-1].end_tick


def _insert(measure: Element, at: Fraction, kind: str) -> None:
    """Insert a sign in a measure: before the note of the lower staff that begins there, else at the end."""
    cursor = place = last = 0
    for index, element in enumerate(measure):
        length = int(element.findtext("duration", "0"))
        is_low = element.tag == "note" and element.findtext("staff", "1") == "2"
        if element.tag == "backup":
            cursor -= length
        elif element.tag == "forward" or (element.tag == "note" and element.find("chord") is None):
            if is_low and cursor == at and not place:
                place = index
            cursor += length
        last = index + 1 if is_low else last
    offset = 0 if place else int(at - cursor)
    direction = Element("direction", placement="below")
    SubElement(SubElement(direction, "direction-type"), "pedal", type=kind, line="yes")
    if offset:
        SubElement(direction, "offset").text = str(offset)
    SubElement(direction, "staff").text = "2"
    measure.insert(place or last, direction)
