"""Reading back a saved cover: the song as heard and as covered."""

import json

import pytest

from symbolic_cover.app.cover import cover
from symbolic_cover.app.saved import covered_sheet, read_report
from symbolic_cover.core.controls import Controls, Hints
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.heard import Source
from symbolic_cover.core.song_file import read_sheet
from tests.cli.test_cli import ABC

ASKED = Controls(transpose=-17, tempo=1.5)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cover by the rules, lower than a violin can play, and its folder."""
    folder = tmp_path_factory.mktemp("cover")
    (folder / "tune.abc").write_text(ABC)
    one = cover(folder / "tune.abc", controls=ASKED, ensemble="string-quartet", checkpoint="rules")
    one.save(folder / "out", audio_format="ogg")
    return one, folder / "out"


def test_the_song_lies_beside_the_cover_as_it_was_heard(made):
    one, folder = made
    heard = read_sheet(folder / "song.json")
    assert heard == one.sheet
    assert (heard.title, heard.source) == ("Little tune", Source("tune.abc", "abc"))
    assert heard.grid.tempo_bpm == pytest.approx(100)
    assert [note.pitch for note in heard.melody][:4] == [67, 71, 74, 71]
    assert [chord.label for chord in heard.chords] == ["G:maj", "C:maj", "D:maj", "G:maj"]


def test_the_song_is_found_as_it_was_covered(made):
    one, folder = made
    found = covered_sheet(folder)
    assert found == one.covered
    assert found.grid.tempo_bpm == pytest.approx(150)
    assert found.key.label == "D major"
    assert [note.pitch for note in found.melody][:4] == [62, 66, 69, 66]  # an octave up again, for a violin
    assert found.melody == tuple(note._replace(velocity=80) for note in one.arrangement.melody)


def test_the_report_says_what_was_asked_and_leaves_the_song_to_its_file(made):
    _, folder = made
    report = read_report(folder)
    assert "song" not in report
    settings = report["settings"]
    assert (settings["transpose"], settings["tempo"], settings["ensemble"]) == (-17, 1.5, "string-quartet")


def test_a_song_sheet_is_covered_like_the_song(made):
    one, folder = made
    again = cover(folder / "song.json", controls=ASKED, ensemble="string-quartet", checkpoint="rules")
    assert again.sheet == one.sheet
    assert again.arrangement == one.arrangement
    given = cover("anywhere", controls=ASKED, ensemble="string-quartet", checkpoint="rules", sheet=one.sheet)
    assert given.arrangement == one.arrangement


def test_a_corrected_song_sheet_is_covered_as_it_stands(made, tmp_path):
    _, folder = made
    text = (folder / "song.json").read_text()
    (tmp_path / "song.json").write_text(text.replace("0-48 C:maj", "0-24 A:min, 24-48 C:maj").replace("Little", "My"))
    again = cover(tmp_path / "song.json", checkpoint="rules")
    assert [chord.label for chord in again.arrangement.chords] == ["G:maj", "A:min", "C:maj", "D:maj", "G:maj"]
    assert again.arrangement.title == "My tune"


def test_a_song_sheet_takes_no_hints(made):
    _, folder = made
    with pytest.raises(UsageError, match="no effect on a song sheet"):
        cover(folder / "song.json", checkpoint="rules", hints=Hints(bpm=90.0))


def test_what_is_not_there_or_broken(made, tmp_path):
    _, folder = made
    assert covered_sheet(tmp_path) is None
    assert read_report(tmp_path, must_be_whole=True) == {}
    (tmp_path / "song.json").write_bytes((folder / "song.json").read_bytes())
    assert covered_sheet(tmp_path) == read_sheet(folder / "song.json")  # nothing says that it was changed
    for broken in ("no report", "[1, 2]"):
        (tmp_path / "report.json").write_text(broken)
        assert read_report(tmp_path) == {}
    (tmp_path / "report.json").write_text("no report")
    with pytest.raises(InputError, match="not a report that can be read"):
        covered_sheet(tmp_path)
    (tmp_path / "report.json").write_text(json.dumps({"settings": {"transpose": 2}}))
    assert covered_sheet(tmp_path).key.label == "A major"
    (tmp_path / "song.json").write_text("{}")
    with pytest.raises(InputError, match="not a song sheet"):
        covered_sheet(tmp_path)
