"""`Reduction`: a good set of sites, a Lagrangean bound, and the sites no better set does without or uses."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np

from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_caps import improve_capped
from depotopt.siting.classic.location_kernels import saving, slope
from depotopt.siting.classic.location_patterns import Relaxed
from depotopt.siting.classic.location_swaps import shaken_search, swap_search
from depotopt.siting.classic.location_windows import improve_windows
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import BoolArray, FloatArray, Int32Array
from depotopt.working_time import working_s

ITERATIONS = 1_500
PATIENCE = 25
"""Subgradient steps without a better bound before the step is halved."""
SMALLEST_STEP = 0.02
REPORT_EVERY = 20
SWAP_SHARE = 0.1
"""Share of the time limit one swap search may take."""
WARM_UP = 60
"""Subgradient steps before the first swap search: a start from their choice needs far fewer swaps."""
ROUNDING = 1e-7
"""Relative error that sums of floating-point numbers are granted."""
SHAKE_S = 0.3
"""Seconds between two looks at the clock while shaking."""
HELPFUL, IDLE_SLICES = 0.05, 2
"""Shaking goes on until this many slices of time in a row have closed less than that share of the gap."""
TURNS = 6
"""Turns of windows in a slice of shaking, with swaps after each."""
CORE = 5
"""Sites per open one that every other window chooses from: those with the least reduced cost."""
LARGEST_SHAKE = 4
FEW = 15
"""Open sites up to which all of them are shaken at once."""


class Reduction:
    """Upper bound by swaps, lower bound by subgradient steps on the assignment rows.

    For prices ``u`` the relaxation opens the sites with the least ``r[j] = f[j] + sum_i weight[i]
    min(0, d[i,j] - u[i])``: those below 0, at least ``least`` and at most ``most`` of them, and
    ``L(u) = sum_i weight[i] u[i] + sum of these``. Opening another site as well, or instead of the
    dearest one chosen, raises the bound by the difference: where that passes the best value known, the
    site is closed in every better solution; likewise a chosen site that it costs too much to do without
    is open in every better one. ``relaxed`` are the costs this bound sees: the problem's own until local cuts
    change them.
    """

    def __init__(
        self, problem: LocationProblem, limits: SolveLimits, monitor: Monitor | None, started: float
    ) -> None:
        self.problem, self.limits, self.monitor = problem, limits, monitor
        self._started = started
        self.best: Int32Array = np.empty(0, dtype=np.int32)
        self.value = np.inf
        self.bound = 0.0
        self.price: FloatArray = np.zeros(problem.points)
        self.relaxed = Relaxed(problem.arrays.weight, problem.arrays.opening, 0.0)
        self.shut: BoolArray = np.zeros(problem.sites, dtype=np.bool_)
        self.kept: BoolArray = np.zeros(problem.sites, dtype=np.bool_)
        self._whole = problem.whole
        self._rng = np.random.default_rng(limits.seed)
        self._rounds = 1

    @property
    def resolution(self) -> float:
        """A value is only better when it is better by more than this."""
        return 1.0 - 1e-6 if self._whole else ROUNDING * self.value

    @property
    def spent_s(self) -> float:
        """Seconds since the start."""
        return working_s() - self._started

    @property
    def left_s(self) -> float:
        """Seconds until the limit."""
        return self.limits.time_s - self.spent_s

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
        # No cost is negative, so nothing is below 0.
        safe = max(self.bound - ROUNDING * max(min(1.0, self.value), abs(self.bound)), 0.0)
        return float(math.ceil(safe)) if self._whole else safe

    @property
    def proved(self) -> bool:
        """Whether nothing better than ``best`` can exist (or the gap asked for is reached)."""
        if not np.isfinite(self.value):
            return False
        return self.value - self.certified() <= max(self.limits.gap, 2.5 * ROUNDING) * self.value

    def offer(self, chosen: Int32Array, *, sweeps: int = 50) -> None:
        """Improve a set of sites by swaps and keep it when it is the best."""
        is_open = np.zeros(self.problem.sites, dtype=np.bool_)
        is_open[chosen] = True
        value, began = np.inf, working_s()
        # Sweep by sweep, so that a limit or a stop is heard in between; no sweep at all prices the set.
        for _ in range(max(sweeps, 1)):
            candidates = self._rng.permutation(np.flatnonzero(~self.shut))
            bounds = (self.problem.least, self.problem.most, min(sweeps, 1))
            before, value = value, float(swap_search(self.problem.arrays, is_open, candidates, bounds))
            spent_s = working_s() - began
            if value >= before or self.interrupted or spent_s > SWAP_SHARE * self.limits.time_s:
                break
        self._keep(is_open, value)

    def shake(self, seconds: float) -> None:
        """Look for better sets for so long, and fix with what is found."""
        if seconds <= 0 or self.shut.all():
            return
        before = self.value
        self._shake(seconds)
        if self.value < before:
            self.observe(self.price, self.relaxed)

    def shake_while_helpful(self, slice_s: float, most_s: float) -> None:
        """Shake slice by slice until two in a row close too little of the gap, at most for so long."""
        until_s, idle = self.spent_s + most_s, 0
        while idle < IDLE_SLICES and not self.over and self.spent_s < until_s:
            gap = self.value - self.certified()
            self.shake(min(slice_s, until_s - self.spent_s))
            idle = idle + 1 if self.value - self.certified() > (1.0 - HELPFUL) * gap else 0

    @contextmanager
    def shaken_beside(self, pool: ThreadPoolExecutor | None) -> Iterator[None]:
        """Shake in another thread (``None``: not at all) meanwhile; what it finds counts at the end."""
        if pool is None or self.shut.all():
            yield
            return
        twin = copy.copy(self)
        twin.shut, twin.monitor = self.shut.copy(), Monitor()
        twin._rng = self._rng.spawn(1)[0]
        search = pool.submit(twin._shake, self.left_s)
        try:
            yield
        finally:
            twin.monitor.stop()
            search.result()
        if twin.value < self.value:
            self.value, self.best = twin.value, twin.best
            self.tell("swaps")
            self.observe(self.price, self.relaxed)

    def _shake(self, seconds: float) -> None:
        """With capped distances where the count is free; then by windows, or all at once."""
        is_open = np.zeros(self.problem.sites, dtype=np.bool_)
        is_open[self.best] = True
        deadline = working_s() + min(seconds, self.left_s)
        half = working_s() + min(seconds, self.left_s) / 2

        def over() -> bool:
            return self.over or working_s() > deadline

        if self.problem.least < self.problem.most and self.problem.arrays.by_site.shape[0]:
            improve_capped(
                self.problem,
                is_open,
                self.shut,
                self.price,
                self._rng,
                lambda: over() or working_s() > half,
            )
            self._keep(is_open, self.problem.serve(np.flatnonzero(is_open))[1])
        if len(self.best) > FEW:
            self._windows(is_open, deadline - working_s(), over)
            return
        candidates = np.flatnonzero(~self.shut)
        bounds = (self.problem.least, self.problem.most, LARGEST_SHAKE)
        while not over():
            start = working_s()
            value = shaken_search(
                self.problem.arrays, is_open, candidates, bounds, self._rounds, self._rng, 0.0
            )
            self._keep(is_open, float(value))
            pace = (working_s() - start) / self._rounds
            self._rounds = max(1, min(int(SHAKE_S / max(pace, 1e-6)), 4 * self._rounds))

    def _windows(self, is_open: BoolArray, seconds: float, over: Callable[[], bool]) -> None:
        """Windows, with swaps of far sites in between: a window keeps the number of its own."""
        masks = (self.shut | self._dear(is_open), self.shut)
        while not over():
            until = working_s() + max(seconds / TURNS, SHAKE_S)
            ends = partial(_either, over, until)
            improve_windows(self.problem, is_open, masks, self.price, self._rng, ends)
            self._keep(is_open, self.problem.serve(np.flatnonzero(is_open))[1])
            if over():
                return
            before = self.value
            self.offer(np.flatnonzero(is_open).astype(np.int32), sweeps=3)
            if self.value < before:
                is_open[:] = False
                is_open[self.best] = True

    def _dear(self, is_open: BoolArray) -> BoolArray:
        """Closed sites that do not come near being chosen at the best prices."""
        total = np.empty(self.problem.sites)
        costs = self.relaxed
        arrays = self.problem.arrays._replace(weight=costs.weight, opening=costs.opening)
        saving(arrays, self.price, self.shut, total)
        dear = np.ones(self.problem.sites, dtype=np.bool_)
        dear[np.argsort(total, kind="stable")[: CORE * int(is_open.sum())]] = False
        return dear & ~is_open

    def _keep(self, is_open: BoolArray, value: float) -> None:
        if value < self.value:
            # Sums kept up to date move by move collect rounding errors: count anew.
            self.value = self.problem.serve(np.flatnonzero(is_open))[1]
            self.best = np.flatnonzero(is_open).astype(np.int32)
            self.tell("swaps")

    def tell(self, stage: str) -> None:
        """Report progress."""
        if self.monitor is not None:
            self.monitor.report(f"location: {stage}", self.value, min(self.certified(), self.value))

    def run(self) -> None:
        """Prices first, swaps from what they choose, then both in turn until the step has died down."""
        problem = self.problem
        arrays = problem.arrays
        first = self._rng.choice(problem.sites, max(problem.least, 1), replace=False).astype(np.int32)
        self.offer(first, sweeps=0)
        price = self._start()
        total, change = np.empty(problem.sites), np.empty(problem.points)
        step, idle = 1.5, 0
        highest = arrays.distance[:, -1]
        for iteration in range(ITERATIONS):
            if self.over or step < SMALLEST_STEP:
                return
            chosen, bound = self._evaluate(price, total, self.relaxed)
            if iteration == WARM_UP:
                self.offer(np.flatnonzero(chosen).astype(np.int32))
            idle += 1
            if bound > self.bound:
                if bound > self.bound * (1 + 1e-6):
                    idle = 0
                self.bound, self.price = bound, price.copy()
                self._fix(bound, total, chosen)
            if idle >= PATIENCE:
                step, idle, price = step / 2, 0, self.price.copy()
                if step > 0.02:
                    self.offer(np.flatnonzero(chosen).astype(np.int32), sweeps=3)
                continue
            slope(arrays, price, chosen, change)
            norm = float(change @ change)
            if norm == 0.0:
                return
            # Random sites say little about the optimum: aim a little above the bound until swaps have run.
            aim = min(self.value, 1.15 * self.bound) if iteration < WARM_UP else self.value
            price = np.clip(price + step * (1.01 * aim - bound) / norm * change, 0.0, highest)
            if iteration % REPORT_EVERY == 0:
                self.tell("prices")

    def observe(self, price: FloatArray, costs: Relaxed) -> None:
        """Take the bound at these prices and costs and fix what it fixes."""
        total = np.empty(self.problem.sites)
        price = np.clip(price, 0.0, self.problem.highest)
        chosen, bound = self._evaluate(price, total, costs)
        if bound > self.bound:
            self.bound, self.price, self.relaxed = bound, price, costs
        self._fix(bound, total, chosen)

    def _evaluate(self, price: FloatArray, total: FloatArray, costs: Relaxed) -> tuple[BoolArray, float]:
        """Sites the relaxation opens at these prices and its value; reduced costs go into ``total``."""
        arrays = self.problem.arrays._replace(weight=costs.weight, opening=costs.opening)
        saving(arrays, price, self.shut, total)
        chosen, part = self._choose(total)
        return chosen, costs.offset + part + float(costs.weight @ price)

    def _start(self) -> FloatArray:
        """First prices: the distance within which a point's share of the sites lies."""
        problem = self.problem
        share = problem.sites // problem.least if problem.least == problem.most else problem.sites // 20
        column = min(problem.listed - 1, max(1, share))
        return problem.arrays.distance[:, min(column, problem.listed - 1)].copy()

    def _choose(self, total: FloatArray) -> tuple[BoolArray, float]:
        """Sites the relaxation opens and what they contribute to the bound."""
        problem = self.problem
        ranked = np.where(self.kept, -np.inf, total)
        count = min(max(int((ranked < 0).sum()), problem.least), problem.most)
        chosen = np.zeros(problem.sites, dtype=np.bool_)
        chosen[np.argpartition(ranked, count - 1)[:count]] = True
        return chosen, float(total[chosen].sum())

    def _fix(self, bound: float, total: FloatArray, chosen: BoolArray) -> None:
        """Close and keep sites by their reduced cost."""
        limit, count = self.value - self.resolution, int(chosen.sum())
        free = ~chosen & ~self.shut
        # A site that comes in stands beside the others or in the place of the dearest one chosen.
        swapped = total[chosen & ~self.kept].max(initial=-np.inf)
        spared = max(0.0, swapped) if count < self.problem.most else swapped
        if np.isfinite(spared):
            self.shut |= free & (bound + total - spared > limit)
        # One that goes leaves a gap, or the cheapest other one fills it.
        filled = total[free & ~self.shut].min(initial=np.inf)
        if count > self.problem.least:
            filled = min(0.0, filled)
        with np.errstate(invalid="ignore"):
            self.kept |= chosen & (bound + filled - total > limit)


def _either(over: Callable[[], bool], until_s: float) -> bool:
    """Whether it is over, or later than that on the working clock."""
    return over() or working_s() > until_s
