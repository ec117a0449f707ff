"""Answers in SQLite: saved at once, so that an interrupted test can be continued."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.rating.versions import Version

PREFERENCES = ("a", "b", "tie")
SCALES = ("similarity", "fluency", "musicality", "overall")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY,
    rater TEXT NOT NULL,
    song TEXT NOT NULL,
    source TEXT NOT NULL,
    style TEXT NOT NULL,
    system_a TEXT NOT NULL,
    system_b TEXT NOT NULL,
    path_a TEXT NOT NULL,
    path_b TEXT NOT NULL,
    preferred TEXT NOT NULL CHECK (preferred IN ('a', 'b', 'tie')),
    {", ".join(f"{scale}_{side} INTEGER CHECK ({scale}_{side} BETWEEN 1 AND 5)" for scale in SCALES for side in "ab")},
    at TEXT NOT NULL
)
"""
_COLUMNS = ("rater", "song", "source", "style", "system_a", "system_b", "path_a", "path_b", "preferred",
            *(f"{scale}_{side}" for scale in SCALES for side in "ab"), "at")  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A rater's answer about two versions of a song, heard as A and B.

    `scales` has the ratings of ``a`` and ``b`` on each of `SCALES`, 1 (bad) to 5 (excellent).
    """

    rater: str
    song: str
    source: str
    style: str
    system_a: str
    system_b: str
    path_a: str
    path_b: str
    preferred: str
    scales: dict[str, dict[str, int]]
    at: str


class Store:
    """The answers of one study, in one SQLite file."""

    def __init__(self, path: Path, *, must_exist: bool = False) -> None:
        """Open or create `path`; raises `UsageError` if it must exist and does not, `InputError` if it is not such a
        file."""
        if must_exist and not path.is_file():
            raise UsageError(f"There are no answers in {path.parent}.", "Rate some covers first: symbolic-cover rate.")
        self.path = path
        with self._open() as connection:
            connection.execute(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are committed together or not at all."""
        try:
            with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
                yield connection
        except sqlite3.Error as error:
            raise InputError(f"{self.path} cannot be used: {error}.", "Choose another folder with --out.") from error

    def add(self, rater: str, a: Version, b: Version, preferred: str, scales: dict[str, dict[str, int]]) -> None:
        """Save an answer; an earlier one of the same rater about the same two versions is replaced."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        marks = [scales[side].get(scale) for scale in SCALES for side in "ab"]
        row = (rater, a.song, str(a.source or ""), a.style, a.system, b.system, str(a.path), str(b.path), preferred,
               *marks, at)  # fmt: skip
        with self._open() as connection:
            connection.execute(
                "DELETE FROM answers WHERE rater = ? AND song = ? AND (system_a, system_b) IN (VALUES (?, ?), (?, ?))",
                (rater, a.song, a.system, b.system, b.system, a.system),
            )
            connection.execute(
                f"INSERT INTO answers ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})", row
            )

    def answers(self, rater: str | None = None) -> list[Answer]:
        """All answers, or those of one rater, in order."""
        query = f"SELECT {', '.join(_COLUMNS)} FROM answers"
        with self._open() as connection:
            found = connection.execute(f"{query} WHERE rater = ? ORDER BY id", (rater,)) if rater else (
                connection.execute(f"{query} ORDER BY id"))  # fmt: skip
            rows = [dict(zip(_COLUMNS, row, strict=True)) for row in found]
        return [_answer(row) for row in rows]


def _answer(row: dict[str, object]) -> Answer:
    scales = {
        side: {scale: int(str(mark)) for scale in SCALES if (mark := row.pop(f"{scale}_{side}")) is not None}
        for side in "ab"
    }
    return Answer(scales=scales, **{name: str(value) for name, value in row.items()})


def as_preference(answer: Answer) -> dict[str, object]:
    """An answer as a line of the export, which `refine --ratings` reads."""
    return {"source": answer.source, "style": answer.style, "a": answer.path_a, "b": answer.path_b,
            "preferred": answer.preferred, "scales": answer.scales, "song": answer.song,
            "systems": {"a": answer.system_a, "b": answer.system_b}, "rater": answer.rater,
            "at": answer.at}  # fmt: skip
