"""Source and cover as piano rolls, one above the other, in rows of a few bars."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import cycle
from typing import TYPE_CHECKING, Any

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import PITCH_NAMES_FLAT, PITCH_NAMES_SHARP, Bar, Chord, Key, Note
from symbolic_cover.core.sheet import SongSheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS_PER_ROW = 16
_BARS_TO_CHECK = 8
_MELODY, _BASS, _TEXTURE = "#c0432b", "#2f5f9e", "#b3b8bd"
_PART_COLOURS = ("#7f9fc4", "#6fae88", "#b89a5e", "#9a83b5", "#8a9299", "#5fb0b7", "#c58fa6", "#a5a84f")
_DPI = 110
#: Cut off the end of a note, so that repeated notes stay apart.
_BREATH_TICK = 1
#: Half the height of a note in semitones: more than its own lane, to be visible on a phone.
_HALF_HEIGHT = 0.8
#: The width of a letter of a chord name, as a share of a row.
_LETTER_WIDTH = 0.0065
_CHORD_TEXT: dict[str, Any] = {"fontsize": 7, "color": "#444b52"}
_SUFFIXES = {"maj": "", "min": "m", "min7": "m7", "min6": "m6", "maj6": "6", "hdim7": "ø7"}

Layer = tuple[str, str, tuple[Note, ...]]


def piano_roll_png(sheet: SongSheet, arrangement: Arrangement) -> bytes:
    """Draw the song above and its cover below, as PNG bytes; time is in bars, `BARS_PER_ROW` to a row.

    The song is coloured by melody, bass and texture, under its chord names; the cover by part, its melody on top.
    Drums, which have no pitch, are left out unless there is nothing else.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bars = max(sheet.grid.bars, arrangement.grid.bars, key=len)
    rows = [bars[first : first + BARS_PER_ROW] for first in range(0, len(bars), BARS_PER_ROW)]
    source, cover = _source_layers(sheet), _cover_layers(arrangement)
    figure = Figure(figsize=(13, 4.4 * len(rows)), dpi=_DPI, layout="constrained")
    axes = figure.subplots(2 * len(rows), 1, squeeze=False)[:, 0]
    row_tick = max(row[-1].end_tick - row[0].start_tick for row in rows)
    for index, row in enumerate(rows):
        above, below = axes[2 * index], axes[2 * index + 1]
        _draw(above, source, row, row_tick, "song")
        _draw(below, cover, row, row_tick, "cover")
        _name_chords(above, sheet.chords, sheet.key, row)
        below.set_xticks([bar.start_tick for bar in row], [str(bars.index(bar) + 1) for bar in row], fontsize=7)
    for axis, layers in ((axes[0], source), (axes[1], cover)):
        _add_legend(axis, layers)
    image = io.BytesIO()
    FigureCanvasAgg(figure).print_png(image)
    return image.getvalue()


