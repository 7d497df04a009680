"""`pareto`: the layouts that are worth their money, from the cheapest allowed one to the best one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from depotopt.errors import UsageError
from depotopt.plans import SitingPlan
from depotopt.siting.attempt import measured
from depotopt.siting.cuts.outcome import Memory
from depotopt.siting.model.goal import Goal
from depotopt.siting.model.problem import BudgetRule, SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, SolveLimits, SolveResult

ALIKE = 1e-6
"""Relative difference up to which two layouts cost and serve the same."""


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A layout of the front.

    Attributes
    ----------
    budget
        Upper bound on its yearly cost; ``None`` for the best layout whatever it costs.
    result
        Its solve, with objective, bound and gap under that budget.
    yearly_cost
        What it costs per year.
    response
        Mean response cost of an event over the road states it was chosen on.
    tail_response
        Its mean in the worst road states (`Goal.level`).
    by_tail
        Whether it was chosen by the tail alone instead of by the problem's own weights.
    """

    budget: float | None
    result: SolveResult[SitingPlan]
    yearly_cost: float
    response: float
    tail_response: float
    by_tail: bool = False


def tail_goal(goal: Goal) -> Goal:
    """The goal with all that the mean weighs on the tail instead."""
    return replace(goal, mean=0.0, cvar=goal.mean + goal.cvar)


def pareto(
    problem: SitingProblem,
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    points: int = 6,
    robust: bool = False,
    engine: str = "auto",
) -> Iterator[FrontPoint]:
    """Solve under budgets evenly spread from the cheapest layout to the best one; yield each layout.

    The cheapest layout and the best one come first, then the budgets between from low to high, each solve
    starting from the prices of those before and from the best layout its budget allows. A stop ends the
    sweep after the layout under way. With ``robust`` a second solve under each of the budgets looks at the
    tail instead of the mean, so that the front spreads in three directions: cost, mean and tail.

    Parameters
    ----------
    problem
        The siting problem; its own budget stays an upper end.
    limits
        For each solve.
    monitor
        Progress and stop.
    points
        Number of solves, at least 2.
    robust
        Whether to solve for the tail as well.
    engine
        As in `depotopt.siting.solve.solve_siting`.

    Raises
    ------
    UsageError
        If fewer than two points are asked for, or the problem minimises measures one after the other.
    """
    if points < 2:
        raise UsageError(f"a front takes at least 2 points, found {points}")
    if problem.goal.order:
        raise UsageError("a front weighs cost against response: leave out the lexicographic order")
    memory, tail_memory = Memory(), Memory()
    thrifty = replace(problem, goal=problem.goal.alone("cost", problem.goal.ceilings))
    cheapest = _point(problem, None, solve_problem(thrifty, limits, monitor, engine=engine))
    best = _point(problem, None, solve_problem(problem, limits, monitor, engine=engine, memory=memory))
    if cheapest is None or best is None:
        return
    low, high = cheapest.yearly_cost, best.yearly_cost
    # The best layout may break the budgets to come: only its prices are of use to them.
    memory.layout = None
    for n in range(points - 1):
        if monitor is not None and monitor.stopped:
            break
        # A thousandth of a per cent above the cheapest keeps rounding from emptying the first budget.
        budget = low * (1 + 1e-5) + (high - low) * n / (points - 1)
        rule = BudgetRule(f"yearly cost at most {budget:,.0f} (front)", budget)
        bounded = replace(problem, rules=(*problem.rules, rule))
        found = solve_problem(bounded, limits, monitor, engine=engine, memory=memory)
        point = _point(problem, budget, found)
        if point is not None:
            yield point
        if robust and not (monitor is not None and monitor.stopped):
            wary = replace(bounded, goal=tail_goal(problem.goal))
            found = solve_problem(wary, limits, monitor, engine=engine, memory=tail_memory)
            point = _point(problem, budget, found, by_tail=True)
            if point is not None:
                yield point
    yield best


def _point(
    problem: SitingProblem,
    budget: float | None,
    result: SolveResult[SitingPlan],
    *,
    by_tail: bool = False,
) -> FrontPoint | None:
    if result.plan is None:
        return None
    layout = as_layout(problem, result.plan)
    cost, mean, tail = (measured(problem, layout, name) for name in ("cost", "mean", "cvar"))
    return FrontPoint(budget, result, cost, mean, tail, by_tail)


def undominated(points: Sequence[FrontPoint]) -> tuple[FrontPoint, ...]:
    """Those no other point beats in cost, mean and tail response at once, by cost.

    Of points alike in all three (to `ALIKE`) the one proved best stays.
    """
    measures = np.array([(one.yearly_cost, one.response, one.tail_response) for one in points])
    kept = []
    for n, mine in enumerate(measures):
        slack = ALIKE * np.maximum(np.abs(mine), 1.0)
        no_worse = (measures <= mine + slack).all(axis=1)
        alike = (np.abs(measures - mine) <= slack).all(axis=1)
        rival = min(np.flatnonzero(alike).tolist(), key=lambda m: (_open_gap(points[m]), m))
        if rival == n and not (no_worse & ~alike).any():
            kept.append(points[n])
    return tuple(sorted(kept, key=lambda one: (one.yearly_cost, one.response)))


def _open_gap(point: FrontPoint) -> float:
    gap = point.result.gap
    return np.inf if gap is None else gap
