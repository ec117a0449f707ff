"""A cover in a metre outside the vocabulary: arranged in other metres, written in its own."""

import pytest

from symbolic_cover.analysis.song import analyze
from symbolic_cover.app import stages
from symbolic_cover.app.stages import load_stages
from symbolic_cover.arrangement.arranger import arrange_by_rules
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Meter
from symbolic_cover.core.styles import load_style
from symbolic_cover.notation.musicxml import write_musicxml
from tests.listening.scores_written import meters, note, read, xml

FIRST = "<attributes><divisions>2</divisions><time><beats>8</beats><beat-type>8</beat-type></time></attributes>"


@pytest.fixture
def song(tmp_path):
    eighths = "".join(note(f"{step}4", 1) for step in "CDEFGABC")
    return analyze(read(tmp_path, "x.musicxml", xml(eighths, eighths + note("D4", 1) * 15, eighths, first=FIRST)))


def test_the_model_is_asked_in_metres_that_it_knows(song, monkeypatch):
    asked = []

    def candidates(_, sheet, style, controls, tell):
        asked.append(sheet)
        return [arrange_by_rules(sheet, style, controls)]

    monkeypatch.setattr(stages, "candidates_by_model", candidates)
    style = load_style("pop-piano")
    (drawn,) = load_stages(style="pop-piano").arrange(song, style, Controls(), lambda *_: None)
    assert {bar.meter for bar in asked[0].grid.bars} == {Meter(4, 4), Meter(7, 8)}
    assert asked[0].melody == song.melody
    assert drawn.grid == song.grid


def test_the_score_has_the_metres_of_the_song_and_its_melody_where_it_was(song, tmp_path):
    drawn = arrange_by_rules(song, load_style("pop-piano", "lead-sheet"), Controls())
    write_musicxml(drawn, tmp_path / "score.musicxml")
    again = read(tmp_path, "again.musicxml", (tmp_path / "score.musicxml").read_bytes())
    assert meters(again) == ["8/8", "23/8", "8/8"]
    assert [note.onset_tick for note in song.melody] == [6 * index for index in range(39)]
    assert [note[:3] for note in analyze(again).melody] == [note[:3] for note in song.melody]
