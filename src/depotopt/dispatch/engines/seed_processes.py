"""Seeds of a routing engine side by side, each in a process of its own."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from depotopt.dispatch.routing import (
    RoutingAnswer,
    RoutingBudget,
    RoutingEngine,
    RoutingRoute,
    RoutingTask,
)
from depotopt.errors import EngineError

ASKED_EVERY_S: Final = 0.2
"""Seconds between two looks at whether the user asked to stop."""


@dataclass(frozen=True, slots=True)
class StopFile:
    """Tells other processes to stop by a file that appears."""

    path: str

    def __call__(self) -> bool:
        """Whether the file is there."""
        return Path(self.path).exists()


def solve_side_by_side(
    engine: RoutingEngine, task: RoutingTask, budget: RoutingBudget, start: tuple[RoutingRoute, ...] = ()
) -> list[RoutingAnswer]:
    """Run every seed of the budget by itself, as many at a time as there are workers.

    Workers are fresh interpreters, so a script needs the usual ``if __name__ == "__main__":`` guard. Every
    seed gets ``time_s * workers / seeds`` of the time; what a process needs to start is taken off the first
    seed it works on, so that all end in time.

    Parameters
    ----------
    engine
        Engine that can be sent to another process.
    task, start
        What is solved, from where.
    budget
        Its clock must be one of the functions of `time`.

    Returns
    -------
    list
        An answer per seed, in order.

    Raises
    ------
    EngineError
        If the engine fails, or a process ends unexpectedly.
    """
    workers = min(budget.workers, len(budget.seeds))
    share = budget.time_s / -(-len(budget.seeds) // workers)
    with tempfile.TemporaryDirectory(prefix="depotopt-") as folder:
        marker = Path(folder) / "stop"
        order = replace(budget, stopped=StopFile(str(marker)), workers=1, time_s=share)
        # Wall clocks of different processes agree only where they count from a common moment.
        begin = time.time() if budget.clock is time.perf_counter else None
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        try:
            waiting: list[Future[RoutingAnswer]] = []
            for n, seed in enumerate(budget.seeds):
                until = None if begin is None else begin + share * (n // workers + 1)
                part = replace(order, seeds=(seed,))
                waiting.append(pool.submit(_solve_seed, engine, task, part, start, until))
            open_yet = set(waiting)
            while open_yet:
                _, open_yet = wait(open_yet, timeout=ASKED_EVERY_S)
                if budget.stopped():
                    marker.touch()
            return [future.result() for future in waiting]
        except BrokenProcessPool as error:
            raise EngineError(engine.name, "a worker process ended unexpectedly") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _solve_seed(
    engine: RoutingEngine,
    task: RoutingTask,
    budget: RoutingBudget,
    start: tuple[RoutingRoute, ...],
    until: float | None,
) -> RoutingAnswer:
    """One seed, in a worker process."""
    left = budget.time_s if until is None else max(0.05, until - time.time())
    return engine.solve(task, replace(budget, time_s=min(budget.time_s, left)), start)
