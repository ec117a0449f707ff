"""The command line: parse, call, print. Everything else is in the packages below."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator

import typer

from symbolic_cover.cli import songs  # isort: skip
from symbolic_cover.cli import correcting, evaluation, models, ratings, refining, serving, styles
from symbolic_cover.cli.app import app
from symbolic_cover.cli.quiet import native_libraries_silenced
from symbolic_cover.core.errors import SymbolicCoverError

__all__ = ["app", "correcting", "evaluation", "main", "models", "ratings", "refining", "serving", "songs", "styles"]

_STOPPED = 130


class _Stopped(SystemExit):
    """The program was asked to stop; unfinished files are removed on the way out."""


def main() -> None:
    """Run the command line; a `SymbolicCoverError` or a file error becomes one line and an exit code.

    SIGTERM ends the program like Ctrl-C: unfinished files are removed and the exit code is 130.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with native_libraries_silenced(), _stoppable():
            app()
    except SymbolicCoverError as error:
        typer.echo(f"symbolic-cover: {_one_line(str(error))}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, _Stopped):
        typer.echo("symbolic-cover: stopped.", err=True)
        sys.exit(_STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = (error.strerror or str(error)).lower()
        typer.echo(f"symbolic-cover: {where}{reason}. Check the disk and the path.", err=True)
        sys.exit(1)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Within the block, signals that ask the program to stop raise `_Stopped`."""
    before = {}
    with contextlib.suppress(ValueError):  # allowed in the main thread only
        before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(*_: object) -> None:
    raise _Stopped(_STOPPED)


def _one_line(text: str) -> str:
    return " ".join(text.split())
