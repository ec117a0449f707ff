"""The roles of tracks by their names."""

from __future__ import annotations

import re

from symbolic_cover.core.heard import Role

_MELODY_NAME = re.compile(r"melod|vocal|voice|sing|\blead\b|sopran|tune|chant|gesang|canto", re.IGNORECASE)


def role_of(name: str) -> Role:
    """The role of a track by its name: ``MELODY``, ``Voice`` or ``Lead vocal``; ``chords`` states the harmony."""
    if name.strip().lower() == "chords":
        return Role.CHORDS
    return Role.MELODY if _MELODY_NAME.search(name) else Role.UNSAID
