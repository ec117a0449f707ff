"""Mark weak bars on pages engraved by verovio."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_COLOUR = "#f2b134"
#: How far a mark extends beyond the staves, in the page's units.
_MARGIN = 150
_LINE = re.compile(r"M\s*(-?[\d.]+)[\s,]+(-?[\d.]+)\s*L\s*(-?[\d.]+)[\s,]+(-?[\d.]+)")


def count_bars(pages: Sequence[str]) -> int:
    """The number of bars on the pages."""
    return sum(len(_measures(ElementTree.fromstring(page))) for page in pages)


def mark_bars(pages: Sequence[str], marks: Mapping[int, str]) -> list[str]:
    """The pages with a coloured box behind each bar (counted from 0 over all pages) of `marks`, with its text as a
    tooltip."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    marked, before = [], 0
    for page in pages:
        root = ElementTree.fromstring(page)
        measures = _measures(root)
        for number, measure in enumerate(measures, before):
            if number in marks and (box := _box(measure)) is not None:
                measure.insert(0, _mark(box, marks[number], number))
        before += len(measures)
        marked.append(ElementTree.tostring(root, encoding="unicode"))
    return marked


def _measures(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [group for group in root.iter(f"{{{_SVG}}}g") if "measure" in group.get("class", "").split()]


def _box(measure: ElementTree.Element) -> tuple[float, float, float, float] | None:
    """Left, top, width and height of the staff lines, which are the straight paths directly in a staff."""
    xs: list[float] = []
    ys: list[float] = []
    for staff in measure.iter(f"{{{_SVG}}}g"):
        if "staff" not in staff.get("class", "").split():
            continue
        for path in staff.findall(f"{{{_SVG}}}path"):
            if found := _LINE.match(path.get("d", "")):
                x, y, to_x, to_y = map(float, found.groups())
                xs += [x, to_x]
                ys += [y, to_y]
    if not xs:
        return None
    return min(xs), min(ys) - _MARGIN, max(xs) - min(xs), max(ys) - min(ys) + 2 * _MARGIN


def _mark(box: tuple[float, float, float, float], text: str, number: int) -> ElementTree.Element:
    left, top, width, height = (f"{value:.0f}" for value in box)
    rect = ElementTree.Element(
        f"{{{_SVG}}}rect",
        {"class": "weak", "x": left, "y": top, "width": width, "height": height, "fill": _COLOUR,
         "fill-opacity": "0.35", "stroke": "none"},
    )  # fmt: skip
    title = ElementTree.SubElement(rect, f"{{{_SVG}}}title")
    title.text = f"Bar {number + 1}: {text}"
    return rect
