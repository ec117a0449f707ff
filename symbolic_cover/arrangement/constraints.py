"""The constraints, as masks over logits: only bars that are valid, playable, and below the melody.

`Players` tracks at every tick what each part holds and where the melody is; `BarState` follows the tokenizer's graph
through one bar of one candidate and knows which tokens may come next; `BarConstraints` masks the logits of a batch
accordingly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from symbolic_cover.analysis.hands import Reach
from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Chord, Note
from symbolic_cover.tokens import vocabulary as v
from symbolic_cover.tokens.language import DRUM_TICK, Language
from symbolic_cover.tokens.plan import BOUNDS, KINDS

_PITCHES = np.arange(v.LOWEST_PITCH, v.HIGHEST_PITCH + 1)
#: The most notes at a time for drums.
_LIMBS = 4
#: Logit bias in nats on the tones of the song's chord, and on the song's own notes.
CHORD_BIAS, SONG_BIAS = 0.5, 1.0


class Players:
    """What sounds during one bar and after it, tick by tick, for each part of an ensemble.

    `melody` is the melody of the whole song, `held` the notes that each part still holds from earlier bars. A part
    stays in its range and plays at most `most` notes at a time; a hand stays within `reach`. No two parts of one
    instrument sound the same key.
    """

    def __init__(
        self, bar: Bar, ensemble: Ensemble, melody: Sequence[Note], held: Mapping[str, Sequence[Note]], reach: Reach
    ) -> None:
        self.bar = bar
        self.specs = {spec.name: spec for spec in ensemble.parts}
        self.reach = {spec.name: reach if spec.is_hand else Reach(spec.most, len(_PITCHES)) for spec in ensemble.parts}
        self.span = bar.meter.bar_tick + v.LONGEST_DURATION
        self.ceiling = np.full(self.span, 1000)
        self.low = {name: np.full(self.span, 1000) for name in self.specs}
        self.high = {name: np.full(self.span, -1000) for name in self.specs}
        self.count = {name: np.zeros(self.span, dtype=int) for name in self.specs}
        self.sounding = {
            self._instrument(name): np.zeros((len(_PITCHES), self.span), dtype=bool) for name in self.specs
        }
        self._known: dict[str, np.ndarray] = {}
        for note in melody:
            ticks = self._ticks(note)
            if ensemble.melody_on_top:
                self.ceiling[ticks] = np.minimum(self.ceiling[ticks], note.pitch)
            if ensemble.lead:
                self._hold(ensemble.lead, note.pitch, ticks)
        for name, notes in held.items():
            for note in notes:
                self._hold(name, note.pitch, self._ticks(note))

    def playable(self, part: str) -> np.ndarray:
        """Which (pitch, tick) the part can sound: (88, ticks) bool, read-only."""
        if part not in self._known:
            self._known[part] = self._found_playable(part)
        return self._known[part]

    def _found_playable(self, part: str) -> np.ndarray:
        pitches = _PITCHES[:, None]
        reach, spec = self.reach[part], self.specs[part]
        return (
            (self.count[part] < reach.notes)[None, :]
            & (pitches >= np.maximum(self.high[part] - reach.span, spec.lowest))
            & (pitches <= np.minimum(self.low[part] + reach.span, spec.highest))
            & (pitches < self.ceiling)
            & ~self.sounding[self._instrument(part)]
        )

    def strike(self, part: str, pitch: int, position: int, duration: int) -> None:
        """Add a note of `duration` ticks at `position` in the bar."""
        self._hold(part, pitch, slice(position, position + duration))

    def _instrument(self, part: str) -> str:
        return self.specs[part].group or part

    def _ticks(self, note: Note) -> slice:
        first = max(note.onset_tick - self.bar.start_tick, 0)
        return slice(first, max(note.end_tick - self.bar.start_tick, first))

    def _hold(self, part: str, pitch: int, ticks: slice) -> None:
        self._known = {
            name: known for name, known in self._known.items() if self._instrument(name) != self._instrument(part)
        }
        self.low[part][ticks] = np.minimum(self.low[part][ticks], pitch)
        self.high[part][ticks] = np.maximum(self.high[part][ticks], pitch)
        self.count[part][ticks] += 1
        if v.LOWEST_PITCH <= pitch <= v.HIGHEST_PITCH:
            self.sounding[self._instrument(part)][pitch - v.LOWEST_PITCH, ticks] = True


class BarState:
    """One bar of Y while it is generated: the allowed next tokens, those `written` so far, and their notes.

    With `must_play` the bar may not end without a note, if any can be played. `asked` has the lowest and highest
    allowed class of some kinds of the plan, `part_bias` the nats that the logit of a part's token gains.
    """

    def __init__(
        self, tokens: TokenIds, players: Players, max_notes: int, must_play: bool = False,
        asked: Mapping[str, tuple[int, int]] = {}, part_bias: Mapping[str, float] = {},
    ) -> None:  # fmt: skip
        self.tokens, self.players, self.notes_left = tokens, players, max_notes
        self.part_bias = part_bias
        self.written: list[int] = []
        self._asked = asked
        self._is_silent = False
        self.notes: dict[str, list[Note]] = {name: [] for name in players.specs}
        self.done = False
        self._must_play = must_play
        self._kind = "Section"
        self._part = -1
        self._position, self._pitch, self._velocity, self._struck = -1, 0, 80, 0
        self._playable = np.zeros((0, 0), dtype=bool)

    def allowed(self) -> np.ndarray:
        """Mask over the vocabulary of the tokens that may come next."""
        ids = self.tokens
        mask = np.zeros(ids.size, dtype=bool)
        following = ids.graph[self._kind]
        if self.is_planning:
            self._allow_plan(mask, following)
            return mask
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
                    mask[ids.first["Part"] + index] = self._may_begin(ids.parts[index])
                if self._part < 0 and self._must_play and mask.sum() > 1:
                    mask[ids.end_of_bar] = False
            if "Position" in following and self._part >= 0:
                free = self._positions()
                free[: self._position + 1] = False
                mask[ids.first["Position"] : ids.first["Position"] + len(free)] = free
            if self._drumming:
                if "Drum" in following and self._position >= 0 and self._struck < _LIMBS:
                    next_drum = max(self._pitch + 1 - v.LOWEST_DRUM, 0)
                    mask[ids.first["Drum"] + next_drum : ids.first["Drum"] + v.HIGHEST_DRUM - v.LOWEST_DRUM + 1] = True
            elif "Pitch" in following and self._position >= 0:
                column = self._playable[:, self._position].copy()
                column[: max(self._pitch + 1 - v.LOWEST_PITCH, 0)] = False
                mask[ids.first["Pitch"] : ids.first["Pitch"] + len(column)] = column
        return mask

    def push(self, token: int) -> None:
        """Append the next token, which must be allowed."""
        kind, value = self.tokens.kind_and_value[token]
        self._kind = kind
        if kind == "Bar":
            self.done = True
            return
        self.written.append(token)
        if kind == KINDS[0]:
            self._is_silent = value == "0"
        elif kind == "Part":
            self._part, self._position = self.tokens.parts.index(value), -1
            if not self._drumming:
                self._playable = self.players.playable(value)
        elif kind == "Velocity":
            self._velocity = v.velocity_of(int(value))
        elif kind == "Position":
            self._position, self._pitch, self._struck = int(value), 0, 0
        elif kind == "Drum":
            self._pitch, self._struck = int(value), self._struck + 1
            self._add(DRUM_TICK)
        elif kind == "Pitch":
            self._pitch = int(value)
        elif kind == "Duration":
            self._add(int(value))
            part = self.tokens.parts[self._part]
            self.players.strike(part, self._pitch, self._position, int(value))
            self._playable = self.players.playable(part)

    def replay(self, notes: Mapping[str, Sequence[Note]]) -> bool:
        """Copy the notes of another bar, as far as they are allowed here; onsets count from the start of the bar.

        Returns False and plays nothing if that would leave a bar empty that must have notes. The plan is not written;
        it follows from the notes.
        """
        for name in self.tokens.parts:
            begun = False
            for note in sorted(notes.get(name, ()), key=lambda note: (note.onset_tick, note.pitch)):
                if not self._fits(name, note, begun):
                    continue
                if not begun:
                    self.push(self.tokens.id_of[f"Part_{name}"])
                    self.push(self.tokens.id_of[f"Velocity_{v.velocity_level(note.velocity)}"])
                    begun = True
                if note.onset_tick != self._position:
                    self.push(self.tokens.id_of[f"Position_{note.onset_tick}"])
                if self._drumming:
                    self.push(self.tokens.id_of[f"Drum_{note.pitch}"])
                    continue
                self.push(self.tokens.id_of[f"Pitch_{note.pitch}"])
                self.push(self.tokens.id_of[f"Duration_{min(note.duration_tick, self._longest())}"])
        if self._must_play and self._part < 0:
            return False
        self.push(self.tokens.end_of_bar)
        return True

    def _fits(self, part: str, note: Note, begun: bool) -> bool:
        """Whether a note may come next in `part`, which has notes already if it has `begun`."""
        if self.notes_left <= 0 or part not in self.players.specs:
            return False
        first = not begun or note.onset_tick != self._position
        if self.players.specs[part].is_drums:
            return first or self._struck < _LIMBS
        free = self.players.playable(part)
        return bool(free[note.pitch - v.LOWEST_PITCH, note.onset_tick])

    @property
    def position(self) -> int:
        """The tick in the bar at which notes are being added, -1 before the first position."""
        return self._position

    @property
    def is_planning(self) -> bool:
        """Whether the plan, not the notes, is being generated."""
        return not self._is_silent and (self._kind == "Section" or self._kind in KINDS[:-1])

    def _allow_plan(self, mask: np.ndarray, following: Collection[str]) -> None:
        """The allowed classes of the next kind of the plan."""
        (kind,) = (kind for kind in KINDS if kind in following)
        low, high = self._asked.get(kind, (0, len(BOUNDS[kind])))
        if kind == KINDS[0]:
            sings = any(self._can_play(name) for name, spec in self.players.specs.items() if not spec.is_drums)
            low, high = (max(low, int(self._must_play)), max(high, int(self._must_play))) if sings else (0, 0)
        first = self.tokens.first[kind]
        mask[first + low : first + high + 1] = True

    @property
    def _drumming(self) -> bool:
        return self._part >= 0 and self.players.specs[self.tokens.parts[self._part]].is_drums

    def _add(self, duration_tick: int) -> None:
        onset = self.players.bar.start_tick + self._position
        part = self.tokens.parts[self._part]
        self.notes[part].append(Note(onset, duration_tick, self._pitch, self._velocity))
        self.notes_left -= 1

    def _may_begin(self, part: str) -> bool:
        spec = self.players.specs.get(part)
        return spec is not None and (spec.is_drums or not self._is_silent) and self._can_play(part)

    def _can_play(self, part: str) -> bool:
        spec = self.players.specs.get(part)
        if spec is None or spec.is_drums:
            return spec is not None
        return bool(self._open(self.players.playable(part)).any())

    def _positions(self) -> np.ndarray:
        """Positions of the bar at which a note can begin."""
        n_ticks = self.players.bar.meter.bar_tick
        return self.tokens.on_grid[:n_ticks].copy() if self._drumming else self._open(self._playable)

    def _open(self, playable: np.ndarray) -> np.ndarray:
        """Positions of the bar, on sixteenths and triplets, at which something is playable."""
        n_ticks = self.players.bar.meter.bar_tick
        return np.logical_or.reduce(playable[:, :n_ticks], axis=0) & self.tokens.on_grid[:n_ticks]

    def _longest(self) -> int:
        row = self._playable[self._pitch - v.LOWEST_PITCH, self._position :]
        stops = np.flatnonzero(~row)
        return min(int(stops[0]) if len(stops) else len(row), v.LONGEST_DURATION)


class TokenIds:
    """The tokenizer's vocabulary in the form that the constraints need."""

    def __init__(self, tokenizer: Language, *, triplets: bool = True) -> None:
        self.size = len(tokenizer)
        self.parts = tokenizer.parts
        self.graph = v.GRAPH
        self.id_of = tokenizer.vocab
        self.end_of_bar = tokenizer.vocab["Bar_inner"]
        self.pad = tokenizer.vocab["PAD_None"]
        names = tokenizer.names(range(self.size))
        self.kind_and_value = [(name.split("_", 1)[0], name.split("_", 1)[1]) for name in names]
        self.first: dict[str, int] = {}
        for index, (kind, _) in enumerate(self.kind_and_value):
            self.first.setdefault(kind, index)
        places = v.PLACES_IN_BEAT if triplets else v.SIXTEENTHS
        self.on_grid = np.isin(np.arange(v.LONGEST_BAR) % TICKS_PER_QUARTER, places)


