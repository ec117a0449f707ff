"""Choose the best of several drafts by what can be measured without ears.

A draft is good where it measures what people's arrangements in its style measure (`evaluation.human_range`), and where
it agrees with the other drafts: what a model plays again and again, it is sure of (minimum Bayes risk decoding, Kumar &
Byrne, NAACL 2004). `benchmarks/arranging/arrangement.py` holds this up to people: mostly theirs are worth more than
ours, ours more than the rules'.
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
#: What agreement counts beside worth, both of the order of 1: set by hand; the choice as a whole is measured in
#: `benchmarks/arranging/arrangement.py`.
_AGREEMENT_WEIGHT = 2.0
#: How far people's own arrangements are from their mean (`benchmarks/arranging/arrangement.py`): less gains nothing.
TYPICAL_DISTANCE = 0.7


def choose(
    drafts: Sequence[Arrangement], sheet: SongSheet, human: HumanRange | None = None
) -> tuple[Arrangement, dict[str, float]]:
    """The draft with the highest worth among the others, and its metrics."""
    best = best_of([parts_of(draft) for draft in drafts], sheet, human)
    return drafts[best], score_arrangement(drafts[best], sheet)


def best_of(drafts: Sequence[Parts], sheet: SongSheet, human: HumanRange | None = None) -> int:
    """The index of the best draft; each is notes by part, tune included."""
    if len(drafts) == 1:
        return 0
    worths = np.array([worth(parts, sheet, human) for parts in drafts])
    return int(np.argmax(worths + _AGREEMENT_WEIGHT * agreement(drafts)))


def best_phrase(drafts: Sequence[Parts], sheet: SongSheet, first: int, last: int, human: HumanRange | None) -> int:
    """The index of the draft that is best in the bars from `first` to `last`; drafts need hold no others."""
    return best_of(drafts, excerpt(sheet, first, last), human)


def worth(parts: Parts, sheet: SongSheet, human: HumanRange | None = None) -> float:
    """How near a draft is to what people write, from -3 (far) to -`TYPICAL_DISTANCE` (as near as people are)."""
    human = human or GENERAL
    return -max(distance(measure(parts, sheet, human.profile), human), TYPICAL_DISTANCE)


def agreement(drafts: Sequence[Parts]) -> np.ndarray:
    """Mean note F1 of each draft with the others, (drafts,)."""
    played = [[note for notes in parts.values() for note in notes] for parts in drafts]
    f1 = np.array([[note_f1(one, other) for other in played] for one in played])
    return (np.nansum(f1, axis=1) - 1) / (len(drafts) - 1)


def parts_of(arrangement: Arrangement) -> dict[str, Sequence[Note]]:
    """The notes of an arrangement by part; drums are called so."""
    return {"drums" if part.is_drums else part.name: part.notes for part in arrangement.parts}
