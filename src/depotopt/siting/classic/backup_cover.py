"""`solve_backup_cover`: most people reached by several depots, so that one may be busy or cut off."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from depotopt.errors import UsageError
from depotopt.siting.classic.cover import CoverProblem, cover_rows
from depotopt.siting.classic.selection import Selection
from depotopt.siting.engines.registry import milp_engine
from depotopt.siting.model.linear import LinearArrays
from depotopt.solving import Monitor, SolveLimits, SolveResult, Status
from depotopt.units import Int32Array


@dataclass(frozen=True, slots=True)
class BackupCoverProblem:
    """Reach the most people at least ``folds`` times with ``p`` sites (double standard model).

    Sets
        I demand points, J sites, N(i) sites that reach point i in time, F(i) sites that reach it at all
    Parameters
        weight[i] people, p, folds, share
    Variables
        y[j] in {0, 1} site open; c[i,k] in {0, 1} point i is reached by k sites or more, k = 1..folds
    Model
        min  sum_i weight[i] (1 - c[i,folds])
        s.t. sum_k c[i,k] <= sum_{j in N(i)} y[j],   c[i,k+1] <= c[i,k]
             sum_i weight[i] c[i,1] >= share sum_i weight[i]
             sum_{j in F(i)} y[j] >= 1               where far is given
             sum_j y[j] <= p

    Attributes
    ----------
    near
        Who is reached in time from where, and the people.
    p
        Sites to open at most.
    folds
        How many sites must reach a point for it to count.
    share
        Share of the people that must be reached once.
    far
        Who is reached at all: everybody must be; ``None`` leaves the rule out.

    References
    ----------
    Hogan and ReVelle (1986), Management Science 32, 1434-1444 (backup coverage); Gendreau, Laporte, Semet
    (1997), Location Science 5, 75-88 (two radii and a share).
    """

    near: CoverProblem
    p: int
    folds: int = 2
    share: float = 0.0
    far: CoverProblem | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.p < 0:
            faults.append(f"p must be >= 0, found {self.p}")
        if self.folds < 1:
            faults.append(f"folds must be at least 1, found {self.folds}")
        if not 0 <= self.share <= 1:
            faults.append(f"share must lie in [0, 1], found {self.share}")
        if self.far is not None and (self.far.points, self.far.sites) != (self.near.points, self.near.sites):
            faults.append("near and far must have the same demand points and sites")
        if faults:
            raise UsageError("; ".join(faults))

    def reached(self, chosen: Int32Array) -> Int32Array:
        """How many of the chosen sites reach each point in time, shape ``(I,)``."""
        is_open = np.zeros(self.near.sites, dtype=np.int32)
        is_open[chosen] = 1
        total = np.concatenate([[0], np.cumsum(is_open[self.near.site])])
        return np.asarray(total[self.near.first[1:]] - total[self.near.first[:-1]], dtype=np.int32)


def solve_backup_cover(
    problem: BackupCoverProblem,
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: str = "highs",
) -> SolveResult[Selection]:
    """Open sites with the least weight not reached ``folds`` times.

    Returns
    -------
    SolveResult
        Infeasible, with the rules that cannot hold together, where ``p`` sites cannot reach everybody or
        the share asked for.
    """
    started = time.perf_counter()
    arrays = LinearArrays()
    y = arrays.add_columns(problem.near.sites, upper=1.0, integer=True)
    _levels(problem, arrays)
    if problem.far is not None:
        far = problem.far
        cover_rows(
            arrays, y, [far.site[a:b] for a, b in zip(far.first[:-1], far.first[1:], strict=True)], None
        )
    arrays.add_rows(-np.inf, problem.p, np.zeros(len(y), dtype=np.int64), y, 1.0)
    found = milp_engine(engine).solve(arrays.model("backup cover"), limits, monitor, stage="backup cover")
    result: SolveResult[Selection] = SolveResult(
        Status.UNKNOWN, None, None, found.bound, engine, time.perf_counter() - started, found.limit
    )
    if found.status is Status.INFEASIBLE:
        rules = [f"at most {problem.p} sites", f"{problem.share:.0%} of the weight reached in time"]
        rules += ["everybody reached"] if problem.far is not None else []
        return replace(result, status=Status.INFEASIBLE, bound=None, limit=None, conflicts=tuple(rules))
    if found.values is None:
        return result
    plan = problem.near.selection(found.values[y] > 0.5)
    weight = problem.near.weight
    value = float(weight[problem.reached(plan.open) < problem.folds].sum())
    bound = found.bound
    if bound is not None:
        whole = bool((weight % 1 == 0).all())
        safe = bound - 1e-6 * max(1.0, abs(bound))
        bound = min(value, max(0.0, float(np.ceil(safe)) if whole else safe))
    proved = bound is not None and value - bound <= max(limits.gap, 2e-6) * max(1.0, value)
    return replace(
        result,
        status=Status.OPTIMAL if proved else Status.FEASIBLE,
        plan=plan,
        objective=value,
        bound=bound,
        limit=None if proved else found.limit,
    )


def _levels(problem: BackupCoverProblem, arrays: LinearArrays) -> None:
    """Add ``c``, its order, its link to the sites and the share; ``y`` are the first columns."""
    near, folds, points = problem.near, problem.folds, problem.near.points
    offset = arrays.columns
    cost = np.zeros((points, folds))
    cost[:, -1] = -near.weight
    c = arrays.add_columns(points * folds, upper=1.0, cost=cost.ravel(), integer=True).reshape(points, folds)
    arrays.offset += float(near.weight.sum())
    point = np.repeat(np.arange(points), np.diff(near.first))
    row = np.concatenate([point, np.repeat(np.arange(points), folds)])
    column = np.concatenate([near.site, c.ravel()])
    sign = np.where(column < offset, 1.0, -1.0)
    arrays.add_rows(np.zeros(points), np.full(points, np.inf), row, column, sign)
    for k in range(1, folds):
        rows = np.arange(points)
        arrays.add_rows(
            np.zeros(points),
            np.full(points, np.inf),
            np.concatenate([rows, rows]),
            np.concatenate([c[:, k - 1], c[:, k]]),
            np.repeat([1.0, -1.0], points),
        )
    if problem.share > 0:
        asked = problem.share * float(near.weight.sum())
        # A hair less, so that a share that is met exactly is not lost to rounding.
        arrays.add_rows(asked * (1 - 1e-9), np.inf, np.zeros(points, dtype=np.int64), c[:, 0], near.weight)
