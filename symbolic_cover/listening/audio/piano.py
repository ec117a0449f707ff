"""A recording of a piano alone -> its notes: the adapter to transkun, where it is installed.

Yan & Duan, "Scoring time intervals using non-hierarchical Transformer for automatic piano transcription", ISMIR 2024.
Its weights (MIT) are part of its wheel. On solo pianos it hears far more than basic-pitch, at half the speed of the
music; of other instruments it knows nothing.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording, TimedNote
from symbolic_cover.listening.audio.recording import load_recording
from symbolic_cover.listening.audio.transcribe import Progress
from symbolic_cover.listening.frames import LOWEST_PITCH, N_PITCHES

RATE_HZ = 44100
INSTALL_REMEDY = "Type: pip install --no-deps transkun==2.0.1"
#: Seconds that are heard at once; windows overlap, so that a note at an edge is heard whole in one of them.
_CHUNK_SEC, _OVERLAP_SEC = 48.0, 4.0
#: Where the two agree so well on so many seconds, a piano is playing alone.
_TRIED_SEC, _LEAST_AGREEMENT = 12.0, 0.6


def is_installed() -> bool:
    """Whether transkun can be used."""
    return find_spec("transkun") is not None


def hear_again(path: Path, notes: list[TimedNote], transcriber: str) -> list[TimedNote]:
    """The notes of a recording whose `notes` have been heard with basic-pitch: heard anew, or the same list.

    transkun hears them where it is asked for, or (`auto`) where it is installed and hears about the same in
    `_TRIED_SEC` out of the middle, as it does of pianos alone. Raises `MissingDependencyError` if it is asked for and
    not there.
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
    """F-measure of onset and pitch between two hearings, within 50 ms; 0 where one of them is empty."""
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


def hear_piano(recording: Recording, progress: Progress | None = None) -> list[TimedNote]:
    """The notes of a recording at 44100 Hz, by onset. Raises `MissingDependencyError` without transkun."""
    import torch

    if recording.rate_hz != RATE_HZ:
        raise ValueError(f"transkun listens at {RATE_HZ} Hz, not {recording.rate_hz}")
    model = _model()
    chunk, overlap = int(_CHUNK_SEC * RATE_HZ), int(_OVERLAP_SEC * RATE_HZ)
    notes: list[TimedNote] = []
    for first in range(0, len(recording.samples), chunk):
        begin = max(first - overlap, 0)
        samples = torch.from_numpy(recording.samples[begin : first + chunk + overlap, None])
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its checkpointing, which is for training
            heard = model.transcribe(samples, discardSecondHalf=False)
        for event in heard:
            onset, end = event.start + begin / RATE_HZ, event.end + begin / RATE_HZ
            inside = first <= onset * RATE_HZ < first + chunk
            if inside and LOWEST_PITCH <= event.pitch < LOWEST_PITCH + N_PITCHES and end > onset:
                notes.append(TimedNote(onset, end, int(event.pitch), int(np.clip(event.velocity, 1, 127))))
        if progress:
            progress(min(first + chunk, len(recording.samples)) / len(recording.samples))
    return sorted(notes)


@cache
def _model() -> Any:
    """transkun with its weights."""
    import torch

    spec = find_spec("transkun")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError("transkun, which hears pianos, is not installed.", INSTALL_REMEDY)
    weights = Path(spec.submodule_search_locations[0]) / "pretrained"
    settings = json.loads((weights / "2.0.conf").read_text(encoding="utf-8"))["Model"]["config"]
    try:
        with _filters_from_weights():
            from transkun.ModelTransformer import ModelConfig, TransKun

            config = ModelConfig()
            vars(config).update(settings)
            model = TransKun(conf=config)
    except ImportError as error:
        raise MissingDependencyError(f"transkun cannot be loaded ({error}).", INSTALL_REMEDY) from error
    state = torch.load(weights / "2.0.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(state.get("best_state_dict") or state["state_dict"], strict=True)
    return model.eval()


@contextmanager
def _filters_from_weights() -> Iterator[None]:
    """Spare torchaudio: transkun asks it for mel filters alone, and its weights hold them anyway."""
    if find_spec("torchaudio") is not None:
        yield
        return
    import torch

    stand_in = ModuleType("torchaudio")
    stand_in.functional = ModuleType("functional")  # type: ignore[attr-defined]
    stand_in.functional.melscale_fbanks = lambda n_freqs, n_mels, **_: torch.zeros(n_freqs, n_mels)
    sys.modules["torchaudio"] = stand_in
    try:
        yield
    finally:
        del sys.modules["torchaudio"]
