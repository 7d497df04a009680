"""Ruin and recreate under a budget: chunks of rounds, seeds side by side in threads."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from depotopt.dispatch.routing import RoutingBudget
from depotopt.units import Int64Array

CHUNK: Final = 2_000
"""Rounds between two looks at the clock."""
HOT: Final = 0.3
"""Heat at the beginning, in average legs."""
COLD: Final = 0.01
"""Heat at the end, in average legs."""
NEAR: Final = 200
"""Neighbours looked at around a customer."""


@dataclass(frozen=True, slots=True)
class SlackTask:
    """Customers of one depot with a fleet of equal vehicles.

    Sets
        customers 1 to n, the depot is 0; routes r
    Variables
        routes, units[r, c]
    Model
        min  sum of lengths, or with ``latency`` sum weight[c] arrival[c] and routes that end where they like
        s.t. sum_r units[r, c] = demand[c], one route per customer unless ``split``;
             sum_c units[r, c] <= capacity; at most ``most`` routes

    Attributes
    ----------
    lengths
        Integer lengths, shape ``(n + 1, n + 1)``.
    demand, weight
        Per place, 0 for the depot.
    capacity, most
        Of a vehicle; how many vehicles.
    latency, split
        See the model.
    """

    lengths: Int64Array
    demand: Int64Array
    weight: Int64Array
    capacity: int
    most: int
    latency: bool = False
    split: bool = False


@dataclass(frozen=True, slots=True)
class SlackAnswer:
    """Routes as pairs of customer and units, their cost, and the rounds done; ``None`` cost: none found."""

    routes: tuple[tuple[tuple[int, int], ...], ...]
    cost: int | None
    rounds: int

    @property
    def rank(self) -> tuple[bool, int]:
        """What answers are compared by."""
        return self.cost is None, self.cost or 0


def anneal_seeds(task: SlackTask, budget: RoutingBudget) -> SlackAnswer:
    """Best of the budget's seeds, as many at a time as it has workers.

    Threads are enough: the loops release the interpreter. The answer depends on the seeds alone, as long as
    iterations and not the time end the runs.

    Parameters
    ----------
    task
        What to solve.
    budget
        Iterations are rounds of ruin and recreate per seed. A clock of CPU seconds counts those of every
        thread by itself.
    """
    workers = max(1, min(budget.workers, len(budget.seeds)))
    share = budget.time_s * workers / len(budget.seeds)
    clock = time.thread_time if budget.clock is time.process_time else budget.clock
    part = replace(budget, time_s=share, clock=clock)
    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(lambda seed: _anneal(task, part, seed), budget.seeds))
    return min(answers, key=lambda answer: answer.rank)


def _anneal(task: SlackTask, budget: RoutingBudget, seed: int) -> SlackAnswer:
    from depotopt.dispatch.tasks.slack_kernels import anneal

    first = _first(task)
    if first is None:
        return SlackAnswer((), None, 0)
    state, best = first, tuple(part.copy() for part in first)
    rng = np.random.default_rng(seed)
    arrays = (
        *(task.lengths, task.demand, task.weight, _near(task)),
        *(task.capacity, task.most, task.latency, task.split),
    )
    leg = _average_leg(task, first)
    begin, done = budget.clock(), 0
    while True:
        spent = max(
            done / budget.iterations, (budget.clock() - begin) / budget.time_s if budget.time_s else 1.0
        )
        if spent >= 1.0 or budget.stopped():
            break
        heat = leg * HOT * (COLD / HOT) ** spent
        rounds = min(CHUNK, budget.iterations - done)
        anneal(arrays, state, best, heat, rounds, rng)
        done += rounds
    return _answer(best, done)


def _near(task: SlackTask) -> Int64Array:
    """Customers around each one, nearest first and itself at the front."""
    order = np.argsort(task.lengths[:, 1:], axis=1, kind="stable")[:, :NEAR] + 1
    near: Int64Array = order.astype(np.int64)
    for c in range(1, len(near)):
        where = int(np.flatnonzero(near[c] == c)[0]) if (near[c] == c).any() else len(near[c]) - 1
        near[c, 1 : where + 1] = near[c, :where]
        near[c, 0] = c
    return near


def _average_leg(task: SlackTask, state: tuple[Any, ...]) -> float:
    seq, _, size, _, figures = state
    legs = [
        int(task.lengths[a, b])
        for r in range(int(figures[0]))
        for a, b in zip([0, *seq[r, : size[r] - 1].tolist()], seq[r, : size[r]].tolist(), strict=True)
    ]
    leg = max(1.0, sum(legs) / max(1, len(legs)))
    # An arrival is late for everybody behind it: half of a route on average.
    return leg * (max(1.0, len(legs) / max(1, int(figures[0])) / 2) if task.latency else 1.0)


def _first(task: SlackTask) -> tuple[Any, ...] | None:
    """A start that keeps every rule, ``None`` where none was found."""
    customers = [c for c in range(1, len(task.demand)) if task.demand[c] > 0]
    order = sorted(customers, key=lambda c: (-int(task.demand[c]), c))
    routes = _poured(task, order) if task.split else _placed(task, order)
    return _packed(task, routes) if routes is not None and len(routes) <= task.most else None


def _poured(task: SlackTask, order: list[int]) -> list[list[tuple[int, int]]]:
    """Vehicles filled one after the other, each customer from a new one where there are enough."""
    loads = [-(-int(task.demand[c]) // task.capacity) for c in order]
    apart = sum(loads) <= task.most
    routes: list[list[tuple[int, int]]] = []
    room = 0
    for c in order:
        units = int(task.demand[c])
        room = 0 if apart else room
        while units > 0:
            if room == 0:
                routes.append([])
                room = task.capacity
            given = min(units, room)
            routes[-1].append((c, given))
            units, room = units - given, room - given
    return routes


def _placed(task: SlackTask, order: list[int]) -> list[list[tuple[int, int]]] | None:
    """A route each as long as there are vehicles, the largest first, then the tightest that has room."""
    routes: list[list[tuple[int, int]]] = []
    loads: list[int] = []
    for c in order:
        units = int(task.demand[c])
        if len(routes) < task.most:
            routes.append([(c, units)])
            loads.append(units)
            continue
        tight = [r for r in range(len(routes)) if loads[r] + units <= task.capacity]
        if not tight:
            return None
        r = max(tight, key=lambda r: (loads[r], -r))
        routes[r].append((c, units))
        loads[r] += units
    return routes


def _packed(task: SlackTask, routes: list[list[tuple[int, int]]]) -> tuple[Any, ...]:
    from depotopt.dispatch.tasks.slack_kernels import route_cost

    customers = len(task.demand)
    rows = max(len(routes) + 1, min(task.most, len(routes) + customers) + 1)
    rows = min(rows, len(routes) + math.ceil(customers / 2) + 2)
    seq = np.zeros((rows, customers + 1), dtype=np.int64)
    qty = np.zeros((rows, customers + 1), dtype=np.int64)
    size, load = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    for r, stops in enumerate(routes):
        size[r], load[r] = len(stops), sum(units for _, units in stops)
        for p, (c, units) in enumerate(stops):
            seq[r, p], qty[r, p] = c, units
    cost = sum(
        int(route_cost(r, task.lengths, task.weight, task.latency, seq, size)) for r in range(len(routes))
    )
    return seq, qty, size, load, np.array([len(routes), cost], dtype=np.int64)


def _answer(state: tuple[Any, ...], rounds: int) -> SlackAnswer:
    seq, qty, size, _, figures = state
    routes = tuple(
        tuple(zip(seq[r, : size[r]].tolist(), qty[r, : size[r]].tolist(), strict=True))
        for r in range(int(figures[0]))
        if size[r]
    )
    return SlackAnswer(routes, int(figures[1]), rounds)
