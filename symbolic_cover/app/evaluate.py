"""Evaluate a cover, or any arrangement of a song: measure it, find weak bars, and write a page about it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import symusic

from symbolic_cover.analysis.song import analyze
from symbolic_cover.analysis.tempo_level import doubled, is_counted_double
from symbolic_cover.app.play import notated
from symbolic_cover.app.saved import MIDI, SCORE, covered_sheet, read_report
from symbolic_cover.arrangement.adapter import OWN
from symbolic_cover.arrangement.arranger import prepare_sheet
from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import Controls, Notation
from symbolic_cover.core.errors import InputError, MissingDependencyError, UsageError
from symbolic_cover.core.files import unfinished_folder
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import SONG_FILE
from symbolic_cover.core.styles import DEFAULT_STYLE, load_style, user_styles
from symbolic_cover.evaluation import readability
from symbolic_cover.evaluation.align import SAME_SONG, align, as_players, lengthened, on_grid
from symbolic_cover.evaluation.findings import Finding, advice_of, find_weak_bars
from symbolic_cover.evaluation.human_range import HumanRange, load_ranges
from symbolic_cover.evaluation.judgement import Judged, judge
from symbolic_cover.evaluation.measures import Case, measure_cover
from symbolic_cover.evaluation.memorisation import PatternIndex, accompaniment, pattern_hashes
from symbolic_cover.evaluation.people import Range, load_people, readable_people, verdict
from symbolic_cover.listening.formats import AUDIO_SUFFIXES, MIDI_SUFFIXES, SCORE_SUFFIXES
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.listening.song import listen
from symbolic_cover.performance.midi import offset_sec_of


@dataclass(frozen=True)
class Subject:
    """What is evaluated: an arrangement and its song on one grid, and its files.

    `remarks` say how the two were aligned.
    """

    name: str
    arrangement: Arrangement
    sheet: SongSheet
    style: str
    ensemble: str = ""
    musicxml: Path | None = None
    audio: Path | None = None
    has_source: bool = True
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """An evaluation: every measure with the range of people's pieces, weak bars, and suggestions."""

    subject: Subject
    judged: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]
    nearest_song: str = ""
    people: dict[str, Range] = field(default_factory=dict, repr=False)

    def facts(self) -> dict[str, Any]:
        """The evaluation as plain data, as ``--json`` prints it; unknown values are null."""
        return {
            "name": self.subject.name,
            "style": self.subject.style,
            "measures": {
                one.name: {
                    "aspect": one.aspect,
                    "value": None if math.isnan(one.value) else round(one.value, 4),
                    "people": list(one.people) if one.people else None,
                    "verdict": one.verdict or None,
                }
                for one in self.judged
            },
            "weak_bars": [
                {"bars": [one.first_bar + 1, one.last_bar + 1], "kind": one.kind, "text": one.text,
                 "advice": one.advice}
                for one in self.findings
            ],
            "nearest_song": self.nearest_song or None,
            "advice": list(self.advice),
            "remarks": list(self.subject.remarks),
        }  # fmt: skip


def find_covers(path: Path) -> list[Path]:
    """The folders made by `cover` at or directly below a path; [] if there are none."""
    if (path / MIDI).is_file():
        return [path]
    return sorted(folder for folder in path.iterdir() if (folder / MIDI).is_file()) if path.is_dir() else []


def read_cover(folder: Path, style: str | None = None) -> Subject:
    """Read the cover in a folder. Raises `InputError` without a song sheet."""
    settings = read_report(folder, must_be_whole=True).get("settings", {})
    sheet = covered_sheet(folder)
    if sheet is None:
        raise InputError(f"There is no {SONG_FILE} in {folder}.", "Name the song with --source.")
    style = style or str(settings.get("style", DEFAULT_STYLE))
    ensemble = str(settings.get("ensemble", "")) or load_style(style).ensemble.name
    groups = {spec.label: spec.group for spec in load_style(style, ensemble).ensemble.parts}
    parts = tuple(replace(part, group=groups.get(part.name, "")) for part in _parts_of(folder / MIDI))
    played = Arrangement(parts, (), sheet.grid, sheet.key, sheet.chords, style,
                         str(settings.get("arranger", "")), sheet.title)  # fmt: skip
    end_tick = max((note.end_tick for note in played.notes), default=0)
    sheet = lengthened(sheet, end_tick)
    return Subject(folder.resolve().name, on_grid(played, sheet), sheet, style, ensemble,
                   _there(folder / SCORE), _sound_in(folder))  # fmt: skip


