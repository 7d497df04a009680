"""`solve_two_echelon`: Lagrangean bounds over both tiers, minimum-cost flows, and a tree over the sites."""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.shortage import shortage_result
from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.units import BoolArray, FloatArray, Int64Array

__all__ = ["TwoEchelonLayout", "TwoEchelonProblem", "solve_two_echelon"]

ENGINE = "two-echelon location (prices, flows, tree)"
FREE, SHUT, KEPT = 0, 1, 2
ROUNDING = 1e-7
ROOT_ROUNDS, ROOT_STEPS, NODE_STEPS = 40, 50, 60
NODE_LENGTH = 0.1
SMALLEST_STEP = 1e-3
DIVE_EVERY = 12
SEARCH_SHARE = 0.15
"""Share of the time limit for the neighbourhood search after the root."""


@dataclass(order=True, slots=True)
class _Node:
    bound: float
    number: int
    branch: int = field(compare=False)
    status: npt.NDArray[np.int8] = field(compare=False)
    middle: npt.NDArray[np.float32] = field(compare=False)
    price: npt.NDArray[np.float32] = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Found:
    bound: float
    often: FloatArray
    chosen: FloatArray
    length: float


class TwoEchelonTree:
    """Best-first search over which plants and satellites open.

    Bounds are evaluated at prices, not read from a solver; where all sites are fixed a minimum-cost flow
    ends the node.
    """

    def __init__(self, problem: TwoEchelonProblem, limits: SolveLimits, monitor: Monitor | None) -> None:
        self.problem, self.limits, self.monitor = problem, limits, monitor
        self._started = time.perf_counter()
        self.best: TwoEchelonLayout | None = None
        self.value = np.inf
        self.bound = 0.0
        self.nodes = 0
        self.complete = False
        self._whole = problem.whole
        self._seen: set[bytes] = set()
        self._plants = len(problem.plant)
        self._room = np.concatenate([problem.plant[:, 0], problem.satellite[:, 0]])
        self._fixed = np.concatenate([problem.plant[:, 1], problem.satellite[:, 1]])
        self._heap: list[_Node] = []

    @property
    def limit(self) -> float:
        """A bound past it means nothing better is left (within the gap asked for)."""
        if not math.isfinite(self.value):
            return math.inf
        exact = 1.0 - 1e-6 if self._whole else ROUNDING * self.value
        return self.value - max(exact, self.limits.gap * self.value)

    @property
    def left_s(self) -> float:
        """Seconds until the limit."""
        return self.limits.time_s - (time.perf_counter() - self._started)

    @property
    def interrupted(self) -> bool:
        """Whether the time is up or the user wants to stop."""
        return self.left_s <= 0 or (self.monitor is not None and self.monitor.stopped)

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
        need = self.problem.need.sum()
        chosen = is_open.copy()
        for tier in (slice(0, self._plants), slice(self._plants, None)):
            for j in np.argsort(order[tier], kind="stable"):
                if self._room[tier][chosen[tier]].sum() >= need:
                    break
                chosen[tier][j] = True
        return self._price(chosen)

    def _price(self, chosen: BoolArray) -> bool:
        from depotopt.siting.classic.two_echelon_flow import cheapest_flows

        key = chosen.tobytes()
        if key in self._seen:
            return False
        self._seen.add(key)
        plants, satellites = self._sites(chosen)
        layout = cheapest_flows(self.problem, plants, satellites)
        if layout is None:
            return False
        value = layout.value(self.problem)
        if value >= self.value:
            return False
        self.best, self.value = layout, value
        self.tell("layout")
        return True

    def _sites(self, chosen: BoolArray) -> tuple[Int64Array, Int64Array]:
        return np.flatnonzero(chosen[: self._plants]), np.flatnonzero(chosen[self._plants :])

    def neighbours(self, status: npt.NDArray[np.int8], often: FloatArray) -> None:
        """Close, open and swap sites, likely ones first, while that helps."""
        began = time.perf_counter()
        need = self.problem.need.sum()
        improved = self.best is not None
        while improved:
            improved = False
            assert self.best is not None
            now = np.zeros(len(status), dtype=np.bool_)
            now[self.best.plants] = True
            now[self._plants + self.best.satellites] = True
            for change in self._moves(now, status, often):
                if self.interrupted or time.perf_counter() - began > SEARCH_SHARE * self.limits.time_s:
                    return
                trial = now.copy()
                trial[list(change)] ^= True
                cut = self._plants
                if min(self._room[:cut] @ trial[:cut], self._room[cut:] @ trial[cut:]) < need:
                    continue
                if self._price(trial):
                    improved = True
                    break

    def _moves(
        self, now: BoolArray, status: npt.NDArray[np.int8], often: FloatArray
    ) -> list[tuple[int, ...]]:
        leave = [int(j) for j in np.argsort(often, kind="stable") if now[j] and status[j] != KEPT]
        enter = [int(j) for j in np.argsort(-often, kind="stable") if not now[j] and status[j] == FREE]
        cut = self._plants
        swaps: list[tuple[int, ...]] = [(a, b) for a in leave for b in enter if (a < cut) == (b < cut)]
        swaps.sort(key=lambda pair: often[pair[0]] - often[pair[1]])
        return [(a,) for a in leave] + swaps + [(b,) for b in enter]

    def evaluate(
        self, status: npt.NDArray[np.int8], middle: FloatArray, price: FloatArray, steps: int, length: float
    ) -> _Found:
        """Raise the bound of a node; status and prices are changed in place."""
        from depotopt.siting.classic.two_echelon_kernels import raise_flow_bound

        p = self.problem
        value = self.value if math.isfinite(self.value) else 1.2 * max(self.bound, float(p.need @ price))
        tiers = (p.inbound, p.outbound, p.plant, p.satellite, p.need)
        found = raise_flow_bound(tiers, status, middle, price, self.limit, value, steps, length)
        return _Found(*found)

    def _first_prices(self) -> tuple[FloatArray, FloatArray]:
        """What a unit costs through each satellite at mean fixed costs, and at each point at best."""
        p = self.problem
        per_unit = [t[:, 1].sum() / max(t[:, 0].sum(), 1.0) for t in (p.plant, p.satellite)]
        middle = p.inbound.min(axis=0) + per_unit[0]
        return middle, (p.outbound + middle[:, None]).min(axis=0) + per_unit[1]

    def run(self) -> None:
        """Prove, or stop at the limit."""
        status = np.zeros(len(self._room), dtype=np.int8)
        middle, price = self._first_prices()
        length = 1.0
        found: _Found | None = None
        self.offer(np.ones(len(status), dtype=np.bool_), self._fixed)
        for _ in range(ROOT_ROUNDS):
            found = self.evaluate(status, middle, price, ROOT_STEPS, length)
            length = found.length
            self.bound = max(self.bound, min(found.bound, self.value))
            self._round(found, status)
            self.tell("prices")
            if found.bound > self.limit or length < SMALLEST_STEP or self.interrupted:
                break
        assert found is not None
        if found.bound <= self.limit and not self.interrupted:
            self.neighbours(status, found.often)
        self._heap = self._node(status, middle, price, found, found.bound)
        self._drain()
        self.complete = not self._heap
        if self._heap:
            self.bound = max(self.bound, min(self._heap[0].bound, self.value))
        elif math.isfinite(self.value):
            self.bound = max(self.bound, self.limit if self.limits.gap else self.value)

    def _round(self, found: _Found, status: npt.NDArray[np.int8]) -> None:
        order = np.where(
            status == SHUT, np.inf, self._fixed / np.maximum(self._room, 1.0) - 1e6 * found.often
        )
        self.offer((found.chosen > 0.5) | (status == KEPT), order)

    def _drain(self) -> None:
        popped = 0
        while self._heap and not self.interrupted:
            if self._heap[0].bound > self.limit:
                self._heap.clear()
                return
            self.bound = max(self.bound, min(self._heap[0].bound, self.value))
            if self.proved:
                return
            node: _Node | None = heapq.heappop(self._heap)
            popped += 1
            dive = popped % DIVE_EVERY == 0
            while node is not None:
                children = self._branch(node)
                node = min(children) if dive and children and not self.interrupted else None
                for child in children:
                    if child is not node:
                        heapq.heappush(self._heap, child)
            if popped % DIVE_EVERY == 0:
                self.tell("tree")

    def _branch(self, node: _Node) -> list[_Node]:
        children = []
        for side in (KEPT, SHUT):
            status = node.status.copy()
            status[node.branch] = side
            middle, price = node.middle.astype(np.float64), node.price.astype(np.float64)
            found = self.evaluate(status, middle, price, NODE_STEPS, NODE_LENGTH)
            self.nodes += 1
            if found.bound < math.inf and found.bound <= self.limit:
                self._round(found, status)
                children += self._node(status, middle, price, found, max(found.bound, node.bound))
        return children

    def _node(
        self,
        status: npt.NDArray[np.int8],
        middle: FloatArray,
        price: FloatArray,
        found: _Found,
        bound: float,
    ) -> list[_Node]:
        """The node to search further, if any; where all sites are fixed its flows end it."""
        if bound == math.inf or bound > self.limit:
            return []
        free = np.flatnonzero(status == FREE)
        if not len(free):
            self._price(status == KEPT)
            return []
        branch = int(free[np.argmin(np.abs(found.often[free] - 0.5))])
        return [_Node(bound, self.nodes, branch, status, middle.astype(np.float32), price.astype(np.float32))]


def solve_two_echelon(
    problem: TwoEchelonProblem, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[TwoEchelonLayout]:
    """Prove a two-stage capacitated facility location problem.

    Parameters
    ----------
    problem
        What to solve.
    limits
        Time and gap; the seed plays no part, nothing is random.
    monitor
        Hears progress; its wish to stop keeps the best layout.

    Returns
    -------
    SolveResult
        ``INFEASIBLE`` names the tier that is too small; with enough capacity in both a layout exists.
    """
    started = time.perf_counter()
    short = shortage_result(problem.shortages(), ENGINE, started)
    if short is not None:
        return short
    tree = TwoEchelonTree(problem, limits, monitor)
    tree.run()
    stopped = monitor is not None and monitor.stopped
    return SolveResult(
        Status.OPTIMAL if tree.proved else Status.FEASIBLE,
        tree.best,
        tree.value,
        min(tree.certified(), tree.value),
        ENGINE,
        time.perf_counter() - started,
        None if tree.proved else (Limit.STOPPED if stopped else Limit.TIME),
    )
