"""basic-pitch's network, written anew: what its ONNX model computes, in a quarter of the time.

Its weights are read from that model. Of its 172 frames only those are computed that are kept. Most of its convolutions
have one channel on one side, for which products of matrices are faster: a block of columns at a time, whose weights
are a band.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import conv2d, pad

from symbolic_cover.listening.frames import HOP_SAMPLES

#: Octaves of the spectrum, its bins, those of the harmonic stack, and where in the spectrum each harmonic's begin.
_OCTAVES, _BINS, _STACKED = 9, 309, 264
_HARMONICS = (-36, 0, 36, 57, 72, 84, 93, 101)
_TAPS, _FLOOR = 256, 1e-10
#: Samples that are halved in rate at a time; columns that one product gives.
_HALVED, _COLUMNS, _KEYS = 64, 24, 8
#: Frames at either end of a window that what is kept does not depend on.
_UNUSED_FRAMES = 5


class _Weights(NamedTuple):
    """The weights, as they are multiplied."""

    halving: torch.Tensor
    waves: torch.Tensor
    lengths: torch.Tensor
    scale: float
    shift: float
    spread: list[tuple[slice, torch.Tensor]]
    spread_bias: torch.Tensor
    to_contour: _ToOne
    to_keys: tuple[torch.Tensor, torch.Tensor]
    to_note: _ToOne
    to_struck: tuple[torch.Tensor, torch.Tensor]
    of_struck: _ToOne
    of_note: _ToOne


def hear(path: Path, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that keys sound and that they begin, each (windows, frames, 88), in the frames of windows
    (windows, samples) that are kept."""
    with torch.inference_mode():
        weights = _weights(path)
        seen = _spectrum(weights, torch.from_numpy(windows))[:, _UNUSED_FRAMES:-_UNUSED_FRAMES]
        contour = torch.sigmoid(weights.to_contour(_spread(weights, seen)))
        keys = conv2d(contour[:, None], *weights.to_keys, stride=(1, 3), padding=(0, 2)).relu_()
        note = torch.sigmoid(weights.to_note(keys.permute(0, 2, 3, 1)))
        # Onsets look two frames around, and the sum of what speaks for them one: as far as the notes are known.
        beyond = (seen.shape[1] - note.shape[1]) // 2 - 2
        struck = conv2d(_stacked(seen[:, beyond:-beyond]), *weights.to_struck, stride=(1, 3), padding=(0, 1)).relu_()
        onset = torch.sigmoid(weights.of_struck(struck.permute(0, 2, 3, 1)) + weights.of_note(note[..., None]))
        return note[:, 1:-1].numpy(), onset.numpy()


