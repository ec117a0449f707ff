"""What stands around the notes: clefs, tempo, dynamics and chord symbols, as music21 objects."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

from music21 import clef, duration, dynamics, harmony, stream, tempo

from symbolic_cover.music import TICKS_PER_QUARTER, Arrangement, Bar, Chord, Key, Meter, Part
from symbolic_cover.render.spelling import spell_bass, spell_root

#: MusicXML's kind, and the text a player reads after the root, of each Harte quality.
CHORD_KINDS = {
    "maj": ("major", ""),
    "min": ("minor", "m"),
    "7": ("dominant-seventh", "7"),
    "maj7": ("major-seventh", "maj7"),
    "min7": ("minor-seventh", "m7"),
    "dim": ("diminished", "dim"),
    "aug": ("augmented", "aug"),
    "sus4": ("suspended-fourth", "sus4"),
    "sus2": ("suspended-second", "sus2"),
    "hdim7": ("half-diminished-seventh", "m7b5"),
    "dim7": ("diminished-seventh", "dim7"),
    "min6": ("minor-sixth", "m6"),
    "maj6": ("major-sixth", "6"),
}
_DYNAMICS = ((45, "p"), (62, "mp"), (84, "mf"), (128, "f"))
_BEAT_UNITS = {
    3: ("16th", 0),
    6: ("eighth", 0),
    9: ("eighth", 1),
    12: ("quarter", 0),
    18: ("quarter", 1),
    24: ("half", 0),
    48: ("whole", 0),
}
_VIOLA_PROGRAM, _GUITAR_PROGRAMS, _BASS_PROGRAMS = 41, range(24, 32), range(32, 40)


def clef_of(part: Part, staff_of: int, place: int) -> clef.Clef:
    """The clef of a part: those of the piano for the staves of one instrument, else by instrument or range."""
    if staff_of > 1:
        return clef.TrebleClef() if place == 0 else clef.BassClef()
    if part.program in _GUITAR_PROGRAMS:
        return clef.Treble8vbClef()
    if part.program in _BASS_PROGRAMS:
        return clef.Bass8vbClef()
    if part.program == _VIOLA_PROGRAM:
        return clef.AltoClef()
    pitches = sorted(note_.pitch for note_ in part.notes) or [72]
    return clef.TrebleClef() if pitches[len(pitches) // 2] >= 58 else clef.BassClef()


def mark_top_staff(staff: stream.Part, arrangement: Arrangement, bars: tuple[Bar, ...]) -> None:
    """Tempo, dynamic and chord symbols, which stand once for all."""
    measures = list(staff.getElementsByClass(stream.Measure))
    measures[0].insert(0, _tempo_mark(arrangement.grid.tempo_bpm, arrangement.grid.meter))
    velocities = [note_.velocity for note_ in arrangement.notes]
    if velocities:
        mean = sum(velocities) / len(velocities)
        measures[0].insert(0, dynamics.Dynamic(next(mark for limit, mark in _DYNAMICS if mean < limit)))
    starts = [bar_.start_tick for bar_ in bars]
    last_symbol = None
    for chord_ in sorted(arrangement.chords):
        start = max(chord_.start_tick, 0)
        if chord_[2:] == last_symbol or start >= bars[-1].end_tick:
            continue
        last_symbol = chord_[2:]
        index = bisect_right(starts, start) - 1
        measures[index].insert(Fraction(start - starts[index], TICKS_PER_QUARTER), _symbol(chord_, arrangement.key))


def _tempo_mark(bpm: float, meter_: Meter) -> tempo.MetronomeMark:
    value, dots = _BEAT_UNITS[meter_.beat_tick]
    return tempo.MetronomeMark(number=max(1, round(bpm)), referent=duration.Duration(type=value, dots=dots))


def _symbol(chord_: Chord, key_: Key) -> harmony.ChordSymbol:
    kind, words = CHORD_KINDS[chord_.quality]
    bass = _letter(*spell_bass(chord_, key_)) if chord_.bass != chord_.root else None
    symbol = harmony.ChordSymbol(root=_letter(*spell_root(chord_.root, key_, chord_.quality)), bass=bass, kind=kind)
    symbol.chordKindStr = words
    return symbol


def _letter(step: str, alter: int) -> str:
    return step + {-1: "-", 0: "", 1: "#"}[alter]
