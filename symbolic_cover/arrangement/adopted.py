"""Checkpoints that this user adopted in place of the shipped ones; reverting removes the latest."""

from __future__ import annotations

import shutil
from pathlib import Path

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.files import whole_folder
from symbolic_cover.core.places import user_folder


def _folder() -> Path:
    return user_folder("checkpoints", "SYMBOLIC_COVER_CHECKPOINTS")


def adopted() -> list[Path]:
    """The adopted checkpoints, the latest last."""
    return sorted((_folder()).glob("[0-9]*-*"))


def adopt(checkpoint: Path) -> Path:
    """Make covers with a checkpoint from now on. Raises `UsageError` if it is not a checkpoint."""
    if not any(checkpoint.glob("model*.safetensors")):
        raise UsageError(f"There is no checkpoint in {checkpoint}.", "Make one with: symbolic-cover refine")
    number = int(adopted()[-1].name.split("-")[0]) + 1 if adopted() else 1
    place = _folder() / f"{number:03d}-refined"
    with whole_folder(place) as made:
        shutil.copytree(checkpoint, made, dirs_exist_ok=True)
    return place


def revert() -> Path:
    """Undo the latest adoption; returns the folder that was removed. Raises `UsageError` if there is none."""
    if not adopted():
        raise UsageError("No refined checkpoint is in use.", "Adopt one with: symbolic-cover refine --adopt FOLDER")
    latest = adopted()[-1]
    shutil.rmtree(latest)
    return latest
