"""`TwoEchelonTree`: Lagrangean bounds at the root and in a best-first tree over the sites."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_covers import FREE, KEPT, SHUT
from depotopt.siting.classic.two_echelon_kernels import SMALLEST_LENGTH, raise_flow_bound, surrogate
from depotopt.siting.classic.two_echelon_search import TRIES, FlowSearch, Guide
from depotopt.units import BoolArray, FloatArray, Int64Array

ROOT_ROUNDS, ROOT_STEPS, ROOT_PATIENCE = 80, 50, 40
NODE_STEPS, NODE_LENGTH, NODE_PATIENCE = 80, 0.1, 20
DIVE_EVERY = 12
ROOT_SHARE, SEARCH_SHARE = 0.15, 0.4
"""Shares of the time limit for the descent after the root, and of the time spent for all others."""
FINENESS = 2000
"""What the surrogate weights of a tier must reach together, where there are several products."""
SURROGATE_ROUNDS = 40

Prices = npt.NDArray[np.float32]


@dataclass(order=True, slots=True)
class _Node:
    bound: float
    number: int
    branch: int = field(compare=False)
    status: npt.NDArray[np.int8] = field(compare=False)
    middle: Prices = field(compare=False)
    price: Prices = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Found:
    bound: float
    often: FloatArray
    chosen: FloatArray
    worth: FloatArray
    length: float


class TwoEchelonTree:
    """Best-first search over which plants and satellites open.

    Bounds are evaluated at prices, not read from a solver; where all sites are fixed a minimum-cost flow
    ends the node.

    Attributes
    ----------
    nodes
        Bounds evaluated in the tree.
    complete
        Whether nothing is left to search.
    """

    def __init__(self, search: FlowSearch) -> None:
        self.search = search
        self.nodes = 0
        self.complete = False
        problem = search.problem
        self._room = np.concatenate([problem.plant_room, problem.satellite_room], axis=1)
        self._fixed = np.concatenate([problem.plant_fixed, problem.satellite_fixed])
        self._weight, self._required = self._capacities()
        self._heap: list[_Node] = []
        self._guide: Guide | None = None
        self._status = np.zeros(len(self._fixed), dtype=np.int8)
        self._descents_s = 0.0
        self._paired = np.inf
        self._latest: BoolArray = np.ones(len(self._fixed), dtype=np.bool_)

    def _capacities(self) -> tuple[FloatArray, Int64Array]:
        """Weights of the sites and what each tier must reach: with one product, capacities and the need."""
        problem = self.search.problem
        if problem.products == 1:
            total = int(problem.need.sum())
            return self._room[0], np.array([total, total])
        return self._weights(self._fixed, np.zeros(len(self._fixed), dtype=np.int8))

    def _weights(self, worth: FloatArray, status: npt.NDArray[np.int8]) -> tuple[FloatArray, Int64Array]:
        """Whole weights that stand for all products, as dear a cover as it gets at what sites are worth."""
        problem = self.search.problem
        weight = np.empty(len(worth))
        cut, total = problem.plants, problem.need.sum(axis=1)
        for tier in (slice(0, cut), slice(cut, None)):
            room = np.ascontiguousarray(self._room[:, tier])
            share = surrogate(worth[tier], room, total, status[tier], SURROGATE_ROUNDS)
            # Rounded up, while what they must reach is not: every choice that covers stays one.
            weight[tier] = np.ceil(FINENESS * (share @ room) - 1e-7)
        reach = FINENESS if total.any() else 0
        return weight, np.array([reach, reach])

    def evaluate(
        self,
        status: npt.NDArray[np.int8],
        middle: FloatArray,
        price: FloatArray,
        pace: tuple[int, float, int],
    ) -> _Found:
        """Raise the bound of a node; status and prices are changed in place."""
        p, search = self.search.problem, self.search
        value = search.value
        if not math.isfinite(value):
            value = 1.2 * max(search.bound, float((p.need * price).sum()))
        rooms = (p.plant_room, p.satellite_room)
        tiers = (p.inbound, p.outbound, *rooms, p.need, self._fixed, self._weight, self._required)
        return _Found(*raise_flow_bound(tiers, status, middle, price, search.limit, value, pace))

    def _first_prices(self) -> tuple[FloatArray, FloatArray]:
        """What a unit costs through each satellite at mean fixed costs, and at each point at best."""
        p = self.search.problem
        per_unit = [
            fixed.sum() / max(float(room.sum()), 1.0)
            for fixed, room in ((p.plant_fixed, p.plant_room), (p.satellite_fixed, p.satellite_room))
        ]
        middle = p.inbound.min(axis=1) + per_unit[0]
        return middle, (p.outbound + middle[:, :, None]).min(axis=1) + per_unit[1]

    def run(self) -> None:
        """Prove, or stop at the limit."""
        search = self.search
        status = np.zeros(len(self._fixed), dtype=np.int8)
        middle, price = self._first_prices()
        search.offer(np.ones(len(status), dtype=np.bool_), self._fixed)
        found = self._root(status, middle, price)
        if found.bound <= search.limit and not search.interrupted:
            self._guide, self._status = self._guide_of(found), status.copy()
            began_s = search.spent_s
            until_s = began_s + ROOT_SHARE * search.limits.time_s
            search.descend(search.chosen(), status, self._guide, until_s)
            search.wander(status, self._guide, min(until_s, search.spent_s + began_s))
        self._heap = self._node(status, middle, price, found, found.bound)
        self._drain()
        self.complete = not self._heap
        if self._heap:
            search.bound = max(search.bound, min(self._heap[0].bound, search.provable))
        elif math.isfinite(search.value):
            search.bound = max(search.bound, search.provable)

    def _root(self, status: npt.NDArray[np.int8], middle: FloatArray, price: FloatArray) -> _Found:
        """Raise the bound until steps get short; several products get new weights on the way."""
        search = self.search
        length = 1.0
        for _ in range(ROOT_ROUNDS):
            found = self.evaluate(status, middle, price, (ROOT_STEPS, length, ROOT_PATIENCE))
            length = found.length
            search.bound = max(search.bound, min(found.bound, search.provable))
            self._round(found, status)
            search.tell("prices")
            if found.bound > search.limit or length < SMALLEST_LENGTH or search.interrupted:
                break
            if search.problem.products > 1:
                self._weight, self._required = self._weights(found.worth, status)
        return found

    def _guide_of(self, found: _Found) -> Guide:
        """The bound at the best prices, site by site."""
        base = found.bound - float(found.worth @ found.chosen)
        return Guide(base, found.worth, found.chosen, self._weight, self._required)

    def _descend(self) -> None:
        """Improve the latest layout by the root's guide, and a new best one by pairs of changes.

        Descents keep to their share of the time.
        """
        search = self.search
        began_s = search.spent_s
        left_s = SEARCH_SHARE * began_s - self._descents_s
        if self._guide is None or left_s <= 0:
            return
        search.descend(self._latest, self._status, self._guide, began_s + left_s, TRIES)
        if self._paired > search.value:
            self._paired = search.value
            search.descend(search.chosen(), self._status, self._guide, began_s + left_s)
        search.wander(self._status, self._guide, began_s + left_s)
        self._descents_s += search.spent_s - began_s

    def _round(self, found: _Found, status: npt.NDArray[np.int8]) -> BoolArray:
        order = np.where(
            status == SHUT, np.inf, self._fixed / np.maximum(self._weight, 1.0) - 1e6 * found.often
        )
        return self.search.offer((found.chosen > 0.5) | (status == KEPT), order)

    def _drain(self) -> None:
        search, popped = self.search, 0
        while self._heap and not search.interrupted:
            if self._heap[0].bound > search.limit:
                self._heap.clear()
                return
            search.bound = max(search.bound, min(self._heap[0].bound, search.provable))
            if search.proved:
                return
            node: _Node | None = heapq.heappop(self._heap)
            popped += 1
            dive = popped % DIVE_EVERY == 0
            while node is not None:
                children = self._branch(node)
                node = min(children) if dive and children and not search.interrupted else None
                for child in children:
                    if child is not node:
                        heapq.heappush(self._heap, child)
            if popped % DIVE_EVERY == 0:
                self._descend()
                search.tell("tree")

    def _branch(self, node: _Node) -> list[_Node]:
        children = []
        for side in (KEPT, SHUT):
            status = node.status.copy()
            status[node.branch] = side
            middle, price = node.middle.astype(np.float64), node.price.astype(np.float64)
            found = self.evaluate(status, middle, price, (NODE_STEPS, NODE_LENGTH, NODE_PATIENCE))
            self.nodes += 1
            if found.bound < math.inf and found.bound <= self.search.limit:
                self._latest = self._round(found, status)
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
        if bound == math.inf or bound > self.search.limit:
            return []
        free: BoolArray = status == FREE
        if not free.any():
            self.search.price(status == KEPT)
            return []
        branch = int(np.argmin(np.where(free, np.abs(found.often - 0.5), np.inf)))
        return [_Node(bound, self.nodes, branch, status, middle.astype(np.float32), price.astype(np.float32))]
