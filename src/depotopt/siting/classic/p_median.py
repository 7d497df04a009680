"""`solve_p_median`: p depots with the least total distance to everybody, proved."""

from __future__ import annotations

from depotopt.siting.classic.location_engine import solve_location
from depotopt.siting.classic.p_median_problem import PMedianProblem
from depotopt.siting.classic.selection import Selection
from depotopt.solving import Monitor, SolveLimits, SolveResult

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
    return solve_location(problem.location, limits, monitor)
