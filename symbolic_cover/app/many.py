"""Cover many songs in several processes or on a cluster, and continue interrupted runs.

Each song is a unit of work: one process listens, arranges and writes, and the song's folder appears whole or not at
all. ``covers.jsonl`` has a line for each finished song. A song is not covered again if its line has the same settings
and the same input file and its output files exist. ``covers.html`` links to all covers.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from symbolic_cover.app.cover import cover
from symbolic_cover.app.stages import Stages, load_stages
from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.controls import Controls, Hints, Notation, Playback
from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.core.files import write_text
from symbolic_cover.corpus.workers import run_all
from symbolic_cover.reports.page import write_page

LIST_FILE, PAGE_FILE = "covers.jsonl", "covers.html"
_LINKED = {"report_html": "report", "pdf": "score", "musicxml": "MusicXML", "midi": "MIDI", "audio": "sound"}
_SCORES = {"melody_retention": "melody kept", "chord_accuracy": "chords", "unplayable_share": "unplayable"}


@dataclass(frozen=True)
class Wish:
    """The settings of all covers."""

    style: str
    controls: Controls = Controls()
    ensemble: str | None = None
    hints: Hints = Hints()
    checkpoint: str | None = None
    audio_format: str = "wav"
    playback: Playback = Playback()
    notation: Notation = Notation()
    parts: bool = False
    mix: bool = False


@dataclass(frozen=True)
class Job:
    """A song, the folder of its cover, and the settings."""

    source: Path
    folder: Path
    wish: Wish

    def mark(self) -> str:
        """A key that changes with the settings, the weights and the input file."""
        found = self.source.stat()
        told = [asdict(self.wish), found.st_size, found.st_mtime_ns, _weights(self.wish.checkpoint, self.wish.style)]
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


@lru_cache(maxsize=2)
def _weights(checkpoint: str | None, style: str) -> list[tuple[str, int]]:
    """The names and sizes of a checkpoint's files."""
    folder = None if checkpoint == "rules" else find_checkpoint(checkpoint, style)
    return [] if folder is None else sorted((str(path), path.stat().st_size) for path in folder.iterdir())


def cover_many(
    jobs: Sequence[Job],
    out: Path,
    *,
    workers: int = 1,
    ray_address: str | None = None,
    again: bool = False,
    progress: Callable[[dict[str, Any]], None] = lambda line: None,
) -> list[dict[str, Any]]:
    """Cover all songs; returns a line for each, in order.

    A line has the ``source``, its ``files`` by kind, ``scores`` and ``findings``, or an ``error``; ``kept`` says that
    the cover existed already. `progress` is called with each line as it is ready. A song that fails does not stop the
    others, even if its process dies. `again` covers all songs anew.
    """
    marks = {job: job.mark() for job in jobs}
    known = {} if again else _known(out)
    lines: dict[Job, dict[str, Any]] = {}
    for job in jobs:
        before = known.get(str(job.source), {})
        if before.get("mark") == marks[job] and "error" not in before and _is_there(before):
            lines[job] = before | {"kept": True}
            progress(lines[job])
    waiting = [job for job in jobs if job not in lines]
    out.mkdir(parents=True, exist_ok=True)
    with (out / LIST_FILE).open("a", encoding="utf-8") as list_file:
        for job, line in _covered(waiting, workers, ray_address):
            lines[job] = line | {"mark": marks[job]}
            list_file.write(json.dumps(lines[job]) + "\n")
            list_file.flush()
            progress(lines[job])
    ordered = [lines[job] for job in jobs]
    others = [line for source, line in _known(out).items() if source not in {str(job.source) for job in jobs}]
    write_text(out / LIST_FILE, "".join(json.dumps(line) + "\n" for line in [*others, *ordered]))
    _write_page([*others, *ordered], out)
    return ordered


