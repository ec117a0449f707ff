"""Detect the format of a score file by its content; open compressed ones within limits."""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from symbolic_cover.core.errors import InputError, UsageError
from symbolic_cover.listening.formats import MIDI_SUFFIXES, NOTATION_KINDS

#: The largest score that is read, unpacked; an orchestral movement is smaller. Larger ones would take more than ten
#: seconds and a gigabyte.
MOST_BYTES = 32 * 2**20
#: Scores compress to a twentieth, rarely to a hundredth; what compresses further is not a score.
MOST_RATIO, RATIO_COUNTS_FROM = 400, 2**20
_SCORE_IN_ZIP = (".musicxml", ".xml")


class ScoreFile(NamedTuple):
    """The contents of a score file: its kind (midi, musicxml, abc or kern) and its bytes, unpacked."""

    kind: str
    data: bytes


def open_score(path: Path) -> ScoreFile:
    """Read a score file and detect its format, whatever its suffix. Raises `InputError`; `UsageError` if it does not
    exist."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}.", "Check it."
        ) from error
    if len(data) > MOST_BYTES:
        raise _too_large(path)
    if data.startswith(b"\x1f\x8b"):
        data = _gunzipped(path, data)
    if data.startswith(b"PK\x03\x04"):
        return ScoreFile("musicxml", _unzipped(path, data))
    kind = _kind_of(data) or _kind_by_suffix(path.suffix.lower())
    return ScoreFile(kind, data)


def _kind_by_suffix(suffix: str) -> str:
    return "midi" if suffix in MIDI_SUFFIXES else NOTATION_KINDS[suffix]


def _kind_of(data: bytes) -> str:
    """The kind of score by its first bytes; empty if they do not tell."""
    head = data[:65536]
    if head.startswith(b"MThd") or (head.startswith(b"RIFF") and head[8:12] == b"RMID"):
        return "midi"
    text = head.decode("utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1", "replace").lstrip(
        "\ufeffï»¿ \t\r\n\0"
    )
    if re.match(r"<(\?xml|!DOCTYPE|!--|score-|opus|[\w-]+:score-)", text):
        return "musicxml" if re.search(r"<([\w-]+:)?(score-(part|time)wise|opus)\b", text) else ""
    if re.search(r"^\*\*(kern|recip|harm|text|dynam|mxhm|silbe)", text, re.MULTILINE):
        return "kern"
    return "abc" if re.search(r"^X:\s*\d", text, re.MULTILINE) and re.search(r"^K:", text, re.MULTILINE) else ""


def _gunzipped(path: Path, data: bytes) -> bytes:
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(data, MOST_BYTES + 1)
    except zlib.error as error:
        raise InputError(f"{path.name} is broken ({error}).", "Get it again.") from error
    if len(unpacked) > MOST_BYTES:
        raise _too_large(path)
    return unpacked


def _unzipped(path: Path, data: bytes) -> bytes:
    """The score named by the container, else the first in the archive."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
            root = _root_of(path, archive) if "META-INF/container.xml" in names else ""
            inside = [
                name for name in names if name.lower().endswith(_SCORE_IN_ZIP) and not name.startswith("META-INF")
            ]
            chosen = root if root in names else next(iter(inside), "")
            if not chosen:
                raise InputError(f"{path.name} is an archive without a score.", "Export it again as MusicXML.")
            return _member(path, archive, chosen)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise InputError(f"{path.name} is a broken archive ({error}).", "Export it again as MusicXML.") from error
    except (RuntimeError, UnicodeError, ValueError) as error:  # a password is needed, or a name is invalid
        raise InputError(f"{path.name} cannot be unpacked ({error}).", "Save it without a password.") from error


def _root_of(path: Path, archive: zipfile.ZipFile) -> str:
    try:
        container = ElementTree.fromstring(_member(path, archive, "META-INF/container.xml").strip())
    except ElementTree.ParseError:
        return ""
    for element in container.iter():
        if element.tag.rpartition("}")[2] == "rootfile":
            return element.get("full-path", "")
    return ""


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """One file of an archive. Raises `InputError` if it would be larger than any score."""
    info = archive.getinfo(name)
    packs_too_well = info.file_size > RATIO_COUNTS_FROM and info.file_size > MOST_RATIO * max(info.compress_size, 1)
    if info.file_size > MOST_BYTES or packs_too_well:
        raise _too_large(path)
    with archive.open(info) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _too_large(path)
    return data


def _too_large(path: Path) -> InputError:
    return InputError(f"{path.name} is larger than any score.", "Give one song or one movement.")
