"""Measures of people's arrangements in a style, as a reference for ours.

`measure` is computed on a few bars of an arrangement; a `HumanRange` has the mean and the spread of the same measures
over excerpts of real pieces, and their mean style profile. `distance` says how far an arrangement is from them. The
ranges of all styles are made with a corpus and stored beside the weights in ``human_range.safetensors``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from symbolic_cover.core.controls import LEARNED_LEVELS
from symbolic_cover.core.music import TICKS_PER_QUARTER, Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.metrics import (
    bar_repetition,
    chord_accuracy,
    chord_tone_ratio,
    grooving_similarity,
    pitch_class_entropy,
)
from symbolic_cover.evaluation.style import style_fit, style_profile

FILE_NAME = "human_range.safetensors"
MEASURED = (
    "chord_accuracy",
    "chord_tone_ratio",
    "grooving_similarity",
    "pitch_class_entropy",
    "bar_repetition",
    "density",
    "struck_together",
    "duration",
    "silent_bars",
    "style_fit",
)
#: Distances are capped at this number of standard deviations; a standard deviation counts as at least this.
_FAR, _LEAST_SPREAD = 3.0, 0.05


@dataclass(frozen=True)
class HumanRange:
    """`mean` and `spread` (standard deviation) of each of `MEASURED`, and the mean style profile.

    `level` is the median level of the style's pieces.
    """

    mean: dict[str, float]
    spread: dict[str, float]
    profile: np.ndarray
    level: str = "full"


#: The range for styles without their own.
GENERAL = HumanRange(
    mean={"chord_accuracy": 0.9, "chord_tone_ratio": 0.87, "grooving_similarity": 0.85, "bar_repetition": 0.0,
          "silent_bars": 0.05},
    spread={"chord_accuracy": 0.1, "chord_tone_ratio": 0.07, "grooving_similarity": 0.1, "bar_repetition": 0.1,
            "silent_bars": 0.1},
    profile=np.zeros(1),
)  # fmt: skip


def measure(parts: Mapping[str, Sequence[Note]], sheet: SongSheet, profile: np.ndarray) -> dict[str, float]:
    """The values of `MEASURED` for the bars of `sheet.grid`; the melody belongs to one of the `parts`.

    `density` is log2 of the pitched notes a quarter, `duration` log2 of their mean length in ticks, `silent_bars` the
    share of bars, over the parts that play at all, in which a part begins no note. Undefined values are NaN.
    """
    melody = {(note.onset_tick, note.pitch) for note in sheet.melody}
    pitched = sorted(note for name, notes in parts.items() if name != "drums" for note in notes)
    everything = sorted(note for notes in parts.values() for note in notes)
    accompaniment = [note for note in pitched if (note.onset_tick, note.pitch) not in melody]
    bars = sheet.grid.bars
    quarters = (bars[-1].end_tick - bars[0].start_tick) / TICKS_PER_QUARTER
    onsets = {note.onset_tick for note in accompaniment}
    silent = [
        not any(bar.start_tick <= note.onset_tick < bar.end_tick for note in notes)
        for notes in parts.values()
        for bar in bars
        if notes
    ]
    return {
        "chord_accuracy": chord_accuracy(sheet.chords, pitched, sheet.grid),
        "chord_tone_ratio": chord_tone_ratio(accompaniment, sheet.chords),
        "grooving_similarity": grooving_similarity(everything, bars),
        "pitch_class_entropy": pitch_class_entropy(pitched, bars),
        "bar_repetition": bar_repetition(everything, bars),
        "density": math.log2(1 + len(pitched) / quarters),
        "struck_together": len(accompaniment) / len(onsets) if onsets else math.nan,
        "duration": math.log2(np.mean([note.duration_tick for note in pitched])) if pitched else math.nan,
        "silent_bars": float(np.mean(silent)) if silent else math.nan,
        "style_fit": style_fit(style_profile(parts.values()), profile) if profile.any() else math.nan,
    }


def distance(measured: Mapping[str, float], human: HumanRange) -> float:
    """The mean distance from people's mean in standard deviations, each capped at `_FAR`."""
    far = [abs(measured[name] - human.mean[name]) / human.spread[name] for name in MEASURED if name in human.mean]
    return float(np.mean([min(value, _FAR) if not math.isnan(value) else _FAR for value in far]))


def range_of(
    excerpts: Sequence[tuple[Mapping[str, Sequence[Note]], SongSheet]], levels: Sequence[str] = ()
) -> HumanRange:
    """The range of people's arrangements, each given by its parts and its song, and of the levels of whole pieces."""
    profile = np.mean([style_profile(parts.values()) for parts, _ in excerpts], axis=0)
    measured = [measure(parts, sheet, profile) for parts, sheet in excerpts]
    mean, spread = {}, {}
    for name in MEASURED:
        values = np.array([one[name] for one in measured])
        if np.isfinite(values).sum() >= len(values) / 2:
            mean[name] = float(np.nanmean(values))
            spread[name] = max(float(np.nanstd(values)), _LEAST_SPREAD)
    ordered = sorted(levels, key=LEARNED_LEVELS.index)
    return HumanRange(mean, spread, profile, ordered[len(ordered) // 2] if ordered else LEARNED_LEVELS[-1])


def excerpt(sheet: SongSheet, first: int, last: int) -> SongSheet:
    """The song's bars `first` to `last`; ticks do not change."""
    bars = sheet.grid.bars[first : last + 1]
    begin, end = bars[0].start_tick, bars[-1].end_tick

    def inside(notes: Sequence[Note]) -> tuple[Note, ...]:
        return tuple(note for note in notes if begin <= note.onset_tick < end)

    return replace(
        sheet,
        grid=replace(sheet.grid, bars=bars),
        is_whole=False,
        melody=inside(sheet.melody),
        bass=inside(sheet.bass),
        texture=inside(sheet.texture),
        chords=tuple(chord for chord in sheet.chords if chord.start_tick < end and chord.end_tick > begin),
        sections=tuple(section for section in sheet.sections if begin <= section.start_tick < end),
        lyrics=tuple(lyric for lyric in sheet.lyrics if begin <= lyric.tick < end),
        confidence=replace(
            sheet.confidence,
            bars={name: values[first : last + 1] for name, values in sheet.confidence.bars.items()},
        ),
    )


def save_ranges(ranges: Mapping[str, HumanRange], folder: Path) -> None:
    """Write the ranges of all styles into a folder."""
    from safetensors.numpy import save_file

    told = {style: json.dumps([one.mean, one.spread, one.level]) for style, one in ranges.items()}
    profiles = {style: one.profile.astype(np.float16) for style, one in ranges.items()}
    save_file(profiles, folder / FILE_NAME, metadata=told)


def load_ranges(folder: Path) -> dict[str, HumanRange]:
    """The ranges in a folder by style; {} if there are none."""
    from safetensors import safe_open

    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    with safe_open(path, framework="numpy") as file:
        ranges = {}
        for style, told in sorted((file.metadata() or {}).items()):
            mean, spread, level = json.loads(told)
            ranges[style] = HumanRange(mean, spread, file.get_tensor(style).astype(float), level)
    return ranges
