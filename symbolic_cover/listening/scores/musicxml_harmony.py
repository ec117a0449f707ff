"""Chord symbols of MusicXML -> root, quality, bass."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from symbolic_cover.core.harte import nearest_quality
from symbolic_cover.listening.scores.chord_text import NotAChord, chord_of
from symbolic_cover.listening.scores.musicxml_tree import text_of, whole_of

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
#: Pitch classes above the root of each kind of chord.
_KINDS = {
    "major": (0, 4, 7), "minor": (0, 3, 7), "augmented": (0, 4, 8), "diminished": (0, 3, 6), "dominant": (0, 4, 7, 10),
    "major-seventh": (0, 4, 7, 11), "minor-seventh": (0, 3, 7, 10), "diminished-seventh": (0, 3, 6, 9),
    "augmented-seventh": (0, 4, 8, 10), "half-diminished": (0, 3, 6, 10), "major-minor": (0, 3, 7, 11),
    "major-sixth": (0, 4, 7, 9), "minor-sixth": (0, 3, 7, 9), "dominant-ninth": (0, 4, 7, 10, 2),
    "major-ninth": (0, 4, 7, 11, 2), "minor-ninth": (0, 3, 7, 10, 2), "dominant-11th": (0, 4, 7, 10, 2, 5),
    "major-11th": (0, 4, 7, 11, 2, 5), "minor-11th": (0, 3, 7, 10, 2, 5), "dominant-13th": (0, 4, 7, 10, 2, 9),
    "major-13th": (0, 4, 7, 11, 2, 9), "minor-13th": (0, 3, 7, 10, 2, 9), "suspended-second": (0, 2, 7),
    "suspended-fourth": (0, 5, 7), "power": (0, 7), "Neapolitan": (0, 4, 7), "Italian": (0, 4, 10),
    "French": (0, 4, 6, 10), "German": (0, 4, 7, 10), "Tristan": (0, 3, 6, 10),
}  # fmt: skip
_DEGREES = (0, 2, 4, 5, 7, 9, 10, 0, 2, 4, 5, 7, 9)


class NoRoot(ValueError):
    """A chord symbol without a root, only a function or a degree."""


def chord_symbol(harmony: Element) -> tuple[int, str, int] | None:
    """(root, quality, bass), None for "no chord". Raises `NoRoot`."""
    kind = harmony.find("kind")
    name = text_of(kind)
    if name == "none":
        return None
    root = _pitch_class(harmony, "root/root-step", "root/root-alter")
    if root is None:
        raise NoRoot(name)
    bass = _pitch_class(harmony, "bass/bass-step", "bass/bass-alter")
    shown = kind.get("text", "") if kind is not None else ""
    if name not in _KINDS and shown:
        try:
            found = chord_of("C" + shown)
            quality = found[1] if found else "maj"
        except NotAChord:
            quality = "maj"
    else:
        quality = nearest_quality(_tones(harmony, _KINDS.get(name, _KINDS["major"])))
    return root, quality, root if bass is None else bass


def _pitch_class(harmony: Element, step: str, alter: str) -> int | None:
    letter = text_of(harmony, step).upper()
    return (STEPS[letter] + (whole_of(text_of(harmony, alter)) or 0)) % 12 if letter in STEPS else None


def _tones(harmony: Element, kind: tuple[int, ...]) -> set[int]:
    """The pitch classes of a kind with its added, altered and omitted degrees."""
    tones = set(kind)
    for degree in harmony.findall("degree"):
        value, alter = whole_of(text_of(degree, "degree-value")), whole_of(text_of(degree, "degree-alter")) or 0
        if not value or not 1 <= value <= len(_DEGREES):
            continue
        plain = _DEGREES[value - 1]
        kind_of = text_of(degree, "degree-type")
        if kind_of == "subtract":
            tones -= {tone for tone in tones if abs(tone - plain) <= 1 and tone}
        else:
            if kind_of == "alter":
                tones -= {tone for tone in tones if abs(tone - plain) <= 1 and tone}
            tones.add((plain + alter) % 12)
    return tones
