"""The page of an evaluation: weak bars in the score, suggestions, measures beside people's, sound, piano rolls."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from symbolic_cover.evaluation.findings import Finding
from symbolic_cover.evaluation.judgement import Judged
from symbolic_cover.evaluation.people import Range
from symbolic_cover.reports.page import audio, image, inline, number, section, write_page

_MORE_STYLE = """
span.within { color: #2c7a4b; } span.below, span.above { color: #b5432a; font-weight: 600; }
.weak:hover { fill-opacity: .6; }
.range { position: relative; width: 9rem; height: .8rem; background: #eceae5; border-radius: 2px; }
.range i { position: absolute; top: 0; bottom: 0; background: #b9cfc0; }
.range b { position: absolute; top: -2px; bottom: -2px; width: 3px; background: #1d2328; }
th.aspect { padding-top: .9rem; color: #b5432a; }
li small { color: #667078; }
"""


def write_evaluation_html(
    path: Path,
    *,
    title: str,
    style: str,
    judged: Sequence[Judged],
    findings: Sequence[Finding],
    advice: Sequence[str],
    remarks: Sequence[str] = (),
    score_svgs: Sequence[str] = (),
    piano_roll_pngs: Sequence[bytes] = (),
    audio_path: Path | None = None,
) -> None:
    """Write the page as one HTML file without external resources; weak bars are already marked in `score_svgs`."""
    weak = "Weak bars are coloured; hover over one to read why." if findings and score_svgs else ""
    sections = [
        audio(audio_path, Path(path)),
        section("Remarks", _list(remarks)),
        section("Weak bars", _findings(findings) if findings else "<p>None were found.</p>"),
        section("What to try next", _list(advice)),
        section("Beside people", _table(judged, style)),
        section("Score", (f"<p>{weak}</p>" if weak else "")
                + "".join(f'<div class="sheet">{inline(svg)}</div>' for svg in score_svgs)),
        section("Song and cover", "".join(image(png) for png in piano_roll_pngs)),
    ]  # fmt: skip
    write_page(path, title, f"Measures of the cover, as {style}", sections, _MORE_STYLE)


def _list(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line[:1].upper() + line[1:])}</li>" for line in lines)
    return items and f"<ul>{items}</ul>"


def _findings(findings: Sequence[Finding]) -> str:
    items = "".join(
        f"<li>{escape(one.where.capitalize())}: {escape(one.text)} <small>({escape(one.kind)})</small></li>"
        for one in findings
    )
    return f"<ul>{items}</ul>"


def _table(judged: Sequence[Judged], style: str) -> str:
    """A row for each measure, grouped by aspect, with its place in people's range as a picture."""
    rows = ""
    for aspect, measures in groupby(judged, key=lambda one: one.aspect):
        rows += f"<tr><th class=aspect colspan=5>{escape(aspect.capitalize())}</th></tr>"
        for one in measures:
            people = f"{number(one.people.low)} to {number(one.people.high)}" if one.people else "–"
            verdict = f'<span class="{one.verdict}">{one.verdict}</span>' if one.verdict else ""
            name = escape(one.name.replace("_", " "))
            rows += (
                f"<tr><th scope=row>{name}<small>{escape(one.text)}</small></th><td>{number(one.value)}</td>"
                f"<td>{people}</td><td>{_drawn(one.value, one.people)}</td><td>{verdict}</td></tr>"
            )
    heads = ("", "cover", f"people, {escape(style)}", "", "")
    head = "".join(f"<th scope=col>{name}</th>" for name in heads)
    note = "<p>People: the 5th to the 95th percentile of their pieces. A dash: unknown.</p>"
    return f'{note}<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _drawn(value: float, people: Range | None) -> str:
    """People's range as a band and the cover as a stroke, on a scale that contains both."""
    if people is None or value != value:
        return ""
    low, high = min(value, people.low), max(value, people.high)
    room = 0.1 * (high - low) or 1.0
    span = high - low + 2 * room

    def place(at: float) -> float:
        return 100 * (at - low + room) / span

    left, width = place(people.low), max(place(people.high) - place(people.low), 1.0)
    band = f'<i style="left:{left:.1f}%;width:{width:.1f}%"></i>'
    return f'<div class="range">{band}<b style="left:{place(value):.1f}%"></b></div>'
