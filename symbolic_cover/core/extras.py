"""The optional dependencies, and the error where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from symbolic_cover.core.errors import MissingDependencyError

#: The modules of each extra of the package, and what it is for.
EXTRAS = {
    "train": (("accelerate", "peft", "zstandard"), "collecting, training, your own styles, refining"),
    "studio": (("pyworld",), "songs sung by a synthesizer, to train the network that hears singing"),
    "web": (("choix", "fastapi", "uvicorn"), "the studio in a browser, the listening test"),
    "ray": (("ray",), "preparing on a cluster"),
}


def missing_modules(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    return [name for name in EXTRAS[extra][0] if find_spec(name) is None]


def require(extra: str) -> None:
    """Raise `MissingDependencyError` unless all modules of an extra are installed."""
    if missing := missing_modules(extra):
        raise MissingDependencyError(
            f"This needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed.",
            f"Run: pip install 'symbolic-cover[{extra}]'",
        )
