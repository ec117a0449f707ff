"""The commands for data and models: collect, prepare, train, train-listener."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import Json, Quiet, Seed
from symbolic_cover.cli.printing import print_facts, print_json, print_library, print_outcomes, progress_line
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.extras import require


@app.command()
def collect(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ls | NAME...]", help="`ls`, or datasets to download (or to take with --from)."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="An archive, or a folder of archives, of unpacked datasets, or of your songs."),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="The library (default: $SYMBOLIC_COVER_DATA, or a folder of your user data).")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Take the folder in --from as your own dataset of this name.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="The licence of your own songs (default: 'own use').")] = None,
    style: Annotated[
        str | None, typer.Option(help="The style of your own songs (default: the name of their sub-folder).")
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Link to the files of a folder instead of copying them.")
    ] = False,
    any_version: Annotated[bool, typer.Option("--any-version", help="Accept archives with any checksum.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Replace datasets that exist already.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Collect datasets into a library to train on: open ones from archives or the network, and your own songs.

    `collect ls` lists what is there and what is available, with licences; `collect --from FOLDER` takes every dataset
    found in a folder; `collect maestro` downloads; `collect --from SONGS --name mine` takes your own songs.
    """
    from symbolic_cover.library.collect import (
        OWN_LICENCE,
        collect_by_name,
        collect_from,
        collect_own,
        collected,
        library_folder,
    )

    library, wanted = library_folder(into), names or []
    if wanted == ["ls"]:
        print_library(library, collected(library), as_json)
        return
    if name is None and (licence or style):
        raise UsageError("--licence and --style need your own songs.", "Give their dataset a name with --name.")
    if name is not None and (source is None or wanted):
        raise UsageError("--name needs one folder of your own songs.", "Give it with --from, and no other names.")
    if source is None and not wanted:
        raise UsageError("No dataset was named.", "Name datasets, or give --from; `collect ls` lists them.")
    with progress_line(quiet or as_json) as tell:
        if source is None:
            outcomes = collect_by_name(wanted, library, any_version=any_version, again=again, progress=tell)
        elif name is not None:
            outcomes = [collect_own(source, library, name, licence=licence or OWN_LICENCE, style=style or "", link=link,
                                    again=again, progress=tell)]  # fmt: skip
        else:
            outcomes = collect_from(source, library, wanted, any_version=any_version, link=link, again=again,
                                    progress=tell)  # fmt: skip
    if as_json:
        print_json([{"name": one.dataset.name, "folder": one.folder, "pieces": one.pieces, "fresh": one.fresh,
                      "licence": one.dataset.licence, "weights": one.dataset.weights} for one in outcomes])  # fmt: skip
    elif not quiet:
        print_outcomes(outcomes, library)


