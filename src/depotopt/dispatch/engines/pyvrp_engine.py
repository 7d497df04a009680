"""Routing by PyVRP's iterated local search, best of several seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from depotopt.dispatch.routing import (
    FOREVER,
    RoutingAnswer,
    RoutingBudget,
    RoutingRoute,
    RoutingTask,
    finite_matrix,
)
from depotopt.errors import EngineError
from depotopt.units import Int64Array


class _Stop:
    """Ends a run after iterations, at a moment, or when the user asks."""

    def __init__(self, iterations: int, until: float, budget: RoutingBudget) -> None:
        self._left, self._until, self._budget = iterations, until, budget

    def __call__(self, best_cost: int) -> bool:
        self._left -= 1
        return self._left < 0 or self._budget.clock() >= self._until or self._budget.stopped()


class PyvrpEngine:
    """Adapter of PyVRP (Wouda, Lan and Kool 2024, INFORMS Journal on Computing 36, 943-955)."""

    name = "pyvrp"

    def version(self) -> str:
        """See `depotopt.dispatch.routing.RoutingEngine.version`."""
        from importlib.metadata import version

        return f"pyvrp {version('pyvrp')}"

    def solve(
        self, task: RoutingTask, budget: RoutingBudget, start: tuple[RoutingRoute, ...] = ()
    ) -> RoutingAnswer:
        """See `depotopt.dispatch.routing.RoutingEngine.solve`."""
        if not task.jobs:
            return RoutingAnswer((), 0, True, (), 0)
        if not task.groups:
            return _nothing(task)
        import pyvrp

        try:
            data, depot_of = _data(pyvrp, task)
            begin = budget.clock()
            best: RoutingAnswer | None = None
            warm = _warm(pyvrp, data, depot_of, start) if start else None
            for n, seed in enumerate(budget.seeds):
                until = begin + budget.time_s * (n + 1) / len(budget.seeds)
                result = pyvrp.solve(
                    data,
                    _Stop(budget.iterations, until, budget),
                    seed=seed,
                    collect_stats=False,
                    initial_solution=warm,
                )
                answer = _answer(task, data, result)
                if best is None or (not answer.feasible, answer.cost) < (not best.feasible, best.cost):
                    best = answer
                if budget.stopped():
                    break
        except (ValueError, RuntimeError, IndexError, TypeError) as error:
            raise EngineError(self.name, str(error)) from error
        return _nothing(task) if best is None else best


def _nothing(task: RoutingTask) -> RoutingAnswer:
    prizes = sum(job.prize or 0 for job in task.jobs)
    feasible = all(job.prize is not None for job in task.jobs)
    return RoutingAnswer((), prizes, feasible, tuple(range(len(task.jobs))), 0)


def _data(pyvrp: Any, task: RoutingTask) -> tuple[Any, dict[tuple[int, int], int]]:
    """PyVRP's problem and its depots by (place, loading duration)."""
    depots: list[tuple[int, int]] = []
    for group in task.groups:
        for place in (group.start, group.end, *group.reloads):
            if (place, group.loading) not in depots:
                depots.append((place, group.loading))
    depot_of = {key: n for n, key in enumerate(depots)}
    reach = _reach(task)
    profiles: dict[tuple[int, tuple[int, ...]], int] = {}
    durations: list[Int64Array] = []
    distances: list[Int64Array] = []
    limited = any(job.group for job in task.jobs)
    for g, group in enumerate(task.groups):
        barred = tuple(
            sorted({job.place for job in task.jobs if job.group and g not in job.group}) if limited else ()
        )
        key = (group.matrix, barred)
        if key in profiles:
            continue
        profiles[key] = len(durations)
        duration = finite_matrix(task.durations[group.matrix], reach).copy()
        distance = finite_matrix(task.distances[group.matrix], reach).copy()
        duration[:, list(barred)] = reach
        distance[:, list(barred)] = reach
        np.fill_diagonal(duration, 0)
        np.fill_diagonal(distance, 0)
        durations.append(duration)
        distances.append(distance)
    clients = [
        pyvrp.Client(
            job.place,
            delivery=list(job.load),
            service_duration=job.service,
            tw_early=job.earliest,
            tw_late=min(job.latest, FOREVER),
            release_time=job.release,
            prize=job.prize or 0,
            required=job.prize is None,
        )
        for job in task.jobs
    ]
    kinds = []
    for g, group in enumerate(task.groups):
        barred = tuple(
            sorted({job.place for job in task.jobs if job.group and g not in job.group}) if limited else ()
        )
        kinds.append(
            pyvrp.VehicleType(
                group.count,
                list(group.capacity),
                depot_of[group.start, group.loading],
                depot_of[group.end, group.loading],
                fixed_cost=group.fixed_cost,
                tw_early=group.earliest,
                tw_late=group.latest,
                shift_duration=group.longest,
                max_distance=group.farthest,
                unit_distance_cost=group.distance_cost,
                unit_duration_cost=group.duration_cost,
                profile=profiles[group.matrix, barred],
                reload_depots=[depot_of[place, group.loading] for place in group.reloads],
                max_reloads=group.most_reloads,
            )
        )
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0)] * len(task.durations[0]),
        clients,
        [pyvrp.Depot(place, service_duration=loading) for place, loading in depots],
        kinds,
        distances,
        durations,
    )
    return data, depot_of


def _reach(task: RoutingTask) -> int:
    """A number larger than any sensible leg and small enough for the engine's penalties."""
    longest = 1
    for matrix in (*task.durations, *task.distances):
        finite = matrix[matrix < FOREVER]
        longest = max(longest, int(finite.max(initial=1)))
    return 20 * longest


def _warm(
    pyvrp: Any, data: Any, depot_of: dict[tuple[int, int], int], start: tuple[RoutingRoute, ...]
) -> Any:
    kind = pyvrp.ActivityType
    by_place = {place: n for (place, _), n in depot_of.items()}
    routes = []
    for route in start:
        visits = []
        for number, (place, jobs) in enumerate(route.trips):
            if number:
                visits.append(pyvrp.Activity(kind.DEPOT, by_place[place]))
            visits += [pyvrp.Activity(kind.CLIENT, job) for job in jobs]
        routes.append(pyvrp.Route(data, visits, route.group))
    return pyvrp.Solution(data, routes)


def _answer(task: RoutingTask, data: Any, result: Any) -> RoutingAnswer:
    routes, made = [], set[int]()
    places = [depot.location for depot in data.depots()]
    for route in result.best.routes():
        trips: list[tuple[int, list[int]]] = []
        for activity in route:
            if activity.is_depot():
                trips.append((places[activity.idx], []))
            else:
                trips[-1][1].append(activity.idx)
                made.add(activity.idx)
        filled = tuple((place, tuple(jobs)) for place, jobs in trips if jobs)
        if filled:
            routes.append(RoutingRoute(route.vehicle_type(), filled))
    left_out = tuple(n for n in range(len(task.jobs)) if n not in made)
    best = result.best
    # `Result.cost` is infinite for infeasible solutions; the parts are always numbers.
    cost = best.distance_cost() + best.duration_cost() + best.fixed_vehicle_cost() + best.uncollected_prizes()
    return RoutingAnswer(
        tuple(routes), int(cost), bool(result.is_feasible()), left_out, result.num_iterations
    )
