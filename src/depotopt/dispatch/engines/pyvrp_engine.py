"""Routing by PyVRP's iterated local search, best of several seeds."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, Final

import numpy as np

from depotopt.dispatch.routing import (
    FOREVER,
    PricedRoute,
    RoutingAnswer,
    RoutingBudget,
    RoutingGroup,
    RoutingJob,
    RoutingRoute,
    RoutingTask,
    best_answer,
    finite_matrix,
    no_routes,
)
from depotopt.errors import EngineError
from depotopt.units import Int64Array

NOTED_EVERY: Final = 20
"""Iterations between two solutions whose routes are noted, where routes are collected."""
POOLED: Final = 12_000
"""Routes handed over per seed."""


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
            return no_routes(task)
        if budget.workers > 1 and len(budget.seeds) > 1:
            from depotopt.dispatch.engines.seed_processes import solve_side_by_side

            return best_answer(solve_side_by_side(self, task, budget, start)) or no_routes(task)
        import pyvrp

        try:
            data, depot_of = _data(pyvrp, task)
            begin = budget.clock()
            answers: list[RoutingAnswer] = []
            warm = _warm(pyvrp, data, depot_of, start) if start else None
            for n, seed in enumerate(budget.seeds):
                until = begin + budget.time_s * (n + 1) / len(budget.seeds)
                notebook = _Notebook()
                with warnings.catch_warnings():
                    # Hard to keep the rules of: the answer says whether they are kept.
                    warnings.simplefilter("ignore", pyvrp.exceptions.PenaltyBoundWarning)
                    result = pyvrp.solve(
                        data,
                        _Stop(budget.iterations, until, budget),
                        seed=seed,
                        collect_stats=False,
                        params=_parameters(pyvrp, task, notebook if budget.collect else None),
                        initial_solution=warm,
                    )
                answers.append(replace(_answer(task, data, result), pool=notebook.pool(task, data)))
                if budget.stopped():
                    break
        except (ValueError, RuntimeError, IndexError, TypeError) as error:
            raise EngineError(self.name, str(error)) from error
        return best_answer(answers) or no_routes(task)


class _Notebook:
    """Writes down the routes of solutions met on the way: of every best one, and now and then of others."""

    def __init__(self) -> None:
        self._routes: dict[tuple[int, frozenset[int], int], Any] = {}
        self._count = 0

    def on_start(self, search: Any) -> None:
        """Nothing is noted yet."""

    def on_end(self, result: Any) -> None:
        """The best solution has been noted when it was found."""

    def on_restart(self, best: Any) -> None:
        """A restart brings no new routes."""

    def on_best(self, best: Any) -> None:
        """Note a new best solution."""
        if best.is_feasible():
            self._note(best)

    def on_iteration(self, current: Any, candidate: Any, best: Any, evaluator: Any) -> None:
        """Note every so many-th current solution that breaks no rule."""
        self._count += 1
        if self._count % NOTED_EVERY == 0 and current.is_feasible():
            self._note(current)

    def _note(self, solution: Any) -> None:
        for route in solution.routes():
            made = frozenset(activity.idx for activity in route if activity.is_client())
            cost = _route_cost(route)
            if made:
                self._routes.setdefault((route.vehicle_type(), made, cost), route)

    def pool(self, task: RoutingTask, data: Any) -> tuple[PricedRoute, ...]:
        """The routes noted, the cheapest way of each set of stops, at most `POOLED` of them, latest first."""
        best: dict[tuple[int, frozenset[int]], tuple[int, Any]] = {}
        for (kind, made, cost), route in reversed(self._routes.items()):
            if (kind, made) not in best:
                if len(best) >= POOLED:
                    continue
                best[kind, made] = (cost, route)
            elif cost < best[kind, made][0]:
                best[kind, made] = (cost, route)
        places = [depot.location for depot in data.depots()]
        return tuple(PricedRoute(_route(route, places), cost) for cost, route in best.values())


def _parameters(pyvrp: Any, task: RoutingTask, notebook: _Notebook | None) -> Any:
    """The engine's own settings, but penalties may grow until a rule is dearer than a vehicle more.

    By itself it stops at 100,000 a unit: where costs are counted finely, breaking a rule is cheap then.
    """
    dearest = 0
    for group in task.groups:
        distance, duration = task.distances[group.matrix], task.durations[group.matrix]
        farthest = int(distance[distance < FOREVER].max(initial=0))
        longest = int(duration[duration < FOREVER].max(initial=0))
        way = farthest * group.distance_cost + longest * group.duration_cost
        dearest = max(dearest, group.fixed_cost + 4 * way)
    usual = pyvrp.PenaltyParams().max_penalty
    penalty = pyvrp.PenaltyParams(max_penalty=float(max(usual, dearest)))
    if notebook is None:
        return pyvrp.SolveParams(penalty=penalty)
    return pyvrp.SolveParams(ils=pyvrp.IteratedLocalSearchParams(callbacks=notebook), penalty=penalty)


def _route_cost(route: Any) -> int:
    return int(route.distance_cost() + route.duration_cost() + route.fixed_vehicle_cost())


def _data(pyvrp: Any, task: RoutingTask) -> tuple[Any, dict[tuple[int, int], int]]:
    """PyVRP's problem and its depots by (place, loading duration)."""
    depot_of: dict[tuple[int, int], int] = {}
    for group in task.groups:
        for place in (group.start, group.end, *group.reloads):
            depot_of.setdefault((place, group.loading), len(depot_of))
    profile_of, distances, durations = _profiles(task)
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0)] * len(task.durations[0]),
        [_client(pyvrp, job) for job in task.jobs],
        [pyvrp.Depot(place, service_duration=loading) for place, loading in depot_of],
        [
            _vehicle_type(pyvrp, group, depot_of, profile)
            for group, profile in zip(task.groups, profile_of, strict=True)
        ],
        distances,
        durations,
    )
    return data, depot_of