@app.command()
def prepare(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the corpus.")] = Path("corpus"),
    library: Annotated[
        Path | None, typer.Option("--from", help="The library filled by `collect` (default: the usual one).")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A dataset to use instead of the default mix; may be repeated.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most this many pieces of each dataset, for a quick try.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = max(os.cpu_count() or 1, 1),
    ray: Annotated[
        str | None, typer.Option(help="Work on the Ray cluster at this address, or 'local' for Ray on this machine.")
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Prepare collected music for training: clean, analyse, pair, split by song, tokenize.

    Continues an interrupted run, and does nothing if all is done. left_out.csv lists excluded pieces with reasons;
    catalogue.csv and catalogue.html list what is in the corpus.
    """
    from symbolic_cover.core.files import check_writable
    from symbolic_cover.corpus.card import write_card
    from symbolic_cover.corpus.prepare import Choice
    from symbolic_cover.corpus.prepare import prepare as run_preparing
    from symbolic_cover.library.collect import library_folder

    check_writable(out)
    choice = Choice(tuple(only or ()), limit, workers, ray)
    with progress_line(quiet or as_json) as tell:
        summary = run_preparing(
            library_folder(library), out, choice, lambda done, total: tell("prepare", done / max(total, 1))
        )
    write_card(out)
    if as_json:
        print_json({name: value for name, value in summary.items() if name != "units"})
    elif not quiet:
        for name, counts in summary["datasets"].items():
            without = f"{counts['duplicates']} duplicates, {counts['refused']} refused"
            typer.echo(f"{name:<24} {counts['pieces']:>6} pieces; {without}")
        typer.echo(f"{out}: " + ", ".join(f"{split} {n['songs']}" for split, n in summary["splits"].items()) + " songs")


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="A corpus made by `prepare`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write checkpoints, log and samples.")] = Path(
        "runs/small"
    ),
    preset: Annotated[
        str,
        typer.Option(
            help="The model size: tiny (for tests), small (CPU), base (GPU); or a TOML file like the presets."
        ),
    ] = "small",
    steps: Annotated[int | None, typer.Option(min=1, help="Optimizer steps (default: the preset's).")] = None,
    seed: Seed = 0,
    start_from: Annotated[Path | None, typer.Option(help="A checkpoint with the initial weights.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not continue a run found in --out.")] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train an arranger. Continues a run found in --out; every evaluation writes a sample arrangement there.

    On several GPUs or cores: torchrun --nproc_per_node 2 --no-python symbolic-cover train ...
    """
    require("train")
    from dataclasses import replace

    from symbolic_cover.core.files import check_writable
    from symbolic_cover.training.samples import sampler_for
    from symbolic_cover.training.train import TrainingPlan
    from symbolic_cover.training.train import train as run_training

    plan = TrainingPlan.load(preset)
    plan = replace(plan, steps=steps) if steps else plan
    check_writable(out)
    quiet = quiet or int(os.environ.get("RANK", 0)) > 0  # under torchrun only the first process prints
    if not (data / "vocabulary.json").is_file():
        raise UsageError(f"{data} is not a prepared corpus.", "Make one with: symbolic-cover prepare --out FOLDER")
    with progress_line(quiet or as_json) as tell:
        metrics = run_training(
            data, out, plan, seed=seed, resume=not fresh, start_from=start_from,
            sample=sampler_for(data, out / "samples"),
            progress=lambda step: tell("train", step / plan.steps),
        )  # fmt: skip
    print_facts({"checkpoint": str(out / "final"), "log": str(out / "log.jsonl"), **metrics}, quiet, as_json)


@app.command(name="train-listener")
def train_listener(
    library: Annotated[
        Path | None, typer.Option("--from", help="The library filled by `collect` (default: the usual one).")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write recordings and weights.")] = Path(
        "runs/listener"
    ),
    examples: Annotated[
        int, typer.Option("--lessons", min=1, help="Training examples (recordings of 40 seconds) to make.")
    ] = 1200,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 6000,
    soundfont: Annotated[
        list[Path] | None, typer.Option(help="A SoundFont to use instead of all that are found; may be repeated.")
    ] = None,
    voice: Annotated[
        bool, typer.Option("--voice", help="Train the network that hears singing; the melody of each piece is sung.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that make recordings.")] = max(os.cpu_count() or 1, 1),
    seed: Seed = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train the network that hears beats, chords, melody and bass: render pieces of a library as recordings and learn
    from them.

    With --voice, train the network that hears singing (espeak-ng sings; pip install 'symbolic-cover[studio]').
    Continues an interrupted run. The weights in OUT/final can replace those in checkpoints/listener or
    checkpoints/voice.
    """
    require("train")
    if voice:
        require("studio")
    from symbolic_cover.core.files import check_writable
    from symbolic_cover.library.collect import library_folder
    from symbolic_cover.studio.training_examples import make_examples

    if voice:
        from symbolic_cover.studio.singing import sung_arrays as make
        from symbolic_cover.training.voice import train_voice as run_training
    else:
        from symbolic_cover.studio.training_examples import arrays_of as make
        from symbolic_cover.training.listening import train_listener as run_training
    check_writable(out)
    fonts = soundfont or ()
    with progress_line(quiet or as_json, "record") as tell:
        for split, count in (("valid", max(examples // 20, 1)), ("train", examples)):
            make_examples(
                library_folder(library), out / "lessons", split=split, count=count, seed=seed, workers=workers,
                soundfonts=fonts, progress=lambda done, total: tell("record", done / total), make=make,
            )  # fmt: skip
    with progress_line(quiet or as_json, "train") as tell:
        metrics = run_training(
            out / "lessons", out, steps=steps, seed=seed, progress=lambda step: tell("train", step / steps)
        )
    print_facts({"loss": round(metrics["eval_loss"], 4), "weights": str(out / "final")}, quiet, as_json)
