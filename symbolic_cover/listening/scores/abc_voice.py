"""One voice of an ABC tune while it is read: its place, the accidentals in force, and what is still open."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from symbolic_cover.listening.scores.abc_fields import AbcKey
from symbolic_cover.listening.scores.barred import BarNote, BarPart
from symbolic_cover.listening.scores.order import Signs
from symbolic_cover.listening.scores.written import TimeSignature, too_much

#: In quarters; a longer bar or note is an error.
LONGEST_BAR = Fraction(10_000)


@dataclass
class Tuplet:
    """This many notes are each played at a share of their length."""

    share: Fraction
    left: int


@dataclass
class Voice:
    """A voice: its bars so far, and the state for the next note."""

    part: BarPart
    key: AbcKey
    time: TimeSignature | None
    unit: Fraction
    lengths: list[Fraction] = field(default_factory=lambda: [Fraction(0)])
    signs: list[Signs] = field(default_factory=lambda: [Signs()])
    times: list[TimeSignature | None] = field(default_factory=list)
    at: Fraction = Fraction(0)
    octave: int = 0
    steps: int = 0
    velocity: int = 80
    accidentals: dict[tuple[str, int], int] = field(default_factory=dict)
    tied: dict[tuple[str, int], int] = field(default_factory=dict)  # (letter, octave) -> alteration
    last: list[BarNote] = field(default_factory=list)
    last_length: Fraction = Fraction(0)
    broken: Fraction | None = None  # the factor on the next note's length
    tuplets: list[Tuplet] = field(default_factory=list)
    graces: list[int] = field(default_factory=list)
    endings: frozenset[int] = frozenset()
    overlays: int = 0
    sung: list[tuple[int, BarNote]] = field(default_factory=list)  # (bar, note) for lyrics
    verses: int = 0
    line: int = 0  # the line of music of these notes

    def __post_init__(self) -> None:
        self.times = self.times or [self.time]

    @property
    def bar(self) -> int:
        """The number of the current bar."""
        return len(self.lengths) - 1

    @property
    def here(self) -> Signs:
        """The signs of the current bar."""
        return self.signs[-1]

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been read in the voice yet."""
        return self.lengths[-1] == 0 and self.at == 0 and not self.overlays

    def advance(self, length: Fraction) -> None:
        """Advance by a length in quarters."""
        self.at += length
        if self.at > LONGEST_BAR:
            raise too_much()
        self.lengths[-1] = max(self.lengths[-1], self.at)

    def add(self, note: BarNote) -> None:
        """Add a note to the current bar."""
        self.part.bars.setdefault(self.bar, []).append(note)

    def next_bar(self) -> None:
        """End the bar and begin another."""
        self.lengths.append(Fraction(0))
        self.signs.append(Signs(endings=self.endings))
        self.times.append(self.time)
        self.at, self.overlays = Fraction(0), 0
        self.accidentals = {}

    def give_back_signs(self) -> None:
        """Move signs after the last bar line to the end of the bar before it."""
        if len(self.signs) > 1:
            here, before = self.signs[-1], self.signs[-2]
            before.fine, here.fine = before.fine or here.fine, False
            before.jump, here.jump = before.jump or here.jump, ""
            before.leads_to_coda, here.leads_to_coda = before.leads_to_coda or here.leads_to_coda, False

    def overlay(self) -> None:
        """Go back to the beginning of the bar."""
        self.at, self.accidentals, self.broken = Fraction(0), {}, None
        self.overlays += 1

    @property
    def share(self) -> Fraction:
        """The share of their length at which notes are played in all open tuplets."""
        share = Fraction(1)
        for tuplet in self.tuplets:
            share *= tuplet.share
        return share

    def count_tuplet(self) -> None:
        """Count one more note in each open tuplet."""
        for tuplet in self.tuplets:
            tuplet.left -= 1
        self.tuplets = [tuplet for tuplet in self.tuplets if tuplet.left > 0]
