"""The guarantees, as a logits processor: only bars that are legal, playable, and below the tune.

`TwoHands` knows at every tick what each hand holds and where the tune lies; `BarState` follows the
tokenizer's graph through one bar of one candidate and says which tokens may come next;
`BarConstraints` masks the logits of a batch with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from transformers import LogitsProcessor

from symbolic_cover.analyze.hands import Reach
from symbolic_cover.music import Bar, Note
from symbolic_cover.tokens import vocabulary as v
from symbolic_cover.tokens.tokenizer import BarTokenizer

_PITCHES = np.arange(v.LOWEST_PITCH, v.HIGHEST_PITCH + 1)
_HAND_OF_TUNE = "right-hand"


class TwoHands:
    """What sounds in one bar and after it, tick by tick, for each part of a keyboard arrangement.

    `tune` is the melody of the whole song, `held` what each part still holds from bars before.
    """

    def __init__(self, bar: Bar, tune: Sequence[Note], held: Mapping[str, Sequence[Note]], reach: Reach) -> None:
        self.bar, self.reach = bar, reach
        self.span = bar.meter.bar_tick + v.LONGEST_DURATION
        self.tune = np.full(self.span, 1000)
        self.sounding = np.zeros((len(_PITCHES), self.span), dtype=bool)
        self.low = {name: np.full(self.span, 1000) for name in held}
        self.high = {name: np.full(self.span, -1000) for name in held}
        self.count = {name: np.zeros(self.span, dtype=int) for name in held}
        for note in tune:
            ticks = self._ticks(note)
            self.tune[ticks] = np.minimum(self.tune[ticks], note.pitch)
            if _HAND_OF_TUNE in held:
                self._hold(_HAND_OF_TUNE, note.pitch, ticks)
        for name, notes in held.items():
            for note in notes:
                self._hold(name, note.pitch, self._ticks(note))

    def playable(self, part: str) -> np.ndarray:
        """Which (pitch, tick) the part can sound: (88, ticks) bool."""
        pitches = _PITCHES[:, None]
        return (
            (self.count[part] < self.reach.notes)[None, :]
            & (pitches >= self.high[part] - self.reach.span)
            & (pitches <= self.low[part] + self.reach.span)
            & (pitches < self.tune)
            & ~self.sounding
        )

    def strike(self, part: str, pitch: int, position: int, duration: int) -> None:
        """The part plays a note that lasts `duration` ticks from `position` in the bar."""
        self._hold(part, pitch, slice(position, position + duration))

    def _ticks(self, note: Note) -> slice:
        first = max(note.onset_tick - self.bar.start_tick, 0)
        return slice(first, max(note.end_tick - self.bar.start_tick, first))

    def _hold(self, part: str, pitch: int, ticks: slice) -> None:
        self.low[part][ticks] = np.minimum(self.low[part][ticks], pitch)
        self.high[part][ticks] = np.maximum(self.high[part][ticks], pitch)
        self.count[part][ticks] += 1
        if v.LOWEST_PITCH <= pitch <= v.HIGHEST_PITCH:
            self.sounding[pitch - v.LOWEST_PITCH, ticks] = True


class BarState:
    """One bar of Y in the making: which tokens may follow, and the notes so far."""

    def __init__(self, tokens: TokenIds, hands: TwoHands, max_notes: int) -> None:
        self.tokens, self.hands, self.notes_left = tokens, hands, max_notes
        self.notes: dict[str, list[Note]] = {name: [] for name in tokens.parts}
        self.done = False
        self._kind = "Section"
        self._part = -1
        self._position, self._pitch, self._velocity = -1, 0, 80
        self._playable = np.zeros((0, 0), dtype=bool)

    def allowed(self) -> np.ndarray:
        """Mask over the vocabulary of the tokens that may come next."""
        ids = self.tokens
        mask = np.zeros(ids.size, dtype=bool)
        following = ids.graph[self._kind]
        if "Velocity" in following:
            mask[ids.first["Velocity"] : ids.first["Velocity"] + v.VELOCITY_LEVELS] = True
        if "Bar" in following:
            mask[ids.end_of_bar] = True
        if "Duration" in following and self._kind == "Pitch":
            mask[ids.first["Duration"] : ids.first["Duration"] + self._longest()] = True
            return mask
        if self.notes_left > 0:
            if "Part" in following:
                for index in range(self._part + 1, len(ids.parts)):
                    mask[ids.first["Part"] + index] = self._positions(self.hands.playable(ids.parts[index])).any()
            if "Position" in following and self._part >= 0:
                free = self._positions(self._playable)
                free[: self._position + 1] = False
                mask[ids.first["Position"] : ids.first["Position"] + len(free)] = free
            if "Pitch" in following and self._position >= 0:
                column = self._playable[:, self._position].copy()
                column[: max(self._pitch + 1 - v.LOWEST_PITCH, 0)] = False
                mask[ids.first["Pitch"] : ids.first["Pitch"] + len(column)] = column
        return mask

    def push(self, token: int) -> None:
        """Take the next token, which must be allowed."""
        kind, value = self.tokens.kind_and_value[token]
        self._kind = kind
        if kind == "Bar":
            self.done = True
        elif kind == "Part":
            self._part, self._position = self.tokens.parts.index(value), -1
            self._playable = self.hands.playable(value)
        elif kind == "Velocity":
            self._velocity = v.velocity_of(int(value))
        elif kind == "Position":
            self._position, self._pitch = int(value), 0
        elif kind == "Pitch":
            self._pitch = int(value)
        elif kind == "Duration":
            part = self.tokens.parts[self._part]
            onset = self.hands.bar.start_tick + self._position
            self.notes[part].append(Note(onset, int(value), self._pitch, self._velocity))
            self.hands.strike(part, self._pitch, self._position, int(value))
            self._playable = self.hands.playable(part)
            self.notes_left -= 1

    def _positions(self, playable: np.ndarray) -> np.ndarray:
        """Positions of the bar, on sixteenths and triplets, at which something is playable."""
        n_ticks = self.hands.bar.meter.bar_tick
        return np.logical_or.reduce(playable[:, :n_ticks], axis=0) & self.tokens.on_grid[:n_ticks]

    def _longest(self) -> int:
        row = self._playable[self._pitch - v.LOWEST_PITCH, self._position :]
        stops = np.flatnonzero(~row)
        return min(int(stops[0]) if len(stops) else len(row), v.LONGEST_DURATION)


class TokenIds:
    """The tokenizer's vocabulary as the constraints need it."""

    def __init__(self, tokenizer: BarTokenizer) -> None:
        self.size = len(tokenizer)
        self.parts = tokenizer.parts
        self.graph = tokenizer.tokens_types_graph
        self.end_of_bar = tokenizer.vocab["Bar_inner"]
        self.pad = tokenizer.vocab["PAD_None"]
        names = tokenizer.names(range(self.size))
        self.kind_and_value = [(name.split("_", 1)[0], name.split("_", 1)[1]) for name in names]
        self.first: dict[str, int] = {}
        for index, (kind, _) in enumerate(self.kind_and_value):
            self.first.setdefault(kind, index)
        self.on_grid = np.isin(np.arange(v.LONGEST_BAR) % 12, (0, 3, 4, 6, 8, 9))


class BarConstraints(LogitsProcessor):
    """Masks every row of a batch by its `BarState`; a finished row may only be padded."""

    def __init__(self, states: Sequence[BarState]) -> None:
        self.states = states

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """`scores` (rows, vocabulary) with minus infinity where a token is not allowed."""
        masks = []
        for state in self.states:
            if state.done:
                mask = np.zeros(state.tokens.size, dtype=bool)
                mask[state.tokens.pad] = True
            else:
                mask = state.allowed()
            masks.append(mask)
        legal = torch.from_numpy(np.stack(masks)).to(scores.device)
        return scores.masked_fill(~legal, float("-inf"))  # type: ignore[return-value]