def _profiles(task: RoutingTask) -> tuple[list[int], list[Int64Array], list[Int64Array]]:
    """Routing profile of each group, and distances and durations per profile.

    Groups share one where they drive alike and are barred from the same places.
    """
    reach = _reach(task)
    limited = any(job.group for job in task.jobs)
    known: dict[tuple[int, tuple[int, ...]], int] = {}
    profile_of: list[int] = []
    distances: list[Int64Array] = []
    durations: list[Int64Array] = []
    for g, group in enumerate(task.groups):
        barred = {job.place for job in task.jobs if job.group and g not in job.group} if limited else set()
        closed = sorted(barred)
        profile = known.setdefault((group.matrix, tuple(closed)), len(known))
        profile_of.append(profile)
        if profile < len(distances):
            continue
        for matrices, told in ((task.distances, distances), (task.durations, durations)):
            matrix = finite_matrix(matrices[group.matrix], reach).copy()
            matrix[:, closed] = reach
            np.fill_diagonal(matrix, 0)
            told.append(matrix)
    return profile_of, distances, durations


def _client(pyvrp: Any, job: RoutingJob) -> Any:
    return pyvrp.Client(
        job.place,
        delivery=list(job.load),
        service_duration=job.service,
        tw_early=job.earliest,
        tw_late=min(job.latest, FOREVER),
        release_time=job.release,
        prize=job.prize or 0,
        required=job.prize is None,
    )


def _vehicle_type(pyvrp: Any, group: RoutingGroup, depot_of: dict[tuple[int, int], int], profile: int) -> Any:
    return pyvrp.VehicleType(
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
        profile=profile,
        reload_depots=[depot_of[place, group.loading] for place in group.reloads],
        max_reloads=group.most_reloads,
    )


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


def _route(route: Any, places: list[int]) -> RoutingRoute:
    trips: list[tuple[int, list[int]]] = []
    for activity in route:
        if activity.is_depot():
            trips.append((places[activity.idx], []))
        else:
            trips[-1][1].append(activity.idx)
    return RoutingRoute(route.vehicle_type(), tuple((place, tuple(jobs)) for place, jobs in trips if jobs))


def _answer(task: RoutingTask, data: Any, result: Any) -> RoutingAnswer:
    places = [depot.location for depot in data.depots()]
    routes = [route for route in (_route(route, places) for route in result.best.routes()) if route.trips]
    made = {job for route in routes for _, jobs in route.trips for job in jobs}
    left_out = tuple(n for n in range(len(task.jobs)) if n not in made)
    best = result.best
    # `Result.cost` is infinite for infeasible solutions; the parts are always numbers.
    cost = best.distance_cost() + best.duration_cost() + best.fixed_vehicle_cost() + best.uncollected_prizes()
    return RoutingAnswer(
        tuple(routes), int(cost), bool(result.is_feasible()), left_out, result.num_iterations
    )
