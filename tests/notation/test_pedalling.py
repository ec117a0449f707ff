"""Pedal signs where the harmony changes."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks.notation.score_checks import music21_faults, return_faults, schema_faults, verovio_faults
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Note
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.pedalling import START, STOP, pedal_signs
from tests.notation.scores import piano

BARS = Grid.steady(6).bars


def chords(*roots: tuple[int, int]) -> list[Chord]:
    """Major chords, each from a tick to the next."""
    ends = [tick for tick, _ in roots[1:]] + [BARS[-1].end_tick]
    return [Chord(tick, end, root, "maj", root) for (tick, root), end in zip(roots, ends, strict=True)]


def quarters(bars: int, pitch: int = 60) -> list[Note]:
    return [Note(12 * beat, 12, pitch) for beat in range(4 * bars)]


@pytest.mark.parametrize(
    ("notes", "harmony", "signs"),
    [
        (quarters(2), chords((0, 0), (48, 7)), [(0, START), (48, STOP), (48, START), (96, STOP)]),
        (quarters(2), chords((0, 0), (24, 7)), [(0, START), (24, STOP), (24, START), (96, STOP)]),
        (quarters(1), chords((0, 0)), [(0, START), (48, STOP)]),
        # the same chord said again is no change, another bass is
        (quarters(2), chords((0, 0), (24, 0)), [(0, START), (96, STOP)]),
        ([*quarters(2), Note(0, 12, 40), Note(48, 12, 43)], chords((0, 0)),
         [(0, START), (48, STOP), (48, START), (96, STOP)]),
        # a change between two notes is made with the next
        ([Note(0, 12, 60), Note(36, 12, 60)], chords((0, 0), (24, 7)),
         [(0, START), (36, STOP), (36, START), (48, STOP)]),
        # two silent bars
        ([Note(0, 12, 60), Note(192, 12, 60)], chords((0, 0)),
         [(0, START), (48, STOP), (192, START), (240, STOP)]),
        ([], chords((0, 0)), []),
        (quarters(2), [], [(0, START), (48, STOP), (48, START), (96, STOP)]),
    ],
)  # fmt: skip
def test_where_the_pedal_goes(notes, harmony, signs):
    assert pedal_signs(notes, harmony, BARS) == signs


def test_signs_on_the_page(tmp_path):
    right = [Note(12 * beat, 12, pitch) for beat in range(16) for pitch in (64, 67)]
    song = piano(right, [Note(24 * half, 24, 48) for half in range(8)], chords=chords((0, 0), (72, 7)))
    path = tmp_path / "score.musicxml"
    write_musicxml(song, path)
    assert schema_faults(path) == music21_faults(song, path) == verovio_faults(song, path) == []
    assert return_faults(song, path) == []
    signs = [
        (measure.get("number"), pedal.get("type"))
        for measure in ElementTree.parse(path).getroot().iter("measure")
        for pedal in measure.iter("pedal")
    ]
    assert signs == [("1", "start"), ("2", "stop"), ("2", "start"), ("4", "stop")]


def test_who_has_no_signs(tmp_path):
    line = piano(quarters(4), [Note(0, 192, 48)])
    full = piano([note for pitch in (60, 64) for note in quarters(4, pitch)], [Note(0, 192, 48)])
    for song in (line, replace(full, style="ragtime")):
        write_musicxml(song, tmp_path / "score.musicxml")
        assert "<pedal" not in (tmp_path / "score.musicxml").read_text(encoding="utf-8")
    write_musicxml(full, tmp_path / "score.musicxml")
    assert "<pedal" in (tmp_path / "score.musicxml").read_text(encoding="utf-8")
