"""Excerpts of the training split, as written and as transcribed for covers (for `degradation.py`)."""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.analysis.song import analyze, sheet_of
from symbolic_cover.core.errors import InputError, SymbolicCoverError
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Recording, Role, Source, TimedNote, TimedTrack, Track
from symbolic_cover.core.music import Bar, Key, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.corpus.pop909 import original_of, read_song
from symbolic_cover.corpus.shards import split_of
from symbolic_cover.listening.audio.features import features_of
from symbolic_cover.listening.audio.hearing import bass_line, heard_notes, melody_line, tracks_of
from symbolic_cover.listening.audio.listener import hear
from symbolic_cover.listening.audio.listening import shipped_listener
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.audio.transcribe import count_notes, posteriorgrams, refuse_noise
from symbolic_cover.listening.scores.midi import lies_on_its_grid
from symbolic_cover.listening.scores.read import read_score
from symbolic_cover.performance.midi import score_in_seconds
from symbolic_cover.sound.audio import render_audio
from symbolic_cover.sound.soundfonts import choose_soundfont

#: (style, dataset) of the index, in the order in which pieces are taken from them, one by one.
SOURCES = (
    ("pop-piano", "pop909_cl"),
    ("string-quartet", "openscore_quartets"),
    ("videogame-rock", "freedoom"),
    ("romantic-piano", "chopin_first_editions"),
    ("bach-chorale", "bach_chorales_cc0"),
    ("band-popballad", "copyleft_mma_styles"),
    ("baroque-keyboard", "mutopia"),
    ("orchestra", "openscore_orchestra"),
    ("lied", "openscore_lieder"),
    ("ragtime", "mutopia"),
    ("choral-polyphony", "polish_scores"),
    ("band-rock", "copyleft_mma_styles"),
    ("classical-guitar", "mutopia"),
    ("strings", "mutopia"),
    ("band-swing", "copyleft_mma_styles"),
    ("hymn-satb", "openhymnal"),
    ("band-bossa", "copyleft_mma_styles"),
    ("game-band-mixed", "copyleft_simutrans"),
)
RATE_HZ = 22050
FEWEST_NOTES = 30
_ROLES = (Role.UNSAID, Role.MELODY, Role.BASS)
ENDLESS = 24 * 3600.0
PLAYED_CONFIDENCE = 0.9
#: General MIDI programs of singers without words.
CHOIR = frozenset([52, 53, 54])
#: General MIDI programs whose tones begin loud and fade: keyboards, bells, guitars and basses, harp and timpani.
FADING = frozenset([*range(16), *range(24, 40), 45, 46, 47, *range(104, 109), *range(112, 120)])


@dataclass(frozen=True)
class Measured:
    """An excerpt: what is written (`true`), and what `analyze` makes of its transcript (`heard`), on one grid.

    `raw` is the transcript before the grid, (notes, 5): onset and duration in seconds, pitch, velocity, and what the
    listener says the note is: one of the texture, the melody, the bass (an index of `_ROLES`).
    """

    name: str
    style: str
    kind: str
    true: SongSheet
    heard: SongSheet
    raw: np.ndarray


def choose(folder: Path, index: Path, n_pieces: int, seed: int) -> list[dict[str, str]]:
    """Rows of the index, all of the training split: styles in turn, no group of versions twice."""
    with index.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if split_of(row["split_group"]) == "train"]
    rng = np.random.default_rng(seed)
    queues = []
    for source in SOURCES:
        found = [row for row in rows if (row["style_label"], row["dataset"]) == source and _is_there(folder, row)]
        queues.append([found[place] for place in rng.permutation(len(found))])
    chosen: list[dict[str, str]] = []
    groups: set[tuple[str, str]] = set()
    while len(chosen) < n_pieces and any(queues):
        for queue in queues:
            while queue and (queue[-1]["style_label"], queue[-1]["split_group"]) in groups:
                queue.pop()
            if queue:
                chosen.append(queue.pop())
                groups.add((chosen[-1]["style_label"], chosen[-1]["split_group"]))
    return chosen[:n_pieces]


