"""Where what a user adds to the program lies: datasets, styles, refined checkpoints."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_folder() -> Path:
    """$SYMBOLIC_COVER_HOME, or else this system's place for a user's data; it need not exist."""
    if named := os.environ.get("SYMBOLIC_COVER_HOME"):
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "symbolic-cover"
