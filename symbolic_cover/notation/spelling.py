"""Pitch spelling: A# or Bb.

Names are places on the line of fifths (C = 0, G = 1, F = -1, F# = 6, Bb = -2), as in Longuet-Higgins (1976) and
Temperley, *The Cognition of Basic Musical Structures* (2001, ch. 5): the name nearest to its context is chosen. The
context is, in this order: the chord (its tones are thirds above its root), the next note (a chromatic note a semitone
from it is its leading note), and the key.
"""

from __future__ import annotations

from typing import NamedTuple

from symbolic_cover.core.music import CHORD_INTERVALS, Chord, Key

#: Fifths from the root of a chord to its tones, by semitones above the root.
_TONE_FIFTHS = {0: 0, 2: 2, 3: -3, 4: 4, 5: -1, 6: -6, 7: 1, 8: 8, 9: 3, 10: -2, 11: 5}
#: The lowest of the twelve fifths in use around a key signature: Eb..G# in C major, Bb..D# in A minor.
_LOWEST_FIFTH = {"major": -3, "minor": -2}
_STEPS = "FCGDAEB"


class Spelling(NamedTuple):
    """A written pitch: `step` A..G, `alter` in semitones (-1 is flat), `octave` (middle C is in 4)."""

    step: str
    alter: int
    octave: int


def spell(pitch: int, key: Key, chord: Chord | None = None, next_pitch: int | None = None) -> Spelling:
    """Name a MIDI pitch in its key and chord, before the next note. Never a double accidental."""
    return _named(pitch, _fifth_of(pitch, key, chord, next_pitch))


def spell_root(pitch_class: int, key: Key, quality: str = "maj") -> tuple[str, int]:
    """Step and alteration of a chord's root; diminished chords lead upwards and are spelled with sharps, major ones
    above the tonic lead down to it and are spelled with flats (D flat in C)."""
    name = _named(pitch_class, _root_fifth(pitch_class, key, quality))
    return name.step, name.alter


def spell_bass(chord: Chord, key: Key) -> tuple[str, int]:
    """Step and alteration of a chord's bass, as a tone of the chord if it is one."""
    name = _named(chord.bass, _fifth_of(chord.bass, key, chord, None))
    return name.step, name.alter


def _fifth_of(pitch: int, key: Key, chord: Chord | None, next_pitch: int | None) -> int:
    usual = _within(pitch, key.fifths + _LOWEST_FIFTH[key.mode])
    if chord and (pitch - chord.root) % 12 in CHORD_INTERVALS[chord.quality]:
        step = (pitch - chord.root) % 12
        up = -9 if step == 9 and chord.quality == "dim7" else _TONE_FIFTHS[step]
        fifth = _root_fifth(chord.root, key, chord.quality) + up
        return fifth if _is_simple(fifth) else usual
    is_chromatic = not key.fifths - 1 <= usual <= key.fifths + 5
    if is_chromatic and next_pitch is not None and abs(next_pitch - pitch) == 1:
        target = _within(next_pitch, key.fifths + _LOWEST_FIFTH[key.mode])
        leading = target + 5 * (next_pitch - pitch)
        return leading if -6 <= leading <= 10 else usual  # no E#, B#, Cb or Fb for passing notes
    return usual


def _root_fifth(pitch_class: int, key: Key, quality: str) -> int:
    if "dim" in quality:
        lowest = key.fifths - 1
    elif key.mode == "minor":
        lowest = key.fifths - 3
    else:
        lowest = key.fifths - (5 if {4, 7} <= set(CHORD_INTERVALS[quality]) else 4)
    fifth = _within(pitch_class, lowest)
    return fifth if _is_simple(fifth) else _within(pitch_class, -5)


def _within(pitch: int, lowest: int) -> int:
    """The one place of this pitch class among twelve fifths from `lowest` on."""
    return lowest + (pitch * 7 - lowest) % 12


def _is_simple(fifth: int) -> bool:
    """Whether a name has at most one sharp or flat."""
    return -8 <= fifth <= 12


def _named(pitch: int, fifth: int) -> Spelling:
    if not _is_simple(fifth):
        fifth = _within(pitch, -5)
    alter, index = divmod(fifth + 1, 7)
    natural = pitch - alter
    return Spelling(_STEPS[index], alter, natural // 12 - 1)
