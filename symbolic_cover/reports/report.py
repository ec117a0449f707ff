"""The report of a cover: one self-contained page, and the same as JSON.

All contents are arguments; the page embeds its images, its score and (unless it is long) its sound.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from symbolic_cover.core.arrangement import Part, Report
from symbolic_cover.core.music import PITCH_NAMES_FLAT
from symbolic_cover.reports.page import audio, image, inline, number, section, write_page
from symbolic_cover.reports.rolls import piano_roll_png

__all__ = ["piano_roll_png", "write_report_html", "write_report_json"]


def write_report_html(
    path: Path,
    *,
    report: Report,
    title: str,
    piano_roll_pngs: Sequence[bytes] = (),
    score_svgs: Sequence[str] = (),
    audio_path: Path | None = None,
    descriptions: Mapping[str, str] | None = None,
    parts: Sequence[Part] = (),
) -> None:
    """Write the report as one HTML file without external resources.

    `parts` are those of the cover, listed with their instruments and ranges. `descriptions` explains the metrics and
    gives their order; metrics without one come last. Sound is embedded if it takes at most `MAX_EMBEDDED_BYTES` as Ogg
    or MP3, else linked by its name relative to the page.
    """
    sections = [
        audio(audio_path, Path(path)),
        _findings(report.findings),
        _scores(report.scores, descriptions or {}),
        _parts(parts),
        section("Score", "".join(f'<div class="sheet">{inline(svg)}</div>' for svg in score_svgs)),
        section("Source and cover", "".join(image(png) for png in piano_roll_pngs)),
        section("Settings", _pairs({name: _plain(value) for name, value in report.settings.items()})),
        section("Time taken", _pairs({name: f"{seconds:.1f} s" for name, seconds in report.timings_sec.items()})),
    ]
    write_page(path, title, "A cover by symbolic-cover", sections)


def write_report_json(path: Path, report: Report, parts: Sequence[Part] = ()) -> None:
    """Write the report as JSON; numbers that are not finite become null, unsupported values become text."""
    facts = {
        "scores": {
            arranger: {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
            for arranger, metrics in report.scores.items()
        },
        "findings": list(report.findings),
        "parts": [_facts_of(part) for part in parts],
        "settings": report.settings,
        "timings_sec": report.timings_sec,
    }
    Path(path).write_text(json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def _findings(findings: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in findings)
    return section("Findings", lines and f"<ul>{lines}</ul>")


def _scores(scores: Mapping[str, Mapping[str, float]], descriptions: Mapping[str, str]) -> str:
    """A row for each metric, a column for each arranger."""
    measured = dict.fromkeys(name for metrics in scores.values() for name in metrics)
    described = [name for name in descriptions if name in measured]
    names = [*described, *(name for name in measured if name not in descriptions)]
    if not names:
        return ""
    head = "".join(f"<th scope=col>{escape(arranger)}</th>" for arranger in scores)
    rows = "".join(
        f"<tr><th scope=row>{escape(name.replace('_', ' '))}<small>{escape(descriptions.get(name, ''))}</small></th>"
        + "".join(f"<td>{number(metrics.get(name))}</td>" for metrics in scores.values())
        + "</tr>"
        for name in names
    )
    table = f"<table><thead><tr><th></th>{head}</tr></thead>{rows}</table>"
    return section("Measures", f'<div class="wide">{table}</div>')


def _facts_of(part: Part) -> dict[str, object]:
    """The facts of a part. Its instrument is General MIDI's."""
    from pretty_midi import program_to_instrument_name

    pitches = [note.pitch for note in part.notes]
    instrument = "Drums" if part.is_drums else program_to_instrument_name(part.program)
    facts: dict[str, object] = {"name": part.name, "instrument": instrument, "notes": len(pitches)}
    if pitches and not part.is_drums:
        facts |= {"lowest": min(pitches), "highest": max(pitches)}
    return facts


def _parts(parts: Sequence[Part]) -> str:
    """A row for each part of the cover."""
    if not parts:
        return ""
    rows = ""
    for part in parts:
        facts = _facts_of(part)
        reach = f"{_pitch_name(facts['lowest'])} to {_pitch_name(facts['highest'])}" if "lowest" in facts else "–"
        cells = (str(facts["instrument"]), str(facts["notes"]), reach)
        rows += f"<tr><th scope=row>{escape(part.name)}</th>{''.join(f'<td>{escape(c)}</td>' for c in cells)}</tr>"
    head = "".join(f"<th scope=col>{name}</th>" for name in ("instrument", "notes", "range"))
    return section("Parts", f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead>{rows}</table></div>')


def _pitch_name(pitch: object) -> str:
    """Scientific pitch notation; middle C is C4."""
    assert isinstance(pitch, int)
    return f"{PITCH_NAMES_FLAT[pitch % 12]}{pitch // 12 - 1}"


def _pairs(pairs: Mapping[str, str]) -> str:
    rows = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(value)}</dd>" for name, value in pairs.items()
    )
    return f"<dl>{rows}</dl>" if rows else ""


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
