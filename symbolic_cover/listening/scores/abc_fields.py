"""The fields of an ABC tune: metre, unit length, tempo, key and clef (standard 2.1)."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from symbolic_cover.core.errors import InputError
from symbolic_cover.listening.scores.written import TimeSignature

SHARPS = "FCGDAEB"
#: Fifths of a major key on each letter, and the offset of each mode.
_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES = {
    "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5, "lyd": 1,
}  # fmt: skip
_MINOR = frozenset({"m", "min", "aeo", "dor", "phr", "loc"})
_CHURCH = frozenset({"mix", "dor", "phr", "loc", "lyd"})
_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
#: Quarters a minute of tempos in words.
TEMPO_WORDS = {
    "larghissimo": 40, "grave": 40, "largo": 50, "larghetto": 62, "adagio": 56, "lento": 52, "adagietto": 70,
    "andante": 76, "andantino": 82, "moderato": 96, "allegretto": 112, "allegro moderato": 116, "allegro": 132,
    "vivace": 150, "presto": 180, "prestissimo": 200,
}  # fmt: skip
_FRACTION = re.compile(r"(\d{1,3})\s*/\s*(\d{1,3})")
_SIGNED_NOTE = re.compile(r"(__|_|=|\^\^|\^)([A-Ga-g])")
_NAMES = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}


class AbcKey(NamedTuple):
    """A key signature: its sharps or flats, whether it is minor, and the alteration of each letter."""

    fifths: int = 0
    is_minor: bool = False
    alters: tuple[tuple[str, int], ...] = ()
    octave: int = 0
    steps: int = 0  # semitones by which it sounds higher than written
    clef: str = ""
    tonic: int | None = None  # the tonic of a church mode, a pitch class

    def alter_of(self, letter: str) -> int:
        """The alteration of a letter by the signature."""
        return dict(self.alters).get(letter, 0)


def meter_of_field(text: str) -> TimeSignature | None:
    """The metre of an ``M:`` field, such as ``C|``, ``6/8`` or ``2+3/8``; None for free music."""
    text = text.strip().replace("(", "").replace(")", "")
    if text in ("", "none"):
        return None
    if text.startswith("C"):
        return TimeSignature(2, 2) if "|" in text else TimeSignature(4, 4)
    found = re.match(r"(\d{1,3}(?:\s*[+ .]\s*\d{1,3})*)\s*/\s*(\d{1,4})", text)
    if not found:
        return None
    signature = TimeSignature(sum(map(int, re.findall(r"\d+", found[1]))), int(found[2]))
    if not 1 <= signature.numerator <= 128 or not signature.denominator >= 1:
        raise InputError(f"{text} is not a usable metre.", "Correct the time signature (such as 4/4 or 6/8).")
    return signature


def unit_of_field(text: str) -> Fraction | None:
    """The unit note length of an ``L:`` field in quarters."""
    found = _FRACTION.match(text.strip())
    if found and int(found[1]) and int(found[2]):
        return Fraction(4 * int(found[1]), int(found[2]))
    return Fraction(4) if text.strip() == "1" else None


def default_unit(time: TimeSignature | None) -> Fraction:
    """The default unit note length in quarters without ``L:``: a sixteenth in short bars, else an eighth."""
    return Fraction(1, 4) if time is not None and time.quarters < 3 else Fraction(1, 2)


def tempo_of_field(text: str, unit: Fraction) -> float | None:
    """Quarters a minute of a ``Q:`` field: ``1/4=120``, ``"Allegro" 3/8=60``, ``1/4 3/8=40``, ``C3=90``, ``120``."""
    words = re.findall(r'"([^"]*)"', text)
    rest = re.sub(r'"[^"]*"', "", text).strip()
    left, equals, right = rest.partition("=")
    number = re.search(r"\d+(?:[.,]\d+)?", right if equals else left)
    if number and (equals or not _FRACTION.search(left)):
        bpm = float(number[0].replace(",", "."))
        beat = sum((Fraction(4 * int(a), int(b)) for a, b in _FRACTION.findall(left) if int(b)), Fraction(0))
        if not equals or left.strip().startswith("C"):
            times = re.search(r"\d+", left) if equals else None
            beat = unit * (int(times[0]) if times else 1)
        return float(beat) * bpm if beat and bpm else None
    said = " ".join(words or [rest]).strip().lower()
    return float(TEMPO_WORDS[said]) if said in TEMPO_WORDS else None


def key_of_field(text: str, before: AbcKey | None = None) -> AbcKey:
    """The key of a ``K:`` field; a field with a clef alone keeps the key `before` it."""
    text = re.sub(r"%.*", "", text).strip()
    octave, steps, clef = clef_of(text)
    before = before or AbcKey()
    words = re.sub(r"\b(?:clef|octave|transpose|middle|stafflines|staffscale|score|sound|shift|m|t)=\S+", " ", text)
    words = re.sub(
        r"\b(treble|bass|alto|tenor|perc|none|mezzo|soprano|baritone)\d?([+\-^_]8|[+\-^_]15)?", _kept_none, words
    )
    found = re.match(r"\s*([A-G])\s*([#b♯♭]?)\s*(.*)", words, re.DOTALL)
    signs = [(name.upper(), _NAMES[sign]) for sign, name in _SIGNED_NOTE.findall(words)]
    if re.match(r"\s*H[Pp]\b", words):
        return AbcKey(2, False, (("F", 1), ("C", 1)), octave, steps, clef)
    if not found:
        if re.match(r"\s*none\b", words) or signs or not words.strip():
            base = before.alters if not words.strip() and "none" not in text else ()
            fifths, minor = (before.fifths, before.is_minor) if base or not words.strip() else (0, False)
            return AbcKey(fifths, minor, tuple(dict([*base, *signs]).items()), octave, steps, clef)
        return before._replace(octave=octave, steps=steps, clef=clef or before.clef)
    mode = re.match(r"[A-Za-z]*", found[3])
    name = (mode[0] if mode else "").lower()
    is_explicit = bool(re.search(r"\bexp\b", found[3]))
    name = "" if name == "exp" else name if name in ("m",) else name[:3]
    fifths = _FIFTHS[found[1]] + {"#": 7, "♯": 7, "b": -7, "♭": -7}.get(found[2], 0) + _MODES.get(name, 0)
    fifths = max(-7, min(7, fifths))
    accidental = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(found[2], 0)
    tonic = (_PITCH_CLASSES[found[1]] + accidental) % 12 if name in _CHURCH else None
    if is_explicit:
        alters = dict(signs)
        return AbcKey(_plain_fifths(alters), name in _MINOR, tuple(alters.items()), octave, steps, clef)
    alters = altered(fifths) | dict(signs)
    return AbcKey(fifths, name in _MINOR, tuple(alters.items()), octave, steps, clef, tonic)


def _kept_none(found: re.Match[str]) -> str:
    return found[0] if found[0] == "none" else " "


def _plain_fifths(alters: dict[str, int]) -> int:
    """The standard signature equal to explicit signs, else none."""
    return next((fifths for fifths in range(-7, 8) if altered(fifths) == alters), 0)


def altered(fifths: int) -> dict[str, int]:
    """The letters that a standard signature alters."""
    if fifths >= 0:
        return dict.fromkeys(SHARPS[:fifths], 1)
    return dict.fromkeys(SHARPS[::-1][:-fifths], -1)


def clef_of(text: str) -> tuple[int, int, str]:
    """(octaves, semitones, name): how clef and transposition of a ``K:`` or ``V:`` field move the written notes."""
    octave = steps = 0
    found = re.search(
        r"\b(?:clef\s*=\s*\"?)?(treble|bass|alto|tenor|perc|soprano|mezzo|baritone)\d?([+\-^_](?:8|15))?", text
    )
    clef = found[1] if found else ""
    if found and found[2]:
        octave = (1 if found[2][0] in "+^" else -1) * (2 if found[2].endswith("15") else 1)
    if moved := re.search(r"\boctave\s*=\s*([+\-]?\d)", text):
        octave += int(moved[1])
    if moved := re.search(r"\b(?:transpose|t|sound)\s*=\s*([+\-]?\d{1,2})\b", text):
        steps = int(moved[1])
    return octave, steps, clef
