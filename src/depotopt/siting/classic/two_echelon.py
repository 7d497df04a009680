"""`solve_two_echelon`: Lagrangean bounds over both tiers, minimum-cost flows, and a tree over the sites."""

from __future__ import annotations

from depotopt.siting.classic.shortage import shortage_result
from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.working_time import working_s

__all__ = ["TwoEchelonLayout", "TwoEchelonProblem", "solve_two_echelon"]

ENGINE = "two-echelon location (prices, flows, tree)"


def solve_two_echelon(
    problem: TwoEchelonProblem, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[TwoEchelonLayout]:
    """Prove a two-stage capacitated facility location problem of one or several products.

    Parameters
    ----------
    problem
        What to solve.
    limits
        Time and gap; the seed plays no part, nothing is random.
    monitor
        Hears progress; its wish to stop keeps the best layout.

    Returns
    -------
    SolveResult
        ``INFEASIBLE`` names the tier that is too small; with enough capacity in both a layout exists.
    """
    started = working_s()
    short = shortage_result(problem.shortages(), ENGINE, started)
    if short is not None:
        return short
    # Here, not at the top: they bring numba.
    from depotopt.siting.classic.two_echelon_search import FlowSearch
    from depotopt.siting.classic.two_echelon_tree import TwoEchelonTree

    search = FlowSearch(problem, limits, monitor)
    tree = TwoEchelonTree(search)
    tree.run()
    stopped = monitor is not None and monitor.stopped
    return SolveResult(
        Status.OPTIMAL if search.proved else Status.FEASIBLE,
        search.best,
        search.value,
        min(search.certified(), search.value),
        ENGINE,
        working_s() - started,
        None if search.proved else (Limit.STOPPED if stopped else Limit.TIME),
    )
