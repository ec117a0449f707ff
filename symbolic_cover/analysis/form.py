"""The form of a song: which bars repeat earlier ones.

A bar returns if it and its neighbours have the melody and the chords of earlier bars in the same order. These are the
stripes of a self-similarity matrix beside its diagonal (Foote, "Visualizing music and audio using self-similarity", ACM
Multimedia 1999), here over bars of a lead sheet.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Hashable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_matrix

from symbolic_cover.core.music import Bar, Chord, Meter, Section
from symbolic_cover.core.sheet import SongSheet

#: The place in its bar and the pitch of a melody note; the root and quality of the chord of a beat.
_Place: TypeAlias = tuple[int, int]
_Harmony: TypeAlias = tuple[int, str] | None
#: The number of successive bars that must be alike, and the least similarity, on average and of each.
SECTION_BARS = 4
_ALIKE_ON_AVERAGE, _ALIKE_EACH = 0.8, 0.6
_MELODY_WEIGHT = 0.6
#: Form is not searched in music with more bars: time and memory grow with their square.
_MOST_BARS = 2_000
#: From so many bars on, sections last at least two phrases.
_LONG_SONG_BARS = 40


def returning_bars(sheet: SongSheet) -> list[int | None]:
    """For each bar the earliest bar that it repeats, None if it is new.

    Sections without a melody do not count: a vamp is not a form.
    """
    likeness, has_melody = bar_likeness(sheet)
    n_bars = len(likeness)
    found: list[int | None] = [None] * n_bars
    best = np.zeros(n_bars)
    if n_bars < 2 * SECTION_BARS:
        return found
    melodies = sliding_window_view(has_melody, SECTION_BARS).sum(axis=1) >= SECTION_BARS // 2
    for lag in range(n_bars - SECTION_BARS, SECTION_BARS - 1, -1):  # the earliest bars first
        windows = sliding_window_view(np.ascontiguousarray(np.diagonal(likeness, -lag)), SECTION_BARS)
        means = windows.mean(axis=1)
        for start in np.flatnonzero((means >= _ALIKE_ON_AVERAGE) & melodies[lag : lag + len(means)]):
            for bar, value in enumerate(windows[start], int(start) + lag):
                if value >= _ALIKE_EACH and means[start] > best[bar] + 0.05:
                    best[bar], found[bar] = means[start], int(bar - lag)
    return found


def sections_of(sheet: SongSheet) -> tuple[Section, ...]:
    """The sections of the song, named by letters; a section that returns keeps its letter and is numbered.

    A section begins where a run of returning bars or its source begins or ends, and lasts at least `SECTION_BARS`, in a
    long song twice as many. If its start is one bar off the phrases of `SECTION_BARS` bars that most runs follow, it is
    moved to the phrase. After a pick-up phrases begin with the second bar. Without returning bars no sections are
    named.
    """
    sources = returning_bars(sheet)
    edges = _edges(sources, pick_up_of(sheet))
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


def pick_up_of(sheet: SongSheet) -> int | None:
    """The index of a bar in which the song begins with its melody alone, after the bar line, one bar before its chords;
    None if it begins otherwise."""
    bars = sheet.grid.bars
    melody_begins = min((note.onset_tick for note in sheet.melody), default=0)
    chords_begin = min((chord.start_tick for chord in sheet.chords), default=0)
    index = sheet.grid.bar_index(melody_begins)
    if index + 1 == len(bars) or melody_begins == bars[index].start_tick:
        return None
    return index if bars[index + 1].start_tick <= chords_begin < bars[index + 1].end_tick else None


def _edges(sources: list[int | None], pick_up: int | None) -> list[int]:
    """The bars in which sections begin, 0 first."""
    lags = [None if source is None else bar - source for bar, source in enumerate(sources)]
    begins = [bar for bar in range(1, len(lags)) if lags[bar] != lags[bar - 1]]
    origins = [source for bar in [0, *begins] if (source := sources[bar]) is not None]
    ends = [source + 1 for bar in [*begins, len(sources)] if (source := sources[bar - 1]) is not None]
    returns = [bar for bar in begins if lags[bar] is not None]
    phases = [bar % SECTION_BARS for bar in returns]
    phase = max(range(SECTION_BARS), key=phases.count)
    if pick_up is not None and all((bar - pick_up) % SECTION_BARS < 3 for bar in phases):  # none two bars off
        phase = (pick_up + 1) % SECTION_BARS
    least = SECTION_BARS if len(sources) < _LONG_SONG_BARS else 2 * SECTION_BARS
    edges = [0]
    for found in ((*returns, *origins), (*begins, *ends)):
        for bar in sorted({_on_phrase(bar, phase) for bar in found}):
            if min(abs(bar - edge) for edge in (*edges, len(sources))) >= least:
                edges.append(bar)
    return sorted(edges)


def _on_phrase(bar: int, phase: int) -> int:
    """The bar, or its neighbour if that begins a phrase: a repeated phrase often differs in its last bar."""
    return next((near for near in (bar, bar + 1, bar - 1) if near % SECTION_BARS == phase), bar)


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26) * (1 + number // 26)


def bar_likeness(sheet: SongSheet) -> tuple[np.ndarray, np.ndarray]:
    """The similarity of the bars of a song, (bars, bars) in 0..1, and which have a melody, (bars,) bool.

    A weighted mean of the F1 of the melodies' notes (place in the bar and pitch) and the share of beats with the same
    chord. Bars of different metres, and empty ones, have none.
    """
    bars = sheet.grid.bars
    melodies: list[set[tuple[int, int]]] = [set() for _ in bars]
    for note in sheet.melody:
        index = sheet.grid.bar_index(note.onset_tick)
        melodies[index].add((note.onset_tick - bars[index].start_tick, note.pitch))
    likeness = np.zeros((len(bars), len(bars)))
    if len(bars) <= _MOST_BARS:
        chords = sorted(sheet.chords)
        starts = [chord.start_tick for chord in chords]
        by_meter: dict[Meter, list[int]] = {}
        for index, bar in enumerate(bars):
            by_meter.setdefault(bar.meter, []).append(index)
        for alike in by_meter.values():
            likeness[np.ix_(alike, alike)] = _alike(
                [melodies[index] for index in alike], [_harmony(bars[index], chords, starts) for index in alike]
            )
        np.fill_diagonal(likeness, 0.0)
    return likeness, np.array([bool(melody) for melody in melodies])


def _harmony(bar: Bar, chords: Sequence[Chord], starts: Sequence[int]) -> list[_Harmony]:
    """The chord on each beat of a bar."""
    found: list[_Harmony] = []
    for tick in range(bar.start_tick, bar.end_tick, bar.meter.beat_tick):
        index = bisect_right(starts, tick) - 1
        sounds = index >= 0 and tick < chords[index].end_tick
        found.append((chords[index].root, chords[index].quality) if sounds else None)
    return found


def _alike(melodies: Sequence[set[_Place]], harmonies: Sequence[list[_Harmony]]) -> np.ndarray:
    """The similarity of bars of one metre, (bars, bars)."""
    same = _shared([[(beat, chord) for beat, chord in enumerate(bar) if chord] for bar in harmonies])
    same = same / max(len(harmonies[0]), 1)
    sizes = np.array([len(melody) for melody in melodies], dtype=float)
    both = sizes[:, None] + sizes[None, :]
    f1 = 2 * _shared(melodies) / np.maximum(both, 1)
    return np.where(both == 0, same, _MELODY_WEIGHT * f1 + (1 - _MELODY_WEIGHT) * same)


def _shared(bars: Sequence[Collection[Hashable]]) -> np.ndarray:
    """The number of common elements of each two bars, (bars, bars)."""
    names: dict[Hashable, int] = {}
    places = [(index, names.setdefault(one, len(names))) for index, bar in enumerate(bars) for one in bar]
    if not places:
        return np.zeros((len(bars), len(bars)))
    rows, columns = zip(*places, strict=True)
    has = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(bars), len(names)))
    return np.asarray((has @ has.T).todense())
