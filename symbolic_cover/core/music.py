"""The data types of written music: notes, bars, chords, keys, sections.

Conventions
-----------
Times end in ``_sec`` before the grid and in ``_tick`` after it; only `Grid` converts between them.
A quarter note has `TICKS_PER_QUARTER` ticks, so that sixteenths (3) and triplets (4) both fall on
the grid. Pitches are MIDI numbers, velocities 1..127. All are frozen.
"""

from __future__ import annotations

from typing import NamedTuple

from symbolic_cover.core.errors import UsageError

TICKS_PER_QUARTER = 12
#: The tick of the second eighth of a quarter when it does not swing.
STRAIGHT_TICK = TICKS_PER_QUARTER // 2

PITCH_NAMES_SHARP = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
PITCH_NAMES_FLAT = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")

#: Chord qualities in Harte's shorthand (Harte et al., ISMIR 2005), and their pitch classes above the root.
CHORD_INTERVALS: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "hdim7": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "min6": (0, 3, 7, 9),
    "maj6": (0, 4, 7, 9),
}
HARTE_DEGREES = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "#5", "6", "b7", "7")


class Note(NamedTuple):
    """A note on the grid."""

    onset_tick: int
    duration_tick: int
    pitch: int
    velocity: int = 80

    @property
    def end_tick(self) -> int:
        """Where the note ends."""
        return self.onset_tick + self.duration_tick


class Meter(NamedTuple):
    """A time signature, such as 6/8."""

    numerator: int
    denominator: int

    @classmethod
    def parse(cls, text: str) -> Meter:
        """Parse text such as ``3/4``. Raises `UsageError` for metres that this program cannot write."""
        numerator, _, denominator = text.partition("/")
        if not (numerator.isdecimal() and 1 <= int(numerator) <= 32 and denominator in ("1", "2", "4", "8", "16")):
            raise UsageError(
                f"'{text}' is not a metre that this program can write.", "Give one such as 4/4, 3/4 or 6/8."
            )
        return cls(int(numerator), int(denominator))

    @property
    def bar_tick(self) -> int:
        """Length of a bar in ticks."""
        return self.numerator * 4 * TICKS_PER_QUARTER // self.denominator

    @property
    def beat_tick(self) -> int:
        """Length of the felt beat in ticks: a dotted quarter in 6/8, 9/8 and 12/8."""
        unit = 4 * TICKS_PER_QUARTER // self.denominator
        compound = self.denominator >= 8 and self.numerator > 3 and self.numerator % 3 == 0
        return 3 * unit if compound else unit

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


class Bar(NamedTuple):
    """One bar of the grid; every bar is full, a pick-up begins with rests."""

    start_tick: int
    meter: Meter

    @property
    def end_tick(self) -> int:
        """Where the next bar begins."""
        return self.start_tick + self.meter.bar_tick


class Chord(NamedTuple):
    """A chord that sounds from `start_tick` to `end_tick`. Root and bass are pitch classes 0..11."""

    start_tick: int
    end_tick: int
    root: int
    quality: str
    bass: int

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The chord's tones and its bass, 0..11."""
        tones = {(self.root + step) % 12 for step in CHORD_INTERVALS[self.quality]}
        return frozenset(tones | {self.bass})

    @property
    def label(self) -> str:
        """The chord in Harte's notation, such as ``A:min7`` or, with E in the bass, ``C:maj/3``."""
        name = f"{PITCH_NAMES_FLAT[self.root]}:{self.quality}"
        degree = HARTE_DEGREES[(self.bass - self.root) % 12]
        return name if degree == "1" else f"{name}/{degree}"


class Section(NamedTuple):
    """The start of a section of the form: its tick and its name (``A``, ``B``, ``A2``)."""

    start_tick: int
    label: str


class Lyric(NamedTuple):
    """A sung syllable at a tick; a trailing ``-`` says that its word continues."""

    tick: int
    text: str


class Key(NamedTuple):
    """A major or minor key. `tonic` is a pitch class."""

    tonic: int
    mode: str

    @property
    def fifths(self) -> int:
        """Sharps (positive) or flats (negative) of the key signature, -6..6 (-5..6 for major)."""
        major_tonic = self.tonic if self.mode == "major" else (self.tonic + 3) % 12
        sharps = (major_tonic * 7) % 12
        return sharps - 12 if sharps > 6 else sharps

    @property
    def steps_home(self) -> int:
        """Semitones, -6..5, that move the key to C major or A minor by the shorter way."""
        return (6 - 7 * self.fifths) % 12 - 6

    @property
    def prefers_flats(self) -> bool:
        """True where the key signature has flats."""
        return self.fifths < 0

    @property
    def label(self) -> str:
        """The key in words, such as ``F# minor``."""
        names = PITCH_NAMES_FLAT if self.prefers_flats else PITCH_NAMES_SHARP
        return f"{names[self.tonic]} {self.mode}"

    def transposed(self, semitones: int) -> Key:
        """The key transposed by semitones."""
        return Key((self.tonic + semitones) % 12, self.mode)
