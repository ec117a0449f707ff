"""Arrangements aligned, ranges and verdicts, marks in the score."""

import math
from dataclasses import replace
from xml.etree import ElementTree

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import Notation
from symbolic_cover.core.music import Meter, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.align import align, as_players
from symbolic_cover.evaluation.figures import longest_figure
from symbolic_cover.evaluation.judgement import judge
from symbolic_cover.evaluation.measures import DESCRIPTIONS, MEASURES, Case, measure_cover
from symbolic_cover.evaluation.metrics import own_notes
from symbolic_cover.evaluation.people import Range, load_people, ranges_of, readable_people, save_people, verdict
from symbolic_cover.evaluation.readability import DESCRIPTIONS as READABLE
from symbolic_cover.reports.marked_score import count_bars, mark_bars
from tests.conftest import make_song


def whole(song: SongSheet) -> Arrangement:
    parts = (Part("Right hand", "", 0, song.melody), Part("Left hand", "", 0, song.bass + song.texture))
    return Arrangement(parts, song.melody, song.grid, song.key, song.chords, "pop-piano", "by hand")


def test_an_arrangement_is_found_in_another_key_and_later():
    song = make_song(8)
    played = whole(song.transposed(3))
    later = replace(
        played,
        parts=tuple(
            replace(part, notes=tuple(n._replace(onset_tick=n.onset_tick + 60) for n in part.notes))
            for part in played.parts
        ),
    )
    found = align(song, later)
    assert (found.semitones, found.shift_tick, found.found) == (3, -60, 1.0)
    assert found.arrangement.melody == found.sheet.melody
    assert found.arrangement.parts[0].notes == song.transposed(3).melody


def test_a_stranger_is_not_taken_for_the_song():
    song = make_song(8)
    other = replace(whole(song), parts=(Part("x", "", 0, tuple(Note(7 + 31 * i, 5, 61) for i in range(12))),))
    assert align(song, other).found < 0.3
    assert align(replace(song, melody=()), whole(song)).shift_tick == 0


def test_two_keyboards_are_one_player():
    song = make_song(2)
    assert {part.group for part in as_players(whole(song).parts)} == {"keyboard"}
    three = (*whole(song).parts, Part("Other", "", 0, song.bass))
    assert {part.group for part in as_players(three)} == {""}


def test_own_notes_and_the_longest_figure(song):
    assert own_notes([Note(0, 12, 60), Note(0, 12, 61), Note(6, 12, 60), Note(0, 12, 48)], song) == 0.5
    bars = song.grid.bars
    waltz = [
        Note(bar.start_tick + 12 * beat, 12, 40 + i + 5 * (beat > 0)) for i, bar in enumerate(bars) for beat in (0, 1)
    ]
    assert longest_figure((Part("l", "", 0, tuple(waltz)),), (), bars) == 4
    assert longest_figure((Part("l", "", 0, tuple(waltz[2:6])),), (), bars) == 2
    assert longest_figure((Part("l", "", 0, song.bass),), (), bars) == 1  # held notes are no figure
    assert math.isnan(longest_figure((Part("d", "", 0, tuple(waltz), True),), (), bars))


def test_every_measure_is_there_and_each_has_its_aspect(song):
    measured = measure_cover(Case(whole(song), song))
    assert list(measured) == list(DESCRIPTIONS)
    assert measured["melody_retention"] == 1.0
    assert math.isnan(measured["style_fit"])
    assert math.isnan(measured["copied_bars"])
    judged = judge(measured, {"notes_per_bar": Range(10, 15, 20)})
    assert {one.aspect for one in judged} == {
        "faithfulness", "coherence", "creativity", "style", "playability"
    }  # fmt: skip
    assert [one.name for one in judged] == [one.name for one in MEASURES]
    (density,) = [one for one in judged if one.name == "notes_per_bar"]
    assert (density.value, density.verdict) == (6.0, "below")
    assert "--density" in density.advice


def test_without_a_song_nothing_is_said_of_faithfulness(song):
    alone = measure_cover(Case(whole(song), song), has_source=False)
    needing = {one.name for one in MEASURES if one.needs_source}
    assert needing == {"melody_retention", "chord_accuracy", "form_return", "own_notes", "empty_bars"}
    assert all(math.isnan(alone[name]) for name in needing)
    assert alone["notes_per_bar"] == 6.0


def test_ranges_and_verdicts(tmp_path):
    measured = [{"a": float(i), "b": math.nan, "own_notes": 0.0} for i in range(101)]
    ranges = ranges_of(measured)
    assert ranges == {"a": Range(5.0, 50.0, 95.0)}
    assert [verdict(value, ranges["a"]) for value in (4.9, 5.0, 95.0, 95.1, math.nan)] == [
        "below", "within", "within", "above", "",
    ]  # fmt: skip
    assert verdict(1.0, None) == ""
    save_people({"swing": ranges}, tmp_path)
    assert load_people(tmp_path) == {"swing": ranges}
    assert load_people(tmp_path / "nowhere") == {}
    assert all(set(ranges) == set(READABLE) for ranges in readable_people().values())


def test_weak_bars_are_coloured_on_their_page(tmp_path):
    from symbolic_cover.notation.engrave import engrave_svg
    from symbolic_cover.notation.musicxml import write_musicxml

    song = make_song(60, Meter(4, 4))
    write_musicxml(whole(song), tmp_path / "score.musicxml", Notation(written_out=True))
    pages = engrave_svg(tmp_path / "score.musicxml")
    assert len(pages) > 1
    assert count_bars(pages) == 60
    marked = mark_bars(pages, {1: "too <many> notes", 59: "the end"})
    boxes = [[rect for rect in ElementTree.fromstring(page).iter("{http://www.w3.org/2000/svg}rect")
              if rect.get("class") == "weak"] for page in marked]  # fmt: skip
    assert [len(found) for found in boxes] == [1] + [0] * (len(pages) - 2) + [1]
    assert "".join(boxes[0][0].itertext()) == "Bar 2: too <many> notes"
    assert float(boxes[0][0].get("width")) > 500
    assert mark_bars(pages, {})[0].count("weak") == 0
