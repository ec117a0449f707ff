"""The command line: parse, call, print. Everything else lives in the rooms below."""

from __future__ import annotations

import sys

import typer

from symbolic_cover.cli import songs  # isort: skip
from symbolic_cover.cli import evaluation, models, ratings, refining, styles
from symbolic_cover.cli.app import app
from symbolic_cover.cli.quiet import native_libraries_silenced
from symbolic_cover.core.errors import SymbolicCoverError

__all__ = ["app", "evaluation", "main", "models", "ratings", "refining", "songs", "styles"]


def main() -> None:
    """Run the command line; a `SymbolicCoverError` becomes one line and its exit code."""
    try:
        with native_libraries_silenced():
            app()
    except SymbolicCoverError as error:
        typer.echo(f"symbolic-cover: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("symbolic-cover: stopped.", err=True)
        sys.exit(130)