def _known(out: Path) -> dict[str, dict[str, Any]]:
    """The last line of each song; truncated lines are skipped."""
    found: dict[str, dict[str, Any]] = {}
    path = out / LIST_FILE
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            line = json.loads(text)
            found[line["source"]] = {name: value for name, value in line.items() if name != "kept"}
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _is_there(line: Mapping[str, Any]) -> bool:
    files = line.get("files")
    return isinstance(files, dict) and bool(files) and all(Path(path).exists() for path in files.values())


def _covered(jobs: Sequence[Job], workers: int, ray_address: str | None) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Lines as songs are finished. If a process dies, only the song it worked on is lost."""
    waiting = list(jobs)
    while waiting:
        done: set[Job] = set()
        try:
            for job, line in run_all(cover_one, waiting, workers=workers, ray_address=ray_address):
                done.add(job)
                yield job, line
            return
        except BrokenProcessPool:
            waiting = [job for job in waiting if job not in done]
        suspect = waiting.pop(0)
        yield suspect, _alone(suspect)


def _alone(job: Job) -> dict[str, Any]:
    """Cover a song in its own process after a process died on it."""
    try:
        ((_, line),) = run_all(cover_one, [job], apart=True)
    except BrokenProcessPool:
        return {"source": str(job.source), "error": "The process that covered it died; it may have run out of memory."}
    return line


def cover_one(job: Job) -> tuple[Job, dict[str, Any]]:
    """Cover a song; errors are reported in its line."""
    line: dict[str, Any] = {"source": str(job.source)}
    wish = job.wish
    try:
        made = cover(job.source, wish.style, wish.controls, ensemble=wish.ensemble, hints=wish.hints,
                     stages=_stages(wish.checkpoint, wish.style))  # fmt: skip
        files = made.save(job.folder, audio_format=wish.audio_format, playback=wish.playback, notation=wish.notation,
                          parts=wish.parts,
                          mix_with=job.source if wish.mix else None)  # fmt: skip
    except SymbolicCoverError as error:
        return job, line | {"error": str(error)}
    except Exception as error:  # an internal error in one song is reported and does not stop the others
        return job, line | {"error": f"{type(error).__name__}: {error}"}
    scores = {name: None if math.isnan(value) else value for name, value in made.report.scores["cover"].items()}
    return job, line | {
        "title": made.arrangement.title, "style": wish.style, "scores": scores, "findings": list(made.report.findings),
        "files": {kind: str(path) for kind, path in files.items()}, "seconds": round(sum(made.timings_sec.values()), 1),
    }  # fmt: skip


@lru_cache(maxsize=2)
def _stages(checkpoint: str | None, style: str) -> Stages:
    """The stages, loaded once in each process."""
    return load_stages(checkpoint, style)


def _write_page(lines: Sequence[Mapping[str, Any]], out: Path) -> None:
    heads = "".join(f"<th scope='col'>{name}</th>" for name in ("song", *_SCORES.values(), "files"))
    failed = sum("error" in line for line in lines)
    table = f"<section class='wide'><table><thead><tr>{heads}</tr></thead><tbody>"
    table += "".join(_row(line, out) for line in lines) + "</tbody></table></section>"
    subtitle = f"{len(lines) - failed} covers" + (f", {failed} songs without one" if failed else "")
    write_page(out / PAGE_FILE, "Covers", subtitle, [table])


def _row(line: Mapping[str, Any], out: Path) -> str:
    name = escape(Path(line["source"]).name)
    if "error" in line:
        return f"<tr><th scope='row'>{name}</th><td colspan='{len(_SCORES) + 1}'>{escape(line['error'])}</td></tr>"
    scores = "".join(f"<td>{_figure(line['scores'].get(score))}</td>" for score in _SCORES)
    links = " ".join(
        f"<a href='{escape(os.path.relpath(line['files'][kind], out))}'>{word}</a>"
        for kind, word in _LINKED.items()
        if kind in line["files"]
    )
    return f"<tr><th scope='row'>{name}<small>{escape(line['title'])}</small></th>{scores}<td>{links}</td></tr>"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
