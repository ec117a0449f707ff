"""The stages of a cover that need models or time; the only module that loads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from symbolic_cover.arrangement.adapter import load_for_style
from symbolic_cover.arrangement.adopted import adopted
from symbolic_cover.arrangement.anew import Ticks, arrange_anew, splice
from symbolic_cover.arrangement.arranger import arrange_by_rules, candidates_by_model
from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls, Hints
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.heard import Confidence, Heard
from symbolic_cover.core.progress import Progress
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import DEFAULT_STYLE
from symbolic_cover.corpus.bars import known_bars
from symbolic_cover.evaluation.human_range import HumanRange
from symbolic_cover.evaluation.memorisation import PatternIndex
from symbolic_cover.evaluation.people import Ranges, load_people
from symbolic_cover.listening.song import listen


@dataclass(frozen=True)
class Stages:
    """The stages that need models or time; tests replace them by fakes.

    `human` and `people` are the measures of people's covers, over a few bars and whole; `patterns` are those of the
    songs that the arranger learned from. `is_adopted`: the user adopted this arranger. `anew` arranges some tick spans
    again and keeps the rest of an arrangement.
    """

    listen: Callable[[Path, Hints, Progress], Heard]
    arrange: Callable[[SongSheet, Style, Controls, Progress], list[Arrangement]]
    arranger: str
    anew: Callable[[SongSheet, Style, Controls, Arrangement, Sequence[Ticks], Progress], Arrangement]
    human: Mapping[str, HumanRange] = field(default_factory=dict)
    people: Mapping[str, Ranges] = field(default_factory=dict)
    patterns: PatternIndex | None = None
    is_adopted: bool = False


def load_stages(checkpoint: str | Path | None = None, style: str = DEFAULT_STYLE) -> Stages:
    """Load the real stages, with the weights for `style` unless `checkpoint` names others."""
    folder = None if str(checkpoint) == "rules" else find_checkpoint(checkpoint, style)

    def hear(source: Path, hints: Hints, tell: Progress) -> Heard:
        return listen(source, hints, progress=lambda share: tell("listen", share))

    if folder is None:
        return Stages(
            hear,
            lambda sheet, style, controls, tell: [arrange_by_rules(sheet, style, controls)],
            "rules",
            lambda sheet, style, controls, kept, fresh, tell: splice(
                kept, arrange_by_rules(sheet, style, controls), fresh
            ),
        )
    loaded = load_for_style(folder, style)

    def arrange(sheet: SongSheet, style: Style, controls: Controls, tell: Progress) -> list[Arrangement]:
        known = _in_known_bars(sheet)
        candidates = candidates_by_model(loaded, known, style, controls, lambda share: tell("arrange", share))
        return [replace(candidate, grid=sheet.grid) for candidate in candidates]

    def anew(
        sheet: SongSheet, style: Style, controls: Controls, kept: Arrangement, fresh: Sequence[Ticks], tell: Progress
    ) -> Arrangement:
        known = _in_known_bars(sheet)
        drawn = arrange_anew(loaded, known, style, controls, kept, fresh, lambda share: tell("arrange", share))
        return replace(drawn, grid=sheet.grid)

    return Stages(
        hear, arrange, loaded.name, anew, loaded.human, load_people(folder), PatternIndex.load(folder),
        folder in adopted(),
    )  # fmt: skip


def _in_known_bars(sheet: SongSheet) -> SongSheet:
    """The song in metres of the model's vocabulary; the cover is written in the metres of the song."""
    bars = known_bars(sheet.grid.bars)
    if bars == sheet.grid.bars:
        return sheet
    return replace(sheet, grid=replace(sheet.grid, bars=bars), confidence=Confidence())
