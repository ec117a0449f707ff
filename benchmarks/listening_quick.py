"""How well the listen room hears, on folders of one's own: a small table.

    python benchmarks/listening_quick.py --performed FOLDER --written FOLDER --audio FOLDER [--limit 30]

--performed  MIDI files as played, each NNN.mid beside a beat_midi.txt whose first column is beat times in seconds
             and beat_audio.txt whose second column is 1 at downbeats (POP909's layout)
--written    quantised MIDI files, which must be read as written
--audio      recordings; agreement of the notes with basic-pitch's stock `predict` at the same thresholds,
             and with reference notes in NAME.notes_dtw.csv (onset, offset, pitch) where there are any
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from pathlib import Path

import mir_eval
import numpy as np

from symbolic_cover.listen import listen, transcribe
from symbolic_cover.listen.audio import AUDIO_SUFFIXES

ONSET_TOLERANCE_SEC = {"stock": 0.05, "reference": 0.1}


def within(times: np.ndarray, low: float, high: float) -> np.ndarray:
    """Times between the first and the last note."""
    return times[(times >= low - 0.05) & (times <= high)]


def performed(folder: Path, limit: int) -> None:
    """Detection, beat and downbeat F-measure (70 ms) of performed MIDI."""
    rows, tracked = [], []
    for path in sorted(folder.rglob("*.mid"))[:limit]:
        if not (path.parent / "beat_midi.txt").is_file():
            continue
        transcript, grid = listen(path)
        tracked.append(grid.confidence < 1)
        low, high = transcript.score.start(), transcript.score.end()
        beats = within(np.loadtxt(path.parent / "beat_midi.txt")[:, 0], low, high)
        audio = np.loadtxt(path.parent / "beat_audio.txt")
        bars = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
        found = within(grid.beat_sec, low, high)
        downbeats = within(audio[audio[:, 1] == 1, 0], low, high)
        downbeat_f = mir_eval.beat.f_measure(downbeats, within(bars, low, high)) if len(downbeats) else np.nan
        continuity = mir_eval.beat.continuity(beats, found)[3]
        rows.append((mir_eval.beat.f_measure(beats, found), continuity, downbeat_f, grid.confidence))
    beat_f, any_level, downbeat_f, confidence = np.nanmean(rows, axis=0)
    print(
        f"performed MIDI ({len(rows)})      tracked {np.mean(tracked):.2f}  beat F {beat_f:.3f}  AMLt {any_level:.3f}"
    )
    print(f"                         downbeat F {downbeat_f:.3f} (against audio)  confidence {confidence:.2f}")


def written(folder: Path, limit: int) -> None:
    """Share of quantised MIDI that is read as written."""
    confidences = [listen(path)[1].confidence for path in sorted(folder.rglob("*.mid"))[:limit]]
    print(f"written MIDI ({len(confidences)})        read as written {np.mean(np.array(confidences) == 1):.2f}")


def note_f1(reference: np.ndarray, estimate: np.ndarray, tolerance_sec: float) -> float:
    """Onset F1 of notes (start, end, MIDI pitch)."""
    hz = mir_eval.util.midi_to_hz
    return mir_eval.transcription.precision_recall_f1_overlap(
        reference[:, :2],
        hz(reference[:, 2]),
        estimate[:, :2],
        hz(estimate[:, 2]),
        onset_tolerance=tolerance_sec,
        offset_ratio=None,
    )[2]


def stock_notes(path: Path) -> np.ndarray:
    """What basic-pitch's own `predict` hears, at our thresholds."""
    with transcribe._quietly(), contextlib.redirect_stdout(io.StringIO()):
        from basic_pitch.inference import predict

        _, _, events = predict(
            str(path),
            transcribe.model_path(),
            onset_threshold=transcribe.ONSET_THRESHOLD,
            frame_threshold=transcribe.FRAME_THRESHOLD,
            minimum_note_length=1000 * transcribe.SHORTEST_NOTE_FRAMES / transcribe.FRAME_RATE_HZ,
            melodia_trick=False,
        )
    return np.array([event[:3] for event in events], float)


def audio(folder: Path, limit: int) -> None:
    """Tempo, metre, agreement with stock basic-pitch, and note F1 where there is a reference."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)[:limit]:
        started = time.perf_counter()
        try:
            transcript, grid = listen(path)
        except Exception as error:
            print(f"{path.stem[:40]:40} {error}")
            continue
        seconds = time.perf_counter() - started
        notes = np.array([(note.start, note.end, note.pitch) for note in transcript.score.tracks[0].notes])
        line = f"{path.stem[:40]:40} {grid.meter} {grid.tempo_bpm:5.1f} bpm  confidence {grid.confidence:.2f}"
        line += f"  {len(notes)} notes in {seconds:.1f} s  stock F1 "
        line += f"{note_f1(stock_notes(path), notes, ONSET_TOLERANCE_SEC['stock']):.3f}"
        for reference in path.parent.glob(path.stem + "*notes_dtw.csv"):
            true = np.loadtxt(reference, delimiter=",", skiprows=1)[:, :3]
            line += f"  reference F1 {note_f1(true, notes, ONSET_TOLERANCE_SEC['reference']):.3f}"
        print(line)


def main() -> None:
    """Print one table for each folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in (performed, written, audio):
        parser.add_argument(f"--{kind.__name__}", type=Path)
    parser.add_argument("--limit", type=int, default=30)
    arguments = parser.parse_args()
    for kind in (performed, written, audio):
        if folder := getattr(arguments, kind.__name__):
            kind(folder, arguments.limit)


if __name__ == "__main__":
    main()
