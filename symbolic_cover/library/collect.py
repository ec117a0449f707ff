"""Collect datasets into the library: from archives and folders, from the network, and the user's own songs."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.core.progress import Progress
from symbolic_cover.library.archives import is_archive, music_in, sha256_of, unpack
from symbolic_cover.library.catalogue import Dataset, find_dataset, load_catalogue, own_dataset
from symbolic_cover.library.collected import (
    FACTS,
    INDEX,
    Collected,
    Outcome,
    building,
    collected,
    disk_errors,
    find_there,
    library_folder,
    read_facts,
    settle,
    written_dataset,
)
from symbolic_cover.library.download import fetch
from symbolic_cover.library.index import index_files, read_table, rows_there, song_files

__all__ = ["Collected", "Outcome", "collect_by_name", "collect_from", "collect_own", "collected", "library_folder"]

OWN_LICENCE = "own use"


def collect_from(
    source: Path,
    library: Path,
    names: Sequence[str] = (),
    *,
    any_version: bool = False,
    link: bool = False,
    again: bool = False,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Collect every known dataset in `source`, or those in `names`, into the library.

    `source` is an archive, a folder of archives or of unpacked datasets, or one unpacked dataset. An index beside them
    (INDEX.csv) lists the pieces; otherwise the files do. `link` links to files of unpacked datasets instead of copying
    them; `again` replaces existing ones; `any_version` accepts any checksum. Raises `UsageError` if nothing known is
    found, `InputError` for an archive that is broken or another version.
    """
    tables: dict[Path, list[dict[str, str]]] = {}
    outcomes = []
    with disk_errors(library):
        for dataset, path in _recognise(source, names):
            there = find_there(dataset, library)
            if there and not again:
                outcomes.append(there)
            elif path.is_dir():
                rows = _rows_beside(path, tables)
                outcomes.append(_take_folder(dataset, path, library, rows, link, progress))
            else:
                checksum = _verify(dataset, path, any_version)
                rows = _rows_beside(path, tables)
                outcomes.append(_take_archive(dataset, path, library, rows, checksum, progress))
    return outcomes


