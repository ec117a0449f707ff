"""The grid of beats and bars, which alone converts between seconds and ticks."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symbolic_cover.core.music import STRAIGHT_TICK, TICKS_PER_QUARTER, Bar, Meter


@dataclass(frozen=True, eq=False)
class Grid:
    """Beats and bars; the only place where seconds become ticks and back.

    `beat_tick` (n,) int and `beat_sec` (n,) float, both strictly rising, tie ticks to seconds; time is linear between
    beats, and continues outside them at the tempo of the nearest beat. `bars` cover the song from tick 0 without gaps.
    `confidence` (0..1) is that of the listener in beats and metre: 1 for a score. `second_tick` is where the second
    eighth of a quarter sounds: in the middle, or later in a song that swings, whose ticks are those of straight
    eighths. Raises `ValueError` for fewer than two beats or times that do not rise.
    """

    beat_tick: np.ndarray
    beat_sec: np.ndarray
    bars: tuple[Bar, ...]
    confidence: float = 1.0
    second_tick: float = STRAIGHT_TICK

    def __post_init__(self) -> None:
        if len(self.beat_tick) != len(self.beat_sec) or len(self.beat_tick) < 2:
            raise ValueError("a grid needs at least two beats, each with a tick and a time")
        if not np.all(np.isfinite(self.beat_sec)):
            raise ValueError("beats need finite times")
        if np.any(np.diff(self.beat_tick) <= 0) or np.any(np.diff(self.beat_sec) <= 0):
            raise ValueError("beats must rise")

    @classmethod
    def steady(cls, n_bars: int, meter: Meter = Meter(4, 4), bpm: float = 120.0) -> Grid:
        """A grid of `n_bars` equal bars; `bpm` counts felt beats a minute."""
        bars = tuple(Bar(i * meter.bar_tick, meter) for i in range(n_bars))
        beat_tick = np.arange(0, n_bars * meter.bar_tick + 1, meter.beat_tick)
        return cls(beat_tick, np.arange(len(beat_tick)) * 60.0 / bpm, bars)

    @property
    def meter(self) -> Meter:
        """The metre of most bars."""
        meters = [bar.meter for bar in self.bars]
        return max(set(meters), key=meters.count)

    @property
    def end_tick(self) -> int:
        """Where the last bar ends."""
        return self.bars[-1].end_tick

    @property
    def tempo_bpm(self) -> float:
        """Median tempo in felt beats a minute."""
        sec_per_tick = np.diff(self.beat_sec) / np.diff(self.beat_tick)
        return float(60.0 / (np.median(sec_per_tick) * self.meter.beat_tick))

    def tick_at(self, sec: np.ndarray | float) -> np.ndarray:
        """Seconds -> ticks (float; quantization is done elsewhere)."""
        sounding = _piecewise(np.asarray(sec, dtype=float), self.beat_sec, self.beat_tick.astype(float))
        return _within_quarters(sounding, self.second_tick, STRAIGHT_TICK)

    def sec_at(self, tick: np.ndarray | float) -> np.ndarray:
        """Ticks -> seconds."""
        sounding = _within_quarters(np.asarray(tick, dtype=float), STRAIGHT_TICK, self.second_tick)
        return _piecewise(sounding, self.beat_tick.astype(float), self.beat_sec)

    def bar_index(self, tick: int) -> int:
        """The bar in which `tick` falls; ticks outside belong to the first or last bar."""
        return min(max(bisect_right(self._starts, tick) - 1, 0), len(self._starts) - 1)

    @cached_property
    def _starts(self) -> list[int]:
        return [bar.start_tick for bar in self.bars]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Grid):
            return NotImplemented
        mine, theirs = ((one.bars, one.confidence, one.second_tick) for one in (self, other))
        return (
            mine == theirs
            and np.array_equal(self.beat_tick, other.beat_tick)
            and np.array_equal(self.beat_sec, other.beat_sec)
        )

    def __hash__(self) -> int:
        return hash((self.bars, self.confidence, self.second_tick, len(self.beat_tick)))


def _within_quarters(tick: np.ndarray, middle: float, moved: float) -> np.ndarray:
    """Ticks warped so that `middle` of a quarter moves to `moved`, the others in proportion."""
    if middle == moved:
        return tick
    quarter, place = np.divmod(tick, TICKS_PER_QUARTER)
    late = moved + (place - middle) * (TICKS_PER_QUARTER - moved) / (TICKS_PER_QUARTER - middle)
    return quarter * TICKS_PER_QUARTER + np.where(place < middle, place * moved / middle, late)


def _piecewise(x: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Linear interpolation that continues outside with the first and last slope."""
    segment = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2)
    slope = (ys[segment + 1] - ys[segment]) / (xs[segment + 1] - xs[segment])
    return ys[segment] + (x - xs[segment]) * slope