def read_pair(arrangement: Path, source: Path | None, style: str | None = None) -> Subject:
    """Read any arrangement (MIDI, MusicXML, ABC, kern) and its song (the same formats, or a recording).

    The two may differ in key and in the bar they begin in. Without a source the arrangement is measured alone. Raises
    `UsageError` for a file that is not a score.
    """
    folder = arrangement if arrangement.is_dir() else None
    path = arrangement / MIDI if folder else arrangement
    if path.suffix.lower() not in SCORE_SUFFIXES:
        raise UsageError(f"{path.name} is not a score.", f"Give one of {', '.join(SCORE_SUFFIXES)}.")
    settings = read_report(folder, must_be_whole=True).get("settings", {}) if folder else {}
    style = style or str(settings.get("style", DEFAULT_STYLE))
    heard = read_score(path)
    played = replace(notated(heard), style=style)
    played = replace(played, parts=as_players(played.parts))
    musicxml = folder / SCORE if folder else path
    written = _there(musicxml) if musicxml.suffix.lower() in (".musicxml", ".xml", ".mxl") else None
    sound = _sound_in(folder) if folder else None
    name = folder.resolve().name if folder else path.stem
    load_style(style)
    if source is None:
        sheet = analyze(heard)
        alone = on_grid(played, sheet)
        remark = "No source was given, so faithfulness is not measured."
        return Subject(name, alone, sheet, style, "", written, sound, has_source=False, remarks=(remark,))
    sheet = analyze(listen(source))
    counted = [sheet, doubled(sheet)] if is_counted_double(sheet) else [sheet]  # as a swinging band may
    aligned = max((align(one, played) for one in counted), key=lambda one: one.found)
    if source.suffix.lower() in AUDIO_SUFFIXES:  # it may have been played along with the recording
        timed = notated(_moved_to(heard, sheet.grid, _offset_sec(path)))
        timed = replace(timed, style=style, parts=as_players(timed.parts))
        aligned = max(aligned, align(sheet, timed), key=lambda one: one.found)
    remarks = []
    if aligned.semitones:
        remarks.append(f"The song was transposed by {aligned.semitones:+d} semitones to the key of the arrangement.")
    if aligned.shift_tick:
        quarters = aligned.shift_tick / TICKS_PER_QUARTER
        remarks.append(f"The arrangement was moved by {quarters:+g} quarter notes to align with the song.")
    if aligned.found < SAME_SONG:
        remarks.append(f"Only {aligned.found:.0%} of the melody was found: is this an arrangement of that song?")
    return Subject(name, aligned.arrangement, aligned.sheet, style, "", written, sound, remarks=tuple(remarks))


def evaluate(
    arrangement: Arrangement, sheet: SongSheet, *, ensemble: str = "", checkpoint: str | Path | None = None
) -> Evaluation:
    """Evaluate an arrangement of a song sheet, both on the sheet's grid and in its key, against people's pieces in its
    style.

    `ensemble` is the one that plays, if not the style's own. `checkpoint` has people's ranges and the training
    patterns; None is the default one. Raises `UsageError` for an unknown style, ensemble or checkpoint.
    """
    style = load_style(arrangement.style, ensemble or None)
    covered = prepare_sheet(sheet, Controls(), style.ensemble, style.manner)
    subject = Subject(sheet.title, arrangement, covered, arrangement.style, ensemble)
    return evaluate_subject(subject, checkpoint)


def evaluate_subject(subject: Subject, checkpoint: str | Path | None = None) -> Evaluation:
    """Evaluate a cover with people's ranges and the training patterns of a checkpoint."""
    folder = find_checkpoint(checkpoint, subject.style) or find_checkpoint(checkpoint)
    people = dict(load_people(folder).get(subject.style, {})) if folder else {}
    human = _human(folder, subject.style) if folder else None
    index = PatternIndex.load(folder) if folder else None
    arrangement, sheet = subject.arrangement, subject.sheet
    case = Case(arrangement, sheet, human.profile if human else None, index)
    measured = measure_cover(case, has_source=subject.has_source)
    judged = judge(measured, people)
    if subject.musicxml is not None:
        judged += _judge_reading(subject.musicxml, subject.ensemble or load_style(subject.style).ensemble.name)
    findings = find_weak_bars(arrangement, sheet, people, index)
    nearest = index.nearest(pattern_hashes(accompaniment(arrangement), sheet.grid.bars))[1] if index else ""
    advice = dict.fromkeys([*advice_of(findings), *(one.advice for one in judged if one.advice)])
    return Evaluation(subject, judged, tuple(findings), tuple(advice), nearest, people)


def _human(folder: Path, style: str) -> HumanRange | None:
    """The ranges of people's pieces in a style; for a user's style, those of the songs that it was learned from."""
    own = user_styles().get(style)
    return load_ranges(own).get(OWN) if own else load_ranges(folder).get(style)


