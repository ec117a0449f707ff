"""`cover song.json --onto FOLDER`: only corrected or named bars are arranged anew."""

import json
import shutil

import pytest
import symusic

from symbolic_cover.core.song_file import write_sheet
from tests.conftest import make_song

RULES = ("--checkpoint", "rules", "--format", "ogg")
BAR = 4 * 480


@pytest.fixture(scope="module")
def covered(tmp_path_factory):
    """A cover by rules, in its folder."""
    from symbolic_cover import cover

    folder = tmp_path_factory.mktemp("covered") / "one"
    sheet = make_song(6)
    write_sheet(sheet, folder.parent / "sheet.json")
    cover(folder.parent / "sheet.json", checkpoint="rules").save(folder, audio_format="ogg")
    return folder


@pytest.fixture
def folder(covered, tmp_path):
    return shutil.copytree(covered, tmp_path / "one")


def bars_of(folder) -> dict[int, set]:
    """The notes of each bar, all parts, as written."""
    found: dict[int, set] = {}
    for track in symusic.Score(folder / "arrangement.mid").tracks:
        for note in track.notes:
            one = (track.name, note.time, note.duration, note.pitch, note.velocity)
            found.setdefault(note.time // BAR + 1, set()).add(one)
    return found


def test_what_was_corrected_is_arranged_anew_and_nothing_else(run, folder):
    before = bars_of(folder)
    run("correct", folder / "song.json", "--chord", "3.1=Eb", "--octave", "5=-1")
    code, said, complaint = run("cover", folder / "song.json", "--onto", folder, *RULES, "--json")
    assert (code, complaint) == (0, "")
    assert json.loads(said)["bars"] == [3, 5]
    after = bars_of(folder)
    assert {bar for bar in before if after[bar] != before[bar]} == {3, 5}
    settings = json.loads((folder / "report.json").read_text())["settings"]
    assert settings["corrections"] == ["chord 3.1=Eb", "octave 5=-1"]
    assert settings["source"].endswith("sheet.json")
    code, _, complaint = run("cover", folder / "song.json", "--onto", folder, *RULES)
    assert code == 2
    assert "Nothing has been corrected" in complaint


def test_named_bars_in_another_style_go_to_another_folder(run, folder, tmp_path):
    before = bars_of(folder)
    words = ("--onto", folder, "--bars", "2,4-5", "--style", "ragtime", "--level", "easy", "--out", tmp_path / "two")
    assert run("cover", folder / "song.json", *words, *RULES)[0] == 0
    assert bars_of(folder) == before
    after = bars_of(tmp_path / "two")
    assert {bar for bar in before if after[bar] != before[bar]} <= {2, 4, 5}
    assert json.loads((tmp_path / "two" / "report.json").read_text())["settings"]["style"] == "ragtime"


def test_other_bar_lines_ask_for_a_whole_cover(run, folder):
    run("correct", folder / "song.json", "--downbeat", "+1")
    code, _, complaint = run("cover", folder / "song.json", "--onto", folder, *RULES)
    assert code == 2
    assert "bar lines" in complaint


@pytest.mark.parametrize(
    "words", [("--bars", "99"), ("--bars", "two"), ("--ensemble", "choir"), ("--transpose", "2"), ("--bars", "4-2")]
)
def test_misuse_is_one_line(run, folder, words):
    before = sorted((path.name, path.read_bytes()) for path in folder.iterdir())
    code, _, complaint = run("cover", folder / "song.json", "--onto", folder, "--bars", "1", *words, *RULES)
    assert code == 2
    assert len(complaint.strip().splitlines()) == 1
    assert sorted((path.name, path.read_bytes()) for path in folder.iterdir()) == before


def test_bars_without_a_cover_and_a_folder_without_one_are_refused(run, folder, tmp_path):
    assert run("cover", folder / "song.json", "--bars", "2")[0] == 2
    code, _, complaint = run("cover", folder / "song.json", "--onto", tmp_path)
    assert code == 2
    assert "no cover" in complaint
