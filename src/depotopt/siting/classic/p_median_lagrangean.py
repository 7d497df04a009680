"""`Reduction`: a good p-median, a Lagrangean bound, and the sites that neither can do without nor use."""

from __future__ import annotations

import math
import time

import numpy as np

from depotopt.siting.classic.p_median_kernels import saving, slope, swap_search
from depotopt.siting.classic.p_median_problem import PMedianProblem
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import BoolArray, FloatArray, Int32Array

PATIENCE = 25
"""Subgradient steps without a better bound before the step is halved."""
SMALLEST_STEP = 1e-3
REPORT_EVERY = 20
SWAP_SHARE = 0.1
"""Share of the time limit one swap search may take."""
WARM_UP = 60
"""Subgradient steps before the first swap search: a start from their choice needs far fewer swaps."""
ROUNDING = 1e-7
"""Relative error that sums of floating-point numbers are granted."""


class Reduction:
    """Upper bound by swaps, lower bound by subgradient steps on the assignment rows.

    For prices ``u`` the relaxation opens the ``p`` sites with the least ``r[j] = sum_i weight[i]
    min(0, d[i,j] - u[i])``, and ``L(u) = sum_i weight[i] u[i] + sum of these``. Opening another site
    ``j`` instead raises the bound by ``r[j] - r[p-th]``: where that passes the best value known, ``j`` is
    closed in every better solution; likewise a chosen site whose replacement by the next best costs too
    much is open in every better one.
    """

    def __init__(
        self, problem: PMedianProblem, limits: SolveLimits, monitor: Monitor | None, started: float
    ) -> None:
        self.problem, self.limits, self.monitor = problem, limits, monitor
        self._started = started
        self.best: Int32Array = np.empty(0, dtype=np.int32)
        self.value = np.inf
        self.bound = 0.0
        self.price: FloatArray = np.zeros(problem.places)
        self.shut: BoolArray = np.zeros(problem.places, dtype=np.bool_)
        self.kept: BoolArray = np.zeros(problem.places, dtype=np.bool_)
        self._whole = problem.whole
        self._rng = np.random.default_rng(limits.seed)

    @property
    def resolution(self) -> float:
        """A value is only better when it is better by more than this."""
        return 1.0 - 1e-6 if self._whole else ROUNDING * self.value

    @property
    def left_s(self) -> float:
        """Seconds until the limit."""
        return self.limits.time_s - (time.perf_counter() - self._started)

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
        safe = self.bound - ROUNDING * max(1.0, abs(self.bound))
        return float(math.ceil(safe)) if self._whole else safe

    @property
    def proved(self) -> bool:
        """Whether nothing better than ``best`` can exist (or the gap asked for is reached)."""
        if not np.isfinite(self.value):
            return False
        return self.value - self.certified() <= max(self.limits.gap, 2.5 * ROUNDING) * self.value

    def offer(self, chosen: Int32Array, *, swaps: int = 50) -> None:
        """Improve a set of sites by swaps and keep it when it is the best."""
        problem = self.problem
        is_open = np.zeros(problem.places, dtype=np.bool_)
        is_open[chosen] = True
        value, began = np.inf, time.perf_counter()
        # Sweep by sweep, so that a limit or a stop is heard in between; no sweep at all prices the set.
        for _ in range(max(swaps, 1)):
            before, value = (
                value,
                float(
                    swap_search(
                        problem.neighbour,
                        problem.distance,
                        problem.matrix,
                        problem.position,
                        problem.weight,
                        is_open,
                        self._rng.permutation(np.flatnonzero(~self.shut)),
                        min(swaps, 1),
                    )
                ),
            )
            spent_s = time.perf_counter() - began
            if value >= before or self.interrupted or spent_s > SWAP_SHARE * self.limits.time_s:
                break
        if value < self.value:
            self.value, self.best = value, np.flatnonzero(is_open).astype(np.int32)
            self.tell("p-median: swaps")

    def tell(self, stage: str) -> None:
        """Report progress."""
        if self.monitor is not None:
            self.monitor.report(stage, self.value, min(self.certified(), self.value))

    def run(self, iterations: int = 1_500) -> None:
        """Prices first, swaps from what they choose, then both in turn until the step has died down."""
        problem = self.problem
        self.offer(self._rng.choice(problem.places, problem.p, replace=False).astype(np.int32), swaps=0)
        column = min(problem.neighbour.shape[1] - 1, max(1, problem.places // problem.p))
        price = problem.distance[:, column].copy()
        total, change = np.empty(problem.places), np.empty(problem.places)
        chosen = np.zeros(problem.places, dtype=np.bool_)
        step, idle = 1.5, 0
        highest = problem.distance[:, -1]
        for iteration in range(iterations):
            if self.over or step < SMALLEST_STEP:
                return
            saving(problem.neighbour, problem.distance, problem.weight, price, self.shut, total)
            total[self.shut] = np.inf
            total[self.kept] -= 1e15
            order = np.argpartition(total, problem.p - 1)
            total[self.kept] += 1e15
            chosen[:] = False
            chosen[order[: problem.p]] = True
            bound = float(problem.weight @ price + total[chosen].sum())
            if iteration == WARM_UP:
                self.offer(order[: problem.p].astype(np.int32))
            idle += 1
            if bound > self.bound:
                if bound > self.bound * (1 + 1e-6):
                    idle = 0
                self.bound, self.price = bound, price.copy()
                self._fix(bound, total, chosen)
            if idle >= PATIENCE:
                step, idle, price = step / 2, 0, self.price.copy()
                if step > 0.02:
                    self.offer(order[: problem.p].astype(np.int32), swaps=3)
                continue
            slope(problem.neighbour, problem.distance, price, chosen, change)
            change *= problem.weight
            norm = float(change @ change)
            if norm == 0.0:
                return
            # Random sites say little about the optimum: aim a little above the bound until swaps have run.
            aim = min(self.value, 1.15 * self.bound) if iteration < WARM_UP else self.value
            price = np.clip(price + step * (1.01 * aim - bound) / norm * change, 0.0, highest)
            if iteration % REPORT_EVERY == 0:
                self.tell("p-median: prices")

    def _fix(self, bound: float, total: FloatArray, chosen: BoolArray) -> None:
        """Close and keep sites by their reduced cost."""
        limit = self.value - self.resolution
        free = ~chosen & ~self.shut
        worst = total[chosen & ~self.kept].max(initial=-np.inf)
        if np.isfinite(worst):
            self.shut |= free & (bound + total - worst > limit)
        next_best = total[free & ~self.shut].min(initial=np.inf)
        with np.errstate(invalid="ignore"):
            self.kept |= chosen & (bound + next_best - total > limit)
