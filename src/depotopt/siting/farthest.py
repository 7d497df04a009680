"""The farthest person: least travel time within which some open site reaches everybody (p-center)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.cover import Cover
from depotopt.siting.model.first_stage import add_first_stage
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import CoverageRule, SitingProblem
from depotopt.solving import Monitor, SolveLimits, Status
from depotopt.units import MINUTE_S


@dataclass(frozen=True, slots=True)
class Farthest:
    """How far the farthest person is from an open site at best.

    Attributes
    ----------
    time_s
        Least time found within which everybody is.
    bound_s
        Proved lower bound on it.
    unreachable
        Demand points that no site could reach: left out.
    """

    time_s: float
    bound_s: float
    unreachable: int

    @property
    def proved(self) -> bool:
        """Whether nobody can do better."""
        return self.bound_s >= self.time_s


def farthest(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor, engine: MilpEngine | None = None
) -> Farthest | None:
    """Find the least time within which the rules can hold with everybody covered, no road lost.

    Bisection over the travel times there are; each step is a set-covering problem under the rules of the
    layout (Minieka 1970, SIAM Review 12, 138-139).

    Parameters
    ----------
    problem
        The siting problem, with ``calm_s``.
    limits, monitor
        A stop or the time limit leaves the best time so far and the bound proved so far.
    engine
        Default HiGHS.

    Returns
    -------
    Farthest or None
        ``None`` where the rules cannot hold with all reachable people covered at all.
    """
    chosen, until = engine or HighsEngine(), time.perf_counter() + limits.time_s
    reached = np.isfinite(problem.calm_s).any(axis=0)
    times = np.unique(problem.calm_s[np.isfinite(problem.calm_s)])
    nearest = problem.calm_s[:, reached].min(axis=0, initial=np.inf)
    # Nobody can be nearer than the nearest site there is.
    low = int(np.searchsorted(times, nearest.max(initial=0.0)))
    high, found = len(times) - 1, -1
    trial, bound_s = high, float(times[low]) if len(times) else 0.0
    while low <= high:
        left_s = until - time.perf_counter()
        if monitor.stopped or left_s <= 0:
            break
        status = _covers(problem, float(times[trial]), replace(limits, time_s=left_s), chosen)
        if status in (Status.OPTIMAL, Status.FEASIBLE):
            found, high = trial, trial - 1
        elif status is Status.INFEASIBLE:
            low = trial + 1
            bound_s = float(times[low]) if low < len(times) else np.inf
        else:
            break
        if found < 0 and status is Status.INFEASIBLE:
            return None
        trial = (low + high) // 2
        monitor.report("farthest", float(times[found]) / MINUTE_S, bound_s / MINUTE_S)
    if found < 0:
        return None
    return Farthest(float(times[found]), min(bound_s, float(times[found])), int((~reached).sum()))


def within_rule(problem: SitingProblem, time_s: float) -> CoverageRule:
    """Everybody whom some site can reach is within a time of an open site, no road lost."""
    reached = np.isfinite(problem.calm_s).any(axis=0)
    near = (problem.calm_s[:, reached] <= time_s).T
    options = np.arange(len(problem.options), dtype=np.int32)
    weight = np.ones(near.shape[0])
    cover = Cover.of([(weight, near)], options, float(weight.sum()))
    return CoverageRule(
        f"everybody within {time_s / MINUTE_S:.1f} min of an open site (minimised before)", cover, cover.total
    )


def _covers(problem: SitingProblem, time_s: float, limits: SolveLimits, engine: MilpEngine) -> Status:
    arrays = LinearArrays()
    add_first_stage(arrays, problem, (*problem.rules, within_rule(problem, time_s)), weight=0.0)
    return engine.solve(arrays.model("farthest"), limits).status
