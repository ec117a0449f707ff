"""Atomic file writing, and text from file names."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from symbolic_cover.core.errors import UsageError

#: Prefix of hidden, unfinished files; leftovers of a crash can be deleted.
UNFINISHED = ".unfinished-"


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, which replaces `path` when the block succeeds and is removed when it fails.

    It has the suffix of `path` and is in the same folder, so that replacing is one step.
    """
    with whole_files([path]) as (partial,):
        yield partial


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_bytes(data)


@contextmanager
def whole_files(paths: Sequence[str | Path]) -> Iterator[list[Path]]:
    """Paths to write to, which replace `paths` when the block succeeds and all of them exist.

    Their folders are created. Raises `UsageError` where that fails.
    """
    for path in paths:
        sweep(writable_folder(Path(path).parent))
    partials = [Path(path).with_name(f"{UNFINISHED}{os.getpid()}-{Path(path).name}") for path in paths]
    try:
        yield partials
        if missing := [path for path, made in zip(paths, partials, strict=True) if not made.is_file()]:
            raise FileNotFoundError(f"not written: {', '.join(map(str, missing))}")
        for made, path in zip(partials, paths, strict=True):
            os.replace(made, path)
    finally:
        for made in partials:
            made.unlink(missing_ok=True)


@contextmanager
def unfinished_folder(folder: str | Path) -> Iterator[Path]:
    """A hidden folder in `folder`, removed when the block ends; move finished files out of it."""
    sweep(folder)
    prefix = f"{UNFINISHED}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder, ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def whole_folder(path: str | Path, *, replaces: bool = False) -> Iterator[Path]:
    """A folder to fill, which becomes `path` when the block succeeds and is removed when it fails.

    With `replaces` it replaces an existing folder.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished_folder(path.parent) as beside:
        made = beside / "new"
        made.mkdir()
        yield made
        if replaces:
            put_in_place(made, path)
        else:
            made.rename(path)


def put_in_place(made: Path, path: Path) -> None:
    """Move a finished folder to `path` in place of an existing one, which stays if that fails."""
    with unfinished_folder(path.parent) as beside:
        old = beside / "old"
        if path.exists():
            path.rename(old)
        try:
            made.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise


def sweep(folder: str | Path) -> None:
    """Delete the unfinished files of killed runs in `folder`."""
    for left in Path(folder).glob(f"{UNFINISHED}*"):
        number = left.name.removeprefix(UNFINISHED).partition("-")[0]
        if number.isdecimal() and not _runs(int(number)):
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether a process exists, of any user; True where that cannot be determined."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def must_not_replace(source: str | Path, *outputs: str | Path) -> None:
    """Raise `UsageError` if an output would overwrite its own source."""
    for out in outputs:
        try:
            is_same = Path(out).exists() and Path(source).exists() and os.path.samefile(source, out)
        except OSError:
            is_same = False
        if is_same:
            raise UsageError(f"{named(Path(out))} is the source itself.", "Choose another place with --out.")


def check_writable(folder: str | Path) -> None:
    """Raise `UsageError` if `folder` could not be written to, without creating it."""
    nearest = Path(folder).absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return
    except OSError as error:
        raise _not_writable(folder, error) from error


def writable_folder(folder: str | Path) -> Path:
    """Create `folder`; raises `UsageError` where that fails."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from error
    return Path(folder)


def _not_writable(folder: str | Path, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"Cannot write into {folder}: {reason}.", "Choose another folder with --out.")


def title_of(path: Path) -> str:
    """A title from a file's name: ``my_song.mp3`` -> "My song"."""
    words = " ".join(Path(named(path)).stem.replace("_", " ").split())
    return words[:1].upper() + words[1:] if words.islower() else words


def named(path: Path) -> str:
    """A file's name as valid text; bytes that are not UTF-8 become question marks."""
    return readable(path.name)


def readable(path: str | Path) -> str:
    """A path as valid text; bytes that are not UTF-8 become question marks."""
    return str(path).encode(errors="replace").decode()
