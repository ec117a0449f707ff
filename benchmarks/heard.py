"""How much a cover loses because its song had to be heard: the same songs from their recording and from the truth.

    python benchmarks/heard.py LIBRARY --count 30 --out benchmarks/heard.md

LIBRARY is a folder of collected datasets. Pieces of a style from the test split are played and recorded as the
listener's training examples are (`studio`). Each is covered from a lead sheet: from the true melody, chords, beats
and key, from those that the program hears, and with one true thing in place of what was heard. Covers are compared,
in seconds, with what people play in the recording (mir_eval, onsets within 50 ms), since a wrongly heard grid has
other bars. Nothing but the lead sheet is shown, so that what the ears hear of the accompaniment does not help.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import torch
from listening.synthetic import note_f1

from symbolic_cover.analysis.song import analyze
from symbolic_cover.arrangement.arranger import candidates_by_model
from symbolic_cover.arrangement.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.choose import choose, parts_of
from symbolic_cover.cli.quiet import settle_libraries
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, Role, TimedChord, TimedNote, TimedTrack
from symbolic_cover.core.music import CHORD_INTERVALS, TICKS_PER_QUARTER, Bar, Key, Meter
from symbolic_cover.core.styles import load_ensembles, load_style
from symbolic_cover.corpus.prepare import Choice, find_jobs
from symbolic_cover.corpus.shards import split_of
from symbolic_cover.listening.song import listen
from symbolic_cover.sound.soundfonts import find_soundfonts
from symbolic_cover.studio.performance import Truth
from symbolic_cover.studio.training_examples import record_piece

WAYS = ("true lead sheet", "heard", "heard, true melody", "heard, true chords and key", "true, heard melody")
_SEED = 11


def main() -> None:
    """Record, hear, cover, compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--style", default="pop-piano")
    parser.add_argument("--count", type=int, default=30, help="recordings (default: 30)")
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    settle_libraries()
    torch.set_num_threads(1)
    folder = find_checkpoint(options.checkpoint)
    if folder is None:
        raise SystemExit("There are no weights.")
    checkpoint, ensembles, fonts = load_checkpoint(folder), load_ensembles(), find_soundfonts()
    jobs = [job for job in find_jobs(options.library, Choice())
            if job.style == options.style and split_of(job.split_group) == "test"]  # fmt: skip
    found: list[list[float]] = []
    for number in np.random.default_rng(_SEED).permutation(len(jobs)).tolist():
        recorded = record_piece(jobs[number], number, ensembles, [fonts[number % len(fonts)]])
        if recorded is not None and len(recorded[1].melody):
            with tempfile.TemporaryDirectory() as scratch:
                path = Path(scratch) / "song.wav"
                soundfile.write(path, recorded[0].samples, recorded[0].rate_hz, subtype="PCM_16")
                found.append(compared(listen(path), recorded[1], checkpoint, options.style, number))
            print(len(found), *(f"{value:.3f}" for value in found[-1]), flush=True)
        if len(found) == options.count:
            break
    text = "\n".join(table(np.array(found), options.style, checkpoint.name))
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


def compared(heard: Heard, truth: Truth, checkpoint: Checkpoint, style: str, seed: int) -> list[float]:
    """Note F1 of the cover of each of `WAYS`."""
    true = heard_of(truth)
    ways = (
        true,
        heard,
        replace(heard, tracks=true.tracks),
        replace(heard, chords=true.chords, key=true.key),
        replace(true, tracks=lead_of(heard)),
    )
    return [note_f1(truth.notes, covered(way, checkpoint, style, seed)) for way in ways]


def heard_of(truth: Truth) -> Heard:
    """What a faultless listener would say: melody, chords, beats and key."""
    step = [TICKS_PER_QUARTER * 3 // 2 if ternary else TICKS_PER_QUARTER for ternary in truth.beats[:, 3]]
    ticks = np.concatenate([[0], np.cumsum(step)])
    times = np.append(truth.beats[:, 0], 2 * truth.beats[-1, 0] - truth.beats[-2, 0])
    starts = [
        (int(tick), Meter(int(3 * size), 8) if ternary else Meter(int(size), 4))
        for tick, (_, place, size, ternary) in zip(ticks, truth.beats, strict=False)
        if place == 0
    ]
    bars = tuple(Bar(tick, meter) for tick, meter in starts)
    melody = tuple(TimedNote(float(on), float(end), int(pitch)) for on, end, pitch in truth.melody)
    qualities = tuple(CHORD_INTERVALS)
    chords = tuple(
        TimedChord(float(on), float(end), int(root), qualities[int(quality)], int(bass))
        for on, end, root, quality, bass in truth.chords
    )
    tonic, is_minor = (int(value) for value in truth.key)
    return Heard(
        (TimedTrack("melody", melody, role=Role.MELODY),), Grid(ticks, times, bars), chords=chords,
        key=Key(tonic, "minor" if is_minor else "major"),
    )  # fmt: skip


def lead_of(heard: Heard) -> tuple[TimedTrack, ...]:
    """The tracks of the melody alone."""
    return tuple(track for track in heard.tracks if track.role is Role.MELODY)


def covered(heard: Heard, checkpoint: Checkpoint, style: str, seed: int) -> np.ndarray:
    """The notes of a cover from the lead sheet, rows of onset, end (seconds) and pitch."""
    sheet = replace(analyze(heard), bass=(), texture=(), is_whole=False)
    controls = Controls(fidelity=0.0, seed=seed)
    best, _ = choose(
        candidates_by_model(checkpoint, sheet, load_style(style), controls), sheet, checkpoint.human.get(style)
    )
    notes = [note for played in parts_of(best).values() for note in played]
    times = sheet.grid.sec_at(np.array([[note.onset_tick, note.end_tick] for note in notes]))
    return np.column_stack([times, [note.pitch for note in notes]])


def table(found: np.ndarray, style: str, name: str) -> list[str]:
    """Means of each way, and of the differences to the first with their 95 % interval."""
    lines = [
        "# Covers of songs that were heard", "",
        f"`python benchmarks/heard.py LIBRARY --count {len(found)}`: {style}, {name}, {len(found)} recordings.", "",
        "| lead sheet | note F1 with people's notes | difference |", "|---|---|---|",
    ]  # fmt: skip
    for way, values in zip(WAYS, found.T, strict=True):
        lines.append(f"| {way} | {values.mean():.3f} | {difference(values - found[:, 0])} |")
    return lines


def difference(values: Sequence[float] | np.ndarray) -> str:
    """A mean with its interval; nothing where all are 0, or where there is but one."""
    values = np.asarray(values)
    if len(values) < 2 or not values.any():
        return ""
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():+.3f} [{values.mean() - half:+.3f}, {values.mean() + half:+.3f}]"


if __name__ == "__main__":
    main()
