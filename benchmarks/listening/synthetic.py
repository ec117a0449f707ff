"""The analysis of synthetic recordings with exact annotations, compared with common baselines.

    python benchmarks/listening/synthetic.py LIBRARY --recordings FOLDER --count 120 --out synthetic.md

LIBRARY is a folder of collected datasets. Pieces of the test split, whose songs are in no training data, are played
with FluidSynth at their own tempo, touch, instruments and room, through SoundFonts of which one was never used in
training; the sound is kept in FOLDER. Baselines: stock basic-pitch for notes, librosa's beat tracker (bars of four from
its first beat), the skyline and lowest of stock notes for melody and bass, templates of chords on those beats,
Temperley's key profiles. Where benchmarks/listening/listening_madmom.py has been run on the recordings, its results are
included. Tolerances: 50 ms for notes, 70 ms for beats. Seconds are processor seconds for a minute of sound.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import mir_eval
import numpy as np
import soundfile

from symbolic_cover.analysis.chords import recognise_chords
from symbolic_cover.analysis.key import find_key
from symbolic_cover.analysis.quantize import quantize
from symbolic_cover.cli.quiet import settle_libraries
from symbolic_cover.core.grid import Grid
from symbolic_cover.core.heard import Heard, TimedChord, TimedNote, TimedTrack
from symbolic_cover.core.music import CHORD_INTERVALS, TICKS_PER_QUARTER, Bar, Chord, Key, Meter
from symbolic_cover.core.styles import load_ensembles
from symbolic_cover.listening.audio import transcribe
from symbolic_cover.listening.frames import FRAME_RATE_HZ
from symbolic_cover.listening.song import listen
from symbolic_cover.sound.soundfonts import find_soundfonts
from symbolic_cover.studio.performance import Truth
from symbolic_cover.studio.training_examples import draw_pieces, record_piece

BEAT_TOLERANCE_SEC, TEMPO_TOLERANCE = 0.07, 0.08
OURS, COMMON, MADMOM = "ours", "common", "madmom"
METRICS = (
    "note F1", "note F1 with ends", "beat F", "downbeat F", "tempo", "tempo or octave", "metre", "key", "chords",
    "sevenths", "melody F1", "melody chroma", "bass F1", "seconds",
)  # fmt: skip
#: madmom is asked for neither notes nor lines.
NOTES_UNKNOWN = dict.fromkeys(
    ("note F1", "note F1 with ends", "melody F1", "melody chroma", "bass F1", "sevenths"), float("nan")
)


class Findings(NamedTuple):
    """The results of one system; notes are rows of onset, end, pitch; chords (start, end, label)."""

    notes: np.ndarray
    beats: np.ndarray
    downbeats: np.ndarray
    meter: Meter
    key: str
    chords: list[tuple[float, float, str]]
    melody: np.ndarray
    bass: np.ndarray
    seconds: float


def main() -> None:
    """Record, analyse, compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--recordings", type=Path, required=True)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--split", default="test", help="valid, for whatever is tuned")
    parser.add_argument("--soundfonts", type=Path, nargs="+", help="where not all that are at hand")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    paths = record_all(options)
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        rows = [row for row in pool.map(measure, paths, chunksize=4) if row]
    text = "\n".join(report(rows, options)) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def record_all(options: argparse.Namespace) -> list[Path]:
    """The recordings, as wav and their annotations as npz; existing ones are kept."""
    folder = options.recordings / options.split
    folder.mkdir(parents=True, exist_ok=True)
    ensembles, paths = load_ensembles(), []
    fonts = options.soundfonts or find_soundfonts()
    for job, number in draw_pieces(options.library, options.split, options.count, seed=7):
        path = folder / f"{number}.wav"
        if not path.is_file():
            font = fonts[number % len(fonts)]
            recorded = record_piece(job, number, ensembles, [font])
            if recorded is None:
                continue
            recording, truth = recorded
            np.savez(path.with_suffix(".npz"), style=job.style, font=font.stem, **truth._asdict())
            soundfile.write(path, recording.samples, recording.rate_hz, subtype="PCM_16")
        paths.append(path)
    return paths


