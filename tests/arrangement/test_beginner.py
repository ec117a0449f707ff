"""Arrangements for beginners."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbolic_cover.app.cover import cover
from symbolic_cover.app.stages import Stages
from symbolic_cover.arrangement.arranger import arrange_by_rules, prepare_sheet
from symbolic_cover.arrangement.beginner import easy_key_steps, for_small_hands, in_eighths, in_position
from symbolic_cover.core.controls import LEVELS, Controls
from symbolic_cover.core.music import Chord, Key, Lyric, Note
from symbolic_cover.core.styles import load_style
from symbolic_cover.evaluation.difficulty import difficulty
from tests.conftest import make_song

STYLE = load_style("pop-piano")


@pytest.mark.parametrize(
    ("tonic", "mode", "steps"),
    [(0, "major", 0), (5, "major", 0), (7, "major", 0), (2, "major", -2), (10, "major", 2), (3, "major", 2),
     (4, "major", 1), (1, "major", -1), (4, "minor", 0), (0, "minor", 2), (6, "minor", -2)],
)  # fmt: skip
def test_the_nearest_key_with_one_sign(tonic, mode, steps):
    assert easy_key_steps(Key(tonic, mode)) == steps
    assert abs(Key(tonic, mode).transposed(steps).fifths) <= 1


@pytest.mark.parametrize(
    ("rhythm", "simple"),
    [
        ([(0, 9), (9, 3)], [(0, 6), (6, 6)]),  # a dotted eighth and a sixteenth
        ([(0, 3), (3, 9)], [(0, 6), (6, 6)]),  # the other way round
        ([(0, 3), (3, 3), (6, 3), (9, 3)], [(0, 6), (6, 6)]),
        ([(0, 4), (4, 4), (8, 4)], [(0, 6), (6, 6)]),  # a triplet
        ([(6, 3), (9, 15)], [(6, 6), (12, 12)]),  # a sixteenth before the beat, held over it
        ([(0, 6), (6, 18)], [(0, 6), (6, 18)]),
        ([(0, 5)], [(0, 6)]),
    ],
)
def test_melodies_go_in_eighths(rhythm, simple):
    melody = [Note(tick, length, 72) for tick, length in rhythm]
    assert [note[:2] for note in in_eighths(melody)] == simple


def test_the_left_hand_keeps_its_position_as_long_as_the_chords_allow():
    chords = [Chord(48 * i, 48 * i + 48, root, "maj", root) for i, root in enumerate((0, 5, 7, 0))]
    line = [Note(48 * i, 48, pitch) for i, pitch in enumerate((36, 29, 31, 24))]
    assert [note.pitch for note in in_position(line, chords)] == [48, 53, 55, 48]
    # A lies outside the one position that C, D, F and G have: the C of its chord is played
    roots = ((0, "maj"), (2, "min"), (5, "maj"), (7, "maj"), (9, "min"))
    chords = [Chord(48 * i, 48 * i + 48, root, quality, root) for i, (root, quality) in enumerate(roots)]
    line = [Note(48 * i, 48, pitch) for i, pitch in enumerate((36, 38, 41, 43, 33))]
    assert [note.pitch for note in in_position(line, chords)] == [48, 50, 53, 55, 48]
    # what is no tone of its chord becomes its bass
    assert in_position([Note(0, 48, 38)], chords)[0].pitch == 48


def test_one_note_in_each_hand_on_strong_beats():
    sheet = make_song(2)
    notes = {
        "left-hand": [Note(6 * eighth, 6, pitch) for eighth in range(16) for pitch in (43, 52)],
        "right-hand": [Note(0, 12, 64)],
    }
    simple = for_small_hands(notes, sheet, STYLE.ensemble)
    assert simple["right-hand"] == []
    assert [note[:2] for note in simple["left-hand"]] == [(0, 24), (24, 24), (48, 24), (72, 24)]


def test_words_keep_their_notes():
    sheet = replace(make_song(2), melody=(Note(0, 9, 72), Note(9, 3, 74)), lyrics=(Lyric(0, "fa-"), Lyric(9, "la")))
    assert prepare_sheet(sheet, Controls(level="beginner")).melody[1].onset_tick == 9
    assert prepare_sheet(replace(sheet, lyrics=()), Controls(level="beginner")).melody[1].onset_tick == 6


def test_a_cover_for_beginners_says_what_was_done():
    sheet = make_song(4).transposed(3)
    stages = Stages(
        listen=None, arrange=lambda song, style, asked, tell: [arrange_by_rules(song, style, asked)],
        anew=None, arranger="rules",
    )  # fmt: skip
    made = cover("song", "pop-piano", Controls(level="beginner"), sheet=sheet, stages=stages)
    assert made.arrangement.key == Key(5, "major")
    assert "Transposed by +2 semitones to F major for beginners." in made.report.findings
    asked = cover("song", "pop-piano", Controls(level="beginner", transpose=1), sheet=sheet, stages=stages)
    assert asked.arrangement.key == Key(4, "major")


@pytest.mark.parametrize("style", ["pop-piano", "lied"])
def test_no_level_is_easier_than_the_one_below(style):
    chosen = load_style(style)
    found = []
    for level in LEVELS:
        controls = Controls(level=level)
        sheet = prepare_sheet(make_song(8), controls, chosen.ensemble, chosen.manner)
        found.append(difficulty(arrange_by_rules(sheet, chosen, controls)))
    assert found == sorted(found)
    assert found[0] < found[-1]
