"""A MusicXML document -> its tree, partwise and without namespaces; and access to the values of its elements."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from symbolic_cover.core.errors import InputError

#: This many opening and closing tags take five seconds and half a gigabyte.
MOST_TAGS = 3_000_000
_REMEDY = "Export it again as MusicXML."
_DECLARED = re.compile(rb"^<\?xml[^>]*\?>")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def tree_of(data: bytes) -> Element:
    """The root of a score, partwise. Raises `InputError` for anything else."""
    data = data.lstrip(b"\xef\xbb\xbf \t\r\n\x00") if not data.startswith((b"\xff\xfe", b"\xfe\xff")) else data
    if data.count(b"<") > MOST_TAGS:
        raise InputError("It is larger than any score.", "Give one song or one movement.")
    if b"<!ENTITY" in data[:10_000]:
        raise InputError("It defines entities, which scores do not.", _REMEDY)
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        root = _in_another_encoding(data, error)
    except (ValueError, LookupError) as error:  # an unknown encoding
        raise InputError("It is in an unknown encoding.", _REMEDY) from error
    for element in root.iter():
        if isinstance(element.tag, str) and "}" in element.tag:
            element.tag = element.tag.rpartition("}")[2]
    if root.tag == "score-timewise":
        return _partwise(root)
    if root.tag == "opus":
        raise InputError("It is a list of scores, not a score.", "Give one of the scores in it.")
    if root.tag != "score-partwise":
        raise InputError("It is not a MusicXML score.", _REMEDY)
    return root


def _in_another_encoding(data: bytes, error: ElementTree.ParseError) -> Element:
    """Text that is not UTF-8 although declared so is read as Latin-1."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return ElementTree.fromstring(_DECLARED.sub(b"", data).decode("cp1252", errors="replace"))
        except ElementTree.ParseError:
            pass
    raise InputError(f"Its XML is broken ({error}).", _REMEDY) from error


def _partwise(root: Element) -> Element:
    """Convert a timewise score to partwise."""
    score = Element("score-partwise")
    parts: dict[str, Element] = {}
    for child in root:
        if child.tag != "measure":
            score.append(child)
            continue
        for part in child.findall("part"):
            name = part.get("id", "")
            if name not in parts:
                parts[name] = Element("part", {"id": name})
            measure = ElementTree.SubElement(parts[name], "measure", child.attrib)
            measure.extend(list(part))
    score.extend(parts.values())
    return score


def text_of(element: Element | None, path: str = "") -> str:
    """The text at a path below an element, stripped; empty if there is none."""
    found = element.find(path) if element is not None and path else element
    return (found.text or "").strip() if found is not None else ""


def number_of(text: str | None) -> Fraction | None:
    """The number in a text, in any spelling; None if there is none."""
    if not text:
        return None
    text = text.strip().replace(",", ".")
    if len(text) > 24 or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
        return None
    return Fraction(text)


def whole_of(text: str | None) -> int | None:
    """The whole number in a text; None if there is none."""
    number = number_of(text)
    return int(number) if number is not None and abs(number) < 10**9 else None


def numbers_in(text: str) -> list[float]:
    """All numbers in a text, such as ``c. 72-76`` or ``92,5``."""
    return [float(one.replace(",", ".")) for one in _NUMBER.findall(text.replace("–", " ").replace("-", " "))]
