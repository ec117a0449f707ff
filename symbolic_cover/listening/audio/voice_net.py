"""The network that transcribes singing: features of a voice -> maps of keys that are sung and that begin.

It was trained on synthesized singing (`studio/singing.py`). Like the listener, it uses local convolutions over keys and
time, and dilated ones over some seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from symbolic_cover.listening.audio.features import N_BANDS
from symbolic_cover.listening.audio.nets import OverTime, answers_of
from symbolic_cover.listening.audio.voice import VoiceFeatures
from symbolic_cover.listening.frames import N_PITCHES

N_MAPS, N_CURVES = 5, 3 * N_BANDS
#: The keys that people sing, A1 to G#6, as columns of a map.
SUNG_KEYS = slice(12, 72)
N_SUNG = SUNG_KEYS.stop - SUNG_KEYS.start
_NEVER = -20.0
SUNG_MAPS = ("begins", "sung")
_LOCAL_CHANNELS = 12


class Sung(NamedTuple):
    """Logits (frames, 88): a key is sung; a note on it begins."""

    sung: np.ndarray
    begins: np.ndarray


class VoiceNet(nn.Module):
    """Features (batch, frames, 5 * 88 + 3 * bands) of 0..1 -> logits ``keys``, (batch, frames, `N_SUNG`,
    `SUNG_MAPS`)."""

    def __init__(self, width: int = 112, layers: int = 7, dropout: float = 0.1) -> None:
        super().__init__()
        self.settings = {"width": width, "layers": layers, "dropout": dropout}
        self.local = nn.Sequential(
            nn.Conv2d(N_MAPS, _LOCAL_CHANNELS, (5, 3), padding="same"),
            nn.ReLU(),
            nn.Conv2d(_LOCAL_CHANNELS, _LOCAL_CHANNELS, (1, 25), padding="same"),
            nn.ReLU(),
            nn.Conv2d(_LOCAL_CHANNELS, _LOCAL_CHANNELS, (5, 3), padding="same"),
            nn.ReLU(),
        )
        self.gather = nn.Linear(_LOCAL_CHANNELS * N_SUNG + N_CURVES, width)
        self.blocks = nn.ModuleList(OverTime(width, 2**layer, dropout) for layer in range(layers))
        self.norm = nn.LayerNorm(width)
        self.gain = nn.Linear(width, _LOCAL_CHANNELS)
        self.near = nn.Linear(_LOCAL_CHANNELS + N_MAPS, len(SUNG_MAPS))
        self.all = nn.Linear(width, len(SUNG_MAPS))
        self.wide = nn.Linear(width, N_SUNG * len(SUNG_MAPS))

    def edge(self) -> list[nn.Parameter]:
        """The parameters of the output layer."""
        return [*self.near.parameters(), *self.all.parameters(), *self.wide.parameters()]

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """The logits."""
        n_frames = features.shape[1]
        keys = features[..., : N_MAPS * N_PITCHES].unflatten(-1, (N_MAPS, N_PITCHES))[..., SUNG_KEYS].transpose(1, 2)
        local = self.local(keys).permute(0, 2, 3, 1)  # batch, frames, keys, channels
        x = self.gather(torch.cat([local.flatten(2), features[..., N_MAPS * N_PITCHES :]], dim=-1))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        gained = local * (1 + self.gain(x))[:, :, None]
        near = self.near(torch.cat([gained, keys.permute(0, 2, 3, 1)], dim=-1))
        wide = self.wide(x).view(-1, n_frames, N_SUNG, len(SUNG_MAPS))
        return {"keys": near + wide + self.all(x)[:, :, None]}


def as_input(features: VoiceFeatures) -> torch.Tensor:
    """Features (frames, n) as one tensor of 0..1."""
    return torch.from_numpy(np.concatenate(features, axis=-1).astype(np.float32) / 255)


def hear_sung(model: VoiceNet, features: VoiceFeatures) -> Sung:
    """The network's output for a whole recording."""
    keys = answers_of(model, as_input(features))["keys"]
    maps = np.full((len(SUNG_MAPS), len(keys), N_PITCHES), _NEVER, np.float32)
    maps[:, :, SUNG_KEYS] = np.moveaxis(keys, -1, 0)
    return Sung(maps[SUNG_MAPS.index("sung")], maps[SUNG_MAPS.index("begins")])
