"""The arranger without a model: melody, bass and a broken chord.

The baseline that the model must beat, and the fallback where there are no weights. The tune is
copied; the left hand plays the bass on the first and the middle beat and breaks the chord in
eighths; where the tune rests, the right hand adds the chord. What hands cannot do is repaired.
"""

from __future__ import annotations

from symbolic_cover.analyze.hands import REACH_OF_LEVEL, split_hands
from symbolic_cover.music import TICKS_PER_QUARTER, Bar, Chord, Content, Note

_EIGHTH = TICKS_PER_QUARTER // 2
_BASS_LOW, _BROKEN_LOW, _BLOCK_LOW = 36, 48, 57
_BROKEN_ORDER = (0, 1, 2, 1)
_VELOCITY = 64


def arrange_by_rules(content: Content, level: str = "full") -> dict[str, list[Note]]:
    """Accompaniment for `content` by hand: {``left-hand``: notes, ``right-hand``: notes}, without the melody."""
    notes: list[Note] = []
    for bar in content.grid.bars:
        for chord in _chords_in(bar, content.chords):
            notes += _bass(bar, chord) + _broken_chord(chord, level)
        notes += _block_chords(bar, content)
    left, right = split_hands(notes, content.melody, REACH_OF_LEVEL[level])
    return {"left-hand": left, "right-hand": right}


def _chords_in(bar: Bar, chords: tuple[Chord, ...]) -> list[Chord]:
    return [
        chord._replace(start_tick=max(chord.start_tick, bar.start_tick), end_tick=min(chord.end_tick, bar.end_tick))
        for chord in chords
        if chord.start_tick < bar.end_tick and chord.end_tick > bar.start_tick
    ]


def _bass(bar: Bar, chord: Chord) -> list[Note]:
    """The bass where the chord begins, and on the middle beat."""
    middle = bar.start_tick + (bar.meter.bar_tick // 2 if bar.meter.numerator % 2 == 0 else bar.meter.bar_tick)
    strokes = [chord.start_tick] + ([middle] if chord.start_tick < middle < chord.end_tick else [])
    pitch = _BASS_LOW + (chord.bass - _BASS_LOW) % 12
    ends = [*strokes[1:], chord.end_tick]
    return [Note(tick, end - tick, pitch, _VELOCITY + 8) for tick, end in zip(strokes, ends, strict=True)]


def _broken_chord(chord: Chord, level: str) -> list[Note]:
    step = {"easy": 4, "intermediate": 2, "full": 1}[level] * _EIGHTH
    tones = sorted(_BROKEN_LOW + (pitch_class - _BROKEN_LOW) % 12 for pitch_class in chord.pitch_classes)
    return [
        Note(tick, min(step, chord.end_tick - tick), tones[_BROKEN_ORDER[index % 4] % len(tones)], _VELOCITY)
        for index, tick in enumerate(range(chord.start_tick, chord.end_tick, step))
        if index
    ]


def _block_chords(bar: Bar, content: Content) -> list[Note]:
    """A held chord for the right hand in bars without melody."""
    if any(note.onset_tick < bar.end_tick and note.end_tick > bar.start_tick for note in content.melody):
        return []
    return [
        Note(chord.start_tick, chord.end_tick - chord.start_tick, _BLOCK_LOW + (tone - _BLOCK_LOW) % 12, _VELOCITY)
        for chord in _chords_in(bar, content.chords)
        for tone in sorted(chord.pitch_classes)
    ]
