"""Move a song sheet to other beats and bars: everything on the grid moves alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence
from symbolic_cover.core.music import Bar, Chord, Lyric, Meter, Note, Section
from symbolic_cover.core.sheet import SongSheet

#: Old ticks -> new ticks.
Move = Callable[[int], int]
#: The most bars that corrections may make.
MOST_BARS = 10_000


def bars_from(start_tick: int, meters: Sequence[Meter]) -> tuple[Bar, ...]:
    """Successive bars. Raises `UsageError` beyond `MOST_BARS`."""
    if len(meters) > MOST_BARS:
        raise UsageError(f"That would be more than {MOST_BARS} bars.", "Check the correction.")
    bars = []
    for meter in meters:
        bars.append(Bar(start_tick, meter))
        start_tick = bars[-1].end_tick
    return tuple(bars)


def covering(meters: Sequence[Meter], end_tick: int) -> list[Meter]:
    """As many of the metres as reach `end_tick`, repeating the last one if they do not."""
    reached = 0
    kept: list[Meter] = []
    for meter in meters:
        if reached >= end_tick and kept:
            return kept
        kept.append(meter)
        reached += meter.bar_tick
    missing = -(-(end_tick - reached) // kept[-1].bar_tick)
    return kept + [kept[-1]] * max(missing, 0)


def relaid(sheet: SongSheet, grid: Grid, move: Move, move_harmony: Move | None = None) -> SongSheet:
    """The song on another grid: notes and syllables moved by `move`, chords and sections by `move_harmony`, else alike.

    Notes keep at least a sixteenth (or their length), the melody stays one line, and a bar's confidence is that of the
    bar in which its middle was.
    """
    harmony = move_harmony or move
    chords = [
        chord._replace(start_tick=harmony(chord.start_tick), end_tick=harmony(chord.end_tick)) for chord in sheet.chords
    ]
    return replace(
        sheet,
        grid=grid,
        melody=one_after_another(moved(sheet.melody, move)),
        bass=moved(sheet.bass, move),
        texture=moved(sheet.texture, move),
        chords=apart(chords),
        sections=tuple(sorted(Section(max(harmony(one.start_tick), 0), one.label) for one in sheet.sections)),
        lyrics=tuple(Lyric(move(one.tick), one.text) for one in sheet.lyrics),
        confidence=_confidence(sheet, grid, move),
    )


def moved(notes: Sequence[Note], move: Move) -> tuple[Note, ...]:
    """Notes with moved starts and ends; each pitch is struck once at a time."""
    laid: dict[tuple[int, int], Note] = {}
    for note in notes:
        onset, least = move(note.onset_tick), min(note.duration_tick, 3)
        one = note._replace(onset_tick=onset, duration_tick=max(move(note.end_tick) - onset, least))
        before = laid.get((onset, note.pitch))
        laid[onset, note.pitch] = one if before is None else max(before, one)
    return tuple(sorted(laid.values()))


def one_after_another(melody: Sequence[Note]) -> tuple[Note, ...]:
    """A single line: the longest of notes that begin together, each ending where the next begins at the latest."""
    longest: dict[int, Note] = {}
    for note in melody:
        before = longest.get(note.onset_tick)
        longest[note.onset_tick] = note if before is None else max(before, note, key=lambda one: one[1:3])
    line = [longest[onset] for onset in sorted(longest)]
    cut = [
        note._replace(duration_tick=min(note.duration_tick, following.onset_tick - note.onset_tick))
        for note, following in pairwise(line)
    ]
    return (*cut, *line[-1:])


def apart(chords: Sequence[Chord]) -> tuple[Chord, ...]:
    """Chords that do not overlap; those without length are dropped."""
    kept: list[Chord] = []
    for chord in sorted(chords):
        if kept and kept[-1].end_tick > chord.start_tick:
            kept[-1] = kept[-1]._replace(end_tick=chord.start_tick)
            if kept[-1].end_tick <= kept[-1].start_tick:
                kept.pop()
        if chord.end_tick > chord.start_tick:
            kept.append(chord)
    return tuple(kept)


def _confidence(sheet: SongSheet, grid: Grid, move: Move) -> Confidence:
    """The confidence of each bar of the new grid."""
    middles = [move((bar.start_tick + bar.end_tick) // 2) for bar in sheet.grid.bars]
    nearest = []
    at = 0
    for bar in grid.bars:
        middle = (bar.start_tick + bar.end_tick) // 2
        while at + 1 < len(middles) and abs(middles[at + 1] - middle) <= abs(middles[at] - middle):
            at += 1
        nearest.append(at)
    bars = {name: tuple(values[index] for index in nearest) for name, values in sheet.confidence.bars.items()}
    return Confidence(sheet.confidence.whole, bars)


def confirm(sheet: SongSheet, what: Sequence[str], bars: range) -> SongSheet:
    """The sheet with full confidence in `what` (``beats``, ``chords``, ``melody``) in some bars (indices)."""
    values = {
        name: tuple(1.0 if name in what and index in bars else value for index, value in enumerate(of_bars))
        for name, of_bars in sheet.confidence.bars.items()
    }
    return replace(sheet, confidence=Confidence(sheet.confidence.whole, values))
