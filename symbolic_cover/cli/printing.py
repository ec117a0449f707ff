"""Printing for people and programs: progress, results, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from symbolic_cover.app.evaluate import Evaluation
    from symbolic_cover.core.heard import Heard
    from symbolic_cover.core.progress import Progress
    from symbolic_cover.library.collect import Collected, Outcome


@contextmanager
def progress_line(silent: bool, title: str = "") -> Iterator[Progress]:
    """A progress line on standard error: the stage and how much of it is done."""
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


def print_missed(heard: Heard, silent: bool) -> None:
    """Print which parts of the analysis were skipped because a model is missing."""
    if heard.source.kind == "audio" and not silent:
        from symbolic_cover.listening.audio.ears import ears_missed

        for line in ears_missed():
            typer.echo(f"note: {line}", err=True)


def print_cover(files: dict[str, Path], scores: dict[str, dict[str, float]], findings: tuple[str, ...]) -> None:
    """Print the paths of a cover, its main scores and its findings."""
    for path in files.values():
        typer.echo(str(path))
    ours = scores["cover"]
    shown = ("melody_retention", "chord_accuracy", "unplayable_share", "notes_per_bar", "difficulty")
    known = [name for name in shown if ours[name] == ours[name]]  # not NaN, as of hands where there are none
    typer.echo("  ".join(f"{name.replace('_', ' ')} {ours[name]:.3g}" for name in known))
    for finding in findings:
        typer.echo(f"note: {finding}")


def print_evaluation(judged: Evaluation) -> None:
    """Print every measure with people's range, weak bars and suggestions."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{judged.subject.name}, judged as {judged.subject.style}", box=None, title_justify="left")
    for heading in ("", "cover", "people", ""):
        table.add_column(heading, justify="left" if heading == "" else "right")
    aspect = ""
    for one in judged.judged:
        if one.aspect != aspect:
            aspect = one.aspect
            table.add_row(f"[bold]{aspect}[/bold]")
        people = f"{one.people.low:.2f} to {one.people.high:.2f}" if one.people else ""
        value = "" if one.value != one.value else f"{one.value:.2f}"
        table.add_row(f"  {one.name.replace('_', ' ')}", value, people, one.verdict)
    Console().print(table)
    for line in (*judged.subject.remarks, *judged.advice):
        typer.echo(f"note: {line}")


def print_evaluations(every: list[Evaluation]) -> None:
    """Print a row for each of several covers."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    shown = ("melody_retention", "chord_accuracy", "style_fit", "copied_bars", "unplayable_share")
    for heading in (
        "cover",
        "style",
        *(name.replace("_", " ") for name in shown),
        "within range",
        "weak bars",
    ):
        table.add_column(heading, justify="left" if heading in ("cover", "style") else "right")
    for one in every:
        values = {judged.name: judged.value for judged in one.judged}
        known = [judged.verdict for judged in one.judged if judged.verdict]
        cells = ("" if values[name] != values[name] else f"{values[name]:.2f}" for name in shown)
        within = f"{known.count('within')} of {len(known)}"
        table.add_row(one.subject.name, one.subject.style, *cells, within, str(len(one.findings)))
    Console().print(table)


def print_outcomes(outcomes: list[Outcome], library: Path) -> None:
    """Print what was collected."""
    for one in outcomes:
        there = "" if one.fresh else "already there, "
        pieces = f"{one.pieces} pieces" if one.pieces else f"files beside {one.dataset.companion_of}"
        typer.echo(f"{one.dataset.name}: {there}{pieces}, {one.dataset.licence}")
        if one.fresh and not one.dataset.weights:
            typer.echo(f"note: weights trained on {one.dataset.name} must not be distributed.")
        if one.fresh and one.dataset.note:
            typer.echo(f"note: {one.dataset.note}")
    fresh = any(one.fresh for one in outcomes)
    typer.echo(f"The library is {library}" if fresh else f"Nothing to do: everything is in {library} already")


def print_library(library: Path, there: dict[str, Collected], as_json: bool) -> None:
    """Print what a library has and what is available."""
    from symbolic_cover.library.catalogue import load_catalogue

    known = load_catalogue() | {name: one.dataset for name, one in there.items()}
    facts = ("name", "title", "licence", "attribution", "weights", "default", "companion_of", "source", "note")
    listed = [
        {fact: getattr(dataset, fact) for fact in facts}
        | {"styles": dataset.style_names, "download": bool(dataset.download), "collected": name in there,
           "pieces": len(there[name].rows) if name in there else None}
        for name, dataset in known.items()
    ]  # fmt: skip
    if as_json:
        print_json({"library": library, "datasets": listed})
        return
    for here in (True, False):
        rows = [one for one in listed if one["collected"] == here]
        typer.echo(f"In {library}:" if here else "\nAvailable ('net': by `collect NAME`; all by `collect --from`):")
        for one in rows or [{}]:
            typer.echo(_listed(one) if one else "  nothing")


def _listed(one: dict[str, Any]) -> str:
    count = f"{one['pieces']:>6}" if one["pieces"] else ""
    marks = [word for word, holds in (("default", one["default"]), ("net", one["download"])) if holds]
    styles = ", ".join(one["styles"]) or f"with {one['companion_of']}"
    weights = "weights yes" if one["weights"] else "weights no "
    return f"  {one['name']:<24}{count:<7} {weights}  {' '.join(marks):<11}  {one['licence']}; {styles}"


def print_facts(facts: dict[str, Any], quiet: bool, as_json: bool) -> None:
    """Print facts, one a line."""
    if as_json:
        print_json(facts)
    elif not quiet:
        for name, value in facts.items():
            typer.echo(f"{name}: {value}")


def print_json(value: Any) -> None:
    """Print JSON for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
