"""From notes on the grid to the content of a song: melody, bass, texture, chords, key.

`analyze` serves covers and training alike. What the source says of itself is believed: a track
named after the melody, a track of chords, chord symbols, a key signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import symusic

from symbolic_cover.analysis.chords import beat_edges, chords_from_stacks, chords_from_symbols, recognise_chords
from symbolic_cover.analysis.key import find_key
from symbolic_cover.analysis.melody import (
    find_bass,
    find_melody,
    find_melody_track,
    hold_split_notes,
    is_melody_name,
    is_one_line,
    one_line,
    without_faint_lows,
)
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.music import TICKS_PER_QUARTER, Chord, Key, Note
from symbolic_cover.core.sheet import Content

#: The track in which a recording's notes arrive: some of them are no notes but overtones and noise.
_HEARD, _HEARD_BASS = "audio", "bass"


def analyze(score: symusic.Score, grid: Grid, title: str = "Untitled") -> Content:
    """Find what a cover keeps of a song.

    `score` is on the grid (12 ticks a quarter). Drums are left aside. Raises `InputError` when
    nothing but drums is left.
    """
    if score.ticks_per_quarter != TICKS_PER_QUARTER:
        raise ValueError(f"expected {TICKS_PER_QUARTER} ticks a quarter, not {score.ticks_per_quarter}")
    tracks = [(track.name, notes_of(track)) for track in score.tracks if not track.is_drum]
    stated_chords = [notes for name, notes in tracks if name.strip().lower() == "chords"]
    played = [(name, notes) for name, notes in tracks if name.strip().lower() != "chords" and notes]
    everything = sorted({note for _, notes in played for note in notes})
    if not everything:
        raise InputError("There are no pitched notes to cover.", "Give a file with a melody or chords in it.")
    melody = _melody(played, everything)
    tune = {(note.onset_tick, note.pitch) for note in melody}
    rest = [note for note in everything if (note.onset_tick, note.pitch) not in tune]
    if {name for name, _ in tracks} == {_HEARD}:
        rest = without_faint_lows(rest)
        melody = hold_split_notes(melody)
    bass = find_bass(_low_notes(played, rest), beat_edges(grid))
    low = set(bass)
    key = _stated_key(score) or find_key(everything)
    return Content(
        grid=grid,
        melody=melody,
        bass=bass,
        texture=tuple(note for note in rest if note not in low),
        chords=_chords(score, stated_chords, everything, grid, key),
        key=key,
        title=title,
    )


def describe(content: Content, sureness: Mapping[str, float] | None = None) -> dict[str, Any]:
    """The content in seconds and words, as ``analyze --json`` prints it.

    ``chords`` are [start_sec, end_sec, Harte label]; ``melody`` and ``bass`` [onset_sec, offset_sec, pitch]; ``swing``
    is how much longer the first eighth of a quarter is than the second.
    """
    grid = content.grid

    def timed(notes: Sequence[Note]) -> list[list[float]]:
        return [[_sec(grid, note.onset_tick), _sec(grid, note.end_tick), note.pitch] for note in notes]

    return {
        "title": content.title,
        "tempo_bpm": round(grid.tempo_bpm, 2),
        "meter": str(grid.meter),
        "key": content.key.label,
        "bars": len(grid.bars),
        "swing": round(grid.second_tick / (TICKS_PER_QUARTER - grid.second_tick), 2),
        "beat_confidence": round(grid.confidence, 3),
        "confidence": {"beats": round(grid.confidence, 3)}
        | {name: round(v, 3) for name, v in (sureness or {}).items()},
        "beats_sec": [_sec(grid, tick) for tick in beat_edges(grid)[:-1]],
        "downbeats_sec": [_sec(grid, bar.start_tick) for bar in grid.bars],
        "chords": [[_sec(grid, c.start_tick), _sec(grid, c.end_tick), c.label] for c in content.chords],
        "melody": timed(content.melody),
        "bass": timed(content.bass),
    }


def _sec(grid: Grid, tick: int) -> float:
    return round(float(grid.sec_at(tick)), 3)


def notes_of(track: symusic.Track) -> list[Note]:
    """The notes of a symusic track in ticks, sorted."""
    return sorted(Note(note.time, max(note.duration, 1), note.pitch, max(note.velocity, 1)) for note in track.notes)


def _melody(played: list[tuple[str, list[Note]]], everything: list[Note]) -> tuple[Note, ...]:
    named = [notes for name, notes in played if is_melody_name(name)]
    if named:
        return one_line(max(named, key=len))
    if is_one_line(everything):
        return one_line(everything)
    return find_melody_track([notes for _, notes in played]) or find_melody(everything)


def _low_notes(played: list[tuple[str, list[Note]]], rest: list[Note]) -> list[Note]:
    """The notes among which the bass is: in a transcript those that were heard as bass, else all but the tune."""
    heard = dict(played)
    if _HEARD in heard and _HEARD_BASS in heard:
        struck = set(heard[_HEARD_BASS])
        return [note for note in rest if note in struck]
    return rest


def _stated_key(score: symusic.Score) -> Key | None:
    """The first key signature of the source; a MIDI file's default C major says nothing."""
    for signature in score.key_signatures:
        if signature.key or signature.tonality:
            major_tonic = signature.key * 7 % 12
            return Key((major_tonic + 9) % 12, "minor") if signature.tonality else Key(major_tonic, "major")
    return None


def _chords(
    score: symusic.Score, stated: list[list[Note]], everything: list[Note], grid: Grid, key: Key
) -> tuple[Chord, ...]:
    symbols = [(marker.time, marker.text) for marker in score.markers if ":" in marker.text or marker.text == "N"]
    if symbols:
        return chords_from_symbols(symbols, grid.end_tick)
    if stated and stated[0]:
        return chords_from_stacks(stated[0])
    return recognise_chords(everything, grid, key)
