"""The styles to cover in, one TOML file each in ``presets/styles``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from symbolic_cover.errors import UsageError
from symbolic_cover.music import PartSpec, Style

STYLES_FOLDER = Path(__file__).parent.parent / "presets" / "styles"


def style_names() -> list[str]:
    """The names of all styles."""
    return sorted(path.stem for path in STYLES_FOLDER.glob("*.toml"))


def load_style(name: str) -> Style:
    """A style by name; raises `UsageError` for an unknown one."""
    path = STYLES_FOLDER / f"{name}.toml"
    if name not in style_names():
        raise UsageError(f"There is no style '{name}'.", f"Choose one of: {', '.join(style_names())}.")
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    parts = tuple(PartSpec(**part) for part in facts["parts"])
    return Style(name, facts["title"], facts["ensemble"], parts, tuple(facts.get("licences", ())))
