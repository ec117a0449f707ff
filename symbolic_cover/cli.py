"""The command line: parse, call, print. Everything else lives in the rooms below."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symbolic_cover import __version__
from symbolic_cover.errors import SymbolicCoverError, UsageError
from symbolic_cover.music import LEVELS, Controls, Meter

if TYPE_CHECKING:
    from symbolic_cover.corpus.collect import Collected, Outcome
    from symbolic_cover.pipeline import Hints, Progress

app = typer.Typer(
    name="symbolic-cover",
    help="Make a cover of a song: a recording, MIDI, MusicXML or ABC goes in; a score, MIDI and sound come out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)

Source = Annotated[
    Path, typer.Argument(help="A recording (wav, flac, mp3, ogg) or a score (mid, musicxml, mxl, abc, krn).")
]
Style = Annotated[str, typer.Option("--style", "-s", help="The style to cover in; see `symbolic-cover styles`.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same cover.")]
Candidates = Annotated[int, typer.Option(min=1, max=32, help="Drafts to make; the best is kept.")]
Level = Annotated[str, typer.Option(help="How hard to play: easy, intermediate or full.")]
Fidelity = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="How much of the source's bass and inner notes the arranger sees.")
]
Transpose = Annotated[int, typer.Option(min=-24, max=24, help="Semitones up (or down, if negative).")]
Tempo = Annotated[float, typer.Option(min=0.25, max=4.0, help="Factor on the tempo of the source.")]
Bpm = Annotated[float | None, typer.Option(min=20, max=400, help="The tempo in beats a minute, if you know it.")]
MeterOption = Annotated[str | None, typer.Option("--meter", help="The metre, such as 3/4, if you know it.")]
Downbeat = Annotated[float | None, typer.Option(help="The time of any first beat of a bar, in seconds.")]
CheckpointOption = Annotated[
    str | None, typer.Option("--checkpoint", help="A checkpoint folder or name, or 'rules' for no model.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
AudioFormat = Annotated[str, typer.Option("--format", help="Sound as wav, flac, mp3 or ogg.")]
SoundFont = Annotated[Path | None, typer.Option(help="A SoundFont (.sf2, .sf3); otherwise the best that is found.")]


@app.command("cover")
def cover_command(
    inputs: Annotated[list[Path], typer.Argument(help="Recordings, scores, or folders of them.")],
    style: Style = "pop-piano",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where to write; several inputs get a sub-folder each.")
    ] = Path("cover"),
    seed: Seed = 0,
    candidates: Candidates = 4,
    level: Level = "full",
    fidelity: Fidelity = 0.5,
    transpose: Transpose = 0,
    tempo: Tempo = 1.0,
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    checkpoint: CheckpointOption = None,
    audio_format: AudioFormat = "wav",
    soundfont: SoundFont = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a cover: score.musicxml, score.pdf, arrangement.mid, cover.wav, report.html and report.json in --out."""
    controls = _controls(level, fidelity, transpose, tempo, seed, candidates)
    hints = _hints(bpm, meter, downbeat)
    sources = _sources(inputs)
    from symbolic_cover.arrange.styles import load_style
    from symbolic_cover.pipeline import AUDIO_FORMATS, check_writable, cover, load_stages
    from symbolic_cover.render.sound import choose_soundfont

    load_style(style)
    if audio_format not in AUDIO_FORMATS:
        raise UsageError(f"There is no audio format '{audio_format}'.", f"Choose one of: {', '.join(AUDIO_FORMATS)}.")
    check_writable(out)
    choose_soundfont(soundfont)
    stages = load_stages(checkpoint, style)
    several = len(sources) > 1 or inputs[0].is_dir()
    folders = _sub_folders(sources, out) if several else [out]
    results: list[dict[str, Any]] = []
    for source, folder in zip(sources, folders, strict=True):
        try:
            with _progress(quiet or as_json, source.name if several else "") as tell:
                made = cover(source, style, controls, hints=hints, stages=stages, progress=tell)
                files = made.save(folder, audio_format=audio_format, soundfont=soundfont, progress=tell)
        except SymbolicCoverError as error:
            if not several:
                raise
            results.append({"source": str(source), "error": str(error)})
            typer.echo(f"{source}: {error}", err=True)
            continue
        results.append({"source": str(source), "files": {kind: str(path) for kind, path in files.items()},
                        "scores": made.report.scores["cover"], "findings": made.report.findings})  # fmt: skip
        if not quiet and not as_json:
            _print_cover(files, made.report.scores, made.report.findings)
    if as_json:
        _print_json(results if several else results[0])
    if any("error" in result for result in results):
        raise typer.Exit(1)


