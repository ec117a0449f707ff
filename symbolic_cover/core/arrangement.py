"""A cover on the grid: its parts and its report."""

from __future__ import annotations

from dataclasses import dataclass

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import Chord, Key, Lyric, Note, Section


@dataclass(frozen=True)
class Part:
    """The notes of one player or one hand. Parts with the same non-empty `group` share one instrument.

    With `is_drums`, pitches are General MIDI percussion.
    """

    name: str
    group: str
    program: int
    notes: tuple[Note, ...]
    is_drums: bool = False


@dataclass(frozen=True)
class Arrangement:
    """A cover on the grid. `melody` are the notes of the leading part that belong to the song's melody.

    `source` names the covered file; `sections` and `lyrics` are those of the song. `like` is the style in whose manner
    it is played, if not its own.
    """

    parts: tuple[Part, ...]
    melody: tuple[Note, ...]
    grid: Grid
    key: Key
    chords: tuple[Chord, ...]
    style: str
    arranger: str
    title: str = "Untitled"
    seed: int = 0
    composer: str = ""
    source: str = ""
    sections: tuple[Section, ...] = ()
    like: str = ""
    lyrics: tuple[Lyric, ...] = ()

    @property
    def manner(self) -> str:
        """The style in whose manner this is played."""
        return self.like or self.style

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of all parts, sorted."""
        return tuple(sorted(note for part in self.parts for note in part.notes))

    @property
    def pitched_notes(self) -> tuple[Note, ...]:
        """The notes of all parts but the drums, sorted."""
        return tuple(sorted(note for part in self.parts if not part.is_drums for note in part.notes))


@dataclass(frozen=True)
class Report:
    """How good a cover is and how it was made.

    `scores` are measures by name (`evaluation.measures`) of the ``cover``, of what the ``rules`` make of the song, and
    of the ``source``. `findings` are notes for the user; `settings` and `timings_sec` (by stage) say how it was made.
    """

    scores: dict[str, dict[str, float]]
    findings: tuple[str, ...]
    settings: dict[str, object]
    timings_sec: dict[str, float]
