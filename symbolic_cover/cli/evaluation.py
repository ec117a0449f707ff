"""The command that evaluates a cover."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import CheckpointOption, Json, Quiet, must_exist
from symbolic_cover.cli.printing import print_evaluation, print_evaluations, print_json, progress_line
from symbolic_cover.core.errors import SymbolicCoverError, UsageError

if TYPE_CHECKING:
    from symbolic_cover.app.evaluate import Evaluation, Subject


@app.command()
def evaluate(
    path: Annotated[
        Path, typer.Argument(help="A folder made by `cover`, a folder of such folders, or any arrangement (a score).")
    ],
    source: Annotated[Path | None, typer.Option("--source", help="The arranged song: a recording or a score.")] = None,
    style: Annotated[
        str | None,
        typer.Option("--style", "-s", help="The style to compare with (default: the cover's own)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for evaluation.html and evaluation.json.")
    ] = None,
    checkpoint: CheckpointOption = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Evaluate a cover: compare its measures with people's pieces in the style, find weak bars, and suggest what to
    try.

    Also searches for bars copied from the training data of the model.
    """
    must_exist(path)
    if source is not None:
        must_exist(source)
    from symbolic_cover.app.evaluate import find_covers
    from symbolic_cover.core.files import check_writable
    from symbolic_cover.core.styles import load_style

    if style is not None:
        load_style(style)
    if checkpoint == "rules":
        raise UsageError("The rules have no ranges to compare with.", "Give a checkpoint, or leave --checkpoint out.")
    if out is not None:
        check_writable(out)
    folders = find_covers(path)
    if path.is_dir() and not folders:
        raise UsageError(f"There is no cover in {path}.", "Give a folder made by `symbolic-cover cover`, or a score.")
    if source is not None and path not in folders and path.is_dir():
        raise UsageError("--source needs a single arrangement.", "Evaluate the covers one by one.")
    several = path.is_dir() and path not in folders
    found, failed = [], []
    with progress_line(quiet or as_json) as tell:
        for number, one in enumerate(folders or [path]):
            tell("evaluate", number / max(len(folders), 1))
            try:
                judged = _judge(one, source, style, checkpoint)
                if out is not None:
                    _save(judged, out / one.name if several else out)
                found.append(judged)
            except SymbolicCoverError as error:
                if not several:
                    raise
                failed.append({"path": str(one), "error": str(error)})
                typer.echo(f"{one}: {error}", err=True)
    if as_json:
        print_json([*(one.facts() for one in found), *failed] if several else found[0].facts())
    elif not quiet:
        print_evaluations(found) if several else print_evaluation(found[0])
        if out is not None:
            typer.echo(str(out if several else out / "evaluation.html"))
    if failed:
        raise typer.Exit(1)


def _judge(path: Path, source: Path | None, style: str | None, checkpoint: str | None) -> Evaluation:
    from symbolic_cover.app.evaluate import evaluate_subject

    return evaluate_subject(_read(path, source, style), checkpoint)


def _read(path: Path, source: Path | None, style: str | None) -> Subject:
    from symbolic_cover.app.evaluate import read_cover, read_pair

    return read_cover(path, style) if path.is_dir() and source is None else read_pair(path, source, style)


def _save(judged: Evaluation, folder: Path) -> None:
    from symbolic_cover.app.evaluate import save_evaluation
    from symbolic_cover.core.files import writable_folder

    save_evaluation(judged, writable_folder(folder))
