"""The input of the arranger: melody, bass, chords and key, from rendered mixes and from plain notes.

    python benchmarks/listening/melody.py FOLDER --songs 8 --split test --cache CACHE

FOLDER has POP909 and POP909-CL, unpacked. The first minute of every song is made into a mix (a lead instrument plays
the melody; piano, in two songs of three a bass, in every other one drums), rendered by FluidSynth, transcribed by
basic-pitch, quantised on the true grid and analysed. The others are the notes themselves in one track without a name
(`score`), as in a MIDI file of a piano solo, and one nameless track for each instrument (`tracks`).

Melody and bass are F1 of notes: the same pitch, begun within a sixteenth. Chords are the share of beats with the right
root and third, where the song has a major or minor chord. The baseline for the melody is the skyline, the highest note
of every onset. Transcripts are cached in CACHE.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symbolic_cover.analysis.chords import beat_edges, chords_from_stacks
from symbolic_cover.analysis.melody import find_bass, one_line
from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.analysis.song import sheet_of
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.harte import parse_chord
from symbolic_cover.core.heard import Heard, Role, TimedNote, TimedTrack, Track
from symbolic_cover.core.music import CHORD_INTERVALS, Bar, Chord, Note
from symbolic_cover.corpus.pop909 import original_of, read_song
from symbolic_cover.corpus.shards import split_of
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.audio.transcribe import hear_notes

LONGEST_SEC = 60.0
TOLERANCE_TICK = 3
LEADS = (53, 73, 65, 26)  # voice, flute, saxophone, guitar
PIANO, BASS = 0, 33
KICK, SNARE, HAT = 36, 38, 42
MEASURES = ("melody F1", "precision", "recall", "notes/bar", "true", "skyline F1", "bass F1", "chords", "key", "sec")


class Song(NamedTuple):
    """A song of POP909 on its grid."""

    name: str
    tracks: tuple[Track, ...]
    grid: Grid


def main() -> None:
    """Measure every song and print the table of means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--songs", type=int, default=8)
    parser.add_argument("--split", default="test")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "symbolic-cover-melody")
    parser.add_argument("--each", action="store_true", help="print each song too")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    found = sorted((options.folder / "pop909_cl").glob("*.mid"))
    songs = [path for path in found if split_of(f"pop909:{path.stem}") == options.split and original_of(path).is_file()]
    rows: dict[str, list[dict[str, float]]] = {"mix": [], "score": [], "tracks": []}
    for place, song in enumerate(songs[: options.songs]):
        piece = first_minute(Song(f"pop909-{song.stem}", *read_song(original_of(song), song)))
        key = true_key(original_of(song).parent / "key_audio.txt")
        sources = {
            "mix": heard(piece, place, options.cache / f"{piece.name}-{place}.npy"),
            "score": one_track(piece),
            "tracks": mix(piece, place),
        }
        for name, tracks in sources.items():
            rows[name].append(measure(name, tracks, piece, place, key))
            if options.each:
                print(f"{piece.name:12s} {name:6s}" + line(rows[name][-1]), flush=True)
    print(f"{options.split}, {len(rows['mix'])} songs".ljust(19) + "".join(f"{name:>11s}" for name in MEASURES))
    for name, found in rows.items():
        mean = {measure: float(np.nanmean([row[measure] for row in found])) for measure in MEASURES}
        print(f"{name:19s}" + line(mean))


def line(row: dict[str, float]) -> str:
    """The measures of one row."""
    return "".join(f"{row[name]:11.3f}" for name in MEASURES)


def first_minute(piece: Song) -> Song:
    """The bars of the first minute."""
    last = piece.grid.bar_index(int(piece.grid.tick_at(LONGEST_SEC)))
    bars: tuple[Bar, ...] = piece.grid.bars[: last + 1]
    tracks = tuple(
        track._replace(notes=tuple(note for note in track.notes if note.end_tick <= bars[-1].end_tick))
        for track in piece.tracks
    )
    return piece._replace(tracks=tracks, grid=replace(piece.grid, bars=bars))


def parts(piece: Song, place: int) -> tuple[list[Note], list[Note], list[Note]]:
    """(lead, piano, bass) of a song; the bass doubles the lowest notes of two songs of three."""
    named = {track.name: list(track.notes) for track in piece.tracks}
    piano = sorted(named["PIANO"] + named["BRIDGE"])
    lowest = find_bass(piano, beat_edges(piece.grid)) if place % 3 else ()
    bass = [note._replace(pitch=note.pitch - 12 * (note.pitch > 52), velocity=85) for note in lowest]
    return named["MELODY"], piano, bass


def mix(piece: Song, place: int) -> tuple[Track, ...]:
    """The song for a small band, without names."""
    lead, piano, bass = parts(piece, place)
    softer = [note._replace(velocity=max(int(note.velocity * 0.8), 1)) for note in piano]
    players = ((PIANO, softer), (BASS, bass), (LEADS[place % len(LEADS)], lead))
    tracks = tuple(Track("", tuple(notes), program) for program, notes in players)
    if not place % 2:
        return tracks
    drums = []
    for beat, tick in enumerate(beat_edges(piece.grid)[:-1]):
        drums.append(Note(tick, 6, SNARE if beat % 2 else KICK))
        drums += [Note(tick + half, 3, HAT, 60) for half in (0, 6)]
    return (*tracks, Track("", tuple(drums), is_drums=True))


