"""Real recordings with annotations, and the scores of an analysis against them (for `real.py`).

Beside NAME.ogg (or .mp3, .wav, .flac) there may be

- ``NAME.notes.tsv``: onset_sec, offset_sec, midi (NaN: spoken); of a song with singers, what is sung;
- ``NAME.beats.tsv``: time_sec, beat_in_bar (1 is a downbeat, ? unknown); ``NAME.semibeats.tsv``: time_sec alone, a grid
  that may run at half or double tempo;
- ``NAME.chords.tsv``: start_sec, end_sec, Harte label.

Sung notes: onset F1 of `mir_eval.transcription` (no offsets, pitches rounded to semitones, `TOLERANCE_SEC`), counting
only notes within `NEAR_SEC` of a sung phrase; phrases are notes less than `PHRASE_SEC` apart. Beats and downbeats:
`mir_eval.beat` without trimming, within the annotated span. Chords: `mir_eval.chord`, weighted by duration.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np

TOLERANCE_SEC, NEAR_SEC, PHRASE_SEC = 0.1, 0.5, 2.0
#: Whole songs in which somebody sings over a band; a voice alone; instruments.
SONG, VOICE, INSTRUMENTS = "songs with a singer", "a voice alone", "instruments"
_KINDS = {"us_": SONG, "jam_": SONG, "vocadito": VOICE}


@dataclass(frozen=True)
class Annotated:
    """A recording and what is known of it; None where nothing is. Times in seconds.

    `notes` (n, 3): onset, offset, MIDI pitch; `beats` and `downbeats` (n,); `semibeats` (n,); `chords` are
    (intervals (n, 2), labels).
    """

    path: Path
    kind: str
    notes: np.ndarray | None
    beats: np.ndarray | None
    downbeats: np.ndarray | None
    semibeats: np.ndarray | None
    chords: tuple[np.ndarray, list[str]] | None


def read_folder(folder: Path, suffixes: Sequence[str]) -> list[Annotated]:
    """Every recording of a folder, by name."""
    return [_read(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes]


def _read(path: Path) -> Annotated:
    rows = {kind: _table(path.parent / f"{path.stem}.{kind}.tsv") for kind in ("notes", "beats", "semibeats", "chords")}
    notes = np.array([list(map(float, row)) for row in rows["notes"]]).reshape(-1, 3)
    notes = notes[np.isfinite(notes[:, 2])]
    beats = np.array([float(row[0]) for row in rows["beats"]])
    firsts = np.array([float(row[0]) for row in rows["beats"] if row[1] == "1"])
    chords = (np.array([[float(a), float(b)] for a, b, _ in rows["chords"]]), [row[2] for row in rows["chords"]])
    return Annotated(
        path,
        next((kind for start, kind in _KINDS.items() if path.stem.startswith(start)), INSTRUMENTS),
        notes if len(notes) else None,
        beats if len(beats) else None,
        firsts if len(firsts) else None,
        np.array([float(row[0]) for row in rows["semibeats"]]) if rows["semibeats"] else None,
        chords if rows["chords"] else None,
    )


def _table(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]


def scores(song: Annotated, said: dict[str, Any]) -> dict[str, float]:
    """All scores of a system's results: keys of ``analyze --json``, of which any may be missing."""
    found: dict[str, float] = {}
    if song.notes is not None and song.kind != INSTRUMENTS and "melody" in said:
        found["sung F1"] = sung_f1(song.notes, np.array(said["melody"], dtype=float).reshape(-1, 3))
    if song.beats is not None and "beats_sec" in said:
        found |= beat_scores(song.beats, np.array(said["beats_sec"]))
    if song.semibeats is not None and "beats_sec" in said:
        heard = within(np.array(said["beats_sec"]), song.semibeats)
        levels = [song.semibeats, song.semibeats[::2], song.semibeats[1::2], doubled(song.semibeats)]
        found["grid F"] = max(mir_eval.beat.f_measure(level, heard) for level in levels)
    if song.downbeats is not None and "downbeats_sec" in said:
        found["downbeat F"] = mir_eval.beat.f_measure(
            song.downbeats, within(np.array(said["downbeats_sec"]), song.beats)
        )
    if song.chords is not None and "chords" in said:
        found |= chord_scores(song.chords, said["chords"])
    return found


