"""Routing tasks searched by ruin and recreate: strings of stops out, all back in where they cost least."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from depotopt.dispatch.routing import (
    FOREVER,
    PricedRoute,
    RoutingAnswer,
    RoutingBudget,
    RoutingRoute,
    RoutingTask,
    best_answer,
    finite_matrix,
    no_routes,
)
from depotopt.units import BoolArray, Int64Array

HOT: Final = 1.0
"""Heat at the beginning, in average legs."""
COLD: Final = 0.01
"""Heat at the end, in average legs."""
NEAR: Final = 200
"""Neighbours among which strings are removed."""
REACH: Final = 40
"""Neighbours into whose routes a stop is put."""
WAIT_WEIGHT: Final = 0.2
"""What waiting counts beside driving where neighbours are chosen."""
CHUNK: Final = 200_000
"""Rounds between two looks at the clock, times jobs."""
POOLED: Final = 12_000
"""Routes handed over per seed."""


def searchable(task: RoutingTask) -> bool:
    """Whether the search knows every rule of a task: it knows neither reloads nor releases."""
    return not any(group.reloads for group in task.groups) and not any(job.release for job in task.jobs)


@dataclass(frozen=True, slots=True)
class _Coded:
    """A task in the arrays of `route_kernels`, and rows and columns its routes need."""

    arrays: tuple[Any, ...]
    places: int
    rows: int
    columns: int
    stock: Int64Array


def search_strings(
    task: RoutingTask,
    budget: RoutingBudget,
    start: tuple[RoutingRoute, ...] = (),
    stock: tuple[tuple[int, int], ...] = (),
    hot: float = HOT,
) -> RoutingAnswer:
    """Anneal routes by ruin and recreate, best of the budget's seeds, as many at a time as it has workers.

    Threads are enough: the loops release the interpreter. The answer depends on the seeds alone, as long as
    iterations and not the time end the runs.

    Parameters
    ----------
    task
        What is to be solved, see `searchable`.
    budget
        Iterations are rounds of ruin and recreate per seed; its time is that of one worker's seeds. A clock
        of CPU seconds counts those of every thread by itself.
    start
        Routes to begin with; what they leave out is put in.
    stock
        Per start place, what all trips from there load together at most, in the first load dimension. Places
        not named hold as much as anybody wants.
    hot
        Heat at the beginning, in average legs.

    Returns
    -------
    RoutingAnswer
        Not ``feasible`` where a job that must be made is not, or a way is driven that does not exist.
    """
    if not task.jobs or not task.groups:
        return no_routes(task)
    coded = _coded(task, dict(stock))
    workers = max(1, min(budget.workers, len(budget.seeds)))
    clock = time.thread_time if budget.clock is time.process_time else budget.clock
    part = replace(budget, time_s=budget.time_s * workers / len(budget.seeds), clock=clock)

    def one(seed: int) -> RoutingAnswer:
        return _anneal(task, coded, part, seed, start, hot)

    if workers == 1:
        return best_answer([one(seed) for seed in budget.seeds]) or no_routes(task)
    with ThreadPoolExecutor(workers) as pool:
        return best_answer(pool.map(one, budget.seeds)) or no_routes(task)


def _anneal(
    task: RoutingTask,
    coded: _Coded,
    budget: RoutingBudget,
    seed: int,
    start: tuple[RoutingRoute, ...],
    hot: float,
) -> RoutingAnswer:
    from depotopt.dispatch.tasks.string_kernels import anneal

    rng = np.random.default_rng(seed)
    state = _state(coded, task, start)
    best = (state[0].copy(), state[1].copy(), state[2].copy(), state[14].copy())
    pool: dict[tuple[int, frozenset[int]], tuple[int, tuple[int, ...]]] = {}
    # What is missing goes in first; code is compiled or loaded here, before the time is counted.
    anneal(coded.arrays, state, best, 0.0, 1, rng)
    leg = _average_leg(coded, state)
    begin, done, noted = budget.clock(), 1, -1
    chunk = max(50, CHUNK // len(task.jobs))
    while True:
        spent = max(
            done / budget.iterations, (budget.clock() - begin) / budget.time_s if budget.time_s else 1.0
        )
        if done > 1 and (spent >= 1.0 or budget.stopped()):
            break
        heat = leg * hot * (COLD / hot) ** min(1.0, spent)
        rounds = max(1, min(chunk, budget.iterations - done))
        anneal(coded.arrays, state, best, heat, rounds, rng)
        done += rounds
        if budget.collect and state[14][0] != noted:
            noted = int(state[14][0])
            _note(pool, state[0], state[1], state[2], state[6])
    return _answer(task, coded, best, done, pool)


def _average_leg(coded: _Coded, state: tuple[Any, ...]) -> float:
    """What driving costs from stop to stop."""
    size, kind, length = state[1], state[2], state[4]
    rows = np.flatnonzero(size)
    price = coded.arrays[7][kind[rows], 4]
    return max(1.0, float((price * length[rows]).sum()) / max(1, int((size[rows] + 1).sum())))


def _note(
    pool: dict[tuple[int, frozenset[int]], tuple[int, tuple[int, ...]]],
    seq: Any,
    size: Int64Array,
    kind: Int64Array,
    cost: Int64Array,
) -> None:
    """Keep the routes of a state, the cheapest way of each set of stops, latest last."""
    for r in np.flatnonzero(size).tolist():
        jobs = tuple(seq[r, : size[r]].tolist())
        key = int(kind[r]), frozenset(jobs)
        known = pool.pop(key, None)
        pool[key] = (int(cost[r]), jobs) if known is None else min(known, (int(cost[r]), jobs))


def _answer(
    task: RoutingTask,
    coded: _Coded,
    best: tuple[Any, ...],
    rounds: int,
    pool: dict[tuple[int, frozenset[int]], tuple[int, tuple[int, ...]]],
) -> RoutingAnswer:
    seq, size, kind, figures = best
    routes = tuple(
        _route(task, int(kind[r]), tuple(seq[r, : size[r]].tolist()))
        for r in range(int(figures[2]))
        if size[r]
    )
    made = {job for route in routes for _, jobs in route.trips for job in jobs}
    left_out = tuple(n for n in range(len(task.jobs)) if n not in made)
    feasible = all(task.jobs[n].prize is not None for n in left_out)
    feasible = feasible and all(_driveable(task, route) for route in routes)
    latest = list(pool.items())[-POOLED:]
    priced = tuple(PricedRoute(_route(task, group, jobs), cost) for (group, _), (cost, jobs) in latest)
    return RoutingAnswer(
        tuple(sorted(routes, key=lambda r: (r.group, r.trips))),
        int(figures[0]),
        feasible,
        left_out,
        rounds,
        priced,
    )


def _driveable(task: RoutingTask, route: RoutingRoute) -> bool:
    group = task.groups[route.group]
    stops = np.array([group.start, *(task.jobs[j].place for j in route.trips[0][1]), group.end])
    matrices = task.durations[group.matrix], task.distances[group.matrix]
    return all(bool((matrix[stops[:-1], stops[1:]] < FOREVER).all()) for matrix in matrices)


def _route(task: RoutingTask, group: int, jobs: tuple[int, ...]) -> RoutingRoute:
    return RoutingRoute(group, ((task.groups[group].start, jobs),))


def _coded(task: RoutingTask, stock: dict[int, int]) -> _Coded:
    jobs, groups = task.jobs, task.groups
    doors = sorted({place for group in groups for place in (group.start, group.end)})
    door_of = {place: len(jobs) + n for n, place in enumerate(doors)}
    places = np.array([*(job.place for job in jobs), *doors])
    lengths = _matrices(task.distances, places)
    durations = lengths if task.durations is task.distances else _matrices(task.durations, places)
    stores, alike = sorted(stock), _alike(task)
    store_of = {place: n for n, place in enumerate(stores)}
    group = np.array(
        [
            (
                *(door_of[g.start], door_of[g.end], min(g.count, len(jobs))),
                *(g.fixed_cost, g.distance_cost, g.duration_cost, g.longest, g.farthest),
                *(g.earliest, g.latest, g.matrix, store_of.get(g.start, -1), g.loading),
                int(alike[n].sum() > 1),
            )
            for n, g in enumerate(groups)
        ],
        dtype=np.int64,
    )
    dearest = max(
        g.fixed_cost + 4 * (g.distance_cost * int(lengths[g.matrix].max()))
        + 4 * g.duration_cost * int(durations[g.matrix].max())
        for g in groups
    )  # fmt: skip
    job = np.array(
        [
            (j.service, j.earliest, j.latest, dearest if j.prize is None else j.prize, j.prize is None)
            for j in jobs
        ],
        dtype=np.int64,
    )
    timed = bool(
        (job[:, 1] > 0).any()
        or (job[:, 2] < FOREVER).any()
        or any(g.longest < FOREVER or g.latest < FOREVER or g.duration_cost for g in groups)
    )
    capacity = np.array([g.capacity for g in groups], dtype=np.int64)
    load = np.array([j.load for j in jobs], dtype=np.int64)
    near, reach = _neighbours(lengths[0], durations[0], job)
    arrays = (
        *(lengths, durations, load, job, _allowed(task), near, reach, group, capacity, alike),
        *(timed, reach.shape[1] == len(jobs) - 1 and bool((reach >= 0).all())),
    )
    columns = min(
        int(np.searchsorted(np.cumsum(np.sort(load[:, d])), capacity[:, d].max(), side="right"))
        for d in range(load.shape[1])
    )
    return _Coded(
        arrays,
        len(places),
        min(len(jobs), int(group[:, 2].sum())) + 1,
        columns + 2,
        np.array([stock[place] for place in stores], dtype=np.int64),
    )


def _matrices(matrices: tuple[Int64Array, ...], places: Int64Array) -> Int64Array:
    """All matrices between some places; ways that do not exist are long, but no sums overflow."""
    longest = max(int(matrix[matrix < FOREVER].max(initial=1)) for matrix in matrices)
    return np.ascontiguousarray(
        np.stack([finite_matrix(matrix, 20 * longest)[np.ix_(places, places)] for matrix in matrices]),
        dtype=np.int64,
    )


def _allowed(task: RoutingTask) -> BoolArray:
    allowed = np.ones((len(task.jobs), len(task.groups)), dtype=np.bool_)
    for n, job in enumerate(task.jobs):
        if job.group:
            allowed[n] = False
            allowed[n, list(job.group)] = True
    return allowed


def _alike(task: RoutingTask) -> BoolArray:
    """Groups that drive the same ways at the same times."""
    keys = [(g.start, g.end, g.matrix, g.earliest, g.latest, g.loading) for g in task.groups]
    return np.array([[one == other for other in keys] for one in keys], dtype=np.bool_)


def _neighbours(lengths: Int64Array, durations: Int64Array, job: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Jobs around each one, itself first, by length; and those that may stand beside it in a route."""
    count = len(job)
    between = lengths[:count, :count].astype(np.float64)
    near = np.argsort(between + between.T - 1e18 * np.eye(count), axis=1, kind="stable")[:, :NEAR]
    service, early, late = (job[:, n].astype(np.float64) for n in range(3))
    ready = early[:, None] + service[:, None] + durations[:count, :count]
    wait = np.maximum(0.0, early[None, :] - (late + service)[:, None] - durations[:count, :count])
    dear = np.where(ready > late[None, :], np.inf, between + WAIT_WEIGHT * wait)
    beside = np.minimum(dear, dear.T)
    np.fill_diagonal(beside, np.inf)
    order = np.argsort(beside, axis=1, kind="stable")[:, : min(REACH, count - 1)]
    reach = np.where(np.isfinite(np.take_along_axis(beside, order, axis=1)), order, -1)
    return np.ascontiguousarray(near), np.ascontiguousarray(reach)


