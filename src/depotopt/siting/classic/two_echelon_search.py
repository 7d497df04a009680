"""`FlowSearch`: the best layout of two echelons so far, better ones nearby, and what is proved."""

from __future__ import annotations

import math
import time

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_kernels import FREE, KEPT
from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import BoolArray, FloatArray

ROUNDING = 1e-7


class FlowSearch:
    """Prices sets of sites by minimum-cost flows, keeps the best and knows what is proved about it.

    Sites stand plants first, then satellites.

    Attributes
    ----------
    best, value
        Best layout and its value (``None``, ``inf`` before the first).
    bound
        Bound proved, not rounded.
    """

    def __init__(self, problem: TwoEchelonProblem, limits: SolveLimits, monitor: Monitor | None) -> None:
        self.problem, self.limits, self.monitor = problem, limits, monitor
        self._started = time.perf_counter()
        self.best: TwoEchelonLayout | None = None
        self.value = np.inf
        self.bound = 0.0
        self._whole = problem.whole
        self._seen: set[bytes] = set()
        self._room = np.concatenate([problem.plant_room, problem.satellite_room], axis=1)
        self._total = problem.need.sum(axis=1)

    @property
    def limit(self) -> float:
        """A bound past it means nothing better is left (within the gap asked for)."""
        if not math.isfinite(self.value):
            return math.inf
        exact = 1.0 - 1e-6 if self._whole else ROUNDING * self.value
        return self.value - max(exact, self.limits.gap * self.value)

    @property
    def spent_s(self) -> float:
        """Seconds since the search began."""
        return time.perf_counter() - self._started

    @property
    def interrupted(self) -> bool:
        """Whether the time is up or the user wants to stop."""
        return self.spent_s >= self.limits.time_s or (self.monitor is not None and self.monitor.stopped)

    def certified(self) -> float:
        """The bound, rounded up where values are whole."""
        safe = self.bound - ROUNDING * max(abs(self.bound), 1.0)
        return float(math.ceil(safe)) if self._whole else safe

    @property
    def proved(self) -> bool:
        """Whether nothing better can exist (or the gap asked for is reached)."""
        if not math.isfinite(self.value):
            return False
        slack = 2.5 * ROUNDING * max(self.value, 1.0)
        return self.value - self.certified() <= max(self.limits.gap * self.value, slack)

    def tell(self, stage: str) -> None:
        """Report progress."""
        if self.monitor is not None:
            value = self.value if math.isfinite(self.value) else None
            bound = self.certified() if value is None else min(self.certified(), value)
            self.monitor.report(f"two echelons: {stage}", value, bound)

    def offer(self, is_open: BoolArray, order: FloatArray) -> bool:
        """Price a set of sites, opening more in ``order`` where a tier is too small; keep the best."""
        chosen = is_open.copy()
        cut = self.problem.plants
        for tier in (slice(0, cut), slice(cut, None)):
            for j in np.argsort(order[tier], kind="stable"):
                if (self._room[:, tier] @ chosen[tier] >= self._total).all():
                    break
                chosen[tier][j] = True
        return self.price(chosen)

    def price(self, chosen: BoolArray) -> bool:
        """Price a set of sites unless that was done; whether it is the best."""
        from depotopt.siting.classic.two_echelon_flow import cheapest_flows

        key = chosen.tobytes()
        if key in self._seen:
            return False
        self._seen.add(key)
        cut = self.problem.plants
        layout = cheapest_flows(self.problem, np.flatnonzero(chosen[:cut]), np.flatnonzero(chosen[cut:]))
        if layout is None:
            return False
        value = layout.value(self.problem)
        if value >= self.value:
            return False
        self.best, self.value = layout, value
        self.tell("layout")
        return True

    def _enough(self, chosen: BoolArray) -> bool:
        cut = self.problem.plants
        return all(
            bool((self._room[:, tier] @ chosen[tier] >= self._total).all())
            for tier in (slice(0, cut), slice(cut, None))
        )

    def neighbours(self, status: npt.NDArray[np.int8], often: FloatArray, share: float) -> None:
        """Close, open and swap sites, likely ones first, while that helps and the share of time lasts."""
        began = time.perf_counter()
        improved = self.best is not None
        while improved:
            improved = False
            assert self.best is not None
            now = np.zeros(len(status), dtype=np.bool_)
            now[self.best.plants] = True
            now[self.problem.plants + self.best.satellites] = True
            for change in self._moves(now, status, often):
                if self.interrupted or time.perf_counter() - began > share * self.limits.time_s:
                    return
                trial = now.copy()
                trial[list(change)] ^= True
                if self._enough(trial) and self.price(trial):
                    improved = True
                    break

    def _moves(
        self, now: BoolArray, status: npt.NDArray[np.int8], often: FloatArray
    ) -> list[tuple[int, ...]]:
        leave = [int(j) for j in np.argsort(often, kind="stable") if now[j] and status[j] != KEPT]
        enter = [int(j) for j in np.argsort(-often, kind="stable") if not now[j] and status[j] == FREE]
        cut = self.problem.plants
        swaps: list[tuple[int, ...]] = [(a, b) for a in leave for b in enter if (a < cut) == (b < cut)]
        swaps.sort(key=lambda pair: often[pair[0]] - often[pair[1]])
        return [(a,) for a in leave] + swaps + [(b,) for b in enter]
