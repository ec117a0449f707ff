"""What a user may ask of a cover, and what a user knows better than the listener."""

from __future__ import annotations

from dataclasses import dataclass

from symbolic_cover.core.music import Meter

LEVELS = ("easy", "intermediate", "full")
#: Who may hear the notes of a recording; transkun is for a piano alone, `auto` for whoever is there and hears better.
TRANSCRIBERS = ("auto", "basic-pitch", "transkun")


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


@dataclass(frozen=True)
class Hints:
    """What the user knows better than the listener: tempo in beats a minute, metre, a downbeat in seconds; and which
    of `TRANSCRIBERS` is to hear the notes."""

    bpm: float | None = None
    meter: Meter | None = None
    downbeat_sec: float | None = None
    transcriber: str = "auto"


NO_HINTS = Hints()
