"""From pieces to shards: what `train` reads without miditok, symusic or music21.

A prepared folder holds ``vocabulary.json`` and, for each of the splits ``train``, ``valid`` and
``test``, one ``.npz`` with the tokens of all bars, X and Y, one after the other (`Shard`). A song
belongs to one split, fixed by the hash of its group.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symbolic_cover.analyze.content import analyze, notes_of
from symbolic_cover.analyze.hands import fill_gaps, split_hands
from symbolic_cover.corpus.pop909 import Piece, find_songs, read_song
from symbolic_cover.errors import SymbolicCoverError, UsageError
from symbolic_cover.music import TICKS_PER_QUARTER, Content, Note
from symbolic_cover.tokens.tokenizer import BarTokenizer, bars_of_content, bars_of_parts
from symbolic_cover.tokens.vocabulary import METERS, density_level

SPLITS = ("train", "valid", "test")
STYLE, ENSEMBLE, PARTS = "pop-piano", "solo-piano", ("left-hand", "right-hand")
_LEVEL_BOUNDS = ((11.0, "easy"), (16.0, "intermediate"))


class Pair(NamedTuple):
    """A song and its arrangement: X and Y before tokens."""

    name: str
    split: str
    content: Content
    parts: dict[str, list[Note]]
    level: str


class TokenizedSong(NamedTuple):
    """A song's header, and for each bar X (with everything there is to know) and Y, as token ids."""

    name: str
    split: str
    header: list[int]
    bars: list[tuple[list[int], list[int]]]

    @property
    def n_tokens(self) -> int:
        """Tokens of all bars, X and Y."""
        return sum(len(x) + len(y) for x, y in self.bars)


def split_of(group: str) -> str:
    """The split of a song: 4 % validation, 7 % test, by the hash of its group."""
    place = int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100
    return "valid" if place < 4 else "test" if place < 11 else "train"


def make_pair(piece: Piece) -> Pair:
    """X by the same analysis that covers use; Y the human accompaniment, repaired to be playable."""
    content = analyze(piece.score, piece.grid, piece.name)
    accompaniment = [
        note for track in piece.score.tracks if track.name not in ("MELODY", "chords") for note in notes_of(track)
    ]
    left, right = split_hands(accompaniment, content.melody)
    left, right = fill_gaps(left, [*right, *content.melody]), fill_gaps(right, left, content.melody)
    quarters = piece.grid.end_tick / TICKS_PER_QUARTER
    density = 4 * (len(left) + len(right)) / quarters
    level = next((name for bound, name in _LEVEL_BOUNDS if density < bound), "full")
    parts = dict(zip(PARTS, (left, right), strict=True))
    return Pair(piece.name, split_of(piece.split_group), content, parts, level)


def tokenize_pair(pair: Pair, tokenizer: BarTokenizer) -> TokenizedSong:
    """Write every bar of a pair; raises `SymbolicCoverError` for a metre that the language does not know."""
    unknown = {str(bar.meter) for bar in pair.content.grid.bars if bar.meter not in METERS}
    if unknown:
        raise SymbolicCoverError(f"{pair.name}: metre {', '.join(sorted(unknown))} is not in the vocabulary.")
    bars = []
    played = bars_of_parts(pair.parts, pair.content.grid.bars)
    for known, parts in zip(bars_of_content(pair.content), played, strict=True):
        density = density_level(sum(len(notes) for notes in parts.values()))
        x = tokenizer.source_bar(**known, density=density)
        bars.append((tokenizer.ids(x), tokenizer.ids(tokenizer.target_bar(known["bar"], parts))))
    header = tokenizer.ids(tokenizer.header(STYLE, pair.level, ENSEMBLE))
    return TokenizedSong(pair.name, pair.split, header, bars)


