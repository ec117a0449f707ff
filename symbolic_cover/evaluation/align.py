"""Align an arrangement by any tool with its song, in bars and in key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.instruments import KEYBOARDS
from symbolic_cover.core.music import Bar, Note
from symbolic_cover.core.sheet import SongSheet

#: The most bars by which an arrangement may begin before or after its song.
_SHIFT_BARS = 8
#: Below this share of melody notes found (pitch classes), the two are reported as different songs.
SAME_SONG = 0.3


class Alignment(NamedTuple):
    """The song in the arrangement's key, the arrangement on the song's grid, and the shifts between them.

    `found` is the share of the melody's notes (onset and pitch class) that the arrangement has.
    """

    sheet: SongSheet
    arrangement: Arrangement
    semitones: int
    shift_tick: int
    found: float


def align(sheet: SongSheet, arrangement: Arrangement) -> Alignment:
    """Find the shift (by beats, at most `_SHIFT_BARS` bars) and transposition with which most of the melody is found.

    The song is transposed, the arrangement is shifted. Without a melody nothing is moved.
    """
    melody = [(note.onset_tick, note.pitch) for note in sheet.melody]
    played = arrangement.pitched_notes
    beat = sheet.grid.meter.beat_tick
    most = _SHIFT_BARS * sheet.grid.meter.bar_tick // beat
    by_onset: dict[int, set[int]] = {}
    for note in played:
        by_onset.setdefault(note.onset_tick, set()).add(note.pitch % 12)
    best = (0, 0, 0)
    for step in sorted(range(-most, most + 1), key=abs):
        met: Counter[int] = Counter()
        for tick, pitch in melody:
            met.update((sounding - pitch) % 12 for sounding in by_onset.get(tick - step * beat, ()))
        for semitones, count in met.items():
            if (count, -abs(step), -semitones) > (best[0], -abs(best[1]), -best[2]):
                best = (count, step, semitones)
    count, step, semitones = best
    there = {(note.onset_tick + step * beat, note.pitch) for note in played}
    octaves = [semitones + 12 * octave for octave in (0, -1, 1, -2, 2)]
    steps = max(octaves, key=lambda by: sum((tick, pitch + by) in there for tick, pitch in melody)) if melody else 0
    moved = sheet.transposed(steps)
    shifted = on_grid(arrangement, moved, step * beat)
    return Alignment(moved, shifted, steps, step * beat, count / max(len(melody), 1))


def on_grid(arrangement: Arrangement, sheet: SongSheet, shift_tick: int = 0) -> Arrangement:
    """The arrangement moved onto the song's bars and cut to them; its melody is what it plays of the song's melody."""
    end_tick = sheet.grid.end_tick

    def moved(notes: Sequence[Note]) -> tuple[Note, ...]:
        there = (note._replace(onset_tick=note.onset_tick + shift_tick) for note in notes)
        return tuple(sorted(note for note in there if 0 <= note.onset_tick < end_tick))

    parts = tuple(replace(part, notes=moved(part.notes)) for part in arrangement.parts)
    there = {(note.onset_tick, note.pitch) for part in parts if not part.is_drums for note in part.notes}
    melody = tuple(note for note in sheet.melody if (note.onset_tick, note.pitch) in there)
    return replace(arrangement, parts=parts, melody=melody, grid=sheet.grid, key=sheet.key, chords=sheet.chords)


def lengthened(sheet: SongSheet, end_tick: int) -> SongSheet:
    """The song extended by copies of its last bar until `end_tick`."""
    bars = list(sheet.grid.bars)
    while bars[-1].end_tick < end_tick:
        bars.append(Bar(bars[-1].end_tick, bars[-1].meter))
    grid = sheet.grid
    return replace(sheet, grid=Grid(grid.beat_tick, grid.beat_sec, tuple(bars), grid.confidence, grid.second_tick))


def as_players(parts: Sequence[Part]) -> tuple[Part, ...]:
    """If exactly two parts are keyboards of one program, treat them as the hands of one player."""
    found = [part for part in parts if not part.is_drums and part.program in KEYBOARDS and part.notes]
    if len(found) != 2 or found[0].program != found[1].program or any(part.group for part in found):
        return tuple(parts)
    return tuple(replace(part, group="keyboard") if part in found else part for part in parts)
