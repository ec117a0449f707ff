"""From a heard source to the song sheet: melody, bass, texture, chords, key, form.

`analyze` is used for covers and training alike. Facts stated by the source take precedence: a melody track, chord
symbols, block chords, a key signature, sections. A melody without chords is harmonized.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symbolic_cover.analysis.chords import beat_edges, chords_from_stacks, merge_chords, recognise_chords
from symbolic_cover.analysis.doubt import places_to_check
from symbolic_cover.analysis.form import sections_of
from symbolic_cover.analysis.harmonize import harmonized
from symbolic_cover.analysis.key import find_key
from symbolic_cover.analysis.melody import (
    find_bass,
    find_melody,
    find_melody_track,
    hold_split_notes,
    is_one_line,
    one_line,
    without_faint_lows,
)
from symbolic_cover.analysis.quantize import quantize, tick_of
from symbolic_cover.core.errors import InputError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Role, Track
from symbolic_cover.core.music import TICKS_PER_QUARTER, Chord, Key, Lyric, Note, Section
from symbolic_cover.core.sheet import SongSheet


def analyze(heard: Heard) -> SongSheet:
    """The song sheet of a recording or a score: everything a cover uses of it, on its grid.

    Drums are left out. Raises `InputError` if nothing else is left.
    """
    sheet = sheet_of(
        quantize(heard),
        heard.grid,
        key=heard.key,
        chords=_chords_on_grid(heard),
        title=heard.title,
        is_transcript=heard.source.kind == "audio",
    )
    grid = heard.grid
    says_chords = heard.chords is not None or any(track.role is Role.CHORDS for track in heard.tracks)
    if not says_chords and sheet.notes and is_one_line(sheet.notes):
        sheet = replace(sheet, chords=harmonized(sheet.melody, grid, sheet.key))
    said = tuple(Section(tick_of(grid, section.sec), section.text) for section in heard.sections)
    return replace(
        sheet,
        composer=heard.composer,
        source=heard.source,
        sections=said or sections_of(sheet),
        lyrics=tuple(Lyric(tick_of(grid, syllable.sec), syllable.text) for syllable in heard.lyrics),
        confidence=heard.confidence,
        remarks=heard.remarks,
    )


def sheet_of(
    tracks: Sequence[Track],
    grid: Grid,
    *,
    key: Key | None = None,
    chords: tuple[Chord, ...] | None = None,
    title: str = "Untitled",
    is_transcript: bool = False,
) -> SongSheet:
    """The song in quantized tracks; `key` and `chords` as the source states them, None otherwise.

    A transcript may have notes that are overtones or noise; if none of its tracks is labelled as melody or bass, this
    is taken into account. Chords alone are a song without a melody. Raises `InputError` if there are only drums.
    """
    pitched = [track for track in tracks if not track.is_drums]
    played = [track for track in pitched if track.role is not Role.CHORDS and track.notes]
    stated = [track.notes for track in pitched if track.role is Role.CHORDS]
    everything = sorted({note for track in played for note in track.notes})
    if chords is None and stated and stated[0]:
        chords = chords_from_stacks(stated[0])
    if not everything and not chords:
        raise InputError("There are no pitched notes to cover.", "Give a file with a melody or chords in it.")
    melody = _melody(played, everything) if everything else ()
    melody_onsets = {(note.onset_tick, note.pitch) for note in melody}
    rest = [note for note in everything if (note.onset_tick, note.pitch) not in melody_onsets]
    if is_transcript and all(track.role is Role.UNSAID for track in played):
        rest = without_faint_lows(rest)
        melody = hold_split_notes(melody)
    bass = find_bass(_low_notes(played, rest), beat_edges(grid))
    low = set(bass)
    key = key or find_key(everything or _sounding(chords or ()))
    return SongSheet(
        grid=grid,
        melody=melody,
        bass=bass,
        texture=tuple(note for note in rest if note not in low),
        chords=recognise_chords(everything, grid, key) if chords is None else chords,
        key=key,
        title=title,
    )


def _melody(played: Sequence[Track], everything: list[Note]) -> tuple[Note, ...]:
    said = [track.notes for track in played if track.role is Role.MELODY]
    if said:
        return one_line(max(said, key=len))
    if is_one_line(everything):
        return one_line(everything)
    return find_melody_track([track.notes for track in played]) or find_melody(everything)


def _sounding(chords: Sequence[Chord]) -> list[Note]:
    """The tones of chords, from which the key is found if a song has nothing else."""
    return [
        Note(chord.start_tick, chord.end_tick - chord.start_tick, 60 + tone)
        for chord in chords
        for tone in sorted(chord.pitch_classes)
    ]


def _low_notes(played: Sequence[Track], rest: list[Note]) -> list[Note]:
    """The candidates for the bass: notes labelled as the bass, if there are others beside it, else the rest."""
    said = {note for track in played if track.role is Role.BASS for note in track.notes}
    others = any(track.role is Role.UNSAID for track in played)
    return [note for note in rest if note in said] if said and others else rest


def _chords_on_grid(heard: Heard) -> tuple[Chord, ...] | None:
    if heard.chords is None:
        return None
    grid = heard.grid
    placed = (Chord(tick_of(grid, chord.start_sec), tick_of(grid, chord.end_sec), *chord[2:]) for chord in heard.chords)
    return merge_chords(chord for chord in placed if chord.end_tick > chord.start_tick)


def describe(sheet: SongSheet, heard: Heard | None = None) -> dict[str, Any]:
    """The sheet in seconds and words, as ``analyze --json`` prints it; the melody of a recording is that of `heard`,
    before quantization.

    ``chords`` are [start_sec, end_sec, Harte label]; ``melody`` and ``bass`` [onset_sec, offset_sec, pitch]; ``swing``
    is the ratio of the first eighth of a quarter to the second; ``confidence_by_bar`` has a value for each bar, null if
    there is none; ``check_first`` are the bars (from 1) with the least confidence.
    """
    grid = sheet.grid

    def timed(notes: Sequence[Note]) -> list[list[float]]:
        return [[_sec(grid, note.onset_tick), _sec(grid, note.end_tick), note.pitch] for note in notes]

    is_sung = heard is not None and heard.source.kind == "audio" and heard.melody is not None
    return {
        "title": sheet.title,
        "tempo_bpm": round(grid.tempo_bpm, 2),
        "meter": str(grid.meter),
        "key": sheet.key.label,
        "bars": len(grid.bars),
        "swing": round(grid.second_tick / (TICKS_PER_QUARTER - grid.second_tick), 2),
        "beat_confidence": round(grid.confidence, 3),
        "confidence": {"beats": round(grid.confidence, 3)}
        | {name: round(value, 3) for name, value in sheet.confidence.whole.items()},
        "confidence_by_bar": {
            name: [None if math.isnan(value) else round(value, 3) for value in values]
            for name, values in sheet.confidence.bars.items()
        },
        "check_first": [doubt._asdict() for doubt in places_to_check(sheet)],
        "beats_sec": [_sec(grid, tick) for tick in beat_edges(grid)[:-1]],
        "downbeats_sec": [_sec(grid, bar.start_tick) for bar in grid.bars],
        "chords": [[_sec(grid, c.start_tick), _sec(grid, c.end_tick), c.label] for c in sheet.chords],
        "melody": _as_heard(heard) if heard and is_sung else timed(sheet.melody),
        "bass": timed(sheet.bass),
    }


def _as_heard(heard: Heard) -> list[list[float]]:
    return [[round(note.onset_sec, 3), round(note.end_sec, 3), note.pitch] for note in heard.melody or ()]


def _sec(grid: Grid, tick: int) -> float:
    return round(float(grid.sec_at(tick)), 3)
