"""What a user may ask for. Each value refuses what is wrong where it is made, with the remedy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Meter

#: How hard a cover may be asked to be; the arranger learned to tell the last three apart.
LEVELS = ("beginner", "easy", "intermediate", "full")
LEARNED_LEVELS = LEVELS[1:]
#: Who may hear the notes of a recording; transkun is for a piano alone, `auto` for whoever is there and hears better.
TRANSCRIBERS = ("auto", "basic-pitch", "transkun")
#: Felt beats a minute that a user may state.
SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0
#: The bounds of what a cover may be asked for; the command line shows the same.
MOST_CANDIDATES, MOST_TRANSPOSITION, LEAST_TEMPO, MOST_TEMPO = 32, 24, 0.25, 4.0
#: The largest number of a tune in a file of several.
MOST_TUNE = 10**9
#: Seeds are what `torch.Generator` and numpy take alike.
MOST_SEED = 2**63 - 1
#: LUFS: a usual loudness of streamed music, and the bounds of what can be asked for.
DEFAULT_LUFS, LEAST_LUFS, MOST_LUFS = -16.0, -40.0, -6.0


@dataclass(frozen=True)
class Controls:
    """What a user may ask of a cover.

    `level` is one of `LEVELS`. `fidelity` 0..1 says how much of the source's bass and texture the arranger sees (0:
    melody and chords only). `density` 0..1 asks for few or many accompanying notes, `polyphony` 0..1 for single notes
    or full chords; None leaves it to the level and the model. `transpose` is in semitones, -24..24, `tempo` a factor on
    the source's tempo, 0.25..4. `seed` is any integer of 0..2**63 - 1; `candidates` of 1..32; `temperature` is above 0.
    Raises `UsageError` for anything else.
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
    """What the user knows better than the listener.

    `bpm` is the tempo in felt beats a minute, 20..400; `meter` a metre of 1 to 32 beats (or text such as ``3/4``);
    `downbeat_sec` any first beat of a bar, in seconds of the source; `transcriber`, one of `TRANSCRIBERS`, hears the
    notes; `tune` is the number after the X: of one in a file of several. Raises `UsageError` for anything else.
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
            raise UsageError(f"{self.bpm} is no tempo.", f"Give {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats a minute.")
        if self.meter is not None:
            if not isinstance(self.meter, Meter):
                raise UsageError(f"{self.meter!r} is no metre.", "Give one such as 4/4, 3/4 or 6/8.")
            Meter.parse(str(self.meter))
        if self.downbeat_sec is not None and not (_is_finite(self.downbeat_sec) and self.downbeat_sec >= 0):
            raise UsageError(f"No downbeat can lie at {self.downbeat_sec} s.", "Give the time of one in seconds.")
        _one_of("transcriber", self.transcriber, TRANSCRIBERS)
        if self.tune is not None:
            _whole("tune", self.tune, 0, MOST_TUNE)


@dataclass(frozen=True)
class Playback:
    """How a score becomes sound.

    `soundfont` is a file, None for the best that is found. `lufs` is the loudness asked for, -40..-6; `expression` 0..1
    how much of a player's touch and timing is added; `stems` asks for a file of each part as well. Raises `UsageError`
    for anything else.
    """

    soundfont: Path | None = None
    lufs: float = DEFAULT_LUFS
    expression: float = 1.0
    stems: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.soundfont, str):
            object.__setattr__(self, "soundfont", Path(self.soundfont))
        if self.soundfont is not None and not isinstance(self.soundfont, Path):
            raise UsageError(f"{self.soundfont!r} is no SoundFont.", "Give the path of a .sf2 or .sf3 file.")
        if not isinstance(self.stems, bool):
            raise UsageError(f"{self.stems!r} does not say whether stems are wanted.", "Give True or False.")
        _number("lufs", self.lufs, LEAST_LUFS, MOST_LUFS)
        _number("expression", self.expression, 0.0, 1.0)


@dataclass(frozen=True)
class Notation:
    """What a page is to show beside what must be there.

    `fingering` asks for a finger at each note of a keyboard's hands, `written_out` for passages that return without
    repeat signs, `tab` for tablature below the notes of guitars. Raises `UsageError` for what is neither True nor
    False.
    """

    fingering: bool = False
    written_out: bool = False
    tab: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, bool):
                raise UsageError(f"{value!r} does not say whether {name} is wanted.", "Give True or False.")


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"There is no {name} '{value}'.", f"Choose one of: {', '.join(known)}.")


def _is_finite(value: object) -> bool:
    """Whether a value is a real number, and no infinity; True and False are none."""
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
        raise UsageError(f"{value!r} is no {name}.", f"Give a number of {least:g} to {most:g}.")


def _whole(name: str, value: object, least: int, most: int) -> None:
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not (is_whole and least <= int(value) <= most):  # type: ignore[call-overload]
        raise UsageError(f"{value!r} is no {name}.", f"Give a whole number of {least} to {most}.")
