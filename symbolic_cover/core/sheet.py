"""The song sheet: the song to be covered, on the grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence, Source
from symbolic_cover.core.music import Chord, Key, Lyric, Note, Section


@dataclass(frozen=True)
class Corrections:
    """The corrections of a song sheet by its user.

    `done` are corrections as text, in order (`correcting.history`), such as ``chord 13.1=Eb``; applied to `before` they
    give the sheet; `before` is None where there are none. `undone` are those that can be redone, the last one undone
    first.
    """

    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    before: SongSheet | None = None


@dataclass(frozen=True)
class SongSheet:
    """A lead sheet and more: everything a cover uses of a song. All notes are on the grid, sorted.

    `texture` has the notes beside melody and bass. `chords` do not overlap and may leave gaps. `sections` and `lyrics`
    are empty where there are none. `confidence` is that of the listener, by bars of the grid. An excerpt has `is_whole`
    False: its first and last bars are not those of the song. `remarks` are notes for the user about how the song was
    read; `corrections` are those made by the user.
    """

    grid: Grid
    melody: tuple[Note, ...]
    bass: tuple[Note, ...]
    texture: tuple[Note, ...]
    chords: tuple[Chord, ...]
    key: Key
    title: str = "Untitled"
    is_whole: bool = True
    composer: str = ""
    source: Source = Source()
    sections: tuple[Section, ...] = ()
    lyrics: tuple[Lyric, ...] = ()
    confidence: Confidence = Confidence()
    remarks: tuple[str, ...] = ()
    corrections: Corrections = Corrections()

    def transposed(self, semitones: int) -> SongSheet:
        """The song transposed by semitones, without regard to any range."""

        def moved(notes: tuple[Note, ...]) -> tuple[Note, ...]:
            return tuple(note._replace(pitch=note.pitch + semitones) for note in notes)

        return replace(
            self,
            melody=moved(self.melody),
            bass=moved(self.bass),
            texture=moved(self.texture),
            chords=tuple(
                chord._replace(root=(chord.root + semitones) % 12, bass=(chord.bass + semitones) % 12)
                for chord in self.chords
            ),
            key=self.key.transposed(semitones),
        )

    @property
    def notes(self) -> tuple[Note, ...]:
        """Every note of the song."""
        return tuple(sorted(self.melody + self.bass + self.texture))
