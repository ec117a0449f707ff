"""Beats and downbeats by BeatNet: three small recurrent networks trained on real recordings.

Heydari, Cwitkowitz & Duan, "BeatNet: CRNN and particle filtering for online joint beat downbeat and meter tracking",
ISMIR 2021. The network is reimplemented here; its weights (CC BY 4.0) are read from the package BeatNet, whose code is
not used; the spectrogram is madmom's, by madmom-infer.

Conventions
-----------
Input is at 22050 Hz; frame i is at ``i / RATE_HZ`` seconds.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording

RATE_HZ = 50.0
PIP = ("install", "--no-deps", "BeatNet==1.1.3")
HOP_SAMPLES, _FRAME_SAMPLES, _BANDS_PER_OCTAVE = 441, 1411, 24
_N_INPUTS, _KERNEL, _WIDTH, _CELLS = 272, 10, 150, 150
#: Frames processed at a time, to bound memory, and the frames before and after that the spectrum needs.
_STRETCH_FRAMES, _BESIDE_FRAMES = 50 * 60, 10


class Pulse(NamedTuple):
    """The probability of a beat other than a downbeat, and of a downbeat, each (frames,)."""

    beat: np.ndarray
    downbeat: np.ndarray


def is_installed() -> bool:
    """Whether weights and spectrogram are available."""
    return find_spec("BeatNet") is not None and find_spec("madmom_infer") is not None


def hear_pulse(recording: Recording) -> Pulse:
    """The mean output of the three networks. Raises `MissingDependencyError` without weights or madmom-infer."""
    nets = _nets()
    states: list[_State | None] = [None] * len(nets)
    answers = []
    n_frames = -(-len(recording.samples) // HOP_SAMPLES)
    with torch.inference_mode():
        for first in range(0, n_frames, _STRETCH_FRAMES):
            spectrum = torch.from_numpy(_spectrum(recording.samples, first, min(first + _STRETCH_FRAMES, n_frames)))
            said = []
            for index, net in enumerate(nets):
                answer, states[index] = net(spectrum, states[index])
                said.append(answer)
            answers.append(torch.stack(said).mean(dim=0).numpy())
    beat, downbeat, _ = np.concatenate(answers).T
    return Pulse(beat, downbeat)


_State = tuple[torch.Tensor, torch.Tensor]


class _Net(nn.Module):
    """Spectra (frames, `_N_INPUTS`) and a state -> probabilities (frames, 3) of a beat, a downbeat, neither."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 2, _KERNEL)
        self.linear0 = nn.Linear(2 * ((_N_INPUTS - _KERNEL + 1) // 2), _WIDTH)
        self.lstm = nn.LSTM(_WIDTH, _CELLS, num_layers=2, batch_first=True)
        self.linear = nn.Linear(_CELLS, 3)

    def forward(self, spectra: torch.Tensor, before: _State | None = None) -> tuple[torch.Tensor, _State]:
        """The probabilities and the next state."""
        local = nn.functional.max_pool1d(nn.functional.relu(self.conv1(spectra[:, None])), 2)
        states, after = self.lstm(self.linear0(local.flatten(1))[None], before)
        return torch.softmax(self.linear(states[0]), dim=-1), after


@cache
def _nets() -> tuple[_Net, ...]:
    spec = find_spec("BeatNet")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError("BeatNet, which hears beats, is not installed.", f"Run: pip {' '.join(PIP)}")
    folder = Path(spec.submodule_search_locations[0]) / "models"
    nets = []
    for number in (1, 2, 3):
        net = _Net()
        net.load_state_dict(torch.load(folder / f"model_{number}_weights.pt", map_location="cpu", weights_only=True))
        nets.append(net.eval())
    return tuple(nets)


def _spectrum(samples: np.ndarray, first: int, last: int) -> np.ndarray:
    """The log spectrum and its positive differences in frames first..last, (frames, `_N_INPUTS`)."""
    try:
        from madmom_infer.audio.signal import FramedSignal, Signal
        from madmom_infer.audio.spectrogram import (
            FilteredSpectrogramProcessor,
            LogarithmicSpectrogramProcessor,
            SpectrogramDifferenceProcessor,
        )
        from madmom_infer.audio.stft import ShortTimeFourierTransform
    except ImportError as error:
        raise MissingDependencyError("BeatNet needs madmom-infer.", "Run: pip install madmom-infer") from error
    begin = max(first - _BESIDE_FRAMES, 0)
    piece = samples[begin * HOP_SAMPLES : (last + _BESIDE_FRAMES) * HOP_SAMPLES]
    frames = FramedSignal(Signal(piece, sample_rate=22050), frame_size=_FRAME_SAMPLES, hop_size=HOP_SAMPLES)
    spectrum = FilteredSpectrogramProcessor(num_bands=_BANDS_PER_OCTAVE, fmin=30, fmax=17000, norm_filters=True)(
        ShortTimeFourierTransform(frames)
    )
    spectrum = LogarithmicSpectrogramProcessor(mul=1, add=1)(spectrum)
    stacked = SpectrogramDifferenceProcessor(diff_ratio=0.5, positive_diffs=True, stack_diffs=np.hstack)(spectrum)
    return np.asarray(stacked[first - begin : last - begin], np.float32)
