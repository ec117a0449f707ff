"""The nouns of the house: what the rooms hand to each other.

Conventions
-----------
Times end in ``_sec`` before the grid and in ``_tick`` after it; only `Grid` converts between them.
A quarter note has `TICKS_PER_QUARTER` ticks, so that sixteenths (3) and triplets (4) both fall on
the grid. Pitches are MIDI numbers, velocities 1..127. All nouns are frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from symusic.core import ScoreSecond

TICKS_PER_QUARTER = 12
#: Where the second eighth of a quarter lies when it does not swing.
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
    """A section of the form begins: where, and what it is called (``A``, ``B``, ``A2``)."""

    start_tick: int
    label: str


HARTE_DEGREES = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "#5", "6", "b7", "7")


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
        """Semitones, -6..5, that move the key to C major or A minor, the nearer way."""
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
        """The key so many semitones higher."""
        return Key((self.tonic + semitones) % 12, self.mode)


@dataclass(frozen=True)
class Recording:
    """Sound: `samples` is mono float32 of shape (n,), at `rate_hz`."""

    samples: np.ndarray
    rate_hz: int

    @property
    def duration_sec(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True)
class Transcript:
    """What was heard or read, in seconds.

    `score` is a `symusic.Score` in seconds. Its markers are chord symbols in Harte's notation
    (``N`` ends one), its key signatures are those of the source, its tracks keep their names.
    `kind` is ``audio``, ``midi``, ``musicxml``, ``abc`` or ``kern``. `sureness` says of a recording how probable the
    listener finds what it says of metre, key, chords and melody, 0..1. `composer` is as the file names them.
    """

    score: ScoreSecond
    kind: str
    title: str
    sureness: Mapping[str, float] = field(default_factory=dict)
    composer: str = ""


#: Who may hear the notes of a recording; transkun is for a piano alone, `auto` for whoever is there and hears better.
TRANSCRIBERS = ("auto", "basic-pitch", "transkun")


@dataclass(frozen=True)
class Hints:
    """What the user knows better than the listener: tempo in beats a minute, metre, a downbeat in seconds; and which
    of `TRANSCRIBERS` is to hear the notes."""

    bpm: float | None = None
    meter: Meter | None = None
    downbeat_sec: float | None = None
    transcriber: str = "auto"


NO_HINTS = Hints()


@dataclass(frozen=True)
class Grid:
    """Where the beats fall: the only place where seconds become ticks and back.

    `beat_tick` (n,) int and `beat_sec` (n,) float, both strictly rising, tie ticks to seconds;
    between beats time is linear, outside it goes on at the tempo of the nearest beat.
    `bars` cover the song from tick 0 without gaps. `confidence` (0..1) says how sure the
    listener was of beats and metre: 1 for a score. `second_tick` is where the second eighth of
    a quarter sounds: in the middle, or later in a song that swings, whose ticks are those of straight eighths.
    """

    beat_tick: np.ndarray
    beat_sec: np.ndarray
    bars: tuple[Bar, ...]
    confidence: float = 1.0
    second_tick: float = STRAIGHT_TICK

    def __post_init__(self) -> None:
        if len(self.beat_tick) != len(self.beat_sec) or len(self.beat_tick) < 2:
            raise ValueError("a grid needs at least two beats, each with a tick and a time")
        if np.any(np.diff(self.beat_tick) <= 0) or np.any(np.diff(self.beat_sec) <= 0):
            raise ValueError("beats must rise")

    @classmethod
    def steady(cls, n_bars: int, meter: Meter = Meter(4, 4), bpm: float = 120.0) -> Grid:
        """A grid of `n_bars` equal bars; `bpm` counts felt beats a minute."""
        bars = tuple(Bar(i * meter.bar_tick, meter) for i in range(n_bars))
        beat_tick = np.arange(0, n_bars * meter.bar_tick + 1, meter.beat_tick)
        return cls(beat_tick, np.arange(len(beat_tick)) * 60.0 / bpm, bars)

    @property
    def meter(self) -> Meter:
        """The metre of most bars."""
        meters = [bar.meter for bar in self.bars]
        return max(set(meters), key=meters.count)

    @property
    def end_tick(self) -> int:
        """Where the last bar ends."""
        return self.bars[-1].end_tick

    @property
    def tempo_bpm(self) -> float:
        """Median tempo in felt beats a minute."""
        sec_per_tick = np.diff(self.beat_sec) / np.diff(self.beat_tick)
        return float(60.0 / (np.median(sec_per_tick) * self.meter.beat_tick))

    def tick_at(self, sec: np.ndarray | float) -> np.ndarray:
        """Seconds -> ticks (float: quantization is not the grid's business)."""
        sounding = _piecewise(np.asarray(sec, dtype=float), self.beat_sec, self.beat_tick.astype(float))
        return _within_quarters(sounding, self.second_tick, STRAIGHT_TICK)

    def sec_at(self, tick: np.ndarray | float) -> np.ndarray:
        """Ticks -> seconds."""
        sounding = _within_quarters(np.asarray(tick, dtype=float), STRAIGHT_TICK, self.second_tick)
        return _piecewise(sounding, self.beat_tick.astype(float), self.beat_sec)

    def bar_index(self, tick: int) -> int:
        """The bar in which `tick` falls; ticks outside belong to the first or last bar."""
        starts = [bar.start_tick for bar in self.bars]
        return int(np.clip(np.searchsorted(starts, tick, side="right") - 1, 0, len(starts) - 1))


def _within_quarters(tick: np.ndarray, middle: float, moved: float) -> np.ndarray:
    """Ticks of which those at `middle` of a quarter come to lie at `moved`, the others in proportion."""
    if middle == moved:
        return tick
    quarter, place = np.divmod(tick, TICKS_PER_QUARTER)
    late = moved + (place - middle) * (TICKS_PER_QUARTER - moved) / (TICKS_PER_QUARTER - middle)
    return quarter * TICKS_PER_QUARTER + np.where(place < middle, place * moved / middle, late)


def _piecewise(x: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Linear interpolation that goes on with the first and last slope outside."""
    segment = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2)
    slope = (ys[segment + 1] - ys[segment]) / (xs[segment + 1] - xs[segment])
    return ys[segment] + (x - xs[segment]) * slope


@dataclass(frozen=True)
class Content:
    """The lead sheet and more: what a cover keeps of a song. All notes on the grid, sorted.

    `texture` is what remains beside melody and bass. `chords` do not overlap and may leave gaps. An excerpt is not
    `is_whole`: its first and last bars are not those of its song.
    """

    grid: Grid
    melody: tuple[Note, ...]
    bass: tuple[Note, ...]
    texture: tuple[Note, ...]
    chords: tuple[Chord, ...]
    key: Key
    title: str = "Untitled"
    is_whole: bool = True

    def transposed(self, semitones: int) -> Content:
        """The song so many semitones higher, wherever that leads."""

        def moved(notes: tuple[Note, ...]) -> tuple[Note, ...]:
            return tuple(note._replace(pitch=note.pitch + semitones) for note in notes)

        return replace(
            self,
            melody=moved(self.melody),
            bass=moved(self.bass),
            texture=moved(self.texture),
            chords=tuple(
                chord._replace(root=(chord.root + semitones) % 12, bass=(chord.bass + semitones) % 12)
                for chord in self.chords
            ),
            key=self.key.transposed(semitones),
        )

    @property
    def notes(self) -> tuple[Note, ...]:
        """Every note of the song."""
        return tuple(sorted(self.melody + self.bass + self.texture))


@dataclass(frozen=True)
class PartSpec:
    """One part of an ensemble: its name, how a score calls it, General MIDI program and range (MIDI pitches).

    Parts with the same `group` share one instrument; an empty one means that the part has its own. `most` is
    how many notes may sound at a time; hands at a keyboard have limits of their own.
    """

    name: str
    label: str
    program: int
    lowest: int
    highest: int
    most: int = 1
    group: str = ""

    @property
    def is_hand(self) -> bool:
        """True for what one hand plays at a keyboard."""
        return self.name in ("left-hand", "right-hand")

    @property
    def is_drums(self) -> bool:
        """True for a part whose pitches are drums."""
        return self.name == "drums"


@dataclass(frozen=True)
class Ensemble:
    """Who plays together. `lead` names the part that carries the tune (empty where none does).

    `tune_on_top` says that no part plays above the tune.
    """

    name: str
    title: str
    lead: str
    parts: tuple[PartSpec, ...]
    tune_on_top: bool = False

    @property
    def lead_spec(self) -> PartSpec | None:
        """The part that carries the tune."""
        return next((part for part in self.parts if part.name == self.lead), None)


@dataclass(frozen=True)
class Style:
    """A style to cover in, and which ensemble plays. A user's own is played in the manner of the style it is `like`."""

    name: str
    title: str
    ensemble: Ensemble
    like: str = ""

    @property
    def manner(self) -> str:
        """The style in whose manner this is played."""
        return self.like or self.name


@dataclass(frozen=True)
class Controls:
    """What a user may ask of a cover.

    `fidelity` 0..1 says how much of the source's bass and texture the arranger sees (0: melody
    and chords only). `density` 0..1 asks for few or many accompanying notes, `polyphony` 0..1 for single notes or
    full chords; None leaves it to the level and the model. `transpose` is in semitones, `tempo` a factor on the
    source's tempo.
    """

    level: str = "full"
    fidelity: float = 0.2
    density: float | None = None
    polyphony: float | None = None
    transpose: int = 0
    tempo: float = 1.0
    seed: int = 0
    candidates: int = 8
    temperature: float = 0.6


LEVELS = ("easy", "intermediate", "full")


@dataclass(frozen=True)
class Part:
    """What one player or one hand plays. Parts with the same `group` share one instrument, an empty one is none.

    The pitches of a part with `is_drums` are General MIDI's percussion, not pitches.
    """

    name: str
    group: str
    program: int
    notes: tuple[Note, ...]
    is_drums: bool = False


@dataclass(frozen=True)
class Arrangement:
    """A cover on the grid. `melody` are those notes of the leading part that are the song's tune.

    `source` names what was covered, `sections` are the song's. `like` is the style in whose manner it is played, if not
    its own.
    """

    parts: tuple[Part, ...]
    melody: tuple[Note, ...]
    grid: Grid
    key: Key
    chords: tuple[Chord, ...]
    style: str
    arranger: str
    title: str = "Untitled"
    seed: int = 0
    composer: str = ""
    source: str = ""
    sections: tuple[Section, ...] = ()
    like: str = ""

    @property
    def manner(self) -> str:
        """The style in whose manner this is played."""
        return self.like or self.style

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of all parts, sorted."""
        return tuple(sorted(note for part in self.parts for note in part.notes))

    @property
    def pitched_notes(self) -> tuple[Note, ...]:
        """The notes of all parts but the drums, sorted."""
        return tuple(sorted(note for part in self.parts if not part.is_drums for note in part.notes))


@dataclass(frozen=True)
class Report:
    """How good a cover is: `scores` by arranger (``model``, ``rules``), and what to say about it."""

    scores: dict[str, dict[str, float]]
    findings: tuple[str, ...]
    settings: dict[str, object]
    timings_sec: dict[str, float]
