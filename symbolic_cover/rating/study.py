"""The comparisons of a listening test: all pairs of versions of a song, with random sides and order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from symbolic_cover.core.errors import UsageError
from symbolic_cover.rating.store import PREFERENCES, SCALES, Answer, Store
from symbolic_cover.rating.versions import Version

_NAME_LENGTH = 60


@dataclass(frozen=True)
class Comparison:
    """Two versions of a song; `a` is heard as A."""

    a: Version
    b: Version

    @property
    def scales(self) -> tuple[str, ...]:
        """The scales of both sides: similarity only if the source can be heard."""
        return SCALES if self.a.source else SCALES[1:]


@dataclass(frozen=True)
class Study:
    """Versions to compare, their sounds by version and that of the source by its path, and where to save answers."""

    versions: Sequence[Version]
    sounds: dict[Version, Path]
    source_sounds: dict[Path, Path]
    store: Store
    seed: int = 0

    def comparisons(self, rater: str) -> list[Comparison]:
        """All comparisons for a rater, in an order of their own that is the same in every run."""
        chance = random.Random(f"{self.seed} {rater}")
        pairs = [pair for pair in combinations(self.versions, 2)
                 if pair[0].song == pair[1].song and pair[0].system != pair[1].system]  # fmt: skip
        chance.shuffle(pairs)
        return [Comparison(*(pair if chance.random() < 0.5 else pair[::-1])) for pair in pairs]

    def unanswered(self, rater: str) -> list[int]:
        """The numbers of the comparisons that the rater has not answered yet, in order."""
        done = {_key(answer) for answer in self.store.answers(rater)}
        return [number for number, one in enumerate(self.comparisons(rater))
                if (one.a.song, frozenset((one.a.system, one.b.system))) not in done]  # fmt: skip

    def answer(self, rater: str, number: int, preferred: str, scales: dict[str, dict[str, int]]) -> None:
        """Save an answer; raises `UsageError` for one that is incomplete or out of range."""
        one = self.comparison(rater, number)
        if preferred not in PREFERENCES:
            raise UsageError(f"There is no preference '{preferred}'.", f"Choose one of: {', '.join(PREFERENCES)}.")
        for side in "ab":
            given = scales.get(side, {})
            if set(given) != set(one.scales) or not all(1 <= mark <= 5 for mark in given.values()):
                raise UsageError("The answer is incomplete.", f"Mark {', '.join(one.scales)} of both, from 1 to 5.")
        self.store.add(rater, one.a, one.b, preferred, scales)

    def comparison(self, rater: str, number: int) -> Comparison:
        """The comparison of that number for a rater; raises `UsageError` if there is none."""
        if not rater.strip() or len(rater) > _NAME_LENGTH:
            raise UsageError("A listener needs a name.", f"Give one of at most {_NAME_LENGTH} letters.")
        comparisons = self.comparisons(rater)
        if not 0 <= number < len(comparisons):
            raise UsageError(f"There is no comparison {number}.", "Load the page again.")
        return comparisons[number]


def _key(answer: Answer) -> tuple[str, frozenset[str]]:
    return answer.song, frozenset((answer.system_a, answer.system_b))