@app.command()
def transcribe(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write transcript.mid.")] = Path("transcript"),
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write down the notes of a recording, on its own beats, as transcript.mid."""
    hints = _hints(bpm, meter, downbeat)
    from symbolic_cover.listen import listen, quantize
    from symbolic_cover.pipeline import check_writable, writable_folder
    from symbolic_cover.render.midi import write_transcript

    _must_exist(source)
    check_writable(out)
    with _progress(quiet or as_json) as tell:
        transcript, grid = listen(
            source, bpm=hints.bpm, meter=hints.meter, downbeat_sec=hints.downbeat_sec,
            progress=lambda share: tell("listen", share),
        )  # fmt: skip
        score = quantize(transcript, grid)
    path = writable_folder(out) / "transcript.mid"
    write_transcript(score, grid, path)
    facts = {"file": str(path), "notes": score.note_num(), "tempo_bpm": round(grid.tempo_bpm, 2),
             "meter": str(grid.meter), "bars": len(grid.bars)}  # fmt: skip
    _print_facts(facts, quiet, as_json)


@app.command()
def analyze(
    source: Source,
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say what is heard in a song: tempo, metre, key, beats, chords, melody and bass."""
    hints = _hints(bpm, meter, downbeat)
    from symbolic_cover.analyze.content import analyze as find_content
    from symbolic_cover.analyze.content import describe
    from symbolic_cover.listen import listen, quantize

    _must_exist(source)
    with _progress(quiet or as_json) as tell:
        transcript, grid = listen(
            source, bpm=hints.bpm, meter=hints.meter, downbeat_sec=hints.downbeat_sec,
            progress=lambda share: tell("listen", share),
        )  # fmt: skip
        facts = describe(find_content(quantize(transcript, grid), grid, transcript.title))
    if as_json:
        _print_json(facts)
        return
    shown = {name: facts[name] for name in ("title", "tempo_bpm", "meter", "key", "bars", "beat_confidence")}
    shown["chords"] = " ".join(label for _, _, label in facts["chords"][:16])
    shown["melody notes"], shown["bass notes"] = len(facts["melody"]), len(facts["bass"])
    _print_facts(shown, quiet, as_json)


@app.command()
def arrange(
    source: Source,
    style: Style = "pop-piano",
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write arrangement.mid and score.musicxml.")] = Path(
        "arrangement"
    ),
    seed: Seed = 0,
    candidates: Candidates = 4,
    level: Level = "full",
    fidelity: Fidelity = 0.5,
    transpose: Transpose = 0,
    tempo: Tempo = 1.0,
    bpm: Bpm = None,
    meter: MeterOption = None,
    downbeat: Downbeat = None,
    checkpoint: CheckpointOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Arrange a song without engraving or sound: arrangement.mid and score.musicxml only, which is quicker."""
    controls = _controls(level, fidelity, transpose, tempo, seed, candidates)
    hints = _hints(bpm, meter, downbeat)
    from symbolic_cover.pipeline import check_writable, cover, writable_folder
    from symbolic_cover.render.midi import write_midi
    from symbolic_cover.render.musicxml import write_musicxml

    _must_exist(source)
    check_writable(out)
    with _progress(quiet or as_json) as tell:
        made = cover(source, style, controls, hints=hints, checkpoint=checkpoint, progress=tell)
    folder = writable_folder(out)
    write_midi(made.arrangement, folder / "arrangement.mid")
    write_musicxml(made.arrangement, folder / "score.musicxml")
    files = {"midi": folder / "arrangement.mid", "musicxml": folder / "score.musicxml"}
    if as_json:
        _print_json({"files": {kind: str(path) for kind, path in files.items()}, "scores": made.report.scores["cover"]})
    elif not quiet:
        _print_cover(files, made.report.scores, made.report.findings)


@app.command()
def render(
    source: Annotated[Path, typer.Argument(help="A MIDI or MusicXML file.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The sound file to write: .wav, .flac, .mp3 or .ogg.")
    ] = Path("render.wav"),
    soundfont: SoundFont = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Play a score or a MIDI file into a sound file."""
    from symbolic_cover.pipeline import check_writable, play, writable_folder

    _must_exist(source)
    check_writable(out.parent)
    writable_folder(out.parent)
    with _progress(quiet or as_json) as tell:
        tell("sound", 0.0)
        info = play(source, out, soundfont=soundfont)
    _print_facts(asdict(info), quiet, as_json)


@app.command()
def collect(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ls | NAME...]", help="`ls`, or datasets to download (or to take with --from)."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="An archive, or a folder of archives or of unpacked datasets; or of your songs."),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="The library; otherwise $SYMBOLIC_COVER_DATA, or a folder of your user data.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Take the folder in --from as a dataset of your own, of this name.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="The licence of your own songs; otherwise 'own use'.")] = None,
    style: Annotated[
        str | None, typer.Option(help="The style of your own songs; otherwise what their sub-folder is called.")
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Link to the files of a folder instead of copying them.")
    ] = False,
    any_version: Annotated[bool, typer.Option("--any-version", help="Accept archives of any checksum.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Replace datasets that are there already.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Collect datasets to learn from into a library: open ones from archives or the network, and your own songs.

    `collect ls` lists what is there and what could be, with licences; `collect --from FOLDER` takes every dataset
    found in a folder; `collect maestro` downloads; `collect --from SONGS --name mine` takes songs of your own.
    """
    from symbolic_cover.corpus.collect import (
        OWN_LICENCE,
        collect_by_name,
        collect_from,
        collect_own,
        collected,
        library_folder,
    )  # fmt: skip

    library, wanted = library_folder(into), names or []
    if wanted == ["ls"]:
        _print_library(library, collected(library), as_json)
        return
    if name is None and (licence or style):
        raise UsageError("--licence and --style are for songs of your own.", "Give their dataset a name with --name.")
    if name is not None and (source is None or wanted):
        raise UsageError("--name takes one folder of your own songs.", "Give it with --from, and no other names.")
    if source is None and not wanted:
        raise UsageError("There is nothing to collect.", "Name datasets, or give --from; `collect ls` lists them.")
    with _progress(quiet or as_json) as tell:
        if source is None:
            outcomes = collect_by_name(wanted, library, any_version=any_version, again=again, progress=tell)
        elif name is not None:
            outcomes = [collect_own(source, library, name, licence=licence or OWN_LICENCE, style=style or "", link=link,
                                    again=again, progress=tell)]  # fmt: skip
        else:
            outcomes = collect_from(source, library, wanted, any_version=any_version, link=link, again=again,
                                    progress=tell)  # fmt: skip
    if as_json:
        _print_json([{"name": one.dataset.name, "folder": one.folder, "pieces": one.pieces, "fresh": one.fresh,
                      "licence": one.dataset.licence, "weights": one.dataset.weights} for one in outcomes])  # fmt: skip
    elif not quiet:
        _print_outcomes(outcomes, library)


@app.command()
def prepare(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the corpus goes.")] = Path("corpus"),
    library: Annotated[
        Path | None, typer.Option("--from", help="The library that `collect` fills; otherwise the usual one.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A dataset to take, instead of the default mix; may be given again.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many pieces of each dataset, for a quick look.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = max(os.cpu_count() or 1, 1),
    ray: Annotated[
        str | None, typer.Option(help="Work on the Ray cluster at this address, or 'local' for Ray on this machine.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Prepare collected music for training: clean, analyse, pair, split by song, tokenize.

    Goes on where it was stopped, and does nothing where all is done. What is left out stands in
    left_out.csv with its reason, what is in stands in catalogue.csv and catalogue.html.
    """
    from symbolic_cover.corpus.card import write_card
    from symbolic_cover.corpus.collect import library_folder
    from symbolic_cover.corpus.prepare import Choice
    from symbolic_cover.corpus.prepare import prepare as run_preparing
    from symbolic_cover.pipeline import check_writable

    check_writable(out)
    choice = Choice(tuple(only or ()), limit, workers, ray)
    with _progress(quiet or as_json) as tell:
        summary = run_preparing(
            library_folder(library), out, choice, lambda done, total: tell("prepare", done / max(total, 1))
        )
    write_card(out)
    if as_json:
        _print_json({name: value for name, value in summary.items() if name != "units"})
    elif not quiet:
        for name, counts in summary["datasets"].items():
            without = f"{counts['duplicates']} duplicates, {counts['refused']} refused"
            typer.echo(f"{name:<24} {counts['pieces']:>6} pieces; {without}")
        typer.echo(f"{out}: " + ", ".join(f"{split} {n['songs']}" for split, n in summary["splits"].items()) + " songs")


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="A corpus made by `prepare`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where checkpoints, log and samples go.")] = Path(
        "runs/small"
    ),
    preset: Annotated[str, typer.Option(help="The size of model: tiny (for tests) or small.")] = "small",
    steps: Annotated[int | None, typer.Option(min=1, help="Optimizer steps, instead of the preset's.")] = None,
    seed: Seed = 0,
    start_from: Annotated[Path | None, typer.Option(help="A checkpoint whose weights to begin with.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not continue a run found in --out.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train an arranger. Continues a run found in --out; every evaluation writes a sample arrangement there."""
    from dataclasses import replace

    from symbolic_cover.learn.samples import sampler_for
    from symbolic_cover.learn.train import TrainingPlan
    from symbolic_cover.learn.train import train as run_training
    from symbolic_cover.pipeline import check_writable

    plan = TrainingPlan.load(preset)
    plan = replace(plan, steps=steps) if steps else plan
    check_writable(out)
    if not (data / "vocabulary.json").is_file():
        raise UsageError(f"{data} is no prepared corpus.", "Make one with: symbolic-cover prepare --out FOLDER")
    with _progress(quiet or as_json) as tell:
        metrics = run_training(
            data, out, plan, seed=seed, resume=not fresh, start_from=start_from,
            sample=sampler_for(data, out / "samples"),
            progress=lambda step: tell("train", step / plan.steps),
        )  # fmt: skip
    _print_facts({"checkpoint": str(out / "final"), "log": str(out / "log.jsonl"), **metrics}, quiet, as_json)


@app.command()
def styles(
    licences: Annotated[
        bool, typer.Option("--licences", help="Name the data that each style was learned from, with its licences.")
    ] = False,
    checkpoint: CheckpointOption = None,
    as_json: Json = False,
) -> None:
    """List the styles to cover in, the ensembles that play them, and what they were learned from."""
    from symbolic_cover.arrange.checkpoint import find_checkpoint, sources_of
    from symbolic_cover.arrange.styles import load_style, style_names

    found = [load_style(name) for name in style_names()]
    folders = {style.name: find_checkpoint(checkpoint, style.name) for style in found}
    sources = {name: sources_of(folder).get(name, []) if folder else [] for name, folder in folders.items()}
    if as_json:
        _print_json([
            {"name": style.name, "title": style.title, "ensemble": style.ensemble.name,
             "checkpoint": folder.name if (folder := folders[style.name]) else "rules",
             "sources": sources[style.name]}
            for style in found
        ])  # fmt: skip
        return
    for style in found:
        if not licences:
            by_rules = "" if folders[style.name] else "; by rules, for lack of weights"
            typer.echo(f"{style.name:<18} {style.title} ({style.ensemble.title}{by_rules})")
            continue
        typer.echo(f"{style.name}:" + ("" if sources[style.name] else " nothing"))
        for one in sources[style.name]:
            typer.echo(f"  {one['dataset']}: {one['licence']}, {one['pieces']} pieces; {one['attribution']}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check what is installed, say what is missing and how to mend it; exit 1 if a cover could not be made."""
    from symbolic_cover.doctor import examine

    findings = examine()
    if as_json:
        _print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            sign = "ok     " if finding.ok else "MISSING" if finding.needed else "absent "
            typer.echo(f"{sign} {finding.name}: {finding.detail}")
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(1)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"symbolic-cover {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)


def main() -> None:
    """Run the command line; a `SymbolicCoverError` becomes one line and its exit code."""
    try:
        app()
    except SymbolicCoverError as error:
        typer.echo(f"symbolic-cover: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("symbolic-cover: stopped.", err=True)
        sys.exit(130)


# --- parsing ---


def _controls(level: str, fidelity: float, transpose: int, tempo: float, seed: int, candidates: int) -> Controls:
    if level not in LEVELS:
        raise UsageError(f"There is no level '{level}'.", f"Choose one of: {', '.join(LEVELS)}.")
    return Controls(level=level, fidelity=fidelity, transpose=transpose, tempo=tempo, seed=seed, candidates=candidates)


def _hints(bpm: float | None, meter: str | None, downbeat: float | None) -> Hints:
    from symbolic_cover.pipeline import Hints

    if meter is None:
        return Hints(bpm, None, downbeat)
    numerator, _, denominator = meter.partition("/")
    if not (numerator.isdecimal() and denominator in ("1", "2", "4", "8", "16") and 0 < int(numerator) < 33):
        raise UsageError(f"'{meter}' is no metre.", "Write it as in --meter 3/4.")
    return Hints(bpm, Meter(int(numerator), int(denominator)), downbeat)


def _must_exist(source: Path) -> None:
    if not source.exists():
        raise UsageError(f"There is no file {source}.", "Check the path.")


def _sources(inputs: list[Path]) -> list[Path]:
    """The files to cover: those named, and those found in named folders."""
    from symbolic_cover.listen import SUFFIXES

    found: list[Path] = []
    for path in inputs:
        _must_exist(path)
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
            if not inside:
                kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
                raise UsageError(f"There is nothing to cover in {path}.", f"Put files in it that end in: {kinds}.")
            found += inside
        else:
            found.append(path)
    return found


def _sub_folders(sources: list[Path], out: Path) -> list[Path]:
    """A folder of its own for each source, also for two of one name."""
    names = [source.stem for source in sources]
    return [
        out / (name if names.count(name) == 1 else source.name.replace(".", "-"))
        for name, source in zip(names, sources, strict=True)
    ]


# --- printing ---


@contextmanager
def _progress(silent: bool, title: str = "") -> Iterator[Progress]:
    """A line with the stage and how far it is, on standard error."""
    if silent:
        yield lambda stage, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:<24}"), BarColumn(30), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(f"{title} {stage}".strip(), total=1.0)
            bar.update(tasks[stage], completed=share)

        yield tell


def _print_cover(files: dict[str, Path], scores: dict[str, dict[str, float]], findings: tuple[str, ...]) -> None:
    for path in files.values():
        typer.echo(str(path))
    ours = scores["cover"]
    shown = ("melody_retention", "chord_accuracy", "unplayable_share", "notes_per_bar")
    typer.echo("  ".join(f"{name.replace('_', ' ')} {ours[name]:.3g}" for name in shown))
    for finding in findings:
        typer.echo(f"note: {finding}")


def _print_outcomes(outcomes: list[Outcome], library: Path) -> None:
    for one in outcomes:
        there = "" if one.fresh else "already there, "
        pieces = f"{one.pieces} pieces" if one.pieces else f"files beside {one.dataset.companion_of}"
        typer.echo(f"{one.dataset.name}: {there}{pieces}, {one.dataset.licence}")
        if one.fresh and not one.dataset.weights:
            typer.echo(f"note: weights trained on {one.dataset.name} are not for giving away.")
        if one.fresh and one.dataset.note:
            typer.echo(f"note: {one.dataset.note}")
    fresh = any(one.fresh for one in outcomes)
    typer.echo(f"The library is {library}" if fresh else f"Nothing to do: all of it is in {library}")


def _print_library(library: Path, there: dict[str, Collected], as_json: bool) -> None:
    from symbolic_cover.corpus.catalogue import load_catalogue

    known = load_catalogue() | {name: one.dataset for name, one in there.items()}
    facts = ("name", "title", "licence", "attribution", "weights", "default", "companion_of", "source", "note")
    listed = [
        {fact: getattr(dataset, fact) for fact in facts}
        | {"styles": dataset.style_names, "download": bool(dataset.download), "collected": name in there,
           "pieces": len(there[name].rows) if name in there else None}
        for name, dataset in known.items()
    ]  # fmt: skip
    if as_json:
        _print_json({"library": library, "datasets": listed})
        return
    for here in (True, False):
        rows = [one for one in listed if one["collected"] == here]
        typer.echo(f"In {library}:" if here else "\nTo be had ('net': by `collect NAME`, all by `collect --from`):")
        for one in rows or [{}]:
            typer.echo(_listed(one) if one else "  nothing")


def _listed(one: dict[str, Any]) -> str:
    count = f"{one['pieces']:>6}" if one["pieces"] else ""
    marks = [word for word, holds in (("default", one["default"]), ("net", one["download"])) if holds]
    styles = ", ".join(one["styles"]) or f"with {one['companion_of']}"
    weights = "weights yes" if one["weights"] else "weights no "
    return f"  {one['name']:<24}{count:<7} {weights}  {' '.join(marks):<11}  {one['licence']}; {styles}"


def _print_facts(facts: dict[str, Any], quiet: bool, as_json: bool) -> None:
    if as_json:
        _print_json(facts)
    elif not quiet:
        for name, value in facts.items():
            typer.echo(f"{name}: {value}")


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
