"""Errors with a cause and a remedy.

Every error that a user can cause or correct is a `SymbolicCoverError`: one line that names the cause and the remedy.
The command line prints that line and exits with `exit_code` (2 for misuse, 1 for failure); tracebacks are for internal
errors only.
"""

from __future__ import annotations


class SymbolicCoverError(Exception):
    """An error with a cause and a remedy, shown to the user as one line."""

    exit_code = 1

    def __init__(self, cause: str, remedy: str = "") -> None:
        self.cause = cause
        self.remedy = remedy
        super().__init__(f"{cause} {remedy}".strip())


class UsageError(SymbolicCoverError):
    """The request itself is wrong: a missing file, an unknown style, an unwritable folder."""

    exit_code = 2


class InputError(SymbolicCoverError):
    """The input exists but has no usable music: silence, broken XML, no notes."""


class MissingDependencyError(SymbolicCoverError):
    """Something this step needs is not installed; the remedy is the command that installs it."""
