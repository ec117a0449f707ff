"""The corpus as training reads it: a few flat arrays a split, memory-mapped.

For each of `SPLITS` a folder of that name holds

- ``tokens.npy`` (tokens,) uint16: of every bar X, then X as heard, then Y, one bar after the other;
- ``lengths.npy`` (bars, 3) uint16: how many tokens each of the three has;
- ``songs.npy`` (songs, 6) int32: how many bars, the header (BOS, style, level, ensemble), and the token of the part
  that carries the tune (0 for none).

``tokenizer.json`` (miditok) and ``vocabulary.json`` (plain) lie beside them. `learn.dataset` reads them with
numpy alone.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO

import numpy as np

SPLITS = ("train", "valid", "test")


def split_of(group: str) -> str:
    """The split of a song: 4 % validation, 7 % test, by the hash of its group."""
    place = int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100
    return "valid" if place < 4 else "test" if place < 11 else "train"


class ShardWriter:
    """Writes one split piece by piece; nothing of it stays in memory but the bars' lengths."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._raw: IO[bytes] = (folder / "tokens.raw").open("wb")
        self._lengths: list[np.ndarray] = []
        self._songs: list[list[int]] = []
        self.n_tokens = 0

    def add(self, header: np.ndarray, lead: int, lengths: np.ndarray, tokens: np.ndarray) -> None:
        """A song: header (4,), the lead part's token, lengths (bars, 3), and the tokens of all its bars."""
        self._raw.write(tokens.astype(np.uint16).tobytes())
        self._lengths.append(lengths.astype(np.uint16))
        self._songs.append([len(lengths), *header.tolist(), lead])
        self.n_tokens += len(tokens)

    def close(self) -> dict[str, int]:
        """Finish the files; returns how many songs, bars and tokens there are."""
        self._raw.close()
        lengths = np.concatenate([np.zeros((0, 3), dtype=np.uint16), *self._lengths])
        np.save(self.folder / "lengths.npy", lengths)
        np.save(self.folder / "songs.npy", np.array(self._songs, dtype=np.int32).reshape(-1, 6))
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
