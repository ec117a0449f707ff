"""Run an older revision of the program, for comparison with the current one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PROGRAM = "from symbolic_cover.cli import main; main()"


def checked_out(revision: str, folder: Path) -> Path:
    """The package at a revision, in a folder."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", revision, "symbolic_cover"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    return folder


def program(home: Path, words: Sequence[str]) -> dict[str, Any]:
    """The command line of the package in `home`, for `subprocess`.

    To be run outside this repository: Python looks for packages in the working folder first.
    """
    env = {name: value for name, value in os.environ.items() if name != "CI"} | {"PYTHONPATH": str(home)}
    return {"args": [sys.executable, "-c", _PROGRAM, *words], "env": env}
