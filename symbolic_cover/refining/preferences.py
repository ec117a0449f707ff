"""Preferences: one arrangement rather than another of the same bars, as the model reads them, kept as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from symbolic_cover.core.errors import InputError

ORIGINS = ("drafts", "ratings", "corrections")


@dataclass(frozen=True)
class Preference:
    """Token ids and labels (`arrangement.conditioning.Conditioning.window`) of what was preferred and of what was not.

    `task` names the bars, `origin` is one of `ORIGINS`, `margin` how much better the one scored (1 for people's word).
    """

    task: str
    style: str
    origin: str
    margin: float
    chosen: tuple[list[int], list[int]]
    rejected: tuple[list[int], list[int]]


def append(path: Path, task: str, preference: Preference | None) -> None:
    """Add a line to a file: what is preferred among the candidates of a task, or that nothing is."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([task, preference and asdict(preference)]) + "\n")


def read(path: Path) -> Iterator[tuple[str, Preference | None]]:
    """The tasks in a file with their preferences; a last line that was cut off is left out, and taken off the file.

    Raises InputError for anything else.
    """
    if not path.is_file():
        return
    *whole, cut = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(whole, 1):
        try:
            task, told = json.loads(line)
            yield task, told and Preference(**told)
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, line {number}, is no preference.", "Delete the file to begin again.") from error
    if cut:
        path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
