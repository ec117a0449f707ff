"""Make, undo and redo corrections, and find the bars they change.

A correction is text such as ``chord 13.1=Eb``: a kind and its argument. Its class (`KINDS`) parses and applies it. Bars
are numbered as they are when the correction is made. Corrections are stored with the sheet, so that a new analysis of
the song does not overwrite them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import ClassVar, Protocol, Self

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Bar, Chord
from symbolic_cover.core.sheet import Corrections, SongSheet
from symbolic_cover.correcting import content, melody, timing

#: More are hardly made by hand, and each change replays all of them.
MOST_CORRECTIONS = 2_000
_LONGEST_WORDS = 200


class Correction(Protocol):
    """The interface of corrections. `apply` raises `UsageError` for a correction that does not fit."""

    kind: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The correction with the argument `text`. Raises `UsageError` for invalid text."""

    @property
    def argument(self) -> str:
        """What the kind's `parse` reads."""

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The corrected sheet."""


#: In the order in which `symbolic-cover correct` applies them.
KINDS: dict[str, type[Correction]] = {
    one.kind: one
    for one in (
        timing.Tempo, timing.Metre, timing.Downbeat, timing.Beat, timing.Swing, content.KeyOf, content.SectionOf,
        content.ChordOf, melody.Silent, melody.Take, melody.Delete, melody.Split, melody.Octave, melody.Move,
        melody.Draw, content.Confirm,
    )
}  # fmt: skip


def parse(words: str) -> Correction:
    """Parse a correction. Raises `UsageError` for invalid text."""
    kind, _, argument = words.strip().partition(" ")
    if kind not in KINDS or len(words) > _LONGEST_WORDS:
        raise UsageError(f"'{words[:40]}' is not a correction.", f"Begin with one of: {', '.join(KINDS)}.")
    return KINDS[kind].parse(argument.strip())


def words_of(correction: Correction) -> str:
    """The text of a correction, as `parse` reads it."""
    return f"{correction.kind} {correction.argument}"


def correct(sheet: SongSheet, *corrections: str | Correction) -> SongSheet:
    """Apply corrections, as text or values, to a song sheet, in order.

    Undone corrections can then no longer be redone. Raises `UsageError` for one that does not fit the song; the given
    sheet is not changed.
    """
    for one in corrections:
        correction = parse(one) if isinstance(one, str) else one
        before = sheet.corrections.before or replace(sheet, corrections=Corrections())
        done = (*sheet.corrections.done, words_of(correction))
        if len(done) > MOST_CORRECTIONS:
            raise UsageError(f"There can be at most {MOST_CORRECTIONS} corrections.", "Start with a new song sheet.")
        sheet = replace(correction.apply(sheet), corrections=Corrections(done, (), before))
    return sheet


def undo(sheet: SongSheet) -> SongSheet:
    """The sheet before the last correction.

    Raises `UsageError` if there is none, or if its file was changed by hand since.
    """
    made = sheet.corrections
    if not made.done or made.before is None:
        raise UsageError("There is nothing to undo.", "")
    if _replayed(made.before, made.done) != replace(sheet, corrections=Corrections()):
        raise UsageError("The song sheet was changed by hand since.", "Its corrections can no longer be undone.")
    left, gone = made.done[:-1], made.done[-1]
    return replace(_replayed(made.before, left), corrections=Corrections(left, (*made.undone, gone), made.before))


def redo(sheet: SongSheet) -> SongSheet:
    """The sheet with the last undone correction. Raises `UsageError` if there is none."""
    made = sheet.corrections
    if not made.undone:
        raise UsageError("There is nothing to redo.", "")
    again = correct(sheet, made.undone[-1])
    return replace(again, corrections=replace(again.corrections, undone=made.undone[:-1]))


def as_of(sheet: SongSheet, done: Iterable[str]) -> SongSheet:
    """The song sheet with exactly these corrections, without later ones.

    Raises `UsageError` if they do not fit it.
    """
    return correct(sheet.corrections.before or sheet, *done)


def _replayed(before: SongSheet, done: Iterable[str]) -> SongSheet:
    """The sheet with all corrections applied again, without their history."""
    return replace(reduce(correct, done, before), corrections=Corrections())


def changed_bars(before: SongSheet, after: SongSheet) -> list[int]:
    """The bars, from 1, in which two sheets differ in notes or chords; all of `after` if their bar lines differ."""
    grid = after.grid
    if before.grid.bars != grid.bars:
        return list(range(1, len(grid.bars) + 1))
    changed: set[int] = set()
    for layer in ("melody", "bass", "texture"):
        for note in set(getattr(before, layer)) ^ set(getattr(after, layer)):
            changed.add(grid.bar_index(note.onset_tick))
    changed |= {i for i, bar in enumerate(grid.bars) if _chords_in(before, bar) != _chords_in(after, bar)}
    return sorted(index + 1 for index in changed)


def _chords_in(sheet: SongSheet, bar: Bar) -> list[Chord]:
    """The chords that sound in a bar, cut to it."""
    start, end = bar.start_tick, bar.end_tick
    return [
        chord._replace(start_tick=max(chord.start_tick, start), end_tick=min(chord.end_tick, end))
        for chord in sorted(sheet.chords)
        if chord.start_tick < end and chord.end_tick > start
    ]
