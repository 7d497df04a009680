"""`CapacitatedTree`: best-first search over the sites, and over who is served from where."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_covers import FREE, KEPT, SHUT
from depotopt.siting.classic.capacitated_relaxation import Evaluation, Relaxation, Status
from depotopt.siting.classic.capacitated_windows import Windows
from depotopt.units import BoolArray, FloatArray

NODE_STEPS = 120
PAIR_STEPS = 60
NODE_LENGTH = 0.1
TELL_EVERY = 64
GUESS_STEP = 0.25
"""First the search looks only into this part of the gap above the bound, then into twice as much, ..."""
SMALL_RISE = 2e-4
"""... unless that part is this small relative to the bound."""
DIVE_EVERY = 16
"""Every so many nodes the search goes down to a layout before it returns to the least bound."""


@dataclass(order=True, slots=True)
class _Node:
    """Sites fixed so far; ``forbidden`` packs the pairs that are excluded once all sites are fixed.

    ``branch`` is a site, or a pair counted as ``row among the open sites * points + point``.
    """

    bound: float
    number: int
    branch: int = field(compare=False)
    status: Status = field(compare=False)
    price: npt.NDArray[np.float32] = field(compare=False)
    forbidden: npt.NDArray[np.uint8] | None = field(compare=False, default=None)


class CapacitatedTree:
    """Branches on sites first; where all are fixed, on pairs if points are to be served whole.

    Bounds are evaluated, not read from a solver, so no tolerance enters the proof. Points that may be
    split end at an exact transportation problem. Branching on pairs of a generalised assignment problem
    with Lagrangean bounds: Posta, Ferland, Michelon (2012), Computational Optimization and Applications
    52, 629-644.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        self.relaxation = relaxation
        self.search = relaxation.search
        self.nodes = 0
        self.leaves = 0
        self.complete = False
        """Whether nothing is left to search."""
        self._heap: list[_Node] = []
        self._fresh: list[_Node] = []
        self._popped = self._told = 0
        self._windows = Windows(self.search)

    def run(self) -> None:
        """Prove, or stop at the limit; bound and best layout go to the search."""
        search, relaxation = self.search, self.relaxation
        root = relaxation.root()
        self._windows.run()
        step = GUESS_STEP
        while self._open(root.bound) and not self.complete:
            cost, status = relaxation.cost.copy(), relaxation.status.copy()
            rise = step * (search.value - search.bound)
            search.guess = np.inf if step >= 1 or rise < SMALL_RISE * search.bound else search.bound + rise
            self._stage()
            if self._heap:
                search.bound = max(search.bound, min(self._heap[0].bound, search.limit))
                return
            if search.value - search.resolution <= search.guess:
                break
            # Nothing lies below the guess: that is a bound.
            search.bound, step = max(search.bound, search.guess), 2 * step
            search.guess = np.inf
            relaxation.loosen(cost, status)
        search.guess = np.inf
        self.complete = True
        if math.isfinite(search.value):
            # Everything within the resolution was cut off: with a gap asked for, only that is proved.
            search.bound = max(search.bound, search.provable)

    def _stage(self) -> None:
        """Search everything below the limit; nodes are left over only where the time is up."""
        relaxation = self.relaxation
        relaxation.tighten()
        status, price = relaxation.status.copy(), relaxation.price.copy()
        found = relaxation.evaluate(relaxation.cost, status, price, NODE_STEPS, NODE_LENGTH)
        self._fresh = []
        self._site_node(status, price, found, max(found.bound, self.search.bound))
        self._heap, self._fresh = self._fresh, []
        self._drain()

    def _open(self, bound: float) -> bool:
        """Whether a node with this bound may hold something better."""
        return bound < math.inf and bound <= self.search.limit

    def _drain(self) -> None:
        search = self.search
        while self._heap and not search.interrupted:
            if self._heap[0].bound > search.limit:
                self._heap.clear()
                return
            search.bound = max(search.bound, min(self._heap[0].bound, search.provable))
            if search.proved:
                return
            node: _Node | None = heapq.heappop(self._heap)
            self._popped += 1
            self._windows.run()
            dive = self._popped % DIVE_EVERY == 0 or not math.isfinite(search.value)
            while node is not None:
                children = self._branch(node)
                node = min(children) if dive and children and not search.interrupted else None
                for child in children:
                    if child is not node:
                        heapq.heappush(self._heap, child)

    def _branch(self, node: _Node) -> list[_Node]:
        """Children of a node that may hold something better."""
        self.relaxation.tighten()
        self._fresh = []
        if node.forbidden is None:
            self._branch_on_site(node)
        else:
            self._branch_on_pair(node, node.forbidden)
        if self.nodes - self._told >= TELL_EVERY:
            self._told = self.nodes
            self.search.tell("tree")
        return self._fresh

    def _branch_on_site(self, node: _Node) -> None:
        for side in (KEPT, SHUT):
            status = node.status.copy()
            status[node.branch] = side
            price = node.price.astype(np.float64)
            found = self.relaxation.evaluate(self.relaxation.cost, status, price, NODE_STEPS, NODE_LENGTH)
            self.nodes += 1
            if self._open(found.bound):
                self.relaxation.round(found, status)
                self._site_node(status, price, found, max(found.bound, node.bound))

    def _site_node(self, status: Status, price: FloatArray, found: Evaluation, bound: float) -> None:
        if not self._open(bound):
            return
        free = np.flatnonzero(status == FREE)
        if len(free):
            branch = int(free[np.argmin(np.abs(found.often[free] - 0.5))])
            self._fresh.append(_Node(bound, self.nodes, branch, status, price.astype(np.float32)))
            return
        self.leaves += 1
        sites = np.flatnonzero(status == KEPT)
        self.search.price(sites)
        if self.search.problem.single_source:
            nothing = np.zeros((len(sites), self.search.problem.points), dtype=np.bool_)
            self._pair_node(status, price, nothing, bound)

    def _branch_on_pair(self, node: _Node, packed: npt.NDArray[np.uint8]) -> None:
        points = self.search.problem.points
        rows = int((node.status == KEPT).sum())
        forbidden = np.unpackbits(packed, count=rows * points).reshape(rows, points).astype(np.bool_)
        row, point = divmod(node.branch, points)
        for take in (True, False):
            child = forbidden.copy()
            if take:
                child[:, point] = True
            child[row, point] = not take
            self._pair_node(node.status, node.price.astype(np.float64), child, node.bound)

    def _pair_node(self, status: Status, price: FloatArray, forbidden: BoolArray, parent: float) -> None:
        """All sites are fixed: bound, forbid, round, and choose the pair to branch on."""
        relaxation, search = self.relaxation, self.search
        self.nodes += 1
        sites = np.flatnonzero(status == KEPT)
        # Only the open rows matter: the others would be copied for nothing.
        cost = np.full_like(relaxation.cost, np.inf)
        cost[sites] = np.where(forbidden, np.inf, relaxation.cost[sites])
        mean = np.zeros_like(cost)
        state = status.copy()
        found = relaxation.evaluate(cost, state, price, PAIR_STEPS, NODE_LENGTH, mean)
        bound = max(found.bound, parent)
        if not self._open(bound):
            return
        relaxation.forbid(cost, state, price, found)
        share = np.where(np.isfinite(cost[sites]), mean[sites], -1.0)
        search.repair(sites, share)
        allowed = np.isfinite(cost[sites])
        many = allowed.sum(axis=0)
        if (many == 0).any() or not self._open(bound):
            return
        if (many == 1).all():
            search.price_assignment(sites, allowed.argmax(axis=0))
            return
        doubt = np.where(allowed & (many > 1), np.abs(mean[sites] - 0.5), np.inf)
        self._fresh.append(
            _Node(
                bound,
                self.nodes,
                int(doubt.argmin()),
                status,
                price.astype(np.float32),
                np.packbits(~allowed),
            )
        )
