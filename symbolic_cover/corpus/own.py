"""A folder of one's own songs -> a small corpus in the vocabulary of a checkpoint, all in the style ``own``.

The preparation is that of `prepare`. Whole songs are held out, and versions of one song stay together, since bars of a
partly known song would show little.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.corpus.excerpts import measure_people
from symbolic_cover.corpus.prepare import compare
from symbolic_cover.corpus.shards import ShardWriter
from symbolic_cover.corpus.units import Job, Prepared, Unit, prepare_unit, read_prepared, unit_path
from symbolic_cover.corpus.workers import run_all
from symbolic_cover.library.index import song_files, song_of
from symbolic_cover.tokens.tokenizer import BarTokenizer

#: With fewer than five songs none could be held out and four learned from; two hundred take some minutes to prepare.
FEWEST_SONGS, MOST_SONGS = 5, 200
STYLE = "own"
_HELD_OUT = 0.15
_A_UNIT = 2


@dataclass(frozen=True)
class OwnCorpus:
    """The prepared songs: `songs` learned from, `held_out` songs, (file, reason) of those `left_out`.

    `ensemble` plays most of them.
    """

    ensemble: str
    songs: int
    held_out: int
    bars: int
    left_out: tuple[tuple[str, str], ...]


def prepare_own(
    folder: Path,
    out: Path,
    tokenizer: BarTokenizer,
    *,
    ensemble: str = "",
    workers: int = 1,
    progress: Callable[[float], None] | None = None,
) -> OwnCorpus:
    """Prepare the songs below `folder`: splits ``train`` and ``valid``, and their human range, in `out`.

    `ensemble` overrides the one inferred from tracks. Raises `UsageError` for too few or too many files, `InputError`
    if too few of them are music.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Give the folder of your songs.")
    files = song_files(folder)
    if not FEWEST_SONGS <= len(files) <= MOST_SONGS:
        found = (
            "are no songs" if not files else f"is {len(files)} song" if len(files) == 1 else f"are {len(files)} songs"
        )
        raise UsageError(
            f"There {found} in {folder}.",
            f"Give {FEWEST_SONGS} to {MOST_SONGS} recordings, MIDI files or scores in one style.",
        )
    work = out / "work"
    work.mkdir(parents=True)
    for place in (out, work):
        tokenizer.save(place / "tokenizer.json")
    (out / "vocabulary.json").write_text(json.dumps(tokenizer.vocab, indent=0), encoding="utf-8")
    jobs = [_job(path, folder, ensemble) for path in files]
    units = []
    for chunk in (tuple(jobs[i : i + _A_UNIT]) for i in range(0, len(jobs), _A_UNIT)):
        units.append(Unit(chunk, str(unit_path(chunk, work, "")), str(work)))
    for done, _ in enumerate(run_all(prepare_unit, units, workers=workers), 1):
        if progress:
            progress(done / len(units))
    return _put_together([Path(unit.out) for unit in units], out)


def _job(path: Path, folder: Path, ensemble: str) -> Job:
    name = path.relative_to(folder).as_posix()
    title, song = path.stem.replace("_", " ").strip(), song_of(path.stem)
    return Job(name, STYLE, str(path), title, "", STYLE, ensemble, "", song, "as found")


def _put_together(units: Sequence[Path], out: Path) -> OwnCorpus:
    duplicates, groups = compare(list(units))
    pieces: list[Prepared] = []
    left_out: list[tuple[str, str]] = []
    for piece in (piece for path in units for piece in read_prepared(path)):
        reason = piece.reason or duplicates.get(piece.name, "") or _without_accompaniment(piece)
        if reason:
            left_out.append((piece.name, reason))
        else:
            pieces.append(piece)
    apart = _held_out([groups.get(piece.name, piece.facts["split_group"]) for piece in pieces])
    if len(pieces) < FEWEST_SONGS or not 0 < sum(apart) < len(pieces):
        first = f" {left_out[0][0]}: {left_out[0][1]}" if left_out else ""
        raise InputError(
            f"Only {len(pieces)} of {len(pieces) + len(left_out)} songs can be learned from.{first}",
            f"Give at least {FEWEST_SONGS} different songs.",
        )
    writers = {split: ShardWriter(out / split) for split in ("train", "valid")}
    for piece, is_apart in zip(pieces, apart, strict=True):
        writer = writers["valid" if is_apart else "train"]
        writer.add(piece.header, piece.lead, piece.steps_home, piece.lengths, piece.tokens)
    counts = {split: writer.close() for split, writer in writers.items()}
    measure_people(out)
    played_by = Counter(str(piece.facts["ensemble"]) for piece in pieces)
    bars = sum(count["bars"] for count in counts.values())
    return OwnCorpus(played_by.most_common(1)[0][0], len(pieces), sum(apart), bars, tuple(left_out))


def _without_accompaniment(piece: Prepared) -> str:
    """Why a song teaches nothing, if nobody accompanies its melody."""
    return "" if piece.lengths[:, -1].any() else "it has a melody alone, no accompaniment to learn from"


def _held_out(groups: Sequence[str]) -> list[bool]:
    """The pieces to hold out: those of the first groups, by hash, that make up `_HELD_OUT` of them, or one."""
    chosen: set[str] = set()
    for group in sorted(set(groups), key=lambda name: hashlib.sha256(name.encode()).hexdigest()):
        if sum(one in chosen for one in groups) < max(_HELD_OUT * len(groups), 1):
            chosen.add(group)
    return [group in chosen for group in groups]
