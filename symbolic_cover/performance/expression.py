"""An expressive performance of an arrangement: MIDI with touch, swing, groove, pedal and a final ritardando.

The written arrangement does not change. Nothing is random: each offset follows from the place of a note, so that an
arrangement, and a repeated passage in it, is always played alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import symusic

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.instruments import PEDAL_CONTROL
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.notation.feel import in_one_feel
from symbolic_cover.notation.players import is_bass, is_guitar
from symbolic_cover.performance.groove import Swing
from symbolic_cover.performance.manner import EVEN, Manner, manner_of
from symbolic_cover.performance.midi import MIDI_TICKS_PER_QUARTER, arrangement_score
from symbolic_cover.performance.pedal import has_pedal, presses
from symbolic_cover.performance.touch import struck

_TICKS = MIDI_TICKS_PER_QUARTER // TICKS_PER_QUARTER
#: Bounds of velocity, so that no note is lost and none stands out by clipping at 127.
_SOFTEST, _LOUDEST = 16, 122
#: A part with fewer notes per onset than this is a line, played like a melody.
_LINE = 1.15
_SLOWING_BARS = 2


def perform(arrangement: Arrangement, amount: float = 1.0) -> symusic.Score:
    """The arrangement as performed in its style, in the ticks of `arrangement_score`; with `amount` 0 as written.

    Times follow the tempo map of the grid, so that it still plays along with a recording; only a song from a score has
    a final ritardando.
    """
    if amount <= 0:
        return arrangement_score(arrangement)
    arrangement, _ = in_one_feel(arrangement)
    manner = manner_of(arrangement.manner, amount)
    grid = arrangement.grid
    if grid.confidence == 1.0 and manner.last_tempo < 1.0:
        grid = slowed(grid, arrangement.notes, manner.last_tempo)
        arrangement = replace(arrangement, grid=grid)
    score = arrangement_score(arrangement)
    share = manner.swing if manner.swing != EVEN else grid.second_tick / TICKS_PER_QUARTER  # the style's, or the song's
    swing = Swing(share, arrangement.notes, grid.bars)
    velocities, late_ms = _velocities(arrangement, manner), _late_ms(arrangement, manner)
    feet = presses(arrangement, *manner.pedal_sec) if manner.pedal_sec else []
    for index, (part, track) in enumerate(zip(arrangement.parts, score.tracks, strict=True)):
        played = [
            _played(note, swing, grid, velocity, late)
            for note, velocity, late in zip(part.notes, velocities[index], late_ms[index], strict=True)
        ]
        track.notes = type(track.notes)([symusic.Note(*note) for note in _struck_once(played)])
        for press in feet if has_pedal(part) else ():
            for sec, value in zip(press, (127, 0), strict=True):
                track.controls.append(symusic.ControlChange(_midi_tick(grid, sec), PEDAL_CONTROL, value))
        track.sort()
    return score


def slowed(grid: Grid, notes: Sequence[Note], last_tempo: float) -> Grid:
    """The grid with a final ritardando to a share of its tempo at the last onset.

    The tempo falls as in Friberg & Sundberg, "Does music performance allude to locomotion?" (JASA 1999), with q = 3.
    """
    last = max((note.onset_tick for note in notes), default=0)
    begin = grid.bars[max(grid.bar_index(last) - _SLOWING_BARS, 0)].start_tick
    edges = np.unique([*grid.beat_tick, begin, *range(begin, grid.end_tick + 1, 3)])
    lengths = np.diff(grid.sec_at(edges))
    middle = (edges[:-1] + edges[1:]) / 2
    share = np.clip((middle - begin) / max(last - begin, 1), 0.0, 1.0)
    tempo = np.cbrt(1 + (last_tempo**3 - 1) * share)
    return replace(grid, beat_tick=edges, beat_sec=grid.sec_at(edges[0]) + np.append(0.0, np.cumsum(lengths / tempo)))


def _velocities(arrangement: Arrangement, manner: Manner) -> list[np.ndarray]:
    """Velocity of each note of each part."""
    bars = arrangement.grid.bars
    melody = {(note.onset_tick, note.pitch) for note in arrangement.melody}
    offsets = [np.zeros(len(part.notes)) for part in arrangement.parts]
    lines: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, part in enumerate(arrangement.parts):
        if part.is_drums:
            offsets[index] = manner.amount * manner.groove.strokes(part.notes, bars)[0]
            continue
        for place, note in enumerate(part.notes):
            player = part.group or str(index)
            lines["\0melody" if (note.onset_tick, note.pitch) in melody else player].append((index, place))
    pitched = arrangement.pitched_notes
    for player, places in lines.items():
        notes = [arrangement.parts[index].notes[place] for index, place in places]
        own = set(notes)
        others = [note for note in pitched if note not in own]
        sings = player == "\0melody" or _is_line(notes, arrangement.parts[places[0][0]])
        found = struck(notes, others, bars, manner.melody if sings else manner.accompaniment)
        for (index, place), offset in zip(places, found, strict=True):
            offsets[index][place] = offset
    return [
        np.clip(_swelling(part, arrangement.grid) + offset, _SOFTEST, _LOUDEST).round().astype(int)
        for part, offset in zip(arrangement.parts, offsets, strict=True)
    ]


def _is_line(notes: Sequence[Note], part: Part) -> bool:
    return not is_bass(part) and len(notes) < _LINE * len({note.onset_tick for note in notes})


def _swelling(part: Part, grid: Grid) -> np.ndarray:
    """The written velocities, with changes of level between bars made gradual."""
    if not part.notes:
        return np.zeros(0)
    velocity = np.array([note.velocity for note in part.notes], dtype=float)
    bar = np.array([grid.bar_index(note.onset_tick) for note in part.notes])
    playing = np.unique(bar)
    means = np.array([velocity[bar == index].mean() for index in playing])
    middles = np.array([(grid.bars[index].start_tick + grid.bars[index].end_tick) / 2 for index in playing])
    smooth = np.interp([note.onset_tick for note in part.notes], middles, means)
    return velocity + smooth - means[np.searchsorted(playing, bar)]


def _late_ms(arrangement: Arrangement, manner: Manner) -> list[np.ndarray]:
    """Delay of each note of each part in milliseconds: drums by the groove, the melody first, strums upwards."""
    melody = {(note.onset_tick, note.pitch) for note in arrangement.melody}
    late = []
    for part in arrangement.parts:
        if part.is_drums:
            late.append(manner.amount * manner.groove.strokes(part.notes, arrangement.grid.bars)[1])
            continue
        struck_together: dict[int, list[int]] = defaultdict(list)
        for note in part.notes:
            struck_together[note.onset_tick].append(note.pitch)
        strum = manner.strum_ms if is_guitar(part) else 0.0
        late.append(np.array([
            strum * sum(pitch < note.pitch for pitch in struck_together[note.onset_tick])
            + (0.0 if (note.onset_tick, note.pitch) in melody else manner.lead_ms)
            for note in part.notes
        ]))  # fmt: skip
    return late


def _played(note: Note, swing: Swing, grid: Grid, velocity: int, late_ms: float) -> tuple[int, int, int, int]:
    """(onset, duration, pitch, velocity) in MIDI ticks."""
    onset = _midi_tick(grid, float(grid.sec_at(swing.at(note.onset_tick))) + late_ms / 1000)
    end = round(swing.at(note.end_tick) * _TICKS)
    return onset, max(end - onset, 1), note.pitch, int(velocity)


def _midi_tick(grid: Grid, sec: float) -> int:
    return max(round(float(grid.tick_at(sec)) * _TICKS), 0)


def _struck_once(played: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Notes that end where their key is struck again."""
    struck_again: dict[int, int] = {}
    kept = []
    for onset, duration, pitch, velocity in sorted(played, reverse=True):
        duration = min(duration, struck_again.get(pitch, onset + duration) - onset)
        if duration > 0:
            kept.append((onset, duration, pitch, velocity))
            struck_again[pitch] = onset
    return kept[::-1]
