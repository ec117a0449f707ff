"""Windows of bars for training, made from shards with numpy alone.

Item i depends on (seed, i) only, so a resumed run sees what the uninterrupted one would have seen.
Every window is transposed at random and shows a random share of what there is to know of the song:
from melody and chords only to every note, so that one model serves every fidelity.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from symbolic_cover.errors import UsageError

IGNORED_LABEL = -100


class Vocabulary:
    """Token ids by type, from ``vocabulary.json``; the types that transposition moves are contiguous."""

    def __init__(self, ids: dict[str, int]) -> None:
        self.ids = ids
        self.size = len(ids)
        self.pad, self.bos, self.eos = ids["PAD_None"], ids["BOS_None"], ids["EOS_None"]
        self.end_of_bar = ids["Bar_inner"]
        self.section = {name.split("_")[1]: i for name, i in ids.items() if name.startswith("Section_")}
        self.pitch = self._range("Pitch")
        self.position = self._range("Position")
        self.density = self._range("Density")
        self.roots = [self._range("ChordRoot"), self._range("ChordBass")]

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """From a prepared folder."""
        return cls(json.loads((Path(folder) / "vocabulary.json").read_text(encoding="utf-8")))

    def _range(self, kind: str) -> tuple[int, int]:
        found = [i for name, i in self.ids.items() if name.split("_")[0] == kind]
        return min(found), max(found) + 1

    def transposed(self, tokens: np.ndarray, semitones: int) -> np.ndarray:
        """Pitches move, roots and basses of chords move round the circle."""
        moved = tokens.copy()
        low, high = self.pitch
        moved[(tokens >= low) & (tokens < high)] += semitones
        for low, high in self.roots:
            inside = (tokens >= low) & (tokens < high)
            moved[inside] = low + (tokens[inside] - low + semitones) % (high - low)
        return moved


class Shard(NamedTuple):
    """One split of the corpus; see `corpus.prepare`."""

    tokens: np.ndarray
    x_start: np.ndarray
    y_start: np.ndarray
    bar_end: np.ndarray
    song_start: np.ndarray
    headers: np.ndarray

    @classmethod
    def load(cls, path: Path) -> Shard:
        """Read ``train.npz``, ``valid.npz`` or ``test.npz``."""
        with np.load(path) as arrays:
            return cls(*(arrays[name].astype(np.int64) for name in cls._fields))

    @property
    def n_songs(self) -> int:
        """Songs in this split."""
        return len(self.song_start) - 1


class Shown(NamedTuple):
    """What a window shows of the song's X."""

    chords: bool
    bass: bool
    texture: float
    density: float


