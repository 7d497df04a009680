"""Ruin and recreate in all sectors of a large problem, side by side in processes of their own."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np

from depotopt.dispatch.engines.seed_processes import ASKED_EVERY_S, StopFile
from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import Routes
from depotopt.dispatch.model.goal import Value, value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.improvement import search_part
from depotopt.dispatch.search.quantities import best_quantities
from depotopt.dispatch.search.repair import repair
from depotopt.dispatch.search.sectors import sectors
from depotopt.errors import EngineError

MANY_VEHICLES: Final = 240
"""Vehicles from which a problem is worked on by sectors."""
ROUNDS_PER_SECTOR: Final = 4
"""Rounds in a sector before borders are drawn anew."""
SWEEP_S: Final = 0.025
"""Seconds of one core that a sweep takes per vehicle, about: turns time into sweeps."""
CORES: Final = 2.0
"""Cores the sweeps of a time limit are counted for; with fewer workers the time may end first."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be done in one sector; no rounds: quantities alone."""

    problem: DispatchProblem
    routes: Routes
    seed: int
    rounds: int


def sectored(problem: DispatchProblem) -> bool:
    """Whether a problem is so large that it is worked on by sectors."""
    return len(problem.vehicles) > MANY_VEHICLES and len(problem.depots) > 1


def sweeps_for(problem: DispatchProblem, time_s: float) -> int:
    """How often all sectors are worked through in a time: counted, so that equal seeds give equal plans.

    Parameters
    ----------
    problem
        The whole.
    time_s
        Time of the limit, on two cores.
    """
    return max(1, int(CORES * time_s / (SWEEP_S * len(problem.vehicles))))


def improve_sectors(
    problem: DispatchProblem,
    routes: Routes,
    *,
    sweeps: int,
    until: float,
    seed: int,
    workers: int,
    stopped: Callable[[], bool],
    keeper: Callable[[Value, Routes], None] | None = None,
) -> Routes:
    """Work on all sectors of a draft, put what was found together, draw borders anew, and so on.

    First the quantities of every depot are optimised for all its vehicles together, which sectors cannot do;
    filling vehicles up to the brim as well would leave the sweeps less to move. Sectors
    share no vehicle, unit or dock, so what they find can be taken together; what does not fit all the same,
    because a vehicle loads elsewhere as well, is repaired, and the draft of before stays where it is better.

    The answer does not depend on the number of workers as long as sweeps and not the time end the search.

    Parameters
    ----------
    problem, routes
        A draft that holds every rule.
    sweeps
        How often all sectors are worked through, after the depots.
    until
        Moment of `time.perf_counter` after which no round is begun.
    seed
        Of borders and searches.
    workers
        Processes; 1 stays in this one. A script that asks for more needs the usual
        ``if __name__ == "__main__":`` guard.
    stopped
        Asked now and then.
    keeper
        Given every better draft with its value.

    Raises
    ------
    EngineError
        If a worker process ends unexpectedly.
    """
    best, best_value = routes, value_of(problem, routes)
    with ExitStack() as stack:
        crew = stack.enter_context(_Workers(workers, until, stopped))
        for number, sweep in enumerate(np.random.SeedSequence(seed).spawn(sweeps + 1)):
            if stopped() or time.perf_counter() >= until:
                break
            rng = np.random.default_rng(sweep)
            parts = sectors(problem, best, rng, None if number else len(problem.vehicles))
            rounds = ROUNDS_PER_SECTOR if number else 0
            orders = [
                _Order(part.problem, part.routes(best), int(rng.integers(1 << 31)), rounds) for part in parts
            ]
            draft = best
            for part, order, found in zip(parts, orders, crew.found(orders), strict=True):
                if value_of(part.problem, found) < value_of(part.problem, order.routes):
                    draft = part.put_back(problem, draft, found)
            draft = _fitting(problem, draft)
            value = value_of(problem, draft)
            if value < best_value:
                best, best_value = draft, value
                if keeper is not None:
                    keeper(best_value, best)
    return best


def _fitting(problem: DispatchProblem, draft: Routes) -> Routes:
    return draft if timetable(problem, draft).feasible else repair(problem, draft)


class _Workers:
    """Runs orders in this process or in others, and hands what they find over in order."""

    def __init__(self, workers: int, until: float, stopped: Callable[[], bool]) -> None:
        self._until, self._stopped = until, stopped
        self._stack = ExitStack()
        self._pool: ProcessPoolExecutor | None = None
        self._marker: Path | None = None
        if workers > 1:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="depotopt-"))
            self._marker = Path(folder) / "stop"
            self._pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            if self._marker is not None:
                self._marker.touch()
            self._pool.shutdown(cancel_futures=True)
        self._stack.close()

    def found(self, orders: list[_Order]) -> Iterator[Routes]:
        """Better routes of each sector, in order."""
        if self._pool is None or self._marker is None:
            for order in orders:
                yield _searched(order, self._until, self._stopped)
            return
        # Wall clocks of different processes agree only where they count from a common moment.
        ends = time.time() + self._until - time.perf_counter()
        stop = StopFile(str(self._marker))
        waiting: list[Future[Routes]] = [self._pool.submit(_in_worker, order, ends, stop) for order in orders]
        for future in waiting:
            while not future.done():
                wait([future], timeout=ASKED_EVERY_S)
                if self._stopped():
                    self._marker.touch()
            try:
                yield future.result()
            except BrokenProcessPool as error:
                raise EngineError("dispatch", "a worker process ended unexpectedly") from error


def _in_worker(order: _Order, ends: float, stop: StopFile) -> Routes:
    """One sector, in a worker process."""
    return _searched(order, time.perf_counter() + ends - time.time(), stop)


def _searched(order: _Order, until: float, stopped: Callable[[], bool]) -> Routes:
    if stopped() or time.perf_counter() >= until:
        return order.routes
    # Fewer docks than before may be too few: what no longer fits is given up and put in anew.
    start = _fitting(order.problem, order.routes)
    if not order.rounds:
        return best_quantities(order.problem, start, until - time.perf_counter(), whole=False)
    return search_part(order.problem, start, order.rounds, order.seed, until, stopped)
