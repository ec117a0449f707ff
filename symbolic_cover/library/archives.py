"""Archives: checksums, and unpacking that never writes outside its folder."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from symbolic_cover.core.errors import InputError
from symbolic_cover.core.extras import require

SUFFIXES = (".tar.zst", ".tar.gz", ".tgz", ".tar", ".zip")
_CHUNK = 1 << 20
#: Limits above any dataset of scores: unpacked size, and compression ratio once it is larger than `_RATIO_COUNTS_FROM`.
MOST_BYTES, MOST_RATIO, _RATIO_COUNTS_FROM = 50 * 2**30, 200, 2**28


def is_archive(path: Path) -> bool:
    """Whether `unpack` supports a file, by its name."""
    return path.name.lower().endswith(SUFFIXES)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def unpack(archive: Path, folder: Path, progress: Callable[[float], None] | None = None) -> None:
    """Unpack an archive (zst- or gzip-compressed tar, or zip) into `folder`; `progress` is called with the share done.

    Raises `InputError` for a broken archive, one that would write outside `folder`, one that is encrypted, or one that
    would unpack to more than any dataset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if archive.name.lower().endswith(".zip"):
            _unpack_zip(archive, folder, progress)
        else:
            _unpack_tar(archive, folder, progress)
    except tarfile.FilterError as error:
        raise _unsafe(archive, error.tarinfo.name) from error
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, _zstd_error()) as error:
        raise InputError(f"{archive.name} is broken ({error}).", "Get it again.") from error
    except (RuntimeError, NotImplementedError) as error:  # a password is needed, or the compression is unknown
        raise InputError(f"{archive.name} cannot be unpacked ({error}).", "Unpack it, and give the folder.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"{archive.name} cannot be unpacked: {reason}.", "Free some disk space, or unpack it elsewhere."
        ) from error


class _Bounds:
    """Counts the unpacked size of an archive. Raises `InputError` before it exceeds the limits."""

    def __init__(self, archive: Path) -> None:
        self.archive, self.total = archive, 0
        self.packed = max(archive.stat().st_size, 1)

    def add(self, size: int) -> None:
        """Add a file of a size in bytes."""
        self.total += max(size, 0)
        packs_too_well = self.total > max(MOST_RATIO * self.packed, _RATIO_COUNTS_FROM)
        if self.total > MOST_BYTES or packs_too_well:
            raise InputError(
                f"{self.archive.name} would unpack to more than any dataset.", "Do not use it; get it from its source."
            )


def _unpack_tar(archive: Path, folder: Path, progress: Callable[[float], None] | None) -> None:
    size = max(archive.stat().st_size, 1)
    with archive.open("rb") as packed, _decompressed(archive, packed) as stream, tarfile.open(
        fileobj=stream, mode="r|"
    ) as tar:  # fmt: skip
        bounds = _Bounds(archive)
        for member in tar:
            bounds.add(member.size)
            tar.extract(member, folder, filter="data")
            if progress:
                progress(min(packed.tell() / size, 1.0))


@contextmanager
def _decompressed(archive: Path, packed: IO[bytes]) -> Iterator[IO[bytes]]:
    name = archive.name.lower()
    if name.endswith(".zst"):
        require("train")
        import zstandard

        with zstandard.ZstdDecompressor().stream_reader(packed) as stream:
            yield cast(IO[bytes], stream)
    elif name.endswith((".gz", ".tgz")):
        import gzip

        with gzip.GzipFile(fileobj=packed) as stream:
            try:
                yield cast(IO[bytes], stream)
            except gzip.BadGzipFile as error:
                raise tarfile.ReadError(str(error)) from error
    else:
        yield packed


def _unpack_zip(archive: Path, folder: Path, progress: Callable[[float], None] | None) -> None:
    with zipfile.ZipFile(archive) as packed:
        members = packed.infolist()
        for member in members:
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or ":" in member.filename or _is_link(member):
                raise _unsafe(archive, member.filename)
        bounds = _Bounds(archive)
        for member in members:
            bounds.add(member.file_size)
        for count, member in enumerate(members, start=1):
            packed.extract(member, folder)
            if progress:
                progress(count / len(members))


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _unsafe(archive: Path, member: str) -> InputError:
    return InputError(
        f"{archive.name} would write outside its folder ({member}).", "Do not use it; get it from its source."
    )


def _zstd_error() -> type[Exception]:
    require("train")
    import zstandard

    return zstandard.ZstdError


def music_in(folder: Path, keep: str = "") -> Path:
    """The folder with the music in an unpacked archive: the folder itself, its only sub-folder, or `keep` in that.

    The licence and credits beside `keep` are copied into it.
    """
    inside = [path for path in folder.iterdir() if path.name not in ("__MACOSX", ".DS_Store")]
    top = inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
    if not keep or not (top / keep).is_dir():
        return top
    for path in top.iterdir():
        if path.is_file() and path.name.upper().startswith(("LICEN", "COPYING", "README", "CREDITS")):
            shutil.copy2(path, top / keep / path.name)
    return top / keep
