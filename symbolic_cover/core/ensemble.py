"""Ensembles and styles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PartSpec:
    """One part of an ensemble: its name, its label in a score, General MIDI program and range (MIDI pitches).

    Parts with the same non-empty `group` share one instrument. `most` is the number of notes that may sound at a time;
    hands at a keyboard have limits of their own. `plays` is the share of bars in which the part sounds in people's
    pieces, 0 where that was not measured. `doubles` names a part that this one plays an octave higher in bars where it
    has no notes of its own.
    """

    name: str
    label: str
    program: int
    lowest: int
    highest: int
    most: int = 1
    group: str = ""
    plays: float = 0.0
    doubles: str = ""

    @property
    def is_hand(self) -> bool:
        """True for one hand at a keyboard."""
        return self.name in ("left-hand", "right-hand")

    @property
    def is_drums(self) -> bool:
        """True for a part of drums."""
        return self.name == "drums"


@dataclass(frozen=True)
class Ensemble:
    """The parts that play together. `lead` names the part with the melody (empty if there is none).

    `melody_on_top`: no part plays above the melody.
    """

    name: str
    title: str
    lead: str
    parts: tuple[PartSpec, ...]
    melody_on_top: bool = False

    @property
    def lead_spec(self) -> PartSpec | None:
        """The part with the melody."""
        return next((part for part in self.parts if part.name == self.lead), None)

    @property
    def has_drums(self) -> bool:
        """Whether drums play, which keep a steady tempo."""
        return any(part.is_drums for part in self.parts)

    @property
    def leads_alone(self) -> bool:
        """Whether the part with the melody has its own staff, beside others that accompany it."""
        lead = self.lead_spec
        return lead is not None and not lead.is_hand and len(self.parts) > 1


@dataclass(frozen=True)
class Style:
    """A style and its ensemble. A user's own style is played in the manner of the style in `like`.

    Without `triplets` the accompaniment keeps to sixteenths.
    """

    name: str
    title: str
    ensemble: Ensemble
    like: str = ""
    triplets: bool = True

    @property
    def manner(self) -> str:
        """The style in whose manner this is played."""
        return self.like or self.name
