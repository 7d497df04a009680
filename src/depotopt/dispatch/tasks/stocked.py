"""Routing tasks whose depots hold limited stock: assignment, ruin and recreate, routes put together anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.routing import RoutingAnswer, RoutingBudget, RoutingTask, best_answer, no_routes
from depotopt.dispatch.tasks.recombination import recombine
from depotopt.dispatch.tasks.string_search import POOLED, search_strings, searchable
from depotopt.errors import EngineError, UsageError
from depotopt.units import FloatArray, Int64Array

ASSIGNMENT_CONFLICTS: Final = 30_000
"""Conflicts after which the first assignment is taken as it is: counted, not timed."""
FEASIBLE_CONFLICTS: Final = 1_000_000
"""The same for an assignment at any cost, where no cheap one was found."""
FIRST_SHARE: Final = 0.05
"""Share of time and iterations for the routes of the assignment."""
MIXING_SHARE: Final = 0.05
"""Share of the time for putting routes together, once per stage."""
STAGES: Final = ((1.0, 0.3), (0.3, 0.25), (0.3, 0.2))
"""Heat at the beginning and share of time and iterations of searches, one from the best of the one before."""
LOOSE: Final = 1.03
"""Stock of every other seed: its routes are put together under the true stock."""


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


def solve_stocked(stocked: StockedTask, budget: RoutingBudget) -> RoutingAnswer:
    """Route under depot stock.

    CP-SAT assigns jobs to depots under exact stock at estimated costs. Ruin and recreate goes on from there
    across depots, the first of every two seeds under the stock, the other under a little more; where hardly
    anything is left over, single moves seldom fit, but set partitioning under exact stock puts the routes
    met together anew.

    Parameters
    ----------
    stocked
        The task.
    budget
        For everything together; iterations are rounds of ruin and recreate per seed.

    Returns
    -------
    RoutingAnswer
        ``feasible`` is false where no assignment under stock was found.

    Raises
    ------
    UsageError
        If a group starts at a place without stock, a job may be left out, or the search does not know a rule.
    EngineError
        If a solver fails.
    """
    task, stock = stocked.task, stocked.stock
    if any(group.start not in dict(stock) for group in task.groups):
        raise UsageError("every group starts at a place that has a stock")
    if any(job.prize is not None for job in task.jobs):
        raise UsageError("with depot stock every job must be made")
    if not searchable(task):
        raise UsageError("with depot stock vehicles do not load again and nothing is released later")
    if not task.jobs:
        return no_routes(task)
    best = _assigned(stocked, budget)
    pool = best.pool
    loose = tuple((place, int(units * LOOSE)) for place, units in stock)
    for hot, share in STAGES:
        if budget.stopped():
            break
        part = replace(
            budget,
            time_s=budget.time_s * share / 2,
            iterations=max(1, int(budget.iterations * share)),
            collect=True,
        )
        start = best.routes if best.feasible else ()
        kept = search_strings(task, part, start, stock, hot)
        others = replace(part, seeds=tuple(seed + len(budget.seeds) for seed in part.seeds))
        strayed = search_strings(task, others, start, loose, hot)
        best = min(best, kept, key=lambda answer: answer.rank)
        met = {priced.route: priced for priced in (*pool, *kept.pool, *strayed.pool)}
        pool = tuple(met.values())[-POOLED:]
        mixed = recombine(task, replace(best, pool=pool), budget.time_s * MIXING_SHARE, stock)
        best = min(best, mixed, key=lambda answer: answer.rank)
    return replace(best, pool=())


def _assigned(stocked: StockedTask, budget: RoutingBudget) -> RoutingAnswer:
    """Routes of the better of two assignments under stock; not feasible where none was found."""
    task = stocked.task
    places = np.array([job.place for job in task.jobs], dtype=np.int64)
    stores = np.array([place for place, _ in stocked.stock], dtype=np.int64)
    lengths = task.distances[0].astype(np.float64)[np.ix_(stores, places)]
    load = np.array([job.load[0] for job in task.jobs], dtype=np.float64)
    part = replace(
        budget,
        time_s=budget.time_s * FIRST_SHARE,
        iterations=max(1, int(budget.iterations * FIRST_SHARE)),
        seeds=budget.seeds[:1],
        workers=1,
        collect=True,
    )
    answers = []
    # There and back, shared by what fills the vehicle; or as near as can be.
    for cost in (lengths * load[None, :], lengths):
        owner = assign(stocked, cost, budget)
        if owner is None:
            continue
        starts = [stocked.stock[d][0] for d in owner.tolist()]
        jobs = tuple(
            replace(
                job,
                group=tuple(
                    g
                    for g, group in enumerate(task.groups)
                    if group.start == start and (not job.group or g in job.group)
                ),
            )
            for job, start in zip(task.jobs, starts, strict=True)
        )
        answers.append(search_strings(replace(task, jobs=jobs), part))
    return best_answer(answers) or no_routes(task)


def assign(stocked: StockedTask, cost: FloatArray, budget: RoutingBudget) -> Int64Array | None:
    """Depot per job under exact stock by CP-SAT, ``None`` where none was found.

    Sets
        P places with stock, J jobs
    Variables
        x[p, j] in {0, 1}
    Model
        min  sum cost[p, j] x[p, j]  s.t. sum_p x[p, j] = 1 for j;  sum_j load[j] x[p, j] <= stock[p] for p

    Parameters
    ----------
    stocked
        The task.
    cost
        Shape (P, J).
    budget
        Its first seed and its time count.

    Raises
    ------
    EngineError
        If CP-SAT takes the model for invalid.
    """
    from ortools.sat.python import cp_model

    load = [job.load[0] for job in stocked.task.jobs]
    scale = 1_000.0 / max(float(cost.mean()), 1e-9)
    for cheap, conflicts in ((True, ASSIGNMENT_CONFLICTS), (False, FEASIBLE_CONFLICTS)):
        model = cp_model.CpModel()
        choose = [[model.new_bool_var("") for _ in load] for _ in stocked.stock]
        for j in range(len(load)):
            model.add_exactly_one(row[j] for row in choose)
        for row, (_, units) in zip(choose, stocked.stock, strict=True):
            model.add(sum(need * x for need, x in zip(load, row, strict=True)) <= units)
        if cheap:
            prices = np.rint(cost * scale).astype(np.int64).tolist()
            model.minimize(
                sum(
                    c * x
                    for prow, row in zip(prices, choose, strict=True)
                    for c, x in zip(prow, row, strict=True)
                )
            )
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = budget.seeds[0]
        solver.parameters.max_number_of_conflicts = conflicts
        solver.parameters.max_time_in_seconds = max(0.1, budget.time_s / 2)
        status = solver.solve(model)
        if status == cp_model.MODEL_INVALID:
            raise EngineError("cp-sat", "the assignment under stock is not a valid model")
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return np.array(
                [
                    next(d for d, row in enumerate(choose) if solver.boolean_value(row[j]))
                    for j in range(len(load))
                ],
                dtype=np.int64,
            )
    return None
