"""Noteheads: names and accidentals of pitches, and drums."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import TypeAlias

from music21 import note, pitch

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import Bar, Key
from symbolic_cover.notation.drums import FEET, drum_of
from symbolic_cover.notation.rhythm import Event, Figure
from symbolic_cover.notation.spelling import Spelling, spell

#: Names a pitch of a line at a tick.
Speller = Callable[[int, int], Spelling]
#: A written pitch or a drum.
Head: TypeAlias = pitch.Pitch | note.Unpitched

#: Ids of drum strokes in music21's output, such as ``stroke-38-1`` for a snare.
STROKE = "stroke"


def speller_of(events: list[Event], arrangement: Arrangement) -> Speller:
    """A function that names the pitches of a line at a tick, chosen at the onset: tied notes keep their name.

    A chord applies until the next, like its symbol on the page.
    """
    starts = [event.start_tick for event in events]
    chords = sorted(arrangement.chords)
    chord_starts = [chord_.start_tick for chord_ in chords]

    def speller(tick: int, midi: int) -> Spelling:
        index = bisect_right(starts, tick) - 1
        next_midi = max(events[index + 1].pitches) if index + 1 < len(events) else None
        under = bisect_right(chord_starts, starts[index]) - 1
        sounding = chords[under] if under >= 0 else None
        return spell(midi, arrangement.key, sounding, next_midi)

    return speller


class Names:
    """The accidentals that have to be printed in one bar of one staff."""

    def __init__(self, key_: Key) -> None:
        sharps = "FCGDAEB"[: max(key_.fifths, 0)]
        flats = "BEADGCF"[: max(-key_.fifths, 0)]
        self._signature = {step: (step in sharps) - (step in flats) for step in "ABCDEFG"}
        self._in_force: dict[tuple[str, int], int] = {}

    def pitch_of(self, name: Spelling, *, tied: bool) -> pitch.Pitch:
        """The written pitch; its accidental is shown if it differs from the one in force, but never on a tied note."""
        place = (name.step, name.octave)
        shown = not tied and self._in_force.get(place, self._signature[name.step]) != name.alter
        if not tied:
            self._in_force[place] = name.alter
        written = pitch.Pitch(step=name.step, octave=name.octave)
        if name.alter or shown:
            written.accidental = pitch.Accidental(name.alter)
            written.accidental.displayStatus = shown
        return written


def shown_names(
    voices: list[list[Figure]], spellers: list[Speller], bar_: Bar, names: Names
) -> list[dict[int, list[Head]]]:
    """The written pitches of each voice by tick in the bar; accidentals apply in reading order."""
    shown: list[dict[int, list[Head]]] = [{} for _ in voices]
    figures = [(figure.start_tick, index, figure) for index, voice in enumerate(voices) for figure in voice]
    for tick, index, figure in sorted(figures, key=lambda item: item[:2]):
        spelled = [spellers[index](bar_.start_tick + tick, midi) for midi in figure.pitches]
        shown[index][tick] = [names.pitch_of(name, tied=figure.tied_from) for name in spelled]
    return shown


def drum_heads(voices: list[list[Figure]], strokes: Iterator[int]) -> list[dict[int, list[Head]]]:
    """The drums of each voice by tick in the bar, each with an id that names its sound."""
    return [
        {
            figure.start_tick: [_drum_head(midi, f"{STROKE}-{midi}-{next(strokes)}") for midi in figure.pitches]
            for figure in voice
        }
        for voice in voices
    ]


def _drum_head(midi: int, name: str) -> note.Unpitched:
    drum = drum_of(midi)
    head = note.Unpitched(displayName=f"{drum.step}{drum.octave}")
    head.notehead = drum.head
    head.stemDirection = "down" if midi in FEET else "up"
    head.id = name
    return head
