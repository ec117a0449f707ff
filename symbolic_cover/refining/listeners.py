"""Preferences from people: their ratings, and scores that they corrected by hand."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.analysis.song import analyze
from symbolic_cover.app.saved import MIDI, REPORT, SCORE, covered_sheet, read_report
from symbolic_cover.arrangement.arranger import at_home, prepare_sheet
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style
from symbolic_cover.corpus.excerpts import BARS
from symbolic_cover.evaluation.human_range import excerpt
from symbolic_cover.listening.formats import SCORE_SUFFIXES
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.listening.song import listen
from symbolic_cover.refining.candidates import prefer
from symbolic_cover.refining.preferences import Preference
from symbolic_cover.refining.tasks import Parts, Task, moved
from symbolic_cover.tokens.language import DRUMS

ORIGINAL, EDITED = MIDI, SCORE
#: A corrected wrong note makes two differences; differences between MIDI and MusicXML make one.
_FEWEST_DIFFERING = 2


@dataclass(frozen=True)
class Said:
    """A preference for the arrangement in one file over the one in another, both in `style` and of one song.

    `report` is the ``report.json`` beside one of them; `source` the song's own file, used without a song sheet beside
    them.
    """

    style: str
    chosen: Path
    rejected: Path
    origin: str
    report: Mapping[str, Any]
    source: Path | None = None

    @property
    def is_across_styles(self) -> bool:
        """Whether the two have different styles, ensembles or transpositions, according to their reports."""
        asked = [read_report(path.parent).get("settings", {}) for path in (self.chosen, self.rejected)]
        return any(
            name in asked[0] and name in asked[1] and asked[0][name] != asked[1][name]
            for name in ("style", "ensemble", "transpose")
        )


def said_in_ratings(path: Path) -> list[Said]:
    """The preferences in an export of `rate`, without ties. Raises `UsageError` or `InputError` for an invalid file."""
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Make one with: symbolic-cover rate --out FOLDER --export FILE")
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            told = json.loads(line)
            sides = {side: Path(told[side]) for side in "ab"}
            preferred, source, style = told["preferred"], told["source"], str(told["style"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}, line {number}, is not a rating.", "Export the ratings again.") from error
        if preferred in sides:
            chosen, rejected = sides[preferred], sides["b" if preferred == "a" else "a"]
            report = read_report(chosen.parent) or read_report(rejected.parent)
            found.append(Said(style, chosen, rejected, "ratings", report, Path(source) if source else None))
    return found


def said_by_correcting(folder: Path) -> Said:
    """The preference for the edited score in a cover's folder over the arrangement beside it.

    Raises `UsageError` if there is no cover.
    """
    missing = next((name for name in (ORIGINAL, EDITED, REPORT) if not (folder / name).is_file()), None)
    if missing:
        raise UsageError(f"There is no {missing} in {folder}.", "Name a folder made by `symbolic-cover cover`.")
    report = read_report(folder)
    return Said(
        str(report.get("settings", {}).get("style", "")), folder / EDITED, folder / ORIGINAL, "corrections", report
    )


def _song_of(said: Said, style: Style) -> SongSheet:
    """The song as it was covered. Raises `InputError` if it is unknown."""
    for folder in (said.chosen.parent, said.rejected.parent):
        if sheet := covered_sheet(folder):
            return sheet
    if said.source is None:
        raise InputError(f"The song that {said.chosen} covers is unknown.", "Rate covers that this version made.")
    return prepare_sheet(analyze(listen(said.source)), Controls(), style.ensemble, style.manner)


def preferences_of(said: Said, checkpoint: Checkpoint) -> Iterator[Preference]:
    """A preference for every eight bars in which the two differ.

    Raises `InputError` if the song or an arrangement cannot be read, or if their bars differ.
    """
    for path in (said.chosen, said.rejected):
        if path.suffix.lower() not in SCORE_SUFFIXES:
            raise InputError(f"{path.name} is sound, which cannot be learned from.", "Rate covers with scores.")
    if said.is_across_styles:
        raise InputError(
            f"{said.chosen} and {said.rejected} are in different styles or keys, or for different players.",
            "Rate covers of one style, by other seeds or checkpoints.",
        )
    style = load_style(said.style, said.report.get("settings", {}).get("ensemble"))
    sheet = _song_of(said, style)
    steps = sheet.key.steps_home
    home, shifted = sheet.transposed(steps), at_home(style, steps)
    chosen, rejected = (_read(path, sheet, style, steps) for path in (said.chosen, said.rejected))
    if said.origin == "corrections":
        chosen = {name: _as_played(notes, rejected[name]) for name, notes in chosen.items()}
    bars = sheet.grid.bars
    for first in range(0, len(bars), BARS):
        last = min(first + BARS, len(bars)) - 1
        begin, end = bars[first].start_tick, bars[last].end_tick
        better, worse = (_between(parts, begin, end) for parts in (chosen, rejected))
        few = excerpt(home, first, last)
        differing = _sounds(better) ^ _sounds(worse)
        if len(differing) >= _FEWEST_DIFFERING and (few.melody or few.chords):
            task = Task(f"{said.chosen.parent.name} {first}", few, shifted)
            yield prefer(checkpoint, task, better, worse, said.origin, 1.0, Controls())


def _read(path: Path, sheet: SongSheet, style: Style, steps: int) -> dict[str, list[Note]]:
    """The accompaniment in a file, by the parts of the style's ensemble, in C major or A minor."""
    heard = read_score(path, as_written=True)
    _must_run_together(path, heard.grid, sheet.grid)
    tracks = quantize(heard)
    specs = style.ensemble.parts
    by_label = {spec.label: spec.name for spec in specs}
    parts: dict[str, list[Note]] = {spec.name: [] for spec in specs}
    for index, track in enumerate(tracks):
        in_order = specs[index].name if len(tracks) == len(specs) else None
        name = by_label.get(track.name, in_order)
        if name is None:
            raise InputError(f"{path.name} has a part '{track.name}' that {style.ensemble.title} lacks.",
                             "Keep the names of the parts.")  # fmt: skip
        parts[name] += track.notes
    if lead := style.ensemble.lead:
        parts[lead] = _without_line(parts[lead], sheet.melody)
    return {name: moved(sorted(notes), 0 if name == DRUMS else steps) for name, notes in parts.items()}


