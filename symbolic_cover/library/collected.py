"""The library: a folder with a folder for every dataset, with ``index.csv`` and ``dataset.json``.

A dataset is built beside its place and moved there when it is complete.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from symbolic_cover.core.errors import InputError, SymbolicCoverError, UsageError
from symbolic_cover.core.files import put_in_place
from symbolic_cover.core.places import user_folder
from symbolic_cover.library.catalogue import Dataset, dump_dataset, load_catalogue, read_dataset
from symbolic_cover.library.index import Row, read_table, resolve, write_table

INDEX, FACTS = "index.csv", "dataset.json"


class Collected(NamedTuple):
    """A dataset of the library: `rows` are its pieces, in the order of its index."""

    dataset: Dataset
    folder: Path
    rows: list[Row]


class Outcome(NamedTuple):
    """The result of collecting a dataset; `fresh` is False if it existed already."""

    dataset: Dataset
    folder: Path
    pieces: int
    fresh: bool


def library_folder(into: Path | None = None) -> Path:
    """The library: `into`, else $SYMBOLIC_COVER_DATA, else a folder of the user's data."""
    return into if into is not None else user_folder("datasets", "SYMBOLIC_COVER_DATA")


def collected(folder: Path) -> dict[str, Collected]:
    """The datasets in a library by name; empty if the folder does not exist.

    The catalogue's facts take precedence over those stored when a dataset was collected.
    """
    known = load_catalogue()
    found = {}
    for facts in sorted(folder.glob(f"[!.]*/{FACTS}")):
        home = facts.parent
        read_facts(home)
        dataset = known.get(home.name) or written_dataset(home)
        rows = [resolve(row, folder) for row in read_table(home / INDEX)]
        found[home.name] = Collected(dataset, home, rows)
    return found


def find_there(dataset: Dataset, library: Path) -> Outcome | None:
    """The dataset as it is in the library; None if it is missing or damaged.

    Raises `UsageError` if something else is in its place.
    """
    home = library / dataset.name
    if (home / FACTS).is_file():
        try:
            return Outcome(dataset, home, int(read_facts(home)["pieces"]), fresh=False)
        except InputError:  # it is made again
            return None
    if home.exists():
        raise UsageError(f"{home} was not made by `collect`.", "Move it away, or choose another folder with --into.")
    return None


def read_facts(home: Path) -> dict[str, Any]:
    """The contents of ``dataset.json``. Raises `InputError` if it is damaged."""
    try:
        facts = json.loads((home / FACTS).read_text(encoding="utf-8"))
        int(facts["pieces"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(
            f"{home / FACTS} is damaged.", f"Collect it again: symbolic-cover collect {home.name}."
        ) from error
    return facts


def written_dataset(home: Path) -> Dataset:
    """The dataset in a folder of a library, as stored when it was collected."""
    ours = {field.name for field in fields(Dataset)} - {"name"}
    return read_dataset(home.name, {name: value for name, value in read_facts(home).items() if name in ours})


@contextmanager
def building(library: Path, name: str) -> Iterator[Path]:
    """An empty folder in the library, outside its datasets; removed afterwards, with leftovers of killed runs."""
    folder = library / f".{name}.partial"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle(dataset: Dataset, folder: Path, library: Path, rows: Sequence[dict[str, str]], checksum: str) -> Outcome:
    """Store the facts of `folder` and move it to its place in the library, replacing an existing one."""
    write_table(rows, folder / INDEX)
    told = {
        "name": dataset.name,
        "pieces": len(rows),
        "checksum": checksum,
        "complete": datetime.now(UTC).isoformat(timespec="seconds"),
    } | dump_dataset(dataset)
    (folder / FACTS).write_text(json.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
    home = library / dataset.name
    put_in_place(folder, home)
    return Outcome(dataset, home, len(rows), fresh=True)


@contextmanager
def disk_errors(library: Path) -> Iterator[None]:
    """Turn disk errors into a `SymbolicCoverError`."""
    try:
        yield
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise UsageError(
            f"{error.filename or library} cannot be read or written ({error.strerror}).",
            "Choose another folder with --into.",
        ) from error
    except OSError as error:
        raise SymbolicCoverError(
            f"{error.filename or library}: {error.strerror or error}.",
            "Free some disk space, or choose another --into.",
        ) from error
