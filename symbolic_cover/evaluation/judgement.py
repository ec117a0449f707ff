"""Measures beside people's range: within, below or above it, and what to try where it is not within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbolic_cover.evaluation.measures import ASPECTS
from symbolic_cover.evaluation.people import Range, verdict

#: What to try where a measure lies below or above people's range.
_REMEDIES = {
    ("chord_accuracy", "below"): "The harmony strays from the song's: raise --fidelity.",
    ("form_return", "below"): "What returns in the song comes back changed: lower --candidates, or try another --seed.",
    ("grooving_similarity", "below"): "The rhythm is restless: try another --seed.",
    ("grooving_similarity", "above"): "The rhythm is too even: try another --seed, or more --candidates.",
    ("structure_long", "below"): "Little comes back in the long run: check the bars with `analyze --out`.",
    ("bar_repetition", "above"): "Bars repeat too often: try another --seed, or more --candidates.",
    ("stale_repetition", "above"): "The accompaniment stands still where the song moves: try another --seed.",
    ("chord_tone_ratio", "below"): "Many notes lie outside the chords: raise --fidelity, or more --candidates.",
    ("chord_tone_ratio", "above"): "Nothing but chord tones: try another --seed, or raise --fidelity.",
    ("notes_per_bar", "below"): "It is thin for the style: raise --density.",
    ("notes_per_bar", "above"): "It is dense for the style: lower --density.",
    ("style_fit", "below"): "It does not sound like the style: more --candidates, or another --density.",
    ("unplayable_share", "above"): "Two hands cannot hold some notes: choose an easier --level.",
    ("melody_on_top", "below"): "The tune lies buried: choose players with --ensemble whose leader is above them.",
    ("pitch_class_entropy", "above"): "The bars have many different notes: raise --fidelity, or lower --density.",
}  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A measure, what people measure, and the ``within``, ``below`` or ``above`` that follows (empty: not known)."""

    name: str
    aspect: str
    text: str
    value: float
    people: Range | None
    verdict: str

    @property
    def advice(self) -> str:
        """What to try; empty where nothing is wrong or nothing helps."""
        return _REMEDIES.get((self.name, self.verdict), "")


def judge(measured: Mapping[str, float], people: Mapping[str, Range]) -> tuple[Judged, ...]:
    """Every measure of `ASPECTS` in its order."""
    return tuple(
        Judged(name, aspect, text, measured[name], people.get(name), verdict(measured[name], people.get(name)))
        for aspect, measures in ASPECTS.items()
        for name, text in measures.items()
    )
