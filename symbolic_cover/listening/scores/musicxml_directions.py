"""Directions of MusicXML: tempo, dynamics, sections, repeats and jumps."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree.ElementTree import Element

from symbolic_cover.listening.scores.barred import DYNAMICS, Barred, Placed
from symbolic_cover.listening.scores.musicxml_tree import number_of, numbers_in, text_of, whole_of
from symbolic_cover.listening.scores.order import Signs

_UNITS = {
    "breve": Fraction(8), "whole": Fraction(4), "half": Fraction(2), "quarter": Fraction(1), "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4), "32nd": Fraction(1, 8), "long": Fraction(16),
}  # fmt: skip
_MOST_TIMES = 50
_DA_CAPO = re.compile(r"\bd\.?\s*c\b\.?|\bda\s+capo\b", re.IGNORECASE)
_DAL_SEGNO = re.compile(r"\bd\.?\s*s\b\.?|\bdal\s+segno\b", re.IGNORECASE)
_TO_CODA = re.compile(r"^\(?\s*(to|al|alla)\s+coda\b", re.IGNORECASE)
_CODA = re.compile(r"^\(?\s*coda\b", re.IGNORECASE)
_FINE = re.compile(r"^\(?\s*fine\b\.?\)?$", re.IGNORECASE)


class Directions:
    """Collects the directions, sounds and bar lines of all parts."""

    def __init__(self, piece: Barred) -> None:
        self.piece = piece
        self.signs: dict[int, Signs] = {}
        self.dynamics: dict[int, list[tuple[int, Fraction, int]]] = {}  # by staff of the current part
        self.codas: list[int] = []  # bars of coda signs of unknown kind
        self.tempos: dict[tuple[int, Fraction], float] = {}
        self.ending: frozenset[int] = frozenset()
        self.last_ending = 0
        self.closes = False
        self.is_first = True
        self.n_parts = 0

    def begin_part(self) -> None:
        """Begin another part: endings are closed, dynamics are its own."""
        self.ending, self.last_ending, self.closes = frozenset(), 0, False
        self.dynamics = {}
        self.is_first = self.n_parts == 0
        self.n_parts += 1

    def here(self, index: int) -> Signs:
        """The signs of a bar."""
        return self.signs.setdefault(index, Signs())

    def direction(self, element: Element, index: int, at: Fraction) -> None:
        """A direction, with its sound."""
        sound = element.find("sound")
        if sound is not None:
            self.sound(sound, index, at, is_alone=element.find("direction-type/dynamics") is None)
        staff = whole_of(text_of(element, "staff")) or 1
        for kind in element.findall("direction-type"):
            for child in kind:
                if child.tag == "metronome" and (sound is None or not _tempo(sound)):
                    self._metronome(child, index, at)
                elif child.tag == "dynamics":
                    for mark in child:
                        if mark.tag in DYNAMICS:
                            self.dynamics.setdefault(staff, []).append((index, at, DYNAMICS[mark.tag]))
                elif child.tag == "rehearsal" and (name := " ".join((child.text or "").split())):
                    self.piece.sections = [one for one in self.piece.sections if one.bar != index or not self.is_first]
                    if all(one.bar != index for one in self.piece.sections):
                        self.piece.sections.append(Placed(index, at, name))
                elif child.tag == "segno":
                    self.here(index).segno = True
                elif child.tag == "coda":
                    self._coda(sound, index)
                elif child.tag == "words":
                    self._words(" ".join((child.text or "").split()), sound, index, at)

    def sound(self, sound: Element, index: int, at: Fraction, *, is_alone: bool = True) -> None:
        """A sound element: a tempo, a jump and, if no sign states it (`is_alone`), a level."""
        tempo = _tempo(sound)
        if tempo:
            self._set_tempo(index, at, tempo)
        here = self.here(index)
        if sound.get("dacapo") == "yes":
            here.jump = "capo"
        if sound.get("dalsegno"):
            here.jump = "segno"
        if sound.get("segno"):
            here.segno = True
        if sound.get("coda"):
            here.coda = True
        if sound.get("tocoda"):
            here.leads_to_coda = True
        if sound.get("fine"):
            here.fine = True
        if sound.get("forward-repeat") == "yes":
            here.begins_repeat = True
        level = number_of(sound.get("dynamics")) if is_alone else None
        if level is not None and level > 0:
            self.dynamics.setdefault(1, []).append((index, at, min(127, max(1, round(level * 90 / 100)))))
        if text_of(sound, "swing/swing-type") == "eighth":
            self.piece.swings = True

    def _coda(self, sound: Element | None, index: int) -> None:
        if sound is None or not (sound.get("coda") or sound.get("tocoda")):
            self.codas.append(index)

    def _words(self, words: str, sound: Element | None, index: int, at: Fraction) -> None:
        here = self.here(index)
        said = sound.attrib if sound is not None else {}
        if _DA_CAPO.search(words) and "dacapo" not in said:
            here.jump = here.jump or "capo"
        elif _DAL_SEGNO.search(words) and "dalsegno" not in said:
            here.jump = here.jump or "segno"
        elif _TO_CODA.match(words):
            here.leads_to_coda = True
        elif _FINE.match(words):
            here.fine = True
        elif _CODA.match(words) and "tocoda" not in said:
            here.coda = True
        elif (sound is None or not _tempo(sound)) and (
            found := re.search(r"(?:[♩♪𝅘𝅥]|\b[qQ])\s*=\s*(?:c(?:a|irca)?\.?\s*)?(\d{2,3})", words)
        ):
            self._set_tempo(index, at, float(found[1]) * (0.5 if "♪" in words else 1))

    def _metronome(self, mark: Element, index: int, at: Fraction) -> None:
        """``quarter = 72-76``, or one note value as another."""
        units = []
        for child in mark:
            if child.tag == "beat-unit":
                units.append(_UNITS.get((child.text or "").strip(), Fraction(1)))
            elif child.tag == "beat-unit-dot" and units:
                units[-1] *= Fraction(3, 2)
        numbers = [one for one in numbers_in(text_of(mark, "per-minute")) if one > 0][:2]
        if units and numbers:
            self._set_tempo(index, at, float(units[0]) * sum(numbers) / len(numbers))
        elif len(units) == 2:
            before = [bpm for place, bpm in sorted(self.tempos.items()) if place < (index, at)]
            self._set_tempo(index, at, (before[-1] if before else 120.0) * float(units[1] / units[0]))

    def _set_tempo(self, index: int, at: Fraction, bpm: float) -> None:
        if (index, at) not in self.tempos:
            self.tempos[index, at] = bpm
            self.piece.tempos.append(Placed(index, at, bpm))

    def barline(self, element: Element, index: int, *, is_begun: bool) -> None:
        """Repeats and endings at a bar line."""
        is_left = element.get("location", "right") == "left" or (element.get("location") is None and not is_begun)
        for child in element:
            if child.tag == "ending":
                self._ending(child)
            elif child.tag == "repeat":
                self._repeat(child, index if child.get("direction") == "forward" or not is_left else index - 1, is_left)
            elif child.tag == "segno":
                self.here(index if is_left else index + 1).segno = True
            elif child.tag == "coda":
                self.here(index if is_left else index + 1)
                self.codas.append(index if is_left else index + 1)

    def _ending(self, element: Element) -> None:
        if element.get("type") == "start":
            numbers = {int(one) for one in re.findall(r"\d{1,2}", element.get("number", "") or (element.text or ""))}
            numbers = {one for one in numbers if 0 < one <= _MOST_TIMES} or {self.last_ending + 1}
            self.ending, self.last_ending = frozenset(numbers), max(numbers)
            self.closes = False
        else:
            self.closes = True

    def _repeat(self, element: Element, index: int, is_left: bool) -> None:
        if element.get("direction") == "forward":
            self.here(index if is_left else index + 1).begins_repeat = True
        elif element.get("direction") == "backward" and index >= 0:
            times = whole_of(element.get("times")) or 2
            self.here(index).times = min(max(times, 2), _MOST_TIMES)
            self.closes = self.closes or bool(self.ending)

    def end_measure(self, index: int) -> None:
        """Add the measure to the open ending; close an ending that ends here."""
        if self.ending:
            self.here(index).endings = self.here(index).endings or self.ending
        else:
            self.last_ending = 0
        if self.closes:
            self.ending, self.closes = frozenset(), False

    def signs_of(self, n_bars: int) -> list[Signs]:
        """The signs of all bars. If coda signs do not say which they are, the first leads to the second."""
        explicit = {index for index, sign in self.signs.items() if sign.leads_to_coda}
        found = sorted(set(self.codas))
        for count, index in enumerate(found):
            if index in explicit:
                continue
            if not explicit and count == 0 and (len(found) > 1 or any(one.coda for one in self.signs.values())):
                self.here(index).leads_to_coda = not self.here(index).coda
            else:
                self.here(index).coda = True
        starts = False
        result = []
        for index in range(n_bars):
            sign = self.signs.get(index, Signs())
            sign.begins_section = starts
            starts = bool(sign.times)
            result.append(sign)
        return result


def _tempo(sound: Element) -> float:
    """Quarters a minute; 0 if not stated."""
    numbers = [one for one in numbers_in(sound.get("tempo") or "") if one > 0][:2]
    return sum(numbers) / len(numbers) if numbers else 0.0