def collect_own(
    source: Path,
    library: Path,
    name: str,
    *,
    licence: str = OWN_LICENCE,
    style: str = "",
    link: bool = False,
    again: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Collect a folder of the user's recordings, MIDI files and scores into the library as the dataset `name`.

    Pieces are in `style`, else in the style named by their sub-folder. Done again if files were added, removed or
    changed in size, or with `again`. Raises `UsageError` for an invalid name, one that another folder has, or a folder
    without songs.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or name in ("ls", *load_catalogue()):
        raise UsageError(f"'{name}' is not a valid name for your own dataset.", "Choose another of letters and digits.")
    if not source.is_dir():
        raise UsageError(f"There is no folder {source}.", "Give the folder of your songs with --from.")
    source, within = source.resolve(), library.resolve()
    files = [path for path in song_files(source) if not path.is_relative_to(within)]
    if not files:
        raise UsageError(f"There are no songs in {source}.", "Put recordings, MIDI files or scores in it.")
    told = [f"{path.relative_to(source).as_posix()}\t{path.stat().st_size}" for path in files]
    fingerprint = hashlib.sha256("\n".join([*told, licence, style]).encode()).hexdigest()
    make = partial(own_dataset, name, name, str(source), licence)
    with disk_errors(library):
        there = find_there(make([]), library)
        facts = read_facts(there.folder) if there else {}
        if there and not again and facts["checksum"] == fingerprint:
            return there
        if there and not again and facts["source"] != str(source):
            raise UsageError(
                f"The dataset '{name}' was already made from {facts['source']}.",
                "Choose another --name, or add --again.",
            )
        with building(library, name) as folder:
            _copy(files, source, folder, link, name, progress)
            rows = index_files(make([]), folder, style=style)
            dataset = make(sorted({row["style_label"] for row in rows}))
            return settle(dataset, folder, library, rows, fingerprint)


def collect_by_name(
    names: Sequence[str],
    library: Path,
    *,
    any_version: bool = False,
    again: bool = False,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Download known datasets into the library. Interrupted downloads are continued.

    Raises `UsageError` for an unknown dataset or one without a download address, `SymbolicCoverError` for network
    errors, `InputError` if the file is not the one in the catalogue.
    """
    outcomes = []
    with disk_errors(library):
        for dataset in [find_dataset(name) for name in names]:
            there = find_there(dataset, library)
            if there and not again:
                outcomes.append(there)
                continue
            if not dataset.download:
                raise UsageError(
                    f"{dataset.name} has no download address.",
                    f"Get it from {dataset.source} and give it with `symbolic-cover collect {dataset.name} --from`.",
                )
            archive = library / ".downloads" / PurePosixPath(urlsplit(dataset.download).path).name
            tell = partial(progress, f"download {dataset.name}") if progress else None
            sha256 = "" if any_version else dataset.download_sha256
            if not archive.is_file():
                fetch(dataset.download, archive, sha256=sha256, progress=tell)
            try:
                outcomes.append(_take_archive(dataset, archive, library, [], sha256_of(archive), progress))
            except InputError:
                archive.unlink()
                raise
            archive.unlink()
    return outcomes


# --- finding ---


def _recognise(source: Path, names: Sequence[str]) -> list[tuple[Dataset, Path]]:
    """The datasets in `source`, and where; those in `names` only, if any."""
    wanted = [find_dataset(name) for name in names]
    if not source.exists():
        raise UsageError(f"There is no file or folder {source}.", "Check the path given with --from.")
    if source.is_file() and not is_archive(source):
        raise UsageError(f"{source.name} is not a supported archive.", "Give a .tar.zst, .tar.gz or .zip.")
    found = _recognise_one(source) if source.is_file() else _recognise_many(source)
    if len(wanted) == 1 and not found:
        return [(wanted[0], source)]
    if not found:
        raise UsageError(
            f"There is no known dataset in {source}.",
            "Name it (`collect NAME --from ...`), or collect the folder as your own dataset with --name.",
        )
    places = {dataset.name: (dataset, path) for dataset, path in found}
    missing = [dataset.name for dataset in wanted if dataset.name not in places]
    if missing:
        raise UsageError(f"{source} does not have {', '.join(missing)}.", f"It has {', '.join(places)}.")
    return [places[dataset.name] for dataset in wanted] or found


def _recognise_one(archive: Path) -> list[tuple[Dataset, Path]]:
    return [(dataset, archive) for dataset in load_catalogue().values() if dataset.is_in(archive)][:1]


def _recognise_many(folder: Path) -> list[tuple[Dataset, Path]]:
    """Archives before unpacked folders, the catalogue's datasets before those of another library."""
    known = load_catalogue()
    if folder.name in known:
        return [(known[folder.name], folder)]
    inside = sorted(folder.iterdir())
    found = []
    for dataset in known.values():
        archives = [path for path in inside if dataset.is_in(path) and path.is_file()]
        folders = [path for path in inside if path.name == dataset.name and path.is_dir()]
        found += [(dataset, path) for path in (archives + folders)[:1]]
    found += [
        (written_dataset(path), path)
        for path in inside
        if path.name not in known and not path.name.startswith(".") and (path / FACTS).is_file()
    ]
    return found


def _rows_beside(path: Path, tables: dict[Path, list[dict[str, str]]]) -> list[dict[str, str]]:
    """The rows of the index in an unpacked dataset, or beside it or its archive; empty if there is none."""
    for table in (path / INDEX, path.parent / "INDEX.csv", path.parent / INDEX):
        if table.is_file():
            if table not in tables:
                tables[table] = read_table(table)
            return tables[table]
    return []


def _verify(dataset: Dataset, archive: Path, any_version: bool) -> str:
    """The archive's checksum; raises `InputError` if the catalogue has another."""
    checksum, known = sha256_of(archive), dataset.checksum_of(archive)
    if known and checksum != known and not any_version:
        raise InputError(
            f"{archive.name} is not the version in the catalogue (SHA-256 {checksum[:12]}..., not {known[:12]}...).",
            "Get it again, or accept it with --any-version.",
        )
    return checksum


# --- building ---


def _take_archive(
    dataset: Dataset,
    archive: Path,
    library: Path,
    rows: Iterable[dict[str, str]],
    checksum: str,
    progress: Progress | None,
) -> Outcome:
    with building(library, dataset.name) as folder:
        unpack(archive, folder, partial(progress, dataset.name) if progress else None)
        music = music_in(folder, dataset.keep)
        return settle(dataset, music, library, _index(dataset, music, rows), checksum)


def _take_folder(
    dataset: Dataset,
    source: Path,
    library: Path,
    rows: Iterable[dict[str, str]],
    link: bool,
    progress: Progress | None,
) -> Outcome:
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and path.name not in (INDEX, FACTS)]
    with building(library, dataset.name) as folder:
        _copy(files, source, folder, link, dataset.name, progress)
        return settle(dataset, folder, library, _index(dataset, folder, rows), "")


def _index(dataset: Dataset, folder: Path, rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The rows for the contents of `folder`. A companion without styles, such as scores beside MIDI, has none."""
    found = rows_there(rows, dataset, folder)
    if found or not dataset.styles:
        return found
    found = index_files(dataset, folder)
    if not found:
        raise InputError(f"No pieces of {dataset.name} were found in it.", f"See {dataset.source} for its contents.")
    return found


def _copy(files: Sequence[Path], source: Path, folder: Path, link: bool, stage: str, progress: Progress | None) -> None:
    for count, path in enumerate(files, start=1):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if link:
            target.symlink_to(path.resolve())
        else:
            shutil.copyfile(path, target)
        if progress:
            progress(stage, count / len(files))