def one_track(piece: Song) -> tuple[Track, ...]:
    """All notes in one track without a name, all equally loud."""
    played = [note for track in piece.tracks if track.role is not Role.CHORDS for note in track.notes]
    return (Track("", tuple(sorted(note._replace(velocity=80) for note in played))),)


def heard(piece: Song, place: int, cache: Path) -> tuple[Track, ...]:
    """The rendered and transcribed mix, on the true grid."""
    from symbolic_cover.performance.midi import score_in_seconds
    from symbolic_cover.sound.audio import render_audio

    if not cache.is_file():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "mix.wav"
            render_audio(score_in_seconds(in_seconds(mix(piece, place), piece.grid)), path)
            notes = hear_notes(load_recording(path)).notes
        np.save(cache, np.array([(n.onset_sec, n.end_sec - n.onset_sec, n.pitch, n.velocity) for n in notes]))
    transcript = tuple(
        TimedNote(onset, onset + duration, int(pitch), int(velocity))
        for onset, duration, pitch, velocity in np.load(cache)
    )
    return quantize(Heard((TimedTrack("", transcript),), replace(piece.grid, confidence=0.9)))


def in_seconds(tracks: Sequence[Track], grid: Grid) -> list[TimedTrack]:
    """Tracks at the times of the grid."""

    def timed(note: Note) -> TimedNote:
        onset_sec, end_sec = grid.sec_at(np.array([note.onset_tick, note.end_tick])).tolist()
        return TimedNote(onset_sec, end_sec, note.pitch, note.velocity)

    return [TimedTrack(name, tuple(map(timed, notes)), *facts) for name, notes, *facts in tracks]


def measure(
    source: str, tracks: Sequence[Track], piece: Song, place: int, key: tuple[int, str] | None
) -> dict[str, float]:
    """Compare the analysis of a source (``mix``, ``score`` or ``tracks``) with the song."""
    begun = time.perf_counter()
    sheet = sheet_of(tracks, piece.grid, is_transcript=source == "mix")
    seconds = time.perf_counter() - begun
    lead, piano, bass = parts(piece, place)
    if source == "score":
        bass = []
    melody = one_line(lead)
    skyline = one_line([note for track in tracks if not track.is_drums for note in track.notes])
    precision, recall, f1 = note_f1(melody, sheet.melody)
    edges = beat_edges(piece.grid)
    stated = next(track.notes for track in piece.tracks if track.role is Role.CHORDS)
    return {
        "melody F1": f1,
        "precision": precision,
        "recall": recall,
        "notes/bar": len(sheet.melody) / len(piece.grid.bars),
        "true": len(melody) / len(piece.grid.bars),
        "skyline F1": note_f1(melody, skyline)[2],
        "bass F1": note_f1(find_bass(sorted(piano + bass), edges), sheet.bass)[2],
        "chords": chord_accuracy(chords_from_stacks(stated), sheet.chords, edges),
        "key": float(key == tuple(sheet.key)) if key else np.nan,
        "sec": seconds,
    }


def note_f1(true: Sequence[Note], found: Sequence[Note]) -> tuple[float, float, float]:
    """Precision, recall and F1; every true note is matched once."""
    left = sorted(true)
    by_pitch: dict[int, list[int]] = {}
    for note in left:
        by_pitch.setdefault(note.pitch, []).append(note.onset_tick)
    hits = 0
    for note in sorted(found):
        near = [onset for onset in by_pitch.get(note.pitch, []) if abs(onset - note.onset_tick) <= TOLERANCE_TICK]
        if near:
            by_pitch[note.pitch].remove(min(near, key=lambda onset: abs(onset - note.onset_tick)))
            hits += 1
    precision, recall = hits / max(len(found), 1), hits / max(len(true), 1)
    return precision, recall, 2 * hits / max(len(found) + len(true), 1)


def chord_accuracy(true: Sequence[Chord], found: Sequence[Chord], edges: Sequence[int]) -> float:
    """Share of the beats with a major or minor chord whose root and third are right."""
    middles = [(start + end) // 2 for start, end in itertools.pairwise(edges)]
    asked = [(kind_at(true, tick), kind_at(found, tick)) for tick in middles]
    known = [(a, b) for a, b in asked if a is not None]
    return sum(a == b for a, b in known) / max(len(known), 1)


def kind_at(chords: Sequence[Chord], tick: int) -> tuple[int, int] | None:
    """(root, third) of the major or minor chord at `tick`."""
    for chord in chords:
        if chord.start_tick <= tick < chord.end_tick:
            steps = CHORD_INTERVALS[chord.quality]
            third = next((step for step in (3, 4) if step in steps), None)
            return (chord.root, third) if third and 7 in steps else None
    return None


def true_key(path: Path) -> tuple[int, str] | None:
    """The key that holds longest in POP909's own annotation, as (tonic, mode)."""
    if not path.is_file():
        return None
    lengths: dict[str, float] = {}
    for row in path.read_text(encoding="utf-8").splitlines():
        if len(fields := row.split()) == 3:
            lengths[fields[2]] = lengths.get(fields[2], 0.0) + float(fields[1]) - float(fields[0])
    named = parse_chord(max(lengths, key=lambda label: lengths[label])) if lengths else None
    return (named[0], "minor" if named[1] == "min" else "major") if named else None


if __name__ == "__main__":
    main()
