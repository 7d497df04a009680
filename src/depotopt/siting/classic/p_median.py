"""`solve_p_median`: swaps, Lagrangean prices, closed-form cuts and a tree, in that order."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from depotopt.siting.classic.p_median_problem import PMedianProblem
from depotopt.siting.classic.selection import Selection
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status

__all__ = ["PMedianProblem", "solve_p_median"]


def solve_p_median(
    problem: PMedianProblem, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[Selection]:
    """Prove a p-median: swap search, Lagrangean bound and fixing, cuts and a tree on what is left.

    Returns
    -------
    SolveResult
        With whole distances a gap below one unit is a proof, and the bound is rounded up.

    References
    ----------
    Resende and Werneck (2007), European Journal of Operational Research 180, 1-19 (swap search);
    Avella, Boccia, Salerno, Vasilyev (2012), Computers and Operations Research 39, 1625-1632
    (Lagrangean reduction before cuts); Duran-Mateluna, Ales, Elloumi (2023), European Journal of
    Operational Research 308, 84-96 (closed-form Benders cuts).
    """
    # Here, not at the top: they bring numba and OR-Tools.
    from depotopt.siting.classic.p_median_cuts import PMedianCuts
    from depotopt.siting.classic.p_median_lagrangean import Reduction
    from depotopt.siting.classic.p_median_tree import PMedianTree

    started = time.perf_counter()
    reduction = Reduction(problem, limits, monitor, started)
    reduction.run()
    stopped = monitor is not None and monitor.stopped
    if not reduction.proved and not stopped and reduction.left_s > 0:
        price = PMedianCuts(problem, reduction).run()
        if not reduction.over:
            PMedianTree(problem, reduction, price).run()
        stopped = monitor is not None and monitor.stopped
    served_by, value = problem.serve(reduction.best)
    result = SolveResult(
        Status.FEASIBLE,
        Selection(np.sort(reduction.best).astype(np.int32), served_by),
        value,
        min(reduction.certified(), value),
        "p-median (swaps, prices, cuts, tree)",
        time.perf_counter() - started,
        Limit.STOPPED if stopped else Limit.TIME,
    )
    if reduction.proved:
        result = replace(result, status=Status.OPTIMAL, limit=None)
    return result
