"""Routing tasks whose depots hold limited stock: assignment, routes, exchange between depots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.routing import (
    FOREVER,
    RoutingAnswer,
    RoutingBudget,
    RoutingEngine,
    RoutingRoute,
    RoutingTask,
)
from depotopt.errors import EngineError, UsageError
from depotopt.units import FloatArray, Int64Array

EXCHANGE_CONFLICTS: Final = 4_000
"""Conflicts after which an exchange is taken as it is: counted, not timed."""
ASSIGNMENT_CONFLICTS: Final = 30_000
"""The same for the first assignment."""
FEASIBLE_CONFLICTS: Final = 1_000_000
"""The same for an assignment at any cost, where no cheap one was found."""
MOVES: Final = (2, 3, 4, 6, 8)
"""Jobs that may change their depot in one exchange."""
REMEMBERED: Final = 40
"""Assignments tried last that are not tried again."""
NOISE: Final = 0.3
"""Share by which estimated costs are blurred, so that exchanges differ from round to round."""
POLISH: Final = 0.25
"""Share of the engine's iterations used to route a depot again after an exchange."""


@dataclass(frozen=True, slots=True)
class StockedTask:
    """A routing task in which all trips from a place together load at most its stock.

    Attributes
    ----------
    task
        Jobs that must be made, groups that load at their start.
    stock
        Per start place, the stock of the first load dimension.
    """

    task: RoutingTask
    stock: tuple[tuple[int, int], ...]


def solve_stocked(
    stocked: StockedTask, engine: RoutingEngine, budget: RoutingBudget, rounds: int
) -> RoutingAnswer:
    """Route under depot stock.

    CP-SAT assigns jobs to depots under exact stock at estimated costs, every depot is routed by itself, and
    exchanges of a few jobs between depots are tried for some rounds, priced by where the jobs would fit into
    the routes there are.

    Parameters
    ----------
    stocked
        The task.
    engine
        Routing engine.
    budget
        Iterations per depot and routing; seeds are used one after the other over the rounds.
    rounds
        Exchanges tried.

    Returns
    -------
    RoutingAnswer
        ``feasible`` is false where no assignment under stock was found.

    Raises
    ------
    UsageError
        If a group starts at a place without stock, or a job may be left out.
    """
    task = stocked.task
    stock = dict(stocked.stock)
    if any(group.start not in stock for group in task.groups):
        raise UsageError("every group starts at a place that has a stock")
    if any(job.prize is not None for job in task.jobs):
        raise UsageError("with depot stock every job must be made")
    depots = sorted(stock)
    begin = budget.clock()
    search = _Search(task, depots, np.array([stock[place] for place in depots]), engine, budget, begin)
    best: dict[int, RoutingAnswer] | None = None
    for cost in (search.radial(), search.nearest()):
        assigned = search.assign(cost)
        if assigned is None:
            assigned = search.assign(np.zeros_like(cost))
        if assigned is None:
            continue
        routed = search.route(assigned, range(len(depots)), {})
        if best is None or _total(routed) < _total(best):
            best, owner = routed, assigned
    if best is None:
        return RoutingAnswer((), 0, False, tuple(range(len(task.jobs))), 0)
    rng = np.random.default_rng(budget.seeds[0])
    for number in range(rounds):
        if search.over():
            break
        cost = search.insertion(best) * (1 + NOISE * rng.random((len(depots), len(task.jobs))))
        changed = search.assign(cost, owner, MOVES[number % len(MOVES)])
        if changed is None:
            continue
        search.tried.append(changed)
        touched = sorted({*owner[changed != owner].tolist(), *changed[changed != owner].tolist()})
        tried = search.route(changed, touched, best, budget.seeds[number % len(budget.seeds)])
        if _total(tried) < _total(best):
            best, owner = tried, changed
    routes = tuple(route for d in range(len(depots)) if d in best for route in best[d].routes)
    made = {job for route in routes for _, jobs in route.trips for job in jobs}
    left_out = tuple(n for n in range(len(task.jobs)) if n not in made)
    iterations = sum(answer.iterations for answer in best.values())
    feasible = not left_out and all(answer.feasible for answer in best.values())
    return RoutingAnswer(routes, _total(best), feasible, left_out, iterations)


def _total(routed: dict[int, RoutingAnswer]) -> int:
    # A depot that could not be routed costs more than anything else.
    return sum(answer.cost + (0 if answer.feasible else FOREVER) for answer in routed.values())


