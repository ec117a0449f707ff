"""Write the golden scores anew, after a change of the page that was looked at:

python -m tests.notation.make_golden
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import Section
from symbolic_cover.notation.musicxml import write_musicxml
from tests.notation.ensembles import ENSEMBLES, song_for
from tests.notation.scores import golden

FOLDER = Path(__file__).parent / "golden"


def songs() -> dict[str, Arrangement]:
    """A few bars for a piano, a choir and a band, by the name of their file."""
    choir = replace(song_for(ENSEMBLES["choir"], 4), composer="Nobody", source="song.abc")
    band = replace(song_for(ENSEMBLES["band"], 2), sections=(Section(0, "A"), Section(48, "B")))
    return {"piano": golden(), "choir": choir, "band": band}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, song in songs().items():
        write_musicxml(song, FOLDER / f"{name}.musicxml")
