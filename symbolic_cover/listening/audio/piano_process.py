"""transkun in a process of its own: `python -m symbolic_cover.listening.audio.piano_process SOUND.npy NOTES.npy`.

transkun imports torchaudio, whose wheels need CUDA's libraries, for one function: mel filters that its weights contain
anyway. So this process alone replaces that module by one that makes empty filters. SOUND is mono float32 at 44100 Hz,
NOTES (n, 4): onset and end in seconds, MIDI pitch, velocity, by onset.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symbolic_cover.listening.frames import LOWEST_PITCH, N_PITCHES

RATE_HZ = 44100
#: Seconds that are processed at once; windows overlap, so a note at an edge is whole in one of them.
_CHUNK_SEC, _OVERLAP_SEC = 48.0, 4.0


def main() -> None:
    """Transcribe the file in the first argument and write the notes to the second."""
    sound, out = map(Path, sys.argv[1:])
    np.save(out, hear(load_model(), np.load(sound)))


def load_model() -> Any:
    """transkun with its weights."""
    import torch

    if find_spec("torchaudio") is None:
        sys.modules["torchaudio"] = _only_filters()
    from transkun.ModelTransformer import ModelConfig, TransKun

    spec = find_spec("transkun")
    assert spec is not None
    weights = Path((spec.submodule_search_locations or [""])[0]) / "pretrained"
    config = ModelConfig()
    vars(config).update(json.loads((weights / "2.0.conf").read_text(encoding="utf-8"))["Model"]["config"])
    model = TransKun(conf=config)
    state = torch.load(weights / "2.0.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(state.get("best_state_dict") or state["state_dict"], strict=True)
    return model.eval()


def _only_filters() -> ModuleType:
    import torch

    module = ModuleType("torchaudio")
    module.functional = ModuleType("functional")  # type: ignore[attr-defined]
    module.functional.melscale_fbanks = lambda n_freqs, n_mels, **_: torch.zeros(n_freqs, n_mels)
    return module


def hear(model: Any, samples: np.ndarray) -> np.ndarray:
    """The notes in mono samples, (n, 4)."""
    import torch

    chunk, overlap = int(_CHUNK_SEC * RATE_HZ), int(_OVERLAP_SEC * RATE_HZ)
    notes: list[tuple[float, float, int, int]] = []
    for first in range(0, len(samples), chunk):
        begin = max(first - overlap, 0)
        piece = torch.from_numpy(samples[begin : first + chunk + overlap, None])
        with torch.inference_mode():
            heard = model.transcribe(piece, discardSecondHalf=False)
        for event in heard:
            onset, end = event.start + begin / RATE_HZ, event.end + begin / RATE_HZ
            inside = first <= onset * RATE_HZ < first + chunk
            if inside and LOWEST_PITCH <= event.pitch < LOWEST_PITCH + N_PITCHES and end > onset:
                notes.append((onset, end, int(event.pitch), int(np.clip(event.velocity, 1, 127))))
    return np.array(sorted(notes), dtype=float).reshape(-1, 4)


if __name__ == "__main__":
    main()
