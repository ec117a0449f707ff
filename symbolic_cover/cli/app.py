"""The Typer application and what all commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from symbolic_cover import __version__
from symbolic_cover.cli.quiet import settle_libraries

app = typer.Typer(
    name="symbolic-cover",
    help="Make a cover of a song: from a recording, MIDI, MusicXML or ABC to a score, MIDI and sound.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"symbolic-cover {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    settle_libraries()
