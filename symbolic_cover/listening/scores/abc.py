"""ABC (standard 2.1) -> `Barred`; music21's reader lacks much of the standard."""

from __future__ import annotations

import re
from fractions import Fraction

from symbolic_cover.core.errors import InputError
from symbolic_cover.listening.scores.abc_music import TuneInMusic
from symbolic_cover.listening.scores.abc_text import Line, decoded, tunes_of
from symbolic_cover.listening.scores.barred import Bar, Barred, Placed
from symbolic_cover.listening.scores.order import MOST_BARS, Signs, played_order
from symbolic_cover.listening.scores.written import TimeSignature, too_much


def read_abc(data: bytes, number: int | None = None) -> Barred:
    """Read a tune of an ABC file: the first, or the one with this number in its ``X:``.

    Raises `InputError` if there is none, or it is too long for a song.
    """
    tunes = tunes_of(decoded(data))
    if not tunes:
        raise InputError("It has no tune.", "Check that it has X:, K: and notes.")
    chosen = tunes[0]
    if number is not None:
        found = [tune for tune in tunes if any(line.field == "X" and line.text == str(number) for line in tune)]
        if not found:
            raise InputError(f"It has no tune X:{number}.", f"It has {len(tunes)}: {_numbers(tunes)}.")
        chosen = found[0]
    piece = _Tune().read(chosen)
    if len(tunes) > 1 and number is None:
        piece.remarks.append(
            f"It has {len(tunes)} tunes ({_numbers(tunes)}); the first was taken: --tune N takes another."
        )
    return piece


def _numbers(tunes: list[list[Line]]) -> str:
    numbers = [next((line.text for line in tune if line.field == "X"), "?") for tune in tunes]
    return ", ".join(f"X:{one}" for one in numbers[:5]) + (", ..." if len(numbers) > 5 else "")


class _Tune(TuneInMusic):
    """A tune while it is read to its end."""

    def read(self, lines: list[Line]) -> Barred:
        """Read the whole tune. Raises `InputError` for one without notes or chords, or too long."""
        for line in lines:
            if line.field == "":
                if not self.in_body:  # music before any K: is read in C major
                    self.begin_body()
                self.music(line.text)
            elif self.in_body:
                self.body_field(line.field, line.text)
            else:
                self.head_field(line.field, line.text)
        return self._finished()

    def _finished(self) -> Barred:
        for voice in self.voices.values():
            if voice.is_empty:
                voice.give_back_signs()
        piece, voices = self.piece, [voice for voice in self.voices.values() if voice.part.bars or any(voice.lengths)]
        if not voices:
            if not piece.chords:
                raise InputError("It has no notes.", "Check that it has X:, K: and notes.")
            voices = list(self.voices.values())
        n_bars = max(len(voice.lengths) - voice.is_empty for voice in voices) or 1
        first = voices[0]
        for index in range(n_bars):
            lengths = [voice.lengths[index] for voice in voices if index < len(voice.lengths)]
            time = first.times[index] if index < len(first.times) else first.time
            signs = [voice.signs[index] for voice in voices if index < len(voice.signs)]
            length = max(lengths, default=Fraction(0))
            piece.bars.append(Bar(length, time or _free(length), _merged(signs)))
        if len(voices) == 1 and not first.part.name.strip("0123456789"):
            first.part.name = "" if first.part.name.isdigit() else first.part.name
        piece.parts = [voice.part for voice in voices]
        piece.sections = [Placed(bar, Fraction(0), label) for label, bar in self.part_bars if bar < n_bars]
        piece.order = self._parts_in_order(n_bars)
        return piece

    def _parts_in_order(self, n_bars: int) -> list[int] | None:
        """The order of bars, if the tune's head gives an order of its parts, such as ``P:A(AB)2``."""
        places = dict(reversed(self.part_bars))
        letters = _expanded(re.sub(r"[\s.,*]", "", self.parts))
        if not letters or not all(letter in places for letter in letters):
            return None
        edges = sorted({*places.values(), n_bars})
        order: list[int] = list(range(edges[0]))
        inside = {}
        for label, start in places.items():
            end = next((edge for edge in edges if edge > start), n_bars)
            bars = [bar.signs for bar in self.piece.bars[start:end]]
            inside[label] = [start + index for index in played_order(bars)]
        for letter in letters:
            order += inside[letter]
            if len(order) > MOST_BARS:
                raise too_much()
        return order


def _free(length: Fraction) -> TimeSignature:
    """A metre for a bar of free music: its own length, in quarters or their parts, else 4/4."""
    for denominator in (4, 8, 16):
        count = length * denominator / 4
        if count.denominator == 1 and 1 <= count.numerator <= 32:
            return TimeSignature(count.numerator, denominator)
    return TimeSignature(4, 4)


def _merged(signs: list[Signs]) -> Signs:
    """The signs of all voices in a bar."""
    return Signs(
        any(one.begins_repeat for one in signs),
        max(one.times for one in signs),
        next((one.endings for one in signs if one.endings), frozenset()),
        any(one.begins_section for one in signs),
        any(one.segno for one in signs),
        any(one.coda for one in signs),
        next((one.jump for one in signs if one.jump), ""),
        any(one.leads_to_coda for one in signs),
        any(one.fine for one in signs),
    )


def _expanded(text: str) -> str:
    """Expand ``A(AB)3C2``."""
    for _ in range(8):
        grown = re.sub(r"\(([A-Za-z]*)\)(\d*)", lambda found: found[1] * int(found[2] or 1), text)
        grown = re.sub(r"([A-Za-z])(\d+)", lambda found: found[1] * min(int(found[2]), 99), grown)
        if len(grown) > MOST_BARS:
            raise too_much()
        if grown == text:
            break
        text = grown
    return text if text.isalpha() else ""
