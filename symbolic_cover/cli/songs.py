"""The commands for songs: cover, each of its stages alone, and doctor."""

from __future__ import annotations

import importlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import (
    CONTROLS,
    HINTS,
    PLAYBACK,
    AudioFormat,
    Bpm,
    Candidates,
    CheckpointOption,
    Density,
    Downbeat,
    EnsembleOption,
    Expression,
    Fidelity,
    Fingering,
    Json,
    Level,
    Loudness,
    MeterOption,
    Parts,
    Polyphony,
    Quiet,
    Seed,
    SoundFont,
    Source,
    Stems,
    Style,
    Tab,
    Tempo,
    Transcriber,
    Transpose,
    Tune,
    WrittenOut,
    hints_of,
    must_exist,
    must_mix,
    sources_of_inputs,
    sub_folders,
)
from symbolic_cover.cli.printing import print_cover, print_facts, print_json, print_missed, progress_line
from symbolic_cover.core.controls import Controls, Notation, Playback
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import check_writable, must_not_replace, whole_files, writable_folder
from symbolic_cover.core.styles import DEFAULT_STYLE

if TYPE_CHECKING:
    from symbolic_cover.app.many import Job


@app.command("cover")
def cover_command(
    context: typer.Context,
    inputs: Annotated[list[Path], typer.Argument(help="Recordings, scores, or folders of them.")],
    style: Style = DEFAULT_STYLE,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Where to write; each of several inputs gets a sub-folder. With --onto: its FOLDER."
        ),
    ] = Path("cover"),
    seed: Seed = CONTROLS.seed,
    candidates: Candidates = CONTROLS.candidates,
    level: Level = CONTROLS.level,
    fidelity: Fidelity = CONTROLS.fidelity,
    density: Density = CONTROLS.density,
    polyphony: Polyphony = CONTROLS.polyphony,
    ensemble: EnsembleOption = None,
    transpose: Transpose = CONTROLS.transpose,
    tempo: Tempo = CONTROLS.tempo,
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    transcriber: Transcriber = HINTS.transcriber,
    tune: Tune = None,
    checkpoint: CheckpointOption = None,
    parts: Parts = False,
    fingering: Fingering = False,
    written_out: WrittenOut = False,
    tab: Tab = False,
    audio_format: AudioFormat = "wav",
    soundfont: SoundFont = None,
    loudness: Loudness = PLAYBACK.lufs,
    expression: Expression = PLAYBACK.expression,
    stems: Stems = PLAYBACK.stems,
    mix: Annotated[bool, typer.Option("--mix", help="Also write a mix: recording left, cover right.")] = False,
    onto: Annotated[
        Path | None,
        typer.Option(help="A cover of this song.json; arrange only the corrected bars, or --bars, anew."),
    ] = None,
    bars: Annotated[str | None, typer.Option(help="With --onto: the bars to arrange anew, such as 13-16,20.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="With several songs: processes on this machine.")] = 1,
    ray: Annotated[
        str | None, typer.Option(help="With several songs: the address of a Ray cluster, or 'local'.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="With several songs: make existing covers again.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a cover: a score (MusicXML, PDF), MIDI as written and as played, sound and reports in --out.

    Several songs, or a folder of them, get a sub-folder each, and covers.html links to them all. An interrupted run can
    be continued; a song that fails does not stop the others.
    """
    controls = Controls(level=level, fidelity=fidelity, density=density, polyphony=polyphony, transpose=transpose,
                        tempo=tempo, seed=seed, candidates=candidates)  # fmt: skip
    hints = hints_of(bpm, meter, downbeat, transcriber, tune)
    notation = Notation(fingering, written_out, tab)
    if onto is not None:
        given = {name for name in context.params if _is_given(context, name)}
        how = Playback(soundfont, loudness, expression, stems)
        _cover_onto(inputs, onto, bars, style if "style" in given else None,
                    {name: value for name, value in vars(controls).items() if name in given}, given,
                    checkpoint=checkpoint, out=out if "out" in given else onto, audio_format=audio_format,
                    playback=how, notation=notation, parts=parts, quiet=quiet, as_json=as_json)  # fmt: skip
        return
    if bars is not None:
        raise UsageError("--bars needs an existing cover.", "Name its folder with --onto.")
    sources = sources_of_inputs(inputs)
    from symbolic_cover.app.cover import AUDIO_FORMATS, cover
    from symbolic_cover.app.many import Job, Wish
    from symbolic_cover.app.saved import cover_files, must_not_overrule
    from symbolic_cover.app.stages import load_stages
    from symbolic_cover.core.styles import load_style
    from symbolic_cover.listening.formats import SUFFIXES
    from symbolic_cover.sound.soundfonts import choose_soundfont

    load_style(style, ensemble)
    if audio_format not in AUDIO_FORMATS:
        raise UsageError(f"There is no audio format '{audio_format}'.", f"Choose one of: {', '.join(AUDIO_FORMATS)}.")
    must_mix(sources if mix else [], tempo)
    check_writable(out)
    playback = Playback(choose_soundfont(soundfont), loudness, expression, stems)
    several = len(sources) > 1 or inputs[0].is_dir()
    folders = sub_folders(sources, out) if several else [out]
    for source, folder in zip(sources, folders, strict=True):
        must_not_replace(source, *(folder / name for name in cover_files(audio_format).values()))
        if source.suffix.lower() in SUFFIXES:  # a song sheet may be the one that has the corrections
            must_not_overrule(folder)
    if several:
        wish = Wish(style, controls, ensemble, hints, checkpoint, audio_format, playback, notation, parts, mix)
        jobs = [Job(source, folder, wish) for source, folder in zip(sources, folders, strict=True)]
        _cover_several(jobs, out, workers=workers, ray=ray, again=again, quiet=quiet, as_json=as_json)
        return
    (source,) = sources
    with progress_line(quiet or as_json) as tell:
        made = cover(source, style, controls, ensemble=ensemble, hints=hints,
                     stages=load_stages(checkpoint, style), progress=tell)  # fmt: skip
        files = made.save(out, audio_format=audio_format, playback=playback, notation=notation, parts=parts,
                          mix_with=source if mix else None, progress=tell)  # fmt: skip
    if as_json:
        print_json({"source": str(source), "files": {kind: str(path) for kind, path in files.items()},
                    "scores": made.report.scores["cover"], "findings": made.report.findings})  # fmt: skip
    elif not quiet:
        print_cover(files, made.report.scores, made.report.findings)


def _cover_several(
    jobs: list[Job], out: Path, *, workers: int, ray: str | None, again: bool, quiet: bool, as_json: bool
) -> None:
    """Cover many songs; exit code 1 where one could not be covered."""
    from symbolic_cover.app.many import PAGE_FILE, cover_many

    done = []
    with progress_line(quiet or as_json) as tell:

        def told(line: dict[str, Any]) -> None:
            done.append(line)
            tell("cover", len(done) / len(jobs))
            if "error" in line:
                typer.echo(f"{line['source']}: {line['error']}", err=True)
            elif not quiet and not as_json:
                typer.echo(f"{line['files']['report_html']}{' (exists)' if line.get('kept') else ''}")

        lines = cover_many(jobs, out, workers=workers, ray_address=ray, again=again, progress=told)
    if as_json:
        print_json(lines)
    elif not quiet:
        typer.echo(str(out / PAGE_FILE))
    if any("error" in line for line in lines):
        raise typer.Exit(1)


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether the user gave an option, even with its default value."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _cover_onto(
    inputs: list[Path],
    onto: Path,
    bars: str | None,
    style: str | None,
    asked: dict[str, Any],
    given: set[str],
    *,
    checkpoint: str | None,
    out: Path,
    audio_format: str,
    playback: Playback,
    notation: Notation,
    parts: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Arrange some bars of a cover anew; options that are not given keep their former values."""
    from symbolic_cover.app.anew import cover_anew, read_saved
    from symbolic_cover.core.song_file import read_sheet
    from symbolic_cover.correcting.places import parse_bars
    from symbolic_cover.sound.soundfonts import choose_soundfont

    fixed = {"ensemble", "transpose", "tempo", "bpm", "meter", "downbeat", "tune", "mix"} & given
    if fixed:
        raise UsageError(f"--{min(fixed)} cannot be changed for some bars.", "Leave it out, or cover the whole song.")
    if len(inputs) != 1 or inputs[0].suffix.lower() != ".json":
        raise UsageError("--onto needs one song sheet.", "Give the song.json that was covered.")
    must_exist(inputs[0])
    sheet, before = read_sheet(inputs[0]), read_saved(onto)
    wanted = None if bars is None else parse_bars(bars, sheet.grid)
    check_writable(out)
    playback = replace(playback, soundfont=choose_soundfont(playback.soundfont))
    with progress_line(quiet or as_json) as tell:
        made = cover_anew(sheet, before, wanted, style=style, controls=replace(before.controls, **asked),
                          checkpoint=checkpoint, progress=tell)  # fmt: skip
        files = made.save(
            out, audio_format=audio_format, playback=playback, notation=notation, parts=parts, progress=tell
        )
    if as_json:
        print_json({"files": {kind: str(path) for kind, path in files.items()}, "bars": made.report.settings["anew"],
                    "scores": made.report.scores["cover"], "findings": made.report.findings})  # fmt: skip
    elif not quiet:
        print_cover(files, made.report.scores, made.report.findings)


@app.command()
def transcribe(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write transcript.mid.")] = Path("transcript"),
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    transcriber: Transcriber = HINTS.transcriber,
    tune: Tune = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Transcribe the notes of a recording, with its beats, to transcript.mid."""
    hints = hints_of(bpm, meter, downbeat, transcriber, tune)
    from symbolic_cover.analysis.quantize import quantize
    from symbolic_cover.analysis.song import analyze as analyze_song
    from symbolic_cover.listening.song import listen
    from symbolic_cover.performance.midi import write_transcript

    must_exist(source)
    check_writable(out)
    must_not_replace(source, out / "transcript.mid")
    with progress_line(quiet or as_json) as tell:
        heard = listen(source, hints, progress=lambda share: tell("listen", share))
        tracks, sheet = quantize(heard), analyze_song(heard)
    print_missed(heard, quiet or as_json)
    path, grid = writable_folder(out) / "transcript.mid", heard.grid
    write_transcript(tracks, sheet, path)
    facts = {"file": str(path), "notes": sum(len(track.notes) for track in tracks),
             "tempo_bpm": round(grid.tempo_bpm, 2), "meter": str(grid.meter), "bars": len(grid.bars)}  # fmt: skip
    print_facts(facts, quiet, as_json)


@app.command()
def analyze(
    source: Source,
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    transcriber: Transcriber = HINTS.transcriber,
    tune: Tune = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for a picture, a lead sheet, the song with clicks, and all facts."),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Analyse a song: tempo, metre, key, beats, chords, melody and bass.

    With --out also write a picture (beats, chords and melody over the piano roll), a lead sheet, and the song with
    clicks on its beats.
    """
    hints = hints_of(bpm, meter, downbeat, transcriber, tune)
    from symbolic_cover.analysis.doubt import places_to_check
    from symbolic_cover.analysis.song import analyze as find_sheet
    from symbolic_cover.analysis.song import describe
    from symbolic_cover.listening.song import listen

    must_exist(source)
    if out is not None:
        from symbolic_cover.app.saved import must_not_overrule

        must_not_overrule(out)
    with progress_line(quiet or as_json) as tell:
        heard = listen(source, hints, progress=lambda share: tell("listen", share))
        sheet = find_sheet(heard)
        if out is not None:
            from symbolic_cover.app.analyze import save_analysis

            written = save_analysis(sheet, heard, source, writable_folder(out))
    print_missed(heard, quiet or as_json)
    facts = describe(sheet, heard)
    if as_json:
        print_json(facts)
        return
    shown = {name: facts[name] for name in ("title", "tempo_bpm", "meter", "key", "bars", "beat_confidence")}
    shown["chords"] = " ".join(label for _, _, label in facts["chords"][:16])
    shown["melody notes"], shown["bass notes"] = len(facts["melody"]), len(facts["bass"])
    if facts["check_first"]:
        shown["check first"] = "; ".join(doubt.words for doubt in places_to_check(sheet))
    if out is not None:
        shown["written"] = ", ".join(str(path) for path in written.values())
    print_facts(shown, quiet, as_json)


@app.command()
def arrange(
    source: Source,
    style: Style = DEFAULT_STYLE,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write arrangement.mid and score.musicxml.")] = Path(
        "arrangement"
    ),
    seed: Seed = CONTROLS.seed,
    candidates: Candidates = CONTROLS.candidates,
    level: Level = CONTROLS.level,
    fidelity: Fidelity = CONTROLS.fidelity,
    density: Density = CONTROLS.density,
    polyphony: Polyphony = CONTROLS.polyphony,
    ensemble: EnsembleOption = None,
    transpose: Transpose = CONTROLS.transpose,
    tempo: Tempo = CONTROLS.tempo,
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    transcriber: Transcriber = HINTS.transcriber,
    tune: Tune = None,
    checkpoint: CheckpointOption = None,
    parts: Parts = False,
    fingering: Fingering = False,
    written_out: WrittenOut = False,
    tab: Tab = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Arrange a song without engraving or sound, which is faster: writes arrangement.mid and score.musicxml only."""
    controls = Controls(level=level, fidelity=fidelity, density=density, polyphony=polyphony, transpose=transpose,
                        tempo=tempo, seed=seed, candidates=candidates)  # fmt: skip
    hints = hints_of(bpm, meter, downbeat, transcriber, tune)
    notation = Notation(fingering, written_out, tab)
    from symbolic_cover.app.cover import cover
    from symbolic_cover.app.saved import MIDI, SCORE
    from symbolic_cover.notation.musicxml import write_musicxml
    from symbolic_cover.notation.parts import write_part_scores
    from symbolic_cover.performance.midi import write_midi

    must_exist(source)
    check_writable(out)
    must_not_replace(source, out / MIDI, out / SCORE)
    with progress_line(quiet or as_json) as tell:
        made = cover(source, style, controls, ensemble=ensemble, hints=hints, checkpoint=checkpoint, progress=tell)
    files = {"midi": out / MIDI, "musicxml": out / SCORE}
    with whole_files(list(files.values())) as (midi, score):
        write_midi(made.arrangement, midi)
        write_musicxml(made.arrangement, score, notation)
        if parts:
            write_part_scores(made.arrangement, out / "parts", notation)
            files["parts"] = out / "parts"
    if as_json:
        print_json({"files": {kind: str(path) for kind, path in files.items()}, "scores": made.report.scores["cover"]})
    elif not quiet:
        print_cover(files, made.report.scores, made.report.findings)


@app.command()
def render(
    source: Annotated[Path, typer.Argument(help="A MIDI, MusicXML, ABC or kern file.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: sound (.wav, .flac, .mp3, .ogg), or the melody as .abc.")
    ] = Path("render.wav"),
    style: Annotated[
        str, typer.Option("--style", "-s", help="Play in the manner of this style (default: MIDI as written).")
    ] = "",
    soundfont: SoundFont = None,
    loudness: Loudness = PLAYBACK.lufs,
    expression: Expression = PLAYBACK.expression,
    stems: Stems = PLAYBACK.stems,
    mix_with: Annotated[
        Path | None, typer.Option("--mix-with", help="A recording to put on the left, with the cover on the right.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Render a score or a MIDI file as sound, or write its melody with chords as ABC."""

    must_exist(source)
    if mix_with is not None:
        must_exist(mix_with)
        if stems:
            raise UsageError("--stems and --mix-with cannot be combined.", "Render twice.")
        must_not_replace(mix_with, out)
    must_not_replace(source, out)
    check_writable(out.parent)
    if out.suffix.lower() == ".abc":
        from symbolic_cover.analysis.song import analyze
        from symbolic_cover.app.play import write_melody
        from symbolic_cover.listening.scores.read import read_score

        write_melody(analyze(read_score(source)), out)
        print_facts({"path": out}, quiet, as_json)
        return
    from symbolic_cover.app.play import play
    from symbolic_cover.core.styles import load_style

    manner = load_style(style).manner if style else ""
    with progress_line(quiet or as_json) as tell:
        tell("sound", 0.0)
        info = play(source, out, Playback(soundfont, loudness, expression, stems), style=manner, original=mix_with)
    print_facts(asdict(info), quiet, as_json)


@app.command()
def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Install what pip provides: basic-pitch without TensorFlow.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check the installation, list what is missing and how to install it; exits with 1 if no cover can be made."""
    from symbolic_cover.app.doctor import examine
    from symbolic_cover.app.doctor import fix as install

    findings = examine()
    if fix and (installed := install(findings)):
        importlib.invalidate_caches()
        typer.echo(f"Installed {', '.join(one.name for one in installed)}.", err=True)
        findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            sign = "ok     " if finding.ok else "MISSING" if finding.needed else "absent "
            typer.echo(f"{sign} {finding.name}: {finding.detail}")
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(1)
