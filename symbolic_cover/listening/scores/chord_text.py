"""Chord symbols as people write them over a tune: ``Cmaj7``, ``F#m7b5``, ``B♭13``, ``Am/C``, ``(D7)``, ``N.C.``."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from symbolic_cover.core.harte import nearest_quality, parse_chord

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11, "H": 11}
_ALTERS = {"#": 1, "+": 1, "b": -1, "x": 2}
_ROOT = re.compile(r"([A-H])(##|bb|x(?!\w)|#|b|)(.*)", re.DOTALL)
_BASS = re.compile(r"/\s*([A-Ha-h])(##|bb|#|b|\+|)$")
_NONE = re.compile(r"(n\.?\s*c\.?|no chord|tacet)$", re.IGNORECASE)
_SIGNS = str.maketrans({
    "♯": "#", "♭": "b", "♮": "", "Δ": "^", "∆": "^", "△": "^", "ø": "%", "Ø": "%", "°": "o", "º": "o", "˚": "o",
    "–": "-", "−": "-", "𝄪": "x", "𝄫": "bb",
})  # fmt: skip
#: The elements of a quality, longest first.
_WORD = re.compile(
    r"major|maj|ma|minor|min|mi|dim|aug|sus|add|dom|omit|no|alt|"
    r"[mM^%o+\-()\[\],\s]|[b#+\-]?(?:13|11|10|[2-9])|h|t|j7?"
)
_DEGREES = {2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 8: 0, 9: 2, 10: 4, 11: 5, 13: 9}


class NotAChord(ValueError):
    """The text is not a chord symbol."""


@lru_cache(maxsize=4096)
def chord_of(text: str) -> tuple[int, str, int] | None:
    """(root, quality, bass) of a chord symbol, None if it says that no chord sounds.

    Raises `NotAChord` for other text, such as ``Fine`` or ``slowly``.
    """
    text = unicodedata.normalize("NFC", text).translate(_SIGNS).strip()
    text = text.strip("()[] ") if text.startswith(("(", "[")) or text.count("(") < text.count(")") else text
    if _NONE.match(text):
        return None
    if re.match(r"[A-G][#b]?:", text) and parse_chord(text):
        return parse_chord(text)
    text = text.replace("6/9", "69").split("\n")[0].rstrip(";*? ")
    found = _ROOT.fullmatch(text)
    if not found:
        raise NotAChord(text)
    root = _pitch_class(found[1], found[2])
    rest, bass = found[3], root
    if under := _BASS.search(rest):
        rest, bass = rest[: under.start()], _pitch_class(under[1].upper(), under[2])
    return root, nearest_quality(_steps(rest.strip())), bass


def _pitch_class(letter: str, sign: str) -> int:
    return (_STEPS[letter] + sum(_ALTERS[one] for one in sign)) % 12


def _steps(quality: str) -> set[int]:
    """Pitch classes above the root named by a quality. Raises `NotAChord` for other words."""
    words, at = [], 0
    while at < len(quality):
        found = _WORD.match(quality, at)
        if not found:
            raise NotAChord(quality)
        words.append(found[0])
        at = found.end()
    third, fifth, seventh, more = 4, 7, -1, set[int]()
    is_major7 = is_added = is_left_out = is_sus = False
    for index, word in enumerate(word for word in words if word.strip("()[], ")):
        if word in ("m", "mi", "min", "minor") or (word == "-" and index == 0):
            third = 3
        elif word in ("M", "ma", "maj", "major", "^", "j", "j7"):
            is_major7 = True
            if word in ("^", "j7"):
                seventh = 11
        elif word in ("dim", "o"):
            third, fifth = 3, 6
        elif word in ("%", "h"):
            third, fifth, seventh = 3, 6, 10
        elif word in ("aug", "+"):
            fifth = 8
        elif word == "alt":
            fifth, seventh = 8, 10
        elif word == "sus":
            is_sus, third = True, 5
        elif word in ("add", "omit", "no"):
            is_added, is_left_out = word == "add", word != "add"
        elif word[-1].isdigit():
            shift = {"b": -1, "-": -1, "#": 1, "+": 1}.get(word[0], 0)
            degree = int(word.lstrip("b#+-"))
            if is_left_out:
                third, fifth = (-1 if degree == 3 else third), (-1 if degree == 5 else fifth)
            elif is_sus and degree in (2, 4):
                third = _DEGREES[degree]
            elif degree == 5:
                fifth = 7 + shift
                third = -1 if words == ["5"] else third
            elif degree == 7:
                seventh = 11 if is_major7 else 9 if (third, fifth) == (3, 6) and seventh < 0 else 10
            elif degree in (6, 2, 4) or shift or is_added:
                more.add((_DEGREES[degree] + shift) % 12)
                seventh = 10 if shift and degree > 8 and seventh < 0 else seventh
            elif not (degree == 9 and _DEGREES[6] in more):  # a six-nine chord has no seventh
                seventh = (11 if is_major7 else 10) if seventh < 0 else seventh
            is_added = is_left_out = False
        elif word not in ("dom", "t"):
            raise NotAChord(quality)
    return {0, *(step for step in (third, fifth, seventh) if step >= 0), *more}
