"""Convert text in an SVG page to outlines, so that it looks the same everywhere.

Verovio writes words, chord symbols and the notes in tempo marks as text, which needs a Times-like font and its own
music font on the viewer's machine; without them a sharp or a metronome note becomes a box. Here words are drawn with
STIX (a Times-like font that comes with matplotlib) and musical signs with verovio's own glyphs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_MUSIC_EM = 1000
#: How far accidentals in text are raised to align with letters, in em of the music font.
_RAISED_EM = 0.15
#: Accidentals in text, small ones that verovio takes from figured bass: sign and scale.
_WORD_ACCIDENTALS = {"\uea64": ("\ue260", 0.75), "\uea65": ("\ue261", 0.75), "\uea66": ("\ue262", 0.75)}
#: The properties of text classes in verovio's style sheet.
_CLASS_STYLES = {
    "tempo": {"bold": True},
    "ending": {"bold": True},
    "reh": {"bold": True},
    "dir": {"italic": True},
    "dynam": {"italic": True},
    "mNum": {"italic": True},
}


@dataclass(frozen=True)
class _TextStyle:
    size_px: float = 0.0
    bold: bool = False
    italic: bool = False
    music: bool = False


@dataclass
class _Line:
    """A run of text on one baseline; `paths` are (outline, x offset, transform) from the start of the line."""

    x: float
    y: float
    anchor: str
    paths: list[tuple[str, float, str]]
    width: float = 0.0


def outline_text(svg: str, music_font: str = "Leipzig") -> str:
    """Replace the text elements of a page that verovio made with `music_font`.

    Lines with characters that STIX lacks (such as Chinese) stay text.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(svg)
    _outline_within(root, _TextStyle(), music_font)
    return ElementTree.tostring(root, encoding="unicode")


def _outline_within(parent: ElementTree.Element, style: _TextStyle, music_font: str) -> None:
    for index, child in enumerate(list(parent)):
        child_style = _styled(style, child, music_font)
        if child.tag != f"{{{_SVG}}}text":
            _outline_within(child, child_style, music_font)
            continue
        if all(_drawable(text) for text in child.itertext()):
            lines: list[_Line] = []
            _lay_out(child, child_style, music_font, lines, child.get("text-anchor", "start"))
            parent[index] = _group(lines)


def _styled(style: _TextStyle, element: ElementTree.Element, music_font: str) -> _TextStyle:
    for name in (element.get("class") or "").split():
        style = replace(style, **_CLASS_STYLES.get(name, {}))
    if size := element.get("font-size"):
        style = replace(style, size_px=float(size.removesuffix("px")))
    if weight := element.get("font-weight"):
        style = replace(style, bold=weight == "bold")
    if slant := element.get("font-style"):
        style = replace(style, italic=slant == "italic")
    if family := element.get("font-family"):
        style = replace(style, music=family == music_font)
    return style


def _lay_out(element: ElementTree.Element, style: _TextStyle, music_font: str, lines: list[_Line], anchor: str) -> None:
    anchor = element.get("text-anchor", anchor)
    x, y = element.get("x"), element.get("y")
    if x is not None or y is not None or not lines:
        last = lines[-1] if lines else _Line(0.0, 0.0, anchor, [])
        lines.append(_Line(float(x) if x else last.x, float(y) if y else last.y, anchor, []))
    if element.tag == f"{{{_SVG}}}title":
        return
    text = element.text or ""
    if text.strip() or (text and not len(element) and "\n" not in text):
        line = lines[-1]
        for run, music in _runs(text, style.music):
            outline, width = _glyph(run, music_font) if music else _words(run, style.bold, style.italic)
            scale = style.size_px * (_WORD_ACCIDENTALS.get(run, ("", 1.0))[1] / _MUSIC_EM if music else 1.0)
            raised = f"translate(0 {-_RAISED_EM * style.size_px:.1f}) " if run in _WORD_ACCIDENTALS else ""
            line.paths.append((outline, line.width, f"{raised}scale({scale:.5g})"))
            line.width += width * scale
    for child in element:
        _lay_out(child, _styled(style, child, music_font), music_font, lines, anchor)


