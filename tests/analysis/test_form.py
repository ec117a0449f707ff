"""Sections of the form."""

from __future__ import annotations

import itertools

from symbolic_cover.analysis.form import sections_of
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Note
from symbolic_cover.core.sheet import SongSheet


def song(bars: str) -> SongSheet:
    """A song of sections of four bars, each letter its own melody and chords."""
    melody, chords = [], []
    for place, letter in enumerate(bars):
        for bar in range(4):
            start = 192 * place + 48 * bar
            root = (ord(letter) * 5 + 2 * bar) % 12
            chords.append(Chord(start, start + 48, root, "maj", root))
            melody += [
                Note(start + 12 * beat, 12, 60 + (ord(letter) * 7 + bar * 3 + beat * (2 + ord(letter) % 3)) % 24)
                for beat in range(4)
            ]
    return SongSheet(Grid.steady(4 * len(bars)), tuple(melody), (), (), tuple(chords), Key(0, "major"))


def labels(sheet: SongSheet) -> list[tuple[int, str]]:
    return [(section.start_tick // 48, section.label) for section in sections_of(sheet)]


def test_a_returning_section_keeps_its_letter():
    assert labels(song("ABA")) == [(0, "A"), (4, "B"), (8, "A2")]
    assert labels(song("AABA")) == [(0, "A"), (4, "A2"), (8, "B"), (12, "A3")]


def test_where_nothing_returns_there_are_no_sections():
    assert labels(song("ABCD")) == []


def after_a_pick_up(sheet: SongSheet) -> SongSheet:
    """The song a bar later, with a note of melody before its first chord."""
    melody = (Note(36, 12, 60), *(note._replace(onset_tick=note.onset_tick + 48) for note in sheet.melody))
    chords = tuple(c._replace(start_tick=c.start_tick + 48, end_tick=c.end_tick + 48) for c in sheet.chords)
    return SongSheet(Grid.steady(len(sheet.grid.bars) + 1), melody, (), (), chords, sheet.key)


def test_after_a_pick_up_sections_begin_a_bar_later():
    assert labels(after_a_pick_up(song("ABAC"))) == [(0, "A"), (5, "B"), (9, "A2"), (13, "C")]


def test_sections_of_a_long_song_last_two_phrases():
    starts = [bar for bar, _ in labels(song("ABCDEABCFDEAB"))]
    assert len(starts) > 2
    assert all(b - a >= 8 for a, b in itertools.pairwise([*starts, 52]))
