"""Run a studio: the server in this process, its worker in another that is restarted if it dies."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from symbolic_cover.core.errors import UsageError

_SERVER_LOCK = "server.lock"
_PAUSE_SEC = 1.0


@contextmanager
def working(root: Path, checkpoint: str | None = None) -> Iterator[None]:
    """A worker for the studio in `root` while the block lasts, restarted whenever it ends.

    Raises `UsageError` if another server uses the folder.
    """
    with open(root / _SERVER_LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"{root} is being served already.", "Open that page, or name another folder.") from error
        keeper = _Keeper(root, checkpoint)
        keeper.start()
        try:
            yield
        finally:
            keeper.stop()


class _Keeper(threading.Thread):
    def __init__(self, root: Path, checkpoint: str | None) -> None:
        super().__init__(daemon=True)
        words = [str(root), *([checkpoint] if checkpoint else [])]
        self.command = [sys.executable, "-m", "symbolic_cover.web.studio.worker", *words]
        self.ended = threading.Event()
        self.process = self._begun()

    def run(self) -> None:
        """Wait for the worker to end, and start another."""
        while True:
            self.process.wait()
            if self.ended.wait(_PAUSE_SEC):
                return
            self.process = self._begun()

    def stop(self) -> None:
        """Stop the worker for good."""
        self.ended.set()
        self.process.terminate()
        self.process.wait()
        self.join()

    def _begun(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command, stdin=subprocess.DEVNULL, env=os.environ | {"PYTHONWARNINGS": "ignore"})
