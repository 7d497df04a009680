"""Routing tasks whose deliveries may be split: pieces that follow the routes, again and again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from depotopt.dispatch.routing import RoutingAnswer, RoutingBudget, RoutingEngine, RoutingRoute, RoutingTask

SHARES: Final = (0.2, 0.1, 0.05, 0.01)
"""Shares of the vehicle's capacity that a delivery is cut into at first (Chen et al. 2017, Computers and
Operations Research 78, 72-85)."""
LOOSENED: Final = 0.35
"""Share of customers whose deliveries are cut anew in a round, besides those that are split."""


@dataclass(frozen=True, slots=True)
class SplitAnswer:
    """Routes with what each stop hands over.

    Attributes
    ----------
    routes
        Per vehicle: group and stops as pairs of job and units, each job at most once per route.
    cost
        As the engine counts.
    feasible
        Whether everything is delivered within every rule.
    """

    routes: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    cost: int
    feasible: bool


def solve_split(task: RoutingTask, engine: RoutingEngine, budget: RoutingBudget, rounds: int) -> SplitAnswer:
    """Route with split deliveries.

    Full loads leave first. What remains is routed whole and cut by fixed shares; from the better of the two,
    in every round the customers that are split and some others are cut in new ways, the rest stay in the
    pieces they are delivered in, and the engine starts from the routes there are.

    Parameters
    ----------
    task
        Jobs in one load dimension, one group, no time windows.
    engine
        Routing engine that starts from given routes.
    budget
        Iterations per round; the time is for all.
    rounds
        Rounds of cutting anew.
    """
    begin = budget.clock()
    capacity = max(group.capacity[0] for group in task.groups)
    rng = np.random.default_rng(budget.seeds[0])
    demand = [job.load[0] for job in task.jobs]
    # A load that fills the vehicle goes out and back; more than two such loads never pay in one tour.
    peeled = [max(0, units // capacity - 1) if units > capacity else 0 for units in demand]
    rest = [units - full * capacity for units, full in zip(demand, peeled, strict=True)]
    share = rounds + 2

    def run(
        cut: list[list[int]], start: tuple[RoutingRoute, ...] = ()
    ) -> tuple[RoutingAnswer, list[tuple[int, int]]]:
        pieces = [(j, units) for j, parts in enumerate(cut) for units in parts]
        jobs = tuple(replace(task.jobs[j], load=(units,)) for j, units in pieces)
        left = max(0.05, budget.time_s - (budget.clock() - begin))
        piece_budget = replace(budget, time_s=max(0.05, min(left, 3 * budget.time_s / share)))
        return engine.solve(replace(task, jobs=jobs), piece_budget, start), pieces

    best: RoutingAnswer | None = None
    pieces: list[tuple[int, int]] = []
    whole = [_whole(units, capacity) for units in rest]
    for cut in (whole, [_by_shares(units, capacity) for units in rest]):
        answer, parts = run(cut)
        if best is None or (not answer.feasible, answer.cost) < (not best.feasible, best.cost):
            best, pieces = answer, parts
    assert best is not None
    for number in range(rounds):
        if budget.stopped() or budget.clock() - begin >= budget.time_s:
            break
        handed = _handed(best, pieces)
        cut, start = _cut_anew(handed, len(demand), rng, number)
        answer, parts = run(cut, start)
        if (not answer.feasible, answer.cost) < (not best.feasible, best.cost):
            best, pieces = answer, parts
    routes = [(group, tuple(stops.items())) for group, stops in _handed(best, pieces)]
    extra = 0
    for j, full in enumerate(peeled):
        group = task.groups[0]
        there = int(task.distances[0][group.start, task.jobs[j].place])
        back = int(task.distances[0][task.jobs[j].place, group.end])
        extra += full * (group.fixed_cost + (there + back) * group.distance_cost)
        routes += [(0, ((j, capacity),))] * full
    return SplitAnswer(tuple(routes), best.cost + extra, best.feasible)


def _whole(units: int, capacity: int) -> list[int]:
    """As few pieces as vehicles allow."""
    full, left = divmod(units, capacity)
    return [capacity] * full + ([left] if left else [])


def _by_shares(units: int, capacity: int) -> list[int]:
    """Pieces of fixed shares of the capacity, the large ones first."""
    parts: list[int] = []
    for share in SHARES:
        size = max(1, round(share * capacity))
        count = units // size
        parts += [size] * count
        units -= count * size
    return parts + ([units] if units else [])


def _handed(answer: RoutingAnswer, pieces: list[tuple[int, int]]) -> list[tuple[int, dict[int, int]]]:
    """Units per job and route, in driving order."""
    handed = []
    for route in answer.routes:
        stops: dict[int, int] = {}
        for _, done in route.trips:
            for n in done:
                job, units = pieces[n]
                stops[job] = stops.get(job, 0) + units
        handed.append((route.group, stops))
    return handed


def _cut_anew(
    handed: list[tuple[int, dict[int, int]]], jobs: int, rng: np.random.Generator, number: int
) -> tuple[list[list[int]], tuple[RoutingRoute, ...]]:
    """New pieces inside what every route hands over, and the routes they make: the warm start."""
    visits: dict[int, int] = defaultdict(int)
    for _, stops in handed:
        for job in stops:
            visits[job] += 1
    loose = {job for job, count in visits.items() if count > 1}
    others = [job for job in visits if job not in loose]
    loose |= set(rng.permutation(others)[: int(LOOSENED * len(others))].tolist())
    if number % 4 == 3:
        # Now and then only the split ones are put together again: fewer, larger pieces.
        loose = set()
    cut: list[list[int]] = [[] for _ in range(jobs)]
    trips: list[tuple[int, list[tuple[int, int]]]] = []
    for group, stops in handed:
        order: list[tuple[int, int]] = []
        for job, units in stops.items():
            for part in _parts(units, rng) if job in loose else [units]:
                order.append((job, len(cut[job])))
                cut[job].append(part)
        trips.append((group, order))
    first = np.concatenate([[0], np.cumsum([len(parts) for parts in cut])]).astype(int).tolist()
    start = tuple(
        RoutingRoute(group, ((0, tuple(first[job] + n for job, n in order)),)) for group, order in trips
    )
    return cut, start


def _parts(units: int, rng: np.random.Generator) -> list[int]:
    """A few random pieces of a delivery."""
    if units < 2:
        return [units]
    cuts = np.unique(rng.integers(1, units, size=int(rng.integers(1, 5))))
    edges = [0, *cuts.tolist(), units]
    return [int(b - a) for a, b in pairwise(edges)]
