"""Sample the candidates of a song bar by bar.

At every bar each row is fed the same X; then tokens are sampled until every row has ended its bar: first the bar's
plan, then its notes. Finished rows wait. When the context is full, the window moves by whole bars. A section that
returns is copied from its first time, except for the ends of its phrases, which are sampled anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symbolic_cover.analysis.form import SECTION_BARS, returning_bars
from symbolic_cover.analysis.hands import REACH_OF_LEVEL
from symbolic_cover.arrangement.conditioning import Conditioning
from symbolic_cover.arrangement.constraints import CHORD_BIAS, BarConstraints, BarState, LogitBias, Players, TokenIds
from symbolic_cover.arrangement.decoder import Decoder
from symbolic_cover.arrangement.kept import Kept
from symbolic_cover.arrangement.lanes import Chosen, Row
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.human_range import HumanRange
from symbolic_cover.evaluation.metrics import chord_tone_ratio
from symbolic_cover.tokens import vocabulary as v
from symbolic_cover.tokens.language import DRUMS

#: Tokens with less than this share of the highest probability are not sampled (min-p, Nguyen et al., 2024). Set by
#: hand.
_MIN_P = 0.03
#: Plans are sampled from the model's distribution itself.
_PLAN_TEMPERATURE = 1.0
#: The most notes in a bar for a solo piano, and how many more for each further part.
_MOST_NOTES, _MORE_NOTES = 48, 12
#: Gain of the bias on chord tones for the share of them that is missing, its maximum, and the notes it is measured on.
_BIAS_GAIN, _MOST_BIAS, _RECENT_NOTES = 6.0, 1.2, 64
#: How much likelier a part becomes for each share of the last bars that it lacks beside people's, and at most (nats).
_PART_GAIN, _MOST_PART_BIAS, _RECENT_BARS, _FEWEST_RECENT_BARS = 8.0, 6.0, 8, 2


@dataclass(frozen=True)
class Song:
    """What all candidates share: the sheet, its conditioning, the ensemble, and the measures of people's pieces.

    `kept` are the notes that stay if only some bars are sampled.
    """

    sheet: SongSheet
    conditioning: Conditioning
    ensemble: Ensemble
    controls: Controls
    human: HumanRange | None
    ids: TokenIds
    kept: Kept | None = None

    @cached_property
    def returns(self) -> list[int | None]:
        """For each bar, the bar to copy, or None."""
        return _bars_to_replay(self.sheet) if self.kept is None else [None] * len(self.sheet.grid.bars)

    @property
    def most_notes(self) -> int:
        """The most notes in a bar."""
        return _MOST_NOTES + _MORE_NOTES * max(len(self.ensemble.parts) - 2, 0)

    def state_of(self, row: Row, index: int) -> BarState:
        """The state of a bar that a row is about to play."""
        bar = self.sheet.grid.bars[index]
        horizon = bar.end_tick + v.LONGEST_DURATION
        melody = [n for n in self.sheet.melody if n.end_tick > bar.start_tick and n.onset_tick < horizon]
        held = {name: [n for n in notes[-24:] if n.end_tick > bar.start_tick] for name, notes in row.notes.items()}
        must_play = self.conditioning.sounds(index) and not any(held.values())
        if self.kept:
            must_play = must_play and index in self.kept.fresh
            held = {name: [*notes, *self.kept.following(bar)[name]] for name, notes in held.items()}
        players = Players(bar, self.ensemble, melody, held, REACH_OF_LEVEL[self.controls.level])
        asked = self.conditioning.asked_of(index)
        return BarState(self.ids, players, self.most_notes, must_play, asked, self._part_bias(row, index))

    def _part_bias(self, row: Row, index: int) -> dict[str, float]:
        """How much likelier to let a part play: the more, the more bars it has rested lately beside people's."""
        bars = self.sheet.grid.bars[max(index - _RECENT_BARS, row.first) : index]
        found = {}
        for spec in self.ensemble.parts if len(bars) >= _FEWEST_RECENT_BARS else ():
            if spec.plays and spec.name != self.ensemble.lead:
                recent = [note for note in row.notes[spec.name] if note.end_tick > bars[0].start_tick]
                played = sum(
                    any(n.onset_tick < bar.end_tick and n.end_tick > bar.start_tick for n in recent) for bar in bars
                )
                lacking = spec.plays - played / len(bars)
                found[spec.name] = min(max(_PART_GAIN * lacking, 0.0), _MOST_PART_BIAS)
        return found


