"""Lyrics stay with the melody: in the song sheet, in the score, and when that is read again."""

import pytest

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Key, Lyric, Note
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.notation.engrave import engrave_svg
from symbolic_cover.notation.lyrics import syllables
from symbolic_cover.notation.musicxml import write_musicxml

MELODY = (Note(0, 12, 60), Note(12, 12, 62), Note(24, 36, 64), Note(60, 36, 65))
WORDS = (Lyric(0, "Sum-"), Lyric(12, "mer"), Lyric(24, "rain"), Lyric(60, "falls"))
PIANO = (Part("Right hand", "Piano", 0, (Note(0, 96, 67),)), Part("Left hand", "Piano", 0, (Note(0, 96, 48),)))


def arrangement(*parts, lyrics=WORDS):
    return Arrangement(parts, MELODY, Grid.steady(2), Key(0, "major"), (), "pop-piano", "test", lyrics=lyrics)


@pytest.mark.parametrize(
    "parts",
    [
        (Part("Voice", "", 52, MELODY), *PIANO),
        (Part("Melody", "", 73, MELODY),),
        (Part("Soprano", "", 52, MELODY), Part("Bass", "", 52, (Note(0, 96, 48),))),
    ],
)
def test_words_are_written_under_the_melody_and_read_again(tmp_path, parts):
    path = tmp_path / "score.musicxml"
    write_musicxml(arrangement(*parts), path)
    heard = read_score(path)
    assert [one.text for one in heard.lyrics] == ["Sum-", "mer", "rain", "falls"]
    assert [round(one.sec * 2) for one in heard.lyrics] == [0, 1, 2, 5]
    assert path.read_text().count("<lyric") == 4  # once each, though the third and fourth note are tied


def test_words_are_engraved(tmp_path):
    path = tmp_path / "score.musicxml"
    write_musicxml(arrangement(Part("Voice", "", 52, MELODY), *PIANO), path)
    assert 'class="syl"' in engrave_svg(path)[0] or "syl" in engrave_svg(path)[0]


def test_pianists_and_violinists_have_no_words(tmp_path):
    for parts in (PIANO[:1], (Part("Violin 1", "", 40, MELODY), Part("Viola", "", 41, (Note(0, 96, 60),)))):
        path = tmp_path / "score.musicxml"
        write_musicxml(arrangement(*parts), path)
        assert "<lyric" not in path.read_text()


def test_words_in_parts_and_where_the_melody_is_not():
    said = syllables(arrangement(lyrics=(Lyric(0, "a-"), Lyric(14, "b-"), Lyric(24, "c"), Lyric(40, "lost"))))
    assert {tick: (one.text, one.syllabic) for tick, one in said.items()} == {
        0: ("a", "begin"), 12: ("b", "middle"), 24: ("c", "end"),
    }  # fmt: skip
