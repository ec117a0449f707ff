"""Sample accompaniments bar by bar: feed what the song has, draw what the arranger plays.

All candidates of a song are one batch. At every bar each row is given the same X, then tokens are drawn until every row
has ended its bar: first the bar's plan, as people make them, then its notes. Rows that end early rest. When the context
is full, the window moves on by whole bars. After every phrase all rows go on from the best one. A section that returns
is played as it was, except for the ends of its phrases, which are drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessorList, MinPLogitsWarper

from symbolic_cover.analysis.form import SECTION_BARS, returning_bars
from symbolic_cover.analysis.hands import REACH_OF_LEVEL
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.choose import best_phrase
from symbolic_cover.arrangement.constraints import CHORD_LEANING, BarConstraints, BarState, Leaning, Players, TokenIds
from symbolic_cover.arrangement.decoder import Decoder
from symbolic_cover.arrangement.kept import Kept
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
#: Plans are drawn as people make them, not as they mostly do.
_PLAN_TEMPERATURE = 1.0
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
    kept: Kept | None = None,
) -> list[dict[str, list[Note]]]:
    """Draw `controls.candidates` accompaniments, each {part: notes}, without the melody.

    Unless they `compete`, each goes its own way to the end. Where something is `kept`, only its fresh bars are drawn,
    and only the bars that it goes through are returned. The song should be in C major or A minor, where the model is at
    home. The same seed gives the same notes.
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
        return _Sampler(checkpoint, sheet, style, controls, compete, kept).run(progress)