def save_evaluation(judged: Evaluation, folder: Path) -> dict[str, Path]:
    """Write ``evaluation.json`` and ``evaluation.html`` into a folder, both or neither."""
    from symbolic_cover.reports.evaluation_page import write_evaluation_html
    from symbolic_cover.reports.rolls import piano_roll_png

    subject = judged.subject
    names = ("evaluation.json", "evaluation.html")
    with unfinished_folder(folder) as made:
        facts, page = (made / name for name in names)
        facts.write_text(json.dumps(judged.facts(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        pages = _marked_pages(judged, made)
        write_evaluation_html(
            page,
            title=subject.sheet.title if subject.sheet.title != "Untitled" else subject.name,
            style=subject.style, judged=judged.judged, findings=judged.findings, advice=judged.advice,
            remarks=subject.remarks, score_svgs=pages,
            piano_roll_pngs=[piano_roll_png(subject.sheet, subject.arrangement)],
            audio_path=subject.audio or _played(subject, made),
        )  # fmt: skip
        return {path.suffix[1:]: path.replace(folder / path.name) for path in (facts, page)}


def _marked_pages(judged: Evaluation, folder: Path) -> list[str]:
    """The score with its weak bars coloured: the subject's own if its bars are those judged, else engraved anew."""
    from symbolic_cover.notation.engrave import engrave_svg
    from symbolic_cover.notation.musicxml import write_musicxml
    from symbolic_cover.reports.marked_score import count_bars, mark_bars

    subject = judged.subject
    own = subject.musicxml if subject.musicxml and subject.musicxml.suffix.lower() != ".mxl" else None
    pages = engrave_svg(own) if own else []
    if count_bars(pages) != len(subject.sheet.grid.bars):
        whole = replace(subject.arrangement, title=subject.sheet.title)
        write_musicxml(whole, folder / SCORE, Notation(written_out=True))
        pages = engrave_svg(folder / SCORE)
    reasons: dict[int, list[str]] = {}
    for one in judged.findings:
        for bar in range(one.first_bar, one.last_bar + 1) if one.kind != "form" else ():
            reasons.setdefault(bar, []).append(one.text)
    return mark_bars(pages, {bar: "; ".join(texts) for bar, texts in reasons.items()})


def _played(subject: Subject, folder: Path) -> Path | None:
    """The arrangement as sound, if there is a synthesizer and a SoundFont."""
    from symbolic_cover.performance.midi import arrangement_score
    from symbolic_cover.sound.audio import render_audio

    path = folder / "cover.ogg"
    try:
        render_audio(arrangement_score(subject.arrangement), path)
    except MissingDependencyError:
        return None
    return path


def _judge_reading(musicxml: Path, ensemble: str) -> tuple[Judged, ...]:
    """How hard the score is to read, compared with people's for the ensemble; empty if it cannot be measured."""
    people = readable_people().get(ensemble, {})
    measured = readability.readability(musicxml)
    return tuple(
        Judged(f"reading_{name}", "readability", text, round(measured[name], 2), people.get(name),
               verdict(round(measured[name], 2), people.get(name)))
        for name, text in readability.DESCRIPTIONS.items()
    )  # fmt: skip


def _offset_sec(path: Path) -> float:
    """The time in the recording at which a score says it begins, in seconds."""
    return offset_sec_of(symusic.Score(path)) if path.suffix.lower() in MIDI_SUFFIXES else 0.0


def _moved_to(heard: Heard, grid: Grid, offset_sec: float) -> Heard:
    """What was heard, shifted in time and on another grid."""
    tracks = tuple(
        track._replace(notes=tuple(
            note._replace(onset_sec=note.onset_sec + offset_sec, end_sec=note.end_sec + offset_sec)
            for note in track.notes
        ))
        for track in heard.tracks
    )  # fmt: skip
    chords = heard.chords and tuple(
        chord._replace(start_sec=chord.start_sec + offset_sec, end_sec=chord.end_sec + offset_sec)
        for chord in heard.chords
    )
    return replace(heard, tracks=tracks, chords=chords, grid=grid)


def _parts_of(midi: Path) -> Iterator[Part]:
    """The parts of a cover's MIDI, at their written ticks."""
    try:
        score = symusic.Score(midi)
    except Exception as error:  # symusic raises the errors of its C++ parser
        raise InputError(f"{midi} is not a MIDI file that can be read.", "Make the cover again.") from error
    factor = TICKS_PER_QUARTER / score.ticks_per_quarter
    for track in score.tracks:
        notes = (
            Note(round(note.time * factor), max(round(note.duration * factor), 1), note.pitch, max(note.velocity, 1))
            for note in track.notes
        )
        yield Part(track.name, "", track.program, tuple(sorted(notes)), track.is_drum)


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _sound_in(folder: Path) -> Path | None:
    return next((path for path in sorted(folder.glob("cover.*")) if path.suffix in AUDIO_SUFFIXES), None)
