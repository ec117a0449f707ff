"""The form of a song: which of its bars have been there before.

A bar returns when it and its neighbours bring the tune and the chords of as many bars before, in the same order.
These are the stripes of a self-similarity matrix beside its diagonal (Foote, "Visualizing music and audio using
self-similarity", ACM Multimedia 1999), here over bars of a lead sheet.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np

from symbolic_cover.core.music import Section
from symbolic_cover.core.sheet import SongSheet

#: Where in its bar a note of the tune begins and its pitch; the root and quality of the chord of a beat.
_Place: TypeAlias = tuple[int, int]
_Harmony: TypeAlias = tuple[int, str] | None
#: How many bars in a row must be alike, and how alike, on average and each.
SECTION_BARS = 4
_ALIKE_ON_AVERAGE, _ALIKE_EACH = 0.8, 0.6
_TUNE_WEIGHT = 0.6


def returning_bars(sheet: SongSheet) -> list[int | None]:
    """For each bar the earliest bar that it brings back, None where it is new.

    Sections without a tune do not count: a vamp is no form.
    """
    likeness, has_tune = bar_likeness(sheet)
    n_bars = len(likeness)
    found: list[int | None] = [None] * n_bars
    best = np.zeros(n_bars)
    for lag in range(n_bars - SECTION_BARS, SECTION_BARS - 1, -1):  # the earliest bars first
        stripe = np.diagonal(likeness, -lag)
        for start in range(len(stripe) - SECTION_BARS + 1):
            bars = slice(start + lag, start + lag + SECTION_BARS)
            alike = stripe[start : start + SECTION_BARS]
            if alike.mean() < _ALIKE_ON_AVERAGE or has_tune[bars].sum() < SECTION_BARS // 2:
                continue
            for bar, value in zip(range(bars.start, bars.stop), alike, strict=True):
                if value >= _ALIKE_EACH and alike.mean() > best[bar] + 0.05:
                    best[bar], found[bar] = alike.mean(), bar - lag
    return found


def sections_of(sheet: SongSheet) -> tuple[Section, ...]:
    """The sections of the song, named by letters; a section that returns keeps its letter and is numbered.

    A section begins where a run of returning bars begins or ends, or where what it brings back does, and lasts
    `SECTION_BARS` or more; one bar beside the phrases of `SECTION_BARS` bars that most returns keep to, it is taken to
    begin with the phrase. None are named where nothing returns.
    """
    sources = returning_bars(sheet)
    edges = _edges(sources)
    if len(edges) < 2:
        return ()
    letters: list[str] = []  # by bar
    sections: list[Section] = []
    n_letters = 0
    for start, end in pairwise([*edges, len(sources)]):
        known = [letters[source] for source in sources[start:end] if source is not None and source < start]
        if 2 * len(known) >= end - start:
            letter = max(sorted(set(known)), key=known.count)
        else:
            letter = _letter(n_letters)
            n_letters += 1
        times = 1 + sum(section.label.rstrip("0123456789") == letter for section in sections)
        sections.append(Section(sheet.grid.bars[start].start_tick, letter + (str(times) if times > 1 else "")))
        letters += [letter] * (end - start)
    return tuple(sections)


def _edges(sources: list[int | None]) -> list[int]:
    """The bars in which sections begin, 0 first."""
    lags = [None if source is None else bar - source for bar, source in enumerate(sources)]
    begins = [bar for bar in range(1, len(lags)) if lags[bar] != lags[bar - 1]]
    origins = [source for bar in [0, *begins] if (source := sources[bar]) is not None]
    ends = [source + 1 for bar in [*begins, len(sources)] if (source := sources[bar - 1]) is not None]
    returns = [bar for bar in begins if lags[bar] is not None]
    phase = max(range(SECTION_BARS), key=[bar % SECTION_BARS for bar in returns].count)
    edges = [0]
    for bar in sorted({_on_phrase(bar, phase) for bar in (*begins, *origins, *ends)}):
        if bar - edges[-1] >= SECTION_BARS and len(sources) - bar >= SECTION_BARS:
            edges.append(bar)
    return edges


def _on_phrase(bar: int, phase: int) -> int:
    """The bar, or its neighbour where that begins a phrase: what brings back a phrase often differs in its last bar."""
    return next((near for near in (bar, bar + 1, bar - 1) if near % SECTION_BARS == phase), bar)


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26) * (1 + number // 26)


def bar_likeness(sheet: SongSheet) -> tuple[np.ndarray, np.ndarray]:
    """How alike the bars of a song are, (bars, bars) in 0..1, and which have a tune, (bars,) bool.

    The F1 of the tunes' notes (place in the bar and pitch), and the share of beats with the same chord. Bars of
    different metres, and empty ones, are not alike.
    """
    bars = sheet.grid.bars
    tunes: list[set[tuple[int, int]]] = [set() for _ in bars]
    for note in sheet.melody:
        index = sheet.grid.bar_index(note.onset_tick)
        tunes[index].add((note.onset_tick - bars[index].start_tick, note.pitch))
    harmony = []
    for bar in bars:
        ticks = range(bar.start_tick, bar.end_tick, bar.meter.beat_tick)
        harmony.append([
            next(((c.root, c.quality) for c in sheet.chords if c.start_tick <= tick < c.end_tick), None)
            for tick in ticks
        ])  # fmt: skip
    likeness = np.zeros((len(bars), len(bars)))
    for i in range(len(bars)):
        for j in range(i):
            if bars[i].meter == bars[j].meter:
                likeness[i, j] = likeness[j, i] = _alike(tunes[i], tunes[j], harmony[i], harmony[j])
    return likeness, np.array([bool(tune) for tune in tunes])


def _alike(one: set[_Place], other: set[_Place], chords: list[_Harmony], other_chords: list[_Harmony]) -> float:
    same = float(np.mean([a == b and a is not None for a, b in zip(chords, other_chords, strict=True)]))
    if not one and not other:
        return same
    f1 = 2 * len(one & other) / (len(one) + len(other))
    return _TUNE_WEIGHT * f1 + (1 - _TUNE_WEIGHT) * same
