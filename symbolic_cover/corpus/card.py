"""The data card: the contents of a corpus by style, as a page with pictures."""

from __future__ import annotations

import base64
import csv
import io
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbolic_cover.core.music import PITCH_NAMES_FLAT
from symbolic_cover.reports.page import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, str]
_INK, _ACCENT, _SOFT = "#2f5f9e", "#c0432b", "#b3b8bd"
_COLUMNS = ("Style", "Ensemble", "Pieces", "Hours", "Bars", "Notes", "Notes a bar", "Tempo", "Metres", "Licences")
_DPI = 100
_MOST_BARS = 7


def write_card(corpus: Path) -> Path:
    """Write ``catalogue.html`` beside a corpus's ``catalogue.csv``; returns its path."""
    with (corpus / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (corpus / "left_out.csv").open(encoding="utf-8", newline="") as file:
        left_out = list(csv.DictReader(file))
    styles = _by_style(rows)
    image = base64.b64encode(portraits_png(rows)).decode() if rows else ""
    body = [
        f"<section><h2>Styles</h2><div class='wide'>{_table(styles)}</div></section>",
        "<section><h2>Styles</h2>",
        f"<img alt='Tempo, density, keys, metres and chords of each style' src='data:image/png;base64,{image}'>",
        "</section>",
        f"<section><h2>Left out</h2>{_left_out(left_out)}</section>",
    ]
    hours = sum(float(row["seconds"]) for row in rows) / 3600
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Corpus</title><style>{STYLE}</style>
</head>
<body>
<header><h1>Corpus</h1><p>{len(rows)} pieces in {len(styles)} styles, {hours:.0f} hours.</p></header>
<main>{"".join(body)}</main>
</body>
</html>
"""
    path = corpus / "catalogue.html"
    path.write_text(page, encoding="utf-8")
    return path


def _by_style(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["style"], []).append(row)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _table(styles: dict[str, list[Row]]) -> str:
    lines = ["<table><thead><tr>" + "".join(f"<th>{name}</th>" for name in _COLUMNS) + "</tr></thead><tbody>"]
    for style, rows in styles.items():
        bars, notes = (sum(int(row[name]) for row in rows) for name in ("bars", "notes"))
        tempi = sorted(float(row["tempo_bpm"]) for row in rows)
        cells = (
            ", ".join(name for name, _ in Counter(row["ensemble"] for row in rows).most_common(2)),
            f"{len(rows)}",
            f"{sum(float(row['seconds']) for row in rows) / 3600:.1f}",
            f"{bars}",
            f"{notes}",
            f"{notes / max(bars, 1):.1f}",
            f"{tempi[len(tempi) // 2]:.0f}",
            ", ".join(name for name, _ in Counter(row["meter"] for row in rows).most_common(3)),
            ", ".join(name for name, _ in Counter(row["licence"].split(" ")[0] for row in rows).most_common(3)),
        )
        lines.append(f"<tr><th>{escape(style)}</th>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return "".join(lines) + "</tbody></table>"


def _left_out(rows: Sequence[Row]) -> str:
    if not rows:
        return "<p>Nothing.</p>"
    reasons = Counter((row["dataset"], _kind(row["reason"])) for row in rows)
    items = (f"<li>{escape(name)}: {escape(why)} ({count})</li>" for (name, why), count in reasons.most_common())
    return f"<ul>{''.join(items)}</ul>"


def _kind(reason: str) -> str:
    """A reason without details of the piece."""
    return "The same as another piece." if reason.startswith("The same as") else reason[:80]


def portraits_png(rows: Sequence[Row]) -> bytes:
    """One row of pictures a style: tempo, notes a bar, keys on the circle of fifths, metres, chords. PNG bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    styles = _by_style(rows)
    figure = Figure(figsize=(15, 1.5 * len(styles) + 0.6), dpi=_DPI, layout="constrained")
    grid = figure.subplots(len(styles), 5, squeeze=False)
    for line, (style, pieces) in zip(grid, styles.items(), strict=True):
        _histogram(line[0], [float(row["tempo_bpm"]) for row in pieces], (30, 240))
        _histogram(line[1], [float(row["notes_per_bar"]) for row in pieces], (0, 80))
        _keys(line[2], [row["key"] for row in pieces if row["key"]])
        _shares(line[3], Counter(row["meter"] for row in pieces))
        _shares(line[4], _qualities(pieces))
        line[0].set_ylabel(style, rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(grid[0], ("tempo (beats a minute)", "notes a bar", "keys", "metres", "chords"), strict=True):
        axis.set_title(title, fontsize=9)
    image = io.BytesIO()
    FigureCanvasAgg(figure).print_png(image)
    return image.getvalue()


def _qualities(rows: Sequence[Row]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        for item in row["chord_qualities"].split():
            quality, count = item.rsplit(":", 1)
            total[quality] += int(count)
    return total


def _histogram(axis: Axes, values: Sequence[float], limits: tuple[float, float]) -> None:
    low, high = limits
    axis.hist([min(max(value, low), high) for value in values], bins=30, range=limits, color=_INK)
    _bare(axis)


def _keys(axis: Axes, labels: Sequence[str]) -> None:
    """Major keys above the line, minor keys below, in the order of fifths, D flat to F sharp."""
    order = [(-5 + step) * 7 % 12 for step in range(12)]
    tonics = {name: i for i, name in enumerate(PITCH_NAMES_FLAT)} | {"C#": 1, "D#": 3, "F#": 6, "G#": 8, "A#": 10}
    counts: Counter[tuple[int, str]] = Counter()
    for label in labels:
        tonic, mode = label.split(" ")
        counts[tonics[tonic], mode] += 1
    places = range(12)
    axis.bar(places, [counts[tonic, "major"] for tonic in order], color=_ACCENT)
    axis.bar(places, [-counts[tonic, "minor"] for tonic in order], color=_INK)
    _bare(axis)
    axis.set_xticks(list(places), [PITCH_NAMES_FLAT[tonic] for tonic in order], fontsize=6)


def _shares(axis: Axes, counts: Counter[str]) -> None:
    top: list[tuple[str, Any]] = counts.most_common(_MOST_BARS)
    axis.bar(range(len(top)), [count for _, count in top], color=_SOFT)
    axis.set_xlim(-0.6, _MOST_BARS - 0.4)
    _bare(axis)
    axis.set_xticks(range(len(top)), [name for name, _ in top], fontsize=6)


def _bare(axis: Axes) -> None:
    axis.set_yticks([])
    axis.tick_params(axis="x", labelsize=6)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