class WindowDataset(torch.utils.data.Dataset):
    """`length` random windows of at most `context` tokens; labels count Y and the end of each bar only.

    With `augment` off (validation) nothing is transposed, and windows show lead sheet, bass, or half
    of the texture in turn.
    """

    def __init__(self, shard: Shard, vocabulary: Vocabulary, *, context: int, length: int, seed: int,
                 augment: bool = True) -> None:  # fmt: skip
        if shard.n_songs == 0:
            raise UsageError(
                "A split of the corpus holds no songs.", "Prepare more songs; training needs some in each."
            )
        self.shard, self.vocabulary = shard, vocabulary
        self.context, self.length, self.seed, self.augment = context, length, seed, augment
        bars = np.diff(shard.song_start)
        self._song_weight = bars / bars.sum()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng((self.seed, index))
        song = int(rng.choice(len(self._song_weight), p=self._song_weight))
        first, end = int(self.shard.song_start[song]), int(self.shard.song_start[song + 1])
        latest = max(first, end - 8)
        bar = first if rng.random() < 0.08 else int(rng.integers(first, latest + 1))
        shown = self._draw_shown(rng, index)
        tokens = [self.shard.headers[song]]
        counted = [np.zeros(len(tokens[0]), dtype=bool)]
        size = len(tokens[0])
        while bar < end and size < self.context:
            x, y = self._bar(bar, shown, rng)
            tokens += [x, y]
            counted += [np.zeros(len(x), dtype=bool), np.ones(len(y), dtype=bool)]
            if len(counted) > 3:
                counted[-2][0] = True  # the Bar token ends the Y before it
            size += len(x) + len(y)
            bar += 1
        if bar == end:
            tokens.append(np.array([self.vocabulary.eos]))
            counted.append(np.array([True]))
        ids, mask = np.concatenate(tokens), np.concatenate(counted)
        if self.augment:
            ids = self.vocabulary.transposed(ids, self._draw_transposition(rng, ids))
        return self._padded(ids[: self.context], mask[: self.context])

    def _padded(self, ids: np.ndarray, counted: np.ndarray) -> dict[str, torch.Tensor]:
        v = self.vocabulary
        labels = np.where(counted, ids, IGNORED_LABEL)
        ends = counted & ((ids == v.eos) | np.isin(ids, [v.ids["Bar_first"], v.ids["Bar_last"]]))
        labels[ends] = v.end_of_bar  # one sign says "this bar is done", whatever follows
        fill = self.context - len(ids)
        attention = np.concatenate([np.ones(len(ids), dtype=np.int64), np.zeros(fill, dtype=np.int64)])
        ids = np.concatenate([ids, np.full(fill, v.pad)])
        labels = np.concatenate([labels, np.full(fill, IGNORED_LABEL)])
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(attention),
            "labels": torch.from_numpy(labels),
        }

    def _draw_shown(self, rng: np.random.Generator, index: int) -> Shown:
        if not self.augment:
            return (Shown(True, False, 0, 0), Shown(True, True, 0, 0), Shown(True, True, 0.5, 0))[index % 3]
        density = 0.0 if rng.random() < 0.3 else 0.85
        draw = rng.random()
        if draw < 0.40:
            return Shown(True, False, 0.0, density)
        if draw < 0.60:
            return Shown(True, True, 0.0, density)
        return Shown(rng.random() < 0.9, rng.random() < 0.9, float(rng.uniform(0.1, 1.0)), density)

    def _draw_transposition(self, rng: np.random.Generator, ids: np.ndarray) -> int:
        low, high = self.vocabulary.pitch
        pitches = ids[(ids >= low) & (ids < high)]
        if len(pitches) == 0:
            return 0
        return int(rng.integers(max(-6, low - pitches.min()), min(6, high - 1 - pitches.max()) + 1))

    def _bar(self, bar: int, shown: Shown, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        shard = self.shard
        x = shard.tokens[shard.x_start[bar] : shard.y_start[bar]]
        y = shard.tokens[shard.y_start[bar] : shard.bar_end[bar]]
        return self._show(x, shown, rng), y

    def _show(self, x: np.ndarray, shown: Shown, rng: np.random.Generator) -> np.ndarray:
        """X with only the sections and the share of texture notes that are shown."""
        v = self.vocabulary
        starts = np.flatnonzero(np.isin(x, list(v.section.values())))
        kept = [x[:2]]  # Bar, TimeSig
        if starts[0] > 2 and rng.random() < shown.density:
            kept.append(x[2:3])
        for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
            name, part = x[start], x[start:stop]
            if name == v.section["texture"]:
                part = self._thinned(part, shown.texture, rng)
            hidden = (name == v.section["chords"] and not shown.chords) or (
                name == v.section["bass"] and not shown.bass
            )
            if not hidden and len(part):
                kept.append(part)
        return np.concatenate(kept)

    def _thinned(self, part: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
        """A share of the texture's notes; a few of them an octave off, as transcripts are."""
        low, high = self.vocabulary.pitch
        kept = [part[0]]
        position = -1
        for token in part[1:]:
            if low <= token < high:
                if rng.random() < share:
                    if position >= 0:
                        kept.append(position)
                        position = -1
                    if self.augment and rng.random() < 0.05:
                        octave = int(token) + int(rng.choice([-12, 12]))
                        token = octave if low + 6 <= octave < high - 6 else token
                    kept.append(token)
            else:
                position = token
        return np.array(kept if len(kept) > 1 else [], dtype=np.int64)