def _runs(text: str, music: bool) -> list[tuple[str, bool]]:
    return [(sign, True) for sign in text] if music else [(text, False)]


def _group(lines: list[_Line]) -> ElementTree.Element:
    group = ElementTree.Element(f"{{{_SVG}}}g")
    for line in lines:
        left = line.x - {"middle": line.width / 2, "end": line.width}.get(line.anchor, 0.0)
        for outline, offset, scale in line.paths:
            transform = f"translate({left + offset:.1f} {line.y:.1f}) {scale}"
            attributes = {"d": outline, "transform": transform, "stroke": "none", "style": "stroke:none"}
            ElementTree.SubElement(group, f"{{{_SVG}}}path", attributes)
    return group


@lru_cache(maxsize=4096)
def _words(text: str, bold: bool, italic: bool) -> tuple[str, float]:
    """Outline and width of a run of text, for a font of 1 px."""
    from matplotlib.textpath import TextPath, text_to_path

    font = _font(bold, italic)
    em = 100.0
    commands = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    pieces = []
    for vertices, code in TextPath((0, 0), text.replace("$", r"\$"), size=em, prop=font).iter_segments(
        curves=True, simplify=False
    ):
        numbers = [f"{value / em * (-1 if i % 2 else 1):.4f}" for i, value in enumerate(vertices)]
        pieces.append(commands[int(code)] + ("" if code == 79 else " ".join(numbers)))
    font_at_em = font.copy()
    font_at_em.set_size(em)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font_at_em, ismath=False)
    return "".join(pieces), width / em


@lru_cache(maxsize=256)
def _glyph(sign: str, music_font: str) -> tuple[str, float]:
    """Outline and advance of a sign of verovio's music font, for an em of 1000."""
    import verovio

    folder = Path(verovio.__file__).parent / "data"
    code = f"{ord(_WORD_ACCIDENTALS.get(sign, (sign, 1.0))[0]):04X}"
    drawing = (folder / music_font / f"{code}.xml").read_text(encoding="utf-8")
    found = re.search(r' d="([^"]*)"', drawing)
    advance = re.search(rf'c="{code}"[^>]*h-a-x="([\d.]+)"', _metrics(music_font))
    return _flipped(found[1] if found else ""), float(advance[1]) if advance else 0.0


@lru_cache(maxsize=8)
def _metrics(music_font: str) -> str:
    import verovio

    return (Path(verovio.__file__).parent / "data" / f"{music_font}.xml").read_text(encoding="utf-8")


def _flipped(outline: str) -> str:
    """A path with y upwards turned into one with y downwards."""
    flipped = []
    for command, arguments in re.findall(r"([A-Za-z])([^A-Za-z]*)", outline):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", arguments)]
        if command in "Vv":
            numbers = [-number for number in numbers]
        elif command not in "Hh":
            numbers = [-number if i % 2 else number for i, number in enumerate(numbers)]
        flipped.append(command + " ".join(f"{number:g}" for number in numbers))
    return "".join(flipped)


@lru_cache(maxsize=4)
def _font(bold: bool, italic: bool):  # type: ignore[no-untyped-def]
    import matplotlib
    from matplotlib.font_manager import FontProperties

    face = {(False, False): "", (True, False): "Bol", (False, True): "Italic", (True, True): "BolIta"}[bold, italic]
    return FontProperties(fname=Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"STIXGeneral{face}.ttf")


@lru_cache(maxsize=1)
def _drawable_characters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(_font(False, False).get_file()).get_charmap())


def _drawable(text: str) -> bool:
    known = _drawable_characters()
    return all(ord(sign) in known or sign.isspace() or 0xE000 <= ord(sign) <= 0xF8FF for sign in text)
