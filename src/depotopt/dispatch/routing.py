"""`RoutingTask`: a plain vehicle routing problem in integers, what every routing engine is fed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from depotopt.units import Int64Array

FOREVER = 1 << 40
"""Integer meaning *not limited*."""


@dataclass(frozen=True, slots=True)
class RoutingJob:
    """One delivery that is made whole or not at all.

    Attributes
    ----------
    place
        Where.
    load
        Per load dimension.
    service
        Duration at the stop.
    earliest, latest
        Window for the start of service.
    release
        Earliest departure of the trip that brings it.
    prize
        Cost of leaving it out; ``None`` where it must be made.
    group
        Vehicle groups that may bring it; empty for all.
    """

    place: int
    load: tuple[int, ...]
    service: int = 0
    earliest: int = 0
    latest: int = FOREVER
    release: int = 0
    prize: int | None = None
    group: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutingGroup:
    """Vehicles that are alike.

    Attributes
    ----------
    count
        How many.
    start, end
        Places.
    capacity
        Per load dimension.
    reloads
        Places where a route may load again.
    most_reloads
        How often.
    earliest, latest
        Shift.
    longest
        Longest duration.
    farthest
        Longest distance.
    fixed_cost, distance_cost, duration_cost
        Per route, per unit of distance, per unit of duration.
    matrix
        Which of the task's matrices it drives by.
    loading
        Duration of loading at every trip's start.
    """

    count: int
    start: int
    end: int
    capacity: tuple[int, ...]
    reloads: tuple[int, ...] = ()
    most_reloads: int = 1 << 20
    earliest: int = 0
    latest: int = FOREVER
    longest: int = FOREVER
    farthest: int = FOREVER
    fixed_cost: int = 0
    distance_cost: int = 1
    duration_cost: int = 0
    matrix: int = 0
    loading: int = 0


@dataclass(frozen=True, slots=True)
class RoutingTask:
    """Jobs, vehicles and matrices.

    Attributes
    ----------
    durations, distances
        One integer matrix per profile, shape ``(M, M)``; `FOREVER` or more where no way leads.
    jobs, groups
        See their classes.
    """

    durations: tuple[Int64Array, ...]
    distances: tuple[Int64Array, ...]
    jobs: tuple[RoutingJob, ...]
    groups: tuple[RoutingGroup, ...]


@dataclass(frozen=True, slots=True)
class RoutingRoute:
    """One vehicle's trips: start place and jobs of each."""

    group: int
    trips: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class PricedRoute:
    """A route that keeps every rule by itself, with what the engine counts for it."""

    route: RoutingRoute
    cost: int


@dataclass(frozen=True, slots=True)
class RoutingAnswer:
    """Routes found.

    Attributes
    ----------
    routes
        Only vehicles used.
    cost
        As the engine counts, prizes of jobs left out included.
    feasible
        Whether the engine holds every rule of the task.
    left_out
        Jobs not made.
    iterations
        Done by the engine.
    pool
        Good routes met on the way, where the budget asks for them; sorted.
    """

    routes: tuple[RoutingRoute, ...]
    cost: int
    feasible: bool
    left_out: tuple[int, ...]
    iterations: int
    pool: tuple[PricedRoute, ...] = ()

    @property
    def rank(self) -> tuple[bool, int]:
        """What answers are compared by: feasible ones first, then cheap ones."""
        return not self.feasible, self.cost


@dataclass(frozen=True, slots=True)
class RoutingBudget:
    """When an engine stops: after iterations (same answer everywhere), time is the guard.

    Attributes
    ----------
    iterations
        Of the engine's own kind, per seed.
    time_s
        Wall-clock seconds for all seeds together.
    seeds
        Runs; the best is taken.
    workers
        Processes that share the seeds. The answer is the same for any number, as long as iterations and
        not the time end the runs.
    collect
        Whether the answer carries the routes met on the way.
    stopped
        Asked between iterations; true ends the search with the best so far.
    clock
        What ``time_s`` is measured by; measurements on a busy machine count CPU seconds instead.
    """

    iterations: int
    time_s: float
    seeds: tuple[int, ...] = (1,)
    stopped: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.perf_counter
    workers: int = 1
    collect: bool = False


class RoutingEngine(Protocol):
    """Solves a routing task."""

    name: str

    def version(self) -> str:
        """Name and version of the solver behind it."""
        ...

    def solve(
        self, task: RoutingTask, budget: RoutingBudget, start: tuple[RoutingRoute, ...] = ()
    ) -> RoutingAnswer:
        """Find routes, optionally from given ones.

        Raises
        ------
        depotopt.errors.EngineError
            If the engine fails.
        """
        ...


def finite_matrix(matrix: Int64Array, big: int) -> Int64Array:
    """Replace missing ways by a modest large number: huge ones drown the engine's penalties."""
    return np.minimum(matrix, big)


def best_answer(answers: Iterable[RoutingAnswer]) -> RoutingAnswer | None:
    """The best of several answers, the first of equals, with the routes of all; ``None`` of none."""
    every = list(answers)
    if not every:
        return None
    cheapest: dict[RoutingRoute, int] = {}
    for answer in every:
        for priced in answer.pool:
            cheapest[priced.route] = priced.cost
    pool = tuple(PricedRoute(route, cost) for route, cost in sorted(cheapest.items(), key=_pool_order))
    return replace(min(every, key=lambda answer: answer.rank), pool=pool)


def _pool_order(item: tuple[RoutingRoute, int]) -> tuple[int, int, tuple[tuple[int, tuple[int, ...]], ...]]:
    return item[1], item[0].group, item[0].trips


def no_routes(task: RoutingTask) -> RoutingAnswer:
    """The answer in which no job is made."""
    prizes = sum(job.prize or 0 for job in task.jobs)
    feasible = all(job.prize is not None for job in task.jobs)
    return RoutingAnswer((), prizes, feasible, tuple(range(len(task.jobs))), 0)