def measure(path: Path) -> dict[str, Any] | None:
    """All metrics of both ways of listening for one recording."""
    import torch

    settle_libraries()
    torch.set_num_threads(1)
    with np.load(path.with_suffix(".npz")) as told:
        truth = Truth(*(told[name] for name in Truth._fields))
        facts: dict[str, Any] = {"style": str(told["style"]), "font": str(told["font"])}
    if len(truth.beats) < 8 or len(truth.notes) < 10:
        return None
    for name, way in ((OURS, ours), (COMMON, common)):
        facts[name] = compare(timed(way, path), truth)
    heard = path.with_suffix(".madmom.json")
    if heard.is_file():
        found = of_madmom(json.loads(heard.read_text(encoding="utf-8")))
        facts[MADMOM] = compare(found, truth) | NOTES_UNKNOWN
    return facts


def timed(way: Callable[[Path], Findings], path: Path) -> Findings:
    """The results, with the processor seconds for a minute of sound."""
    begun = time.process_time()
    findings = way(path)
    return findings._replace(seconds=(time.process_time() - begun) * 60 / soundfile.info(path).duration)


def ours(path: Path) -> Findings:
    """The results of symbolic-cover."""
    heard = listen(path)
    grid, key = heard.grid, heard.key or Key(0, "major")
    return Findings(
        rows(heard.notes), grid.beat_sec, grid.sec_at(np.array([bar.start_tick for bar in grid.bars])), grid.meter,
        key.label, list(labelled(heard.chords or ())), rows(heard.melody or ()), rows(heard.bass or ()), 0.0,
    )  # fmt: skip


def labelled(chords: Sequence[TimedChord]) -> Iterator[tuple[float, float, str]]:
    """(start, end, label) of chords, and of the silence between them."""
    for chord, following in itertools.zip_longest(chords, chords[1:]):
        yield chord.start_sec, chord.end_sec, Chord(0, 1, *chord[2:]).label
        if following and following.start_sec > chord.end_sec:
            yield chord.end_sec, following.start_sec, "N"


