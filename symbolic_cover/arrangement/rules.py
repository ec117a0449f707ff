"""The arranger without a model: melody, bass and broken chords.

It is the baseline for the model, and the fallback without weights. The melody is copied. On a piano the left hand plays
the bass on the first and the middle beat and breaks the chord in eighths; where the melody rests, the right hand adds
the chord. Notes that hands cannot play are moved or dropped. In other ensembles the lowest part plays the bass, single
lines hold the nearest chord tones, chordal parts play the chord on every beat, and drums keep time.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbolic_cover.analysis.hands import REACH_OF_LEVEL, split_hands
from symbolic_cover.core.ensemble import Ensemble, PartSpec
from symbolic_cover.core.music import TICKS_PER_QUARTER, Bar, Chord, Note
from symbolic_cover.core.sheet import SongSheet

_EIGHTH = TICKS_PER_QUARTER // 2
#: The lowest notes of bass, broken chord and held chord: C2, C3 and A3, as in textbooks of harmony; middle velocities.
_BASS_LOW, _BROKEN_LOW, _BLOCK_LOW = 36, 48, 57
_BROKEN_ORDER = (0, 1, 2, 1)
_VELOCITY = 64
_KICK, _SNARE, _HAT = 36, 38, 42
_SINGLE = 3  # parts with fewer notes at a time play lines


def accompany_by_rules(sheet: SongSheet, ensemble: Ensemble, level: str = "full") -> dict[str, list[Note]]:
    """Rule-based accompaniment for `sheet`: {part: notes}, without the melody."""
    others = [spec for spec in ensemble.parts if spec.name != ensemble.lead and not spec.is_hand]
    found = {spec.name: _part_by_rules(sheet, spec, others) for spec in others}
    if any(spec.is_hand for spec in ensemble.parts):
        melody = sheet.melody if ensemble.lead == "right-hand" else ()
        found["left-hand"], found["right-hand"] = _piano(sheet, melody, level)
    if ensemble.name == "guitar":
        found["guitar"] = _plucked(sheet)
    return found


def _piano(sheet: SongSheet, melody: Sequence[Note], level: str) -> tuple[list[Note], list[Note]]:
    notes: list[Note] = []
    for bar in sheet.grid.bars:
        for chord in _chords_in(bar, sheet.chords):
            notes += _bass(bar, chord) + _broken_chord(chord, level)
        notes += _block_chords(bar, sheet)
    return split_hands(notes, melody, REACH_OF_LEVEL[level])


def _plucked(sheet: SongSheet) -> list[Note]:
    """Bass and broken chord of a guitar, below the melody."""
    melody = {tick: note.pitch for note in sheet.melody for tick in range(note.onset_tick, note.end_tick)}
    notes = [note for bar in sheet.grid.bars for chord in _chords_in(bar, sheet.chords)
             for note in _bass(bar, chord) + _broken_chord(chord, "full")]  # fmt: skip
    raised = [note if note.pitch >= 40 else note._replace(pitch=note.pitch + 12) for note in notes]
    return [
        note for note in raised if note.pitch < min(melody.get(t, 999) for t in range(note.onset_tick, note.end_tick))
    ]


def _part_by_rules(sheet: SongSheet, spec: PartSpec, others: Sequence[PartSpec]) -> list[Note]:
    """The notes of a part that is not a hand."""
    if spec.is_drums:
        return [note for bar in sheet.grid.bars for note in _drums(bar)]
    pitched = [other for other in others if not other.is_drums]
    lowest = min(pitched, key=lambda other: other.lowest + other.highest)
    notes: list[Note] = []
    near = (spec.lowest + spec.highest) // 2
    for bar in sheet.grid.bars:
        for chord in _chords_in(bar, sheet.chords):
            if spec is lowest:
                notes += [note._replace(pitch=_into(note.pitch, spec)) for note in _bass(bar, chord)]
            elif spec.most < _SINGLE:
                near = _nearest(chord, near, spec)
                notes.append(Note(chord.start_tick, chord.end_tick - chord.start_tick, near, _VELOCITY))
            else:
                notes += _struck(bar, chord, spec)
    return notes


def _into(pitch: int, spec: PartSpec) -> int:
    while pitch < spec.lowest:
        pitch += 12
    while pitch > spec.highest:
        pitch -= 12
    return pitch


def _nearest(chord: Chord, near: int, spec: PartSpec) -> int:
    """The chord tone within the part's range that is nearest to its last note."""
    tones = [pitch for pitch in range(spec.lowest, spec.highest + 1) if pitch % 12 in chord.pitch_classes]
    return min(tones, key=lambda pitch: (abs(pitch - near), pitch))


