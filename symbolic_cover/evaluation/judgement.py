"""Compare measures with people's range: within, below or above, and what to try if not within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbolic_cover.evaluation.measures import BY_NAME, MEASURES
from symbolic_cover.evaluation.people import Range, verdict


@dataclass(frozen=True)
class Judged:
    """A measure, people's range, and the verdict ``within``, ``below`` or ``above`` (empty: unknown)."""

    name: str
    aspect: str
    text: str
    value: float
    people: Range | None
    verdict: str

    @property
    def advice(self) -> str:
        """What to try; empty if nothing is wrong or nothing helps."""
        measure = BY_NAME.get(self.name)
        return getattr(measure, self.verdict) if measure and self.verdict in ("below", "above") else ""


def judge(measured: Mapping[str, float], people: Mapping[str, Range]) -> tuple[Judged, ...]:
    """Judge every registered measure, in order."""
    return tuple(
        Judged(m.name, m.aspect, m.text, measured[m.name], people.get(m.name),
               verdict(measured[m.name], people.get(m.name)))
        for m in MEASURES
    )  # fmt: skip
