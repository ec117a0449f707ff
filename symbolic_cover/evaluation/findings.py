"""Weak bars of a cover, as a musician would mark them, and what to try next.

Bars are counted from 0 here and from 1 in messages. Each kind of finding is one function, which defines its criterion.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from symbolic_cover.analysis.chords import beat_edges, recognise_chords
from symbolic_cover.analysis.form import sections_of
from symbolic_cover.analysis.hands import unplayable_onsets
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.instruments import KEYBOARDS
from symbolic_cover.core.music import Bar, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.figures import figure_runs
from symbolic_cover.evaluation.memorisation import PatternIndex, accompaniment, pattern_hashes
from symbolic_cover.evaluation.metrics import chord_at, majmin, placed_in
from symbolic_cover.evaluation.people import Range

#: A bar's melody counts as lost if a third of its notes are missing; `benchmarks/evaluating/findings.md` measures this.
_LOST_SHARE = 0.34
#: The least leap of an octave blip, and its distance to both neighbours an octave away (semitones).
_LEAP, _NEAR = 9, 5
_MEANT = 3
_WRONG_CHORD_BARS = 2
#: Bars in a row with one figure that are acceptable in any style, where people's range is unknown.
_SHORT_FIGURE, _LONG_FIGURE = 4, 8
_STRUCK_AGAIN = 3
_MANY_LETTERS, _SHORT_SECTION_BARS = 5, 8


class Finding(NamedTuple):
    """Something weak in bars `first_bar` to `last_bar` (inclusive), its description and what to try."""

    first_bar: int
    last_bar: int
    kind: str
    text: str
    advice: str

    @property
    def where(self) -> str:
        """The bars, counted from 1."""
        return bars_in_words(self.first_bar, self.last_bar)


def advice_of(findings: Sequence[Finding]) -> list[str]:
    """Suggestions, one line for findings with the same text: ``bars 9, 12 and 44-45: ...``."""
    places: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        places.setdefault((one.text, one.advice), []).append(one.where.split()[1])
    lines = []
    for (text, advice), where in places.items():
        listed = " and ".join(filter(None, (", ".join(where[:-1]), where[-1])))
        word = "bar" if len(where) == 1 and "-" not in where[0] else "bars"
        lines.append(f"{word} {listed}: {text}; {advice}.")
    return lines


def bars_in_words(first: int, last: int) -> str:
    """``bar 3`` or ``bars 3-5``, for bars counted from 0."""
    return f"bar {first + 1}" if first == last else f"bars {first + 1}-{last + 1}"


def find_weak_bars(
    arrangement: Arrangement,
    sheet: SongSheet,
    people: Mapping[str, Range] | None = None,
    index: PatternIndex | None = None,
) -> list[Finding]:
    """All findings in order of bars. `people`: the ranges of the style; copies are found only with an `index`."""
    figure = (people or {}).get("longest_figure")
    found = [
        *lost_melody(arrangement, sheet),
        *other_chords(arrangement, sheet),
        *octave_blips(arrangement.melody, sheet),
        *long_figures(arrangement, sheet.grid.bars, max(figure.high, _SHORT_FIGURE) if figure else _LONG_FIGURE),
        *restless_end(arrangement, sheet),
        *many_sections(sheet),
        *unplayable_bars(arrangement, sheet.grid.bars),
        *empty_stretches(arrangement, sheet),
        *(copied_passages(arrangement, sheet.grid.bars, index) if index else ()),
    ]
    return sorted(found)


def lost_melody(arrangement: Arrangement, sheet: SongSheet) -> Iterator[Finding]:
    """Bars in which at least a third of the melody is missing."""
    played = {(note.onset_tick, note.pitch) for note in arrangement.pitched_notes}
    wanted = [0] * len(sheet.grid.bars)
    lost = [0] * len(sheet.grid.bars)
    for note in sheet.melody if played else ():
        bar = sheet.grid.bar_index(note.onset_tick)
        wanted[bar] += 1
        lost[bar] += (note.onset_tick, note.pitch) not in played
    for first, last in _stretches(
        [n > 0 and missing / n >= _LOST_SHARE for n, missing in zip(wanted, lost, strict=True)]
    ):
        share = sum(lost[first : last + 1]) / sum(wanted[first : last + 1])
        yield Finding(first, last, "melody", f"{share:.0%} of the melody is missing",
                      "raise --fidelity, or choose players who can reach the melody with --ensemble")  # fmt: skip


def other_chords(arrangement: Arrangement, sheet: SongSheet) -> Iterator[Finding]:
    """At least two bars in a row in which no beat has the song's chord (by root and third)."""
    if not sheet.chords or not arrangement.pitched_notes:
        return
    found = recognise_chords(arrangement.pitched_notes, sheet.grid)
    right: list[list[bool]] = [[] for _ in sheet.grid.bars]
    for tick in beat_edges(sheet.grid)[:-1]:
        wanted, heard = chord_at(sheet.chords, tick), chord_at(found, tick)
        if wanted is not None and heard is not None and majmin(wanted) is not None:
            right[sheet.grid.bar_index(tick)].append(majmin(wanted) == majmin(heard))
    for first, last in _stretches([bool(bar) and not any(bar) for bar in right]):
        if last - first + 1 >= _WRONG_CHORD_BARS:
            yield Finding(
                first, last, "chords", "the chords are not the song's", "raise --fidelity, or try another --seed"
            )


