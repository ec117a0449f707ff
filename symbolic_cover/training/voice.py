"""Train the voice network on synthesized songs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import set_seed

from symbolic_cover.listening.audio.features import RATE_HZ
from symbolic_cover.listening.audio.nets import load_net
from symbolic_cover.listening.audio.voice import VoiceFeatures
from symbolic_cover.listening.audio.voice_net import N_MAPS, SUNG_KEYS, SUNG_MAPS, VoiceNet, as_input
from symbolic_cover.listening.frames import LOWEST_PITCH, N_PITCHES
from symbolic_cover.studio.singing import SungExample, load_sung_examples
from symbolic_cover.training.listening import binary, both_splits, frames_of, mark, moved, taught

#: 12 seconds.
WINDOW_FRAMES = 512
_FURTHEST = 7  # semitones that an example is moved
_STRETCH = 0.25
#: The probability that one of the maps is hidden, and the range of changes of treble and bass in the curves.
_HIDDEN, _TILT = 0.15, 0.15
_BEGINS_COUNTS = 2.0


class SungWindows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """`length` windows of sung examples: in order, or, with `augment`, drawn at random, each transposed, stretched in
    time, its curves tilted and sometimes one of its maps hidden."""

    def __init__(self, examples: Sequence[SungExample], length: int, seed: int, augment: bool = True) -> None:
        self.examples, self.length, self.seed, self.augment = examples, length, seed, augment

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng((self.seed, index))
        example = self.examples[int(rng.integers(len(self.examples))) if self.augment else index % len(self.examples)]
        stretch = float(np.exp(rng.uniform(-_STRETCH, _STRETCH))) if self.augment else 1.0
        steps = int(rng.integers(-_FURTHEST, _FURTHEST + 1)) if self.augment else 0
        n_frames = len(example.features.note)
        first = int(rng.integers(max(int(n_frames * stretch) - WINDOW_FRAMES // 2, 1)))
        places = (first + np.arange(WINDOW_FRAMES)) / stretch
        inside = places <= n_frames - 1
        taken = np.minimum(np.round(places).astype(int), n_frames - 1)
        sides = [side[taken] * inside[:, None] for side in example.features]
        sides = [moved(side, steps) for side in sides[:N_MAPS]] + sides[N_MAPS:]
        if self.augment:
            sides = [_tilted(side, rng) if number >= N_MAPS else side for number, side in enumerate(sides)]
            if rng.random() < _HIDDEN:
                sides[int(rng.integers(N_MAPS))][:] = 0
        notes = example.notes * np.array([stretch, stretch, 1]) - np.array([first / RATE_HZ, first / RATE_HZ, -steps])
        return {"features": as_input(VoiceFeatures(*sides)), "keys": torch.from_numpy(target_of(notes, WINDOW_FRAMES))}


def _tilted(side: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Curves (frames, bands) of bytes, some bands louder, some softer."""
    gain = np.exp(np.interp(np.arange(side.shape[1]), [0, side.shape[1] - 1], rng.normal(0, _TILT, 2)))
    return np.minimum(side * gain, 255).astype(np.uint8)


def target_of(notes: np.ndarray, n_frames: int) -> np.ndarray:
    """The targets for notes (n, 3) of onset and end in seconds and pitch: (frames, `N_SUNG`, `SUNG_MAPS`) of 0..1."""
    maps = {name: np.zeros((n_frames, N_PITCHES), np.float32) for name in SUNG_MAPS}
    for onset, end, pitch in notes:
        key = round(pitch) - LOWEST_PITCH
        if 0 <= key < N_PITCHES and end > 0 and onset < n_frames / RATE_HZ:
            first, last = frames_of(np.array([onset, end]), n_frames)
            maps["sung"][first : max(last, first + 1), key] = 1
            mark(maps["begins"][:, key], np.array([onset]))
    return np.stack([maps[name][:, SUNG_KEYS] for name in SUNG_MAPS], axis=-1)


class _Pupil(nn.Module):
    """The network with its loss, for the Trainer."""

    def __init__(self, net: VoiceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: torch.Tensor, keys: torch.Tensor) -> dict[str, torch.Tensor]:
        answered = self.net(features)["keys"].float()
        losses = [binary(answered[..., index], keys[..., index]) for index in range(len(SUNG_MAPS))]
        weights = [_BEGINS_COUNTS if name == "begins" else 1.0 for name in SUNG_MAPS]
        loss = sum((weight * loss for weight, loss in zip(weights, losses, strict=True)), torch.zeros(()))
        return {"loss": keys.shape[2] * loss}


def train_voice(
    examples: Path, out: Path, *, steps: int = 3000, batch_size: int = 8, rate: float = 2e-3, seed: int = 0,
    start_from: Path | None = None, progress: Callable[[int], None] | None = None,
) -> dict[str, float]:  # fmt: skip
    """Train on the sung examples in ``examples/train``, judge on ``examples/valid``, write weights to ``out/final``.

    A run found in `out` is continued; a new one may begin with the weights in a folder. Returns the last metrics.
    """
    training, validation = both_splits(examples, load_sung_examples)
    set_seed(seed)
    net = load_net(VoiceNet, start_from) if start_from else VoiceNet()
    pupil = _Pupil(net)
    return taught(
        pupil, net, out, steps=steps, batch_size=batch_size, rate=rate, seed=seed, progress=progress,
        training=SungWindows(training, steps * batch_size, seed),
        validation=SungWindows(validation, 2 * len(validation), seed=1, augment=False),
        labels=["keys"], about={"lessons": len(training)},
    )  # fmt: skip
