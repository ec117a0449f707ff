"""Pages: A4, without any text that needs a font."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pypdf
import pytest

from symbolic_cover.core.errors import InputError, MissingDependencyError
from symbolic_cover.notation.engrave import engrave_svg, write_pdf, write_png
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.outline import outline_text
from tests.notation.scores import golden, piano

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def musicxml(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("score") / "score.musicxml"
    write_musicxml(golden(), path)
    return path


def test_pages_hold_no_text_and_all_bars(musicxml):
    (page,) = engrave_svg(musicxml)
    root = ElementTree.fromstring(page)
    assert list(root.iter(f"{SVG}text")) == []
    classes = [element.get("class", "").split() for element in root.iter(f"{SVG}g")]
    assert sum("measure" in names for names in classes) == 4
    assert sum("harm" in names for names in classes) == 4
    assert sum("tempo" in names for names in classes) == 1


def test_the_same_score_gives_the_same_page(musicxml):
    assert engrave_svg(musicxml) == engrave_svg(musicxml)


def test_words_no_font_of_ours_has_stay_text(tmp_path):
    write_musicxml(piano([], [], title="夜曲"), tmp_path / "score.musicxml")
    (page,) = engrave_svg(tmp_path / "score.musicxml")
    assert "夜曲" in page


def test_anchored_text_is_placed_by_its_width():
    page = f'<svg xmlns="{SVG[1:-1]}"><text x="100" y="50" font-size="20px" text-anchor="{{}}">Tune</text></svg>'
    places = {}
    for anchor in ("start", "middle", "end"):
        path = ElementTree.fromstring(outline_text(page.format(anchor))).find(f".//{SVG}path")
        places[anchor] = float(path.get("transform").split("(")[1].split()[0])
    assert places["start"] == 100
    assert places["end"] < places["middle"] < 100
    assert places["middle"] == pytest.approx((100 + places["end"]) / 2, abs=0.2)


def test_pdf_is_a4(musicxml, tmp_path):
    write_pdf(musicxml, tmp_path / "score.pdf")
    (page,) = pypdf.PdfReader(tmp_path / "score.pdf").pages
    assert [round(float(size)) for size in page.mediabox[2:]] == [595, 842]


def test_png_has_ink(musicxml, tmp_path):
    import matplotlib.image

    write_png(musicxml, tmp_path / "page.png", width_px=400)
    pixels = matplotlib.image.imread(tmp_path / "page.png")
    assert pixels.shape[1] == 400
    assert 0.003 < (pixels[..., 0] < 0.5).mean() < 0.2
    with pytest.raises(IndexError):
        write_png(musicxml, tmp_path / "page.png", page=2)


def test_what_is_no_score_is_refused(tmp_path):
    (tmp_path / "broken.musicxml").write_text("<score-partwise><part>")
    with pytest.raises(InputError, match="cannot be engraved"):
        engrave_svg(tmp_path / "broken.musicxml")


def test_long_titles_shrink_to_the_page(tmp_path):
    write_musicxml(piano([], [], title="A title that goes on and on " * 3), tmp_path / "score.musicxml")
    (page,) = engrave_svg(tmp_path / "score.musicxml")
    head = next(group for group in ElementTree.fromstring(page).iter(f"{SVG}g") if "pgHead" in group.get("class", ""))
    left = min(float(path.get("transform").split("(")[1].split()[0]) for path in head.iter(f"{SVG}path"))
    assert left > 0


def test_without_cairo_the_remedy_is_named(musicxml, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(MissingDependencyError, match="libcairo2"):
        write_pdf(musicxml, tmp_path / "score.pdf")