class _Search:
    """Estimates, assignments and routings of one task."""

    def __init__(
        self,
        task: RoutingTask,
        depots: list[int],
        stock: Int64Array,
        engine: RoutingEngine,
        budget: RoutingBudget,
        begin: float,
    ) -> None:
        self.task, self.depots, self.stock = task, depots, stock
        self.engine, self.budget, self.begin = engine, budget, begin
        self.load = np.array([job.load[0] for job in task.jobs], dtype=np.int64)
        self.place = np.array([job.place for job in task.jobs], dtype=np.int64)
        self.groups = [[g for g, group in enumerate(task.groups) if group.start == d] for d in depots]
        self.length = task.distances[0].astype(np.float64)
        self.tried: list[Int64Array] = []

    def over(self) -> bool:
        """Whether time is up or the user asked to stop."""
        return self.budget.stopped() or self.budget.clock() - self.begin >= self.budget.time_s

    def radial(self) -> FloatArray:
        """There and back, shared by what fills the vehicle."""
        return 2.0 * self.nearest() * self.load[None, :] / self._capacity()

    def nearest(self) -> FloatArray:
        """Length from each depot to each job."""
        lengths: FloatArray = self.length[np.ix_(np.array(self.depots), self.place)]
        return lengths

    def _capacity(self) -> float:
        return float(max(group.capacity[0] for group in self.task.groups))

    def assign(self, cost: FloatArray, current: Int64Array | None = None, most: int = 0) -> Int64Array | None:
        """Depot per job under exact stock at least cost; at most some moves from the current one."""
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        count = len(self.load)
        choose = [[model.new_bool_var("") for _ in range(count)] for _ in self.depots]
        for j in range(count):
            model.add_exactly_one(row[j] for row in choose)
        for d, row in enumerate(choose):
            model.add(sum(int(self.load[j]) * row[j] for j in range(count)) <= int(self.stock[d]))
        if current is not None:
            stay = [choose[int(current[j])][j] for j in range(count)]
            model.add(sum(stay) >= count - most)
            for past in (current, *self.tried[-REMEMBERED:]):
                model.add(sum(choose[int(past[j])][j] for j in range(count)) <= count - 1)
        conflicts = FEASIBLE_CONFLICTS
        if cost.any():
            conflicts = ASSIGNMENT_CONFLICTS if current is None else EXCHANGE_CONFLICTS
            scale = 1000.0 / max(float(cost.mean()), 1e-9)
            model.minimize(
                sum(
                    round(float(cost[d, j]) * scale) * choose[d][j]
                    for d in range(len(self.depots))
                    for j in range(count)
                )
            )
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self.budget.seeds[0]
        solver.parameters.max_number_of_conflicts = conflicts
        solver.parameters.max_time_in_seconds = max(
            0.1, self.budget.time_s - (self.budget.clock() - self.begin)
        )
        status = solver.solve(model)
        if status == cp_model.MODEL_INVALID:
            raise EngineError("cp-sat", "the assignment under stock is not a valid model")
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        owner = np.zeros(count, dtype=np.int64)
        for d, row in enumerate(choose):
            for j in range(count):
                if solver.boolean_value(row[j]):
                    owner[j] = d
        return owner

    def route(
        self,
        owner: Int64Array,
        touched: Iterable[int],
        known: dict[int, RoutingAnswer],
        seed: int | None = None,
    ) -> dict[int, RoutingAnswer]:
        """Route the touched depots by themselves; the others keep their routes."""
        routed = dict(known)
        left = max(0.05, self.budget.time_s - (self.budget.clock() - self.begin))
        again = bool(known)
        for d in touched:
            jobs = np.flatnonzero(owner == d).tolist()
            if not jobs:
                routed.pop(d, None)
                continue
            groups = self.groups[d]
            part = replace(
                self.task,
                jobs=tuple(self.task.jobs[j] for j in jobs),
                groups=tuple(self.task.groups[g] for g in groups),
            )
            share = int(self.budget.iterations * (POLISH if again else 1.0))
            budget = replace(
                self.budget,
                iterations=max(1, share),
                time_s=left / len(self.depots),
                seeds=self.budget.seeds if seed is None else (seed,),
            )
            answer = self.engine.solve(part, budget)
            routes = tuple(
                RoutingRoute(
                    groups[route.group],
                    tuple((place, tuple(jobs[n] for n in done)) for place, done in route.trips),
                )
                for route in answer.routes
            )
            routed[d] = replace(answer, routes=routes, left_out=tuple(jobs[n] for n in answer.left_out))
        return routed

    def insertion(self, routed: dict[int, RoutingAnswer]) -> FloatArray:
        """What each job would cost in the routes of each depot, its own gap closed where it is now."""
        cost = 2.0 * self.nearest()
        for d, answer in routed.items():
            for route in answer.routes:
                group = self.task.groups[route.group]
                for _, jobs in route.trips:
                    tour = np.array([group.start, *(self.task.jobs[j].place for j in jobs), group.end])
                    legs = self.length[tour[:-1], tour[1:]]
                    detour = (
                        self.length[tour[:-1]][:, self.place]
                        + self.length[self.place][:, tour[1:]].T
                        - legs[:, None]
                    )
                    cost[d] = np.minimum(cost[d], detour.min(axis=0))
        for d, answer in routed.items():
            for route in answer.routes:
                group = self.task.groups[route.group]
                for _, jobs in route.trips:
                    row = [group.start, *(self.task.jobs[j].place for j in jobs), group.end]
                    for n, j in enumerate(jobs):
                        a, b, c = row[n], row[n + 1], row[n + 2]
                        cost[d, j] = self.length[a, b] + self.length[b, c] - self.length[a, c]
        return cost