def prepare(folder: Path, out: Path, *, limit: int | None = None, progress: Callable[[int, int], None] | None = None,
            workers: int | None = None) -> dict[str, object]:  # fmt: skip
    """Turn the unpacked POP909 and POP909-CL in `folder` into shards in `out`.

    Songs that cannot be used are left out and named in the returned summary
    (``songs``, ``bars``, ``tokens`` by split; ``left_out``: [name, reason]).
    """
    songs = find_songs(folder)[:limit]
    tokenizer = BarTokenizer.build([STYLE], [ENSEMBLE], PARTS)
    done: dict[str, list[TokenizedSong]] = {split: [] for split in SPLITS}
    left_out: list[tuple[str, str]] = []
    for count, result in enumerate(_each(songs, workers or os.cpu_count() or 1), start=1):
        if isinstance(result, TokenizedSong):
            done[result.split].append(result)
        else:
            left_out.append(result)
        if progress:
            progress(count, len(songs))
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(out / "tokenizer.json")
    (out / "vocabulary.json").write_text(json.dumps(tokenizer.vocab, indent=0), encoding="utf-8")
    for split, found in done.items():
        _write_shard(out / f"{split}.npz", found)
    summary: dict[str, object] = {
        "songs": {split: len(found) for split, found in done.items()},
        "bars": {split: sum(len(song.bars) for song in found) for split, found in done.items()},
        "tokens": {split: sum(song.n_tokens for song in found) for split, found in done.items()},
        "left_out": left_out,
    }
    (out / "summary.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")
    return summary


def prepared_folder(
    data: Path, out: Path, limit: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Path:
    """The shards in `data`, or made in `out` from POP909 and POP909-CL, unpacked or as .tar.zst, in `data`.

    Raises `UsageError` where there is neither.
    """
    for folder in (data, out):
        if (folder / "train.npz").is_file():
            return folder
    if not data.is_dir():
        raise UsageError(f"There is no folder {data}.", "Give a folder of shards, or one with POP909 and POP909-CL.")
    archives = [data / f"{name}.tar.zst" for name in ("pop909", "pop909_cl")]
    if all(archive.is_file() for archive in archives):
        with tempfile.TemporaryDirectory() as unpacked:
            for archive in archives:
                _unpack(archive, Path(unpacked))
            prepare(Path(unpacked), out, limit=limit, progress=progress)
    else:
        prepare(data, out, limit=limit, progress=progress)
    return out


def _unpack(archive: Path, folder: Path) -> None:
    import zstandard

    with (
        archive.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        tar.extractall(folder, filter="data")


def _each(songs: list[tuple[str, Path, Path]], workers: int) -> Iterator[TokenizedSong | tuple[str, str]]:
    if workers == 1:
        yield from map(_tokenize_song, songs)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_tokenize_song, songs, chunksize=8)


def _tokenize_song(song: tuple[str, Path, Path]) -> TokenizedSong | tuple[str, str]:
    try:
        tokenizer = BarTokenizer.build([STYLE], [ENSEMBLE], PARTS)
        return tokenize_pair(make_pair(read_song(*song)), tokenizer)
    except (SymbolicCoverError, RuntimeError, ValueError) as error:
        return song[0], str(error)


def _write_shard(path: Path, songs: list[TokenizedSong]) -> None:
    """Arrays: `tokens`; `x_start`, `y_start`, `bar_end` (bars,) offsets; `song_start` (songs + 1,) bars; `headers`."""
    tokens: list[int] = []
    x_start, y_start, bar_end, song_start = [], [], [], [0]
    for song in songs:
        for x, y in song.bars:
            x_start.append(len(tokens))
            y_start.append(len(tokens) + len(x))
            tokens += x + y
            bar_end.append(len(tokens))
        song_start.append(len(bar_end))
    np.savez_compressed(
        path,
        tokens=np.array(tokens, dtype=np.uint16),
        x_start=np.array(x_start, dtype=np.int64),
        y_start=np.array(y_start, dtype=np.int64),
        bar_end=np.array(bar_end, dtype=np.int64),
        song_start=np.array(song_start, dtype=np.int64),
        headers=np.array([song.header for song in songs], dtype=np.uint16).reshape(len(songs), -1 if songs else 0),
        names=np.array([song.name for song in songs], dtype="U64"),
    )
