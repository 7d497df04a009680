"""`Search`: the best capacitated layout found so far, and the moves that improve it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_covers import FREE, KEPT, SHUT
from depotopt.siting.classic.capacitated_moves import assign, oscillate
from depotopt.siting.classic.capacitated_problem import Allocation, CapacitatedProblem
from depotopt.siting.prices.transport import transport
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import BoolArray, FloatArray, Int64Array
from depotopt.working_time import working_s

ROUNDING = 1e-7
SMALL = 1e-5
"""Values below this part of the mean cost drown in rounding errors."""
"""Relative error that sums of floating-point numbers are granted."""
ROUNDS = 14
"""Changes of the overload penalty in one assignment of whole points."""
REPAIR_ROUNDS = 5
SHARE = 0.1
"""Share of the time limit one neighbourhood search may take."""


class Search:
    """Prices sets of sites and remembers the best layout.

    Points that may be split are served by an exact transportation problem; whole points by regret,
    shifts and swaps.
    """

    def __init__(
        self, problem: CapacitatedProblem, limits: SolveLimits, monitor: Monitor | None, started: float
    ) -> None:
        self.problem, self.limits, self.monitor = problem, limits, monitor
        self._started = started
        self.best: Allocation | None = None
        self.value = np.inf
        self.guess = np.inf
        """Layouts above it are left aside for the time being."""
        self.bound = 0.0
        """Proved so far, before rounding up."""
        self._whole, self._scale = problem.whole, SMALL * problem.scale
        dearest = np.where(np.isfinite(problem.cost), problem.cost, 0.0).max(axis=0, initial=0.0)
        self._most = (1.0 + 1e-6) * float(problem.fixed.sum() + dearest.sum()) + 1e-9
        """No layout costs more."""
        self._seen: set[bytes] = set()
        need = np.where(problem.need > 0, problem.need, 1.0)
        cost = problem.cost
        if problem.single_source:
            cost = np.where(problem.need[None, :] > problem.capacity[:, None] + 1e-9, np.inf, cost)
        self.cost: FloatArray = np.ascontiguousarray(cost)
        """Costs with ``inf`` where a point alone exceeds a site that must serve it whole."""
        self._unit: FloatArray = problem.cost / need[None, :]
        finite = self._unit[np.isfinite(self._unit)]
        self._dear = 10.0 * (1.0 + float(finite.max(initial=1.0)))
        self._penalty = max(float(finite.mean()) if finite.size else 1.0, 1e-6)

    @property
    def resolution(self) -> float:
        """A value is only better when it is better by more than this (0 before any is known)."""
        if not math.isfinite(self.value):
            return 0.0
        exact = 1.0 - 1e-6 if self._whole else ROUNDING * max(self.value, self._scale)
        # Less the rounding error, which `certified` takes off the bound that an empty tree proves.
        return max(exact, (self.limits.gap - 2 * ROUNDING) * self.value)

    @property
    def limit(self) -> float:
        """A bound past it means nothing better is left: within the gap asked for, below the guess, at all."""
        return min(self.value - self.resolution, self.guess, self._most)

    @property
    def provable(self) -> float:
        """The most a bound proves: with a gap asked for, layouts past the limit have been cut off."""
        return self.limit if self.limits.gap else self.value

    @property
    def left_s(self) -> float:
        """Seconds until the limit."""
        return self.limits.time_s - (working_s() - self._started)

    @property
    def interrupted(self) -> bool:
        """Whether the time is up or the user wants to stop."""
        return self.left_s <= 0 or (self.monitor is not None and self.monitor.stopped)

    @property
    def over(self) -> bool:
        """Whether to stop now."""
        return self.proved or self.interrupted

    def certified(self) -> float:
        """The bound, rounded up where values are whole (less what floating point may have added)."""
        safe = max(self.bound - ROUNDING * max(self._scale, abs(self.bound)), 0.0)
        return float(math.ceil(safe)) if self._whole else safe

    @property
    def proved(self) -> bool:
        """Whether nothing better can exist (or the gap asked for is reached)."""
        if not math.isfinite(self.value):
            return False
        slack = 2.5 * ROUNDING * max(self.value, self._scale)
        return self.value - self.certified() <= max(self.limits.gap * self.value, slack)

    def tell(self, stage: str) -> None:
        """Report progress."""
        if self.monitor is not None:
            value = self.value if math.isfinite(self.value) else None
            self.monitor.report(
                f"capacitated: {stage}",
                value,
                self.certified() if value is None else min(self.certified(), value),
            )

    def keep(self, allocation: Allocation, stage: str = "layout") -> bool:
        """Remember a layout when it is the best."""
        value = allocation.value(self.problem)
        if value >= self.value:
            return False
        self.best, self.value = allocation, value
        self.tell(stage)
        return True

    def price(self, chosen: npt.ArrayLike) -> float:
        """Value of a set of open sites (``inf`` where it cannot serve everybody); keeps the best."""
        sites = np.sort(np.asarray(chosen, dtype=np.int64))
        problem = self.problem
        if not len(sites) or problem.capacity[sites].sum() < problem.need.sum() * (1 - 1e-12):
            return math.inf
        if problem.single_source:
            return self._whole_points(sites)
        flow, _prices = transport(
            np.ascontiguousarray(self._unit[sites]),
            problem.need,
            problem.capacity[sites],
            np.full(problem.points, self._dear),
        )
        if flow[-1].sum() > 1e-7 * problem.need.sum():
            return math.inf
        return self._shares(sites, flow[:-1])

    def _shares(self, sites: Int64Array, flow: FloatArray) -> float:
        problem = self.problem
        share = np.zeros((problem.sites, problem.points))
        total = flow.sum(axis=0)
        share[sites] = flow / np.where(total > 0, total, 1.0)
        for i in np.flatnonzero(total <= 0):
            share[sites[np.argmin(problem.cost[sites, i])], i] = 1.0
        value = float(problem.fixed[sites].sum() + (np.where(share > 0, problem.cost, 0.0) * share).sum())
        if value < self.value:
            self.keep(Allocation.of_shares(sites, share))
        return value

    def _whole_points(self, sites: Int64Array) -> float:
        problem = self.problem
        by = np.empty(problem.points, dtype=np.int64)
        served = assign(
            np.ascontiguousarray(self.cost[sites]),
            problem.need,
            problem.capacity[sites],
            np.zeros(len(sites)),
            self._penalty,
            ROUNDS,
            by,
        )
        value = float(problem.fixed[sites].sum() + served)
        if value < self.value:
            self.keep(Allocation.of_assignment(sites, sites[by]))
        return value

    def repair(self, sites: Int64Array, share: FloatArray) -> None:
        """Round shares of whole points to an assignment and improve it; ``share`` has a row per site."""
        problem = self.problem
        start = share.argmax(axis=0)
        by = np.empty(problem.points, dtype=np.int64)
        served = oscillate(
            np.ascontiguousarray(self.cost[sites]),
            problem.need,
            problem.capacity[sites],
            start,
            self._penalty,
            REPAIR_ROUNDS,
            by,
        )
        if problem.fixed[sites].sum() + served < self.value:
            self.keep(Allocation.of_assignment(sites, sites[by]))

    def price_assignment(self, sites: Int64Array, row: Int64Array) -> None:
        """Keep an assignment (a row among ``sites`` per point) if it fits the capacities and is the best."""
        problem = self.problem
        load = np.bincount(row, weights=problem.need, minlength=len(sites))
        if (load <= problem.capacity[sites] + 1e-9).all():
            self.keep(Allocation.of_assignment(sites, sites[row]))

    def offer(self, chosen: BoolArray, order: FloatArray) -> float:
        """Price a set of sites; where it is too small, open more in ascending ``order`` first."""
        is_open = chosen.copy()
        problem = self.problem
        required = problem.need.sum() * (1 - 1e-12)
        for j in np.argsort(order, kind="stable"):
            if problem.capacity[is_open].sum() >= required:
                break
            is_open[j] = is_open[j] or math.isfinite(order[j])
        if problem.count is not None:
            self._fit_count(is_open, order, problem.count)
        key = is_open.tobytes()
        if key in self._seen:
            return math.inf
        self._seen.add(key)
        value = self.price(np.flatnonzero(is_open))
        if value == math.inf and problem.count is None:
            # Whole points may need more room than their sum: open one more.
            for j in np.argsort(order, kind="stable"):
                if not is_open[j] and math.isfinite(order[j]):
                    is_open[j] = True
                    return self.price(np.flatnonzero(is_open))
        return value

    def _fit_count(self, is_open: BoolArray, order: FloatArray, count: int) -> None:
        while is_open.sum() < count:
            is_open[np.argmin(np.where(is_open, np.inf, order))] = True
        while is_open.sum() > count:
            is_open[np.argmax(np.where(is_open, order, -np.inf))] = False

    def neighbours(self, status: npt.NDArray[np.int8]) -> None:
        """Close, open and swap sites that are neither shut nor kept while that helps."""
        began = working_s()
        improved = self.best is not None
        while improved:
            improved = False
            assert self.best is not None
            now = np.zeros(self.problem.sites, dtype=np.bool_)
            now[self.best.open] = True
            for change in self._moves(now, status):
                if self.over or working_s() - began > SHARE * self.limits.time_s:
                    return
                trial = now.copy()
                trial[list(change)] ^= True
                key = trial.tobytes()
                if key in self._seen:
                    continue
                self._seen.add(key)
                before = self.value
                self.price(np.flatnonzero(trial))
                if self.value < before:
                    improved = True
                    break

    def _moves(self, now: BoolArray, status: npt.NDArray[np.int8]) -> list[tuple[int, ...]]:
        leave = [int(j) for j in np.flatnonzero(now & (status != KEPT))]
        enter = [int(j) for j in np.flatnonzero(~now & (status == FREE))]
        swaps: list[tuple[int, ...]] = [(a, b) for a in leave for b in enter]
        if self.problem.count is not None:
            return swaps
        return [(a,) for a in leave] + [(b,) for b in enter if status[b] != SHUT] + swaps
