"""The optional parts of an installation, and a clear word where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from symbolic_cover.core.errors import MissingDependencyError

#: The modules that each extra of the package brings, and what it is for.
EXTRAS = {
    "train": (("accelerate", "peft", "zstandard"), "collecting, training, styles of your own, refining"),
    "studio": (("pyworld",), "songs sung in the studio, from which voices are learned"),
    "web": (("choix", "fastapi", "uvicorn"), "the studio in a browser, the listening test"),
    "ray": (("ray",), "preparing on a cluster"),
}


def missing_modules(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    return [name for name in EXTRAS[extra][0] if find_spec(name) is None]


def require(extra: str) -> None:
    """Raise `MissingDependencyError` unless all of an extra is installed."""
    if missing := missing_modules(extra):
        raise MissingDependencyError(
            f"This needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed.",
            f"Type: pip install 'symbolic-cover[{extra}]'",
        )
