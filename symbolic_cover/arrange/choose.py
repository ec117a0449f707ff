"""Choose the best of several drafts by what can be measured without ears."""

from __future__ import annotations

import math
from collections.abc import Sequence

from symbolic_cover.evaluate.metrics import score_arrangement
from symbolic_cover.music import Arrangement, Content

#: Weights of the metrics in `worth`; harmony counts most, then that no bar is empty.
_WEIGHTS = {"chord_accuracy": 1.0, "chord_tone_ratio": 1.0, "empty_bars": -2.0, "unplayable_share": -5.0}
#: Rhythm that varies as much as people's does; both sides of it are worse.
_HUMAN_GROOVE, _GROOVE_WEIGHT = 0.83, 1.0


def worth(scores: dict[str, float]) -> float:
    """One number for a draft's metrics; more is better."""
    total = sum(weight * _or_zero(scores[name]) for name, weight in _WEIGHTS.items())
    return total - _GROOVE_WEIGHT * abs(_or_zero(scores["grooving_similarity"]) - _HUMAN_GROOVE)


def choose(drafts: Sequence[Arrangement], content: Content) -> tuple[Arrangement, dict[str, float]]:
    """The draft with the highest worth, and its metrics."""
    scored = [(draft, score_arrangement(draft, content)) for draft in drafts]
    return max(scored, key=lambda pair: worth(pair[1]))


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