class BarConstraints:
    """Masks every row of a batch by its `BarState`; a finished row may only be padded."""

    def __init__(self, states: Sequence[BarState]) -> None:
        self.states = states

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """`scores` (rows, vocabulary) with minus infinity where a token is not allowed."""
        masks = []
        for state in self.states:
            if state.done:
                mask = np.zeros(state.tokens.size, dtype=bool)
                mask[state.tokens.pad] = True
            else:
                mask = state.allowed()
            masks.append(mask)
        return np.where(np.stack(masks), scores, -np.inf)


class LogitBias:
    """Adds a bias to the logits of the song's chord tones, of its own notes that are `shown`, and of parts that rest.

    Pitches of the chord gain `chord_bias` nats; pitches that the song itself plays at that position gain `SONG_BIAS`,
    and so do these positions. Parts gain the `part_bias` of each state.
    """

    def __init__(
        self,
        states: Sequence[BarState],
        chords: Sequence[Chord],
        shown: Iterable[Note] = (),
        chord_bias: float = CHORD_BIAS,
    ) -> None:
        self.states = states
        bar, self.ids = states[0].players.bar, states[0].tokens
        self.pitches = np.zeros((bar.meter.bar_tick, len(_PITCHES)), dtype=np.float32)
        self.places = np.zeros(bar.meter.bar_tick, dtype=np.float32)
        for chord in chords:
            if chord.start_tick < bar.end_tick and chord.end_tick > bar.start_tick:
                ticks = slice(max(chord.start_tick - bar.start_tick, 0), chord.end_tick - bar.start_tick)
                self.pitches[ticks, np.isin(_PITCHES % 12, sorted(chord.pitch_classes))] = chord_bias
        for note in shown:
            tick = note.onset_tick - bar.start_tick
            self.places[tick] = SONG_BIAS
            self.pitches[tick, v.within_range(note.pitch) - v.LOWEST_PITCH] += SONG_BIAS

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """`scores` (rows, vocabulary) plus the bias."""
        added = np.zeros(scores.shape, dtype=np.float32)
        first_place, first_pitch = self.ids.first["Position"], self.ids.first["Pitch"]
        added[:, first_place : first_place + len(self.places)] = self.places
        for row, state in enumerate(self.states):
            for part, nats in state.part_bias.items():
                added[row, self.ids.id_of[f"Part_{part}"]] = nats
            if state.position >= 0:
                added[row, first_pitch : first_pitch + len(_PITCHES)] = self.pitches[state.position]
        return scores + added