def _state(coded: _Coded, task: RoutingTask, start: tuple[RoutingRoute, ...]) -> tuple[Any, ...]:
    """Arrays with the routes to begin with."""
    from depotopt.dispatch.tasks.route_kernels import put, refresh
    from depotopt.dispatch.tasks.string_kernels import total_cost

    jobs, rows, groups = len(task.jobs), coded.rows, len(task.groups)
    state: tuple[Any, ...] = (
        np.zeros((rows, coded.columns), dtype=np.int32),
        *(np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)),
        np.zeros((rows, coded.arrays[2].shape[1]), dtype=np.int64),
        *(np.zeros(rows, dtype=np.int64) for _ in range(3)),
        *(np.full(jobs, -1, dtype=np.int64), np.zeros(jobs, dtype=np.int64)),
        *(np.zeros((jobs, 3), dtype=np.int64), np.zeros((jobs, 3), dtype=np.int64)),
        *(np.zeros(groups, dtype=np.int64), coded.stock.copy()),
        *(np.zeros(jobs, dtype=np.int64), np.zeros(4, dtype=np.int64)),
    )
    for r, route in enumerate(start):
        for _, done in route.trips:
            for job in done:
                put(coded.arrays, state, r, int(state[1][r]), job, route.group)
        refresh(coded.arrays, state, r)
    missing = np.flatnonzero(state[7] < 0)
    state[13][: len(missing)] = missing
    state[14][1], state[14][2] = len(missing), len(start)
    state[14][0] = total_cost(coded.arrays, state)
    return state
