"""`Recording` -> notes in seconds: the adapter to basic-pitch.

Bittner et al., "A lightweight instrument-agnostic model for polyphonic note transcription and
multipitch estimation", ICASSP 2022. Its ONNX model is run here directly, batch by batch; notes are
made from its posteriorgrams by basic-pitch's own function.

Conventions
-----------
The model sees windows of `WINDOW_SAMPLES` samples at 22050 Hz and answers with 172 frames of 256
samples. Windows follow each other every 142 frames and only those 142 in the middle are kept, so that
frames are equally spaced: frame i lies at ``i * 256 / 22050`` s. Pitches are the 88 keys from MIDI 21.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_cover.core.errors import InputError, MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.listening.frames import FRAME_RATE_HZ, HOP_SAMPLES, RATE_HZ

WINDOW_SAMPLES = 2 * RATE_HZ - HOP_SAMPLES
#: Frames at the edges of a window are discarded, as in basic-pitch.
EDGE_FRAMES = 15
KEPT_FRAMES = 142
WINDOWS_PER_BATCH = 8
LEAD_FRAMES = 4

#: On BWV 846 they give an onset F1 of .91, basic-pitch's own with its search for melodies .83.
ONSET_THRESHOLD = 0.6
FRAME_THRESHOLD = 0.4
SHORTEST_NOTE_FRAMES = 5
FEWEST_NOTES, FEWEST_NOTES_A_MINUTE = 4, 10  # music has more, noise fewer

MODEL_INPUT = "serving_default_input_2:0"
MODEL_OUTPUTS = {"note": "StatefulPartitionedCall:1", "onset": "StatefulPartitionedCall:2"}
#: Notes are decoded in chunks of this many frames with a margin, since the decoder copies all its input.
_PIECE_FRAMES, _AROUND_FRAMES = 40_000, 3_000
#: Without its dependencies, among them an old TensorFlow that its ONNX model does not need.
PIP = ("install", "--no-deps", "basic-pitch==0.4.0")
INSTALL_REMEDY = f"Run: symbolic-cover doctor --fix, or pip {' '.join(PIP)}"

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Transcription:
    """The output of basic-pitch.

    `notes` are by onset; `note` and `onset` are posteriorgrams (frames, 88) of probabilities 0..1, frame i at ``i /
    FRAME_RATE_HZ`` seconds, pitch k being MIDI 21 + k.
    """

    notes: tuple[TimedNote, ...]
    note: np.ndarray
    onset: np.ndarray

    @property
    def frame_sec(self) -> np.ndarray:
        """The time of each frame, (frames,) seconds."""
        return np.arange(len(self.note)) / FRAME_RATE_HZ


def hear_notes(recording: Recording, progress: Progress | None = None) -> Transcription:
    """Transcribe a recording at 22050 Hz; `progress` is called with the share done, 0..1.

    Raises `InputError` if (almost) no notes are found, `MissingDependencyError` without basic-pitch.
    """
    if recording.rate_hz != RATE_HZ:
        raise ValueError(f"basic-pitch listens at {RATE_HZ} Hz, not {recording.rate_hz}")
    note, onset = posteriorgrams(recording, progress)
    events = note_events(note, onset, ONSET_THRESHOLD, FRAME_THRESHOLD, SHORTEST_NOTE_FRAMES)
    refuse_noise(len(events), len(note) / FRAME_RATE_HZ)
    return Transcription(timed_notes(events), note, onset)


def count_notes(note: np.ndarray, onset: np.ndarray) -> int:
    """The number of notes by basic-pitch."""
    return len(note_events(note, onset, ONSET_THRESHOLD, FRAME_THRESHOLD, SHORTEST_NOTE_FRAMES))


def refuse_noise(n_notes: int, duration_sec: float) -> None:
    """Raise `InputError` if basic-pitch found too few notes for music."""
    if n_notes < max(FEWEST_NOTES, FEWEST_NOTES_A_MINUTE * duration_sec / 60):
        raise InputError("No notes were found in this recording.", "Give a recording with pitched instruments.")


def posteriorgrams(
    recording: Recording, progress: Progress | None = None, threads: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """The model's note and onset probabilities, each (frames, 88) float32."""
    session = _session(threads)
    n_frames = len(recording.samples) // HOP_SAMPLES
    n_windows = max(1, -(-n_frames // KEPT_FRAMES))
    kept: dict[str, list[np.ndarray]] = {name: [] for name in MODEL_OUTPUTS}
    for first in range(0, n_windows, WINDOWS_PER_BATCH):
        batch = _windows(recording.samples, first, min(first + WINDOWS_PER_BATCH, n_windows))
        answers = session.run(list(MODEL_OUTPUTS.values()), {MODEL_INPUT: batch})
        for frames, answer in zip(kept.values(), answers, strict=True):
            frames.extend(answer[:, EDGE_FRAMES : EDGE_FRAMES + KEPT_FRAMES])
        if progress:
            progress(min(first + WINDOWS_PER_BATCH, n_windows) / n_windows)
    note, onset = (np.concatenate(frames)[:n_frames] for frames in kept.values())
    return note, onset


def _windows(samples: np.ndarray, first: int, last: int) -> np.ndarray:
    """Windows `first`..`last` as (windows, WINDOW_SAMPLES, 1), padded with silence at both ends."""
    windows = np.zeros((last - first, WINDOW_SAMPLES, 1), np.float32)
    for row, index in enumerate(range(first, last)):
        start = (index * KEPT_FRAMES - EDGE_FRAMES) * HOP_SAMPLES
        piece = samples[max(start, 0) : start + WINDOW_SAMPLES]
        offset = max(-start, 0)
        windows[row, offset : offset + len(piece), 0] = piece
    return windows


def note_events(
    note: np.ndarray, onset: np.ndarray, onset_threshold: float, frame_threshold: float, shortest_frames: int
) -> list[tuple[int, int, int, float]]:
    """(start frame, end frame, MIDI pitch, amplitude 0..1) of every note, by basic-pitch's own method."""
    events = []
    for first in range(0, max(len(note), 1), _PIECE_FRAMES):
        begin, end = max(first - _AROUND_FRAMES, 0), first + _PIECE_FRAMES + _AROUND_FRAMES
        told = onset_threshold, frame_threshold, shortest_frames
        found = _note_events(note[begin:end], onset[begin:end], *told)
        moved = ((start + begin, stop + begin, pitch, level) for start, stop, pitch, level in found)
        events += [event for event in moved if first <= event[0] < first + _PIECE_FRAMES]
    return events


def _note_events(
    note: np.ndarray, onset: np.ndarray, onset_threshold: float, frame_threshold: float, shortest_frames: int
) -> list[tuple[int, int, int, float]]:
    try:
        from basic_pitch.note_creation import output_to_notes_polyphonic
    except ImportError as error:
        raise MissingDependencyError(f"basic-pitch cannot be loaded ({error}).", INSTALL_REMEDY) from error

    before = ((LEAD_FRAMES, 0), (0, 0))  # an onset is a peak in time: one at the very start needs a frame before it
    events = output_to_notes_polyphonic(
        np.pad(note, before),
        np.pad(onset, before),
        onset_thresh=onset_threshold,
        frame_thresh=frame_threshold,
        min_note_len=shortest_frames,
        infer_onsets=True,
        max_freq=None,
        min_freq=None,
        melodia_trick=False,
    )
    return [(max(0, start - LEAD_FRAMES), end - LEAD_FRAMES, pitch, level) for start, end, pitch, level in events]


def timed_notes(events: list[tuple[int, int, int, float]]) -> tuple[TimedNote, ...]:
    """Note events, as `note_events` gives them, in seconds and by onset."""
    return tuple(
        TimedNote(
            start / FRAME_RATE_HZ, end / FRAME_RATE_HZ, int(pitch), int(np.clip(round(127 * float(level)), 1, 127))
        )
        for start, end, pitch, level in sorted(events)
    )


def _session(threads: int) -> Any:
    """The ONNX model with a number of threads."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError("onnxruntime is not installed.", "Run: pip install onnxruntime") from error

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])


def model_path() -> Path:
    """The path of basic-pitch's ONNX model, without importing the package.

    Raises `MissingDependencyError` if basic-pitch or its model is missing.
    """
    spec = find_spec("basic_pitch")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "saved_models" / "icassp_2022" / "nmp.onnx"
        if path.is_file():
            return path
    raise MissingDependencyError("basic-pitch, which transcribes recordings, is not installed.", INSTALL_REMEDY)
