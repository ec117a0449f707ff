"""Preferences for one arrangement of some bars over another, as training sequences, stored as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from symbolic_cover.core.errors import InputError

ORIGINS = ("drafts", "ratings", "corrections")


@dataclass(frozen=True)
class Preference:
    """Token ids and labels (`arrangement.conditioning.Conditioning.window`) of the preferred and the other side.

    `task` names the bars, `origin` is one of `ORIGINS`, `margin` the difference of scores (1 for people's preferences).
    """

    task: str
    style: str
    origin: str
    margin: float
    chosen: tuple[list[int], list[int]]
    rejected: tuple[list[int], list[int]]


def append(path: Path, task: str, preference: Preference | None) -> None:
    """Append a line to a file: the preference among the candidates of a task, or None."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([task, preference and asdict(preference)]) + "\n")


def read(path: Path) -> Iterator[tuple[str, Preference | None]]:
    """The tasks in a file with their preferences; a truncated last line is removed from the file.

    Raises `InputError` for anything else.
    """
    if not path.is_file():
        return
    *whole, cut = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(whole, 1):
        try:
            task, told = json.loads(line)
            yield task, told and Preference(**told)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{path}, line {number}, is not a preference.", "Delete the file to start again."
            ) from error
    if cut:
        path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
