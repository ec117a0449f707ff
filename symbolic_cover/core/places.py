"""Where things are: what comes with the program, and what belongs to its user."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
PRESETS, CHECKPOINTS = _PACKAGE / "presets", _PACKAGE / "checkpoints"
#: The weights that hear.
LISTENER, VOICE = CHECKPOINTS / "listener", CHECKPOINTS / "voice"


def user_folder(kind: str, variable: str) -> Path:
    """What the environment `variable` names, else the folder `kind` of this program among the user's data."""
    if named := os.environ.get(variable):
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("symbolic-cover", appauthor=False) / kind
