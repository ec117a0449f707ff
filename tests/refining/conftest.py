"""Tasks of a small song, and preferences among made-up accompaniments of it."""

import pytest

from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style
from symbolic_cover.refining.candidates import prefer
from symbolic_cover.refining.tasks import Task

STYLE = load_style("pop-piano")


def make_task(song: SongSheet, name: str = "song", people=None) -> Task:
    return Task(name, song, STYLE, people)


def blocks(song: SongSheet, step: int = 0) -> dict[str, list[Note]]:
    """A held root in the left hand, a third above it in the right, so many semitones off."""
    left = [Note(bar.start_tick, bar.meter.bar_tick, 36 + bar.start_tick // 48 % 5 + step) for bar in song.grid.bars]
    right = [note._replace(pitch=note.pitch + 24) for note in left]
    return {"left-hand": left, "right-hand": right}


@pytest.fixture
def preferences(song, tiny_checkpoint):
    """Prefer consonant accompaniments ten times."""
    return [
        prefer(tiny_checkpoint, make_task(song, f"song {turn}"), blocks(song), blocks(song, 1 + turn % 3), "drafts",
               1.0, Controls(seed=turn))
        for turn in range(10)
    ]  # fmt: skip
