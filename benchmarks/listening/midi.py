"""A small table of how well MIDI files in given folders are read.

    python benchmarks/listening/midi.py --performed FOLDER --written FOLDER [--limit 30]

--performed  MIDI files as played, each NNN.mid beside a beat_midi.txt whose first column is beat times in seconds
             and beat_audio.txt whose second column is 1 at downbeats (POP909's layout)
--written    quantised MIDI files, which must be read as written
"""

from __future__ import annotations

import argparse
from pathlib import Path

import mir_eval
import numpy as np

from symbolic_cover.listening.song import listen


def within(times: np.ndarray, end_sec: float) -> np.ndarray:
    """Times from the beginning of a file to its last note."""
    return times[(times >= -0.05) & (times <= end_sec)]


def performed(folder: Path, limit: int) -> None:
    """Detection, beat and downbeat F-measure (70 ms) of performed MIDI."""
    rows, tracked = [], []
    for path in sorted(folder.rglob("*.mid"))[:limit]:
        if not (path.parent / "beat_midi.txt").is_file():
            continue
        heard = listen(path)
        grid, end_sec = heard.grid, heard.end_sec
        tracked.append(grid.confidence < 1)
        beats = within(np.loadtxt(path.parent / "beat_midi.txt")[:, 0], end_sec)
        audio = np.loadtxt(path.parent / "beat_audio.txt")
        bars = grid.sec_at(np.array([bar.start_tick for bar in grid.bars]))
        found = within(grid.beat_sec, end_sec)
        downbeats = within(audio[audio[:, 1] == 1, 0], end_sec)
        downbeat_f = mir_eval.beat.f_measure(downbeats, within(bars, end_sec)) if len(downbeats) else np.nan
        continuity = mir_eval.beat.continuity(beats, found)[3]
        rows.append((mir_eval.beat.f_measure(beats, found), continuity, downbeat_f, grid.confidence))
    beat_f, any_level, downbeat_f, confidence = np.nanmean(rows, axis=0)
    print(
        f"performed MIDI ({len(rows)})      tracked {np.mean(tracked):.2f}  beat F {beat_f:.3f}  AMLt {any_level:.3f}"
    )
    print(f"                         downbeat F {downbeat_f:.3f} (against audio)  confidence {confidence:.2f}")


def written(folder: Path, limit: int) -> None:
    """Share of quantised MIDI that is read as written."""
    confidences = [listen(path).grid.confidence for path in sorted(folder.rglob("*.mid"))[:limit]]
    print(f"written MIDI ({len(confidences)})        read as written {np.mean(np.array(confidences) == 1):.2f}")


def main() -> None:
    """Print one table for each folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in (performed, written):
        parser.add_argument(f"--{kind.__name__}", type=Path)
    parser.add_argument("--limit", type=int, default=30)
    arguments = parser.parse_args()
    for kind in (performed, written):
        if folder := getattr(arguments, kind.__name__):
            kind(folder, arguments.limit)


if __name__ == "__main__":
    main()
