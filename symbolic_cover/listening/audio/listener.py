"""The listener: a small network that finds beats, chords, key, melody and bass in basic-pitch's posteriorgrams.

It processes the features of a whole recording at once. Convolutions over time and pitch are local; a stack of dilated
convolutions over time has a receptive field of half a minute (van den Oord et al., "WaveNet", 2016; for beats: Davies &
Böck, EUSIPCO 2019). The outputs are frame-wise logits (`features.RATE_HZ`), decoded by `hearing.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from symbolic_cover.listening.audio.bar_pointer import N_TEMPI
from symbolic_cover.listening.audio.features import N_BANDS, Features
from symbolic_cover.listening.audio.nets import OverTime, answers_of
from symbolic_cover.listening.frames import N_PITCHES

#: Outputs for every key and frame: a note begins, sounds; a note of the melody, of the bass.
PITCH_MAPS = ("note onset", "note", "melody onset", "melody", "bass onset", "bass")
N_ROOTS, N_KEYS, METER_SIZES = 13, 24, (2, 3, 4)
_LOCAL_CHANNELS = 8


class Answers(NamedTuple):
    """The listener's outputs: logits as numpy arrays or tensors, each (..., frames, n).

    `beat` (2): a beat, a downbeat. `meter` (4): bars of 2, 3, 4 beats; beats in three. `root` and `bass_class` (13):
    pitch classes and none. `tones` (12): pitch classes in the chord. `key` (24): major by tonic, then minor. `tempo`
    (`N_TEMPI`): by `bar_pointer.tempo_class`. `pitch` (88 x 6): `PITCH_MAPS` of every key.
    """

    beat: np.ndarray
    meter: np.ndarray
    root: np.ndarray
    bass_class: np.ndarray
    tones: np.ndarray
    key: np.ndarray
    tempo: np.ndarray
    pitch: np.ndarray


_HEADS = {"beat": 2, "meter": len(METER_SIZES) + 1, "root": N_ROOTS, "bass_class": N_ROOTS, "tones": 12, "key": N_KEYS,
          "tempo": N_TEMPI}  # fmt: skip


class Listener(nn.Module):
    """Features (batch, frames, 88 + 88 + bands) of 0..1 -> logits by name, each (batch, frames, n)."""

    def __init__(self, width: int = 128, layers: int = 9, dropout: float = 0.1) -> None:
        super().__init__()
        self.settings = {"width": width, "layers": layers, "dropout": dropout}
        self.local = nn.Sequential(
            nn.Conv2d(2, _LOCAL_CHANNELS, (5, 3), padding="same"),
            nn.ReLU(),
            nn.Conv2d(_LOCAL_CHANNELS, _LOCAL_CHANNELS, (1, 25), padding="same"),
            nn.ReLU(),
        )
        self.gather = nn.Linear(_LOCAL_CHANNELS * N_PITCHES + N_BANDS, width)
        self.blocks = nn.ModuleList(OverTime(width, 2**layer, dropout) for layer in range(layers))
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in _HEADS.items()})
        self.gain = nn.Linear(width, _LOCAL_CHANNELS)
        self.near = nn.Linear(_LOCAL_CHANNELS + 2, len(PITCH_MAPS))
        self.wide = nn.Linear(width, N_PITCHES * len(PITCH_MAPS))

    def edge(self) -> list[nn.Parameter]:
        """The parameters of the output layer."""
        return [*self.heads.parameters(), *self.near.parameters(), *self.wide.parameters()]

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """The logits."""
        n_frames = features.shape[1]
        keys = features[..., : 2 * N_PITCHES].unflatten(-1, (2, N_PITCHES)).transpose(1, 2)
        local = self.local(keys).permute(0, 2, 3, 1)  # batch, frames, keys, channels
        x = self.gather(torch.cat([local.flatten(2), features[..., 2 * N_PITCHES :]], dim=-1))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        gained = local * (1 + self.gain(x))[:, :, None]
        near = self.near(torch.cat([gained, keys.permute(0, 2, 3, 1)], dim=-1))
        pitch = near + self.wide(x).view(-1, n_frames, N_PITCHES, len(PITCH_MAPS))
        return {**{name: head(x) for name, head in self.heads.items()}, "pitch": pitch}


def as_input(features: Features) -> torch.Tensor:
    """Features (frames, n) as one tensor of 0..1."""
    return torch.from_numpy(np.concatenate(features, axis=-1).astype(np.float32) / 255)


def hear(model: Listener, features: Features) -> Answers:
    """The listener's outputs for a whole recording."""
    return Answers(**answers_of(model, as_input(features)))
