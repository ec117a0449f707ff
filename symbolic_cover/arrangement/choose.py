"""Choose the best of several candidates by measures that need no listener.

A candidate is preferred where its measures are near those of people's arrangements in the style
(`evaluation.human_range`), where it agrees with the other candidates, since what a model samples again and again, it is
confident of (minimum Bayes risk decoding, Kumar & Byrne, NAACL 2004), and where the song's chords are recognised in it
as often as in people's. `benchmarks/arranging/arrangement.py` compares the score with people's versions: mostly they
score higher than ours, and ours higher than the rules'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.evaluation.human_range import GENERAL, HumanRange, distance, excerpt, measure
from symbolic_cover.evaluation.measures import score_arrangement
from symbolic_cover.evaluation.metrics import note_f1

Parts = Mapping[str, Sequence[Note]]
#: Weights of the agreement, and of the share of chords that are missed, beside the score of the order of 1: set by
#: hand; the choice as a whole is measured in `benchmarks/arranging/arrangement.py`.
_AGREEMENT_WEIGHT, _CHORDS_WEIGHT = 2.0, 3.0
#: The mean distance of people's own arrangements from their mean (`benchmarks/arranging/arrangement.py`): smaller
#: distances score no higher.
TYPICAL_DISTANCE = 0.7


def choose(
    candidates: Sequence[Arrangement], sheet: SongSheet, human: HumanRange | None = None
) -> tuple[Arrangement, dict[str, float]]:
    """The candidate with the highest score, and its metrics."""
    best = best_of([parts_of(candidate) for candidate in candidates], sheet, human)
    return candidates[best], score_arrangement(candidates[best], sheet)


def best_of(candidates: Sequence[Parts], sheet: SongSheet, human: HumanRange | None = None) -> int:
    """The index of the best candidate; each is notes by part, melody included."""
    if len(candidates) == 1:
        return 0
    return int(np.argmax(preference(candidates, sheet, human)))


def best_phrase(candidates: Sequence[Parts], sheet: SongSheet, first: int, last: int, human: HumanRange | None) -> int:
    """The index of the best candidate in bars `first` to `last`; candidates need no other bars."""
    return best_of(candidates, excerpt(sheet, first, last), human)


def preference(candidates: Sequence[Parts], sheet: SongSheet, human: HumanRange | None = None) -> np.ndarray:
    """How much each of several candidates is preferred, (candidates,)."""
    human = human or GENERAL
    measured = [measure(parts, sheet, human.profile) for parts in candidates]
    scores = np.array([_score(one, human) for one in measured])
    usual = human.mean.get("chord_accuracy", 0.0)
    missed = np.array([min(one["chord_accuracy"] - usual, 0.0) for one in measured])
    return scores + _AGREEMENT_WEIGHT * agreement(candidates) + _CHORDS_WEIGHT * np.nan_to_num(missed)


def score_candidate(parts: Parts, sheet: SongSheet, human: HumanRange | None = None) -> float:
    """How near a candidate is to people's arrangements, -3 (far) to -`TYPICAL_DISTANCE` (as near as people's own)."""
    human = human or GENERAL
    return _score(measure(parts, sheet, human.profile), human)


def _score(measured: Mapping[str, float], human: HumanRange) -> float:
    return -max(distance(measured, human), TYPICAL_DISTANCE)


def agreement(candidates: Sequence[Parts]) -> np.ndarray:
    """Mean note F1 of each candidate with the others, (candidates,)."""
    played = [[note for notes in parts.values() for note in notes] for parts in candidates]
    f1 = np.array([[note_f1(one, other) for other in played] for one in played])
    return (np.nansum(f1, axis=1) - 1) / (len(candidates) - 1)


def parts_of(arrangement: Arrangement) -> dict[str, Sequence[Note]]:
    """The notes of an arrangement by part; drums have the name "drums"."""
    return {"drums" if part.is_drums else part.name: part.notes for part in arrangement.parts}
