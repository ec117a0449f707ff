"""How other programs read our scores: one cover in each style, opened in music21, verovio, MuseScore and partitura.

    python benchmarks/notation/readers.py LIBRARY --out benchmarks/notation/readers.md

LIBRARY is filled by `symbolic-cover collect`; songs of the test split, as in `scores.py`. The played notes are
compared, with all repeats: each (onset, pitch), drums if a reader supports them. MuseScore 3 (Debian's `musescore3`)
and partitura (`pip install partitura`) are skipped if they are not installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import symusic
import torch
from score_checks import music21_faults, verovio_faults
from scores import excerpts

from symbolic_cover.app.cover import cover
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls, Notation
from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER
from symbolic_cover.core.styles import style_names
from symbolic_cover.notation.layout import lay_out
from symbolic_cover.notation.musicxml import write_musicxml

#: Where players of swing, and programs that imitate them, put the second eighth.
_SWUNG_TICKS = (7, 8)
Onsets = set[tuple[int, int]]


def main() -> None:
    """Cover, write, read with all programs, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--styles", nargs="+", choices=style_names(), default=style_names())
    parser.add_argument("--checkpoint", help="a folder, a shipped name, or rules; otherwise the one that is shipped")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = readers()
    rows = {}
    with tempfile.TemporaryDirectory() as temporary:
        songs = excerpts(options.library, Path(temporary))
        for style, song in zip(options.styles, songs, strict=False):
            made = cover(song, style, Controls(candidates=1), checkpoint=options.checkpoint).arrangement
            path = Path(temporary) / f"{style}.musicxml"
            write_musicxml(made, path)
            rows[style] = {name: read(made, path) for name, read in found.items()}
            print(style, rows[style], flush=True)
    text = table(rows)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def readers() -> dict[str, Callable[[Arrangement, Path], str]]:
    """The installed programs, each as a function that returns the differences; empty if there are none."""
    found: dict[str, Callable[[Arrangement, Path], str]] = {
        f"music21 {version('music21')}": lambda made, path: "; ".join(music21_faults(made, path)),
        f"verovio {version('verovio')}": lambda made, path: "; ".join(verovio_faults(made, path)),
    }
    if shutil.which("mscore3"):
        said = subprocess.run(["mscore3", "--version"], capture_output=True, text=True, env=_offscreen()).stdout
        found[f"MuseScore {said.split()[-1]}"] = musescore_faults
    try:
        found[f"partitura {version('partitura')}"] = partitura_faults
    except ImportError:
        print("partitura is not installed", file=sys.stderr)
    return found


def _offscreen() -> dict[str, str]:
    return os.environ | {"QT_QPA_PLATFORM": "offscreen"}


def musescore_faults(made: Arrangement, path: Path) -> str:
    """The differences in MuseScore's playback, by its MIDI of the page."""
    out = path.with_suffix(".mscore.mid")
    subprocess.run(["mscore3", "-o", str(out), str(path)], capture_output=True, env=_offscreen(), check=True)
    played = symusic.Score(out)
    scale = TICKS_PER_QUARTER / played.ticks_per_quarter
    return difference(
        {(round(note.time * scale), note.pitch) for track in played.tracks for note in track.notes},
        wanted(made, with_drums=True),
    )


def partitura_faults(made: Arrangement, path: Path) -> str:
    """The differences in partitura's reading, repeats unfolded, of a copy without drums."""
    sys.modules["fluidsynth"] = None  # type: ignore[assignment]  # with it, partitura fetches a SoundFont when imported
    import partitura

    copy = path.with_suffix(".pitched.musicxml")
    _without_drums(path, copy)
    arrays = [
        partitura.score.unfold_part_maximal(part).note_array() for part in partitura.load_musicxml(str(copy)).parts
    ]
    notes = [(float(note["onset_quarter"]), int(note["pitch"])) for array in arrays for note in array]
    first = min(0.0, *(onset for onset, _ in notes))  # a pick-up begins before 0
    heard = {(round((onset - first) * TICKS_PER_QUARTER), pitch) for onset, pitch in notes}
    return difference(heard, wanted(made, with_drums=False))


def _without_drums(path: Path, copy: Path) -> None:
    tree = ElementTree.parse(path)
    root = tree.getroot()
    listed = root.find("part-list")
    for part in root.findall("part"):
        if part.find(".//unpitched") is not None:
            root.remove(part)
            listed.remove(next(one for one in listed if one.get("id") == part.get("id")))
    tree.write(copy, encoding="utf-8", xml_declaration=True)


def wanted(made: Arrangement, *, with_drums: bool) -> Onsets:
    """The notes that the page says to play, from its first written tick on."""
    page, layout = lay_out(made, Notation(written_out=True))
    return {
        (note.onset_tick - layout.opening_tick, note.pitch)
        for part in page.parts
        if with_drums or not part.is_drums
        for note in part.notes
    }


def difference(heard: Onsets, asked: Onsets) -> str:
    """The numbers of lost and added notes, with swung eighths taken for straight ones."""
    heard, asked = ({_straight(one) for one in side} for side in (heard, asked))
    lost, added = len(asked - heard), len(heard - asked)
    return f"{lost} notes lost, {added} added" if lost or added else ""


def _straight(one: tuple[int, int]) -> tuple[int, int]:
    tick, pitch = one
    beat, place = divmod(tick, TICKS_PER_QUARTER)
    return (beat * TICKS_PER_QUARTER + STRAIGHT_TICK, pitch) if place in _SWUNG_TICKS else one


def table(rows: dict[str, dict[str, str]]) -> str:
    """Styles by readers."""
    names = list(next(iter(rows.values())))
    whole = ", ".join(f"{name} {sum(not row[name] for row in rows.values())}" for name in names)
    lines = [
        "# What other programs read on our pages",
        "",
        "`python benchmarks/notation/readers.py LIBRARY --out benchmarks/notation/readers.md`: one cover in each",
        "style, one candidate each; what is played with all repeats, (onset, pitch), swung eighths taken for straight",
        "ones. partitura is given the pages without drums, at whose chords it ends with an error.",
        "",
        f"Whole, of {len(rows)}: {whole}.",
        "",
        "| style | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
        *(f"| {style} | " + " | ".join(row[name] or "ok" for name in names) + " |" for style, row in rows.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
