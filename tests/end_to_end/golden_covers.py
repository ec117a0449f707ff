"""Golden covers: what the shipped weights make of three songs, kept so that no change of the code changes a note.

    python -m tests.end_to_end.golden_covers        writes them anew, after a change that was meant

Kept are the arrangement as MIDI and, of the score and of the song sheet, a checksum. Sampling turns the last bit of a
sum into another note, so that other kinds of processor, or other numbers of threads, make other covers; the golden ones
say where they were made, and are compared only there.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
import tempfile
from pathlib import Path

import torch

from symbolic_cover import Controls, cover
from symbolic_cover.core.song_file import write_sheet

FOLDER = Path(__file__).parent / "golden"
_ROOT = Path(__file__).parents[2]
#: Name: song, style and what is asked for; a tune in ABC, a recording, a choir's score in MusicXML.
SONGS = {
    "tune": (_ROOT / "data/examples/scarborough_fair.abc", "pop-piano", Controls(candidates=3)),
    "recording": (_ROOT / "data/examples/lets_go_fishin.ogg", "string-quartet", Controls(candidates=2, transpose=2)),
    "choir": (_ROOT / "tests/notation/golden/choir.musicxml", "swing", Controls(candidates=2, seed=4)),
}


def machine() -> dict[str, object]:
    """What decides about the last bits."""
    return {
        "processor": platform.machine(),
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "amx": torch.cpu._is_amx_tile_supported(),
        "torch": torch.__version__.split("+")[0],
        "threads": torch.get_num_threads(),
    }


def make(name: str, folder: Path) -> dict[str, str]:
    """Cover a song into a folder; checksums of what does not go into the repository."""
    from symbolic_cover import render

    song, style, controls = SONGS[name]
    made = cover(song, style, controls)
    render(made.arrangement, folder / f"{name}.mid")
    write_sheet(made.sheet, folder / f"{name}.json")
    score = render(made.arrangement, folder / f"{name}.musicxml").read_text(encoding="utf-8")
    undated = re.sub(r"<encoding-date>.*?</encoding-date>|<software>.*?</software>", "", score)
    return {
        "score": hashlib.sha256(undated.encode()).hexdigest(),
        "sheet": hashlib.sha256((folder / f"{name}.json").read_bytes()).hexdigest(),
    }


def main() -> None:
    """Write the golden covers anew."""
    told: dict[str, object] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as made:
        for name in SONGS:
            told[name] = make(name, Path(made))
            (FOLDER / f"{name}.mid").write_bytes((Path(made) / f"{name}.mid").read_bytes())
            print(name, file=sys.stderr)
    (FOLDER / "golden.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
