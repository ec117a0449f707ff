"""Measures of whole pieces by people, by style: the range of nine pieces in ten.

`human_range` has mean and spread of a few measures over eight bars, for choosing among candidates; this module has the
5th percentile, the median and the 95th percentile of everything that `evaluate` measures. They are made with a corpus
and stored beside the weights in ``people.json``.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symbolic_cover.core.places import PRESETS
from symbolic_cover.evaluation.measures import MEASURES

FILE_NAME = "people.json"
#: The least number of pieces for percentiles; nine pieces in ten are between the outer two.
_FEWEST = 5
_PERCENTILES = (5, 50, 95)
_READABILITY = PRESETS / "readability.toml"


class Range(NamedTuple):
    """Percentiles of a measure over people's pieces."""

    low: float
    median: float
    high: float


Ranges = Mapping[str, Range]


def ranges_of(measured: Sequence[Mapping[str, float]]) -> dict[str, Range]:
    """The range of each measure that at least `_FEWEST` pieces have, unless it is undefined for people's pieces."""
    without = {measure.name for measure in MEASURES if not measure.has_range}
    ranges = {}
    for name in measured[0] if measured else ():
        values = [one[name] for one in measured if not math.isnan(one[name])]
        if len(values) >= _FEWEST and name not in without:
            ranges[name] = Range(*(round(float(value), 4) for value in np.percentile(values, _PERCENTILES)))
    return ranges


def verdict(value: float, people: Range | None) -> str:
    """``within``, ``below`` or ``above`` people's range; empty if either is unknown."""
    if people is None or math.isnan(value):
        return ""
    return "below" if value < people.low - 5e-5 else "above" if value > people.high + 5e-5 else "within"


def save_people(styles: Mapping[str, Ranges], folder: Path) -> Path:
    """Write the ranges of all styles into a folder."""
    path = Path(folder) / FILE_NAME
    path.write_text(json.dumps(styles, indent=1) + "\n", encoding="utf-8")
    return path


def load_people(folder: Path) -> dict[str, dict[str, Range]]:
    """The ranges in a folder by style; {} if there are none."""
    path = Path(folder) / FILE_NAME
    if not path.is_file():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    return {style: {name: Range(*values) for name, values in ranges.items()} for style, ranges in told.items()}


@lru_cache(maxsize=1)
def readable_people() -> dict[str, dict[str, Range]]:
    """People's ranges of `readability.DESCRIPTIONS`, by ensemble; for other ensembles no free scores were available."""
    told = tomllib.loads(_READABILITY.read_text(encoding="utf-8"))
    return {ensemble: {name: Range(*values) for name, values in ranges.items()} for ensemble, ranges in told.items()}
