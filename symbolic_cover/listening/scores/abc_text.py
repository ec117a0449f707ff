"""The text of an ABC file: its encoding, its tunes, and their lines."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

_CHARSET = re.compile(rb"^%%?abc-charset\s+(\S+)|^I:\s*abc-charset\s+(\S+)", re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z+]):(.*)", re.DOTALL)
_BEGINS_TEXT = re.compile(r"%%\s*begin(\w+)")
#: ``\"o`` and ``\'e`` are letters with accents, as in TeX.
_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "c": "\u0327",
    "v": "\u030c",
    "u": "\u0306",
    "=": "\u0304",
}
_ACCENTED = re.compile(r"\\([`'^\"~=]|[cvu](?=[A-Za-z]))([A-Za-z])")
_LETTERS = {
    r"\ss": "ß",
    r"\ae": "æ",
    r"\AE": "Æ",
    r"\oe": "œ",
    r"\OE": "Œ",
    r"\aa": "å",
    r"\AA": "Å",
    r"\o": "ø",
    r"\O": "Ø",
}


class Line(NamedTuple):
    """A line of a tune: a field (its letter, or ``%%`` for a directive) or, with no letter, music."""

    field: str
    text: str


def decoded(data: bytes) -> str:
    """The text of an ABC file in the encoding that it declares, UTF-8, or Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    named = _CHARSET.search(data[:4096])
    for encoding in ([(named[1] or named[2]).decode("ascii", "replace")] if named else []) + ["utf-8-sig"]:
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("cp1252", errors="replace")


def tunes_of(text: str) -> list[list[Line]]:
    """The tunes of a file, each preceded by the fields of the file header."""
    head: list[Line] = []
    tunes: list[list[Line]] = []
    tune: list[Line] | None = None
    for raw in _logical(text):
        if not raw.strip():
            if tune is not None and any(not line.field for line in tune):
                tune = None
            continue
        line = _line(raw)
        if line.field == "X":
            tune = [*head, line]
            tunes.append(tune)
        elif tune is not None:
            tune.append(line)
        elif line.field in ("M", "L", "Q", "U", "%%", "I", "C", "T", "K", "V"):
            if line.field in ("T", "K", "V") and not tunes:  # a tune without X:
                tune = [*head, line]
                tunes.append(tune)
            elif line.field not in ("T", "K", "V"):
                head.append(line)
    return tunes


def _logical(text: str) -> list[str]:
    """Lines without comments; continued lines (a backslash or ``+:``) are joined, blocks of text left out."""
    lines: list[str] = []
    ending, goes_on = "", False
    for raw in re.split(r"\r\n|\r|\n", text):
        if ending:
            ending = "" if re.match(rf"%%\s*{ending}\b", raw) else ending
            continue
        if begins := _BEGINS_TEXT.match(raw):
            ending = "end" + begins[1]
            continue
        line = raw if raw.startswith("%%") else re.sub(r"(?<!\\)%.*", "", raw).rstrip()
        if raw.startswith("%") and not raw.startswith("%%"):
            continue
        if raw.strip() and not line.strip():
            continue
        if line.startswith("+:") and lines:
            lines[-1] += " " + line[2:].strip()
            continue
        is_field = bool(_FIELD.match(line)) and not line.startswith(("|", "[")) and not goes_on_as_music(line)
        if goes_on and not is_field and not raw.startswith("%%"):
            lines[-1] += line
        else:
            lines.append(line)
        goes_on = line.endswith("\\") and not is_field
        if goes_on:
            lines[-1] = lines[-1][:-1]
    return lines


def goes_on_as_music(line: str) -> bool:
    """Whether a line that looks like a field is music, as ``c:|`` is."""
    return bool(re.match(r"[A-Ga-gxz]:\s*[|:\]]", line))


def _line(raw: str) -> Line:
    if raw.startswith("%%"):
        return Line("%%", raw[2:].strip())
    found = _FIELD.match(raw)
    if found and not goes_on_as_music(raw):
        return Line(found[1], found[2].strip())
    return Line("", raw)


def plain(text: str) -> str:
    """A title or name as plain text: accents combined, entities resolved."""
    text = _ACCENTED.sub(lambda found: unicodedata.normalize("NFC", found[2] + _ACCENTS[found[1]]), html.unescape(text))
    for written, letter in _LETTERS.items():
        text = text.replace(written, letter)
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return " ".join(text.replace(r"\&", "&").replace(r"\%", "%").split())
