"""The words of the token language, and which may follow which.

A bar is written as what the song has (X), then as what the arranger plays (Y):

    BOS Style Level Ensemble
      Bar TimeSig
        Section_chords  (Position ChordRoot ChordQuality [ChordBass])*
        Section_melody  (Position Pitch Duration)*
        Section_bass    (Position Pitch)*
        Section_texture (Position Pitch+)*
        Section_arrangement
          Density [Polyphony Register Spread Offbeat Color]
          (Part Velocity (Position (Pitch Duration | Drum)+)*)*
    EOS

Positions and durations are ticks (12 a quarter note). A part's notes come in order of onset, then
pitch, and notes of one onset share its Position (after REMI-z, Ou et al., NeurIPS 2025). Velocity
is one level for a part and bar. Y begins with its plan (`tokens.plan`), which ends after Density where only drums play.
Drums have no durations and never move in pitch, so they have words of
their own. A tokenizer keeps its words in its ``tokenizer.json``: checkpoints made before a word was added
are read as they were written.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbolic_cover.core.controls import LEARNED_LEVELS
from symbolic_cover.core.music import CHORD_INTERVALS, Meter
from symbolic_cover.tokens.plan import plan_words

SPECIAL = ("PAD", "BOS", "EOS")
SECTIONS = ("chords", "melody", "bass", "texture", "arrangement")
PLACES = ("first", "inner", "last")
METERS = tuple(
    Meter(*pair)
    for pair in ((1, 4), (2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (7, 4), (2, 2), (3, 2), (2, 8), (3, 8), (4, 8), (5, 8),
                 (6, 8), (7, 8), (9, 8), (12, 8), (4, 2), (1, 8), (10, 8), (11, 8), (13, 8), (15, 8))
)  # fmt: skip
#: The names of short or odd metres: any number of sixteenths up to the longest bar.
ODD_METERS = tuple(Meter(n, 16) for n in range(1, 32, 2))
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
LOWEST_DRUM, HIGHEST_DRUM = 27, 87
LONGEST_DURATION = 96
#: Positions of notes in a quarter, in ticks: sixteenths and triplets.
PLACES_IN_BEAT = (0, 3, 4, 6, 8, 9)
SIXTEENTHS = (0, 3, 6, 9)
LONGEST_BAR = max(meter.bar_tick for meter in METERS)
VELOCITY_LEVELS = 8


def words(styles: Sequence[str], ensembles: Sequence[str], parts: Sequence[str]) -> list[str]:
    """The vocabulary in the order of its ids, without special tokens; each type is contiguous."""
    return [
        *(f"Style_{name}" for name in styles),
        *(f"Level_{name}" for name in LEARNED_LEVELS),
        *(f"Ensemble_{name}" for name in ensembles),
        *(f"Bar_{place}" for place in PLACES),
        *(f"TimeSig_{meter}" for meter in (*METERS, *ODD_METERS)),
        *plan_words(),
        *(f"Section_{name}" for name in SECTIONS),
        *(f"Part_{name}" for name in parts),
        *(f"Velocity_{level}" for level in range(VELOCITY_LEVELS)),
        *(f"ChordRoot_{root}" for root in range(12)),
        *(f"ChordQuality_{quality}" for quality in (*CHORD_INTERVALS, "N")),
        *(f"ChordBass_{bass}" for bass in range(12)),
        *(f"Position_{tick}" for tick in range(LONGEST_BAR)),
        *(f"Pitch_{pitch}" for pitch in range(LOWEST_PITCH, HIGHEST_PITCH + 1)),
        *(f"Duration_{ticks}" for ticks in range(1, LONGEST_DURATION + 1)),
        *(f"Drum_{pitch}" for pitch in range(LOWEST_DRUM, HIGHEST_DRUM + 1)),
    ]


#: Token types that may follow a token type; the sampler restricts this further.
GRAPH: dict[str, set[str]] = {
    "Style": {"Level"},
    "Level": {"Ensemble"},
    "Ensemble": {"Bar"},
    "Bar": {"TimeSig"},
    "TimeSig": {"Section"},
    "Section": {"Position", "Section", "Density", "Part", "Bar"},  # corpora store Y without plans
    "Density": {"Polyphony", "Part", "Bar"},
    "Polyphony": {"Register"},
    "Register": {"Spread"},
    "Spread": {"Offbeat"},
    "Offbeat": {"Color"},
    "Color": {"Part"},
    "Part": {"Velocity"},
    "Velocity": {"Position"},
    "Position": {"Pitch", "Drum", "ChordRoot", "ChordQuality"},
    "Pitch": {"Duration", "Pitch", "Position", "Section"},
    "Drum": {"Drum", "Position", "Part", "Bar"},
    "Duration": {"Pitch", "Position", "Section", "Part", "Bar"},
    "ChordRoot": {"ChordQuality"},
    "ChordQuality": {"ChordBass", "Position", "Section"},
    "ChordBass": {"Position", "Section"},
}


def within_range(pitch: int) -> int:
    """The pitch, moved by octaves into the range of the vocabulary."""
    while pitch < LOWEST_PITCH:
        pitch += 12
    while pitch > HIGHEST_PITCH:
        pitch -= 12
    return pitch


def velocity_level(velocity: float) -> int:
    """0..7 for a MIDI velocity."""
    return min(int(velocity) // (128 // VELOCITY_LEVELS), VELOCITY_LEVELS - 1)


def velocity_of(level: int) -> int:
    """The middle of a velocity level."""
    return level * (128 // VELOCITY_LEVELS) + 64 // VELOCITY_LEVELS
