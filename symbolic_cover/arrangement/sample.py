"""Sample accompaniments bar by bar: feed what the song has, draw what the arranger plays.

All candidates of a song are one batch. At every bar each row is given the same X, then tokens are
drawn until every row has ended its bar; rows that end early are padded, and padding is masked out
of attention. When the context is full, the window moves on by whole bars. After every phrase all rows go on from
the best one. A section that returns is played as it was, except for the ends of its phrases, which are drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from transformers import LogitsProcessorList, MinPLogitsWarper, TemperatureLogitsWarper

from symbolic_cover.analysis.form import SECTION_BARS, returning_bars
from symbolic_cover.analysis.hands import REACH_OF_LEVEL
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.choose import best_phrase
from symbolic_cover.arrangement.constraints import CHORD_LEANING, BarConstraints, BarState, Leaning, Players, TokenIds
from symbolic_cover.arrangement.decoder import Decoder
from symbolic_cover.arrangement.sight import Sight
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Style
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.metrics import chord_tone_ratio
from symbolic_cover.tokens import vocabulary as v
from symbolic_cover.tokens.tokenizer import DRUMS

#: Tokens less than this share as likely as the likeliest are not drawn (min-p, Nguyen et al., 2024). Set by hand.
_MIN_P = 0.03
#: The most notes a bar of a solo piano takes, and how many more for every further part.
_MOST_NOTES, _MORE_NOTES = 48, 12
#: How many bars are looked at to tell which candidate goes on.
_JUDGED_BARS = 8
#: How much more chord tones gain for each share of them that is lacking, and at most.
_LEANING_GAIN, _MOST_LEANING, _RECENT_NOTES = 6.0, 1.2, 64


@dataclass
class _Row:
    """One candidate: its bars as token ids, and its notes by part."""

    bars: list[list[int]] = field(default_factory=list)
    notes: dict[str, list[Note]] = field(default_factory=dict)

    def copy(self) -> _Row:
        """One that goes on alike, on its own."""
        return _Row([list(bar) for bar in self.bars], {name: list(notes) for name, notes in self.notes.items()})


def sample_accompaniments(
    checkpoint: Checkpoint,
    sheet: SongSheet,
    style: Style,
    controls: Controls,
    progress: Callable[[float], None] | None = None,
    *,
    compete: bool = True,
) -> list[dict[str, list[Note]]]:
    """Draw `controls.candidates` accompaniments, each {part: notes}, without the melody.

    Unless they `compete`, each goes its own way to the end. The song should be in C major or A minor, where the model
    is at home. The same seed gives the same notes.
    Raises `UsageError` if the checkpoint does not know the style or the metre is beyond its vocabulary.
    """
    if style.name not in checkpoint.tokenizer.styles:
        known = ", ".join(checkpoint.tokenizer.styles)
        raise UsageError(f"The checkpoint {checkpoint.name} does not know '{style.name}'.", f"It knows: {known}.")
    known_words = checkpoint.tokenizer.vocab
    unknown = {str(bar.meter) for bar in sheet.grid.bars if f"TimeSig_{bar.meter}" not in known_words}
    if unknown:
        raise UsageError(f"The arranger does not know the metre {', '.join(sorted(unknown))}.", "Give another --meter.")
    with torch.inference_mode():
        return _Sampler(checkpoint, sheet, style, controls, compete).run(progress)


class _Sampler:
    def __init__(
        self, checkpoint: Checkpoint, sheet: SongSheet, style: Style, controls: Controls, compete: bool
    ) -> None:
        self.model, self.tokenizer = checkpoint.model, checkpoint.tokenizer
        self.ids = TokenIds(checkpoint.tokenizer)
        self.sheet, self.controls, self.compete = sheet, controls, compete
        self.returns = _bars_to_replay(sheet)
        self.human = checkpoint.human.get(style.name)
        self.reach = REACH_OF_LEVEL[controls.level]
        self.context = self.model.config.max_position_embeddings
        self.sight = Sight.of(checkpoint, sheet, style, controls)
        self.ensemble = style.ensemble
        self.most_notes = _MOST_NOTES + _MORE_NOTES * max(len(style.ensemble.parts) - 2, 0)
        self.rows = [_Row(notes={spec.name: [] for spec in style.ensemble.parts}) for _ in range(controls.candidates)]
        self.random = torch.Generator().manual_seed(controls.seed)
        self.warpers = LogitsProcessorList([TemperatureLogitsWarper(controls.temperature), MinPLogitsWarper(_MIN_P)])
        self.room = 4 * self.most_notes + 16
        self.decoder = Decoder(self.model, controls.candidates, self.context + self.room)

    def run(self, progress: Callable[[float], None] | None) -> list[dict[str, list[Note]]]:
        """Arrange every bar between the first and the last note of the song."""
        bars = self.sheet.grid.bars
        first, last = self.sight.first, self.sight.last
        for index in range(first, last + 1):
            logits = self._feed_source(self.sight.source_ids(index))
            states = self._replay(index) or self._draw_bar(self._states(index), logits, self.sight.shown(index))
            for row, state in zip(self.rows, states, strict=True):
                row.bars[-1] += self.tokenizer.ids(self.tokenizer.target_bar(bars[index], state.notes))
                for name, notes in state.notes.items():
                    row.notes[name] += notes
            if self.compete and index < last and (index + 1 - first) % SECTION_BARS == 0:
                self._go_on_from_best(max(index + 1 - _JUDGED_BARS, first), index)
            if progress:
                progress((index + 1 - first) / (last + 1 - first))
        return [row.notes for row in self.rows]

    def _chord_leaning(self) -> float:
        """How much likelier to make chord tones: the more, the fewer of them were played lately than people play."""
        if self.human is None:
            return CHORD_LEANING
        asked = self.human.mean["chord_tone_ratio"]
        played_by = [notes for row in self.rows for name, notes in row.notes.items() if name != DRUMS]
        recent = [note for notes in played_by for note in notes[-_RECENT_NOTES:]]
        played = chord_tone_ratio(recent, self.sheet.chords)
        lacking = 0.0 if math.isnan(played) else asked - played
        return float(np.clip(CHORD_LEANING + _LEANING_GAIN * lacking, 0.0, _MOST_LEANING))

    def _states(self, index: int) -> list[BarState]:
        return [self._state(row, index) for row in self.rows]

    def _replay(self, index: int) -> list[BarState] | None:
        """The bar as it was when the song brought it first; None where it is new or to be varied."""
        source = self.returns[index]
        if source is None:
            return None
        states = self._states(index)
        bar, before = self.sheet.grid.bars[index], self.sheet.grid.bars[source]
        for row, state in zip(self.rows, states, strict=True):
            notes = {
                name: [n._replace(onset_tick=n.onset_tick - before.start_tick) for n in of_part
                       if before.start_tick <= n.onset_tick < before.end_tick]
                for name, of_part in row.notes.items()
            }  # fmt: skip
            if not any(notes.values()) or not state.replay(notes):
                return None
        written = [self.tokenizer.ids(self.tokenizer.target_bar(bar, state.notes)) for state in states]
        longest = max(map(len, written))
        if longest:
            ids = torch.tensor([tokens + [self.ids.pad] * (longest - len(tokens)) for tokens in written])
            mask = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens in written])
            self.decoder.feed(ids, mask)
        return states

    def _go_on_from_best(self, first: int, last: int) -> None:
        """Every row becomes the one that played these bars best."""
        if len(self.rows) == 1:
            return
        begin, end = self.sheet.grid.bars[first].start_tick, self.sheet.grid.bars[last].end_tick
        phrases = [
            {name: [note for note in notes if note.onset_tick >= begin] for name, notes in row.notes.items()}
            for row in self.rows
        ]
        if self.ensemble.lead:
            tune = [note for note in self.sheet.melody if begin <= note.onset_tick < end]
            for phrase in phrases:
                phrase[self.ensemble.lead] = [*phrase[self.ensemble.lead], *tune]
        best = best_phrase(phrases, self.sheet, first, last, self.human)
        self.rows = [self.rows[best].copy() for _ in self.rows]
        self.decoder.keep(torch.full((len(self.rows),), best))

    def _state(self, row: _Row, index: int) -> BarState:
        bar = self.sheet.grid.bars[index]
        horizon = bar.end_tick + v.LONGEST_DURATION
        tune = [n for n in self.sheet.melody if n.end_tick > bar.start_tick and n.onset_tick < horizon]
        held = {name: [n for n in notes[-24:] if n.end_tick > bar.start_tick] for name, notes in row.notes.items()}
        sounds = self.sight.sounds(index)
        players = Players(bar, self.ensemble, tune, held, self.reach)
        return BarState(self.ids, players, self.most_notes, must_play=sounds and not any(held.values()))

    def _feed_source(self, x: list[int]) -> torch.Tensor:
        """Give every row the X of its next bar; returns the logits after it (rows, vocabulary)."""
        for row in self.rows:
            row.bars.append(list(x))
        if self.decoder.length == 0 or self.decoder.length + len(x) + self.room > self.context:
            return self._refill()
        n_rows = len(self.rows)
        return self.decoder.feed(torch.tensor([x] * n_rows), torch.ones((n_rows, len(x)), dtype=torch.long))

    def _refill(self) -> torch.Tensor:
        """Begin a new window: the header and the last whole bars, which fill at most half of the context."""
        windows = []
        for row in self.rows:
            kept: list[list[int]] = []
            for tokens in reversed(row.bars):
                if kept and sum(map(len, kept)) + len(tokens) > self.context // 2:
                    break
                kept.append(tokens)
            windows.append(self.sight.header + [token for tokens in reversed(kept) for token in tokens])
        longest = max(map(len, windows))
        ids = torch.tensor([[self.ids.pad] * (longest - len(w)) + w for w in windows])
        mask = torch.tensor([[0] * (longest - len(w)) + [1] * len(w) for w in windows])
        self.decoder.reset()
        return self.decoder.feed(ids, mask)

    def _draw_bar(self, states: list[BarState], logits: torch.Tensor, shown: Sequence[Note] = ()) -> list[BarState]:
        """Draw tokens until every state has ended its bar; the end itself is not fed, X follows."""
        leaning = Leaning(states, self.sheet.chords, shown, self._chord_leaning())
        constraints = LogitsProcessorList([leaning, BarConstraints(states)])
        last = logits
        while True:
            scores = self.warpers(None, constraints(None, last))  # type: ignore[arg-type]
            drawn = torch.multinomial(scores.softmax(dim=-1), 1, generator=self.random)
            for state, token in zip(states, drawn[:, 0].tolist(), strict=True):
                if not state.done:
                    state.push(token)
            if all(state.done for state in states):
                return states
            live = torch.tensor([[0 if state.done else 1] for state in states])
            fed = torch.where(live.bool(), drawn, self.ids.pad)
            logits = self.decoder.feed(fed, live)
            last = torch.where(live.bool(), logits, last)


def _bars_to_replay(sheet: SongSheet) -> list[int | None]:
    """For each bar the one to play again in its place; the last bar of every four that return is drawn anew."""
    returns = returning_bars(sheet)
    run = 0
    for index, source in enumerate(returns):
        run = run + 1 if source is not None else 0
        ends = index + 1 == len(returns) or returns[index + 1] is None
        if source is not None and (ends or run % SECTION_BARS == 0):
            returns[index] = None
    return returns
