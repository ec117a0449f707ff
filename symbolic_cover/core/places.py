"""Folders of the program and of its user."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
PRESETS, CHECKPOINTS = _PACKAGE / "presets", _PACKAGE / "checkpoints"
#: The weights of the listening networks.
LISTENER, VOICE = CHECKPOINTS / "listener", CHECKPOINTS / "voice"


def user_folder(kind: str, variable: str) -> Path:
    """The folder in the environment `variable`, else `kind` in the user's data folder of this program."""
    if named := os.environ.get(variable):
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("symbolic-cover", appauthor=False) / kind
