"""A score for the page: one long drawing, and the times of its notes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.files import write_text
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import TICKS_PER_QUARTER

#: Drawn without header and footer on one page of any length; `xmlIdSeed` makes ids reproducible.
_OPTIONS = {
    "pageWidth": 2000, "pageHeight": 60000, "adjustPageHeight": True, "scale": 40, "svgViewBox": True, "breaks": "auto",
    "header": "none", "footer": "none", "xmlIdSeed": 1, "svgRemoveXlink": True, "smuflTextFont": "embedded",
}  # fmt: skip
_AGAIN = re.compile(r"-rend\d+$")


def write_page_score(musicxml: Path, grid: Grid, out: Path) -> None:
    """Write ``svg`` (one a page), ``bars`` (the ids of their measures in playing order) and ``notes``.

    Notes are [second, ids of what begins, ids of what ends] in seconds of the cover, whose first bar begins at 0.
    Raises `InputError` for anything but a score.
    """
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(_OPTIONS)
    if not toolkit.loadData(musicxml.read_text(encoding="utf-8")):
        raise InputError(f"{musicxml.name} cannot be engraved:", "is it a MusicXML score?")
    pages = [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]
    begin = float(grid.sec_at(0))
    notes, bars = [], []
    for moment in toolkit.renderToTimemap({"includeMeasures": True}):
        sec = round(float(grid.sec_at(moment["qstamp"] * TICKS_PER_QUARTER)) - begin, 3)
        if "measureOn" in moment:
            bars.append(_drawn(moment["measureOn"]))
        if "on" in moment or "off" in moment:
            notes.append([sec, *(list(map(_drawn, moment.get(side, []))) for side in ("on", "off"))])
    write_text(out, json.dumps({"svg": pages, "bars": bars, "notes": notes}))


def _drawn(name: str) -> str:
    """The id of the drawn element for one in a repetition: verovio has ids for each time."""
    return _AGAIN.sub("", name)
