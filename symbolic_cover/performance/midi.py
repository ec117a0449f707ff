"""MIDI files of an arrangement, with the grid's tempo as a tempo map."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import symusic

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.files import write_bytes
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Role, TimedTrack, Track
from symbolic_cover.core.instruments import PAN_CONTROL, VOLUME_CONTROL
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.performance.balance import balance_of

MIDI_TICKS_PER_QUARTER = 480
_TICKS = MIDI_TICKS_PER_QUARTER // TICKS_PER_QUARTER
#: The largest deviation of a single tempo from the grid before there is one for each beat.
_STEADY_SEC = 0.002
#: The text before the seconds in the marker that says where a cover begins in its recording.
_OFFSET = "recording at"


def write_midi(arrangement: Arrangement, path: Path) -> None:
    """Write an arrangement as a standard MIDI file, as `arrangement_score` describes it."""
    dump(arrangement_score(arrangement), path)


def dump(score: symusic.Score, path: Path) -> None:
    """Write a score as MIDI atomically; symusic itself does not notice a full disk."""
    write_bytes(path, score.dumps_midi())


def arrangement_score(arrangement: Arrangement) -> symusic.Score:
    """The arrangement as a `symusic.Score` in ticks, `MIDI_TICKS_PER_QUARTER` to a quarter note.

    Grid tick 0 is MIDI tick 0 and second 0, whatever the grid's start; from there on tempo changes follow the grid's
    seconds to within about a millisecond. Time signatures come from the bars, one track from each part; chords (in
    Harte's notation) and sections are markers, and another marker has the time of tick 0 in the recording
    (`offset_sec_of`). Each track begins with its volume and pan from `balance_of`; drums are on channel 10. Beyond
    fifteen parts MIDI files share channels.
    """
    score = _empty_score(arrangement.grid)
    minor = int(arrangement.key.mode == "minor")
    score.key_signatures.append(symusic.KeySignature(0, arrangement.key.fifths, minor))
    for chord in arrangement.chords:
        score.markers.append(symusic.TextMeta(max(chord.start_tick, 0) * _TICKS, chord.label))
    for section in arrangement.sections:
        score.markers.append(symusic.TextMeta(section.start_tick * _TICKS, section.label))
    if offset_sec := round(float(arrangement.grid.sec_at(0)), 3):
        score.markers.append(symusic.TextMeta(0, f"{_OFFSET} {offset_sec:.3f} s"))
    for part, (volume, pan) in zip(arrangement.parts, balance_of(arrangement), strict=True):
        track = symusic.Track(part.name, part.program, part.is_drums)
        track.controls.append(symusic.ControlChange(0, VOLUME_CONTROL, volume))
        track.controls.append(symusic.ControlChange(0, PAN_CONTROL, pan))
        for note in _struck_once(part.notes):
            track.notes.append(
                symusic.Note(note.onset_tick * _TICKS, note.duration_tick * _TICKS, note.pitch, note.velocity)
            )
        score.tracks.append(track)
    return score


def offset_sec_of(score: symusic.Score) -> float:
    """The time of tick 0 of a score in its recording, in seconds; 0 if it is not stated."""
    for marker in score.markers:
        if found := re.fullmatch(rf"{_OFFSET} (-?\d+\.\d+) s", marker.text):
            return float(found[1])
    return 0.0


def write_transcript(tracks: Sequence[Track], sheet: SongSheet, path: Path) -> None:
    """Write a transcription, `tracks` on the grid of `sheet`, as MIDI, with its chords and key."""
    score = _empty_score(sheet.grid)
    score.key_signatures.append(symusic.KeySignature(0, sheet.key.fifths, int(sheet.key.mode == "minor")))
    for chord in sheet.chords:
        score.markers.append(symusic.TextMeta(chord.start_tick * _TICKS, chord.label))
    for heard in tracks:
        track = symusic.Track(heard.name, heard.program, heard.is_drums)
        for note in heard.notes:
            track.notes.append(
                symusic.Note(note.onset_tick * _TICKS, note.duration_tick * _TICKS, note.pitch, note.velocity)
            )
        score.tracks.append(track)
    dump(score, path)


def score_in_seconds(tracks: Sequence[TimedTrack]) -> symusic.core.ScoreSecond:
    """What was heard as a `symusic.Score` in seconds for playback; chord tracks are left out."""
    score = symusic.core.ScoreSecond(TICKS_PER_QUARTER)
    for heard in tracks:
        if heard.role is not Role.CHORDS:
            track = symusic.core.TrackSecond(heard.name, heard.program, heard.is_drums)
            for note in heard.notes:
                length_sec = note.end_sec - note.onset_sec
                track.notes.append(symusic.core.NoteSecond(note.onset_sec, length_sec, note.pitch, note.velocity))
            score.tracks.append(track)
    return score


def _empty_score(grid: Grid) -> symusic.Score:
    """Tempo map and time signatures without notes."""
    score = symusic.Score(MIDI_TICKS_PER_QUARTER)
    for tick, microseconds in tempo_map(grid):
        score.tempos.append(symusic.Tempo(tick * _TICKS, mspq=microseconds))
    previous = None
    for bar in grid.bars:
        if bar.meter != previous:
            score.time_signatures.append(symusic.TimeSignature(bar.start_tick * _TICKS, *bar.meter))
        previous = bar.meter
    return score


def _struck_once(notes: tuple[Note, ...]) -> list[Note]:
    """Notes that end where their key is struck again: MIDI has one end for each key."""
    struck_again: dict[int, int] = {}
    kept = []
    for note in sorted(notes, reverse=True):
        end_tick = min(note.end_tick, struck_again.get(note.pitch, note.end_tick))
        if end_tick > note.onset_tick:
            kept.append(note._replace(duration_tick=end_tick - note.onset_tick))
            struck_again[note.pitch] = note.onset_tick
    return kept[::-1]


def tempo_map(grid: Grid) -> list[tuple[int, int]]:
    """Tempo changes as (grid tick, microseconds a quarter note), the first at tick 0; one if the grid is steady.

    Each change is rounded relative to the time reached so far, so that rounding errors do not add up.
    """
    inside = grid.beat_tick[(grid.beat_tick > 0) & (grid.beat_tick < grid.end_tick)]
    ticks = np.concatenate([[0], inside, [grid.end_tick]]).astype(int)
    seconds = grid.sec_at(ticks) - grid.sec_at(0)
    single = seconds[-1] / ticks[-1]
    if np.max(np.abs(seconds - ticks * single)) < _STEADY_SEC:
        return [(0, round(single * TICKS_PER_QUARTER * 1e6))]
    tempos: list[tuple[int, int]] = []
    reached_sec = 0.0
    for start, end, end_sec in zip(ticks[:-1].tolist(), ticks[1:].tolist(), seconds[1:].tolist(), strict=True):
        quarters = (end - start) / TICKS_PER_QUARTER
        microseconds = round((end_sec - reached_sec) / quarters * 1e6)
        if not tempos or tempos[-1][1] != microseconds:
            tempos.append((start, microseconds))
        reached_sec += microseconds * quarters / 1e6
    return tempos