class Candidates:
    """The candidates of a song, or of one lane of it, while they are sampled: rows of one batch.

    They begin with bar `first`. A later lane continues from the opening of `earlier`, and copies bars from it.
    """

    def __init__(
        self, song: Song, decoder: Decoder, context: int, first: int = 0, earlier: Chosen | None = None
    ) -> None:
        self.song, self.decoder, self.context, self.first, self.earlier = song, decoder, context, first, earlier
        begun = Row(first, notes={spec.name: [] for spec in song.ensemble.parts})
        if earlier:
            begun.bars = earlier.before(song.conditioning.first + SECTION_BARS).bars[:SECTION_BARS]
        self.rows = [begun.copy() for _ in range(decoder.n_rows)]
        seed = song.controls.seed
        self.random = np.random.default_rng([seed, first] if earlier else seed)

    def play(self, index: int) -> None:
        """Play a bar in all rows; the order of rows may change."""
        logits = self._feed_source(self.song.conditioning.source_ids(index))
        states = self._play_kept(index) or self._replay(index)
        states = states or self._draw_bar(self._states(index), logits, self.song.conditioning.shown(index))
        for row, state in zip(self.rows, states, strict=True):
            row.bars[-1] += state.written
            for name, notes in state.notes.items():
                row.notes[name] += notes

    def go_on_from(self, row: int) -> None:
        """Replace all rows by copies of one."""
        self.decoder.settle(row)
        self.rows = [self.rows[row].copy() for _ in self.rows]

    def _chord_bias(self) -> float:
        """The bias on chord tones in nats: larger, the fewer recent notes are chord tones compared with people's
        pieces."""
        if self.song.human is None:
            return CHORD_BIAS
        asked = self.song.human.mean.get("chord_tone_ratio")
        if asked is None:  # the style was learned from songs without chords
            return CHORD_BIAS
        played_by = [notes for row in self.rows for name, notes in row.notes.items() if name != DRUMS]
        recent = [note for notes in played_by for note in notes[-_RECENT_NOTES:]]
        played = chord_tone_ratio(recent, self.song.sheet.chords)
        lacking = 0.0 if math.isnan(played) else asked - played
        return float(np.clip(CHORD_BIAS + _BIAS_GAIN * lacking, 0.0, _MOST_BIAS))

    def _states(self, index: int) -> list[BarState]:
        return [self.song.state_of(row, index) for row in self.rows]

    def _replay(self, index: int) -> list[BarState] | None:
        """Copy the bar from its first time in the song; None if it is new or to be varied."""
        source = self.song.returns[index]
        if source is None:
            return None
        states = self._states(index)
        before = self.song.sheet.grid.bars[source]
        chosen = self.earlier.before(source + 1).notes if self.earlier and source < self.first else None
        for row, state in zip(self.rows, states, strict=True):
            notes = {
                name: [n._replace(onset_tick=n.onset_tick - before.start_tick) for n in of_part
                       if before.start_tick <= n.onset_tick < before.end_tick]
                for name, of_part in (chosen or row.notes).items()
            }  # fmt: skip
            if not any(notes.values()) or not state.replay(notes):
                return None
        return self._say(states, index)

    def _play_kept(self, index: int) -> list[BarState] | None:
        """Replay the kept bar; None if it is to be sampled."""
        if self.song.kept is None or index in self.song.kept.fresh:
            return None
        states, played = self._states(index), self.song.kept.played_in(self.song.sheet.grid.bars[index])
        for state in states:
            state.replay(played)
        return self._say(states, index)

    def _say(self, states: list[BarState], index: int) -> list[BarState]:
        """Feed bars that were copied, each after its plan."""
        for state in states:
            state.written[:0] = self.song.conditioning.plan_of(index, state.written)
        self._feed_each([state.written for state in states])
        return states

    def _feed_source(self, x: list[int]) -> np.ndarray:
        """Feed every row the X of its next bar; returns the logits after it (rows, vocabulary)."""
        for row in self.rows:
            row.bars.append(list(x))
        parted = self.decoder.n_own > 0
        ahead = self._usual_bar() * (1 if parted else SECTION_BARS)
        if self.decoder.length == 0 or self.decoder.length + ahead > self.context:
            return self._refill(self.context - SECTION_BARS * self._usual_bar())
        return self._feed_each([x] * len(self.rows))

    def _usual_bar(self) -> int:
        """The expected number of tokens in a bar: that of the longest in the last phrase."""
        return max(len(bar) for row in self.rows for bar in row.bars[-SECTION_BARS - 1 :])

    def _refill(self, most: int) -> np.ndarray:
        """Start a new window: the header and the last whole bars, at most half of the context or `most` tokens."""
        windows = []
        for row in self.rows:
            kept: list[list[int]] = []
            for tokens in reversed(row.bars):
                if kept and sum(map(len, kept)) + len(tokens) > min(self.context // 2, most):
                    break
                kept.append(tokens)
            windows.append(self.song.conditioning.header + [token for tokens in reversed(kept) for token in tokens])
        self.decoder.reset()
        return self._feed_each(windows)

    def _feed_each(self, told: Sequence[list[int]]) -> np.ndarray:
        """Feed each row its own tokens; while rows are still equal, their common prefix is fed once. Returns the logits
        after them."""
        shortest, n_common = min(map(len, told)), 0
        if self.decoder.n_own == 0:
            if all(tokens == told[0] for tokens in told):
                return np.tile(self.decoder.feed_all(np.array(told[0])), (len(told), 1))
            n_common = next(i for i in range(shortest) if i == shortest - 1 or len({row[i] for row in told}) > 1)
        if n_common:
            self.decoder.feed_all(np.array(told[0][:n_common]))
        longest = max(map(len, told))
        ids = [[self.song.ids.pad] * (longest - len(tokens)) + tokens[n_common:] for tokens in told]
        mask = [[0] * (longest - len(tokens)) + [1] * (len(tokens) - n_common) for tokens in told]
        return self.decoder.feed(np.array(ids), np.array(mask))

    def _draw_bar(self, states: list[BarState], logits: np.ndarray, shown: Sequence[Note] = ()) -> list[BarState]:
        """Sample tokens until every state has ended its bar; the end token is not fed, as X follows.

        Rows whose bar has ended are moved behind the others, so the order of rows and states may change.
        """
        live = list(states)
        logit_bias, constraints = (
            LogitBias(live, self.song.sheet.chords, shown, self._chord_bias()),
            BarConstraints(live),
        )
        while True:
            scores = constraints(logit_bias(logits[: len(live)]))
            heat = [_PLAN_TEMPERATURE if state.is_planning else self.song.controls.temperature for state in live]
            drawn = _draw(scores / np.array(heat)[:, None], self.random)
            for state, token in zip(live, drawn.tolist(), strict=True):
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
            logits = self.decoder.feed(drawn[: len(live), None])


def _draw(scores: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A token for each row of `scores` (rows, vocabulary), sampled from their softmax with min-p."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    heaped = np.where(shares >= _MIN_P, shares, 0.0).cumsum(axis=1)
    at = random.random(len(scores)) * heaped[:, -1]
    return (heaped <= at[:, None]).sum(axis=1)


def _bars_to_replay(sheet: SongSheet) -> list[int | None]:
    """For each bar, the bar to copy or None; the last bar of every four that return is sampled anew."""
    returns = returning_bars(sheet)
    run = 0
    for index, source in enumerate(returns):
        run = run + 1 if source is not None else 0
        ends = index + 1 == len(returns) or returns[index + 1] is None
        if source is not None and (ends or run % SECTION_BARS == 0):
            returns[index] = None
    return returns