def _is_there(folder: Path, row: dict[str, str]) -> bool:
    return (folder / row["path"]).is_file()


def measure(folder: Path, row: dict[str, str], seconds: float, cache: Path) -> Measured:
    """Read, cut, render and transcribe one piece; the transcript is stored in `cache`.

    Raises SymbolicCoverError if a piece has no such excerpt.
    """
    tracks, grid, key = _read(folder, row)
    tracks, grid = _cut(tracks, grid, seconds, _number(row["path"]))
    path = cache / f"{_number(row['path']):08x}-{seconds:g}.npy"
    if not path.is_file():
        np.save(path, _hear(tracks, grid))
    raw = np.load(path)
    return Measured(
        Path(row["path"]).stem,
        row["style_label"],
        kind_of(tracks),
        merged(sheet_of(tracks, grid, key=key, title=row["title"])),
        analyze(rows_as_heard(raw, replace(grid, confidence=PLAYED_CONFIDENCE), row["title"], "audio")),
        raw,
    )


def kind_of(tracks: Sequence[Track]) -> str:
    """``piano`` (one fading instrument), ``voices`` (a choir), ``sustained`` (bows, winds, organ), else ``band``."""
    programs = {track.program for track in tracks if not track.is_drums and track.notes}
    if any(track.is_drums and track.notes for track in tracks):
        return "band"
    if not programs & FADING - {47}:
        return "voices" if programs & CHOIR else "sustained"
    return "piano" if programs <= FADING and len(programs) == 1 else "band"


def _number(path: str) -> int:
    return int(hashlib.sha256(path.encode()).hexdigest()[:8], 16)


def _read(folder: Path, row: dict[str, str]) -> tuple[tuple[Track, ...], Grid, Key | None]:
    """A piece on its own grid, as written, of any length; and its stated key."""
    path = folder / row["path"]
    if row["dataset"] == "pop909_cl":
        tracks, grid = read_song(original_of(path), path)
        return tuple(track for track in tracks if track.role is not Role.CHORDS), grid, None
    heard = read_score(path, longest_sec=ENDLESS, as_written=True)
    onset_sec = np.array([note.onset_sec for track in heard.tracks if not track.is_drums for note in track.notes])
    if not lies_on_its_grid(heard.grid.tick_at(onset_sec)):
        heard = replace(heard, grid=replace(heard.grid, confidence=PLAYED_CONFIDENCE))
    return quantize(heard), heard.grid, heard.key


def _cut(tracks: Sequence[Track], grid: Grid, seconds: float, number: int) -> tuple[tuple[Track, ...], Grid]:
    """Whole bars of about `seconds`; `number` says where they begin. Times start at 0."""
    starts = grid.sec_at(np.array([bar.start_tick for bar in grid.bars] + [grid.end_tick]))
    latest = max(int(np.searchsorted(starts, starts[-1] - seconds, side="right")) - 1, 0)
    for attempt in range(8):
        first = int(np.random.default_rng([number, attempt]).integers(latest + 1))
        last = max(int(np.searchsorted(starts, starts[first] + seconds, side="right")) - 1, first + 1)
        bars = grid.bars[first:last]
        start, end = bars[0].start_tick, bars[-1].end_tick
        part = tuple(track._replace(notes=tuple(_inside(track.notes, start, end))) for track in tracks)
        if sum(len(track.notes) for track in part if not track.is_drums) >= FEWEST_NOTES:
            break
    else:
        raise InputError("Too few notes.")
    bars = tuple(Bar(bar.start_tick - start, bar.meter) for bar in bars)
    beats = np.array([tick for bar in bars for tick in range(bar.start_tick, bar.end_tick, bar.meter.beat_tick)])
    beats = np.append(beats, bars[-1].end_tick)
    return part, Grid(beats, grid.sec_at(beats + start) - grid.sec_at(start), bars)


