"""Who plays, and in which style."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PartSpec:
    """One part of an ensemble: its name, how a score calls it, General MIDI program and range (MIDI pitches).

    Parts with the same `group` share one instrument; an empty one means that the part has its own. `most` is
    how many notes may sound at a time; hands at a keyboard have limits of their own.
    """

    name: str
    label: str
    program: int
    lowest: int
    highest: int
    most: int = 1
    group: str = ""

    @property
    def is_hand(self) -> bool:
        """True for what one hand plays at a keyboard."""
        return self.name in ("left-hand", "right-hand")

    @property
    def is_drums(self) -> bool:
        """True for a part whose pitches are drums."""
        return self.name == "drums"


@dataclass(frozen=True)
class Ensemble:
    """Who plays together. `lead` names the part that carries the melody (empty where none does).

    `melody_on_top` says that no part plays above the melody.
    """

    name: str
    title: str
    lead: str
    parts: tuple[PartSpec, ...]
    melody_on_top: bool = False

    @property
    def lead_spec(self) -> PartSpec | None:
        """The part that carries the melody."""
        return next((part for part in self.parts if part.name == self.lead), None)

    @property
    def has_drums(self) -> bool:
        """Whether drums play, which keep a steady time."""
        return any(part.is_drums for part in self.parts)

    @property
    def leads_alone(self) -> bool:
        """Whether the part with the melody has a staff of its own, beside others that accompany it."""
        lead = self.lead_spec
        return lead is not None and not lead.is_hand and len(self.parts) > 1


@dataclass(frozen=True)
class Style:
    """A style to cover in, and which ensemble plays. A user's own is played in the manner of the style it is `like`."""

    name: str
    title: str
    ensemble: Ensemble
    like: str = ""

    @property
    def manner(self) -> str:
        """The style in whose manner this is played."""
        return self.like or self.name
