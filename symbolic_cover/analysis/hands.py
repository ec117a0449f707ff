"""What two hands can play.

A hand holds at most `Reach.notes` notes within `Reach.span` semitones, including those held from before. `split_hands`
assigns every note of a piano texture to a hand and makes it playable; `unplayable_onsets` counts what is not playable.
The sampler enforces the same limits.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from symbolic_cover.core.music import Note


class Reach(NamedTuple):
    """The limits of one hand: notes at a time, and semitones from the lowest to the highest."""

    notes: int = 5
    span: int = 12

    def holds(self, pitches: Sequence[int]) -> bool:
        """True when one hand can hold these pitches together."""
        return not pitches or (len(pitches) <= self.notes and max(pitches) - min(pitches) <= self.span)


#: The reach for each level of difficulty.
REACH_OF_LEVEL = {"beginner": Reach(1, 7), "easy": Reach(2, 8), "intermediate": Reach(4, 12), "full": Reach(5, 12)}

#: The resting positions of the hands (C3, E4), and the costs of dropping a note, of shortening one by its whole length,
#: of a semitone of a leap: set by hand so that a note is dropped last; `test_hands` tests the consequences.
_LEFT_HOME, _RIGHT_HOME = 48, 64
_DROP_COST, _CUT_COST, _LEAP_COST = 6.0, 0.4, 0.02


def unplayable_onsets(notes: Iterable[Note], reach: Reach = Reach()) -> tuple[int, int]:
    """Count the onsets that no split between two hands can play.

    At each onset all sounding notes are sorted by pitch; some split into a lower and an upper
    group must let each hand hold its group. Returns (unplayable onsets, onsets).
    """
    ordered = sorted(notes)
    sounding: list[Note] = []
    bad = total = index = 0
    while index < len(ordered):
        onset = ordered[index].onset_tick
        sounding = [note for note in sounding if note.end_tick > onset]
        while index < len(ordered) and ordered[index].onset_tick == onset:
            sounding.append(ordered[index])
            index += 1
        pitches = sorted({note.pitch for note in sounding})
        total += 1
        bad += not any(reach.holds(pitches[:cut]) and reach.holds(pitches[cut:]) for cut in range(len(pitches) + 1))
    return bad, total


def unplayable_in_hand(notes: Iterable[Note], reach: Reach = Reach()) -> int:
    """Count the onsets of one hand's part at which it must hold more than it can."""
    bad = 0
    sounding: list[Note] = []
    for note in sorted(notes):
        sounding = [held for held in sounding if held.end_tick > note.onset_tick] + [note]
        bad += not reach.holds([held.pitch for held in sounding])
    return bad


def split_hands(
    accompaniment: Iterable[Note], melody: Sequence[Note] = (), reach: Reach = Reach()
) -> tuple[list[Note], list[Note]]:
    """Divide accompaniment notes between the left and the right hand so that both can play.

    The right hand also plays `melody`, which is never changed and stays on top: accompaniment that doubles it is left
    out, accompaniment above it moves down by octaves. A held note ends early if its hand must move; a note that fits
    nowhere is left out. Returns (left, right), both without the melody.
    """
    splitter = _Splitter(list(melody), reach)
    onsets: dict[int, list[Note]] = {}
    for note in accompaniment:
        onsets.setdefault(note.onset_tick, []).append(note)
    for note in melody:
        onsets.setdefault(note.onset_tick, [])
    for tick in sorted(onsets):
        splitter.place(tick, onsets[tick])
    return splitter.left.finished(), splitter.right.finished()


def fill_gaps(notes: Sequence[Note], other_hand: Sequence[Note], own_melody: Sequence[Note] = ()) -> list[Note]:
    """Lengthen notes that almost reach the next onset of their hand, as in notation.

    A note that fills at least half of the time to the next onset, of `notes` or of the melody in the same hand, is
    extended to it, but not past an onset of the other hand at or below its pitch.
    """
    onsets = sorted({note.onset_tick for note in (*notes, *own_melody)})
    stops = sorted((other.onset_tick, other.pitch) for other in other_hand)
    filled = []
    for note in notes:
        following = bisect.bisect_right(onsets, note.onset_tick)
        end = onsets[following] if following < len(onsets) else note.end_tick
        if note.duration_tick < end - note.onset_tick <= 2 * note.duration_tick:
            first = bisect.bisect_left(stops, (note.end_tick, 0))
            last = bisect.bisect_left(stops, (end, 0))
            end = min([end, *(tick for tick, pitch in stops[first:last] if pitch <= note.pitch)])
            note = note._replace(duration_tick=max(end - note.onset_tick, note.duration_tick))
        filled.append(note)
    return filled