def _struck(bar: Bar, chord: Chord, spec: PartSpec) -> list[Note]:
    """The chord on every beat, in close position."""
    beat = bar.meter.beat_tick
    tones = sorted(_into(_BLOCK_LOW + (tone - _BLOCK_LOW) % 12, spec) for tone in chord.pitch_classes)[: spec.most]
    ticks = range(chord.start_tick, chord.end_tick, beat)
    return [Note(tick, min(beat, chord.end_tick - tick), pitch, _VELOCITY) for tick in ticks for pitch in tones]


def _drums(bar: Bar) -> list[Note]:
    """Bass drum and snare on alternating beats, hi-hat in eighths."""
    hats = [Note(tick, _EIGHTH // 2, _HAT, _VELOCITY) for tick in range(bar.start_tick, bar.end_tick, _EIGHTH)]
    beats = range(bar.start_tick, bar.end_tick, bar.meter.beat_tick)
    return hats + [Note(tick, _EIGHTH // 2, _SNARE if i % 2 else _KICK, _VELOCITY) for i, tick in enumerate(beats)]


def _chords_in(bar: Bar, chords: tuple[Chord, ...]) -> list[Chord]:
    return [
        chord._replace(start_tick=max(chord.start_tick, bar.start_tick), end_tick=min(chord.end_tick, bar.end_tick))
        for chord in chords
        if chord.start_tick < bar.end_tick and chord.end_tick > bar.start_tick
    ]


def _bass(bar: Bar, chord: Chord) -> list[Note]:
    """The bass at the start of each chord and on the middle beat."""
    middle = bar.start_tick + (bar.meter.bar_tick // 2 if bar.meter.numerator % 2 == 0 else bar.meter.bar_tick)
    strokes = [chord.start_tick] + ([middle] if chord.start_tick < middle < chord.end_tick else [])
    pitch = _BASS_LOW + (chord.bass - _BASS_LOW) % 12
    ends = [*strokes[1:], chord.end_tick]
    return [Note(tick, end - tick, pitch, _VELOCITY + 8) for tick, end in zip(strokes, ends, strict=True)]


def _broken_chord(chord: Chord, level: str) -> list[Note]:
    step = {"beginner": 8, "easy": 4, "intermediate": 2, "full": 1}[level] * _EIGHTH
    tones = sorted(_BROKEN_LOW + (pitch_class - _BROKEN_LOW) % 12 for pitch_class in chord.pitch_classes)
    return [
        Note(tick, min(step, chord.end_tick - tick), tones[_BROKEN_ORDER[index % 4] % len(tones)], _VELOCITY)
        for index, tick in enumerate(range(chord.start_tick, chord.end_tick, step))
        if index
    ]


def _block_chords(bar: Bar, sheet: SongSheet) -> list[Note]:
    """A held chord for the right hand in bars without melody."""
    if any(note.onset_tick < bar.end_tick and note.end_tick > bar.start_tick for note in sheet.melody):
        return []
    return [
        Note(chord.start_tick, chord.end_tick - chord.start_tick, _BLOCK_LOW + (tone - _BLOCK_LOW) % 12, _VELOCITY)
        for chord in _chords_in(bar, sheet.chords)
        for tone in sorted(chord.pitch_classes)
    ]
