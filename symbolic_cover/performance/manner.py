"""The manner of playing a style: measurements on performers, and their selection by style."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from symbolic_cover.core.places import PRESETS
from symbolic_cover.core.styles import manner_facts
from symbolic_cover.performance.groove import Groove

_FOLDER = PRESETS / "expression"
EVEN = 0.5


@dataclass(frozen=True)
class Manner:
    """The parameters of a manner.

    `melody` and `accompaniment` are weights for `touch.struck`, already scaled; `swing` is the place of off-beats, as a
    share of the beat; `pedal_sec` are the times of lifting and pressing the pedal after a change of harmony (None: no
    pedal); `last_tempo` is a share of the tempo before.
    """

    melody: Mapping[str, float]
    accompaniment: Mapping[str, float]
    groove: Groove
    swing: float
    pedal_sec: tuple[float, float] | None
    last_tempo: float
    lead_ms: float
    strum_ms: float
    amount: float = 1.0


def manner_of(style: str, amount: float = 1.0) -> Manner:
    """The manner of a style, or the default for an unknown style; `amount` 0..1 scales all of it except the swing."""
    measured, chosen = _measured(), _default() | manner_facts(style)
    touch = measured["touch"]["pop"]
    groove = measured["groove"][chosen["groove"]]
    manner = Manner(
        _scaled(touch["tune"], chosen["touch"]),
        _scaled(touch["accompaniment"], chosen["touch"]),
        Groove(groove["velocity"], groove["late_ms"]),
        measured["groove"]["jazz"]["swing"] if chosen["swing"] else EVEN,
        (measured["pedal"]["lift_sec"], measured["pedal"]["press_sec"]) if chosen["pedal"] else None,
        chosen["last_tempo"],
        chosen["lead_ms"],
        chosen["strum_ms"],
    )
    return manner if amount == 1.0 else _less(manner, amount)


def _less(manner: Manner, amount: float) -> Manner:
    return replace(
        manner,
        melody=_scaled(manner.melody, amount),
        accompaniment=_scaled(manner.accompaniment, amount),
        last_tempo=1 - amount * (1 - manner.last_tempo),
        lead_ms=amount * manner.lead_ms,
        strum_ms=amount * manner.strum_ms,
        amount=amount,
    )


def _scaled(weights: Mapping[str, float], factor: float) -> dict[str, float]:
    return {name: factor * weight for name, weight in weights.items()}


@lru_cache(maxsize=1)
def _measured() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "measured.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _default() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "default.toml").read_text(encoding="utf-8"))
