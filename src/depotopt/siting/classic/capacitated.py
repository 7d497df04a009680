"""`solve_capacitated`: Lagrangean bounds, exact transportation or assignment moves, and a tree."""

from __future__ import annotations

import math

from depotopt.siting.classic.capacitated_problem import Allocation, CapacitatedProblem
from depotopt.siting.classic.shortage import shortage_result
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.working_time import working_s

__all__ = ["Allocation", "CapacitatedProblem", "solve_capacitated"]

ENGINE = "capacitated location (prices, moves, windows, tree)"


def solve_capacitated(
    problem: CapacitatedProblem, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[Allocation]:
    """Prove a capacitated location problem, points split or whole.

    Parameters
    ----------
    problem
        What to solve.
    limits
        Time and gap; the seed draws the windows of whole points (`Windows`), nothing else is random.
    monitor
        Hears progress; its wish to stop keeps the best layout.

    Returns
    -------
    SolveResult
        ``OPTIMAL`` within the gap asked for, ``FEASIBLE`` with the bound proved so far, ``INFEASIBLE``
        with what is short, or ``UNKNOWN`` where time ran out before any layout was found. With whole
        points and whole costs a gap below one unit is a proof, and the bound is rounded up.

    References
    ----------
    Beasley (1988), European Journal of Operational Research 33, 314-325; Holmberg, Roennqvist, Yuan
    (1999), European Journal of Operational Research 113, 544-559; Posta, Ferland, Michelon (2012),
    Computational Optimization and Applications 52, 629-644.
    """
    started = working_s()
    short = shortage_result(problem.shortages(), ENGINE, started)
    if short is not None:
        return short
    # Here, not at the top: they bring numba.
    from depotopt.siting.classic.capacitated_relaxation import Relaxation
    from depotopt.siting.classic.capacitated_search import Search
    from depotopt.siting.classic.capacitated_tree import CapacitatedTree

    search = Search(problem, limits, monitor, started)
    tree = CapacitatedTree(Relaxation(search))
    tree.run()
    seconds = working_s() - started
    limit = Limit.STOPPED if monitor is not None and monitor.stopped else Limit.TIME
    if search.best is None:
        if tree.complete:
            conflict = "no choice of sites serves everybody within the capacities (every one was tried)"
            return SolveResult(Status.INFEASIBLE, None, None, None, ENGINE, seconds, conflicts=(conflict,))
        bound = search.certified() if math.isfinite(search.bound) else None
        return SolveResult(Status.UNKNOWN, None, None, bound, ENGINE, seconds, limit)
    proved = search.proved
    return SolveResult(
        Status.OPTIMAL if proved else Status.FEASIBLE,
        search.best,
        search.value,
        min(search.certified(), search.value),
        ENGINE,
        seconds,
        None if proved else limit,
        terms={
            "fixed": float(problem.fixed[search.best.open].sum()),
            "serving": search.value - float(problem.fixed[search.best.open].sum()),
        },
    )
