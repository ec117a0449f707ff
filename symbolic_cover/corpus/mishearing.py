"""Rates of transcription errors by kind of ensemble, as in ``presets/degradation.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from symbolic_cover.core.places import PRESETS
from symbolic_cover.corpus.sounding import CIRCUMSTANCES, ROLES

ERRORS_PATH = PRESETS / "degradation.toml"
#: Semitones from a note to its ghosts; the last kind of ghost may be anywhere.
HARMONICS = (12, 19, 24, -12)
#: Upper bounds in seconds of the classes of length; the last one is open.
LENGTH_BOUNDS_SEC = (0.15, 0.3, 0.6, 1.2)
#: The shares of a distribution that lie below its stated quantiles.
SHARES = (0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.94, 0.97, 0.99)
#: The keys of tuple elements in the file.
_NAMES: dict[str, tuple[str, ...]] = {
    "missed": (*ROLES, *CIRCUMSTANCES),
    "split": ROLES,
    "ghosts": (*(f"{step:+d}" for step in HARMONICS), "anywhere"),
}


@dataclass(frozen=True)
class KindErrors:
    """The transcription errors of a kind of ensemble. Quantiles are those of `SHARES`.

    `missed` (log odds): by role (`ROLES`), then the effect of each of `CIRCUMSTANCES`; `missed_spread` is the standard
    deviation of a piece's own offset, `missed_tilt` that of its offset per octave upwards. `held`: the share of missed
    notes that extend the preceding note of their pitch. `split`: additional strikes per second of a note, by role.
    `ghosts`: for each of `HARMONICS`, then anywhere, their number for a (heard, missed) note where one fits; a share of
    `ghosts_struck` begins with its note, the others within it. `ghosts_spread` and `split_spread` are deviations of a
    piece's log rate. `ghosts_steps`: quantiles of semitones from a note to a ghost anywhere; `ghosts_sec`: of a ghost's
    length. `late_sec`: quantiles of an onset's delay relative to its piece's, which has the mean, the deviation and the
    minimum of notes in `late_piece_sec`. `length`: by class of length (`LENGTH_BOUNDS_SEC`) quantiles of log2(heard /
    true). `loudness`: mean of the velocities, slope on the true ones, and deviation. `melody_lost`: share of the
    transcribed melody notes that the melody finder leaves out; `melody_octave`: share of melody notes replaced by an
    octave; `melody_strange`: share of the onsets without a melody note at which another note is taken (during a melody
    note, in a rest).
    """

    missed: tuple[float, ...]
    missed_spread: float
    missed_tilt: float
    held: float
    split: tuple[float, ...]
    split_spread: float
    ghosts: tuple[tuple[float, float], ...]
    ghosts_spread: float
    ghosts_struck: float
    ghosts_steps: tuple[float, ...]
    ghosts_sec: tuple[float, ...]
    late_sec: tuple[float, ...]
    late_piece_sec: tuple[float, float, float]
    length: tuple[tuple[float, ...], ...]
    loudness: tuple[float, float, float]
    melody_lost: float
    melody_octave: float
    melody_strange: tuple[float, float]


@dataclass(frozen=True)
class Errors:
    """The errors of each kind of ensemble (``piano``, ``sustained``, ``voices``, ``band``).

    `melody_moderation` scales the measured errors of the melody finder, whose reference is our own notion of the
    melody.
    """

    kinds: Mapping[str, KindErrors]
    melody_moderation: float = 1.0


#: Fields that the file stores under an older key.
_STORED = {"melody_lost": "tune_lost", "melody_octave": "tune_octave", "melody_strange": "tune_strange"}
_FIELDS = {stored: field for field, stored in _STORED.items()}


def load_errors(path: Path = ERRORS_PATH) -> Errors:
    """Read the file written by `write_errors`; raises `KeyError` or `TypeError` for missing or unknown keys."""
    tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    moderation = float(tables.pop("tune_moderation"))
    return Errors({kind: _errors(table) for kind, table in tables.items()}, moderation)


def _errors(table: Mapping[str, Any]) -> KindErrors:
    """The table of a kind."""
    facts = {name: [value[key] for key in _NAMES[name]] if name in _NAMES else value for name, value in table.items()}
    return KindErrors(**{_FIELDS.get(name, name): _frozen(value) for name, value in facts.items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def write_errors(errors: Errors, path: Path, comment: str = "") -> None:
    """Write the file that `load_errors` reads; `comment` goes on top."""
    lines = [*(f"# {line}" for line in comment.splitlines()), f"tune_moderation = {_rounded(errors.melody_moderation)}"]
    for kind, of_kind in errors.kinds.items():
        lines += ["", f"[{kind}]"]
        for field in fields(of_kind):
            value = getattr(of_kind, field.name)
            if names := _NAMES.get(field.name):
                pairs = zip(names, value, strict=True)
                text = "{ " + ", ".join(f'"{name}" = {_rounded(part)}' for name, part in pairs) + " }"
            else:
                text = _rounded(value)
            lines.append(f"{_STORED.get(field.name, field.name)} = {text}")
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rounded(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_rounded, value)) + "]"
    return repr(round(float(value), 4))
