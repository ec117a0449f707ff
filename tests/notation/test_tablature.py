"""Strings and frets that a hand can hold, and their staff."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.notation.score_checks import schema_faults
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.music import Chord, Note
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.notation.engrave import engrave_svg
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.tablature import DROP_D, STANDARD, capo_of, places_of, tuning_of
from tests.notation.ensembles import ENSEMBLES, song_for


def struck(*pitches: int, tick: int = 0) -> list[Note]:
    return [Note(tick, 12, pitch) for pitch in pitches]


@pytest.mark.parametrize(
    ("pitches", "frets"),
    [
        ((40, 47, 52, 56, 59, 64), "022100"),  # E major, from the sixth string on
        ((48, 52, 55, 60, 64), "x32010"),
        ((43, 47, 50, 55, 59, 67), "320003"),
        ((45, 52, 57, 60, 64), "x02210"),
        ((41, 48, 53, 57, 60, 65), "133211"),
    ],
)
def test_chords_as_guitarists_take_them(pitches, frets):
    found = {place.string: str(place.fret) for place in places_of(struck(*pitches)).values()}
    assert "".join(found.get(string, "x") for string in range(6, 0, -1)) == frets


def test_every_note_sounds_and_no_hand_spans_more_than_four_frets():
    notes = [note for tick in range(0, 96, 6) for note in struck(45 + tick % 7, 57 + tick % 11, tick=tick)]
    places = places_of(notes)
    for (_, pitch), place in places.items():
        assert STANDARD[place.string - 1] + place.fret == pitch
    for tick in range(0, 96, 6):
        frets = [place.fret for (onset, _), place in places.items() if onset == tick and place.fret]
        assert max(frets, default=0) - min(frets, default=0) <= 3
        strings = [place.string for (onset, _), place in places.items() if onset == tick]
        assert len(strings) == len(set(strings))
    assert len(places) == len({note[:1] + note[2:3] for note in notes})


def test_what_cannot_be_taken_has_no_place():
    assert set(places_of(struck(40, 41, 64))) in ({(0, 40), (0, 64)}, {(0, 41), (0, 64)})
    assert places_of(struck(20)) == {}


def test_a_low_d_asks_for_its_tuning():
    assert tuning_of(struck(40)) == STANDARD
    assert tuning_of(struck(38)) == DROP_D


@pytest.mark.parametrize(
    ("roots", "fret"),
    [(((0, "maj"), (7, "maj")), 0), (((10, "maj"), (3, "maj"), (5, "maj")), 1), (((8, "maj"), (1, "maj")), 1), ((), 0)],
)
def test_a_capo_where_it_opens_chords(roots, fret):
    chords = [Chord(48 * i, 48 * i + 48, root, quality, root) for i, (root, quality) in enumerate(roots)]
    assert capo_of(chords) == fret


@pytest.mark.parametrize("name", ["guitar", "band"])
def test_tablature_is_read_once(name, tmp_path):
    song = song_for(ENSEMBLES[name], 5)
    plain, tab = tmp_path / "plain.musicxml", tmp_path / "tab.musicxml"
    write_musicxml(song, plain)
    write_musicxml(song, tab, Notation(tab=True))
    assert schema_faults(tab) == []
    assert [track.notes for track in read_score(tab).tracks] == [track.notes for track in read_score(plain).tracks]
    (part,) = [one for one in ElementTree.parse(tab).getroot().iter("part") if one.find(".//fret") is not None]
    on_tab = [note for note in part.iter("note") if note.findtext("staff") == "2"]
    guitar = next(part for part in song.parts if part.program in (24, 26))
    assert len(on_tab) == len(places_of(guitar.notes, tuning_of(guitar.notes)))
    assert "TAB" in "".join(sign.text for sign in part.iter("sign"))
    assert engrave_svg(tab)[0].count("tabGrp") == len([note for note in on_tab if note.find("chord") is None])
