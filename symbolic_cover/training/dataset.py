"""Windows of bars for training, made from shards with numpy alone.

Item i depends on (seed, i) only, so a resumed run sees the same items as an uninterrupted one. Every window is in C
major or A minor, sometimes in another key, and shows a random share of the song: from melody and chords only to every
note, as written or as transcribed, so that one model serves every fidelity, and sometimes nothing, for guidance.
Sometimes the style is left open, or the lead part loses a stretch of its melody, which the model then has to play
itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.tokens.plan import Planner

IGNORED_LABEL = -100
#: The probabilities that a window's style is left open, its melody hidden, its song shown as transcribed. Not tuned.
_OPEN_STYLE, _SILENT_MELODY, _AS_HEARD = 0.1, 0.2, 0.3
#: The probability that a window shows nothing of its song (classifier-free guidance, Ho & Salimans, 2022).
_BLIND = 0.1
#: The probabilities that a window begins where its song does, and that it ends there.
_AT_AN_EDGE = 0.08
#: The probability that a window is in its home key, and the semitones of transposition otherwise.
_AT_HOME, _ASTRAY = 0.8, (-7, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7)
#: 1 samples styles by the amount of music in each, 0 uniformly.
_STYLE_EVENNESS = 0.5


class Vocabulary:
    """Token ids by type, from ``vocabulary.json``; types that transposition changes are contiguous."""

    def __init__(self, ids: dict[str, int]) -> None:
        self.ids = ids
        self.size = len(ids)
        self.pad, self.bos, self.eos = ids["PAD_None"], ids["BOS_None"], ids["EOS_None"]
        self.end_of_bar = ids["Bar_inner"]
        self.section = {name.split("_")[1]: i for name, i in ids.items() if name.startswith("Section_")}
        self.sections = self.range("Section")
        self.pitch = self.range("Pitch")
        self.position = self.range("Position")
        self.part = self.range("Part")
        self.velocity = self.range("Velocity")
        self.roots = [self.range("ChordRoot"), self.range("ChordBass")]

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """From a prepared folder."""
        return cls(json.loads((Path(folder) / "vocabulary.json").read_text(encoding="utf-8")))

    def range(self, kind: str) -> tuple[int, int]:
        """First id of a type of token, and the id after its last."""
        found = [i for name, i in self.ids.items() if name.split("_")[0] == kind]
        return min(found), max(found) + 1

    def transposed(self, tokens: np.ndarray, semitones: int) -> np.ndarray:
        """Pitches move; roots and basses of chords move modulo 12."""
        moved = tokens.copy()
        low, high = self.pitch
        moved[(tokens >= low) & (tokens < high)] += semitones
        for low, high in self.roots:
            inside = (tokens >= low) & (tokens < high)
            moved[inside] = low + (tokens[inside] - low + semitones) % (high - low)
        return moved


class Shown(NamedTuple):
    """What a window shows of the song's X: sections, and a share of the texture's notes."""

    chords: bool
    bass: bool
    texture: float
    as_heard: bool = False
    melody: bool = True


#: Validation windows show the lead sheet, also the bass, or also half of the texture, in turn.
_SHOWN_TO_VALIDATE = (Shown(True, False, 0), Shown(True, True, 0), Shown(True, True, 0.5))


def _song_weights(shard: Shard) -> np.ndarray:
    """The sampling weight of each song: its bars, with small styles more often than their share."""
    bars = np.diff(shard.song_start)
    _, style = np.unique(shard.headers[:, 1], return_inverse=True)
    weight = bars * (np.bincount(style, bars) ** (_STYLE_EVENNESS - 1))[style]
    return np.asarray(weight / weight.sum())


class WindowDataset(torch.utils.data.Dataset[dict[str, Any]]):
    """`length` random windows of at most `context` tokens; labels cover Y and the end of each bar only.

    With `augment` off (validation) every song is in its home key, and windows show lead sheet, bass, or half of the
    texture in turn. Raises `UsageError` for an empty split.
    """

    def __init__(self, shard: Shard, vocabulary: Vocabulary, *, context: int, length: int, seed: int,
                 augment: bool = True) -> None:  # fmt: skip
        if shard.n_songs == 0:
            raise UsageError("A split of the corpus has no songs.", "Prepare more songs; training needs some in each.")
        self.shard, self.vocabulary = shard, vocabulary
        self.context, self.length, self.seed, self.augment = context, length, seed, augment
        self.song_weight = _song_weights(shard)
        self.planner = Planner(vocabulary.ids)
        # If the lead part has its own staff, its melody can be given or left to the model.
        alone = [f"Ensemble_{name}" for name, ensemble in load_ensembles().items() if ensemble.leads_alone]
        self._lead_ensembles = {vocabulary.ids[word] for word in alone if word in vocabulary.ids}

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng((self.seed, index))
        song = int(rng.choice(len(self.song_weight), p=self.song_weight))
        first, end = int(self.shard.song_start[song]), int(self.shard.song_start[song + 1])
        latest = max(first, end - 8)
        place = rng.random()
        at_edge = place < 2 * _AT_AN_EDGE
        bar = (first if place < _AT_AN_EDGE else latest) if at_edge else int(rng.integers(first, latest + 1))
        shown = self.draw_shown(rng) if self.augment else _SHOWN_TO_VALIDATE[index % len(_SHOWN_TO_VALIDATE)]
        header = self.shard.headers[song].copy()
        if self.augment and rng.random() < _OPEN_STYLE and "Style_any" in self.vocabulary.ids:
            header[1] = self.vocabulary.ids["Style_any"]
        silent = self._draw_silence(rng, song, bar, first)
        steps = int(self.shard.steps_home[song])
        if self.augment:
            steps = self._draw_steps(rng, steps)
        bars: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        size = len(header)
        while bar < end and size < self.context:
            x, shown_x, y = self.bar(bar, shown, rng)
            if bar in silent:
                lead = int(self.shard.leads[song])
                shown_x, y = self.without_melody(shown_x, y, lead)
            bars.append((x, shown_x, y))
            size += len(shown_x) + len(y) + 1
            bar += 1
        return self._padded(*self._written(header, bars, steps, is_end=bar == end))

    def _written(
        self, header: np.ndarray, bars: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], steps: int, *, is_end: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The window's ids, transposed, with the plans of its bars, and a mask of those that are counted."""
        moved = self._fitting_steps([side for _, x, y in bars for side in (x, y)], steps)
        tokens, counted = [header], [np.zeros(len(header), dtype=bool)]
        for index, (song, x, y) in enumerate(bars):
            plan = self.planner.plan(song, y, moved)
            asked = np.zeros(len(x), dtype=bool)
            asked[0] = index > 0  # the Bar token ends the Y before it
            tokens += [self.vocabulary.transposed(x, moved), plan, self.vocabulary.transposed(y, moved)]
            counted += [asked, np.ones(len(plan) + len(y), dtype=bool)]
        if is_end:
            tokens.append(np.array([self.vocabulary.eos]))
            counted.append(np.array([True]))
        return np.concatenate(tokens)[: self.context], np.concatenate(counted)[: self.context]

    def _padded(self, ids: np.ndarray, counted: np.ndarray) -> dict[str, torch.Tensor]:
        v = self.vocabulary
        labels = np.where(counted, ids, IGNORED_LABEL)
        ends = counted & ((ids == v.eos) | np.isin(ids, [v.ids["Bar_first"], v.ids["Bar_last"]]))
        labels[ends] = v.end_of_bar  # one sign says "this bar is done", whatever follows
        fill = self.context - len(ids)
        ids = np.concatenate([ids, np.full(fill, v.pad)])
        labels = np.concatenate([labels, np.full(fill, IGNORED_LABEL)])
        # No attention mask: padding comes last, where causal attention never looks.
        return {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}

    def draw_shown(self, rng: np.random.Generator) -> Shown:
        """How much of the song a training window shows."""
        if rng.random() < _BLIND:
            return Shown(False, False, 0.0, melody=False)
        as_heard = rng.random() < _AS_HEARD
        draw = rng.random()
        if draw < 0.40:
            return Shown(True, False, 0.0, as_heard)
        if draw < 0.60:
            return Shown(True, True, 0.0, as_heard)
        return Shown(rng.random() < 0.9, rng.random() < 0.9, float(rng.uniform(0.1, 1.0)), as_heard)

    def _draw_steps(self, rng: np.random.Generator, home: int) -> int:
        """Semitones to move a window by: home, or where a wrongly heard key or a modulation would lead."""
        return home if rng.random() < _AT_HOME else home + int(rng.choice(_ASTRAY))

    def _fitting_steps(self, tokens: Sequence[np.ndarray], steps: int) -> int:
        """Semitones to move by: `steps`, an octave off if only that stays within the words for pitches, else none."""
        low, high = self.vocabulary.pitch
        ids = np.concatenate(tokens) if tokens else np.zeros(0, dtype=int)
        pitches = ids[(ids >= low) & (ids < high)]
        lowest, highest = (pitches.min(), pitches.max()) if len(pitches) else (low, low)
        fitting = (by for by in (steps, steps - 12, steps + 12) if lowest + by >= low and highest + by < high)
        return next(fitting, 0)

    def bar(self, bar: int, shown: Shown, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The whole X of a bar, X as far as it is shown, and Y."""
        x, heard, y = self.shard.sides(bar)
        return x, self._show(heard if shown.as_heard else x, shown, rng), y

    def _draw_silence(self, rng: np.random.Generator, song: int, bar: int, first: int) -> range:
        """Bars in which the song has no melody, so that the lead part must be invented."""
        alone = int(self.shard.headers[song, 3]) in self._lead_ensembles
        if not (self.augment and alone and rng.random() < _SILENT_MELODY):
            return range(0)
        start = bar if bar == first or rng.random() < 0.3 else bar + int(rng.integers(1, 9))
        return range(start, start + int(rng.integers(2, 9)))

    def without_melody(self, x: np.ndarray, y: np.ndarray, lead: int) -> tuple[np.ndarray, np.ndarray]:
        """The melody moves from X into the lead part of Y."""
        v = self.vocabulary
        starts = np.flatnonzero((x >= v.sections[0]) & (x < v.sections[1]))
        found = [i for i, start in enumerate(starts) if x[start] == v.section["melody"]]
        if not found or lead in y:
            return x, y
        start, stop = starts[found[0]], [*starts[1:], len(x)][found[0]]
        loudness = next((token for token in y if v.velocity[0] <= token < v.velocity[1]), v.velocity[0] + 4)
        played = np.concatenate([[lead, loudness], x[start + 1 : stop]])
        place = next((i for i, token in enumerate(y) if lead < token < v.part[1]), len(y))
        return np.delete(x, slice(start, stop)), np.concatenate([y[:place], played, y[place:]])

    def _show(self, x: np.ndarray, shown: Shown, rng: np.random.Generator) -> np.ndarray:
        """X with only the sections and the share of texture notes that are shown."""
        v = self.vocabulary
        starts = np.flatnonzero((x >= v.sections[0]) & (x < v.sections[1]))
        visible = {
            v.section["chords"]: shown.chords, v.section["melody"]: shown.melody, v.section["bass"]: shown.bass,
            v.section["texture"]: shown.texture > 0, v.section["arrangement"]: True,
        }  # fmt: skip
        kept = [x[:2]]  # Bar, TimeSig
        for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
            name, part = x[start], x[start:stop]
            if name == v.section["texture"] and shown.texture < 1:
                part = self._thinned(part, shown.texture, rng)
            if visible[name] and len(part):
                kept.append(part)
        return np.concatenate(kept)

    def _thinned(self, part: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
        """A share of the texture's notes."""
        low, high = self.vocabulary.pitch
        is_note = (part >= low) & (part < high)
        kept = is_note & (rng.random(len(part)) < share)
        onset = np.cumsum(~is_note) - 1  # the section's own sign, then one for each Position
        kept |= ~is_note & (np.bincount(onset[kept], minlength=onset[-1] + 1) > 0)[onset]
        kept[0] = kept.any()
        return part[kept]
