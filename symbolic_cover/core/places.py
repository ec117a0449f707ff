"""Where a user's own data is kept: datasets, styles, refined checkpoints."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_folder(kind: str, variable: str) -> Path:
    """What the environment `variable` names, else the folder `kind` of this program among the user's data."""
    if named := os.environ.get(variable):
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "symbolic-cover" / kind
