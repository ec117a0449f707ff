"""Windows of bars for training, made from shards with numpy alone.

Item i depends on (seed, i) only, so a resumed run sees what the uninterrupted one would have seen.
Every window is transposed at random and shows a random share of what there is to know of the song:
from melody and chords only to every note, as written or as a transcriber would have heard it, so that
one model serves every fidelity. Now and then the style is left open, or the lead part loses a stretch of
its tune, which the model then has to play itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from symbolic_cover.errors import UsageError

IGNORED_LABEL = -100
#: Ensembles whose lead part has a staff of its own, so that its tune can be given or left to the model.
_LEAD_ALONE = tuple(
    f"Ensemble_{name}" for name in ("voice-piano", "choir", "string-quartet", "orchestra", "lead-sheet", "band")
)
_OPEN_STYLE, _SILENT_TUNE, _AS_HEARD = 0.1, 0.2, 0.4
#: 1 draws styles by how much music there is of each, 0 draws all alike.
_STYLE_EVENNESS = 0.5


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
        self.part = self._range("Part")
        self.velocity = self._range("Velocity")
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
    """One split of the corpus; see `corpus.shards`.

    `tokens` is memory-mapped. Bar i holds X in tokens ``starts[i, 0]:starts[i, 1]``, X as heard up to
    ``starts[i, 2]`` and Y up to ``starts[i, 3]``. `song_start` (songs + 1,) counts bars; `headers` (songs, 4)
    and `leads` (songs,) are tokens.
    """

    tokens: np.ndarray
    starts: np.ndarray
    song_start: np.ndarray
    headers: np.ndarray
    leads: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Shard:
        """Read the folder ``train``, ``valid`` or ``test`` of a corpus."""
        lengths = np.load(folder / "lengths.npy").astype(np.int64)
        songs = np.load(folder / "songs.npy").astype(np.int64)
        ends = np.cumsum(lengths, axis=None).reshape(lengths.shape)
        starts = np.column_stack([ends[:, :1] - lengths[:, :1], ends]) if len(ends) else np.zeros((0, 4), dtype=int)
        song_start = np.concatenate([[0], np.cumsum(songs[:, 0])])
        return cls(np.load(folder / "tokens.npy", mmap_mode="r"), starts, song_start, songs[:, 1:5], songs[:, 5])

    @property
    def n_songs(self) -> int:
        """Songs in this split."""
        return len(self.song_start) - 1

    def sides(self, bar: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X, X as heard, and Y of a bar."""
        first, second, third, end = self.starts[bar]
        return tuple(self.tokens[a:b].astype(np.int64) for a, b in ((first, second), (second, third), (third, end)))  # type: ignore[return-value]


class Shown(NamedTuple):
    """What a window shows of the song's X."""

    chords: bool
    bass: bool
    texture: float
    density: float
    as_heard: bool = False


def _song_weights(shard: Shard) -> np.ndarray:
    """How likely each song is: by its bars, and small styles more often than their share."""
    bars = np.diff(shard.song_start)
    _, style = np.unique(shard.headers[:, 1], return_inverse=True)
    weight = bars * (np.bincount(style, bars) ** (_STYLE_EVENNESS - 1))[style]
    return np.asarray(weight / weight.sum())


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
        self._song_weight = _song_weights(shard)
        self._lead_ensembles = {i for name, i in vocabulary.ids.items() if name in _LEAD_ALONE}

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng((self.seed, index))
        song = int(rng.choice(len(self._song_weight), p=self._song_weight))
        first, end = int(self.shard.song_start[song]), int(self.shard.song_start[song + 1])
        latest = max(first, end - 8)
        bar = first if rng.random() < 0.08 else int(rng.integers(first, latest + 1))
        shown = self._draw_shown(rng, index)
        header = self.shard.headers[song].copy()
        if self.augment and rng.random() < _OPEN_STYLE and "Style_any" in self.vocabulary.ids:
            header[1] = self.vocabulary.ids["Style_any"]
        silent = self._draw_silence(rng, song, bar, first)
        tokens = [header]
        counted = [np.zeros(len(tokens[0]), dtype=bool)]
        size = len(tokens[0])
        while bar < end and size < self.context:
            x, y = self._bar(bar, shown, rng)
            if bar in silent:
                x, y = self._without_tune(x, y, int(self.shard.leads[song]))
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
        ids = np.concatenate([ids, np.full(fill, v.pad)])
        labels = np.concatenate([labels, np.full(fill, IGNORED_LABEL)])
        # No attention mask: padding comes last, where causal attention never looks.
        return {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}

    def _draw_shown(self, rng: np.random.Generator, index: int) -> Shown:
        if not self.augment:
            return (Shown(True, False, 0, 0), Shown(True, True, 0, 0), Shown(True, True, 0.5, 0))[index % 3]
        density = 0.0 if rng.random() < 0.3 else 0.85
        as_heard = rng.random() < _AS_HEARD
        draw = rng.random()
        if draw < 0.40:
            return Shown(True, False, 0.0, density, as_heard)
        if draw < 0.60:
            return Shown(True, True, 0.0, density, as_heard)
        return Shown(rng.random() < 0.9, rng.random() < 0.9, float(rng.uniform(0.1, 1.0)), density, as_heard)

    def _draw_transposition(self, rng: np.random.Generator, ids: np.ndarray) -> int:
        low, high = self.vocabulary.pitch
        pitches = ids[(ids >= low) & (ids < high)]
        if len(pitches) == 0:
            return 0
        return int(rng.integers(max(-6, low - pitches.min()), min(6, high - 1 - pitches.max()) + 1))

    def _bar(self, bar: int, shown: Shown, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x, heard, y = self.shard.sides(bar)
        return self._show(heard if shown.as_heard else x, shown, rng), y

    def _draw_silence(self, rng: np.random.Generator, song: int, bar: int, first: int) -> range:
        """Bars in which the song has no tune, so that the lead part must be invented."""
        alone = int(self.shard.headers[song, 3]) in self._lead_ensembles
        if not (self.augment and alone and rng.random() < _SILENT_TUNE):
            return range(0)
        start = bar if bar == first or rng.random() < 0.3 else bar + int(rng.integers(1, 9))
        return range(start, start + int(rng.integers(2, 9)))

    def _without_tune(self, x: np.ndarray, y: np.ndarray, lead: int) -> tuple[np.ndarray, np.ndarray]:
        """The tune moves from X into the lead part of Y."""
        v = self.vocabulary
        starts = np.flatnonzero(np.isin(x, list(v.section.values())))
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
        """A share of the texture's notes."""
        low, high = self.vocabulary.pitch
        kept = [part[0]]
        position = -1
        for token in part[1:]:
            if low <= token < high:
                if rng.random() < share:
                    if position >= 0:
                        kept.append(position)
                        position = -1
                    kept.append(token)
            else:
                position = token
        return np.array(kept if len(kept) > 1 else [], dtype=np.int64)
