"""What the names of tracks say, understood here once."""

from __future__ import annotations

import re

from symbolic_cover.core.heard import Role

_MELODY_NAME = re.compile(r"melod|vocal|voice|sing|\blead\b|sopran|tune|chant|gesang|canto", re.IGNORECASE)


def role_of(name: str) -> Role:
    """What a track is for by its name: ``MELODY``, ``Voice`` or ``Lead vocal``; ``chords`` states the harmony."""
    if name.strip().lower() == "chords":
        return Role.CHORDS
    return Role.MELODY if _MELODY_NAME.search(name) else Role.UNSAID
