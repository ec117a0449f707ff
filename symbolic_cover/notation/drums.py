"""Drum notation: the place of each General MIDI sound on the staff, and the limb that plays it.

Places and noteheads follow the Percussive Arts Society's guide (Weinberg, *Guide to Standardized Drumset Notation*,
1998) for the sounds it names: drums have plain heads, cymbals crosses. The hands' stems point up, the feet's down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import NamedTuple

from symbolic_cover.core.music import Bar, Note
from symbolic_cover.notation.rhythm import Event


class Drum(NamedTuple):
    """A sound of the kit: its name, its place on the staff (as if in the treble clef) and its notehead."""

    name: str
    step: str
    octave: int
    head: str = "normal"


#: General MIDI percussion by key number, with 27..34 and 82..87 after Roland's and Yamaha's extensions.
KIT = {
    27: Drum("High Q", "D", 6, "slash"),
    28: Drum("Slap", "C", 6, "slash"),
    29: Drum("Scratch push", "B", 5, "slash"),
    30: Drum("Scratch pull", "A", 5, "slash"),
    31: Drum("Sticks", "E", 5, "x"),
    32: Drum("Square click", "D", 5, "slash"),
    33: Drum("Metronome click", "E", 5, "slash"),
    34: Drum("Metronome bell", "F", 5, "slash"),
    35: Drum("Acoustic bass drum", "E", 4),
    36: Drum("Bass drum", "F", 4),
    37: Drum("Side stick", "C", 5, "x"),
    38: Drum("Snare drum", "C", 5),
    39: Drum("Hand clap", "D", 5, "x"),
    40: Drum("Electric snare", "C", 5),
    41: Drum("Low floor tom", "G", 4),
    42: Drum("Closed hi-hat", "G", 5, "x"),
    43: Drum("High floor tom", "A", 4),
    44: Drum("Pedal hi-hat", "D", 4, "x"),
    45: Drum("Low tom", "B", 4),
    46: Drum("Open hi-hat", "G", 5, "circle-x"),
    47: Drum("Low-mid tom", "D", 5),
    48: Drum("Hi-mid tom", "E", 5),
    49: Drum("Crash cymbal", "A", 5, "x"),
    50: Drum("High tom", "F", 5),
    51: Drum("Ride cymbal", "F", 5, "x"),
    52: Drum("China cymbal", "B", 5, "circle-x"),
    53: Drum("Ride bell", "F", 5, "diamond"),
    54: Drum("Tambourine", "B", 4, "triangle"),
    55: Drum("Splash cymbal", "C", 6, "x"),
    56: Drum("Cowbell", "E", 5, "triangle"),
    57: Drum("Crash cymbal 2", "B", 5, "x"),
    58: Drum("Vibraslap", "D", 6, "triangle"),
    59: Drum("Ride cymbal 2", "F", 5, "circle-x"),
    60: Drum("High bongo", "E", 5, "diamond"),
    61: Drum("Low bongo", "D", 5, "diamond"),
    62: Drum("Mute high conga", "C", 5, "circle-x"),
    63: Drum("Open high conga", "C", 5, "diamond"),
    64: Drum("Low conga", "B", 4, "diamond"),
    65: Drum("High timbale", "G", 5, "diamond"),
    66: Drum("Low timbale", "A", 4, "diamond"),
    67: Drum("High agogo", "G", 5, "triangle"),
    68: Drum("Low agogo", "F", 5, "triangle"),
    69: Drum("Cabasa", "A", 5, "diamond"),
    70: Drum("Maracas", "G", 5, "slash"),
    71: Drum("Short whistle", "D", 6, "x"),
    72: Drum("Long whistle", "D", 6, "circle-x"),
    73: Drum("Short guiro", "B", 4, "x"),
    74: Drum("Long guiro", "B", 4, "circle-x"),
    75: Drum("Claves", "B", 4, "slash"),
    76: Drum("High wood block", "C", 5, "triangle"),
    77: Drum("Low wood block", "A", 4, "triangle"),
    78: Drum("Mute cuica", "D", 5, "circle-x"),
    79: Drum("Open cuica", "D", 5, "triangle"),
    80: Drum("Mute triangle", "A", 5, "triangle"),
    81: Drum("Open triangle", "B", 5, "triangle"),
    82: Drum("Shaker", "C", 6, "diamond"),
    83: Drum("Jingle bell", "C", 6, "triangle"),
    84: Drum("Bell tree", "B", 5, "diamond"),
    85: Drum("Castanets", "G", 4, "x"),
    86: Drum("Mute surdo", "F", 4, "x"),
    87: Drum("Open surdo", "F", 4, "diamond"),
}
#: Played by the feet: bass drums and the hi-hat's pedal.
FEET = frozenset({35, 36, 44})
_UNKNOWN_STEP, _UNKNOWN_OCTAVE = "G", 4


def drum_of(pitch: int) -> Drum:
    """The drum of a key number; keys outside General MIDI share one place."""
    return KIT.get(pitch, Drum(f"Percussion {pitch}", _UNKNOWN_STEP, _UNKNOWN_OCTAVE, "slash"))


def write_drum_voices(notes: Iterable[Note], bars: Collection[Bar]) -> tuple[list[Event], list[Event]]:
    """The strokes of the hands and of the feet, each as one voice.

    A stroke lasts until the next, or to the end of its beat. Every (onset, pitch) of `notes` occurs once.
    """
    onsets = {(note.onset_tick, note.pitch) for note in notes}
    hands = {onset for onset in onsets if onset[1] not in FEET}
    return _strokes(hands, tuple(bars)), _strokes(onsets - hands, tuple(bars))


def _strokes(onsets: set[tuple[int, int]], bars: tuple[Bar, ...]) -> list[Event]:
    struck: dict[int, list[int]] = {}
    for tick, pitch in sorted(onsets):
        struck.setdefault(tick, []).append(pitch)
    events, index = [], 0
    for tick, next_tick in pairwise([*sorted(struck), bars[-1].end_tick]):
        while bars[index].end_tick <= tick:
            index += 1
        bar = bars[index]
        beat_end = tick + bar.meter.beat_tick - (tick - bar.start_tick) % bar.meter.beat_tick
        events.append(Event(tick, min(next_tick, beat_end, bar.end_tick), tuple(struck[tick])))
    return events
