"""The corpus as training reads it: a few flat arrays a split, memory-mapped.

For each of `SPLITS` a folder of that name holds

- ``tokens.npy`` (tokens,) uint16: of every bar X, then X as heard, then Y, one bar after the other;
- ``lengths.npy`` (bars, 3) uint16: how many tokens each of the three has;
- ``songs.npy`` (songs, 7) int32: how many bars, the header (BOS, style, level, ensemble), the token of the part
  that carries the melody (0 for none), and the semitones that move the song to C major or A minor.

``tokenizer.json`` (miditok) and ``vocabulary.json`` (plain) lie beside them. Reading them needs numpy alone.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

SPLITS = ("train", "valid", "test")


def split_of(group: str) -> str:
    """The split of a song: 4 % validation, 7 % test, by the hash of its group."""
    place = int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100
    return "valid" if place < 4 else "test" if place < 11 else "train"


class Shard(NamedTuple):
    """One split of the corpus for reading.

    `tokens` is memory-mapped. Bar i has X in tokens ``starts[i, 0]:starts[i, 1]``, X as transcribed up to ``starts[i,
    2]`` and Y up to ``starts[i, 3]``. `song_start` (songs + 1,) counts bars; `headers` (songs, 4) and `leads` (songs,)
    are tokens; `steps_home` (songs,) semitones to C major or A minor.
    """

    tokens: np.ndarray
    starts: np.ndarray
    song_start: np.ndarray
    headers: np.ndarray
    leads: np.ndarray
    steps_home: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Shard:
        """Read the folder ``train``, ``valid`` or ``test`` of a corpus."""
        lengths = np.load(folder / "lengths.npy").astype(np.int64)
        songs = np.load(folder / "songs.npy").astype(np.int64)
        ends = np.cumsum(lengths, axis=None).reshape(lengths.shape)
        starts = np.column_stack([ends[:, :1] - lengths[:, :1], ends]) if len(ends) else np.zeros((0, 4), dtype=int)
        song_start = np.concatenate([[0], np.cumsum(songs[:, 0])])
        tokens = np.load(folder / "tokens.npy", mmap_mode="r").view(np.ndarray)  # slices of a memmap are slow
        return cls(tokens, starts, song_start, songs[:, 1:5], songs[:, 5], songs[:, 6])

    @property
    def n_songs(self) -> int:
        """Songs in this split."""
        return len(self.song_start) - 1

    def sides(self, bar: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X, X as heard, and Y of a bar."""
        first, second, third, end = self.starts[bar]
        return tuple(self.tokens[a:b].astype(np.int64) for a, b in ((first, second), (second, third), (third, end)))  # type: ignore[return-value]


class ShardWriter:
    """Writes one split piece by piece; only the bars' lengths stay in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._raw: IO[bytes] = (folder / "tokens.raw").open("wb")
        self._lengths: list[np.ndarray] = []
        self._songs: list[list[int]] = []
        self.n_tokens = 0

    def add(self, header: np.ndarray, lead: int, steps_home: int, lengths: np.ndarray, tokens: np.ndarray) -> None:
        """A song: header (4,), the lead part's token, steps home, lengths (bars, 3), and the tokens of all its bars."""
        self._raw.write(tokens.astype(np.uint16).tobytes())
        self._lengths.append(lengths.astype(np.uint16))
        self._songs.append([len(lengths), *header.tolist(), lead, steps_home])
        self.n_tokens += len(tokens)

    def close(self) -> dict[str, int]:
        """Finish the files; returns the numbers of songs, bars and tokens."""
        self._raw.close()
        lengths = np.concatenate([np.zeros((0, 3), dtype=np.uint16), *self._lengths])
        np.save(self.folder / "lengths.npy", lengths)
        np.save(self.folder / "songs.npy", np.array(self._songs, dtype=np.int32).reshape(-1, 7))
        raw = self.folder / "tokens.raw"
        with (self.folder / "tokens.npy").open("wb") as file:
            shape = {"descr": "<u2", "fortran_order": False, "shape": (self.n_tokens,)}
            np.lib.format.write_array_header_1_0(file, shape)
            with raw.open("rb") as tokens:
                while block := tokens.read(1 << 22):
                    file.write(block)
            file.flush()
            os.fsync(file.fileno())
        raw.unlink()
        return {"songs": len(self._songs), "bars": len(lengths), "tokens": self.n_tokens}
