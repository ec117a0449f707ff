"""The analysis of real recordings: notes compared with references and stock basic-pitch, beats if known, and cost.

    python benchmarks/listening/recorded.py FOLDER --out benchmarks/listening/recorded.md

FOLDER has recordings; a NAME.notes_dtw.csv beside one (onset, offset, pitch) has its notes. References made by
alignment are good to 100 ms, which is the tolerance here. Preludes in constant semiquavers give their beats, too: every
fourth onset (`EVEN`). Agreement compares basic-pitch notes from its ONNX model, as used here, with its own `predict` at
the same thresholds (50 ms). Seconds are processor seconds; memory is the largest of the whole process.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np
import soundfile

from symbolic_cover.cli.quiet import settle_libraries
from symbolic_cover.core.controls import Hints
from symbolic_cover.core.heard import TimedNote
from symbolic_cover.core.music import Key
from symbolic_cover.listening.audio import transcribe
from symbolic_cover.listening.audio.piano import is_installed
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.formats import AUDIO_SUFFIXES
from symbolic_cover.listening.frames import FRAME_RATE_HZ
from symbolic_cover.listening.song import listen

TOLERANCE_SEC, AGREEMENT_SEC = 0.1, 0.05
#: Pieces in which every semiquaver begins a note, by a part of their names, and the seconds of which that is true.
EVEN = {"bwv846_prelude": (9.0, 140.0), "bwv847_prelude": (3.0, 70.0)}
COLUMNS = ("recording", "seconds", "note F1", "stock", "transkun", "agreement", "beat F", "librosa", "tempo, key",
           "cost", "stock's", "MB")  # fmt: skip


def main() -> None:
    """Analyse every recording in a process of its own, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    lines = ["# Listening to real recordings", "", f"`python {Path(*Path(__file__).parts[-3:])} FOLDER`", "",
             "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]  # fmt: skip
    for path in paths:
        with get_context("spawn").Pool(1) as alone:
            row = alone.apply(measure, (path,))
        lines.append("| " + " | ".join(row.get(column, "") for column in COLUMNS) + " |")
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(path: Path) -> dict[str, str]:
    """A row of the table."""
    settle_libraries()
    row = {"recording": path.stem[:40], "seconds": f"{soundfile.info(path).duration:.0f}"}
    begun = time.process_time()
    try:
        heard = listen(path, Hints(transcriber="basic-pitch"))
    except Exception as error:
        return row | {"tempo, key": str(error)}
    row["cost"] = f"{time.process_time() - begun:.1f}"
    row["MB"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"
    grid, key = heard.grid, heard.key or Key(0, "major")  # which the listener leaves unsaid
    row["tempo, key"] = f"{grid.tempo_bpm:.0f}, {grid.meter}, {key.fifths:+d} {key.mode}"
    thresholds = {"onset_threshold": transcribe.ONSET_THRESHOLD, "frame_threshold": transcribe.FRAME_THRESHOLD,
                  "minimum_note_length": 1000 * transcribe.SHORTEST_NOTE_FRAMES / FRAME_RATE_HZ,
                  "melodia_trick": False}  # fmt: skip
    begun = time.process_time()
    plain = rows_of(transcribe.hear_notes(load_recording(path)).notes)
    middle = time.process_time()
    row["agreement"] = f"{note_f1(predicted(path, thresholds), plain, AGREEMENT_SEC):.3f}"
    row["stock's"] = f"{time.process_time() - middle:.1f} for {middle - begun:.1f}"
    truth = next(path.parent.glob(path.stem + "*notes_dtw.csv"), None)
    if truth is not None:
        true = np.loadtxt(truth, delimiter=",", skiprows=1)[:, :3]
        row["note F1"] = f"{note_f1(true, rows_of(heard.notes), TOLERANCE_SEC):.3f}"
        row["stock"] = f"{note_f1(true, predicted(path, {}), TOLERANCE_SEC):.3f}"
        if is_installed():
            again = listen(path, Hints(transcriber="transkun"))
            row["transkun"] = f"{note_f1(true, rows_of(again.notes), TOLERANCE_SEC):.3f}"
        for name, (first, last) in EVEN.items():
            if name in path.stem:
                row |= compare_beats(path, true, grid.beat_sec, first, last)
    return row


def predicted(path: Path, settings: dict[str, Any]) -> np.ndarray:
    """The notes of basic-pitch's own `predict`."""
    with contextlib.redirect_stdout(io.StringIO()):
        from basic_pitch.inference import predict

        _, _, events = predict(str(path), transcribe.model_path(), **settings)
    return np.array([event[:3] for event in events], float)


def compare_beats(path: Path, true: np.ndarray, found: np.ndarray, first: float, last: float) -> dict[str, str]:
    """F-measure of beats where every fourth onset is one: ours and librosa's."""
    import librosa

    onsets = np.sort(true[:, 0])
    onsets = onsets[np.concatenate([[True], np.diff(onsets) > 0.03])]
    semiquavers = onsets[(onsets >= first) & (onsets <= last)]
    samples, rate_hz = librosa.load(path, sr=22050)
    theirs = librosa.beat.beat_track(y=samples, sr=rate_hz, units="time")[1]

    def score_of(beats: np.ndarray) -> Callable[[int], float]:
        inside = beats[(beats >= semiquavers[0] - 0.1) & (beats <= semiquavers[-1] + 0.1)]
        return lambda phase: mir_eval.beat.f_measure(semiquavers[phase::4], inside, TOLERANCE_SEC)

    # which of four is the beat is known from the score, but not from the onsets of the excerpt: the best for each
    return {"beat F": f"{max(map(score_of(found), range(4))):.3f}",
            "librosa": f"{max(map(score_of(theirs), range(4))):.3f}"}  # fmt: skip


def rows_of(notes: Sequence[TimedNote]) -> np.ndarray:
    """Notes as onset, end, pitch."""
    return np.array([note[:3] for note in notes])


def note_f1(true: np.ndarray, found: np.ndarray, tolerance_sec: float) -> float:
    """Onset F1 of notes (start, end, MIDI pitch)."""
    hz = mir_eval.util.midi_to_hz
    return float(mir_eval.transcription.precision_recall_f1_overlap(
        true[:, :2], hz(true[:, 2]), found[:, :2], hz(found[:, 2]), onset_tolerance=tolerance_sec, offset_ratio=None
    )[2])  # fmt: skip


if __name__ == "__main__":
    main()
