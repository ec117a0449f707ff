"""Windows of bars for training, made from shards with numpy alone.

Item i depends on (seed, i) only, so a resumed run sees what the uninterrupted one would have seen.
Every window is in C major or A minor, now and then in another key, and shows a random share of what there is to
know of the song: from melody and chords only to every note, as written or as a transcriber would have heard it, so
that one model serves every fidelity. Now and then the style is left open, or the lead part loses a stretch of
its tune, which the model then has to play itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.shards import Shard

IGNORED_LABEL = -100
#: How often a window's style is left open, its tune unsaid, its song shown as heard. Not swept.
_OPEN_STYLE, _SILENT_TUNE, _AS_HEARD = 0.1, 0.2, 0.3
#: How often a window begins where its song does, and how often it ends there.
_AT_AN_EDGE = 0.08
#: How often a window is in its home key, and how many semitones off it is otherwise.
_AT_HOME, _ASTRAY = 0.8, (-7, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7)
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
        """Pitches move, roots and basses of chords move round the circle."""
        moved = tokens.copy()
        low, high = self.pitch
        moved[(tokens >= low) & (tokens < high)] += semitones
        for low, high in self.roots:
            inside = (tokens >= low) & (tokens < high)
            moved[inside] = low + (tokens[inside] - low + semitones) % (high - low)
        return moved


class Shown(NamedTuple):
    """What a window shows of the song's X: sections, a share of the texture's notes, a share of the controls."""

    chords: bool
    bass: bool
    texture: float
    controls: float
    as_heard: bool = False


#: Validation windows show the lead sheet, the bass as well, or half of the texture too, in turn.
_SHOWN_TO_VALIDATE = (Shown(True, False, 0, 0), Shown(True, True, 0, 0), Shown(True, True, 0.5, 0))


def _song_weights(shard: Shard) -> np.ndarray:
    """How likely each song is: by its bars, and small styles more often than their share."""
    bars = np.diff(shard.song_start)
    _, style = np.unique(shard.headers[:, 1], return_inverse=True)
    weight = bars * (np.bincount(style, bars) ** (_STYLE_EVENNESS - 1))[style]
    return np.asarray(weight / weight.sum())


class WindowDataset(torch.utils.data.Dataset[dict[str, Any]]):
    """`length` random windows of at most `context` tokens; labels count Y and the end of each bar only.

    With `augment` off (validation) every song is at home, and windows show lead sheet, bass, or half
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
        self.song_weight = _song_weights(shard)
        # Where the lead part has a staff of its own, its tune can be given or left to the model.
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
        tokens = [header]
        counted = [np.zeros(len(tokens[0]), dtype=bool)]
        size = len(tokens[0])
        while bar < end and size < self.context:
            x, y = self.bar(bar, shown, rng)
            if bar in silent:
                x, y = self.without_tune(x, y, int(self.shard.leads[song]))
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
        steps = int(self.shard.steps_home[song])
        if self.augment:
            steps = self._draw_steps(rng, steps)
        ids = self._transposed(ids, steps)
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

    def draw_shown(self, rng: np.random.Generator) -> Shown:
        """How much of the song a training window shows."""
        controls = 0.0 if rng.random() < 0.4 else 0.8
        as_heard = rng.random() < _AS_HEARD
        draw = rng.random()
        if draw < 0.40:
            return Shown(True, False, 0.0, controls, as_heard)
        if draw < 0.60:
            return Shown(True, True, 0.0, controls, as_heard)
        return Shown(rng.random() < 0.9, rng.random() < 0.9, float(rng.uniform(0.1, 1.0)), controls, as_heard)

    def _draw_steps(self, rng: np.random.Generator, home: int) -> int:
        """Semitones to move a window by: home, or where a wrongly heard key or a modulation would lead."""
        return home if rng.random() < _AT_HOME else home + int(rng.choice(_ASTRAY))

    def _transposed(self, ids: np.ndarray, steps: int) -> np.ndarray:
        """The window so many semitones higher, an octave off if only that stays within the words for pitches."""
        low, high = self.vocabulary.pitch
        pitches = ids[(ids >= low) & (ids < high)]
        lowest, highest = (pitches.min(), pitches.max()) if len(pitches) else (low, low)
        for shift in (steps, steps - 12, steps + 12):
            if lowest + shift >= low and highest + shift < high:
                return self.vocabulary.transposed(ids, shift)
        return ids

    def bar(self, bar: int, shown: Shown, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """X, as far as it is shown, and Y of a bar."""
        x, heard, y = self.shard.sides(bar)
        return self._show(heard if shown.as_heard else x, shown, rng), y

    def _draw_silence(self, rng: np.random.Generator, song: int, bar: int, first: int) -> range:
        """Bars in which the song has no tune, so that the lead part must be invented."""
        alone = int(self.shard.headers[song, 3]) in self._lead_ensembles
        if not (self.augment and alone and rng.random() < _SILENT_TUNE):
            return range(0)
        start = bar if bar == first or rng.random() < 0.3 else bar + int(rng.integers(1, 9))
        return range(start, start + int(rng.integers(2, 9)))

    def without_tune(self, x: np.ndarray, y: np.ndarray, lead: int) -> tuple[np.ndarray, np.ndarray]:
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
        kept += [x[i : i + 1] for i in range(2, starts[0]) if rng.random() < shown.controls]
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