def _inside(notes: Sequence[Note], start: int, end: int) -> list[Note]:
    """The notes that begin and end between two ticks, counted from the first."""
    return [n._replace(onset_tick=n.onset_tick - start) for n in notes if start <= n.onset_tick and n.end_tick <= end]


def _hear(tracks: Sequence[Track], grid: Grid) -> np.ndarray:
    """Rows as in `Measured.raw`: the listener's transcript of rendered tracks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "excerpt.wav"
        played = score_in_seconds(_in_seconds(tracks, grid))
        render_audio(played, path, soundfont=choose_soundfont(), rate_hz=RATE_HZ)
        return rows_heard(load_recording(path))


def _in_seconds(tracks: Sequence[Track], grid: Grid) -> list[TimedTrack]:
    def timed(note: Note) -> TimedNote:
        onset_sec, end_sec = grid.sec_at(np.array([note.onset_tick, note.end_tick])).tolist()
        return TimedNote(onset_sec, end_sec, note.pitch, note.velocity)

    return [TimedTrack(name, tuple(map(timed, notes)), *facts) for name, notes, *facts in tracks]


def rows_heard(recording: Recording) -> np.ndarray:
    """Rows as in `Measured.raw` of a recording at 22050 Hz, as the listener hears it; ears for real singers do not
    listen.

    Raises InputError where (almost) nothing is heard.
    """
    note, onset = posteriorgrams(recording)
    refuse_noise(count_notes(note, onset), len(recording.samples) / recording.rate_hz)
    features = features_of(recording, note, onset)
    answers = hear(shipped_listener(), features)
    melody, bass = melody_line(answers, features), bass_line(answers, features)
    tracks = tracks_of(heard_notes(answers, features), melody, bass)
    return np.array(
        [
            (note.onset_sec, note.end_sec - note.onset_sec, note.pitch, note.velocity, _ROLES.index(track.role))
            for track in tracks
            for note in track.notes
        ]
    )


def rows_as_heard(rows: np.ndarray, grid: Grid, title: str, kind: str) -> Heard:
    """Rows as in `Measured.raw` as tracks from a source of a `kind`."""
    tracks = []
    for number, role in enumerate(_ROLES):
        notes = tuple(
            TimedNote(onset, onset + length, int(pitch), int(velocity))
            for onset, length, pitch, velocity, of_role in rows
            if of_role == number
        )
        if notes:
            tracks.append(TimedTrack(role.value, notes, role=role))
    return Heard(tuple(tracks), grid, title, source=Source(kind=kind))


def merged(sheet: SongSheet) -> SongSheet:
    """The sheet without unisons: of notes with the same onset and pitch the melody's, else the longest is left."""
    taken: set[tuple[int, int]] = set()
    melody, bass, texture = (_unmet(notes, taken) for notes in (sheet.melody, sheet.bass, sheet.texture))
    return replace(sheet, melody=melody, bass=bass, texture=texture)


def _unmet(notes: Sequence[Note], taken: set[tuple[int, int]]) -> tuple[Note, ...]:
    kept = []
    for note in sorted(notes, key=lambda note: (note.onset_tick, note.pitch, -note.duration_tick)):
        if (note.onset_tick, note.pitch) not in taken:
            taken.add((note.onset_tick, note.pitch))
            kept.append(note)
    return tuple(kept)


def measure_all(folder: Path, rows: Sequence[dict[str, str]], seconds: float, cache: Path) -> list[Measured]:
    """Every piece that has an excerpt; prints which have none."""
    cache.mkdir(parents=True, exist_ok=True)
    found = []
    for row in rows:
        try:
            found.append(measure(folder, row, seconds, cache))
            if len(found) % 20 == 0:
                print(f"{len(found)} pieces", flush=True)
        except (SymbolicCoverError, RuntimeError, ValueError) as error:
            print(f"left out: {row['path']}: {error}", flush=True)
    return found
