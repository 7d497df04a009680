"""Routing by OR-Tools: parallel cheapest insertion, then guided local search; every stop optional."""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple

from depotopt.dispatch.routing import (
    FOREVER,
    RoutingAnswer,
    RoutingBudget,
    RoutingGroup,
    RoutingRoute,
    RoutingTask,
    finite_matrix,
)
from depotopt.errors import EngineError, UsageError

MOST_RELOADS = 6
"""Reloads offered per vehicle: every one is a node of its own, and slows the search."""
WALL_SECONDS = 20
"""Wall-clock seconds granted per second of another clock, where the budget counts by one."""
SOLUTIONS_PER_ITERATION = 1
"""The engine counts accepted solutions; one stands for one iteration of the budget."""


class OrtoolsEngine:
    """Adapter of the OR-Tools routing library (Perron and Furnon, Google).

    Parameters
    ----------
    strategy
        Its name of the first solution strategy.
    """

    name = "ortools"

    def __init__(self, strategy: str = "PARALLEL_CHEAPEST_INSERTION") -> None:
        self.strategy = strategy

    def version(self) -> str:
        """See `depotopt.dispatch.routing.RoutingEngine.version`."""
        from importlib.metadata import version

        return f"ortools routing {version('ortools')}"

    def solve(
        self, task: RoutingTask, budget: RoutingBudget, start: tuple[RoutingRoute, ...] = ()
    ) -> RoutingAnswer:
        """See `depotopt.dispatch.routing.RoutingEngine.solve`; warm starts are not supported."""
        if start:
            raise UsageError("the OR-Tools engine does not start from given routes")
        nothing = RoutingAnswer(
            (),
            sum(job.prize or 0 for job in task.jobs),
            all(job.prize is not None for job in task.jobs),
            tuple(range(len(task.jobs))),
            0,
        )
        if not task.jobs or not task.groups:
            return nothing
        try:
            return _Model(task).solve(budget, self.strategy) or nothing
        except (ValueError, RuntimeError, OverflowError, TypeError, SystemError) as error:
            raise EngineError(self.name, str(error)) from error


class _Transits(NamedTuple):
    """Callbacks of a group, as the library numbers them: what a drive costs, its time and its length."""

    cost: int
    duration: int
    distance: int


