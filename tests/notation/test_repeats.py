"""Immediate repetitions are written once, and played as before."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks.notation.score_checks import music21_faults, return_faults, schema_faults, verovio_faults
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Lyric, Note, Section
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.notation.layout import lay_out
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.parts import write_parts
from symbolic_cover.notation.repeats import Repeat
from tests.notation.ensembles import ENSEMBLES, song_for
from tests.notation.scores import piano

MELODY = (60, 62, 64, 65, 67, 69, 71, 72)


def song(*pitches: int, sections=()):
    """A bar of four quarters for each pitch, over a held note."""
    right = [Note(48 * bar + 12 * beat, 12, pitch) for bar, pitch in enumerate(pitches) for beat in range(4)]
    left = [Note(48 * bar, 48, pitch - 12) for bar, pitch in enumerate(pitches)]
    return replace(piano(right, left, right, grid=Grid.steady(len(pitches))), sections=sections)


@pytest.mark.parametrize(
    ("pitches", "repeats", "numbers"),
    [
        (MELODY[:4] * 2, [Repeat(0, 4, 0)], [0, 1, 2, 3]),
        (MELODY * 2, [Repeat(0, 8, 0)], [*range(8)]),
        ((*MELODY[:5], *MELODY[:4], 48), [Repeat(0, 5, 1)], [0, 1, 2, 3, 4, 9]),
        ((*MELODY[:6], *MELODY[:4], 48, 50), [Repeat(0, 6, 2)], [0, 1, 2, 3, 4, 5, 10, 11]),
        ((*MELODY[:4], *MELODY[:3], 48), [], [*range(8)]),  # saves three bars
        ((*MELODY[:3], *MELODY[:3]), [], [*range(6)]),
        ((50, *MELODY[:4] * 2, *MELODY[4:] * 2), [Repeat(1, 5, 0), Repeat(5, 9, 0)], [0, 1, 2, 3, 4, 9, 10, 11, 12]),
        (MELODY, [], [*range(8)]),
    ],
)
def test_what_is_written_once(pitches, repeats, numbers):
    page = lay_out(song(*pitches))[1]
    assert (list(page.repeats), list(page.numbers)) == (repeats, numbers)
    assert lay_out(song(*pitches), Notation(written_out=True))[1].repeats == ()


def test_passages_begin_and_end_with_sections():
    pitches = (50, *MELODY[:4] * 2)
    off = song(*pitches, sections=(Section(0, "A"), Section(192, "B")))
    assert lay_out(off)[1].repeats == ()
    on = song(*pitches, sections=(Section(0, "A"), Section(48, "B"), Section(240, "B2")))
    page, layout = lay_out(on)
    assert layout.repeats == (Repeat(1, 5, 0),)
    assert [section.label for section in page.sections] == ["A", "B"]


def test_other_words_and_held_notes_are_no_return():
    twice = song(*MELODY[:4] * 2)
    verses = replace(twice, lyrics=(Lyric(0, "one"), Lyric(192, "two")))
    assert lay_out(verses)[1].repeats == ()
    left = twice.parts[1]
    held = replace(left, notes=(*left.notes[:3], Note(144, 96, 53), *left.notes[4:]))
    assert lay_out(replace(twice, parts=(twice.parts[0], held)))[1].repeats == ()
    # what rings on a little is cut at the sign
    short = replace(left, notes=(*left.notes[:3], Note(144, 52, 53), *left.notes[4:]))
    page = lay_out(replace(twice, parts=(twice.parts[0], short)))[0]
    assert page.parts[1].notes[-1] == Note(144, 48, 53)


@pytest.mark.parametrize("ending", [0, 1, 2])
@pytest.mark.parametrize("name", ["solo-piano", "band", "voice-piano", "string-quartet"])
def test_every_reader_plays_it_out(name, ending, tmp_path):
    whole = song_for(ENSEMBLES[name], 20)
    if ending:  # the melody rests in the last bars of the second time, twelve bars on
        begin, end = 48 * (16 - ending), 48 * 16
        gone = {note for note in whole.melody if begin <= note.onset_tick < end}
        parts = tuple(replace(part, notes=tuple(n for n in part.notes if n not in gone)) for part in whole.parts)
        whole = replace(whole, parts=parts, melody=tuple(n for n in whole.melody if n not in gone))
    whole = replace(whole, sections=(Section(0, "A"), Section(8 * 48, "A2"), Section(16 * 48, "B")))
    path = tmp_path / "score.musicxml"
    write_musicxml(whole, path)
    assert lay_out(whole)[1].repeats == (Repeat(0, 8, ending),)
    assert schema_faults(path) == music21_faults(whole, path) == verovio_faults(whole, path) == []
    assert return_faults(whole, path) == []
    heard = read_score(path)
    assert len(heard.grid.bars) == 20
    (tmp_path / "parts").mkdir()
    assert not any(schema_faults(part) for part in write_parts(whole, tmp_path / "parts"))


def test_signs_and_numbers_on_the_page(tmp_path):
    path = tmp_path / "score.musicxml"
    write_musicxml(song(*MELODY[:5], *MELODY[:4], 48, 60), path)
    measures = ElementTree.parse(path).getroot().find("part").findall("measure")
    assert [measure.get("number") for measure in measures] == ["1", "2", "3", "4", "5", "10", "11"]
    signs = [
        (measure.get("number"), sign.tag, sign.get("number") or sign.get("direction"), sign.get("type"))
        for measure in measures
        for line in measure.findall("barline")
        for sign in line
        if sign.tag != "bar-style"
    ]
    assert signs == [
        ("1", "repeat", "forward", None),
        ("5", "ending", "1", "start"), ("5", "ending", "1", "stop"), ("5", "repeat", "backward", None),
        ("10", "ending", "2", "start"), ("10", "ending", "2", "discontinue"),
    ]  # fmt: skip
