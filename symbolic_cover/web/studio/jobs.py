"""The queue of jobs in SQLite: added by the server, done one after the other by a worker.

A job whose worker died is done again; one that killed three workers is given up.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbolic_cover.core.errors import UsageError

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
#: The most waiting jobs.
MOST_WAITING = 100
_MOST_ATTEMPTS = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, song TEXT NOT NULL, kind TEXT NOT NULL, asked TEXT NOT NULL,
    state TEXT NOT NULL, stage TEXT NOT NULL DEFAULT '', share REAL NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '', take INTEGER, attempts INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS preferences (
    id INTEGER PRIMARY KEY AUTOINCREMENT, song TEXT NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL,
    preferred TEXT NOT NULL CHECK (preferred IN ('a', 'b', 'tie')), at REAL NOT NULL
);
"""


@dataclass(frozen=True)
class Job:
    """A job for a song: `kind` is ``listen``, ``cover`` or ``bars``, `asked` are its settings.

    `state` is one of the five above, `stage` and `share` (0..1) its progress, `message` the error, `take` the number of
    its take.
    """

    id: int
    song: str
    kind: str
    asked: dict[str, Any]
    state: str
    stage: str
    share: float
    message: str
    take: int | None


_COLUMNS = ", ".join(Job.__dataclass_fields__)


class Jobs:
    """The jobs in a file; safe for several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)

    def add(self, song: str, kind: str, asked: dict[str, Any], take: int | None = None) -> int:
        """Add a job; returns its number. Raises `UsageError` if too many are waiting."""
        with self._open() as db:
            (waiting,) = db.execute("SELECT count(*) FROM jobs WHERE state = ?", (QUEUED,)).fetchone()
            if waiting >= MOST_WAITING:
                raise UsageError("There are too many waiting jobs.", "Try again later.")
            row = (song, kind, json.dumps(asked), QUEUED, take, time.time())
            added = db.execute("INSERT INTO jobs (song, kind, asked, state, take, at) VALUES (?, ?, ?, ?, ?, ?)", row)
            return int(added.lastrowid or 0)

    def get(self, number: int) -> Job:
        """A job. Raises `UsageError` if it does not exist."""
        with self._open() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise UsageError(f"There is no job {number}.", "")
        return _job(row)

    def of_song(self, song: str) -> list[Job]:
        """The jobs of a song, oldest first."""
        with self._open() as db:
            return [_job(row) for row in db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE song = ? ORDER BY id", (song,))]

    def next_take(self, song: str, there: list[int]) -> int:
        """The next unused number of a take."""
        with self._open() as db:
            (asked,) = db.execute("SELECT max(take) FROM jobs WHERE song = ?", (song,)).fetchone()
        return 1 + max([asked or 0, *there])

    def cancel(self, number: int) -> None:
        """Cancel a job; finished ones do not change."""
        with self._open() as db:
            db.execute("UPDATE jobs SET state = ? WHERE id = ? AND state IN (?, ?)",
                       (CANCELLED, number, QUEUED, RUNNING))  # fmt: skip

    def forget(self, song: str) -> None:
        """Cancel all jobs of a song."""
        for job in self.of_song(song):
            self.cancel(job.id)

    def resume(self) -> None:
        """Requeue the jobs of a dead worker, unless they killed several."""
        with self._open() as db:
            db.execute("UPDATE jobs SET state = ?, message = ? WHERE state = ? AND attempts >= ?",
                       (FAILED, "It crashed the program several times: is the file damaged?", RUNNING, _MOST_ATTEMPTS),
                       )  # fmt: skip
            db.execute("UPDATE jobs SET state = ?, stage = '', share = 0 WHERE state = ?", (QUEUED, RUNNING))

    def begin(self) -> Job | None:
        """Start the next waiting job; None if there is none."""
        with self._open() as db:
            row = db.execute(
                f"UPDATE jobs SET state = ?, attempts = attempts + 1 WHERE id = "
                f"(SELECT min(id) FROM jobs WHERE state = ?) RETURNING {_COLUMNS}", (RUNNING, QUEUED),
            ).fetchone()  # fmt: skip
        return _job(row) if row else None

    def progress(self, number: int, stage: str, share: float) -> bool:
        """Record the progress of a job; False if it was cancelled."""
        with self._open() as db:
            changed = db.execute("UPDATE jobs SET stage = ?, share = ? WHERE id = ? AND state = ?",
                                 (stage, share, number, RUNNING))  # fmt: skip
            return changed.rowcount == 1

    def end(self, number: int, state: str, message: str = "") -> None:
        """Finish a job, or fail it with a message; a cancelled one stays so."""
        with self._open() as db:
            db.execute("UPDATE jobs SET state = ?, message = ?, share = 1 WHERE id = ? AND state = ?",
                       (state, message, number, RUNNING))  # fmt: skip

    def prefer(self, song: str, a: int, b: int, preferred: str) -> None:
        """Record a preference between two takes: ``a``, ``b`` or ``tie``."""
        with self._open() as db:
            db.execute("INSERT INTO preferences (song, a, b, preferred, at) VALUES (?, ?, ?, ?, ?)",
                       (song, a, b, preferred, time.time()))  # fmt: skip

    def preferences(self, song: str) -> list[tuple[int, int, str]]:
        """The preferences, in order: take A, take B, and which."""
        with self._open() as db:
            rows = db.execute("SELECT a, b, preferred FROM preferences WHERE song = ? ORDER BY id", (song,))
            return [(int(a), int(b), str(preferred)) for a, b, preferred in rows]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=20)) as db, db:
            yield db


def _job(row: tuple[Any, ...]) -> Job:
    number, song, kind, asked, *rest = row
    return Job(number, song, kind, json.loads(asked), *rest)
