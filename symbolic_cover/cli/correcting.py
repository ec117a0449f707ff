"""The command that corrects a song sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symbolic_cover.cli.app import app
from symbolic_cover.cli.options import Json, Quiet, must_exist
from symbolic_cover.cli.printing import print_json
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.song_file import read_sheet, write_sheet

_Words = list[str] | None
_PANEL = "Timing"
_WHAT = "Content"


def _option(text: str, panel: str) -> typer.models.OptionInfo:
    return typer.Option(help=text, rich_help_panel=panel, metavar="...")


@app.command()
def correct(
    sheet: Annotated[Path, typer.Argument(help="A song.json written by `cover` or `analyze --out`.")],
    tempo: Annotated[_Words, _option("'half' or 'double'.", _PANEL)] = None,
    meter: Annotated[_Words, _option("3/4, or for some bars: 5-8=3/4.", _PANEL)] = None,
    downbeat: Annotated[
        _Words, _option("Move bar lines by beats (+1, -1), or put one at a beat: 13.3; from there on: 13.3-.", _PANEL)
    ] = None,
    beat: Annotated[_Words, _option("The time of a beat in seconds: 13.2=25.32; others follow.", _PANEL)] = None,
    swing: Annotated[_Words, _option("Ratio of the longer to the shorter eighth: 2, or 1 for none.", _PANEL)] = None,
    key: Annotated[_Words, _option("'Bb major', 'F# minor'.", _WHAT)] = None,
    section: Annotated[_Words, _option("5=Chorus; 5= for none.", _WHAT)] = None,
    chord: Annotated[_Words, _option("13.1=Eb, 13-14=F#m7/E, 13=N for none.", _WHAT)] = None,
    silent: Annotated[_Words, _option("No melody here: 13-16.", _WHAT)] = None,
    take: Annotated[_Words, _option("Take the melody from another line: 13-16=texture or =bass.", _WHAT)] = None,
    delete: Annotated[_Words, _option("Delete notes of the melody: 13.2, 13-14.", _WHAT)] = None,
    split: Annotated[_Words, _option("Strike the note that sounds at 13.3 again there.", _WHAT)] = None,
    octave: Annotated[_Words, _option("Move notes of the melody by octaves: 45-48=-1.", _WHAT)] = None,
    move: Annotated[_Words, _option("Move the note at 13.2: 13.2=13.3:C5:1.5 (place, pitch, beats).", _WHAT)] = None,
    draw: Annotated[_Words, _option("Add a note to the melody: 13.2:C5:1.5 (place, pitch, beats).", _WHAT)] = None,
    sure: Annotated[_Words, _option("Confirm what was heard in 13-16.", _WHAT)] = None,
    undo: Annotated[int, typer.Option(min=0, help="First undo this many corrections.")] = 0,
    redo: Annotated[int, typer.Option(min=0, help="First redo this many undone corrections.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write (default: the sheet itself).")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Correct a song sheet. Each option can be given several times; without any, the corrections are listed.

    Corrections under "Timing" come first, in the order below; bars are numbered as they are then. `cover SHEET --onto
    FOLDER` arranges the corrected bars anew.
    """
    asked = {"tempo": tempo, "meter": meter, "downbeat": downbeat, "beat": beat, "swing": swing, "key": key,
             "section": section, "chord": chord, "silent": silent, "take": take, "delete": delete, "split": split,
             "octave": octave, "move": move, "draw": draw, "sure": sure}  # fmt: skip
    must_exist(sheet)
    from symbolic_cover.correcting import history

    before = after = read_sheet(sheet)
    for _ in range(undo):
        after = history.undo(after)
    for _ in range(redo):
        after = history.redo(after)
    words = [f"{kind} {argument}" for kind in history.KINDS for argument in asked[kind] or ()]
    after = history.correct(after, *words)
    if after is not before:
        write_sheet(after, out or sheet)
    elif out is not None:
        raise UsageError("No correction was given.", "Name a correction, such as --downbeat +1.")
    changed = history.changed_bars(before, after)
    if as_json:
        made = after.corrections
        print_json({"file": str(out or sheet), "corrections": made.done, "undone": made.undone, "bars": changed})
    elif not quiet:
        for one in after.corrections.done or ["No corrections so far."]:
            typer.echo(one)
        if after is not before:
            typer.echo(f"{out or sheet}: {len(changed)} of {len(after.grid.bars)} bars changed")
