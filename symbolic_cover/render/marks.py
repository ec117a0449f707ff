"""What stands around the notes: clefs, tempo, dynamics and chord symbols, as music21 objects."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from music21 import clef, duration, dynamics, harmony, stream, tempo

from symbolic_cover.music import TICKS_PER_QUARTER, Arrangement, Bar, Chord, Key, Meter, Note
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


def clef_named(name: str) -> clef.Clef:
    """A clef as `Player.clefs` names it."""
    kinds = {
        "treble": clef.TrebleClef,
        "treble-8": clef.Treble8vbClef,
        "alto": clef.AltoClef,
        "bass": clef.BassClef,
        "bass-8": clef.Bass8vbClef,
        "percussion": clef.PercussionClef,
    }
    return kinds[name]()


def mark_top_staff(staff: stream.Part, arrangement: Arrangement, bars: tuple[Bar, ...], *, with_chords: bool) -> None:
    """Tempo and chord symbols, which stand once for all."""
    measures = list(staff.getElementsByClass(stream.Measure))
    measures[0].insert(0, _tempo_mark(arrangement.grid.tempo_bpm, arrangement.grid.meter))
    starts = [bar_.start_tick for bar_ in bars]
    last_symbol = None
    for chord_ in sorted(arrangement.chords) if with_chords else ():
        start = max(chord_.start_tick, 0)
        if chord_[2:] == last_symbol or start >= bars[-1].end_tick:
            continue
        last_symbol = chord_[2:]
        index = bisect_right(starts, start) - 1
        measures[index].insert(Fraction(start - starts[index], TICKS_PER_QUARTER), _symbol(chord_, arrangement.key))


def mark_dynamic(staff: stream.Part, notes: Sequence[Note], bars: tuple[Bar, ...], *, above: bool = False) -> None:
    """How loud a player is, where they begin; above the staff for singers, whose words stand below."""
    if not notes:
        return
    mean = sum(note_.velocity for note_ in notes) / len(notes)
    first = min(note_.onset_tick for note_ in notes)
    index = bisect_right([bar_.start_tick for bar_ in bars], first) - 1
    measure = list(staff.getElementsByClass(stream.Measure))[index]
    mark = dynamics.Dynamic(next(mark for limit, mark in _DYNAMICS if mean < limit))
    if above:
        mark.placement = "above"
    measure.insert(Fraction(first - bars[index].start_tick, TICKS_PER_QUARTER), mark)


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