class _Sampler:
    def __init__(
        self, checkpoint: Checkpoint, sheet: SongSheet, style: Style, controls: Controls, compete: bool,
        kept: Kept | None = None,
    ) -> None:  # fmt: skip
        self.model, self.tokenizer = checkpoint.model, checkpoint.tokenizer
        self.ids = TokenIds(checkpoint.tokenizer)
        self.sheet, self.controls, self.compete, self.kept = sheet, controls, compete, kept
        self.returns = _bars_to_replay(sheet) if kept is None else [None] * len(sheet.grid.bars)
        self.human = checkpoint.human.get(style.name)
        self.reach = REACH_OF_LEVEL[controls.level]
        self.context = self.model.config.max_position_embeddings
        self.sight = Sight.of(checkpoint, sheet, style, controls)
        self.ensemble = style.ensemble
        self.most_notes = _MOST_NOTES + _MORE_NOTES * max(len(style.ensemble.parts) - 2, 0)
        self.rows = [_Row(notes={spec.name: [] for spec in style.ensemble.parts}) for _ in range(controls.candidates)]
        self.random = torch.Generator().manual_seed(controls.seed)
        self.warper = MinPLogitsWarper(_MIN_P)
        self.room = 4 * self.most_notes + 16
        self.decoder = Decoder(self.model, controls.candidates, self.context + self.room)

    def run(self, progress: Callable[[float], None] | None) -> list[dict[str, list[Note]]]:
        """Arrange every bar between the first and the last note of the song."""
        first, last = (self.kept.first, self.kept.last) if self.kept else (self.sight.first, self.sight.last)
        for index in range(first, last + 1):
            logits = self._feed_source(self.sight.source_ids(index))
            states = self._play_kept(index) or self._replay(index)
            states = states or self._draw_bar(self._states(index), logits, self.sight.shown(index))
            for row, state in zip(self.rows, states, strict=True):
                row.bars[-1] += state.written
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
        before = self.sheet.grid.bars[source]
        for row, state in zip(self.rows, states, strict=True):
            notes = {
                name: [n._replace(onset_tick=n.onset_tick - before.start_tick) for n in of_part
                       if before.start_tick <= n.onset_tick < before.end_tick]
                for name, of_part in row.notes.items()
            }  # fmt: skip
            if not any(notes.values()) or not state.replay(notes):
                return None
        return self._say(states, index)

    def _play_kept(self, index: int) -> list[BarState] | None:
        """The bar as it stays; None where it is to be drawn."""
        if self.kept is None or index in self.kept.fresh:
            return None
        states, played = self._states(index), self.kept.played_in(self.sheet.grid.bars[index])
        for state in states:
            state.replay(played)
        return self._say(states, index)

    def _say(self, states: list[BarState], index: int) -> list[BarState]:
        """Feed bars that were played again, each after its plan."""
        for state in states:
            state.written[:0] = self.sight.plan_of(index, state.written)
        self._feed_each([state.written for state in states])
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
        self.decoder.settle(best)

    def _state(self, row: _Row, index: int) -> BarState:
        bar = self.sheet.grid.bars[index]
        horizon = bar.end_tick + v.LONGEST_DURATION
        tune = [n for n in self.sheet.melody if n.end_tick > bar.start_tick and n.onset_tick < horizon]
        held = {name: [n for n in notes[-24:] if n.end_tick > bar.start_tick] for name, notes in row.notes.items()}
        must_play = self.sight.sounds(index) and not any(held.values())
        if self.kept:
            must_play = must_play and index in self.kept.fresh
            held = {name: [*notes, *self.kept.following(bar)[name]] for name, notes in held.items()}
        players = Players(bar, self.ensemble, tune, held, self.reach)
        return BarState(self.ids, players, self.most_notes, must_play, self.sight.asked_of(index))

    def _feed_source(self, x: list[int]) -> torch.Tensor:
        """Give every row the X of its next bar; returns the logits after it (rows, vocabulary)."""
        for row in self.rows:
            row.bars.append(list(x))
        parted = self.decoder.n_own > 0
        ahead = self._usual_bar() * (1 if parted else SECTION_BARS)
        if self.decoder.length == 0 or self.decoder.length + ahead > self.context:
            return self._refill(self.context - SECTION_BARS * self._usual_bar())
        return self._feed_each([x] * len(self.rows))

    def _usual_bar(self) -> int:
        """Tokens to reckon with for a bar: as many as the longest of a phrase had."""
        return max(len(bar) for row in self.rows for bar in row.bars[-SECTION_BARS - 1 :])

    def _refill(self, most: int) -> torch.Tensor:
        """Begin a new window: the header and the last whole bars, at most half of the context or `most` tokens."""
        windows = []
        for row in self.rows:
            kept: list[list[int]] = []
            for tokens in reversed(row.bars):
                if kept and sum(map(len, kept)) + len(tokens) > min(self.context // 2, most):
                    break
                kept.append(tokens)
            windows.append(self.sight.header + [token for tokens in reversed(kept) for token in tokens])
        self.decoder.reset()
        return self._feed_each(windows)

    def _feed_each(self, told: Sequence[list[int]]) -> torch.Tensor:
        """Feed each row its own tokens; until rows part, what all begin with is fed once. Returns logits after them."""
        shortest, n_common = min(map(len, told)), 0
        if self.decoder.n_own == 0:
            if all(tokens == told[0] for tokens in told):
                return self.decoder.feed_all(torch.tensor(told[0])).expand(len(told), -1)
            n_common = next(i for i in range(shortest) if i == shortest - 1 or len({row[i] for row in told}) > 1)
        if n_common:
            self.decoder.feed_all(torch.tensor(told[0][:n_common]))
        longest = max(map(len, told))
        ids = [[self.ids.pad] * (longest - len(tokens)) + tokens[n_common:] for tokens in told]
        mask = [[0] * (longest - len(tokens)) + [1] * (len(tokens) - n_common) for tokens in told]
        return self.decoder.feed(torch.tensor(ids), torch.tensor(mask))

    def _draw_bar(self, states: list[BarState], logits: torch.Tensor, shown: Sequence[Note] = ()) -> list[BarState]:
        """Draw tokens until every state has ended its bar; the end itself is not fed, X follows.

        Rows whose bar has ended are moved behind the others, so that the order of rows and states may change.
        """
        live = list(states)
        constraints = LogitsProcessorList([
            Leaning(live, self.sheet.chords, shown, self._chord_leaning()), BarConstraints(live)
        ])  # fmt: skip
        while True:
            scores = constraints(None, logits[: len(live)])  # type: ignore[arg-type]
            heat = [_PLAN_TEMPERATURE if state.is_planning else self.controls.temperature for state in live]
            scores = self.warper(None, scores / torch.tensor(heat)[:, None])  # type: ignore[arg-type]
            drawn = torch.multinomial(scores.softmax(dim=-1), 1, generator=self.random)
            for state, token in zip(live, drawn[:, 0].tolist(), strict=True):
                state.push(token)
            for index in reversed([index for index, state in enumerate(live) if state.done]):
                last = len(live) - 1
                orders: tuple[list[Any], ...] = (states, live, self.rows)
                for order in orders:
                    order[index], order[last] = order[last], order[index]
                drawn[index] = drawn[last]
                self.decoder.swap(index, last)
                live.pop()
            if not live:
                return states
            logits = self.decoder.feed(drawn[: len(live)])


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
