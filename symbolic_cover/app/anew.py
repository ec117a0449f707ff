"""Arrange some bars of a cover anew: those that corrections changed, or those that are named."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symbolic_cover.app.cover import Cover, report_of
from symbolic_cover.app.evaluate import read_cover
from symbolic_cover.app.saved import read_report, sheet_before_covering
from symbolic_cover.app.stages import Stages, load_stages
from symbolic_cover.arrangement.anew import Ticks, in_octave_of, joined, splice
from symbolic_cover.arrangement.arranger import prepare_sheet
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.progress import Clock, Progress
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style
from symbolic_cover.correcting.history import changed_bars
from symbolic_cover.evaluation.measures import score_arrangement
from symbolic_cover.notation.feel import in_melody_feel

_CONTROLS = tuple(Controls.__dataclass_fields__)


@dataclass(frozen=True)
class Saved:
    """A saved cover: the arrangement by part, the song sheet that it covers, and the settings it was made with."""

    arrangement: Arrangement
    sheet: SongSheet
    style: Style
    controls: Controls
    source: str


def read_saved(folder: Path) -> Saved:
    """Read the cover in a folder. Raises `UsageError` where there is none, `InputError` where it cannot be read."""
    if not (folder / "arrangement.mid").is_file():
        raise UsageError(f"There is no cover in {folder}.", "Name a folder made by `symbolic-cover cover`.")
    subject = read_cover(folder)
    settings: dict[str, Any] = read_report(folder, must_be_whole=True).get("settings", {})
    style = load_style(subject.style, subject.ensemble)
    try:
        controls = Controls(**{name: settings[name] for name in _CONTROLS if name in settings})
    except UsageError as error:
        raise InputError(f"{folder}: {error.cause}", "Make the cover again.") from error
    found = {part.name: part for part in subject.arrangement.parts}
    parts = []
    for spec in style.ensemble.parts:
        notes = found[spec.label].notes if spec.label in found else ()
        parts.append(Part(spec.label, spec.group, spec.program, notes, spec.is_drums))
    melody_onsets = {(note.onset_tick, note.pitch) for note in subject.sheet.melody}
    lead = next((part.notes for part, spec in zip(parts, style.ensemble.parts, strict=True)
                 if spec.name == style.ensemble.lead), ())  # fmt: skip
    melody = tuple(note for note in lead if (note.onset_tick, note.pitch) in melody_onsets)
    kept = replace(subject.arrangement, parts=tuple(parts), melody=melody)
    sheet = sheet_before_covering(folder)
    assert sheet is not None  # else `read_cover` would have raised
    return Saved(kept, sheet, style, controls, str(settings.get("source", "")))


def cover_anew(
    sheet: SongSheet,
    onto: Saved,
    bars: Collection[int] | None = None,
    *,
    style: str | None = None,
    controls: Controls | None = None,
    checkpoint: str | Path | None = None,
    stages: Stages | None = None,
    progress: Progress | None = None,
    arranged: Callable[[Arrangement], None] | None = None,
) -> Cover:
    """Arrange `bars` (from 1) of the cover `onto` anew, as `sheet` has them; all other notes stay.

    Without `bars`, those in which the sheet differs from the one that was covered. `style` may be another one with the
    same ensemble; transposition and tempo stay. `arranged` is called with the arrangement before it is judged. Raises
    `UsageError` for an unknown bar, where nothing differs, or where bar lines differ (then cover the whole song).
    """
    clock = Clock(progress)
    chosen = load_style(style or onto.style.name, onto.style.ensemble.name)
    controls = replace(controls or onto.controls, transpose=onto.controls.transpose, tempo=onto.controls.tempo)
    stages = stages or load_stages(checkpoint, chosen.name)
    if [bar.start_tick for bar in sheet.grid.bars] != [bar.start_tick for bar in onto.sheet.grid.bars]:
        raise UsageError("The bar lines differ from the cover.", "Cover the whole song, without --onto.")
    if bars is None:
        bars = changed_bars(onto.sheet, sheet)
        if not bars:
            raise UsageError(
                "Nothing has been corrected since that cover.", "Name the bars to arrange anew with --bars."
            )
    prepared = prepare_sheet(sheet, controls, chosen.ensemble, chosen.manner)
    times = prepared.grid.bars[-1].end_tick // sheet.grid.bars[-1].end_tick  # 2 where the tempo is doubled
    fresh = [(times * begin, times * end) for begin, end in _ticks(sheet, bars)]
    covered = in_octave_of(prepared, onto.arrangement, fresh)
    with clock.stage("arrange") as tell:
        drawn = stages.anew(covered, chosen, controls, onto.arrangement, fresh, tell)
        arrangement = splice(onto.arrangement, in_melody_feel(drawn), fresh)
    if arranged:
        arranged(arrangement)
    with clock.stage("choose"):
        scores = score_arrangement(arrangement, covered)
        report = report_of(arrangement, scores, covered, chosen, controls, stages, clock)
        told = {"source": onto.source} | report.settings | {"anew": sorted(bars)}
    return Cover(sheet, covered, arrangement, replace(report, settings=told), clock.seconds)


def _ticks(sheet: SongSheet, bars: Collection[int]) -> list[Ticks]:
    """The tick spans of bars (from 1)."""
    known = sheet.grid.bars
    if wrong := [bar for bar in bars if not 1 <= bar <= len(known)]:
        raise UsageError(f"There is no bar {wrong[0]}.", f"The song has {len(known)} bars.")
    return joined([(known[bar - 1].start_tick, known[bar - 1].end_tick) for bar in bars])