class _Model:
    """Nodes: jobs first, then reloads per vehicle, then a start and an end per vehicle."""

    def __init__(self, task: RoutingTask) -> None:
        self.task = task
        self.vehicles = [g for g, group in enumerate(task.groups) for _ in range(group.count)]
        places = [job.place for job in task.jobs]
        self.reload_of: list[tuple[int, int]] = []
        for v, g in enumerate(self.vehicles):
            group = task.groups[g]
            offered = min(group.most_reloads, MOST_RELOADS, len(task.jobs))
            for place in group.reloads:
                for _ in range(offered):
                    self.reload_of.append((v, place))
                    places.append(place)
        starts, ends = [], []
        for g in self.vehicles:
            starts.append(len(places))
            places.append(task.groups[g].start)
            ends.append(len(places))
            places.append(task.groups[g].end)
        self.places, self.starts, self.ends = places, starts, ends

    def solve(self, budget: RoutingBudget, strategy: str) -> RoutingAnswer | None:
        """Build the model, search, and read the routes; ``None`` where no start was found."""
        from ortools.constraint_solver import pywrapcp, routing_enums_pb2

        manager = pywrapcp.RoutingIndexManager(len(self.places), len(self.vehicles), self.starts, self.ends)
        model = pywrapcp.RoutingModel(manager)
        self._travel(manager, model)
        self._loads(manager, model)
        self._optional(manager, model)
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, strategy)
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        # The library knows the wall clock only; another clock is asked whenever it has found something.
        wall = budget.clock is perf_counter
        limit_s = budget.time_s if wall else WALL_SECONDS * budget.time_s
        parameters.time_limit.FromMilliseconds(max(50, int(limit_s * 1000)))
        parameters.solution_limit = max(1, budget.iterations * SOLUTIONS_PER_ITERATION)
        if budget.stopped():
            parameters.solution_limit = 1

        begin = budget.clock()

        def stop_when_asked() -> None:
            if budget.stopped() or (not wall and budget.clock() - begin >= budget.time_s):
                model.solver().FinishCurrentSearch()

        model.AddAtSolutionCallback(stop_when_asked)
        solution = model.SolveWithParameters(parameters)
        if solution is None:
            return None
        return self._answer(manager, model, solution)

    def _travel(self, manager: Any, model: Any) -> None:
        """What every drive costs, the clock of each vehicle, and how far it may drive."""
        task = self.task
        reach = 1 + 20 * max(int(m[m < FOREVER].max(initial=1)) for m in (*task.durations, *task.distances))
        durations = [finite_matrix(m, reach).tolist() for m in task.durations]
        distances = [finite_matrix(m, reach).tolist() for m in task.distances]
        transits = [
            self._transits(manager, model, group, (durations[group.matrix], distances[group.matrix]))
            for group in task.groups
        ]
        for v, g in enumerate(self.vehicles):
            model.SetArcCostEvaluatorOfVehicle(transits[g].cost, v)
            model.SetFixedCostOfVehicle(task.groups[g].fixed_cost, v)
        horizon = reach + max(
            [min(group.earliest, FOREVER) for group in task.groups]
            + [job.latest for job in task.jobs if job.latest < FOREVER]
            + [sum(sum(row) for row in durations[0]) if all(j.latest >= FOREVER for j in task.jobs) else 0]
        )
        self._clock(manager, model, [transits[g].duration for g in self.vehicles], horizon)
        if any(group.farthest < FOREVER for group in task.groups):
            farthest = [min(task.groups[g].farthest, FOREVER) for g in self.vehicles]
            model.AddDimensionWithVehicleTransitAndCapacity(
                [transits[g].distance for g in self.vehicles], 0, farthest, True, "length"
            )

    def _transits(
        self, manager: Any, model: Any, group: RoutingGroup, matrices: tuple[list[list[int]], list[list[int]]]
    ) -> _Transits:
        """Callbacks of one group; the time at a place counts with the drive that leaves it."""
        durations, distances = matrices
        at_jobs = [job.service for job in self.task.jobs]
        spent = [*at_jobs, *[group.loading] * (len(self.places) - len(at_jobs))]

        # Each is called for every pair of places: no one calls another.
        def cost(a: int, b: int) -> int:
            here, there = self._pair(manager, a, b)
            seconds: int = durations[here][there] + spent[manager.IndexToNode(a)]
            return distances[here][there] * group.distance_cost + seconds * group.duration_cost

        def duration(a: int, b: int) -> int:
            here, there = self._pair(manager, a, b)
            seconds: int = durations[here][there] + spent[manager.IndexToNode(a)]
            return seconds

        def distance(a: int, b: int) -> int:
            here, there = self._pair(manager, a, b)
            return distances[here][there]

        return _Transits(*(model.RegisterTransitCallback(one) for one in (cost, duration, distance)))

    def _clock(self, manager: Any, model: Any, durations: list[int], horizon: int) -> None:
        """Windows of jobs, shifts of vehicles, and releases."""
        model.AddDimensionWithVehicleTransits(durations, horizon, 2 * horizon, False, "time")
        time = model.GetDimensionOrDie("time")
        for n, job in enumerate(self.task.jobs):
            index = manager.NodeToIndex(n)
            time.CumulVar(index).SetMin(min(job.earliest, horizon))
            time.CumulVar(index).SetMax(min(job.latest, 2 * horizon))
        for v, g in enumerate(self.vehicles):
            group = self.task.groups[g]
            time.CumulVar(model.Start(v)).SetMin(min(group.earliest, 2 * horizon))
            time.CumulVar(model.End(v)).SetMax(min(group.latest, 2 * horizon))
            if group.longest < FOREVER:
                time.SetSpanUpperBoundForVehicle(group.longest, v)
            model.AddVariableMinimizedByFinalizer(time.CumulVar(model.End(v)))
        self._releases(manager, model, time)

    def _releases(self, manager: Any, model: Any, time: Any) -> None:
        """A job with a release may only be reached from a start after it: a bound on its arrival."""
        for n, job in enumerate(self.task.jobs):
            if job.release > 0:
                shortest = min(
                    int(self.task.durations[group.matrix][group.start, job.place])
                    for group in self.task.groups
                )
                index = manager.NodeToIndex(n)
                time.CumulVar(index).SetMin(min(max(job.earliest, job.release + shortest), job.latest))

    def _loads(self, manager: Any, model: Any) -> None:
        task, jobs = self.task, len(self.task.jobs)
        for n in range(len(task.groups[0].capacity)):
            most = max(group.capacity[n] for group in task.groups)

            def load(a: int, n: int = n, most: int = most) -> int:
                node = manager.IndexToNode(a)
                if node < jobs:
                    return int(task.jobs[node].load[n])
                return -most if node < jobs + len(self.reload_of) else 0

            model.AddDimensionWithVehicleCapacity(
                model.RegisterUnaryTransitCallback(load),
                most,
                [task.groups[g].capacity[n] for g in self.vehicles],
                True,
                f"load{n}",
            )
            dimension = model.GetDimensionOrDie(f"load{n}")
            for node in range(jobs):
                dimension.SlackVar(manager.NodeToIndex(node)).SetValue(0)

    def _optional(self, manager: Any, model: Any) -> None:
        task, jobs = self.task, len(self.task.jobs)
        # A start is found only where everything may be left out; required jobs cost more than all the rest.
        steep = 10 * sum(job.prize or 0 for job in task.jobs) + 10**9
        for n, job in enumerate(task.jobs):
            index = manager.NodeToIndex(n)
            model.AddDisjunction([index], job.prize if job.prize is not None else steep)
            if job.group:
                allowed = [v for v, g in enumerate(self.vehicles) if g in job.group]
                model.VehicleVar(index).SetValues([-1, *allowed])
        for n, (v, _) in enumerate(self.reload_of):
            index = manager.NodeToIndex(jobs + n)
            model.AddDisjunction([index], 0)
            model.VehicleVar(index).SetValues([-1, v])

    def _pair(self, manager: Any, a: int, b: int) -> tuple[int, int]:
        return self.places[manager.IndexToNode(a)], self.places[manager.IndexToNode(b)]

    def _answer(self, manager: Any, model: Any, solution: Any) -> RoutingAnswer:
        jobs, routes, made = len(self.task.jobs), [], set[int]()
        for v, g in enumerate(self.vehicles):
            trips: list[tuple[int, list[int]]] = [(self.task.groups[g].start, [])]
            index = solution.Value(model.NextVar(model.Start(v)))
            while not model.IsEnd(index):
                node = manager.IndexToNode(index)
                if node < jobs:
                    trips[-1][1].append(node)
                    made.add(node)
                else:
                    trips.append((self.reload_of[node - jobs][1], []))
                index = solution.Value(model.NextVar(index))
            filled = tuple((place, tuple(done)) for place, done in trips if done)
            if filled:
                routes.append(RoutingRoute(g, filled))
        left_out = tuple(n for n in range(jobs) if n not in made)
        feasible = all(self.task.jobs[n].prize is not None for n in left_out)
        return RoutingAnswer(
            tuple(routes), int(solution.ObjectiveValue()), feasible, left_out, int(model.solver().Solutions())
        )
