"""The report: complete, self-contained, and safe against its own input."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from symbolic_cover.core.arrangement import Part, Report
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.reports import page as page_module
from symbolic_cover.reports.report import piano_roll_png, write_report_html, write_report_json
from tests.notation.scores import golden

REPORT = Report(
    scores={
        "model": {"melody_retention": 0.987, "notes_per_bar": 14.0, "unplayable_share": float("nan")},
        "rules": {"melody_retention": 1.0},
    },
    findings=("The metre is a guess.", "Watch <out> & listen."),
    settings={"style": "pop-piano", "fidelity": 0.5},
    timings_sec={"arrange": 2.345},
)
SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0"/></svg>'


class Cells(HTMLParser):
    """Table cells by row, and every address the page mentions."""

    def __init__(self):
        super().__init__()
        self.rows, self.sources, self._inside = [], [], False

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        self._inside = tag in ("td", "th")
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        if self._inside and self.rows:
            self.rows[-1].append(data)

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._inside = False


def page(tmp_path, **options) -> tuple[str, Cells]:
    write_report_html(tmp_path / "report.html", report=REPORT, title="A <song>", **options)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    cells = Cells()
    cells.feed(text)
    return text, cells


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "cover.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(44100) / 20), 44100)
    return path


def test_metrics_have_a_column_for_each_arranger(tmp_path):
    _, cells = page(tmp_path, descriptions={"notes_per_bar": "How dense it is"})
    assert cells.rows[0] == ["model", "rules"]
    assert cells.rows[1] == ["notes per bar", "14.00", "–"]
    assert cells.rows[2:] == [["melody retention", "0.99", "1.00"], ["unplayable share", "–", "–"]]


def test_the_page_holds_everything_and_asks_for_nothing(tmp_path, wav):
    text, cells = page(tmp_path, score_svgs=[SVG, SVG], piano_roll_pngs=[b"\x89PNG"], audio_path=wav)
    assert text.count("<svg") == 2
    assert "<?xml" not in text
    assert all(source.startswith("data:") for source in cells.sources)
    assert {source.split(";")[0] for source in cells.sources} == {"data:audio/ogg", "data:image/png"}
    assert not re.search(r"url\(|@import|<script|<link", text)


def test_text_is_escaped(tmp_path):
    text, _ = page(tmp_path)
    assert "Watch &lt;out&gt; &amp; listen." in text
    assert "A &lt;song&gt;" in text
    assert "2.3 s" in text


def test_long_sound_is_linked(tmp_path, wav, monkeypatch):
    monkeypatch.setattr(page_module, "MAX_EMBEDDED_BYTES", 100)
    _, cells = page(tmp_path, audio_path=wav)
    assert cells.sources == ["cover.wav"]


def test_json_is_readable_by_others(tmp_path):
    write_report_json(tmp_path / "report.json", REPORT)
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["scores"]["model"] == {"melody_retention": 0.987, "notes_per_bar": 14.0, "unplayable_share": None}
    assert told["findings"] == list(REPORT.findings)
    assert told["timings_sec"] == {"arrange": 2.345}


def test_piano_roll_is_a_picture_with_both(tmp_path):
    cover = golden()
    right, left = (part.notes for part in cover.parts)
    song = SongSheet(cover.grid, cover.melody, left[::4], right[-2:], cover.chords, cover.key)
    png = piano_roll_png(song, cover)
    assert png.startswith(b"\x89PNG")
    assert png == piano_roll_png(song, cover)
    empty = SongSheet(cover.grid, (), (), (), (), cover.key)
    assert len(piano_roll_png(empty, cover)) < len(png)


def test_parts_are_listed(tmp_path):
    notes = (Note(0, 12, 36), Note(12, 12, 60))
    parts = (Part("Violas <1>", "", 41, notes), Part("Drums", "", 0, notes, is_drums=True))
    text, cells = page(tmp_path, parts=parts)
    assert ["Violas <1>", "Viola", "2", "C2 to C4"] in cells.rows
    assert ["Drums", "Drums", "2", "–"] in cells.rows
    assert "Violas &lt;1&gt;" in text
    write_report_json(tmp_path / "report.json", REPORT, parts)
    assert json.loads((tmp_path / "report.json").read_text())["parts"][0] == {
        "name": "Violas <1>", "instrument": "Viola", "notes": 2, "lowest": 36, "highest": 60,
    }  # fmt: skip
