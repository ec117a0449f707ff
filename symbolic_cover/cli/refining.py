"""The command that refines the arranger on preferences: refine."""

from __future__ import annotations

from dataclasses import asdict, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import CheckpointOption, Json, Quiet, Seed, must_exist, sources_of_inputs
from symbolic_cover.cli.printing import print_facts, print_json, progress_line
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.extras import require

if TYPE_CHECKING:
    from symbolic_cover.core.progress import Progress
    from symbolic_cover.refining.run import Material, Outcome

#: Excerpts drawn for each wanted preference: for some, all candidates are alike.
_TO_SPARE = 2.0
_WATCHED_A_STYLE, _COMPARED_A_STYLE = 1, 6


@app.command()
def refine(
    data: Annotated[
        Path | None,
        typer.Option(help="A corpus made by `prepare`: candidates for its songs are compared with people's."),
    ] = None,
    songs: Annotated[
        list[Path] | None,
        typer.Option(help="Songs, or folders of them, to sample candidates for; may be repeated."),
    ] = None,
    ratings: Annotated[Path | None, typer.Option(help="Ratings written by `rate --export`.")] = None,
    corrected: Annotated[
        list[Path] | None,
        typer.Option(help="The folder of a cover whose score.musicxml you corrected; may be repeated."),
    ] = None,
    style: Annotated[
        list[str] | None, typer.Option("--style", "-s", help="A style to refine instead of all; may be repeated.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=0, help="Preferences to make from candidates.")] = 600,
    n_candidates: Annotated[
        int, typer.Option("--drafts", min=2, max=32, help="Candidates of which the best is preferred to the worst.")
    ] = 6,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the preferences.")] = 1,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write everything.")] = Path("runs/refined"),
    checkpoint: CheckpointOption = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that sample candidates.")] = 1,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="From now on make covers with the checkpoint in --out.")
    ] = False,
    revert: Annotated[bool, typer.Option("--revert", help="Undo the latest --adopt.")] = False,
    seed: Seed = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Refine the arranger on preferences: of listeners, of corrected scores, and of the best candidate over the worst.

    The new checkpoint is kept in OUT/checkpoint if it is better than the old one on held-out songs and no less varied;
    a table shows both. Use it with --checkpoint, or for all covers with --adopt, until --revert. The same command
    continues an interrupted run.
    """
    require("train")
    from symbolic_cover.arrangement.adopted import adopt as adopt_checkpoint
    from symbolic_cover.arrangement.adopted import revert as revert_checkpoint

    if revert:
        print_facts({"taken back": revert_checkpoint()}, quiet, as_json)
        return
    if adopt and not (data or songs):
        print_facts({"adopted": adopt_checkpoint(out / "checkpoint")}, quiet, as_json)
        return
    if (data is None) == (not songs):
        raise UsageError("Refining needs songs for the comparison.", "Give either --data CORPUS or --songs FOLDER.")
    from symbolic_cover.arrangement.checkpoint import find_checkpoint
    from symbolic_cover.core.files import check_writable
    from symbolic_cover.refining.listeners import said_by_correcting, said_in_ratings
    from symbolic_cover.refining.run import refine as run_refining
    from symbolic_cover.refining.training import RefinePlan

    said = [*(said_in_ratings(ratings) if ratings else ()), *map(said_by_correcting, corrected or ())]
    if not (pairs or said):
        raise UsageError("There are no preferences to learn from.", "Give --ratings or --corrected, or more --pairs.")
    parent = find_checkpoint(checkpoint)
    if parent is None:
        raise UsageError("There is no checkpoint to refine.", "Train some with: symbolic-cover train")
    check_writable(out)
    with progress_line(quiet or as_json) as tell:
        material = _material(data, songs or [], style or [], parent, pairs, seed, tell)
        outcome = run_refining(
            parent, material, said, out, plan=replace(RefinePlan(), epochs=epochs, seed=seed), wanted=pairs,
            n_candidates=n_candidates, workers=workers, progress=tell,
        )  # fmt: skip
    if as_json:
        print_json(asdict(outcome))
    elif not quiet:
        _print_outcome(outcome)
    if adopt and outcome.checkpoint:
        print_facts({"adopted": adopt_checkpoint(outcome.checkpoint)}, quiet, as_json)


def _material(
    data: Path | None, songs: list[Path], styles: list[str], parent: Path, pairs: int, seed: int, tell: Progress
) -> Material:
    """The tasks to sample, watch and compare on: the splits of a corpus; of songs, every fourth or their last bars."""
    from symbolic_cover.core.styles import DEFAULT_STYLE, load_style, style_names
    from symbolic_cover.refining.run import Material
    from symbolic_cover.refining.tasks import shuffled, tasks_of_corpus, tasks_of_songs
    from symbolic_cover.tokens.tokenizer import BarTokenizer

    for name in styles:
        load_style(name)
    if data is not None:
        must_exist(data / "vocabulary.json")
        names = [name for name in styles or BarTokenizer.load(parent).styles if name in style_names()]
        a_style = ceil(_TO_SPARE * pairs / len(names))
        drawn = tasks_of_corpus(data, "train", names, a_style, seed=seed + 5) if pairs else []
        watched = tasks_of_corpus(data, "valid", names, _WATCHED_A_STYLE, seed=seed + 3)
        compared = tasks_of_corpus(data, "test", names, _COMPARED_A_STYLE, seed=seed + 2)
        return Material(shuffled(drawn, seed), watched, compared)
    files = sources_of_inputs(songs)
    by_song = tasks_of_songs(files, styles or [DEFAULT_STYLE], lambda share: tell("listen", share))
    return Material.of_songs(by_song, seed)


def _print_outcome(outcome: Outcome) -> None:
    """Print the scores before and after, and whether the checkpoint was kept."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "before", "after", "people", title="On held-out songs, means over single candidates")
    for name, value in outcome.before.items():
        people = f"{outcome.people[name]:.3f}" if name in outcome.people else ""
        table.add_row(name.replace("_", " "), f"{value:.3f}", f"{outcome.after[name]:.3f}", people)
    Console().print(table)
    verdict = outcome.verdict
    typer.echo(f"score {verdict.gain:+.3f} [{verdict.low:+.3f}, {verdict.high:+.3f}] (95 %), from "
               + ", ".join(f"{count} {origin}" for origin, count in outcome.counts.items()))  # fmt: skip
    for reason in outcome.skipped:
        typer.echo(f"note: skipped: {reason}")
    if outcome.checkpoint:
        typer.echo(f"Better, and kept: {outcome.checkpoint}")
    else:
        typer.echo(f"Not better, and not kept: {verdict.why_not}.")
