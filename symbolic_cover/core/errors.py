"""What can go wrong, and the remedy.

Every error that a user can cause or mend is a `SymbolicCoverError`: one line that names the cause
and what to do about it. The command line prints that line and exits with `exit_code`
(2 for misuse, 1 for failure); a traceback is for our own mistakes only.
"""

from __future__ import annotations


class SymbolicCoverError(Exception):
    """An error with a cause and a remedy, fit to be shown to a person as one line."""

    exit_code = 1

    def __init__(self, cause: str, remedy: str = "") -> None:
        self.cause = cause
        self.remedy = remedy
        super().__init__(f"{cause} {remedy}".strip())


class UsageError(SymbolicCoverError):
    """The request itself is wrong: a missing file, an unknown style, an unwritable folder."""

    exit_code = 2


class InputError(SymbolicCoverError):
    """The input exists but there is no music to be had from it: silence, broken XML, no notes."""


class MissingDependencyError(SymbolicCoverError):
    """Something this step needs is not installed; the remedy says what to type."""
