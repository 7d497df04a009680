"""`FlowSearch`: the best layout of two echelons so far, better ones nearby, and what is proved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_covers import SHUT, cover
from depotopt.siting.classic.two_echelon_changes import Changes
from depotopt.siting.classic.two_echelon_local import local_worth
from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import BoolArray, FloatArray, Int64Array
from depotopt.working_time import working_s

ROUNDING = 1e-7
LIKELY = 40
"""Changes that save most at the flow prices are also tried two at a time."""
SPREAD = (0.01, 0.15)
"""Random parts of the gap by which the worth of sites is off where a new descent starts."""
NEAR = 6
"""Satellites that may serve a point where a set of sites is tried; a best layout has its flows anew."""
TRIES = 60
"""Changes of a kind that a descent after random swaps prices from one layout at most."""


@dataclass(frozen=True, slots=True)
class Guide:
    """Bound on every layout, site by site: ``base`` and the ``worth`` of the sites that are open.

    ``chosen`` are the sites of the relaxed layout; their ``weight`` reaches what is ``required`` of a tier.
    """

    base: float
    worth: FloatArray
    chosen: FloatArray
    weight: FloatArray
    required: Int64Array


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
        self._started = working_s()
        self.best: TwoEchelonLayout | None = None
        self.value = np.inf
        self.bound = 0.0
        self._whole = problem.whole
        self._priced: dict[bytes, tuple[float, BoolArray]] = {}
        self._latest: tuple[bytes, TwoEchelonLayout] | None = None
        self._worth: dict[bytes, FloatArray] = {}
        self._rng = np.random.default_rng(limits.seed)
        self._room = np.concatenate([problem.plant_room, problem.satellite_room], axis=1)
        self._total = problem.need.sum(axis=1)

    @property
    def limit(self) -> float:
        """A bound past it means nothing better is left (within the gap asked for)."""
        if not math.isfinite(self.value):
            return math.inf
        exact = 1.0 - 1e-6 if self._whole else ROUNDING * self.value
        # Less the rounding error, which `certified` takes off the bound that an empty tree proves.
        return self.value - max(exact, (self.limits.gap - 2 * ROUNDING) * self.value)

    @property
    def provable(self) -> float:
        """The most a bound proves: with a gap asked for, layouts past the limit have been cut off."""
        return self.limit if self.limits.gap else self.value

    @property
    def spent_s(self) -> float:
        """Seconds since the search began."""
        return working_s() - self._started

    @property
    def interrupted(self) -> bool:
        """Whether the time is up or the user wants to stop."""
        return self.spent_s >= self.limits.time_s or (self.monitor is not None and self.monitor.stopped)

    def certified(self) -> float:
        """The bound, rounded up where values are whole."""
        # No cost is negative, so nothing is below 0.
        safe = max(self.bound - ROUNDING * max(min(1.0, self.value), abs(self.bound)), 0.0)
        return float(math.ceil(safe)) if self._whole else safe

    @property
    def proved(self) -> bool:
        """Whether nothing better can exist (or the gap asked for is reached)."""
        if not math.isfinite(self.value):
            return False
        return self.value - self.certified() <= max(self.limits.gap, 2.5 * ROUNDING) * self.value

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
        chosen = self._filled(is_open, order)
        self.price(chosen)
        return chosen

    def _filled(self, is_open: BoolArray, order: FloatArray) -> BoolArray:
        """The sites and more in ``order`` where a tier is too small."""
        chosen = is_open.copy()
        cut = self.problem.plants
        for tier in (slice(0, cut), slice(cut, None)):
            for j in np.argsort(order[tier], kind="stable"):
                if (self._room[:, tier] @ chosen[tier] >= self._total).all():
                    break
                chosen[tier][j] = True
        return chosen

    def _local(self, now: BoolArray) -> FloatArray:
        """`local_worth` of the flows over these sites, all of which are used."""
        key = now.tobytes()
        if key not in self._worth:
            if self._latest is None or self._latest[0] != key:
                self._priced.pop(key, None)
                self.price(now)
            assert self._latest is not None
            self._worth[key] = local_worth(self.problem, self._latest[1])
        return self._worth[key]

    def price(self, chosen: BoolArray) -> tuple[float, BoolArray]:
        """Value of a set of sites, ``inf`` where it serves not everybody, and those of them that are used."""
        from depotopt.siting.classic.two_echelon_flow import cheapest_flows

        key = chosen.tobytes()
        if key in self._priced:
            return self._priced[key]
        cut = self.problem.plants
        sites = np.flatnonzero(chosen[:cut]), np.flatnonzero(chosen[cut:])
        layout = cheapest_flows(self.problem, *sites, near=NEAR)
        if layout is None or layout.value(self.problem) < self.value:
            layout = cheapest_flows(self.problem, *sites)
        if layout is None:
            return self._priced.setdefault(key, (np.inf, chosen))
        value = layout.value(self.problem)
        used = np.zeros_like(chosen)
        used[layout.plants] = True
        used[cut + layout.satellites] = True
        self._latest = used.tobytes(), layout
        if value < self.value:
            self.best, self.value = layout, value
            self.tell("layout")
        return self._priced.setdefault(key, (value, used))

    def descend(
        self,
        chosen: BoolArray,
        status: npt.NDArray[np.int8],
        guide: Guide,
        until_s: float,
        tries: int | None = None,
    ) -> None:
        """Close, open and swap sites from a set on while that helps: one such change, where none helps two.

        Changes are tried in the order of what they save at the flow prices of the layout that stands
        (`local_worth`); those that save nothing there are not priced, nor, where tries are not limited, those
        that the guide's bound rules out as the best.

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
        tries
            Changes of a kind that are priced from one layout at most.
        """
        value, now = self.price(chosen)
        while math.isfinite(value):
            single = Changes.single(now, status, self._local(now), self._room, self.problem.plants)
            better = self._first_better(now, value, single, guide, (until_s, tries))
            if better is None:
                better = self._first_better(now, value, single.paired(LIKELY), guide, (until_s, tries))
            if better is None:
                break
            value, now = better

    def _first_better(
        self, now: BoolArray, value: float, changes: Changes, guide: Guide, pace: tuple[float, int | None]
    ) -> tuple[float, BoolArray] | None:
        """Value and sites after the first of the changes that helps."""
        until_s, tries = pace
        cut = self.problem.plants
        held = np.stack([self._room[:, :cut] @ now[:cut], self._room[:, cut:] @ now[cut:]])
        none, lifts = len(now), np.append(np.where(now, -guide.worth, guide.worth), 0.0)
        standing = guide.base + float(guide.worth @ now)
        for n in changes.helpful(held - self._total)[:tries]:
            sites = changes.sites[n]
            if tries is None and standing + float(lifts[sites].sum()) > self.limit:
                continue
            if self.interrupted or self.spent_s > until_s:
                return None
            trial = now.copy()
            trial[sites[sites < none]] ^= True
            found, used = self.price(trial)
            if found < value:
                return found, used
        return None

    def wander(
        self,
        status: npt.NDArray[np.int8],
        guide: Guide,
        until_s: float,
    ) -> None:
        """Descend again and again from covers drawn at random near the best layout.

        Parameters
        ----------
        status, guide, until_s
            See `descend`.
        """
        order = np.where(status == SHUT, np.inf, guide.worth)
        while not (self.proved or self.interrupted) and self.spent_s < until_s:
            start = self._drawn(status, guide)
            self.descend(self._filled(start, order), status, guide, until_s, TRIES)

    def _drawn(self, status: npt.NDArray[np.int8], guide: Guide) -> BoolArray:
        """Cheapest covers of both tiers where each site's worth at the guide's prices is off by chance.

        They are off by a part of what stands between the guide's bound and the best value, and sites of the
        best layout are favoured by as much.
        """
        gap = max(self.value - guide.base - float(guide.worth @ guide.chosen), 1e-6 * self.value)
        spread = gap * self._rng.uniform(*SPREAD)
        worth = guide.worth + spread * (self._rng.standard_normal(len(status)) - self.chosen())
        cut = self.problem.plants
        drawn = np.zeros(len(status))
        for tier, required in ((slice(0, cut), guide.required[0]), (slice(cut, None), guide.required[1])):
            table = np.empty(required + 1)
            taken = np.zeros((len(worth[tier]), required + 1), dtype=np.bool_)
            cover(worth[tier], guide.weight[tier], required, status[tier], drawn[tier], table, taken)
        return drawn > 0.5

    def chosen(self) -> BoolArray:
        """Sites of the best layout."""
        assert self.best is not None
        chosen = np.zeros(self.problem.plants + self.problem.satellites, dtype=np.bool_)
        chosen[self.best.plants] = True
        chosen[self.problem.plants + self.best.satellites] = True
        return chosen
