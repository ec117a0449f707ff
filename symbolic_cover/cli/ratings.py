"""The command for listening tests: rate."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import Json, Quiet, must_exist
from symbolic_cover.cli.printing import print_json, progress_line
from symbolic_cover.cli.serving import serve_until_stopped
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.extras import require
from symbolic_cover.core.files import check_writable, writable_folder, write_text

if TYPE_CHECKING:
    from symbolic_cover.rating.results import Estimate, Results
    from symbolic_cover.rating.store import Store
    from symbolic_cover.rating.study import Study

_ANSWERS = "answers.sqlite"


@app.command()
def rate(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders to compare, each one system: a cover, or a folder of covers or of MIDI files."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to keep answers and sounds.")] = Path("ratings"),
    source: Annotated[
        Path | None, typer.Option("--source", help="The song, or a folder of songs with the names of the covers.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=5.0, help="Play only this many seconds of each.")] = None,
    results: Annotated[bool, typer.Option("--results", help="Show the results so far.")] = False,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the answers as JSON lines for `refine --ratings`.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="The address to serve at; 0.0.0.0 lets others on your network take part.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 picks a free one.")] = 8350,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    seed: Annotated[int, typer.Option(help="The same seed gives each listener the same order.")] = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare covers in a blind listening test: a page plays two covers of a song at equal loudness and asks which is
    better.

    Answers are saved to --out as they are given; the same command continues an interrupted test. Then --results ranks
    the systems, with confidence intervals, and --export writes preferences for `refine --ratings`.
    """
    require("web")
    from symbolic_cover.core.files import check_writable, writable_folder
    from symbolic_cover.rating.store import Store

    if folders and (results or export):
        raise UsageError("Folders are not needed for results.", "Leave them out, and name --out.")
    if results or export:
        _look_back(Store(out / _ANSWERS, must_exist=True), results, export, seed, quiet, as_json)
        return
    if not folders or len(folders) < 2:
        raise UsageError("There is nothing to compare.", "Name two folders or more, such as: rate covers/a covers/b.")
    if source is not None:
        must_exist(source)
    from symbolic_cover.rating.versions import find_versions

    versions = find_versions(folders, source)
    check_writable(out)
    sounds = writable_folder(out / "sounds")
    from symbolic_cover.rating.sound import levelled
    from symbolic_cover.rating.study import Study

    with progress_line(quiet) as tell:
        songs = sorted({version.source for version in versions if version.source})
        total = len(versions) + len(songs)
        heard, heard_songs = {}, {}
        for done, version in enumerate(versions):
            tell("sound", done / total)
            heard[version] = levelled(version.score, version.sound, version.style, sounds, seconds)
        for done, song in enumerate(songs, len(versions)):
            tell("sound", done / total)
            heard_songs[song] = levelled(song, None, "", sounds, seconds)
    study = Study(versions, heard, heard_songs, Store(out / _ANSWERS), seed)
    _serve(study, host, port, browser, quiet)


def _serve(study: Study, host: str, port: int, browser: bool, quiet: bool) -> None:
    """Serve the page until interrupted."""
    from symbolic_cover.web.guard import LOCAL_HOSTS
    from symbolic_cover.web.listening_test import listening_page

    def said(address: str) -> list[str]:
        lines = [f"Listen at {address} and stop with Ctrl-C; answers are saved in {study.store.path}."]
        if host not in LOCAL_HOSTS:
            lines.append("note: everyone who reaches this machine can open the page and answer.")
        return lines

    serve_until_stopped(listening_page(study, host), host, port, browser, quiet, said)


def _look_back(store: Store, results: bool, export: Path | None, seed: int, quiet: bool, as_json: bool) -> None:
    """Export the answers and print the results."""
    from symbolic_cover.rating.results import summarize
    from symbolic_cover.rating.store import as_preference

    answers = store.answers()
    if not answers:
        raise UsageError(f"There are no answers in {store.path.parent} yet.", "Rate some covers first.")
    if export is not None:
        check_writable(export.parent)
        lines = (json.dumps(as_preference(answer), ensure_ascii=False) for answer in answers)
        write_text(writable_folder(export.parent) / export.name, "".join(f"{line}\n" for line in lines))
        if not quiet and not (as_json and results):
            typer.echo(f"{len(answers)} answers in {export}")
    if results:
        found = summarize(answers, seed)
        if as_json:
            print_json(asdict(found))
        elif not quiet:
            _print_results(found)


def _print_results(found: Results) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    scales = list(dict.fromkeys(scale for marks in found.scales.values() for scale in marks))
    table = Table(
        "system", "strength", *scales, title=f"{found.answers} answers, {found.raters} listeners; 95 % intervals"
    )
    for system, strength in found.strengths.items():
        marks = found.scales[system]
        table.add_row(system, _spoken(strength), *(_spoken(marks[scale]) if scale in marks else "" for scale in scales))
    console.print(table)
    duels = Table("", "preferred", "tie", "other preferred", "share of the first")
    for duel in found.duels:
        duels.add_row(f"{duel.a} : {duel.b}", str(duel.wins_a), str(duel.ties), str(duel.wins_b), _spoken(duel.share_a))
    console.print(duels)


def _spoken(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"
