"""Clefs change where a part stays in the other register, and nowhere else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.notation.score_checks import music21_faults, return_faults, schema_faults, verovio_faults
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Key, Note
from symbolic_cover.notation.clefs import clefs_of_bars
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.players import clefs_known, players_of
from tests.notation.scores import piano

HANDS = ("treble", "bass")


def quarters(*pitches: int) -> list[Note]:
    """Four quarters of each pitch, a bar each."""
    return [Note(48 * bar + 12 * beat, 12, pitch) for bar, pitch in enumerate(pitches) for beat in range(4)]


@pytest.mark.parametrize(
    ("pitches", "changes"),
    [
        ((72, 72, 72, 72), []),
        ((72, 48, 48, 72), [1, 3]),
        ((72, 57, 72, 57), []),  # a bar on two ledger lines
        ((48, 48, 48, 48), [0]),
        ((72, 72, 48, 48), [2]),
    ],
)
def test_where_the_clef_changes(pitches, changes):
    clefs = clefs_of_bars(quarters(*pitches), Grid.steady(4).bars, HANDS)
    assert [index for index in range(4) if clefs[index] != (["treble", *clefs])[index]] == changes


def test_a_page_with_changes_is_read_as_the_same_notes(tmp_path):
    right, left = quarters(72, 48, 47, 72), quarters(48, 48, 76, 76)
    song = piano(right, left, right)
    path = tmp_path / "score.musicxml"
    write_musicxml(song, path)
    assert schema_faults(path) == music21_faults(song, path) == verovio_faults(song, path) == []
    assert return_faults(song, path) == []
    clefs = [
        (measure.get("number"), clef.get("number", "1"), clef.findtext("sign"))
        for measure in ElementTree.parse(path).getroot().iter("measure")
        for clef in measure.iter("clef")
    ]
    assert clefs == [("1", "1", "G"), ("1", "2", "F"), ("2", "1", "F"), ("3", "2", "G"), ("4", "1", "G")]


@pytest.mark.parametrize(
    ("name", "program", "clefs"),
    [
        ("Violoncello", 42, ("bass", "tenor", "treble")),
        ("Violoncellos", 48, ("bass", "tenor", "treble")),
        ("Viola", 41, ("alto", "treble")),
        ("Violin 1", 40, ("treble",)),
        ("Voice", 52, ("treble",)),
        ("Guitar", 24, ("treble-8",)),
        ("Horn", 60, ("treble",)),
        ("Keys", 0, ("treble", "bass")),
    ],
)
def test_which_clefs_players_know(name, program, clefs):
    part = Part(name, "", program, tuple(quarters(65)))
    song = Arrangement((part,), (), Grid.steady(1), Key(0, "major"), (), "pop", "rules")
    assert clefs_known(players_of(song)[0], 0) == clefs
