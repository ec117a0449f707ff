"""`symbolic-cover correct`: a song sheet is corrected in its file, or not changed."""

import json

import pytest

from symbolic_cover.core.song_file import read_sheet, write_sheet
from tests.conftest import make_song


@pytest.fixture
def sheet(tmp_path):
    return write_sheet(make_song(), tmp_path / "song.json")


def test_corrections_are_made_in_order_and_kept(run, sheet):
    code, said, _ = run("correct", sheet, "--chord", "5.1=Eb", "--downbeat", "+1", "--octave", "2-3=-1", "--json")
    assert code == 0
    facts = json.loads(said)
    assert facts["corrections"] == ["downbeat +1", "chord 5.1=Eb", "octave 2-3=-1"]
    assert facts["bars"] == [1, 2, 3, 4, 5]
    assert list(read_sheet(sheet).corrections.done) == facts["corrections"]
    code, said, _ = run("correct", sheet)
    assert (code, said.splitlines()) == (0, facts["corrections"])


def test_they_are_taken_back_and_made_again(run, sheet):
    before = read_sheet(sheet)
    run("correct", sheet, "--chord", "1.1=Eb", "--tempo", "half")
    corrected = read_sheet(sheet)
    assert run("correct", sheet, "--undo", "2")[0] == 0
    assert read_sheet(sheet).melody == before.melody
    assert run("correct", sheet, "--redo", "2")[0] == 0
    assert read_sheet(sheet) == corrected


def test_another_file_is_written_where_asked(run, sheet, tmp_path):
    before = sheet.read_bytes()
    assert run("correct", sheet, "--key", "D minor", "--out", tmp_path / "other.json")[0] == 0
    assert sheet.read_bytes() == before
    assert read_sheet(tmp_path / "other.json").key.label == "D minor"


@pytest.mark.parametrize(
    "words", [("--chord", "99=C"), ("--chord", "1=H7x"), ("--undo", 1), ("--redo", 1), ("--out", "elsewhere.json")]
)
def test_what_does_not_fit_is_one_line_and_changes_nothing(run, sheet, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = sheet.read_bytes()
    code, said, complaint = run("correct", sheet, "--key", "D minor", *words) if words[0] == "--chord" else run(
        "correct", sheet, *words
    )  # fmt: skip
    assert (code, said) == (2, "")
    assert len(complaint.strip().splitlines()) == 1
    assert sheet.read_bytes() == before
    assert not (tmp_path / "elsewhere.json").exists()


def test_a_later_hearing_does_not_overrule_them(run, sheet, tmp_path):
    run("correct", sheet, "--key", "D minor")
    before = sheet.read_bytes()
    tune = tmp_path / "tune.abc"
    tune.write_text("X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n")
    for words in (
        ("cover", tune, "--out", sheet.parent, "--checkpoint", "rules"),
        ("analyze", tune, "--out", sheet.parent),
    ):
        code, _, complaint = run(*words)
        assert code == 2
        assert "corrections of yours (1)" in complaint
        assert sheet.read_bytes() == before
