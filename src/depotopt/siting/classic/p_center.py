"""`solve_p_center`: p depots such that the farthest point is as near as possible."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.siting.classic.cover import CoverProblem, cover_rows, essential
from depotopt.siting.classic.selection import Selection
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.linear import LinearArrays
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.units import BoolArray, FloatArray


def solve_p_center(
    distance: npt.ArrayLike, p: int, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[Selection]:
    """Open ``p`` sites so that the largest distance to the nearest open one is least (vertex p-center).

    Every radius worth trying is a distance of the table. A radius is too small when ``p`` sites cannot
    cover all points within it, so the answer lies by bisection: first on the relaxation of the cover
    problem, which gives the bound and is quick, then on the cover problem itself (Minieka 1970, SIAM
    Review 12, 138-139).

    Parameters
    ----------
    distance
        Shape ``(I, J)``, numbers >= 0.
    p
        Sites to open.
    limits, monitor
        As everywhere; each bisection step reports the radius it is at.

    Raises
    ------
    UsageError
        If the table is malformed or ``p`` is out of range.
    """
    d = np.asarray(distance, dtype=np.float64)
    if d.ndim != 2 or not d.size or not (d >= 0).all():
        raise UsageError("distances must be a non-empty table of numbers >= 0")
    if not 1 <= p <= d.shape[1]:
        raise UsageError(f"p must lie in 1..{d.shape[1]}, found {p}")
    search = _Bisection(d, p, limits, monitor)
    return search.run()


class _Bisection:
    def __init__(self, distance: FloatArray, p: int, limits: SolveLimits, monitor: Monitor | None) -> None:
        self.distance, self.p, self.limits, self.monitor = distance, p, limits, monitor
        self._started = time.perf_counter()
        self._radii = np.unique(distance)
        chosen = self._greedy()
        self._open = chosen
        # Positions in the radii: everything below `low` is proved too small.
        self._low = 0
        self._high = self._position(chosen)

    def run(self) -> SolveResult[Selection]:
        for integer in (False, True):
            low, high = self._low, self._high
            while low < high and not self._over:
                middle = (low + high) // 2
                verdict = self._fits(self._radii[middle], integer=integer)
                if verdict is None:
                    break
                if verdict:
                    high = middle
                else:
                    low = middle + 1
                    self._low = max(self._low, low)
                high = min(high, self._high)
                self._tell()
        return self._result()

    @property
    def _over(self) -> bool:
        return self._left_s <= 0 or (self.monitor is not None and self.monitor.stopped)

    @property
    def _left_s(self) -> float:
        return self.limits.time_s - (time.perf_counter() - self._started)

    def _tell(self) -> None:
        if self.monitor is not None:
            value, bound = float(self._radii[self._high]), float(self._radii[self._low])
            self.monitor.report("p-center: bisection", value, min(value, bound))

    def _position(self, is_open: BoolArray) -> int:
        return int(np.searchsorted(self._radii, self.distance[:, is_open].min(axis=1).max()))

    def _greedy(self) -> BoolArray:
        """Farthest-point heuristic, at most twice the optimum under the triangle inequality."""
        is_open = np.zeros(self.distance.shape[1], dtype=np.bool_)
        is_open[int(self.distance.max(axis=0).argmin())] = True
        while is_open.sum() < self.p:
            farthest = int(self.distance[:, is_open].min(axis=1).argmax())
            nearest = np.where(is_open, np.inf, self.distance[farthest])
            is_open[int(nearest.argmin())] = True
        return is_open

    def _fits(self, radius: float, *, integer: bool) -> bool | None:
        """Whether ``p`` sites cover all within the radius; ``None`` when the time ran out."""
        reach = self.distance <= radius
        if not reach.any(axis=1).all():
            return False
        arrays = LinearArrays()
        y = arrays.add_columns(reach.shape[1], upper=1.0, cost=0.0 if integer else 1.0, integer=integer)
        cover_rows(arrays, y, essential(CoverProblem.of_reach(reach).merged()[0]), None)
        if integer:
            arrays.add_rows(-np.inf, self.p, np.zeros(len(y), dtype=np.int64), y, 1.0)
        limits = replace(self.limits, time_s=max(self._left_s, 0.1), gap=0.0)
        found = HighsEngine().solve(arrays.model("p-center"), limits)
        if not integer:
            if found.status is not Status.OPTIMAL or found.objective is None:
                return None
            return found.objective <= self.p + 1e-6
        if found.status is Status.INFEASIBLE:
            return False
        if found.values is None:
            return None
        is_open = found.values[y] > 0.5
        self._fill(is_open)
        position = self._position(is_open)
        if position < self._high:
            self._high, self._open = position, is_open
        return True

    def _fill(self, is_open: BoolArray) -> None:
        """Open sites up to ``p`` where the cover needs fewer: the farthest point's nearest closed one."""
        while is_open.sum() < self.p:
            farthest = int(self.distance[:, is_open].min(axis=1).argmax()) if is_open.any() else 0
            is_open[int(np.where(is_open, np.inf, self.distance[farthest]).argmin())] = True

    def _result(self) -> SolveResult[Selection]:
        value = float(self._radii[self._high])
        bound = min(value, float(self._radii[self._low]))
        served = np.where(self._open[None, :], self.distance, np.inf).argmin(axis=1).astype(np.int32)
        proved = value - bound <= self.limits.gap * value
        stopped = self.monitor is not None and self.monitor.stopped
        return SolveResult(
            Status.OPTIMAL if proved else Status.FEASIBLE,
            Selection(np.flatnonzero(self._open).astype(np.int32), served),
            value,
            bound,
            "p-center bisection (highs)",
            time.perf_counter() - self._started,
            None if proved else Limit.STOPPED if stopped else Limit.TIME,
        )