def octave_blips(melody: Sequence[Note], sheet: SongSheet) -> Iterator[Finding]:
    """Single notes of the melody that leap away and back, and would be near both neighbours an octave off.

    A leap that the melody has three times is intended.
    """
    bar_tick = sheet.grid.meter.bar_tick
    threes = list(zip(melody, melody[1:], melody[2:], strict=False))
    leaps_of = Counter((note.pitch - before.pitch, note.pitch - after.pitch) for before, note, after in threes)
    blips = set()
    for before, note, after in threes:
        steps = (note.pitch - before.pitch, note.pitch - after.pitch)
        near = note.onset_tick - before.end_tick <= bar_tick and after.onset_tick - note.end_tick <= bar_tick
        leaps = min(steps) >= _LEAP or max(steps) <= -_LEAP
        fits = all(abs(abs(step) - 12) <= _NEAR for step in steps)
        if near and leaps and fits and leaps_of[steps] < _MEANT:
            blips.add(sheet.grid.bar_index(note.onset_tick))
    for first, last in _stretches([bar in blips for bar in range(len(sheet.grid.bars))]):
        yield Finding(first, last, "octave blip", "a note of the melody lies an octave off its neighbours",
                      "correct the melody in song.json, and cover that")  # fmt: skip


def long_figures(arrangement: Arrangement, bars: Sequence[Bar], most: float) -> Iterator[Finding]:
    """More than `most` bars in a row in which a part repeats one figure, at any pitch."""
    for part in arrangement.parts:
        for first, last in figure_runs(part, arrangement.melody, bars):
            if last - first + 1 > most:
                yield Finding(first, last, "repeated figure",
                              f"the {part.name.lower()} repeats one figure for {last - first + 1} bars",
                              "try another --seed, more --candidates, or another --density")  # fmt: skip


def restless_end(arrangement: Arrangement, sheet: SongSheet) -> Iterator[Finding]:
    """A last bar that strikes the same notes three times or more instead of holding them."""
    beside = accompaniment(arrangement)
    if not beside or not sheet.is_whole:
        return
    bar = sheet.grid.bar_index(max(note.onset_tick for note in beside))
    begin = sheet.grid.bars[bar].start_tick
    struck: dict[int, set[int]] = {}
    for note in beside:
        if note.onset_tick >= begin:
            struck.setdefault(note.onset_tick, set()).add(note.pitch)
    runs = [len(list(same)) for _, same in itertools.groupby(struck[tick] for tick in sorted(struck))]
    if max(runs) >= _STRUCK_AGAIN:
        yield Finding(bar, bar, "restless end", f"the last bar strikes one chord {max(runs)} times",
                      "try another --seed, or hold the chord in the score")  # fmt: skip


def many_sections(sheet: SongSheet) -> Iterator[Finding]:
    """Too many section letters: `_MANY_LETTERS` or more, for sections shorter than eight bars on average."""
    sections = sections_of(sheet)
    letters = {section.label.rstrip("0123456789") for section in sections}
    if len(letters) >= _MANY_LETTERS and len(sheet.grid.bars) / len(sections) < _SHORT_SECTION_BARS:
        yield Finding(0, len(sheet.grid.bars) - 1, "form",
                      f"{len(sections)} sections with {len(letters)} letters in {len(sheet.grid.bars)} bars",
                      "the bar lines may be wrong: give --bpm, --meter or --downbeat")  # fmt: skip


def unplayable_bars(arrangement: Arrangement, bars: Sequence[Bar]) -> Iterator[Finding]:
    """Bars with notes that a keyboard player's two hands cannot hold."""
    players: dict[str, list[Note]] = {}
    for number, part in enumerate(arrangement.parts):
        if not part.is_drums and part.program in KEYBOARDS:
            players.setdefault(part.group or f"\0{number}", []).extend(part.notes)
    bad = [False] * len(bars)
    for notes in players.values():
        for index, placed in itertools.groupby(sorted(placed_in(notes, bars)), key=lambda one: one[0]):
            bad[index] |= unplayable_onsets([note for _, note in placed])[0] > 0
    for first, last in _stretches(bad):
        yield Finding(first, last, "unplayable", "two hands cannot hold the notes", "choose an easier --level")


def empty_stretches(arrangement: Arrangement, sheet: SongSheet) -> Iterator[Finding]:
    """Bars in which the song has notes and the cover none, not even held ones."""

    def sounds(notes: Sequence[Note]) -> np.ndarray:
        begins, ends = (np.array([getattr(note, name) for note in notes]) for name in ("onset_tick", "end_tick"))
        return np.array([np.any((begins < bar.end_tick) & (ends > bar.start_tick)) for bar in sheet.grid.bars])

    for first, last in _stretches(sounds(sheet.notes) & ~sounds(arrangement.notes)):
        yield Finding(first, last, "empty", "nobody plays", "raise --density, or try another --seed")


def copied_passages(arrangement: Arrangement, bars: Sequence[Bar], index: PatternIndex) -> Iterator[Finding]:
    """Passages whose accompaniment is copied from a training song."""
    for one in index.copied(pattern_hashes(accompaniment(arrangement), bars)):
        yield Finding(one.first_bar, one.last_bar, "copied",
                      f"the accompaniment is copied from {one.title} from its bar {one.source_bar + 1}",
                      "try another --seed, unless that is the song covered")  # fmt: skip


def _stretches(marked: Iterable[bool]) -> Iterator[tuple[int, int]]:
    """First and last index of each run of true values."""
    for is_marked, run in itertools.groupby(enumerate(marked), key=lambda item: bool(item[1])):
        if is_marked:
            places = [place for place, _ in run]
            yield places[0], places[-1]
