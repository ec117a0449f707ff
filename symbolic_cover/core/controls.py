"""The settings of a user. Each is validated on construction, with an error that says what is allowed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Meter

#: Levels of difficulty; the arranger has learned the last three.
LEVELS = ("beginner", "easy", "intermediate", "full")
LEARNED_LEVELS = LEVELS[1:]
#: The transcribers of recordings; transkun is for solo piano, `auto` takes the better one that is installed.
TRANSCRIBERS = ("auto", "basic-pitch", "transkun")
#: Bounds of a stated tempo in felt beats a minute.
SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0
#: Bounds of the settings of a cover, also used by the command line.
MOST_CANDIDATES, MOST_TRANSPOSITION, LEAST_TEMPO, MOST_TEMPO = 32, 24, 0.25, 4.0
#: The largest X: number of a tune in an ABC file.
MOST_TUNE = 10**9
#: The largest seed that `torch.Generator` and numpy both accept.
MOST_SEED = 2**63 - 1
#: LUFS: the usual loudness of streamed music, and the bounds of the setting.
DEFAULT_LUFS, LEAST_LUFS, MOST_LUFS = -16.0, -40.0, -6.0


@dataclass(frozen=True)
class Controls:
    """Settings of a cover.

    `level` is one of `LEVELS`. `fidelity` 0..1 is the share of the source's bass and texture that the arranger sees (0:
    melody and chords only). `density` 0..1 sets few to many accompanying notes, `polyphony` 0..1 single notes to full
    chords; None leaves it to the level and the model. `transpose` is in semitones, -24..24; `tempo` a factor on the
    source's tempo, 0.25..4; `seed` an integer 0..2**63 - 1; `candidates` 1..32; `temperature` above 0. Raises
    `UsageError` for anything else.
    """

    level: str = "full"
    fidelity: float = 0.2
    density: float | None = None
    polyphony: float | None = None
    transpose: int = 0
    tempo: float = 1.0
    seed: int = 0
    candidates: int = 4
    temperature: float = 0.7

    def __post_init__(self) -> None:
        _one_of("level", self.level, LEVELS)
        _number("fidelity", self.fidelity, 0.0, 1.0)
        _number("density", self.density, 0.0, 1.0, may_be_none=True)
        _number("polyphony", self.polyphony, 0.0, 1.0, may_be_none=True)
        _whole("transpose", self.transpose, -MOST_TRANSPOSITION, MOST_TRANSPOSITION)
        _number("tempo", self.tempo, LEAST_TEMPO, MOST_TEMPO)
        _whole("seed", self.seed, 0, MOST_SEED)
        _whole("candidates", self.candidates, 1, MOST_CANDIDATES)
        _number("temperature", self.temperature, 0.01, 10.0)


@dataclass(frozen=True)
class Hints:
    """Facts about the source that override the analysis.

    `bpm` is the tempo in felt beats a minute, 20..400; `meter` a metre of 1 to 32 beats (or text such as ``3/4``);
    `downbeat_sec` the time of any downbeat in seconds of the source; `transcriber` is one of `TRANSCRIBERS`; `tune` is
    the X: number of a tune in an ABC file of several. Raises `UsageError` for anything else.
    """

    bpm: float | None = None
    meter: Meter | None = None
    downbeat_sec: float | None = None
    transcriber: str = "auto"
    tune: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.meter, str):
            object.__setattr__(self, "meter", Meter.parse(self.meter))
        if self.bpm is not None and not (_is_finite(self.bpm) and SLOWEST_BPM <= self.bpm <= FASTEST_BPM):
            raise UsageError(
                f"{self.bpm} is not a valid tempo.", f"Give {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats a minute."
            )
        if self.meter is not None:
            if not isinstance(self.meter, Meter):
                raise UsageError(f"{self.meter!r} is not a metre.", "Give one such as 4/4, 3/4 or 6/8.")
            Meter.parse(str(self.meter))
        if self.downbeat_sec is not None and not (_is_finite(self.downbeat_sec) and self.downbeat_sec >= 0):
            raise UsageError(f"No downbeat can lie at {self.downbeat_sec} s.", "Give its time in seconds.")
        _one_of("transcriber", self.transcriber, TRANSCRIBERS)
        if self.tune is not None:
            _whole("tune", self.tune, 0, MOST_TUNE)


@dataclass(frozen=True)
class Playback:
    """How a score is rendered as sound.

    `soundfont` is a file, None for the best that is found. `lufs` is the loudness, -40..-6; `expression` 0..1 the
    amount of expressive touch and timing; `stems` adds a file for each part. Raises `UsageError` for anything else.
    """

    soundfont: Path | None = None
    lufs: float = DEFAULT_LUFS
    expression: float = 1.0
    stems: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.soundfont, str):
            object.__setattr__(self, "soundfont", Path(self.soundfont))
        if self.soundfont is not None and not isinstance(self.soundfont, Path):
            raise UsageError(f"{self.soundfont!r} is not a SoundFont.", "Give the path of a .sf2 or .sf3 file.")
        if not isinstance(self.stems, bool):
            raise UsageError(f"{self.stems!r} is not a value for stems.", "Give True or False.")
        _number("lufs", self.lufs, LEAST_LUFS, MOST_LUFS)
        _number("expression", self.expression, 0.0, 1.0)


@dataclass(frozen=True)
class Notation:
    """Options of the printed score.

    `fingering` adds a finger to each note of a keyboard's hands, `written_out` writes repeats out, `tab` adds tablature
    below the notes of guitars. Raises `UsageError` for values other than True and False.
    """

    fingering: bool = False
    written_out: bool = False
    tab: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, bool):
                raise UsageError(f"{value!r} is not a value for {name}.", "Give True or False.")


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"There is no {name} '{value}'.", f"Choose one of: {', '.join(known)}.")


def _is_finite(value: object) -> bool:
    """Whether a value is a finite real number; booleans are not."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _number(name: str, value: object, least: float, most: float, *, may_be_none: bool = False) -> None:
    if value is None and may_be_none:
        return
    if not (_is_finite(value) and least <= float(value) <= most):  # type: ignore[arg-type]
        raise UsageError(f"{value!r} is not a valid {name}.", f"Give a number of {least:g} to {most:g}.")


def _whole(name: str, value: object, least: int, most: int) -> None:
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not (is_whole and least <= int(value) <= most):  # type: ignore[call-overload]
        raise UsageError(f"{value!r} is not a valid {name}.", f"Give a whole number of {least} to {most}.")
