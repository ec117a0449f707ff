"""Score files -> `Heard`, read as written, by `midi.py` and `notation.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from symbolic_cover.core.controls import Hints
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import named, title_of
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Source, TimedChord, TimedTrack
from symbolic_cover.core.music import Bar, Meter
from symbolic_cover.listening.formats import SCORE_SUFFIXES
from symbolic_cover.listening.scores.container import open_score
from symbolic_cover.listening.scores.written import refuse_too_long, settle

LONGEST_SEC = 15 * 60.0


def read_score(
    path: str | Path,
    hints: Hints = Hints(),
    *,
    longest_sec: float = LONGEST_SEC,
    as_written: bool = False,
) -> Heard:
    """Read .mid, .midi, .kar, .rmi, .musicxml, .xml, .mxl, .abc or .krn; the format is detected by content.

    The metre (changes included), tempo map, key, chord symbols, lyrics and tracks are the file's own; the grid's
    confidence is 1. A performed MIDI file gets a tracked grid of confidence below 1, unless it is to be read
    `as_written`. `hints` override the file. Raises `UsageError` if the file does not exist or its suffix is unknown,
    `InputError` if it cannot be read, has no notes or lasts longer than `longest_sec` seconds.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SCORE_SUFFIXES:
        raise UsageError(f"{path.name} is not a supported score.", f"Give one of {', '.join(SCORE_SUFFIXES)}.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    kind, data = open_score(path)
    if hints.tune is not None and kind != "abc":
        raise UsageError(f"{path.name} has a single piece.", "Use --tune with ABC files only.")
    if kind == "midi":
        from symbolic_cover.listening.scores.midi import read_midi

        heard, title = read_midi(data, named(path), hints, longest_sec, as_written)
    else:
        from symbolic_cover.listening.scores.notation import read_notation

        written, title = read_notation(data, named(path), kind, hints.tune)
        heard = settle(written, named(path), longest_sec)
    refuse_too_long(named(path), heard.end_sec, longest_sec)
    heard = replace(heard, title=title or title_of(path), source=Source(named(path), kind))
    is_tracked = heard.grid.confidence < 1.0
    return heard if is_tracked else override(heard, hints)


def override(heard: Heard, hints: Hints) -> Heard:
    """A written score with new bars, and its tempo map scaled to a median of `hints.bpm` felt beats a minute.

    `hints.downbeat_sec` is in the seconds of the score as written.
    """
    if hints.meter is not None or hints.downbeat_sec is not None:
        grid = _rebar(heard.grid, hints.meter or heard.grid.meter, hints.downbeat_sec)
        heard = replace(heard, grid=grid, chords=_held_on(heard, grid))
    if hints.bpm is None:
        return heard
    grid = heard.grid
    factor = grid.tempo_bpm / hints.bpm
    return replace(
        _stretched(heard, factor), grid=Grid(grid.beat_tick, grid.beat_sec * factor, grid.bars, grid.confidence)
    )


def _held_on(heard: Heard, grid: Grid) -> tuple[TimedChord, ...] | None:
    """The chords; if the last one lasted until the end of its grid, it lasts until the end of the new one."""
    if not heard.chords or heard.chords[-1].end_sec < float(heard.grid.sec_at(heard.grid.end_tick)):
        return heard.chords
    return (*heard.chords[:-1], heard.chords[-1]._replace(end_sec=float(grid.sec_at(grid.end_tick))))


def _rebar(grid: Grid, meter: Meter, downbeat_sec: float | None) -> Grid:
    """The same times with equal bars of `meter`, one of them beginning at `downbeat_sec`."""
    downbeat_tick = 0 if downbeat_sec is None else round(float(grid.tick_at(downbeat_sec)))
    first_tick = downbeat_tick % meter.bar_tick - (meter.bar_tick if downbeat_tick % meter.bar_tick else 0)
    n_bars = -(-(grid.end_tick - first_tick) // meter.bar_tick)
    beat_tick = np.arange(0, n_bars * meter.bar_tick + 1, meter.beat_tick)
    bars = tuple(Bar(index * meter.bar_tick, meter) for index in range(n_bars))
    return Grid(beat_tick, grid.sec_at(beat_tick + first_tick), bars, grid.confidence)


def _stretched(heard: Heard, factor: float) -> Heard:
    """Multiply the times of everything but the grid by `factor`."""

    def track(one: TimedTrack) -> TimedTrack:
        notes = (n._replace(onset_sec=n.onset_sec * factor, end_sec=n.end_sec * factor) for n in one.notes)
        return one._replace(notes=tuple(notes))

    chords = heard.chords and tuple(
        chord._replace(start_sec=chord.start_sec * factor, end_sec=chord.end_sec * factor) for chord in heard.chords
    )
    return replace(
        heard,
        tracks=tuple(map(track, heard.tracks)),
        chords=chords,
        sections=tuple(section._replace(sec=section.sec * factor) for section in heard.sections),
        lyrics=tuple(syllable._replace(sec=syllable.sec * factor) for syllable in heard.lyrics),
    )
