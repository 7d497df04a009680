"""Cover problems: fewest depots that reach everybody (LSCP), most people reached by p depots (MCLP)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.siting.classic.selection import Selection
from depotopt.siting.engines import Answer, MilpEngine
from depotopt.siting.engines.registry import milp_engine
from depotopt.siting.model.linear import LinearArrays
from depotopt.solving import Monitor, SolveLimits, SolveResult, Status
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class CoverProblem:
    """Who is within reach of which site, and how many people live there.

    Sets
        I demand points, J sites, N(i) sites that reach point i
    Parameters
        weight[i] people
    Variables
        y[j] in {0, 1} site open; u[i] in [0, 1] point not covered
    Models
        LSCP: min sum_j y[j]            s.t. sum_{j in N(i)} y[j] >= 1
        MCLP: min sum_i weight[i] u[i]  s.t. sum_{j in N(i)} y[j] + u[i] >= 1,  sum_j y[j] <= p

    Points with the same N(i) are one row: their weights add up.

    Attributes
    ----------
    first, site
        The sites that reach point ``i`` are ``site[first[i]:first[i + 1]]``, ascending.
    weight
        Shape ``(I,)``.
    sites
        Number of sites.

    References
    ----------
    Toregas, Swain, ReVelle, Bergman (1971), Operations Research 19, 1363-1373 (LSCP);
    Church and ReVelle (1974), Papers of the Regional Science Association 32, 101-118 (MCLP).
    """

    first: Int64Array
    site: Int32Array
    weight: FloatArray
    sites: int

    @property
    def points(self) -> int:
        """Number of demand points."""
        return len(self.weight)

    @classmethod
    def of_reach(cls, reach: npt.ArrayLike, weight: npt.ArrayLike | None = None) -> Self:
        """From a table of who reaches whom, shape ``(I, J)``.

        Raises
        ------
        UsageError
            If the table is not two-dimensional or the weights do not fit.
        """
        near = np.asarray(reach, dtype=np.bool_)
        if near.ndim != 2:
            raise UsageError("reach must be a table of demand points by sites")
        weights = np.ones(len(near)) if weight is None else np.asarray(weight, dtype=np.float64)
        if weights.shape != (len(near),) or not (weights >= 0).all():
            raise UsageError("weights must be numbers >= 0, one per demand point")
        first = np.zeros(len(near) + 1, dtype=np.int64)
        np.cumsum(near.sum(axis=1), out=first[1:])
        return cls(first, np.nonzero(near)[1].astype(np.int32), weights, near.shape[1])

    def merged(self) -> tuple[list[Int32Array], FloatArray]:
        """Distinct sets N(i) and the weight of each."""
        weight: dict[bytes, float] = {}
        for i in range(self.points):
            key = self.site[self.first[i] : self.first[i + 1]].tobytes()
            weight[key] = weight.get(key, 0.0) + float(self.weight[i])
        return [np.frombuffer(key, dtype=np.int32) for key in weight], np.array(list(weight.values()))

    def selection(self, is_open: BoolArray) -> Selection:
        """Open sites, and for every point the first of them that reaches it."""
        served = np.full(self.points, -1, dtype=np.int32)
        for i in range(self.points):
            near = self.site[self.first[i] : self.first[i + 1]]
            able = near[is_open[near]]
            if len(able):
                served[i] = able[0]
        return Selection(np.flatnonzero(is_open).astype(np.int32), served)


def essential(sets: list[Int32Array]) -> list[Int32Array]:
    """Sets that contain no other: covering the smaller one covers them too."""
    unique = sorted({s.tobytes(): s for s in sets}.values(), key=len)
    kept: list[Int32Array] = []
    owners: dict[int, list[int]] = {}
    for candidate in unique:
        hits: dict[int, int] = {}
        contains = False
        for j in candidate:
            for n in owners.get(int(j), ()):
                hits[n] = hits.get(n, 0) + 1
                contains = contains or hits[n] == len(kept[n])
            if contains:
                break
        if contains:
            continue
        for j in candidate:
            owners.setdefault(int(j), []).append(len(kept))
        kept.append(candidate)
    return kept


def cover_rows(arrays: LinearArrays, y: Int64Array, sets: list[Int32Array], slack: Int64Array | None) -> None:
    """Add ``sum_{j in set} y[j] (+ slack) >= 1`` for every set."""
    sizes = [len(s) for s in sets]
    rows = np.repeat(np.arange(len(sets)), sizes)
    columns = y[np.concatenate([np.empty(0, dtype=np.int32), *sets])]
    if slack is not None:
        rows, columns = np.concatenate([rows, np.arange(len(sets))]), np.concatenate([columns, slack])
    arrays.add_rows(np.ones(len(sets)), np.full(len(sets), np.inf), rows, columns, 1.0)


def solve_set_cover(
    problem: CoverProblem,
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: MilpEngine | str = "highs",
) -> SolveResult[Selection]:
    """Fewest sites that reach every point; infeasible where a point has no site at all."""
    started = time.perf_counter()
    sets = problem.merged()[0]
    lonely = sum(1 for i in range(problem.points) if problem.first[i] == problem.first[i + 1])
    if lonely:
        return SolveResult(
            Status.INFEASIBLE,
            None,
            None,
            None,
            _name(engine),
            time.perf_counter() - started,
            conflicts=(f"{lonely} demand point(s) are within reach of no site",),
        )
    arrays = LinearArrays()
    y = arrays.add_columns(problem.sites, upper=1.0, cost=1.0, integer=True)
    cover_rows(arrays, y, essential(sets), None)
    found = _engine(engine).solve(arrays.model("LSCP"), limits, monitor, stage="set cover")
    return _result(problem, found, y, None, engine, started, limits)


def max_cover_model(problem: CoverProblem, p: int) -> tuple[LinearArrays, Int64Array, float]:
    """The MCLP as a model: its arrays, the columns of the sites, and the weight no site reaches."""
    sets, weight = problem.merged()
    reached = np.array([len(s) > 0 for s in sets], dtype=np.bool_)
    arrays = LinearArrays()
    y = arrays.add_columns(problem.sites, upper=1.0, integer=True)
    uncovered = arrays.add_columns(int(reached.sum()), upper=1.0, cost=weight[reached])
    cover_rows(arrays, y, [s for s in sets if len(s)], uncovered)
    arrays.add_rows(-np.inf, p, np.zeros(problem.sites, dtype=np.int64), y, 1.0)
    return arrays, y, float(weight[~reached].sum())


def solve_max_cover(
    problem: CoverProblem,
    p: int,
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: MilpEngine | str = "highs",
) -> SolveResult[Selection]:
    """Reach the most people with ``p`` sites; the objective is the weight *not* reached.

    Raises
    ------
    UsageError
        If ``p`` is negative.
    """
    if p < 0:
        raise UsageError(f"p must be >= 0, found {p}")
    started = time.perf_counter()
    arrays, y, lost = max_cover_model(problem, p)
    found = _engine(engine).solve(arrays.model("MCLP"), limits, monitor, stage="maximum cover")
    return _result(problem, found, y, lost, engine, started, limits)


def _result(
    problem: CoverProblem,
    found: Answer,
    y: Int64Array,
    lost: float | None,
    engine: MilpEngine | str,
    started: float,
    limits: SolveLimits,
) -> SolveResult[Selection]:
    """Value recomputed from the chosen sites (``lost``: people no site reaches; ``None`` counts sites)."""
    seconds = time.perf_counter() - started
    bound = None if found.bound is None else found.bound + (lost or 0.0)
    if found.values is None:
        return SolveResult(found.status, None, None, bound, _name(engine), seconds, found.limit)
    plan = problem.selection(found.values[y] > 0.5)
    value = float(len(plan.open)) if lost is None else float(problem.weight[plan.served_by < 0].sum())
    if bound is not None:
        whole = lost is None or bool((problem.weight % 1 == 0).all())
        bound = min(value, float(np.ceil(bound - 1e-6 * max(1.0, abs(bound)))) if whole else bound)
    proved = bound is not None and value - bound <= limits.gap * abs(value)
    return SolveResult(
        Status.OPTIMAL if proved else Status.FEASIBLE,
        plan,
        value,
        bound,
        _name(engine),
        seconds,
        None if proved else found.limit,
    )


def _engine(engine: MilpEngine | str) -> MilpEngine:
    return milp_engine(engine) if isinstance(engine, str) else engine


def _name(engine: MilpEngine | str) -> str:
    return engine if isinstance(engine, str) else engine.name
