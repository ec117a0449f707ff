"""Tasks for refining: a few bars of a song and a style, in C major or A minor."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from symbolic_cover.analysis.song import analyze
from symbolic_cover.arrangement.arranger import at_home, prepare_sheet
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.excerpts import BARS, Excerpt, draw_excerpts
from symbolic_cover.evaluation.human_range import excerpt
from symbolic_cover.listening.song import listen
from symbolic_cover.tokens.language import DRUMS
from symbolic_cover.tokens.tokenizer import BarTokenizer

Parts = Mapping[str, Sequence[Note]]


@dataclass(frozen=True)
class Task:
    """Bars of a song to be arranged in a style; `people` is people's version, melody included, if known."""

    name: str
    sheet: SongSheet
    style: Style
    people: Parts | None = None


def tasks_of_corpus(corpus: Path, split: str, styles: Collection[str], a_style: int, seed: int) -> list[Task]:
    """At most `a_style` excerpts of a split in each of the preset styles, all with a melody."""
    covered = [style for style in styles if style in style_names()]
    drawn = draw_excerpts(corpus / split, BarTokenizer.load(corpus), covered, a_style, seed)
    return [_of_excerpt(one, number) for number, one in enumerate(drawn) if one.sheet.melody]


def _of_excerpt(drawn: Excerpt, number: int) -> Task:
    steps = drawn.sheet.key.steps_home
    people = {name: moved(notes, 0 if name == DRUMS else steps) for name, notes in drawn.parts.items()}
    style = at_home(load_style(drawn.style), steps)
    return Task(f"{drawn.style} {number}", drawn.sheet.transposed(steps), style, people)


def tasks_of_songs(
    songs: Sequence[Path], styles: Sequence[str], progress: Callable[[float], None] | None = None
) -> list[list[Task]]:
    """For each song its excerpts, with the styles in turn."""
    tasks: list[list[Task]] = []
    for number, path in enumerate(songs):
        style = load_style(styles[number % len(styles)])
        sheet = prepare_sheet(analyze(listen(path)), Controls(), style.ensemble, style.manner)
        tasks.append(_excerpts(path.stem, sheet, style))
        if progress:
            progress((number + 1) / len(songs))
    return tasks


def _excerpts(name: str, sheet: SongSheet, style: Style) -> list[Task]:
    """The parts of a song with a melody, eight bars at a time; a shorter song whole."""
    steps, n_bars = sheet.key.steps_home, len(sheet.grid.bars)
    home, shifted = sheet.transposed(steps), at_home(style, steps)
    edges = [*range(0, max(n_bars - BARS, 0) + 1, BARS)]
    cut = [excerpt(home, first, min(first + BARS, n_bars) - 1) for first in edges]
    return [Task(f"{name} {number}", one, shifted) for number, one in enumerate(cut) if one.melody]


def shuffled(tasks: Sequence[Task], seed: int) -> list[Task]:
    """The tasks in an order that depends on the seed alone."""
    order = list(tasks)
    random.Random(seed).shuffle(order)
    return order


def moved(notes: Sequence[Note], semitones: int) -> list[Note]:
    """The notes transposed by semitones."""
    return [note._replace(pitch=note.pitch + semitones) for note in notes]


def with_melody(parts: Parts, task: Task) -> dict[str, list[Note]]:
    """An accompaniment plus the melody in the leading part."""
    lead = task.style.ensemble.lead
    return {name: sorted([*notes, *task.sheet.melody]) if name == lead else list(notes)
            for name, notes in parts.items()}  # fmt: skip


def without_melody(parts: Parts, task: Task) -> dict[str, list[Note]]:
    """A version without the notes of the melody."""
    melody = {(note.onset_tick, note.pitch) for note in task.sheet.melody}
    return {
        name: [note for note in notes if (note.onset_tick, note.pitch) not in melody] for name, notes in parts.items()
    }
