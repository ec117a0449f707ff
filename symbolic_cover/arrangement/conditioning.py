"""What the model is conditioned on: the header, the source side of every bar, and the requested plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbolic_cover.analysis.form import pick_up_of
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.core.controls import LEARNED_LEVELS, LEVELS, Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.tokens.language import Language, bars_of_parts, bars_of_sheet, place_of
from symbolic_cover.tokens.plan import BOUNDS, Planner

#: The label that Hugging Face's loss ignores.
IGNORED_LABEL = -100
_BASS_FROM = 0.3
#: The highest class of each kind that a level allows in a bar; the full level sets no limit.
_MOST_OF_LEVEL = {
    "beginner": {"Density": 1, "Polyphony": 0, "Offbeat": 0},
    "easy": {"Density": 2, "Polyphony": 1, "Offbeat": 1},
    "intermediate": {"Density": 4},
}
_SPARSEST, _DENSEST_HANDS, _DENSEST_BAND = 1, 8, 12
#: The request for the last bar of a song: tones of its chord.
_OF_THE_END = {"Color": (0, 0)}
#: What is requested of a pick-up: no notes.
_SILENCE = {"Density": (0, 0)}
#: How far the class of a bar may be from the requested one, on either side.
_ABOUT = 1


@dataclass(frozen=True)
class Conditioning:
    """The header's token ids and the source of each bar; the song sounds from bar `first` to bar `last`.

    `asked` has the lowest and highest allowed class of a bar for some kinds of the plan.
    """

    tokenizer: Language
    sheet: SongSheet
    header: list[int]
    sources: list[dict[str, Any]]
    first: int
    last: int
    asked: dict[str, tuple[int, int]]
    planner: Planner

    @classmethod
    def of(cls, checkpoint: Checkpoint, sheet: SongSheet, style: Style, controls: Controls) -> Conditioning:
        """The conditioning for a checkpoint: by fidelity, the bass and a share of the texture; and bounds on plans."""
        tokenizer, human = checkpoint.tokenizer, checkpoint.human.get(style.name)
        usual = human.level if human else controls.level
        level = min(controls.level, usual, key=LEVELS.index)
        said = level if level in LEARNED_LEVELS else LEARNED_LEVELS[0]
        header = tokenizer.ids(tokenizer.header(style.name, said, style.ensemble.name))
        first, last = _sounding_bars(sheet)
        sources = _visible(sheet, controls, first, last)
        asked = _asked(controls, is_band=len(style.ensemble.parts) > 2)
        return cls(tokenizer, sheet, header, sources, first, last, asked, Planner(tokenizer.vocab))

    def source_ids(self, index: int) -> list[int]:
        """The X of a bar as token ids."""
        return self.tokenizer.ids(self.tokenizer.source_bar(**self.sources[index]))

    def asked_of(self, index: int) -> dict[str, tuple[int, int]]:
        """The bounds on the plan of a bar; none where the song is silent."""
        if not self.sounds(index):
            return _SILENCE if self._is_pick_up(index) else {}
        return self.asked | (_OF_THE_END if index == self.last and self.sheet.is_whole else {})

    def plan_of(self, index: int, y: Sequence[int]) -> list[int]:
        """The plan of a bar with the target tokens `y`."""
        return self.planner.plan(np.array(self.source_ids(index)), np.array(y, dtype=int)).tolist()

    def shown(self, index: int) -> list[Note]:
        """The notes of the song, beside its melody, that the model sees in a bar."""
        return [*self.sources[index]["bass"], *self.sources[index]["texture"]]

    def sounds(self, index: int) -> bool:
        """Whether the accompaniment must play in a bar: the song has a chord or a melody there, and no pick-up."""
        return bool(self.sources[index]["chords"] or self.sources[index]["melody"]) and not self._is_pick_up(index)

    def _is_pick_up(self, index: int) -> bool:
        """Whether the song begins in this bar with its melody alone."""
        return index == self.first and self.sheet.is_whole and index == pick_up_of(self.sheet)

    def window(self, parts: Mapping[str, Sequence[Note]], context: int) -> tuple[list[int], list[int]]:
        """Conditioning and accompaniment as one training sequence: token ids and labels.

        `parts` has the accompaniment by part, without the melody. Labels are the tokens of Y and the token that ends
        each bar; `IGNORED_LABEL` elsewhere. Whole bars only, as many as fit into `context`.
        """
        bars = self.sheet.grid.bars
        played = bars_of_parts(parts, bars)
        (end,) = self.tokenizer.ids(["Bar_inner"])
        ids, labels = list(self.header), [IGNORED_LABEL] * len(self.header)
        for index in range(self.first, self.last + 1):
            x = self.source_ids(index)
            y = self.tokenizer.ids(self.tokenizer.target_bar(bars[index], played[index]))
            y = self.plan_of(index, y) + y
            if len(ids) + len(x) + len(y) >= context:
                break
            ids += x + y
            labels += [end if index > self.first else IGNORED_LABEL, *[IGNORED_LABEL] * (len(x) - 1), *y]
        return [*ids, end], [*labels, end]


def _visible(sheet: SongSheet, controls: Controls, first: int, last: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(controls.seed)
    bars = bars_of_sheet(sheet)
    for index, bar in enumerate(bars):
        bar["place"] = place_of(index - first, last - first + 1) if sheet.is_whole else "inner"
        shown = rng.random(len(bar["texture"])) < controls.fidelity
        bar["texture"] = [note for note, keep in zip(bar["texture"], shown, strict=True) if keep]
        bar["bass"] = bar["bass"] if controls.fidelity >= _BASS_FROM else []
    return bars


def _asked(controls: Controls, is_band: bool) -> dict[str, tuple[int, int]]:
    """The bounds on the plan of every bar."""
    asked = {kind: (0, most) for kind, most in _MOST_OF_LEVEL.get(controls.level, {}).items()}
    if controls.density is not None:
        asked["Density"] = _about(controls.density, _SPARSEST, _DENSEST_BAND if is_band else _DENSEST_HANDS)
    if controls.polyphony is not None:
        asked["Polyphony"] = _about(controls.polyphony, 0, len(BOUNDS["Polyphony"]))
    return asked


def _about(share: float, lowest: int, highest: int) -> tuple[int, int]:
    """The classes around a `share` 0..1 of the range."""
    middle = round(lowest + share * (highest - lowest))
    return max(middle - _ABOUT, lowest), min(middle + _ABOUT, highest)


def _sounding_bars(sheet: SongSheet) -> tuple[int, int]:
    """The first and the last bar in which the song has a note or a chord."""
    onsets = [note.onset_tick for note in sheet.notes]
    begins = [*onsets, *(chord.start_tick for chord in sheet.chords)]
    ends = [*onsets, *(chord.end_tick - 1 for chord in sheet.chords)]
    return sheet.grid.bar_index(min(begins)), sheet.grid.bar_index(max(ends))