class _Hand:
    """The notes of one hand so far; the last ones may still be held."""

    def __init__(self, home: int) -> None:
        self.center = float(home)
        self.done: list[Note] = []
        self.held: list[Note] = []

    def release(self, tick: int) -> None:
        self.done += [note for note in self.held if note.end_tick <= tick]
        self.held = [note for note in self.held if note.end_tick > tick]

    def cut(self, note: Note, tick: int) -> None:
        self.held.remove(note)
        if tick > note.onset_tick:
            self.done.append(note._replace(duration_tick=tick - note.onset_tick))

    def strike(self, notes: list[Note]) -> None:
        self.held += notes
        if notes:
            self.center = 0.5 * self.center + 0.5 * sum(note.pitch for note in notes) / len(notes)

    def finished(self) -> list[Note]:
        return sorted(self.done + self.held)


class _Splitter:
    def __init__(self, melody: list[Note], reach: Reach) -> None:
        self.melody = sorted(melody)
        self.reach = reach
        self.left, self.right = _Hand(_LEFT_HOME), _Hand(_RIGHT_HOME)
        self._next_melody = 0
        self._sounding_melody: list[Note] = []

    def place(self, tick: int, struck: list[Note]) -> None:
        """Assign the notes struck at `tick`."""
        self._advance_melody(tick)
        for hand in (self.left, self.right):
            hand.release(tick)
        melody = [note.pitch for note in self._sounding_melody]
        for note in [note for note in self.left.held + self.right.held if melody and note.pitch >= min(melody)]:
            (self.left if note in self.left.held else self.right).cut(note, tick)
        notes = self._below_melody(struck, melody)
        cuts = range(len(notes) + 1)
        _, left, right = min((self._plan(notes[:cut], notes[cut:], melody) for cut in cuts), key=lambda plan: plan[0])
        self._strike(self.left, left, [], tick)
        self._strike(self.right, right, melody, tick)

    def _advance_melody(self, tick: int) -> None:
        self._sounding_melody = [note for note in self._sounding_melody if note.end_tick > tick]
        while self._next_melody < len(self.melody) and self.melody[self._next_melody].onset_tick <= tick:
            note = self.melody[self._next_melody]
            if note.end_tick > tick:
                self._sounding_melody.append(note)
            self._next_melody += 1

    @staticmethod
    def _below_melody(struck: list[Note], melody: list[int]) -> list[Note]:
        """The struck notes in rising pitch without doubles, moved below the melody by octaves."""
        by_pitch: dict[int, Note] = {}
        for note in sorted(struck, key=lambda note: note.pitch):
            if note.pitch in melody:
                continue
            pitch = note.pitch
            while melody and pitch >= min(melody):
                pitch -= 12
            if pitch not in by_pitch or by_pitch[pitch].duration_tick < note.duration_tick:
                by_pitch[pitch] = note._replace(pitch=pitch)
        return [by_pitch[pitch] for pitch in sorted(by_pitch)]

    def _plan(self, left: list[Note], right: list[Note], melody: list[int]) -> tuple[float, list[Note], list[Note]]:
        kept_left = self._fit(left, [], keep_low=True)
        kept_right = self._fit(right, melody, keep_low=False)
        dropped = len(left) + len(right) - len(kept_left) - len(kept_right)
        cost = _DROP_COST * dropped
        for hand, kept, fixed in ((self.left, kept_left, []), (self.right, kept_right, melody)):
            pitches = [note.pitch for note in kept]
            held = [note.pitch for note in hand.held]
            cost += _CUT_COST * (len(held) - len(self._keepable(held, pitches + fixed)))
            if pitches:
                cost += _LEAP_COST * abs(sum(pitches) / len(pitches) - hand.center)
        low = [note.pitch for note in kept_left] + [note.pitch for note in self.left.held]
        if low and melody and max(low) > min(melody) - 3:
            cost += 1.0
        return cost, kept_left, kept_right

    def _fit(self, notes: list[Note], fixed: list[int], keep_low: bool) -> list[Note]:
        """The notes one hand can strike together with the `fixed` pitches."""
        kept: list[Note] = []
        for note in notes if keep_low else reversed(notes):
            if self.reach.holds([n.pitch for n in kept] + fixed + [note.pitch]):
                kept.append(note)
        return sorted(kept, key=lambda note: note.pitch)

    def _keepable(self, held: list[int], struck: list[int]) -> list[int]:
        kept: list[int] = []
        for pitch in held:
            if pitch not in struck and self.reach.holds(kept + struck + [pitch]):
                kept.append(pitch)
        return kept

    def _strike(self, hand: _Hand, notes: list[Note], melody: list[int], tick: int) -> None:
        other = self.right if hand is self.left else self.left
        for note in notes:
            for held in [held for held in other.held if held.pitch == note.pitch]:
                other.cut(held, tick)
        keep = self._keepable([held.pitch for held in hand.held], [note.pitch for note in notes] + melody)
        for held in [held for held in hand.held if held.pitch not in keep]:
            hand.cut(held, tick)
        hand.strike(notes)
