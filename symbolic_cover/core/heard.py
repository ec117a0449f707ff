"""The result of listening, from recordings and scores alike.

Everything is in seconds; the grid converts to ticks. What a source does not state is None or empty. What a file says by
the names of its tracks is interpreted by its reader and given as a `Role`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import CHORD_INTERVALS, Key, Note

#: Octaves of stated chords that nobody plays: the bass from C2, the rest from C4.
_LOW, _MIDDLE = 36, 60


@dataclass(frozen=True)
class Recording:
    """Sound: `samples` is mono float32 of shape (n,), at `rate_hz`; `remarks` are notes for the user."""

    samples: np.ndarray
    rate_hz: int
    remarks: tuple[str, ...] = ()

    @property
    def duration_sec(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


class Role(Enum):
    """The function of a track as stated by the source; `CHORDS` are block chords that state the harmony and are not
    played."""

    UNSAID = ""
    MELODY = "melody"
    BASS = "bass"
    CHORDS = "chords"


class TimedNote(NamedTuple):
    """A note in seconds."""

    onset_sec: float
    end_sec: float
    pitch: int
    velocity: int = 80


class TimedTrack(NamedTuple):
    """The notes of one voice, instrument or MIDI track, in seconds. `program` is General MIDI's."""

    name: str
    notes: tuple[TimedNote, ...]
    program: int = 0
    is_drums: bool = False
    role: Role = Role.UNSAID


class TimedChord(NamedTuple):
    """A chord from `start_sec` to `end_sec`. Root and bass are pitch classes, `quality` is one of `CHORD_INTERVALS`."""

    start_sec: float
    end_sec: float
    root: int
    quality: str
    bass: int


class TimedText(NamedTuple):
    """A sung syllable, or the name of a section that begins, at a time in seconds."""

    sec: float
    text: str


class Track(NamedTuple):
    """A `TimedTrack` quantized to the grid."""

    name: str
    notes: tuple[Note, ...]
    program: int = 0
    is_drums: bool = False
    role: Role = Role.UNSAID


class Source(NamedTuple):
    """The origin of a song: a file's name and kind (audio, midi, musicxml, abc, kern or song)."""

    name: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Confidence:
    """The listener's probabilities of its results, 0..1; empty where nothing was estimated, as for a score.

    `whole` is for the whole song, by aspect (``meter``, ``key``, ``chords``, ``melody``); `bars` has one value for each
    bar of the grid (``beats``, ``chords``, ``melody``), NaN in bars without any.
    """

    whole: Mapping[str, float] = field(default_factory=dict)
    bars: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """The result of listening to a recording or reading a score.

    `tracks` hold all sounding notes, each once; those with a `Role` are the melody, the bass, or state the chords.
    `grid` ties seconds to ticks. `chords` do not overlap; `chords` and `key` are None where they are not stated;
    `sections` and `lyrics` (syllables) are empty where there are none. `remarks` are notes for the user, such as that a
    file was cut.
    """

    tracks: tuple[TimedTrack, ...]
    grid: Grid
    title: str = "Untitled"
    composer: str = ""
    source: Source = Source()
    chords: tuple[TimedChord, ...] | None = None
    key: Key | None = None
    sections: tuple[TimedText, ...] = ()
    lyrics: tuple[TimedText, ...] = ()
    confidence: Confidence = Confidence()
    remarks: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[TimedNote, ...]:
        """Every pitched note that sounds, by onset."""
        sounding = (track for track in self.tracks if not track.is_drums and track.role is not Role.CHORDS)
        return tuple(sorted(note for track in sounding for note in track.notes))

    @property
    def audible(self) -> tuple[TimedTrack, ...]:
        """The tracks as they can be played: if nothing sounds but chords are stated, those are played."""
        if self.notes or any(track.is_drums and track.notes for track in self.tracks):
            return self.tracks
        stated = tuple(track._replace(role=Role.UNSAID) for track in self.tracks if track.notes)
        if stated or not self.chords:
            return stated
        notes = tuple(
            TimedNote(chord.start_sec, chord.end_sec, pitch)
            for chord in self.chords
            for pitch in (_LOW + chord.bass, *(_MIDDLE + (chord.root + n) % 12 for n in CHORD_INTERVALS[chord.quality]))
        )
        return (TimedTrack("Chords", notes),)

    @property
    def melody(self) -> tuple[TimedNote, ...] | None:
        """The melody as the source states it, None if it does not: the longest of the tracks with that role."""
        return max((t.notes for t in self.tracks if t.role is Role.MELODY and t.notes), key=len, default=None)

    @property
    def bass(self) -> tuple[TimedNote, ...] | None:
        """The bass as the source states it, None if it does not."""
        return next((track.notes for track in self.tracks if track.role is Role.BASS), None)

    @property
    def end_sec(self) -> float:
        """Where the last note ends; 0 without notes."""
        return max((note.end_sec for track in self.tracks for note in track.notes), default=0.0)