def _as_played(notes: Sequence[Note], original: Sequence[Note]) -> list[Note]:
    """The notes of a score with the velocities of the original; new notes get that of the preceding note.

    A score does not state velocities or exact lengths.
    """
    if not original:
        return list(notes)
    there = {(note.onset_tick, note.pitch): note for note in original}
    onsets = [note.onset_tick for note in original]
    loudness = [original[max(bisect_right(onsets, note.onset_tick) - 1, 0)].velocity for note in notes]
    return [there.get((note.onset_tick, note.pitch), note._replace(velocity=loud))
            for note, loud in zip(notes, loudness, strict=True)]  # fmt: skip


def _must_run_together(path: Path, grid: Grid, other: Grid) -> None:
    """Raise `InputError` unless the bars are the same."""
    ours, theirs = ([bar.meter for bar in one.bars] for one in (grid, other))
    shorter = min(len(ours), len(theirs))
    if ours[:shorter] != theirs[:shorter] or abs(len(ours) - len(theirs)) > 1:
        raise InputError(f"{path.name} does not have the bars of its song.", "Keep its bars and metre.")


def _without_line(notes: Sequence[Note], melody: Sequence[Note]) -> list[Note]:
    """The notes of the leading part without its melody: at each melody onset the melody's note, or else the highest."""
    kept = sorted(notes)
    for wanted in melody:
        there = [note for note in kept if note.onset_tick == wanted.onset_tick]
        same = [note for note in there if note.pitch == wanted.pitch]
        if there:
            kept.remove(same[0] if same else there[-1])
    return kept


def _between(parts: Parts, begin: int, end: int) -> dict[str, list[Note]]:
    return {name: [note for note in notes if begin <= note.onset_tick < end] for name, notes in parts.items()}


def _sounds(parts: Parts) -> set[tuple[str, int, int]]:
    return {(name, note.onset_tick, note.pitch) for name, notes in parts.items() for note in notes}
