"""The per-piece work of `prepare`, in units that are written whole or not at all.

A unit is a few successive pieces. `prepare_unit` needs only the unit, so it runs anywhere; its output depends on the
pieces' bytes and the settings alone, and is named after a hash of these.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.errors import InputError, SymbolicCoverError
from symbolic_cover.core.files import write_bytes
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Track
from symbolic_cover.core.music import Note
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.corpus.degrade import Errors, degrade, load_errors
from symbolic_cover.corpus.fingerprint import fingerprint_of
from symbolic_cover.corpus.layouts import guess_ensemble
from symbolic_cover.corpus.pairs import Piece, facts_of, make_pair, tokenize_pair
from symbolic_cover.corpus.pop909 import read_song
from symbolic_cover.listening.formats import AUDIO_SUFFIXES
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.listening.song import listen
from symbolic_cover.tokens.tokenizer import BarTokenizer

#: To be increased whenever the same pieces would give other bytes, so that older files are not reused.
FORMAT = 3
_ENDLESS = 24 * 3600.0
#: A recorded song is played by its own performers, not by those of the cover: how often its transcript has the errors
#: of a piano, a band, or strings and winds.
_HEARD_AS = {"piano": 0.45, "band": 0.45, "sustained": 0.1}


class Job(NamedTuple):
    """One piece to prepare: a file, the facts of its dataset, and related files."""

    name: str
    dataset: str
    path: str
    title: str
    composer: str
    style: str
    ensemble: str
    licence: str
    split_group: str
    reader: str
    beside: str = ""


class Unit(NamedTuple):
    """Pieces that are prepared together, the path of the result, and the tokenizer's folder."""

    jobs: tuple[Job, ...]
    out: str
    tokenizer: str


class Prepared(NamedTuple):
    """A piece in a unit file; with a `reason` it is left out, and the rest is empty."""

    name: str
    dataset: str
    reason: str
    facts: dict[str, Any]
    header: np.ndarray
    lead: int
    steps_home: int
    lengths: np.ndarray
    tokens: np.ndarray
    fingerprint: np.ndarray
    melody: np.ndarray


def unit_path(jobs: tuple[Job, ...], folder: Path, settings: str) -> Path:
    """The path of a unit's result: a hash of its files' sizes and times, the pieces' facts, and the settings."""
    told = hashlib.sha256(f"{FORMAT} {settings}".encode())
    for job in jobs:
        told.update(repr(job).encode())
        for path in filter(None, (job.path, job.beside)):
            facts = os.stat(path) if os.path.exists(path) else None
            told.update(repr((facts.st_size, facts.st_mtime_ns) if facts else None).encode())
    return folder / f"{told.hexdigest()[:24]}.npz"


def prepare_unit(unit: Unit) -> str:
    """Prepare the pieces of a unit and write them; returns the path. Does nothing if it exists."""
    out = Path(unit.out)
    if not out.is_file():
        tokenizer, ensembles, errors = BarTokenizer.load(Path(unit.tokenizer)), load_ensembles(), load_errors()
        write_prepared(out, [prepare_piece(job, tokenizer, ensembles, errors) for job in unit.jobs])
    return unit.out


def prepare_piece(job: Job, tokenizer: BarTokenizer, ensembles: dict[str, Ensemble], errors: Errors) -> Prepared:
    """One piece from file to tokens. Errors become the reason to leave it out."""
    nothing = np.zeros(0, dtype=np.uint64)
    try:
        pair = make_pair(read_piece(job), ensembles)
        rng = np.random.default_rng(zlib.crc32(job.name.encode()))
        kind = str(rng.choice(list(_HEARD_AS), p=list(_HEARD_AS.values())))
        heard = degrade(pair.sheet, errors, rng, kind)
        written = tokenize_pair(pair, heard, tokenizer)
        everything = [note for notes in pair.parts.values() for note in notes] + list(pair.sheet.melody)
        return Prepared(
            job.name, job.dataset, "", facts_of(pair), np.array(written.header, dtype=np.int32), written.lead,
            written.steps_home,
            np.array([[len(side) for side in bar] for bar in written.bars], dtype=np.uint16),
            np.array([token for bar in written.bars for side in bar for token in side], dtype=np.uint16),
            fingerprint_of(everything, with_rhythm=True), fingerprint_of(pair.sheet.melody, with_rhythm=False),
        )  # fmt: skip
    except (SymbolicCoverError, ValueError, RuntimeError, KeyError, TypeError, IndexError, OSError) as error:
        reason = error.cause if isinstance(error, SymbolicCoverError) else f"{type(error).__name__}: {error}"
        reason = " ".join(reason.split())[:200]
        return Prepared(job.name, job.dataset, reason, {}, nothing, 0, 0, np.zeros((0, 3)), nothing, nothing, nothing)


def read_piece(job: Job) -> Piece:
    """A piece as in its file, on the grid of ticks; raises `SymbolicCoverError` for anything but music."""
    path = Path(job.path)
    if job.reader == "pop909":
        if not job.beside or not Path(job.beside).is_file():
            raise InputError("The original of this song, which names its tracks, is missing.", "Collect pop909.")
        return _piece(job, *read_song(Path(job.beside), path), is_performed=True)
    if path.suffix.lower() in AUDIO_SUFFIXES:
        heard = listen(path)
    else:
        heard = read_score(path, longest_sec=_ENDLESS, as_written=job.reader == "written")
    return _piece(job, quantize(heard), heard.grid, key=heard.key, melody=_melody_beside(job.beside),
                  is_performed=heard.grid.confidence < 1)  # fmt: skip


def _piece(job: Job, tracks: Sequence[Track], grid: Grid, **facts: Any) -> Piece:
    about = (job.name, job.dataset, job.title, job.composer, job.style)
    ensemble = job.ensemble or guess_ensemble(tracks)
    return Piece(*about, ensemble, job.licence, job.split_group, tuple(tracks), grid, **facts)


def _melody_beside(path: str) -> tuple[Note, ...]:
    """The melody stated by another file, in the same bars."""
    if not path:
        return ()
    tracks = quantize(read_score(path, longest_sec=_ENDLESS, as_written=True))
    return tuple(note for track in tracks for note in track.notes)


#: The arrays of a piece and their keys in a unit file.
_ARRAYS = {"header": "header", "lengths": "lengths", "tokens": "tokens", "fingerprint": "sketch", "melody": "tune"}


def write_prepared(path: Path, pieces: list[Prepared]) -> None:
    """Write a unit's file atomically."""
    arrays: dict[str, np.ndarray] = {}
    told = [[p.name, p.dataset, p.reason, p.facts, p.lead, p.steps_home] for p in pieces]
    arrays["told"] = np.frombuffer(json.dumps(told, ensure_ascii=False).encode(), dtype=np.uint8)
    for index, piece in enumerate(pieces):
        for name, key in _ARRAYS.items():
            arrays[f"{key}{index}"] = getattr(piece, name)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    write_bytes(path, packed.getvalue())


def read_prepared(path: Path) -> Iterator[Prepared]:
    """The pieces of a unit's file."""
    with np.load(path) as arrays:
        for index, (name, dataset, reason, facts, lead, steps) in enumerate(json.loads(arrays["told"].tobytes())):
            header, lengths, tokens, fingerprint, melody = (arrays[f"{key}{index}"] for key in _ARRAYS.values())
            yield Prepared(name, dataset, reason, facts, header, lead, steps, lengths, tokens, fingerprint, melody)
