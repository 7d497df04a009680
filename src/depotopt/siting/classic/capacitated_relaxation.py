"""`Relaxation`: Lagrangean bounds of a capacitated problem, and what they shut, keep and forbid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_covers import KEPT, SHUT, fix_sites
from depotopt.siting.classic.capacitated_kernels import raise_bound
from depotopt.siting.classic.capacitated_pairs import fix_pairs
from depotopt.siting.classic.capacitated_search import Search
from depotopt.units import FloatArray

ROOT_ROUNDS, ROOT_STEPS = 40, 50
SMALLEST_STEP = 1e-3
SEARCH_AFTER = (2, 8)
"""Root rounds after which neighbouring sets of sites are searched."""
FINENESS = 40
"""Units per point, at most, in which sites are weighed for a whole cover."""
_NO_MEAN = np.empty((0, 0))

Status = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the relaxation says about a node.

    Attributes
    ----------
    bound
        Proved bound; ``inf`` where the node is empty.
    worth
        Per site, at the best prices.
    lift, drop
        By how much the bound rises at least where a site opens, or closes.
    often
        How often each site was chosen lately, in [0, 1].
    length
        Step length reached.
    """

    bound: float
    worth: FloatArray
    lift: FloatArray
    drop: FloatArray
    often: FloatArray
    length: float


class Relaxation:
    """Bounds by prices on the points, see `depotopt.siting.classic.capacitated_kernels`.

    Attributes
    ----------
    cost
        Working costs: pairs that no better solution uses become ``inf``.
    status
        ``FREE``, ``SHUT`` or ``KEPT`` per site, as the root's bound decided.
    price
        Best prices of the root.
    """

    def __init__(self, search: Search) -> None:
        problem = search.problem
        self.search = search
        self.cost = search.cost.copy()
        self.status: Status = np.zeros(problem.sites, dtype=np.int8)
        self._whole_needs = problem.single_source and bool((problem.need % 1 == 0).all())
        self._capacity = np.floor(problem.capacity + 1e-9) if self._whole_needs else problem.capacity
        self._whole, self._reach = self._capacity, 0
        if problem.count is not None:
            self._weight, self._required = np.ones(problem.sites), float(problem.count)
        elif np.ptp(self._capacity) == 0:
            self._weight, self._required = np.ones(problem.sites), float(problem.least_sites)
        else:
            self._weight, self._required = self._capacity, float(problem.need.sum())
            self._whole, self._reach = self._whole_weights()
        self.price = self._first_price()
        self._root: Evaluation | None = None
        self._forbidden_below = np.inf

    def _whole_weights(self) -> tuple[FloatArray, int]:
        """Capacities as whole numbers and what they must reach; fine units are rounded to coarser ones."""
        most = FINENESS * self.search.problem.points
        if self._required == 0.0:
            return np.zeros(self.search.problem.sites), 0
        if self._required <= most and bool((self._weight % 1 == 0).all()):
            return self._weight, math.ceil(self._required - 1e-9)
        # Rounded up, while what they must reach is not: every choice that covers stays one.
        return np.ceil(self._weight * most / self._required - 1e-7), most

    def _first_price(self) -> FloatArray:
        """The second cheapest site's cost of each point, or the cheapest where there is no second."""
        cost = np.sort(self.cost, axis=0)
        second = cost[min(1, len(cost) - 1)]
        return np.asarray(np.where(np.isfinite(second), second, cost[0]))

    def evaluate(
        self,
        cost: FloatArray,
        status: Status,
        price: FloatArray,
        steps: int,
        length: float,
        mean: FloatArray = _NO_MEAN,
    ) -> Evaluation:
        """Raise the bound of a node; ``status``, ``price`` and ``mean`` are changed in place."""
        search = self.search
        value = min(search.value, search.guess)
        if not math.isfinite(value):
            value = 1.3 * max(search.bound, 0.5 * float(price.sum()), 1e-9)
        data = self._data(cost)
        found = raise_bound(data, price, status, search.limit, value, steps, length, mean)
        return Evaluation(*found)

    def _data(
        self, cost: FloatArray
    ) -> tuple[
        FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, float, bool, bool, FloatArray, int
    ]:
        """The problem as the kernels take it."""
        problem = self.search.problem
        exact = problem.count is not None
        sizes = (problem.need, self._capacity, problem.fixed, self._weight)
        return (cost, *sizes, self._required, exact, self._whole_needs, self._whole, self._reach)

    def root(self) -> Evaluation:
        """Bound, fixings and first layouts."""
        search = self.search
        length, best = 1.0, None
        for n in range(ROOT_ROUNDS):
            best = self.evaluate(self.cost, self.status, self.price, ROOT_STEPS, length)
            length = best.length
            if best.bound == math.inf:
                break
            search.bound = max(search.bound, min(best.bound, search.provable))
            self.round(best, self.status)
            if n in SEARCH_AFTER:
                search.neighbours(self.status)
            search.tell("prices")
            if search.over or length < SMALLEST_STEP or best.bound > search.limit:
                break
        assert best is not None
        if best.bound <= search.limit and not search.over:
            search.neighbours(self.status)
        self._root = best
        return best

    def round(self, found: Evaluation, status: Status) -> None:
        """Offer the sites that are chosen mostly."""
        order = np.where(status == SHUT, np.inf, np.where(status == KEPT, -np.inf, found.worth))
        self.search.offer((found.often > 0.5) | (status == KEPT), order)

    def tighten(self) -> None:
        """Fix sites and forbid pairs by the root's reduced costs, again when the limit has fallen."""
        root, limit = self._root, self.search.limit
        if root is None or limit >= self._forbidden_below or not math.isfinite(root.bound):
            return
        self._forbidden_below = limit
        fix_sites(root.bound, root.lift, root.drop, limit, self.status)
        self.forbid(self.cost, self.status, self.price, root)

    def loosen(self, cost: FloatArray, status: Status) -> None:
        """Take back what a guess has fixed."""
        self.cost, self.status, self._forbidden_below = cost, status, np.inf

    def forbid(self, cost: FloatArray, status: Status, price: FloatArray, found: Evaluation) -> None:
        """Forbid pairs of whole points and sites by reduced cost, in ``cost``."""
        search = self.search
        if self._whole_needs and math.isfinite(search.limit) and math.isfinite(found.bound):
            fix_pairs(self._data(cost), price, found.lift, status, found.bound, search.limit)
