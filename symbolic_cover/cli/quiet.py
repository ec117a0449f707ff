"""Keep third-party libraries quiet and modest in a process that this program owns."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_SETTINGS = {
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that spin while they wait take six times as long beside another program (docs/log/program.md).
    "OMP_WAIT_POLICY": "PASSIVE",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def settle_libraries() -> None:
    """Turn off warnings, progress bars and network use of libraries; settings in the user's environment take
    precedence."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ.pop("CI", None)  # if set, pyfluidsynth prints where it found its library
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)


@contextmanager
def native_libraries_silenced() -> Iterator[None]:
    """Discard what C decoders and synthesizers write to file descriptor 2; Python's stderr remains.

    Does nothing if Python's stderr is not that descriptor, as under a test runner.
    """
    stderr = sys.stderr
    try:
        is_plain = stderr.fileno() == 2
    except (OSError, ValueError, AttributeError):
        is_plain = False
    if not is_plain:
        yield
        return
    stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        with open(kept, "w", encoding=stderr.encoding, errors="backslashreplace", buffering=1, closefd=False) as ours:
            sys.stderr = ours
            yield
    finally:
        sys.stderr = stderr
        os.dup2(kept, 2)
        os.close(kept)