def _spectrum(weights: _Weights, samples: torch.Tensor) -> torch.Tensor:
    """The logarithmic constant-Q spectrum of windows, each between its least and its greatest value, (windows, frames,
    `_BINS`)."""
    octaves = []
    for octave in range(_OCTAVES):
        around = pad(samples[:, None], (_TAPS // 2, _TAPS // 2), mode="reflect")[:, 0]
        waves = around.unfold(1, _TAPS, HOP_SAMPLES >> octave) @ weights.waves
        octaves.append(waves.unflatten(-1, (2, -1)).square().sum(dim=2))
        if octave < _OCTAVES - 1:
            n_halved = samples.shape[1] // 2
            blocks = -(-n_halved // _HALVED)
            beyond = 2 * _HALVED * blocks + _TAPS - samples.shape[1]
            around = pad(samples, (_TAPS // 2 - 1, beyond))
            samples = (around.unfold(1, len(weights.halving), 2 * _HALVED)[:, :blocks] @ weights.halving).flatten(1)
            samples = samples[:, :n_halved]
    power = torch.cat(octaves[::-1], dim=-1)[..., -_BINS:] * weights.lengths
    level = (power + _FLOOR).log10_()
    level -= level.amin(dim=(1, 2), keepdim=True)
    greatest = level.amax(dim=(1, 2), keepdim=True)
    return level * torch.where(greatest > 0, weights.scale / greatest, 0) + weights.shift


def _stacked(seen: torch.Tensor) -> torch.Tensor:
    """A spectrum beside those of its harmonics, (windows, harmonics, frames, `_STACKED`)."""
    stack = torch.zeros(*seen.shape[:2], _STACKED, len(_HARMONICS))
    for number, start in enumerate(_HARMONICS):
        low, high = max(-start, 0), min(_BINS - start, _STACKED)
        stack[..., low:high, number] = seen[..., low + start : high + start]
    return stack.permute(0, 3, 1, 2)


def _spread(weights: _Weights, seen: torch.Tensor) -> torch.Tensor:
    """The convolution over three frames and 39 bins of all harmonics, (windows, frames, `_STACKED`, 8), ramped."""
    given = seen.unfold(1, 3, 1).flatten(2).flatten(0, 1)
    made = torch.empty(len(given), len(weights.spread), _COLUMNS * 8)
    for block, (bins, weight) in enumerate(weights.spread):
        torch.addmm(weights.spread_bias, given[:, bins], weight, out=made[:, block])
    return made.relu_().view(len(seen), -1, _STACKED, 8)


class _ToOne:
    """A convolution (1, channels, frames, columns) to one channel, over frames that are there, its columns padded."""

    def __init__(self, columns: int, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        self.columns, self.bias = columns, 0.0 if bias is None else float(bias)
        n_channels, self.n_frames, self.width = weight.shape[1:]
        band = torch.zeros(columns + self.width - 1, n_channels, self.n_frames, columns)
        for column in range(columns):
            band[column : column + self.width, :, :, column] = weight[0].permute(2, 0, 1)
        self.band, self.n_channels = band.flatten(0, 1).flatten(1), n_channels

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(windows, frames, columns, channels) -> (windows, fewer frames, columns)."""
        n_windows, n_frames, n_columns, n_channels = x.shape
        beside = self.width // 2
        rows = x.flatten(2).flatten(0, 1)
        made = torch.empty(len(rows), n_columns // self.columns, self.n_frames * self.columns)
        for block in range(n_columns // self.columns):
            first = block * self.columns - beside
            low, high = max(first, 0), min(first + self.columns + 2 * beside, n_columns)
            band = self.band[(low - first) * n_channels : (high - first) * n_channels]
            torch.mm(rows[:, low * n_channels : high * n_channels], band, out=made[:, block])
        parts = made.view(n_windows, n_frames, -1, self.n_frames, self.columns)
        last = n_frames - self.n_frames + 1
        summed = parts[:, :last, :, 0] + self.bias
        for frame in range(1, self.n_frames):
            summed += parts[:, frame : frame + last, :, frame]
        return summed.flatten(2)


@cache
def _weights(path: Path) -> _Weights:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    arrays = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    convs: dict[tuple[int, ...], list[Any]] = {}
    for node in graph.node:
        if node.op_type == "Conv":
            weight = arrays[node.input[1]]
            convs.setdefault(tuple(weight.shape), []).append((weight, arrays[node.input[2]]))
    normalised = [arrays[name] for node in graph.node if "FusedBatchNorm" in node.output[0] for name in node.input
                  if name in arrays]  # fmt: skip
    waves = {weight.numpy().tobytes(): weight for weight, _ in convs[36, 1, 1, _TAPS]}
    halving = torch.zeros(2 * _HALVED + _TAPS - 2, _HALVED)
    for column in range(_HALVED):
        halving[2 * column : 2 * column + _TAPS, column] = convs[1, 1, 1, _TAPS][0][0].flatten()
    lengths = next(array for array in arrays.values() if tuple(array.shape) == (_BINS, 1, 1))
    spread, spread_bias = convs[8, 8, 3, 39][0]
    struck, struck_bias = convs[1, 33, 3, 3][0]
    return _Weights(
        halving,
        torch.cat([weight.flatten(1) for weight in waves.values()]).T.contiguous(),
        lengths.flatten().square(),
        float(normalised[0]),
        float(normalised[1]),
        _spread_weights(spread),
        spread_bias.repeat(_COLUMNS),
        _ToOne(_COLUMNS, *convs[1, 8, 5, 5][0]),
        _last(*convs[32, 1, 7, 7][0]),
        _ToOne(_KEYS, *convs[1, 32, 7, 3][0]),
        _last(*convs[32, 8, 5, 5][0]),
        _ToOne(_KEYS, struck[:, 1:], struck_bias),
        _ToOne(_KEYS, struck[:, :1]),
    )


def _last(weight: torch.Tensor, bias: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of a convolution with its channels last in memory."""
    return weight.to(memory_format=torch.channels_last), bias


def _spread_weights(weight: torch.Tensor) -> list[tuple[slice, torch.Tensor]]:
    """What the convolution of the stacked harmonics (8, 8, 3, 39) is on the spectrum that they are all taken from:
    for each block of columns the bins that it looks at, three frames each, and their weights."""
    beside = weight.shape[-1] // 2
    whole = torch.zeros(_BINS, 3, _STACKED, 8)
    for number, start in enumerate(_HARMONICS):
        for column in range(_STACKED):
            low = max(column - beside, 0, -start)
            high = max(min(column + beside + 1, _STACKED, _BINS - start), low)
            taps = weight[:, number, :, low - column + beside : high - column + beside]
            whole[low + start : high + start, :, column] += taps.permute(2, 1, 0)
    blocks = []
    for first in range(0, _STACKED, _COLUMNS):
        block = whole[:, :, first : first + _COLUMNS]
        used = block.flatten(1).abs().amax(dim=1).nonzero()
        low, high = int(used.min()), int(used.max()) + 1
        blocks.append((slice(3 * low, 3 * high), block[low:high].reshape(3 * (high - low), -1).contiguous()))
    return blocks
