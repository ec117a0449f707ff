"""The shipped weights give the same notes and song sheets for three songs as before."""

import json

import pytest

from symbolic_cover import cover, render
from symbolic_cover.core.song_file import write_sheet
from tests.end_to_end import golden_covers as golden

KEPT = json.loads((golden.FOLDER / "golden.json").read_text(encoding="utf-8"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(golden.machine() != KEPT["machine"], reason=f"made on another machine: {KEPT['machine']}"),
]


@pytest.mark.parametrize("name", golden.SONGS)
def test_golden_cover(name, tmp_path):
    assert golden.make(name, tmp_path) == KEPT[name]
    assert (tmp_path / f"{name}.mid").read_bytes() == (golden.FOLDER / f"{name}.mid").read_bytes()


def test_a_song_sheet_is_covered_as_its_song_was(tmp_path):
    song, style, controls = golden.SONGS["tune"]
    write_sheet(cover(song, style, controls).sheet, tmp_path / "song.json")
    again = cover(tmp_path / "song.json", style, controls)
    render(again.arrangement, tmp_path / "again.mid")
    assert (tmp_path / "again.mid").read_bytes() == (golden.FOLDER / "tune.mid").read_bytes()