def song_roll_png(sheet: SongSheet) -> bytes:
    """Draw a song alone, as PNG bytes, for checking: beats, chords, key, and every bar's time in seconds."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    grid = sheet.grid
    rows = [grid.bars[first : first + _BARS_TO_CHECK] for first in range(0, len(grid.bars), _BARS_TO_CHECK)]
    figure = Figure(figsize=(13, 2.6 * len(rows) + 0.4), dpi=_DPI, layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    row_tick = max(row[-1].end_tick - row[0].start_tick for row in rows)
    layers = _source_layers(sheet)
    for axis, row in zip(axes, rows, strict=True):
        _draw(axis, layers, row, row_tick, "")
        _name_chords(axis, sheet.chords, sheet.key, row)
        for bar in row:
            for tick in range(bar.start_tick + bar.meter.beat_tick, bar.end_tick, bar.meter.beat_tick):
                axis.axvline(tick, color="#e9ebed", linewidth=0.6, linestyle=":", zorder=0)
        labels = [f"{grid.bars.index(bar) + 1}\n{float(grid.sec_at(bar.start_tick)):.1f} s" for bar in row]
        axis.set_xticks([bar.start_tick for bar in row], labels, fontsize=7)
    told = (f"{sheet.title}: {sheet.key.label}, {grid.meter}, {grid.tempo_bpm:.0f} beats a minute,"
            f" beat confidence {grid.confidence:.2f}")  # fmt: skip
    axes[0].set_title(told, fontsize=9, loc="left", pad=16)
    _add_legend(axes[0], layers)
    image = io.BytesIO()
    FigureCanvasAgg(figure).print_png(image)
    return image.getvalue()


def _source_layers(sheet: SongSheet) -> list[Layer]:
    return [
        ("texture", _TEXTURE, sheet.texture),
        ("bass", _BASS, sheet.bass),
        ("melody", _MELODY, sheet.melody),
    ]


def _cover_layers(arrangement: Arrangement) -> list[Layer]:
    melody = {(note.onset_tick, note.pitch) for note in arrangement.melody}
    parts = [part for part in arrangement.parts if not part.is_drums] or list(arrangement.parts)
    layers = [(part.name, colour, part.notes) for part, colour in zip(parts, cycle(_PART_COLOURS), strict=False)]
    leading = tuple(note for note in arrangement.pitched_notes if (note.onset_tick, note.pitch) in melody)
    return [*layers, ("melody", _MELODY, leading)]


def _draw(axis: Axes, layers: list[Layer], row: tuple[Bar, ...], row_tick: int, label: str) -> None:
    from matplotlib.collections import PolyCollection

    start, end = row[0].start_tick, row[-1].end_tick
    pitches = [note.pitch for _, _, notes in layers for note in notes] or [60]
    for bar in row:
        axis.axvline(bar.start_tick, color="#d9dcdf", linewidth=0.8, zorder=0)
    axis.axvline(end, color="#d9dcdf", linewidth=0.8, zorder=0)
    for order, (_, colour, notes) in enumerate(layers, 1):
        boxes = [_box(note, start, end) for note in notes if note.onset_tick < end and note.end_tick > start]
        axis.add_collection(PolyCollection(boxes, facecolors=colour, linewidths=0, zorder=order, snap=False))
    axis.set_xlim(start, start + row_tick)
    axis.set_ylim(min(pitches) - 2, max(pitches) + 3)
    octaves = range(12 * (min(pitches) // 12), max(pitches) + 3, 12)
    axis.set_yticks([c for c in octaves if c >= min(pitches) - 2], minor=False)
    axis.set_yticklabels([f"C{int(c) // 12 - 1}" for c in axis.get_yticks()], fontsize=7)
    axis.set_xticks([])
    axis.set_ylabel(label, fontsize=9)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def _box(note: Note, start: int, end: int) -> list[tuple[float, float]]:
    left, right = max(note.onset_tick, start), min(note.end_tick, end)
    low, high = note.pitch - _HALF_HEIGHT, note.pitch + _HALF_HEIGHT
    right = max(right - _BREATH_TICK, left + _BREATH_TICK)
    return [(left, low), (right, low), (right, high), (left, high)]


def _name_chords(axis: Axes, chords: Iterable[Chord], key: Key, row: tuple[Bar, ...]) -> None:
    """Write chord names where they change and fit."""
    start, end = row[0].start_tick, row[-1].end_tick
    last_tick, last_name = -1000, ""
    for chord in chords:
        name = _short(chord, key)
        if not start <= chord.start_tick < end or (name == last_name and last_tick >= start):
            continue
        if chord.start_tick - last_tick >= (end - start) * _LETTER_WIDTH * (len(last_name) + 1):
            axis.text(chord.start_tick, 1, name, transform=axis.get_xaxis_transform(), va="bottom", **_CHORD_TEXT)
            last_tick, last_name = chord.start_tick, name


def _short(chord: Chord, key: Key) -> str:
    """A chord symbol as players write it, such as F#m7/A."""
    names = PITCH_NAMES_FLAT if key.prefers_flats else PITCH_NAMES_SHARP
    name = names[chord.root] + _SUFFIXES.get(chord.quality, chord.quality)
    return name if chord.bass == chord.root else f"{name}/{names[chord.bass]}"


def _add_legend(axis: Axes, layers: list[Layer]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=name) for name, colour, _ in reversed(layers)]
    axis.legend(
        handles=handles, fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1, 1.02), ncols=len(handles)
    )
