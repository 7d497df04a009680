"""`FlowSearch`: the best layout of two echelons so far, better ones nearby, and what is proved."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_kernels import FREE, KEPT
from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import BoolArray, FloatArray

ROUNDING = 1e-7
LIKELY = 60
"""Changes of the smallest rise that are also tried two at a time."""
Change = tuple[float, frozenset[int]]
"""How much a change raises the guide's bound, and the sites it opens or closes."""


@dataclass(frozen=True, slots=True)
class Guide:
    """Bound on every layout, site by site: ``base`` and the ``worth`` of the sites that are open.

    ``often`` says how often relaxed layouts chose each site lately.
    """

    base: float
    worth: FloatArray
    often: FloatArray


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
        self._priced: dict[bytes, tuple[float, BoolArray]] = {}
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

    def offer(self, is_open: BoolArray, order: FloatArray) -> BoolArray:
        """Price a set of sites, opening more in ``order`` where a tier is too small; keep the best.

        Returns
        -------
        array
            The sites that were priced.
        """
        chosen = is_open.copy()
        cut = self.problem.plants
        for tier in (slice(0, cut), slice(cut, None)):
            for j in np.argsort(order[tier], kind="stable"):
                if (self._room[:, tier] @ chosen[tier] >= self._total).all():
                    break
                chosen[tier][j] = True
        self.price(chosen)
        return chosen

    def price(self, chosen: BoolArray) -> tuple[float, BoolArray]:
        """Value of a set of sites, ``inf`` where it serves not everybody, and those of them that are used."""
        from depotopt.siting.classic.two_echelon_flow import cheapest_flows

        key = chosen.tobytes()
        if key in self._priced:
            return self._priced[key]
        cut = self.problem.plants
        layout = cheapest_flows(self.problem, np.flatnonzero(chosen[:cut]), np.flatnonzero(chosen[cut:]))
        if layout is None:
            return self._priced.setdefault(key, (np.inf, chosen))
        value = layout.value(self.problem)
        used = np.zeros_like(chosen)
        used[layout.plants] = True
        used[cut + layout.satellites] = True
        if value < self.value:
            self.best, self.value = layout, value
            self.tell("layout")
        return self._priced.setdefault(key, (value, used))

    def _enough(self, chosen: BoolArray) -> bool:
        cut = self.problem.plants
        return all(
            bool((self._room[:, tier] @ chosen[tier] >= self._total).all())
            for tier in (slice(0, cut), slice(cut, None))
        )

    def descend(
        self,
        chosen: BoolArray,
        status: npt.NDArray[np.int8],
        guide: Guide,
        until_s: float,
        *,
        pairs: bool = False,
    ) -> None:
        """Close, open and swap sites from a set on, one such change at a time, while that helps.

        Changes that the guide's bound rules out are not priced.

        Parameters
        ----------
        chosen
            Sites to start from.
        status
            ``FREE``, ``SHUT`` or ``KEPT`` per site: only free ones are opened, and kept ones stay.
        guide
            Bound on every layout, site by site.
        until_s
            When to stop, in seconds since the search began.
        pairs
            Whether two changes at a time are tried where no single one helps.
        """
        value, now = self.price(chosen)
        improved = True
        while improved:
            improved = False
            standing = guide.base + float(guide.worth @ now)
            changes = _changes(now, status, guide, self.problem.plants)
            for rise, sites in changes + (_pairs(changes) if pairs else []):
                if standing + rise > self.limit:
                    continue
                if self.interrupted or self.spent_s > until_s:
                    return
                trial = now.copy()
                trial[list(sites)] ^= True
                if not self._enough(trial):
                    continue
                found, used = self.price(trial)
                if found < value:
                    value, now, improved = found, used, True
                    break


def _changes(now: BoolArray, status: npt.NDArray[np.int8], guide: Guide, cut: int) -> list[Change]:
    """Sites to close, open or swap within a tier, those first that relaxed layouts agree with."""
    often, worth = guide.often, guide.worth
    leave = [int(j) for j in np.argsort(often, kind="stable") if now[j] and status[j] != KEPT]
    enter = [int(j) for j in np.argsort(-often, kind="stable") if not now[j] and status[j] == FREE]
    swaps = [(a, b) for a in leave for b in enter if (a < cut) == (b < cut)]
    swaps.sort(key=lambda pair: often[pair[0]] - often[pair[1]])
    found: list[Change] = [(-float(worth[a]), frozenset((a,))) for a in leave]
    found += [(float(worth[b] - worth[a]), frozenset((a, b))) for a, b in swaps]
    return found + [(float(worth[b]), frozenset((b,))) for b in enter]


def _pairs(changes: list[Change]) -> list[Change]:
    """The likeliest changes two at a time."""
    likely = sorted(changes, key=_by_rise)[:LIKELY]
    found = [
        (rise + other, sites | others)
        for n, (rise, sites) in enumerate(likely)
        for other, others in likely[:n]
        if not sites & others
    ]
    return sorted(found, key=_by_rise)


def _by_rise(change: Change) -> tuple[float, list[int]]:
    return change[0], sorted(change[1])
