"""Engrave a MusicXML score on A4 pages with verovio and cairo."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from symbolic_cover.core.errors import InputError, MissingDependencyError
from symbolic_cover.notation.outline import outline_text

_OPTIONS = {
    "pageWidth": 2100,
    "pageHeight": 2970,
    "pageMarginLeft": 130,
    "pageMarginRight": 130,
    "pageMarginTop": 100,
    "pageMarginBottom": 110,
    "scale": 40,
    "font": "Leipzig",
    "smuflTextFont": "none",
    "breaks": "auto",
    "header": "auto",
    "footer": "encoded",
    "justifyVertically": True,
    "spacingSystem": 10,
    "svgViewBox": True,
    "xmlIdSeed": 1,
}
#: By the number of staves in a system: half the distance of their lines in tenths of a millimetre, and the space
#: between them.
_SIZES = ((3, 7.5, 12), (4, 7.0, 11), (6, 6.4, 10), (8, 5.8, 9), (99, 5.2, 8))
#: The number of letters of a full-sized title that fit on a line.
_TITLE_SIGNS = 44
_A4_WIDTH_PX, _A4_HEIGHT_PX = 210 / 25.4 * 96, 297 / 25.4 * 96


def engrave_svg(musicxml_path: Path) -> list[str]:
    """Engrave a score; each page is one self-contained SVG that needs no font. Raises `InputError` if it cannot be
    read."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(_OPTIONS)
    loaded = toolkit.loadData(Path(musicxml_path).read_text(encoding="utf-8"))
    mei = toolkit.getMEI() if loaded else ""
    if "<measure" not in mei:
        raise InputError(f"{musicxml_path} cannot be engraved:", "is it a MusicXML score?")
    unit, room = next((unit, room) for most, unit, room in _SIZES if _n_staves(mei) <= most)
    toolkit.setOptions({"unit": unit, "spacingStaff": room, "spacingBraceGroup": room, "spacingBracketGroup": room})
    toolkit.loadData(_with_credits(mei))
    pages = (toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1))
    return [outline_text(page) for page in pages]


def _n_staves(mei: str) -> int:
    """The number of staves in a system, at most 99."""
    return min(max(map(int, re.findall(r'<staffDef [^>]*?\bn="(\d+)"', mei)), default=1), 99)


def cairo_version() -> str:
    """The version of the cairo library. Raises MissingDependencyError without it."""
    return str(_cairosvg().surface.cairo.cairo_version_string())


def _cairosvg() -> Any:
    try:
        import cairosvg
    except (ImportError, OSError) as error:
        remedy = "install cairo (on Debian `apt-get install libcairo2`) and `pip install cairosvg`."
        raise MissingDependencyError("pages cannot be printed without cairo:", remedy) from error
    return cairosvg


def _with_credits(mei: str) -> str:
    """Set sizes and places of the first page's credits, which verovio does not read from MusicXML."""

    def enlarged(rend: re.Match[str]) -> str:
        percent = min(220, max(90, 220 * _TITLE_SIGNS // len(rend[2])))
        return f'{rend[1]} fontsize="{percent}%">{rend[2]}<'

    mei = re.sub(r'( halign="center" valign="top")>([^<]+)<', enlarged, mei, count=1)
    mei = mei.replace(' halign="left" valign="top"', ' halign="left" valign="bottom"', 1)
    names = mei.count(' halign="right" valign="top"')
    for place in ("middle", "bottom")[-names:] if names else ():
        mei = mei.replace(' halign="right" valign="top"', f' halign="right" valign="{place}"', 1)
    rights = re.search(r'<rend [^>]*halign="center" valign="bottom"[^>]*>([^<]*)</rend>', mei)
    if rights is None:
        return mei
    foot = f'<pgFoot func="first"><rend halign="center" valign="bottom" fontsize="70%">{rights[1]}</rend></pgFoot>'
    return mei.replace(rights[0], "", 1).replace("</pgHead>", f"</pgHead>{foot}", 1)


def write_pdf(musicxml_path: Path, pdf_path: Path) -> None:
    """Engrave a score as an A4 PDF. Raises InputError if it is unreadable, MissingDependencyError without cairo."""
    write_pdf_pages(engrave_svg(musicxml_path), pdf_path)


def write_pdf_pages(pages: list[str], pdf_path: Path) -> None:
    """Print pages from `engrave_svg` as an A4 PDF. Raises `MissingDependencyError` without cairo."""
    from pypdf import PdfWriter

    document = PdfWriter()
    for page in pages:
        sheet = _cairosvg().svg2pdf(bytestring=page.encode(), output_width=_A4_WIDTH_PX, output_height=_A4_HEIGHT_PX)
        document.append(io.BytesIO(sheet))
    document.write(pdf_path)


def write_png(musicxml_path: Path, png_path: Path, page: int = 1, *, width_px: int = 1240) -> None:
    """Engrave one page (from 1) as a white PNG `width_px` wide.

    Raises `InputError` if the score cannot be read, `IndexError` if it has no such page, `MissingDependencyError`
    without cairo.
    """
    svg = engrave_svg(musicxml_path)[page - 1]
    _cairosvg().svg2png(
        bytestring=svg.encode(), write_to=str(png_path), output_width=width_px, background_color="white"
    )
