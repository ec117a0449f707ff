"""The worker: a process that does one job after the other, and ends with the server that started it."""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic_cover.core.errors import SymbolicCoverError
from symbolic_cover.web.studio.jobs import CANCELLED, DONE, FAILED, Job, Jobs

if TYPE_CHECKING:
    from symbolic_cover.web.studio.work import Work

JOBS_FILE, LOCK_FILE = "jobs.sqlite", "worker.lock"
_POLL_SEC, _TELL_SEC = 0.05, 0.2
#: A job without a time limit could keep all others waiting.
MOST_SEC = 2 * 3600


class _Unwanted(BaseException):
    """The current job was cancelled."""


def main(root: Path, checkpoint: str | None) -> None:
    """Do jobs until the parent process ends. Only one worker works in a folder; another waits for it to end."""
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    with open(root / LOCK_FILE, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        from symbolic_cover.web.studio.work import Work, sweep_takes

        jobs = Jobs(root / JOBS_FILE)
        jobs.resume()
        sweep_takes(root)
        work = Work(root, checkpoint)
        while True:
            job = jobs.begin()
            if job is None:
                time.sleep(_POLL_SEC)
                continue
            state, message = _done(work, jobs, job)
            jobs.end(job.id, state, message)


def _done(work: Work, jobs: Jobs, job: Job) -> tuple[str, str]:
    """Do a job; returns how it ended, and a message."""
    begun = time.monotonic()
    told_at, told_of = 0.0, ""

    def tell(stage: str, share: float) -> None:
        nonlocal told_at, told_of
        now = time.monotonic()
        if now - begun > MOST_SEC:
            raise SymbolicCoverError("It took too long.", "Try a shorter song.")
        if stage == told_of and now - told_at < _TELL_SEC:
            return
        told_at, told_of = now, stage
        if not jobs.progress(job.id, stage, share):
            raise _Unwanted

    try:
        work.do(job, tell)
    except _Unwanted:
        return CANCELLED, ""
    except SymbolicCoverError as error:
        return FAILED, str(error)
    except Exception:
        traceback.print_exc()
        return FAILED, "An internal error occurred; see the program's window for details."
    return DONE, ""


def _end_with(parent: int) -> None:
    """End this process when its parent has changed, as then the server has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
