"""The index of a dataset: a row per piece, read from a table or made from the files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from symbolic_cover.library.catalogue import Dataset

COLUMNS = (
    "dataset", "path", "format", "title", "composer_or_artist", "style_label", "licence", "split_group",
    "n_notes", "seconds", "n_tracks", "annotations",
)  # fmt: skip
_VERSION = re.compile(r"\s*(\([^)]*\)|\[[^\]]*\]|[ _-]v(er(sion)?)?[ _.-]?\d+)\s*", re.IGNORECASE)


class Row(NamedTuple):
    """A piece: an absolute path, a style label and other facts; `seconds` is None if unknown."""

    dataset: str
    path: Path
    title: str
    composer: str
    label: str
    licence: str
    split_group: str
    seconds: float | None
    annotations: str


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of an index file as written, with all columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: row.get(name) or "" for name in COLUMNS} for row in csv.DictReader(file)]


def write_table(rows: Iterable[dict[str, str]], path: Path) -> None:
    """Write an index file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def rows_there(rows: Iterable[dict[str, str]], dataset: Dataset, folder: Path) -> list[dict[str, str]]:
    """The rows of `dataset` whose file is in `folder`, the dataset's own (`path` begins with the dataset's name)."""
    found = []
    for row in rows:
        path = PurePosixPath(row["path"])
        inside = path.parts[:1] == (dataset.name,) and ".." not in path.parts
        if row["dataset"] == dataset.name and inside and folder.joinpath(*path.parts[1:]).is_file():
            found.append(row)
    return found


def resolve(row: dict[str, str], library: Path) -> Row:
    """A written row as a `Row`, its path below `library`."""
    try:
        seconds = float(row["seconds"])
    except ValueError:
        seconds = None
    return Row(
        row["dataset"], library / row["path"], row["title"], row["composer_or_artist"], row["style_label"],
        row["licence"], row["split_group"], seconds, row["annotations"],
    )  # fmt: skip


def index_files(dataset: Dataset, folder: Path, *, style: str = "") -> list[dict[str, str]]:
    """Rows for the songs in `folder`: the title from the name, the label from `style` or the first sub-folder.

    A known dataset's pieces get its own label. Versions of a song, "song (live)" or "song_v2", share a split group.
    """
    known = bool(dataset.styles)
    rows = []
    for path in song_files(folder, dataset.pattern):
        place = path.relative_to(folder)
        label = style or (place.parts[0] if len(place.parts) > 1 else dataset.name)
        if known and label not in dataset.styles:
            label = dataset.default_label
        row = dict.fromkeys(COLUMNS, "") | {
            "dataset": dataset.name,
            "path": (dataset.name / place).as_posix(),
            "format": path.suffix[1:].lower(),
            "title": path.stem.replace("_", " ").strip(),
            "style_label": label,
            "licence": dataset.licence,
            "split_group": f"{dataset.group or dataset.name}:{song_of(path.stem)}",
        }
        rows.append(row)
    return rows


def song_files(folder: Path, pattern: str = "**/*") -> list[Path]:
    """The recordings and scores below `folder` that match a pattern, without hidden ones, sorted by path."""
    from symbolic_cover.listening.formats import SUFFIXES

    return sorted(
        path
        for path in folder.glob(pattern)
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def song_of(stem: str) -> str:
    """The song of which a file is a version, by its name without suffix."""
    return _VERSION.sub(" ", stem).strip(" _-").lower() or stem.lower()
