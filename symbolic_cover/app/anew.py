"""A cover of which some bars are arranged anew: those that corrections touched, or those that are asked for."""

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
    """A cover in its folder: the arrangement part by part, the song sheet that it covers, and how it was asked for."""

    arrangement: Arrangement
    sheet: SongSheet
    style: Style
    controls: Controls
    source: str


def read_saved(folder: Path) -> Saved:
    """What `cover` left in a folder, to go on from. Raises `UsageError` or `InputError` where it cannot be read."""
    if not (folder / "arrangement.mid").is_file():
        raise UsageError(f"There is no cover in {folder}.", "Name a folder that `symbolic-cover cover` wrote.")
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
    assert sheet is not None  # or `read_cover` had refused
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
    """The cover `onto` in which `bars` (from 1) are arranged anew, as `sheet` has them; all else stays to the note.

    Without `bars`, those in which the sheet differs from what was covered. `style` may be another one, played by the
    same ensemble; transposition and tempo stay. `arranged` is told the arrangement before it is
    judged. Raises `UsageError` where there is no such bar, where nothing differs, or where bar lines do: then the whole
    song is to be covered.
    """
    clock = Clock(progress)
    chosen = load_style(style or onto.style.name, onto.style.ensemble.name)
    controls = replace(controls or onto.controls, transpose=onto.controls.transpose, tempo=onto.controls.tempo)
    stages = stages or load_stages(checkpoint, chosen.name)
    if [bar.start_tick for bar in sheet.grid.bars] != [bar.start_tick for bar in onto.sheet.grid.bars]:
        raise UsageError("The bar lines are not those of that cover.", "Cover the whole song, without --onto.")
    if bars is None:
        bars = changed_bars(onto.sheet, sheet)
        if not bars:
            raise UsageError("Nothing was corrected since that cover.", "Name --bars to have them arranged anew.")
    prepared = prepare_sheet(sheet, controls, chosen.ensemble, chosen.manner)
    times = prepared.grid.bars[-1].end_tick // sheet.grid.bars[-1].end_tick  # 2 where it is counted twice as fast
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
    """The spans of bars (from 1)."""
    known = sheet.grid.bars
    if wrong := [bar for bar in bars if not 1 <= bar <= len(known)]:
        raise UsageError(f"There is no bar {wrong[0]}.", f"The song has {len(known)} bars.")
    return joined([(known[bar - 1].start_tick, known[bar - 1].end_tick) for bar in bars])
