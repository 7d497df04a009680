"""`solve_location`: swaps, Lagrangean prices, closed-form cuts and a tree, in that order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.selection import Selection
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.working_time import working_s

NAME = "location (swaps, prices, cuts, tree)"
SHAKE_SHARE = 0.1
"""Share of the time limit for one slice of shaking before the relaxation; the tree shakes on its own."""
SHAKE_MOST = 0.4
"""Share of the time limit for all slices before the relaxation, while each of them helps."""
TRIAL_SHARE = 0.1
"""Share of the time limit after which a tree must have closed some of the gap; else local cuts come first."""


def solve_location(
    problem: LocationProblem, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[Selection]:
    """Swap search, Lagrangean bound and fixing, then cuts and a tree on what is left.

    Parameters
    ----------
    problem
        What to solve.
    limits
        With ``gap=0`` the search goes on until the proof, or the end of the time. A second worker shakes
        while the relaxation is solved, and bounds nodes of the tree beside the first.
    monitor
        Gets the stage, the best value and the bound; may stop the search.

    Returns
    -------
    SolveResult
        With whole numbers a gap below one unit is a proof, and the bound is rounded up.
    """
    # Here, not at the top: they bring numba and OR-Tools.
    from depotopt.siting.classic.location_cuts import LocationCuts
    from depotopt.siting.classic.location_prices import Reduction
    from depotopt.siting.classic.location_tree import LocationTree
    from depotopt.siting.classic.location_volume import climb

    started = working_s()
    reduction = Reduction(problem, limits, monitor, started)
    with ThreadPoolExecutor(limits.workers) as threads:
        pool = threads if limits.workers > 1 else None
        reduction.run()
        climb(reduction)
        reduction.shake_while_helpful(_share(limits, reduction.spent_s), SHAKE_MOST * limits.time_s)
        if not reduction.over:
            cuts = LocationCuts(problem, reduction)
            with reduction.shaken_beside(pool):
                cuts.run()
        if not reduction.over:
            tree = LocationTree(problem, reduction, pool)
            tree.plant()
            tree.run(TRIAL_SHARE * limits.time_s)
            if not reduction.over:
                with reduction.shaken_beside(pool):
                    helpful = cuts.strengthen()
                if helpful:
                    # The bound of a tree stands still where one site can take another's place everywhere.
                    tree = LocationTree(problem, reduction, pool)
                    tree.plant()
            tree.run()
    stopped = monitor is not None and monitor.stopped
    plan, value = problem.serve(reduction.best)
    result = SolveResult(
        Status.FEASIBLE,
        plan,
        value,
        min(reduction.certified(), value),
        NAME,
        working_s() - started,
        Limit.STOPPED if stopped else Limit.TIME,
    )
    if reduction.proved:
        result = replace(result, status=Status.OPTIMAL, limit=None)
    return result


def _share(limits: SolveLimits, spent_s: float) -> float:
    """Shaking costs no more than what was done before it: easy cases must stay quick."""
    return min(SHAKE_SHARE * limits.time_s, spent_s)