def common(path: Path) -> Findings:
    """Stock basic-pitch, librosa, skyline, templates."""
    import librosa

    with contextlib.redirect_stdout(io.StringIO()):
        from basic_pitch.inference import predict

        _, _, events = predict(str(path), model_or_model_path=str(transcribe.model_path()))
    notes = np.array(sorted((start, end, pitch) for start, end, pitch, *_ in events)).reshape(-1, 3)
    samples, rate_hz = librosa.load(path, sr=22050)
    _, beats = librosa.beat.beat_track(y=samples, sr=rate_hz, units="time")
    if len(beats) < 2:
        beats = np.arange(0, len(samples) / rate_hz, 0.5)
    n_bars = max(len(beats) // 4, 1)
    grid = Grid(
        TICKS_PER_QUARTER * np.arange(len(beats)), beats, tuple(Bar(48 * i, Meter(4, 4)) for i in range(n_bars))
    )
    frames = [(*(round(sec * FRAME_RATE_HZ) for sec in (start, end)), int(pitch), 0.7) for start, end, pitch in notes]
    on_grid = quantize(Heard((TimedTrack("", transcribe.timed_notes(frames)),), grid))[0].notes
    chords = [(float(grid.sec_at(c.start_tick)), float(grid.sec_at(c.end_tick)), c.label)
              for c in recognise_chords(on_grid, grid)]  # fmt: skip
    return Findings(notes, beats, beats[::4], Meter(4, 4), find_key(on_grid).label, chords,
                    outline(notes, highest=True), outline(notes, highest=False), 0.0)  # fmt: skip


def of_madmom(heard: dict[str, Any]) -> Findings:
    """The output of listening_madmom.py."""
    beats, none = np.array(heard["beats"]).reshape(-1, 2), np.zeros((0, 3))
    size = int(beats[:, 1].max()) if len(beats) else 4
    chords = [tuple(chord) for chord in heard["chords"]]
    return Findings(none, beats[:, 0], beats[beats[:, 1] == 1, 0], Meter(size, 4), heard["key"], chords, none, none,
                    heard["seconds"])  # fmt: skip


def outline(notes: np.ndarray, highest: bool) -> np.ndarray:
    """Of notes that begin together (50 ms) the highest or lowest; the line ends where the next begins."""
    line: list[np.ndarray] = []
    for note in notes:
        if line and note[0] - line[-1][0] < 0.05:
            if (note[2] > line[-1][2]) == highest:
                line[-1] = np.array([line[-1][0], note[1], note[2]])
        else:
            line.append(note.copy())
    for one, following in itertools.pairwise(line):
        one[1] = min(one[1], following[0])
    return np.array(line).reshape(-1, 3)


def rows(notes: Sequence[TimedNote]) -> np.ndarray:
    """Notes as onset, end, pitch."""
    return np.array([note[:3] for note in notes]).reshape(-1, 3)


def compare(found: Findings, truth: Truth) -> dict[str, float]:
    """Every metric."""
    beats, downbeats = truth.beats[:, 0], truth.beats[truth.beats[:, 1] == 0, 0]
    inside = (found.beats > beats[0] - 0.1) & (found.beats < beats[-1] + 0.1)
    bars = found.downbeats[(found.downbeats > beats[0] - 0.1) & (found.downbeats < beats[-1] + 0.1)]
    true_bpm, bpm = (60 / np.median(np.diff(side)) for side in (beats, found.beats[inside] if inside.sum() > 2 else
                                                               np.arange(3.0)))  # fmt: skip
    size, ternary = (float(np.median(truth.beats[:, column])) for column in (2, 3))
    said = found.meter.bar_tick // found.meter.beat_tick
    compound = found.meter.beat_tick % TICKS_PER_QUARTER != 0
    onset_f1, both_f1 = note_f1(truth.notes, found.notes), note_f1(truth.notes, found.notes, with_ends=True)
    chord_scores = compare_chords(truth, found.chords)
    melody = truth.melody
    return {
        "note F1": onset_f1,
        "note F1 with ends": both_f1,
        "beat F": mir_eval.beat.f_measure(beats, found.beats[inside], BEAT_TOLERANCE_SEC) if inside.any() else 0.0,
        "downbeat F": mir_eval.beat.f_measure(downbeats, bars, BEAT_TOLERANCE_SEC) if len(bars) else 0.0,
        "tempo": float(abs(bpm / true_bpm - 1) < TEMPO_TOLERANCE),
        "tempo or octave": float(any(abs(bpm / true_bpm / k - 1) < TEMPO_TOLERANCE for k in (1, 2, 3, 1 / 2, 1 / 3))),
        "metre": float(said in ({size, 2, 4} if size in (2, 4) else {size}) and compound == bool(ternary)),
        "key": mir_eval.key.weighted_score(true_key(truth).label, found.key),
        "chords": chord_scores[0],
        "sevenths": chord_scores[1],
        "melody F1": note_f1(melody, found.melody) if len(melody) else np.nan,
        "melody chroma": chroma_accuracy(melody, found.melody) if len(melody) else np.nan,
        "bass F1": note_f1(truth.bass, found.bass) if len(truth.bass) else np.nan,
        "seconds": found.seconds,
    }


def note_f1(true: np.ndarray, found: np.ndarray, with_ends: bool = False) -> float:
    """Onset F1 at 50 ms, or onset and end."""
    if not len(true) or not len(found):
        return 0.0
    hz = mir_eval.util.midi_to_hz
    sides = [(side[:, :2] + [[0, 0]], hz(side[:, 2])) for side in (longer(true), longer(found))]
    scores = mir_eval.transcription.precision_recall_f1_overlap(
        *sides[0], *sides[1], onset_tolerance=0.05, offset_ratio=0.2 if with_ends else None
    )
    return float(scores[2])


def longer(notes: np.ndarray) -> np.ndarray:
    """No note shorter than a hundredth of a second, none before 0."""
    notes = np.array(notes, dtype=float)
    notes[:, 0] = np.maximum(notes[:, 0], 0)
    notes[:, 1] = np.maximum(notes[:, 1], notes[:, 0] + 0.01)
    return notes


def chroma_accuracy(true: np.ndarray, found: np.ndarray) -> float:
    """Raw chroma accuracy of `mir_eval.melody` on a grid of 10 ms."""
    times = np.arange(0, true[:, 1].max(), 0.01)
    lines = []
    for notes in (true, found):
        line = np.zeros(len(times))
        for onset, end, pitch in notes:
            line[(times >= onset) & (times < end)] = mir_eval.util.midi_to_hz(pitch)
        lines.append(line)
    true_cents, voiced = mir_eval.melody.freq_to_voicing(lines[0])
    found_cents, said = mir_eval.melody.freq_to_voicing(lines[1])
    to_cents = mir_eval.melody.hz2cents
    return float(mir_eval.melody.raw_chroma_accuracy(voiced, to_cents(true_cents), said, to_cents(found_cents)))


def true_key(truth: Truth) -> Key:
    """The key of a recording."""
    return Key(int(truth.key[0]), "minor" if truth.key[1] else "major")


def compare_chords(truth: Truth, found: list[tuple[float, float, str]]) -> tuple[float, float]:
    """Weighted share of time with the right major or minor chord, and with the right seventh chord."""
    if not len(truth.chords) or not found:
        return np.nan, np.nan
    qualities = list(CHORD_INTERVALS)
    true = [(start, end, Chord(0, 1, int(root), qualities[int(quality)], int(bass)).label)
            for start, end, root, quality, bass in truth.chords if end > start]  # fmt: skip
    spans, labels = zip(*[((a, b), mirex(label)) for a, b, label in true], strict=True)
    estimate = [((a, b), mirex(label)) for a, b, label in found if b > a]
    est_spans, est_labels = mir_eval.util.adjust_intervals(
        np.array([span for span, _ in estimate]), [label for _, label in estimate], spans[0][0], spans[-1][1], "N", "N"
    )
    merged, ref, est = mir_eval.util.merge_labeled_intervals(np.array(spans), list(labels), est_spans, est_labels)
    durations = mir_eval.util.intervals_to_durations(merged)
    return tuple(mir_eval.chord.weighted_accuracy(function(ref, est), durations)
                 for function in (mir_eval.chord.majmin, mir_eval.chord.sevenths))  # fmt: skip


def mirex(label: str) -> str:
    """A label without its bass, which these comparisons ignore."""
    return label.split("/")[0]


def report(rows_: list[dict[str, Any]], options: argparse.Namespace) -> list[str]:
    """Tables in Markdown: all, by SoundFont, by style."""
    lines = [
        "# Listening",
        "",
        f"`python benchmarks/listening/synthetic.py LIBRARY --count {options.count} --split {options.split}"
        f" --soundfonts {' '.join(sorted({row['font'] for row in rows_}))}`: {len(rows_)} recordings of 40 s.",
        "",
        *table(rows_),
        "",
        "## By SoundFont: ours / common",
        "",
        *grouped(rows_, "font"),
        "",
        "## By style: ours / common",
        "",
        *grouped(rows_, "style"),
    ]
    return lines


def table(rows_: list[dict[str, Any]]) -> list[str]:
    """The means of all recordings; where madmom heard some of them, its means and ours of those."""
    heard = [row for row in rows_ if MADMOM in row]
    columns = {OURS: (OURS, rows_), COMMON: (COMMON, rows_)}
    if heard:
        columns |= {f"{way}, {len(heard)} of them": (way, heard) for way in (OURS, MADMOM)}
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for metric in METRICS:
        values = [[row[way][metric] for row in group] for way, group in columns.values()]
        cells = ["" if np.isnan(side).all() else f"{np.nanmean(side):.3f}" for side in values]
        lines.append(f"| {metric} | " + " | ".join(cells) + " |")
    return lines


def grouped(rows_: list[dict[str, Any]], by: str) -> list[str]:
    """The means of groups of recordings."""
    lines = [f"| {by} | n | " + " | ".join(METRICS[:-1]) + " |", "|---" * (len(METRICS) + 1) + "|"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for name in sorted({row[by] for row in rows_}):
            group = [row for row in rows_ if row[by] == name]
            cells = [" / ".join(f"{np.nanmean([row[way][metric] for row in group]):.2f}" for way in (OURS, COMMON))
                     for metric in METRICS[:-1]]  # fmt: skip
            lines.append(f"| {name} | {len(group)} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
