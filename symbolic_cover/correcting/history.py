"""Corrections made, taken back and made again; and which bars of a song they touched.

A correction is said in words, ``chord 13.1=Eb``: a kind and its argument. Its class (`KINDS`) reads and applies it.
Bars count as they stand when the correction is made. What was corrected is kept with the sheet, so that no hearing of
the song overrules it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import ClassVar, Protocol, Self

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.sheet import Corrections, SongSheet
from symbolic_cover.correcting import content, melody, timing

#: More were hardly made by hand, and each change makes all of them anew.
MOST_CORRECTIONS = 2_000
_LONGEST_WORDS = 200


class Correction(Protocol):
    """What all corrections can: say themselves, and be applied. `apply` raises `UsageError` where they do not fit."""

    kind: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The correction whose `argument` is `text`. Raises `UsageError` for text that is none."""

    @property
    def argument(self) -> str:
        """What the kind's `parse` reads."""

    def apply(self, sheet: SongSheet) -> SongSheet:
        """The sheet with this put right."""


#: In the order in which `symbolic-cover correct` makes those that are asked for together.
KINDS: dict[str, type[Correction]] = {
    one.kind: one
    for one in (
        timing.Tempo, timing.Metre, timing.Downbeat, timing.Beat, timing.Swing, content.KeyOf, content.SectionOf,
        content.ChordOf, melody.Silent, melody.Take, melody.Delete, melody.Split, melody.Octave, melody.Move,
        melody.Draw, content.Confirm,
    )
}  # fmt: skip


def parse(words: str) -> Correction:
    """The correction that `words` say. Raises `UsageError` for words that say none."""
    kind, _, argument = words.strip().partition(" ")
    if kind not in KINDS or len(words) > _LONGEST_WORDS:
        raise UsageError(f"'{words[:40]}' is no correction.", f"Begin with one of: {', '.join(KINDS)}.")
    return KINDS[kind].parse(argument.strip())


def words_of(correction: Correction) -> str:
    """The words that say a correction, as `parse` reads them."""
    return f"{correction.kind} {correction.argument}"


def correct(sheet: SongSheet, *corrections: str | Correction) -> SongSheet:
    """Put a song sheet right, by corrections in words or as values, one after the other.

    What was taken back before can then not be made again. Raises `UsageError` for one that does not fit the song; the
    sheet that was given stays as it is.
    """
    for one in corrections:
        correction = parse(one) if isinstance(one, str) else one
        before = sheet.corrections.before or replace(sheet, corrections=Corrections())
        done = (*sheet.corrections.done, words_of(correction))
        if len(done) > MOST_CORRECTIONS:
            raise UsageError(f"More than {MOST_CORRECTIONS} corrections are not kept.", "Begin with a new song sheet.")
        sheet = replace(correction.apply(sheet), corrections=Corrections(done, (), before))
    return sheet


def undo(sheet: SongSheet) -> SongSheet:
    """The very sheet that was there before the last correction.

    Raises `UsageError` where there is none, or where its file was changed by hand since.
    """
    made = sheet.corrections
    if not made.done or made.before is None:
        raise UsageError("There is nothing to take back.", "")
    if _replayed(made.before, made.done) != replace(sheet, corrections=Corrections()):
        raise UsageError("The song sheet was changed by hand since.", "Its corrections can no more be taken back.")
    left, gone = made.done[:-1], made.done[-1]
    return replace(_replayed(made.before, left), corrections=Corrections(left, (*made.undone, gone), made.before))


def redo(sheet: SongSheet) -> SongSheet:
    """The sheet with the correction that was taken back last. Raises `UsageError` where none was."""
    made = sheet.corrections
    if not made.undone:
        raise UsageError("There is nothing to make again.", "")
    again = correct(sheet, made.undone[-1])
    return replace(again, corrections=replace(again.corrections, undone=made.undone[:-1]))


def as_of(sheet: SongSheet, done: Iterable[str]) -> SongSheet:
    """The song sheet as it was when just these corrections were made, whatever was corrected since.

    Raises `UsageError` where they do not fit it.
    """
    return correct(sheet.corrections.before or sheet, *done)


def _replayed(before: SongSheet, done: Iterable[str]) -> SongSheet:
    """The sheet with all corrections made anew, and without word of them."""
    return replace(reduce(correct, done, before), corrections=Corrections())


def changed_bars(before: SongSheet, after: SongSheet) -> list[int]:
    """The bars, from 1, in which two sheets differ in notes or chords; all of `after` where their bar lines differ."""
    grid = after.grid
    if before.grid.bars != grid.bars:
        return list(range(1, len(grid.bars) + 1))
    changed: set[int] = set()
    for layer in ("melody", "bass", "texture"):
        for note in set(getattr(before, layer)) ^ set(getattr(after, layer)):
            changed.add(grid.bar_index(note.onset_tick))
    for chord in set(before.chords) ^ set(after.chords):
        changed.update(range(grid.bar_index(chord.start_tick), grid.bar_index(chord.end_tick - 1) + 1))
    return sorted(index + 1 for index in changed)