def sung_f1(sung: np.ndarray, heard: np.ndarray) -> float:
    """F1 of sung notes, as described above."""
    edges = [0, *(np.flatnonzero(sung[1:, 0] - sung[:-1, 1] >= PHRASE_SEC) + 1), len(sung)]
    spans = [(sung[a, 0] - NEAR_SEC, sung[b - 1, 1] + NEAR_SEC) for a, b in itertools.pairwise(edges)]
    near = np.array([any(low <= onset <= high for low, high in spans) for onset in heard[:, 0]], dtype=bool)
    heard = heard[near & (heard[:, 1] > heard[:, 0])] if len(heard) else heard
    if not len(heard):
        return 0.0
    sides = [(notes[:, :2], mir_eval.util.midi_to_hz(np.round(notes[:, 2]))) for notes in (sung, heard)]
    return mir_eval.transcription.precision_recall_f1_overlap(
        *sides[0], *sides[1], onset_tolerance=TOLERANCE_SEC, offset_ratio=None
    )[2]


def judged_bars(song: Annotated, said: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """(what, confidence, share that is right) of every bar of which beats or sung notes are known."""
    confidence, bars = said.get("confidence_by_bar", {}), np.array(said.get("downbeats_sec", []))
    if not confidence or not len(bars):
        return
    rights: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if song.beats is not None:
        beats = within(np.array(said["beats_sec"]), song.beats)
        rights["beats"] = beats, np.array([np.abs(song.beats - sec).min() <= 0.07 for sec in beats])
    if song.notes is not None and song.kind != INSTRUMENTS:
        heard = np.array(said["melody"], dtype=float).reshape(-1, 3)
        heard = heard[[np.abs(song.notes[:, 0] - onset).min() < PHRASE_SEC for onset in heard[:, 0]]]
        pairs = mir_eval.transcription.match_notes(
            song.notes[:, :2], mir_eval.util.midi_to_hz(np.round(song.notes[:, 2])),
            heard[:, :2], mir_eval.util.midi_to_hz(heard[:, 2]), onset_tolerance=TOLERANCE_SEC, offset_ratio=None,
        )  # fmt: skip
        right = np.zeros(len(heard), dtype=bool)
        right[[index for _, index in pairs]] = True
        rights["melody"] = heard[:, 0], right
    for what, (at_sec, right) in rights.items():
        bar = np.clip(np.searchsorted(bars, at_sec + 1e-6, side="right") - 1, 0, len(bars) - 1)
        for number, value in enumerate(confidence[what]):
            if value is not None and (bar == number).any():
                yield what, value, float(right[bar == number].mean())


def beat_scores(beats: np.ndarray, heard: np.ndarray) -> dict[str, float]:
    """F, and continuity at the right and at any allowed level."""
    heard = within(heard, beats)
    if len(heard) < 2:
        return {"beat F": 0.0, "CMLt": 0.0, "AMLt": 0.0}
    _, cmlt, _, amlt = mir_eval.beat.continuity(beats, heard)
    return {"beat F": mir_eval.beat.f_measure(beats, heard), "CMLt": cmlt, "AMLt": amlt}


def chord_scores(truth: tuple[np.ndarray, list[str]], said: Sequence[Sequence[Any]]) -> dict[str, float]:
    """majmin, sevenths and thirds."""
    intervals, labels = truth
    heard = np.array([[start, end] for start, end, _ in said], dtype=float).reshape(-1, 2)
    names = [label for _, _, label in said]
    heard, names = mir_eval.util.adjust_intervals(
        heard, names, intervals.min(), intervals.max(), mir_eval.chord.NO_CHORD, mir_eval.chord.NO_CHORD
    )
    names = [str(name) for name in names]
    both, one, other = mir_eval.util.merge_labeled_intervals(intervals, labels, *_without_gaps(heard, names))
    seconds = mir_eval.util.intervals_to_durations(both)
    return {
        name: mir_eval.chord.weighted_accuracy(getattr(mir_eval.chord, name)(one, other), seconds)
        for name in ("majmin", "sevenths", "thirds")
    }


def _without_gaps(intervals: np.ndarray, labels: list[str]) -> tuple[np.ndarray, list[str]]:
    """The chords with "no chord" in gaps."""
    rows: list[tuple[float, float, str]] = []
    for (start, end), label in zip(intervals.tolist(), labels, strict=True):
        if rows and start > rows[-1][1] + 1e-6:
            rows.append((rows[-1][1], start, mir_eval.chord.NO_CHORD))
        start = rows[-1][1] if rows else start
        if end > start:
            rows.append((start, end, label))
    return np.array([row[:2] for row in rows]), [row[2] for row in rows]


def within(heard: np.ndarray, beats: np.ndarray | None) -> np.ndarray:
    """Times inside the annotated span."""
    if beats is None or not len(heard):
        return heard
    return heard[(heard >= beats[0] - 0.1) & (heard <= beats[-1] + 0.1)]


def doubled(beats: np.ndarray) -> np.ndarray:
    """A beat between every two."""
    return np.sort(np.concatenate([beats, (beats[1:] + beats[:-1]) / 2]))
