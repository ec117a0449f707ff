"""The song sheet: what is to be covered, on the grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Confidence, Source
from symbolic_cover.core.music import Chord, Key, Lyric, Note, Section


@dataclass(frozen=True)
class Corrections:
    """What a person put right in a song sheet.

    `done` are corrections in words, in their order (`correcting.history`), such as ``chord 13.1=Eb``; the sheet that
    has them is what they made of `before`, which is None where there are none. `undone` were taken back and can be
    made again, the last one taken back first.
    """

    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    before: SongSheet | None = None


@dataclass(frozen=True)
class SongSheet:
    """The lead sheet and more: what a cover keeps of a song. All notes on the grid, sorted.

    `texture` is what remains beside melody and bass. `chords` do not overlap and may leave gaps. `sections` and
    `lyrics` are empty where there are none. `confidence` is the listener's, by bars of the grid. An excerpt is not
    `is_whole`: its first and last bars are not those of its song. `remarks` are what a person should know of how the
    song was read, `corrections` what one put right in it.
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
        """The song so many semitones higher, wherever that leads."""

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
