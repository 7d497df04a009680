"""Routes of several searches put together anew: set partitioning over what they met."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np

from depotopt.dispatch.model.linear import LinearProgram, solve_linear
from depotopt.dispatch.routing import (
    PricedRoute,
    RoutingAnswer,
    RoutingBudget,
    RoutingEngine,
    RoutingRoute,
    RoutingTask,
)
from depotopt.dispatch.tasks.string_search import search_strings, searchable
from depotopt.units import FloatArray, Int64Array

FIRST_SHARE: Final = 0.7
"""Share of time and iterations for the seeds that start from nothing."""
MIXING_SHARE: Final = 0.05
"""Share of the time for putting routes together."""
MOST_COLUMNS: Final = 6_000
"""Routes left to the mixed-integer program, those of least reduced cost."""
NODES: Final = 2_000
"""Branches after which the best combination found is taken."""
LATER_SEEDS: Final = 2
"""Seeds that start from the combination."""
ROUNDS: Final = 50
"""Rounds of ruin and recreate that take as long as an iteration of an engine."""
WORTH_A_PROCESS_S: Final = 6.0
"""Seconds below which a process is not started for a seed: it takes one of them to begin."""


def solve_recombined(task: RoutingTask, engine: RoutingEngine, budget: RoutingBudget) -> RoutingAnswer:
    """Run several seeds, combine the routes they met, and search on from the combination.

    Tasks that `depotopt.dispatch.tasks.string_search` knows every rule of are annealed first, seeds in
    threads, and polished by the engine; others are searched by the engine from the beginning.

    Parameters
    ----------
    task
        What is to be solved.
    engine
        Engine that collects routes and starts from given ones.
    budget
        For everything together. Iterations are the engine's, per seed: `FIRST_SHARE` of them from nothing
        (`ROUNDS` rounds of ruin and recreate for each), the rest from the combination.

    Raises
    ------
    depotopt.errors.EngineError
        If a solver fails.
    """
    begin = budget.clock()
    iterations = max(1, int(budget.iterations * FIRST_SHARE))
    first = replace(budget, time_s=budget.time_s * FIRST_SHARE, iterations=iterations, collect=True)
    if searchable(task):
        best = search_strings(task, replace(first, iterations=iterations * ROUNDS))
    else:
        best = engine.solve(task, first)
    if budget.stopped():
        return replace(best, pool=())
    searched = budget.clock()
    mixed = recombine(task, best, budget.time_s * MIXING_SHARE)
    if mixed.rank < best.rank:
        best = mixed
    # CPU seconds are counted per worker, of which the clock sees all or none.
    counted = budget.clock is time.process_time and budget.workers > 1
    spent = budget.clock() - searched + (first.time_s if counted else searched - begin)
    left_s = max(0.05, budget.time_s - spent)
    later = replace(
        budget,
        time_s=left_s,
        iterations=max(1, budget.iterations - iterations),
        seeds=tuple(max(budget.seeds) + 1 + n for n in range(LATER_SEEDS)),
    )
    if left_s < WORTH_A_PROCESS_S and budget.workers > 1 and searchable(task):
        # One seed, here; where CPU seconds are counted it has those of the other worker as well.
        alone_s = left_s * (min(budget.workers, LATER_SEEDS) if counted else 1)
        later = replace(later, time_s=alone_s, seeds=later.seeds[:1], workers=1)
    found = engine.solve(task, later, best.routes if best.feasible else ())
    return replace(min(best, found, key=lambda answer: answer.rank), pool=())


def recombine(
    task: RoutingTask, answer: RoutingAnswer, time_s: float, stock: tuple[tuple[int, int], ...] = ()
) -> RoutingAnswer:
    """The cheapest choice among the routes met that makes every job.

    Sets
        R routes met, J jobs, G vehicle groups, P places with stock
    Variables
        x[r] in {0, 1}; u[j] in {0, 1} for jobs that may be left out; z in {0, 1}: all stays as it is
    Model
        min  sum cost[r] x[r] + sum prize[j] u[j] + cost of the answer z
        s.t. sum_r with j x[r] + u[j] + z = 1 for j;  sum_r of g x[r] <= count[g]
             sum_r from p load[r] x[r] <= stock[p] for p

    The linear relaxation prices the routes; those of least reduced cost go into the mixed-integer program.

    Parameters
    ----------
    task
        The task.
    answer
        Best answer so far, with the routes met.
    time_s
        Limit.
    stock
        Per start place, what all trips from there load together at most, in the first load dimension.

    Returns
    -------
    RoutingAnswer
        The combination, or the answer given where none is better.
    """
    routes = {priced.route: priced.cost for priced in answer.pool}
    if not routes:
        return answer
    columns = [PricedRoute(route, cost) for route, cost in routes.items()]
    stay = answer.cost if answer.feasible else 1 + sum(routes.values()) + sum(j.prize or 0 for j in task.jobs)
    program = _program(task, columns, stay, stock)
    relaxed = solve_linear(program, "GLOP", time_s)
    if relaxed.values is None or relaxed.duals is None:
        return answer
    reduced = program.cost.copy()
    np.subtract.at(reduced, program.column, program.value * relaxed.duals[program.row])
    kept = np.sort(np.argsort(reduced[: len(columns)], kind="stable")[:MOST_COLUMNS])
    if relaxed.objective is not None:
        # A route whose reduced cost exceeds the gap is in no better combination.
        kept = kept[reduced[kept] <= stay - relaxed.objective + 1e-6]
    chosen = [columns[n] for n in kept]
    program = _program(task, chosen, stay, stock)
    whole = replace(program, whole=np.ones(len(program.cost), dtype=np.bool_))
    found = solve_linear(whole, "SCIP", time_s, NODES)
    if found.values is None or found.values[-1] > 0.5:
        return answer
    picked = [chosen[n] for n in np.flatnonzero(found.values[: len(chosen)] > 0.5)]
    out = np.flatnonzero(found.values[len(chosen) : -1] > 0.5)
    left_out = tuple(_optional(task)[n] for n in out)
    cost = sum(priced.cost for priced in picked) + sum(task.jobs[j].prize or 0 for j in left_out)
    if answer.feasible and cost >= answer.cost:
        return answer
    return RoutingAnswer(tuple(priced.route for priced in picked), cost, True, left_out, answer.iterations)


def _optional(task: RoutingTask) -> list[int]:
    return [n for n, job in enumerate(task.jobs) if job.prize is not None]


def _made(route: RoutingRoute) -> list[int]:
    return [job for _, jobs in route.trips for job in jobs]


def _program(
    task: RoutingTask, columns: list[PricedRoute], stay: int, stock: tuple[tuple[int, int], ...]
) -> LinearProgram:
    """Jobs, groups, stocks as rows; routes, then jobs left out, then all as it is, as columns."""
    jobs, optional = len(task.jobs), _optional(task)
    row: list[int] = []
    column: list[int] = []
    for n, priced in enumerate(columns):
        made = [*_made(priced.route), jobs + priced.route.group]
        row += made
        column += [n] * len(made)
    value = [1.0] * len(row)
    store = {place: jobs + len(task.groups) + n for n, (place, _) in enumerate(stock)}
    for n, priced in enumerate(columns):
        for place, loaded in priced.route.trips:
            if place in store:
                row.append(store[place])
                column.append(n)
                value.append(float(sum(task.jobs[j].load[0] for j in loaded)))
    row += optional
    column += range(len(columns), len(columns) + len(optional))
    row += range(jobs)
    column += [len(columns) + len(optional)] * jobs
    cost: FloatArray = np.array(
        [
            *(float(priced.cost) for priced in columns),
            *(float(task.jobs[j].prize or 0) for j in optional),
            float(stay),
        ]
    )
    most = np.array([*(float(g.count) for g in task.groups), *(float(units) for _, units in stock)])
    rows: Int64Array = np.array(row, dtype=np.int64)
    return LinearProgram(
        cost=cost,
        upper=np.ones(len(cost)),
        row=rows,
        column=np.array(column, dtype=np.int64),
        value=np.array(value + [1.0] * (len(rows) - len(value))),
        row_low=np.concatenate([np.ones(jobs), np.full(len(most), -np.inf)]),
        row_high=np.concatenate([np.ones(jobs), most]),
    )
