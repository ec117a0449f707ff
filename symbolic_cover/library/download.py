"""Download files in chunks, so that interrupted downloads can be continued."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from symbolic_cover.core.errors import InputError, SymbolicCoverError
from symbolic_cover.library.archives import sha256_of

#: Timeouts like those of browsers.
TIMEOUT_SEC = 30.0
_TRIES = 3
_CHUNK = 1 << 18
_NETWORK = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError)


def fetch(url: str, path: Path, *, sha256: str = "", progress: Callable[[float], None] | None = None) -> None:
    """Download `url` to `path`; a partial download is kept as `path` + ".part" and continued by the next call.

    `progress` is called with the share done, if the server gives the size. Raises `SymbolicCoverError` for network
    errors, `InputError` if the SHA-256 is not `sha256`.
    """
    part = path.with_name(f"{path.name}.part")
    for tries_left in reversed(range(_TRIES)):
        before = _size(part)
        try:
            if _fetch_rest(url, part, progress):
                break
            reason = "the connection broke off"
        except _NETWORK as error:
            reason = _reason(error)
        if not tries_left or _size(part) == before:
            raise SymbolicCoverError(
                f"{path.name} could not be downloaded from {urlsplit(url).netloc} ({reason}).",
                "Try again later, or get the archive another way and give it with --from.",
            )
    if sha256 and sha256_of(part) != sha256:
        part.unlink()
        raise InputError(
            f"{path.name} as downloaded is not the file in the catalogue (other checksum).",
            "Try again, or accept it with --any-version.",
        )
    part.replace(path)


def _fetch_rest(url: str, part: Path, progress: Callable[[float], None] | None) -> bool:
    """Append the rest of `url` to `part`; returns whether it is complete."""
    done = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "symbolic-cover"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SEC)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        if error.headers.get("Content-Range", "").endswith(f"/{done}"):
            return True
        part.unlink()
        return _fetch_rest(url, part, progress)
    with response:
        continued = response.status == 206
        done = done if continued else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else 0
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if continued else "wb") as file:
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if progress and total:
                    progress(done / total)
    return not total or done == total


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.reason}"
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)
