"""The main use case: listen, analyse, arrange, choose, and write the files of a cover.

from symbolic_cover import cover
cover("song.mp3", style="pop-piano").save("out/")
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from symbolic_cover.analysis.doubt import places_to_check
from symbolic_cover.analysis.song import analyze
from symbolic_cover.app import saved
from symbolic_cover.app.ahead import loaded_ahead
from symbolic_cover.app.stages import Stages, load_stages
from symbolic_cover.arrangement.arranger import arrange_by_rules, prepare_sheet
from symbolic_cover.arrangement.choose import choose
from symbolic_cover.core.arrangement import Arrangement, Part, Report
from symbolic_cover.core.controls import Controls, Hints, Notation, Playback
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import must_not_replace, readable, unfinished_folder, writable_folder
from symbolic_cover.core.progress import Clock, Progress, silent
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.song_file import read_sheet, write_sheet
from symbolic_cover.core.styles import DEFAULT_STYLE, load_style
from symbolic_cover.evaluation.findings import advice_of, find_weak_bars
from symbolic_cover.evaluation.measures import DESCRIPTIONS, score_arrangement
from symbolic_cover.notation.feel import in_melody_feel
from symbolic_cover.notation.tablature import capo_of
from symbolic_cover.sound.formats import SOUND_FORMATS

AUDIO_FORMATS = tuple(suffix[1:] for suffix in SOUND_FORMATS)
SHEET_SUFFIX = ".json"


@dataclass(frozen=True)
class Cover:
    """A cover and the sheets it was made from.

    `sheet` is the song as heard or given; `covered` is the sheet that the arranger used: transposed, at its tempo, with
    the melody in the range of its part.
    """

    sheet: SongSheet
    covered: SongSheet
    arrangement: Arrangement
    report: Report
    timings_sec: dict[str, float] = field(repr=False)

    def save(
        self,
        folder: str | Path,
        *,
        audio_format: str = "wav",
        playback: Playback = Playback(),
        notation: Notation = Notation(),
        parts: bool = False,
        mix_with: Path | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Path]:
        """Write score, MIDI, sound and report into `folder`; all of them or, on an error, none.

        Returns the paths by kind: ``song`` (the song sheet), ``midi`` (as written), ``performance`` (MIDI as played),
        ``musicxml``, ``pdf`` (following `notation`), ``audio``, ``report_json``, ``report_html``, and the stems if
        `playback` asks for them; with `parts` also ``parts``, the folder of the parts of single players (MusicXML,
        PDF); with `mix_with`, the covered recording, also ``mix``.

        Raises `UsageError` for an unknown audio format or a folder that cannot be written.
        """
        if audio_format not in AUDIO_FORMATS:
            raise UsageError(
                f"There is no audio format '{audio_format}'.", f"Choose one of: {', '.join(AUDIO_FORMATS)}."
            )
        folder = writable_folder(folder)
        names = saved.cover_files(audio_format)
        saved.must_not_overrule(folder, self.sheet)
        must_not_replace(str(self.report.settings.get("source", "")), *(folder / name for name in names.values()))
        with unfinished_folder(folder) as unfinished:
            partial = {kind: unfinished / name for kind, name in names.items()}
            stems = _write_all(self, partial, playback, notation, progress or silent)
            partial |= stems
            separate = []
            if parts:
                from symbolic_cover.notation.parts import write_part_scores

                separate = write_part_scores(self.arrangement, unfinished / "parts", notation)
            names |= {kind: path.name for kind, path in stems.items()}
            if mix_with is not None:
                from symbolic_cover.app.play import mix_with as mix

                names["mix"] = f"mix.{audio_format}"
                partial["mix"] = unfinished / names["mix"]
                offset_sec = float(self.arrangement.grid.sec_at(0))
                mix(mix_with, partial["audio"], offset_sec, partial["mix"], playback.lufs)
            for kind, name in names.items():
                os.replace(partial[kind], folder / name)
            if parts:
                (folder / "parts").mkdir(exist_ok=True)
                for path in separate:
                    os.replace(path, folder / "parts" / path.name)
                names["parts"] = "parts"
        return {kind: folder / name for kind, name in names.items()}


def cover(
    source: str | Path,
    style: str = DEFAULT_STYLE,
    controls: Controls = Controls(),
    *,
    ensemble: str | None = None,
    hints: Hints = Hints(),
    checkpoint: str | Path | None = None,
    sheet: SongSheet | None = None,
    stages: Stages | None = None,
    progress: Progress | None = None,
) -> Cover:
    """Make a cover of a recording, a score or a song sheet (``song.json``), or of `sheet`, which `source` then names.

    `ensemble` replaces the style's own. `checkpoint` is a folder, the name of a shipped one, ``rules`` for the arranger
    without a model, or None for the default. Raises `SymbolicCoverError` for every error that a user can correct.
    """
    clock = Clock(progress)
    chosen_style = load_style(style, ensemble)
    stages = stages or load_stages(checkpoint, style)
    if sheet is None:
        sheet = _sheet_of(Path(source), hints, stages, clock)
    with loaded_ahead(), clock.stage("arrange") as tell:
        covered = prepare_sheet(sheet, controls, chosen_style.ensemble, chosen_style.manner)
        candidates = [in_melody_feel(candidate) for candidate in stages.arrange(covered, chosen_style, controls, tell)]
    with clock.stage("choose"):
        arrangement, scores = choose(candidates, covered, stages.human.get(style))
        report = report_of(arrangement, scores, covered, chosen_style, controls, stages, clock)
        report = replace(report, settings={"source": readable(source)} | report.settings)
    return Cover(sheet, covered, arrangement, report, clock.seconds)


def _sheet_of(source: Path, hints: Hints, stages: Stages, clock: Clock) -> SongSheet:
    """The song sheet of a recording or score, or the given one."""
    if source.suffix.lower() == SHEET_SUFFIX:
        if hints != Hints():
            raise UsageError("Hints have no effect on a song sheet.", "Correct the sheet instead.")
        return read_sheet(source)
    with clock.stage("listen") as tell:
        heard = stages.listen(source, hints, tell)
    with clock.stage("analyze"):
        return analyze(heard)


def report_of(
    arrangement: Arrangement,
    scores: dict[str, float],
    sheet: SongSheet,
    style: Style,
    controls: Controls,
    stages: Stages,
    clock: Clock,
) -> Report:
    """Compare the metrics of the cover with those of the rules and of the source."""
    copied = replace(arrangement, parts=(Part("Source", "Source", 0, sheet.notes),), melody=sheet.melody)
    baseline = arrange_by_rules(sheet, style, controls)
    columns = {
        "cover": scores,
        "rules": score_arrangement(baseline, sheet),
        "source": score_arrangement(copied, sheet),
    }
    settings: dict[str, object] = {
        "style": style.name,
        "ensemble": style.ensemble.name,
        "arranger": stages.arranger,
        "adopted": stages.is_adopted,
    }
    settings |= vars(controls)
    settings |= {
        "key": sheet.key.label,
        "meter": str(sheet.grid.meter),
        "tempo_bpm": round(sheet.grid.tempo_bpm, 1),
        "bars": len(sheet.grid.bars),
        "beat_confidence": round(sheet.grid.confidence, 2),
        "corrections": list(sheet.corrections.done),
    }
    return Report(columns, tuple(_findings(arrangement, sheet, stages)), settings, clock.seconds)


def _findings(arrangement: Arrangement, sheet: SongSheet, stages: Stages) -> Iterator[str]:
    """Notes about this cover for its user."""
    if stages.arranger == "rules":
        yield "Arranged by rules, without a model."
    if stages.is_adopted:
        yield f"Arranged by {stages.arranger}, which you adopted; --checkpoint shipped uses the shipped one."
    yield from sheet.remarks
    if sheet.source.kind == "audio":
        from symbolic_cover.listening.audio.ears import ears_missed

        yield from ears_missed()
    if sheet.grid.confidence < 0.5:
        yield "The beat is uncertain: check tempo and bar lines, or give --bpm, --meter and --downbeat."
    if doubts := places_to_check(sheet):
        yield f"Heard with the least confidence; check first: {'; '.join(doubt.words for doubt in doubts)}."
    if not sheet.melody:
        yield "No melody was found, so the cover follows the chords only."
    if not sheet.chords:
        yield "No chords were found."
    if fret := capo_of(arrangement.chords):
        yield f"To strum the chords on a guitar: with a capo at fret {fret}, most of them use open strings."
    weak = find_weak_bars(arrangement, sheet, stages.people.get(arrangement.style, {}), stages.patterns)
    yield from (line[:1].upper() + line[1:] for line in advice_of(weak))


def _write_all(
    made: Cover, paths: dict[str, Path], playback: Playback, notation: Notation, progress: Progress
) -> dict[str, Path]:
    """Write all files in `paths`; returns the stems, if any, by name. Sound and pages are made in parallel."""
    from symbolic_cover.app.play import stems_of
    from symbolic_cover.notation.engrave import engrave_svg
    from symbolic_cover.notation.musicxml import write_musicxml
    from symbolic_cover.notation.printing import Printing
    from symbolic_cover.performance.expression import perform
    from symbolic_cover.performance.midi import dump, write_midi
    from symbolic_cover.reports.report import piano_roll_png, write_report_html, write_report_json
    from symbolic_cover.sound.audio import SoundInfo, render_audio

    clock = Clock(progress, made.timings_sec)
    played = perform(made.arrangement, playback.expression)

    def sounded() -> SoundInfo:
        with clock.stage("sound"):
            return render_audio(
                played, paths["audio"], soundfont=playback.soundfont, lufs=playback.lufs,
                stems=stems_of(played, playback.stems),
            )  # fmt: skip

    with ThreadPoolExecutor(1) as beside:
        sounding = beside.submit(sounded)
        with clock.stage("score"):
            write_sheet(made.sheet, paths["song"])
            write_midi(made.arrangement, paths["midi"])
            dump(played, paths["performance"])
            write_musicxml(made.arrangement, paths["musicxml"], notation)
        with clock.stage("engrave"):
            pages = engrave_svg(paths["musicxml"])
        with Printing(pages, paths["pdf"]):
            with clock.stage("report"):
                rolls = [piano_roll_png(made.covered, made.arrangement)]
            sound = sounding.result()
    report = replace(made.report, timings_sec=clock.seconds)
    write_report_json(paths["report_json"], report, made.arrangement.parts)
    write_report_html(
        paths["report_html"],
        report=report,
        title=made.arrangement.title,
        descriptions=DESCRIPTIONS,
        piano_roll_pngs=rolls,
        score_svgs=pages,
        audio_path=paths["audio"],
        parts=made.arrangement.parts,
    )
    return {f"stem {name}": path for name, path in sound.stems.items()}
