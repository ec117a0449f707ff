"""The metrical level of a swinging band: the tempo of a slow song whose sixteenths would swing is doubled.

Swing is played and notated on eighths (Gould, *Behind Bars*, 2011, "Swing"); under a melody in sixteenths at a slow
tempo, drums would swing on one level while the melody is notated on another.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence
from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER, Bar, Note
from symbolic_cover.core.sheet import SongSheet

#: The highest tempo, in beats a minute, that may be doubled, and the least share of the melody on odd sixteenths. Set
#: by hand: swing is hardly ever counted above 200.
_SLOW_BPM, _LEAST_SIXTEENTHS = 100.0, 0.1
_ODD_SIXTEENTHS = (TICKS_PER_QUARTER // 4, 3 * TICKS_PER_QUARTER // 4)
DOUBLED = "The tempo was doubled, so that eighths swing"


def is_counted_double(sheet: SongSheet) -> bool:
    """Whether a swinging band would double the tempo of a song: it is slow, in quarters, and has sixteenths."""
    grid = sheet.grid
    in_quarters = all(bar.meter.beat_tick == TICKS_PER_QUARTER for bar in grid.bars)
    if not in_quarters or grid.second_tick != STRAIGHT_TICK or grid.tempo_bpm > _SLOW_BPM or not sheet.melody:
        return False
    odd = sum(note.onset_tick % TICKS_PER_QUARTER in _ODD_SIXTEENTHS for note in sheet.melody)
    return odd >= _LEAST_SIXTEENTHS * len(sheet.melody)


def doubled(sheet: SongSheet) -> SongSheet:
    """The same song in twice as many bars of the same metres, with doubled note values, at the same times.

    A bar that is silent up to its middle or later, such as a pick-up, begins with its second half.
    """
    first = min((note.onset_tick for note in sheet.notes), default=0)
    skipped = sheet.grid.bars[0].meter.bar_tick if first >= sheet.grid.bars[0].meter.bar_tick // 2 else 0

    def tick(old: int) -> int:
        return 2 * old - skipped

    def notes(old: tuple[Note, ...]) -> tuple[Note, ...]:
        return tuple(n._replace(onset_tick=tick(n.onset_tick), duration_tick=2 * n.duration_tick) for n in old)

    chords = tuple(
        chord._replace(start_tick=max(tick(chord.start_tick), 0), end_tick=tick(chord.end_tick))
        for chord in sheet.chords
        if tick(chord.end_tick) > 0
    )
    sections = tuple(section._replace(start_tick=max(tick(section.start_tick), 0)) for section in sheet.sections)
    lyrics = tuple(lyric._replace(tick=max(tick(lyric.tick), 0)) for lyric in sheet.lyrics)
    bars = {
        name: tuple(value for value in values for _ in range(2))[bool(skipped) :]
        for name, values in sheet.confidence.bars.items()
    }
    grid = _doubled(sheet.grid, skipped)
    said = f"{DOUBLED}: {round(grid.tempo_bpm)} beats a minute."
    return replace(
        sheet,
        grid=grid,
        melody=notes(sheet.melody),
        bass=notes(sheet.bass),
        texture=notes(sheet.texture),
        chords=chords,
        sections=sections,
        lyrics=lyrics,
        confidence=Confidence(sheet.confidence.whole, bars),
        remarks=(*sheet.remarks, said),
    )


def _doubled(grid: Grid, skipped: int) -> Grid:
    halves = [
        Bar(2 * bar.start_tick + half * bar.meter.bar_tick - skipped, bar.meter) for bar in grid.bars for half in (0, 1)
    ]
    middles = (grid.beat_tick[:-1] + grid.beat_tick[1:]) / 2
    beats = np.sort(np.concatenate([grid.beat_tick, middles]))
    beat_tick = np.round(2 * beats).astype(int) - skipped
    return replace(
        grid, beat_tick=beat_tick, beat_sec=grid.sec_at(beats), bars=tuple(halves[1:] if skipped else halves)
    )
