"""Notes of a solo piano recording: the adapter to transkun, if installed.

Yan & Duan, "Scoring time intervals using non-hierarchical Transformer for automatic piano transcription", ISMIR 2024.
Its weights (MIT) are part of its wheel. On solo piano it is far more accurate than basic-pitch, at half the speed of
the music; it is not trained for other instruments. It runs in a separate process (`piano_process`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.listening.audio.piano_process import RATE_HZ
from symbolic_cover.listening.audio.recording import load_recording

PIP = ("install", "--no-deps", "transkun==2.0.1")
INSTALL_REMEDY = f"Run: pip {' '.join(PIP)}"
#: If both agree this well on this many seconds, a piano plays alone.
_TRIED_SEC, _LEAST_AGREEMENT = 12.0, 0.6


def is_installed() -> bool:
    """Whether transkun can be used."""
    return find_spec("transkun") is not None


def hear_again(path: Path, notes: list[TimedNote], transcriber: str) -> list[TimedNote]:
    """The notes of a recording whose `notes` basic-pitch found: by transkun, or the same list.

    transkun is used if it is requested, or (`auto`) if it is installed and agrees with basic-pitch in `_TRIED_SEC` from
    the middle, as it does on solo piano. Raises `MissingDependencyError` if it is requested but not installed.
    """
    if transcriber == "basic-pitch" or (transcriber == "auto" and not is_installed()):
        return notes
    recording = load_recording(path, RATE_HZ)
    if transcriber == "auto" and not _sounds_like_piano(recording, notes):
        return notes
    return hear_piano(recording)


def _sounds_like_piano(recording: Recording, notes: Sequence[TimedNote]) -> bool:
    """Whether transkun and basic-pitch agree on some seconds of a recording."""
    duration_sec = len(recording.samples) / RATE_HZ
    start = max(duration_sec / 2 - _TRIED_SEC / 2, 0.0)
    piece = recording.samples[int(start * RATE_HZ) : int((start + _TRIED_SEC) * RATE_HZ)]
    heard = [note._replace(onset_sec=note.onset_sec - start, end_sec=note.end_sec - start)
             for note in notes if start <= note.onset_sec < start + _TRIED_SEC]  # fmt: skip
    return agreement(hear_piano(Recording(piece, RATE_HZ)), heard) >= _LEAST_AGREEMENT


def agreement(one: Sequence[TimedNote], other: Sequence[TimedNote]) -> float:
    """F-measure of onset and pitch between two transcriptions, within 50 ms; 0 if one of them is empty."""
    from mir_eval.transcription import precision_recall_f1_overlap
    from mir_eval.util import midi_to_hz

    if not one or not other:
        return 0.0
    sides = [
        side
        for notes in (one, other)
        for side in (
            np.array([(note.onset_sec, note.end_sec) for note in notes]),
            midi_to_hz(np.array([note.pitch for note in notes])),
        )
    ]
    return float(precision_recall_f1_overlap(*sides, onset_tolerance=0.05, offset_ratio=None)[2])


def hear_piano(recording: Recording) -> list[TimedNote]:
    """The notes of a recording at 44100 Hz, by onset. Raises `MissingDependencyError` without transkun."""
    if recording.rate_hz != RATE_HZ:
        raise ValueError(f"transkun listens at {RATE_HZ} Hz, not {recording.rate_hz}")
    if not is_installed():
        raise MissingDependencyError("transkun, which hears pianos, is not installed.", INSTALL_REMEDY)
    with tempfile.TemporaryDirectory() as folder:
        sound, heard = Path(folder) / "sound.npy", Path(folder) / "heard.npy"
        np.save(sound, recording.samples)
        words = [sys.executable, "-m", "symbolic_cover.listening.audio.piano_process", str(sound), str(heard)]
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        run = subprocess.run(words, env=os.environ | paths, capture_output=True, text=True, check=False)
        if run.returncode:
            reason = (run.stderr.strip().splitlines() or ["it stopped"])[-1]
            raise MissingDependencyError(f"transkun cannot be used ({reason}).", INSTALL_REMEDY)
        rows = np.load(heard)
    return [TimedNote(start, end, int(pitch), int(velocity)) for start, end, pitch, velocity in rows.tolist()]
