"""Music for beginners: a simple key, a melody in eighths, one note in each hand, and a left hand that hardly moves.

The rules are those of piano methods (five-finger positions; hands meet on strong beats). They are deterministic and
apply after any arranger, so the bass of a style is kept where it falls on a strong beat.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from symbolic_cover.core.ensemble import Ensemble
from symbolic_cover.core.music import STRAIGHT_TICK, Bar, Chord, Key, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.viterbi import steadiest_path

_MOST_SIGNS = 1
#: Five fingers on neighbouring white keys span a fifth. The lowest keys of the left hand's positions, all below middle
#: C, and the preferred one.
_FIFTH = 7
_LOWEST_KEYS, _BEST_KEY = range(41, 51), 48
_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
#: Costs, set by hand: of replacing a note outside the position by another tone of its chord, and by a tone outside the
#: chord; of a black lowest key, of each semitone from the preferred position, of a change of position.
_OTHER_TONE, _NO_TONE, _ON_BLACK, _AWAY, _MOVE = 1.0, 3.0, 0.3, 0.02, 3.0


def easy_key_steps(key: Key) -> int:
    """The semitones, -6..5, from a key to the nearest one with at most one sharp or flat."""
    steps = [step for step in range(-6, 6) if abs(key.transposed(step).fifths) <= _MOST_SIGNS]
    return min(steps, key=lambda step: (abs(step), step))


def for_beginners(sheet: SongSheet, *, choose_key: bool = True) -> SongSheet:
    """The song in a simple key, if that may be chosen, and its melody in eighths; a melody with words is not changed.

    Changes are listed in its remarks.
    """
    remarks = list(sheet.remarks)
    steps = easy_key_steps(sheet.key) if choose_key else 0
    if steps:
        sheet = sheet.transposed(steps)
        remarks.append(f"Transposed by {steps:+d} semitones to {sheet.key.label} for beginners.")
    melody = sheet.melody if sheet.lyrics else in_eighths(sheet.melody)
    if changed := len({note[:2] for note in sheet.melody} - {note[:2] for note in melody}):
        remarks.append(f"The rhythm of {changed} notes of the melody was simplified for beginners.")
    return replace(sheet, melody=melody, remarks=tuple(remarks))


def in_eighths(melody: Sequence[Note]) -> tuple[Note, ...]:
    """A melody whose notes begin and end on eighths. Notes off the eighths move to the next one if they sound there and
    no other begins there, else to the one before if it is free, else they are left out."""
    taken = {note.onset_tick for note in melody if note.onset_tick % STRAIGHT_TICK == 0}
    placed: list[Note] = []
    for note in sorted(melody):
        before = note.onset_tick // STRAIGHT_TICK * STRAIGHT_TICK
        if note.onset_tick == before:
            placed.append(note)
            continue
        after = before + STRAIGHT_TICK
        free = [tick for tick in (after, before) if tick not in taken and (tick == before or note.end_tick > after)]
        if free:
            taken.add(free[0])
            placed.append(note._replace(onset_tick=free[0], duration_tick=max(note.end_tick - free[0], 1)))
    placed.sort()
    nexts = [*(note.onset_tick for note in placed[1:]), None]
    return tuple(_ending_on_eighths(note, following) for note, following in zip(placed, nexts, strict=True))


def _ending_on_eighths(note: Note, following: int | None) -> Note:
    end = -(-note.end_tick // STRAIGHT_TICK) * STRAIGHT_TICK
    end = end if following is None or following <= note.onset_tick else min(end, following)
    return note._replace(duration_tick=max(end - note.onset_tick, STRAIGHT_TICK))


def for_small_hands(
    accompaniment: Mapping[str, Sequence[Note]], sheet: SongSheet, ensemble: Ensemble
) -> dict[str, list[Note]]:
    """The accompaniment with one note for each hand: none beside the melody, elsewhere the lowest on strong beats.

    The left hand stays in a five-finger position while its chords allow it. Other parts are unchanged.
    """
    simple = {name: list(notes) for name, notes in accompaniment.items()}
    for spec in ensemble.parts:
        if not spec.is_hand:
            continue
        line = [] if spec.name == ensemble.lead else _on_strong_beats(simple.get(spec.name, []), sheet.grid.bars)
        simple[spec.name] = in_position(line, sheet.chords) if spec.name == "left-hand" else line
    return simple


def _on_strong_beats(notes: Sequence[Note], bars: Sequence[Bar]) -> list[Note]:
    """The lowest note of each bar, or of each half bar where bars have halves, held to the next."""
    line: list[Note] = []
    for bar in bars:
        beats = bar.meter.bar_tick // bar.meter.beat_tick
        length = bar.meter.bar_tick // 2 if beats % 4 == 0 else bar.meter.bar_tick
        for begin in range(bar.start_tick, bar.end_tick, length):
            struck = [note for note in notes if begin <= note.onset_tick < begin + length]
            if struck:
                low = min(struck, key=lambda note: (note.onset_tick > begin, note.pitch, note.onset_tick))
                line.append(low._replace(onset_tick=begin, duration_tick=length))
    return line


def in_position(line: Sequence[Note], chords: Sequence[Chord]) -> list[Note]:
    """A line of single notes in as few five-finger positions as possible; notes outside the chord or the position are
    replaced by the bass or another tone of the chord."""
    if not line:
        return []
    ordered = sorted(chords)
    starts = [chord.start_tick for chord in ordered]
    played = []
    for note in line:
        index = bisect_right(starts, note.onset_tick) - 1
        chord = ordered[index] if index >= 0 else None
        played.append([_played(note.pitch, lowest, chord) for lowest in _LOWEST_KEYS])
    comfort = np.array([_AWAY * abs(low - _BEST_KEY) + _ON_BLACK * (low % 12 in _BLACK_KEYS) for low in _LOWEST_KEYS])
    costs = np.array([[cost for _, cost in choices] for choices in played]) + comfort
    path = steadiest_path(-costs, np.full(len(line), _MOVE))
    return [note._replace(pitch=choices[place][0]) for note, choices, place in zip(line, played, path, strict=True)]


def _played(pitch: int, lowest: int, chord: Chord | None) -> tuple[int, float]:
    """The note that a hand with its lowest finger on a key plays for a pitch, and its cost."""
    own = pitch % 12
    wanted = [own] if chord is None else [chord.bass, *sorted(chord.pitch_classes - {chord.bass})]
    if own in wanted:
        wanted = [own, *wanted]
    for place, tone in enumerate(wanted):
        key = lowest + (tone - lowest) % 12
        if key <= lowest + _FIFTH:
            return key, _OTHER_TONE * (place > 0)
    return pitch, _NO_TONE
