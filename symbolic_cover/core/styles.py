"""The styles, one TOML file each in ``presets/styles``, and the ensembles, ``presets/ensembles.toml``.

A user's own styles (`symbolic-cover learn-style`) are folders with the same kind of file, ``style.toml``, beside the
learned weights: see `arrangement/adapter.py`.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from symbolic_cover.core.ensemble import Ensemble, PartSpec, Style
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.places import PRESETS, user_folder

STYLES_FOLDER = PRESETS / "styles"
STYLE_FILE = "style.toml"
DEFAULT_STYLE = "pop-piano"
_OWN_FACTS = ("title", "ensemble", "like", "checkpoint", "weights")


def load_ensembles() -> dict[str, Ensemble]:
    """All ensembles by name."""
    facts = tomllib.loads((PRESETS / "ensembles.toml").read_text(encoding="utf-8"))
    return {
        name: Ensemble(
            name, parts=tuple(PartSpec(**part) for part in one.pop("parts")),
            melody_on_top=one.pop("tune_on_top", False), **one,
        )
        for name, one in facts.items()
    }  # fmt: skip


def style_names() -> list[str]:
    """The names of all shipped styles."""
    return sorted(path.stem for path in STYLES_FOLDER.glob("*.toml"))


def user_styles_folder(into: Path | None = None) -> Path:
    """The folder of the user's own styles: `into`, else $SYMBOLIC_COVER_STYLES, else in the user's data folder."""
    return into if into is not None else user_folder("styles", "SYMBOLIC_COVER_STYLES")


def user_styles() -> dict[str, Path]:
    """The folders of the user's own styles by name; the names of shipped styles are excluded."""
    found = sorted(user_styles_folder().glob(f"[!.]*/{STYLE_FILE}"))
    return {path.parent.name: path.parent for path in found if path.parent.name not in style_names()}


def load_style(name: str, ensemble_name: str | None = None) -> Style:
    """Load a style by name, for its own ensemble or another; raises `UsageError` for an unknown one."""
    facts = style_facts(name)
    ensembles = load_ensembles()
    played_by = ensemble_name or facts["ensemble"]
    if played_by not in ensembles:
        raise UsageError(f"There is no ensemble '{played_by}'.", f"Choose one of: {', '.join(ensembles)}.")
    ensemble = ensembles[played_by]
    programs = facts.get("programs", {})
    parts = tuple(replace(part, program=programs.get(part.name, part.program)) for part in ensemble.parts)
    return Style(
        name, facts["title"], replace(ensemble, parts=parts), facts.get("like", ""), facts.get("triplets", True)
    )


@lru_cache(maxsize=64)
def manner_facts(style: str) -> dict[str, Any]:
    """The manner in the file of a shipped style, as ``presets/expression/default.toml`` explains.

    {} for a style without one, or that is not shipped.
    """
    path = STYLES_FOLDER / f"{style}.toml"
    if style not in style_names():
        return {}
    return dict(tomllib.loads(path.read_text(encoding="utf-8")).get("manner", {}))


def style_facts(name: str) -> dict[str, Any]:
    """The contents of a style's file; raises `UsageError` for an unknown style or an invalid file."""
    own = user_styles()
    if name not in style_names() and name not in own:
        raise UsageError(f"There is no style '{name}'.", f"Choose one of: {', '.join([*style_names(), *own])}.")
    if name not in own:
        return tomllib.loads((STYLES_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    path, remedy = own[name] / STYLE_FILE, "Learn the style again, or remove its folder."
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", remedy) from error
    if missing := [fact for fact in _OWN_FACTS if not isinstance(facts.get(fact), str)]:
        raise UsageError(f"{path} lacks: {', '.join(missing)}.", remedy)
    if wrong := _wrong_in(facts):
        raise UsageError(f"{path} {wrong}.", remedy)
    return facts


def _wrong_in(facts: dict[str, Any]) -> str:
    """What is invalid in a user's style, which may come from anywhere; empty if nothing is."""
    if facts["ensemble"] not in load_ensembles():
        return f"names an unknown ensemble, '{facts['ensemble']}'"
    if Path(facts["checkpoint"]).name != facts["checkpoint"]:
        return f"names files outside its folder, '{facts['checkpoint']}'"
    programs = facts.get("programs", {})
    if not isinstance(programs, dict) or any(program not in range(128) for program in programs.values()):
        return "names programs outside 0 to 127"
    return ""
