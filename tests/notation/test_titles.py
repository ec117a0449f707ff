"""Titles of any length and with any character, on the page and in the file."""

from dataclasses import replace
from xml.etree import ElementTree

from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Key, Note
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.notation.outline import outline_text

MELODY = (Note(0, 48, 60),)
SONG = Arrangement((Part("Voice", "", 52, MELODY),), MELODY, Grid.steady(1), Key(0, "major"), (), "pop-piano", "test")


def test_a_long_title_is_short_on_the_page_and_whole_in_the_file(tmp_path):
    title = "A title of three hundred letters " * 9
    write_musicxml(replace(SONG, title=title.strip(), composer="X" * 300, source="y" * 300), tmp_path / "x.musicxml")
    root = ElementTree.parse(tmp_path / "x.musicxml").getroot()
    assert title.strip() in (root.findtext("movement-title"), root.findtext("work/work-title"))
    shown = [credit.text or "" for credit in root.iter("credit-words")]
    assert max(map(len, shown)) < 170
    assert any(words.endswith("…") and title.startswith(words[:-1]) for words in shown)


def test_dollars_are_no_mathematics():
    page = '<svg xmlns="http://www.w3.org/2000/svg"><text x="0" y="0" font-size="10px">{}</text></svg>'
    plain, priced = (outline_text(page.format(words)) for words in ("b", "$b$"))
    assert priced.count("d=") == plain.count("d=")
    assert len(priced) > len(plain)
    assert "<text" not in outline_text(page.format("$x^{"))
