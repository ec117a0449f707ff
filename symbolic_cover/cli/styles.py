"""The commands for styles: styles, learn-style."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import CheckpointOption, Json, Quiet, Seed
from symbolic_cover.cli.printing import print_facts, print_json, progress_line
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.extras import require


@app.command()
def styles(
    licences: Annotated[
        bool, typer.Option("--licences", help="Show the training data of each style with its licences.")
    ] = False,
    checkpoint: CheckpointOption = None,
    as_json: Json = False,
) -> None:
    """List the styles, the ensembles that play them, and what they were learned from."""
    from symbolic_cover.arrangement.adapter import OWN
    from symbolic_cover.arrangement.checkpoint import find_checkpoint, sources_of
    from symbolic_cover.core.styles import load_style, style_facts, style_names, user_styles, user_styles_folder

    own = {}
    for name, folder in user_styles().items():
        try:
            style_facts(name)
        except UsageError as error:
            typer.echo(f"Left out: {error}", err=True)
        else:
            own[name] = folder
    found = [load_style(name) for name in [*style_names(), *own]]
    folders = {name: find_checkpoint(checkpoint, name) for name in style_names()}
    players = {name: folder.name if folder else "" for name, folder in folders.items()}
    players |= {name: style_facts(name)["checkpoint"] for name in own}
    sources = {name: sources_of(folder).get(name, []) if folder else [] for name, folder in folders.items()}
    sources |= {name: sources_of(folder).get(OWN, []) for name, folder in own.items()}
    if as_json:
        print_json([
            {"name": style.name, "title": style.title, "ensemble": style.ensemble.name,
             "checkpoint": players[style.name] or "rules", "like": style.like, "folder": own.get(style.name),
             "sources": sources[style.name]}
            for style in found
        ])  # fmt: skip
        return
    for style in found:
        if not licences:
            by_rules = "" if players[style.name] else "; by rules, since there are no weights"
            yours = f"; yours, like {style.like}" if style.name in own else ""
            players_told = f"{style.ensemble.name}: {style.ensemble.title.lower()}"
            typer.echo(f"{style.name:<18} {style.title} ({players_told}{yours}{by_rules})")
            continue
        typer.echo(f"{style.name}:" + ("" if sources[style.name] else " nothing"))
        for one in sources[style.name]:
            typer.echo(f"  {one['dataset']}: {one['licence']}, {one['pieces']} pieces; {one['attribution']}")
    typer.echo(f"Your own styles (made by `symbolic-cover learn-style`) are in {user_styles_folder()}")


@app.command(name="learn-style")
def learn_style_command(
    folder: Annotated[
        Path, typer.Argument(help="Your songs: 5 to 200 MIDI files, MusicXML or recordings, in one style.")
    ],
    name: Annotated[str, typer.Option("--name", help="The name of the style, for --style.")],
    like: Annotated[str | None, typer.Option(help="The style to start from (default: the nearest).")] = None,
    ensemble: Annotated[
        str | None, typer.Option("--ensemble", help="The ensemble of your songs, if the tracks do not show it.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The title to show (default: the name).")] = None,
    licence: Annotated[str, typer.Option(help="The licence of your songs, recorded with the style.")] = "own use",
    checkpoint: CheckpointOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Your styles (default: $SYMBOLIC_COVER_STYLES, or a folder of user data)."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Most optimizer steps; too few may leave parts of a band silent.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Replace your style of this name.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that prepare songs.")] = max(os.cpu_count() or 1, 1),
    seed: Seed = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Learn a style of your own from a folder of songs, in minutes; then use it: cover SONG --style NAME.

    Stops when songs held out of the folder no longer improve. The style is a small folder that can be shared.
    """
    require("train")
    from dataclasses import replace

    from symbolic_cover.core.files import check_writable
    from symbolic_cover.core.styles import user_styles_folder
    from symbolic_cover.training.adapter import AdapterPlan
    from symbolic_cover.training.own_style import StyleRequest, learn_style

    check_writable(user_styles_folder(out))
    plan = replace(AdapterPlan(), steps=steps) if steps else AdapterPlan()
    with progress_line(quiet or as_json) as tell:
        made = learn_style(
            StyleRequest(folder, name, like, ensemble, title, licence), checkpoint=checkpoint, into=out, plan=plan,
            again=again, workers=workers, seed=seed, progress=tell,
        )  # fmt: skip
    if not quiet and not as_json:
        for song, reason in made.corpus.left_out:
            typer.echo(f"left out: {song}: {reason}")
    facts = {"style": made.name, "folder": made.folder, "like": made.like, "ensemble": made.corpus.ensemble,
             "songs": made.corpus.songs, "held out": made.corpus.held_out, "bars": made.corpus.bars,
             "loss as that style": round(made.learned.loss_before, 4), "loss": round(made.learned.loss, 4),
             "steps": made.learned.step}  # fmt: skip
    if as_json:
        facts["left out"] = made.corpus.left_out
    print_facts(facts, quiet, as_json)
