"""The styles to cover in, one TOML file each in ``presets/styles``, and who plays them, ``presets/ensembles.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from symbolic_cover.errors import UsageError
from symbolic_cover.music import Ensemble, PartSpec, Style

_PRESETS = Path(__file__).parent.parent / "presets"
STYLES_FOLDER = _PRESETS / "styles"


def load_ensembles() -> dict[str, Ensemble]:
    """All ensembles by name."""
    facts = tomllib.loads((_PRESETS / "ensembles.toml").read_text(encoding="utf-8"))
    return {
        name: Ensemble(name, parts=tuple(PartSpec(**part) for part in one.pop("parts")), **one)
        for name, one in facts.items()
    }


def style_names() -> list[str]:
    """The names of all styles."""
    return sorted(path.stem for path in STYLES_FOLDER.glob("*.toml"))


def load_style(name: str, ensemble_name: str | None = None) -> Style:
    """A style by name, for its own ensemble or another; raises `UsageError` for an unknown one."""
    path = STYLES_FOLDER / f"{name}.toml"
    if name not in style_names():
        raise UsageError(f"There is no style '{name}'.", f"Choose one of: {', '.join(style_names())}.")
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    ensembles = load_ensembles()
    if ensemble_name is not None and ensemble_name not in ensembles:
        raise UsageError(f"There is no ensemble '{ensemble_name}'.", f"Choose one of: {', '.join(ensembles)}.")
    ensemble = ensembles[ensemble_name or facts["ensemble"]]
    programs = facts.get("programs", {})
    parts = tuple(replace(part, program=programs.get(part.name, part.program)) for part in ensemble.parts)
    return Style(name, facts["title"], replace(ensemble, parts=parts))
