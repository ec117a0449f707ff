"""Run a function over many units of work: in this process, in a pool of processes, or on Ray."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from symbolic_cover.core.errors import MissingDependencyError, SymbolicCoverError

Unit = TypeVar("Unit")
Result = TypeVar("Result")


def run_all(
    function: Callable[[Unit], Result],
    units: Sequence[Unit],
    *,
    workers: int = 1,
    ray_address: str | None = None,
    apart: bool = False,
) -> Iterator[Result]:
    """The results as they are finished. `ray_address` is that of a cluster; ``local`` starts Ray here.

    One worker is this process, unless it is to be `apart`. Raises `BrokenProcessPool` if a process dies.
    """
    if ray_address is not None:
        yield from _on_ray(function, units, ray_address)
    elif not apart and (workers <= 1 or len(units) <= 1):
        yield from map(function, units)
    else:
        context = get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_use_one_thread) as pool:
            yield from pool.map(function, units)


def _use_one_thread() -> None:
    """Limit libraries to one thread, since each process has a core; to be called before they are loaded."""
    os.environ["OMP_NUM_THREADS"] = "1"


def _on_ray(function: Callable[[Unit], Result], units: Sequence[Unit], address: str) -> Iterator[Result]:
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError("Ray is not installed.", "Run: pip install 'symbolic-cover[ray]'") from error
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except ConnectionError as error:
        raise SymbolicCoverError(
            f"No Ray cluster answers at {address}.", "Start one with `ray start --head`."
        ) from error
    try:
        remote = ray.remote(function)
        waiting = [remote.remote(unit) for unit in units]
        while waiting:
            ready, waiting = ray.wait(waiting, num_returns=1)
            yield from ray.get(ready)
    finally:
        ray.shutdown()
