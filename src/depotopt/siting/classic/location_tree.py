"""`LocationTree`: branch and bound on Lagrangean bounds; branches say how many sites of a cluster open."""

from __future__ import annotations

import heapq
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_boxes import FREE, KEPT, SHUT, NodeArrays, bound_node, core_arrays
from depotopt.siting.classic.location_clusters import clusters
from depotopt.siting.classic.location_patterns import Relaxed
from depotopt.siting.classic.location_prices import Reduction
from depotopt.units import BoolArray, Int64Array

ROOT_STEPS, NODE_STEPS, TRIAL_STEPS = 400, 60, 12
ROOT_LENGTH, NODE_LENGTH = 1.0, 0.3
TRIALS = 6
"""Clusters tried before one is branched on."""
TELL_EVERY = 32
SLOW = 0.1
"""A tree is slow when it has closed less than this share of the gap."""
SHAKE_EVERY_S = 8.0
SHAKE_SHARE, SHAKE_LEAST = 0.5, 0.2
"""While the tree is not done, shaking gets this share of the time since it was last done, half of it
after each time that did not help, this much at least."""


@dataclass(order=True, slots=True)
class _Node:
    bound: float
    number: int
    status: npt.NDArray[np.int8] = field(compare=False)
    boxes: Int64Array = field(compare=False)
    price: tuple[npt.NDArray[np.float32], ...] = field(compare=False)
    """One array for each of the tree's costs."""
    best: int = field(compare=False)
    """Costs that gave the greater bound."""
    often: npt.NDArray[np.float32] = field(compare=False)


class _Task(NamedTuple):
    """A node to bound: how far, and at which of the tree's costs."""

    node: _Node
    steps: int
    length: float
    costs: tuple[int, ...]


class _Answer(NamedTuple):
    """What bounding has found: ``node`` is ``None`` where it is empty; ``found`` sites with their value."""

    node: _Node | None
    found: BoolArray
    value: float


class LocationTree:
    """Best-first search; a node is a set of closed and kept sites, boxes and the prices of its parent.

    Sites near one another can stand in for each other: closing one of them changes nothing. So a branch
    says "at most ``k``" or "more than ``k`` sites of this cluster", for the cluster whose count is
    fractional in the running mean of the relaxation's choices and whose trial bounds rise most. The
    clusters are nested, and the relaxation keeps such counts exactly (`location_boxes`). The bound of a
    node is evaluated, not read from a solver, so no tolerance enters the proof.

    Local cuts at fixed multipliers lift the root but may lower nodes far below it. So a tree that knows them
    bounds its nodes at the plain costs as well and takes the greater bound.

    Parameters
    ----------
    problem, reduction
        What to search, and what is known of it.
    pool
        Threads that bound nodes side by side; they change no result.
    """

    def __init__(
        self, problem: LocationProblem, reduction: Reduction, pool: ThreadPoolExecutor | None = None
    ) -> None:
        self.problem, self.reduction = problem, reduction
        self.nodes = 0
        self._price = reduction.price
        sites = np.flatnonzero(~reduction.shut)
        order, self._clusters = clusters(problem.arrays, sites, reduction.price)
        self._sites = sites[order]
        plain = Relaxed(problem.arrays.weight, problem.arrays.opening, 0.0)
        costs = [plain] if reduction.relaxed.offset == 0.0 else [reduction.relaxed, plain]
        self._cores = [core_arrays(problem, c, self._sites) for c in costs]
        self._pool = pool
        self._heap: list[_Node] = []

    def plant(self) -> None:
        """Make the root."""
        reduction, problem = self.reduction, self.problem
        status = np.where(reduction.kept[self._sites], KEPT, FREE).astype(np.int8)
        boxes = np.array([[0, len(status), problem.least, problem.most]], dtype=np.int64)
        often = np.zeros(len(status), dtype=np.float32)
        prices = tuple(self._price.astype(np.float32) for _ in self._cores)
        root = _Node(-np.inf, 0, status, boxes, prices, 0, often)
        everything = tuple(range(len(self._cores)))
        (node,) = self._evaluated([_Task(root, ROOT_STEPS, ROOT_LENGTH, everything)])
        self._push(self._heap, node)
        self._settle()

    def run(self, patience_s: float = math.inf) -> None:
        """Search until nothing better can exist or the time is up; bound and best go to the reduction.

        A tree that has closed next to nothing of the gap after ``patience_s`` stops too; it may run again.
        """
        reduction, heap = self.reduction, self._heap
        began_s, bound = reduction.spent_s, reduction.bound
        shaken_s, share = began_s, SHAKE_SHARE
        while heap and not reduction.over:
            if reduction.spent_s - began_s > patience_s:
                if reduction.bound - bound < SLOW * (reduction.value - bound):
                    return
                patience_s = math.inf
            node = heapq.heappop(heap)
            reduction.bound = max(reduction.bound, min(node.bound, reduction.value))
            if node.bound > self._limit:
                heap.clear()
                break
            for child in self._branch(node):
                self._push(heap, child)
            if self.nodes % TELL_EVERY == 0:
                reduction.tell("tree")
            since_s = reduction.spent_s - shaken_s
            if since_s > SHAKE_EVERY_S:
                before = reduction.value
                reduction.shake(share * since_s)
                share = SHAKE_SHARE if reduction.value < before else max(share / 2, SHAKE_LEAST)
                shaken_s = reduction.spent_s
        self._settle()

    @property
    def bound(self) -> float:
        """What the open nodes prove together; the best value known where there is none."""
        return self._heap[0].bound if self._heap else self.reduction.value

    def _settle(self) -> None:
        """An empty tree is a proof."""
        if not self._heap:
            self.reduction.bound = self.reduction.value

    @property
    def _limit(self) -> float:
        return self.reduction.value - self.reduction.resolution

    def _push(self, heap: list[_Node], node: _Node | None) -> None:
        if node is not None and node.bound <= self._limit:
            heapq.heappush(heap, node)

    def _branch(self, node: _Node) -> list[_Node]:
        """The two sides of the most promising of a few clusters."""
        pairs = [
            [
                side
                for side in (
                    self._child(node, start, end, 0, least),
                    self._child(node, start, end, least + 1),
                )
                if side is not None
            ]
            for start, end, least in self._candidates(node)
        ]
        best: tuple[float, list[_Node]] = (-1.0, [])
        for pair in pairs:
            sides = self._evaluated([_Task(side, TRIAL_STEPS, NODE_LENGTH, (node.best,)) for side in pair])
            alive = [side for side in sides if side is not None and side.bound <= self._limit]
            if len(alive) < 2:
                # One side is empty: the other one is the node itself, better informed.
                best = (np.inf, alive)
                break
            rise = [max(side.bound - node.bound, 1e-6) for side in alive]
            score = min(rise) + 0.1 * max(rise)
            if score > best[0]:
                best = (score, alive)
        costs = tuple(range(len(self._cores)))
        children = self._evaluated([_Task(side, NODE_STEPS, NODE_LENGTH, costs) for side in best[1]])
        return [child for child in children if child is not None]

    def _candidates(self, node: _Node) -> list[tuple[int, int, int]]:
        """Clusters whose expected count is most fractional, with the whole number below it."""
        often = np.where(node.status == FREE, node.often, node.status == KEPT)
        total = np.concatenate([[0.0], np.cumsum(often)])
        start, end = self._clusters.T
        count = total[end] - total[start]
        fraction = count - np.floor(count)
        score = np.minimum(fraction, 1.0 - fraction)
        kept = np.concatenate([[0], np.cumsum(node.status == KEPT)])
        free = np.concatenate([[0], np.cumsum(node.status == FREE)])
        low = kept[end] - kept[start]
        high = low + free[end] - free[start]
        for first, last, least, most in node.boxes:
            same = (start == first) & (end == last)
            low[same] = np.maximum(low[same], least)
            high[same] = np.minimum(high[same], most)
        # Both sides must be narrower than the node, or the search would not end.
        split = np.clip(np.floor(count), low, high - 1).astype(np.int64)
        score[low >= high] = -1.0
        ranked = np.argsort(-score, kind="stable")[: 4 * TRIALS]
        picked: list[tuple[int, int, int]] = []
        seen: list[float] = []
        for c in ranked:
            # Nested clusters with the same count say nearly the same: one of them will do.
            if score[c] < 0 or any(abs(count[c] - s) < 1e-3 for s in seen):
                continue
            seen.append(float(count[c]))
            picked.append((int(start[c]), int(end[c]), int(split[c])))
            if len(picked) == TRIALS:
                break
        return picked

    def _child(self, node: _Node, start: int, end: int, least: int, most: int | None = None) -> _Node | None:
        """The node with one more box; ``None`` where the box cannot be kept."""
        status = node.status.copy()
        inside = status[start:end]
        kept, free = int((inside == KEPT).sum()), int((inside == FREE).sum())
        boxes = node.boxes
        same = np.flatnonzero((boxes[:, 0] == start) & (boxes[:, 1] == end))
        low, high = max(least, kept), kept + free if most is None else min(most, kept + free)
        if len(same):
            low, high = max(low, int(boxes[same[0], 2])), min(high, int(boxes[same[0], 3]))
        if low > high:
            return None
        if high == kept or low == kept + free:
            inside[inside == FREE] = SHUT if high == kept else KEPT
        box = np.array([[start, end, low, high]], dtype=np.int64)
        boxes = np.concatenate([np.delete(boxes, same, axis=0), box])
        boxes = boxes[np.argsort(boxes[:, 1] - boxes[:, 0], kind="stable")]
        return _Node(node.bound, node.number, status, boxes, node.price, node.best, node.often)

    def _evaluated(self, tasks: list[_Task]) -> list[_Node | None]:
        """Each node with better prices and more sites fixed; ``None`` where it holds nothing better.

        All of them are held against the same value, so the number of threads makes no difference.
        """
        goal = (self._limit, self.reduction.value)

        def bounded(task: _Task) -> _Answer:
            return self._bounded(task, *goal)

        nodes = []
        for answer in (map if self._pool is None else self._pool.map)(bounded, tasks):
            self.nodes += 1
            if answer.value < self.reduction.value:
                self.reduction.offer(self._sites[answer.found].astype(np.int32), sweeps=2)
            node = answer.node
            if node is not None:
                node.number = self.nodes
                if node.bound > self._limit:
                    node = None
                elif not (node.status == FREE).any():
                    # Every site is decided: the set itself is the only solution of the node.
                    chosen = self._sites[node.status == KEPT].astype(np.int32)
                    if self.problem.least <= len(chosen) <= self.problem.most:
                        self.reduction.offer(chosen, sweeps=0)
                    node = None
            nodes.append(node)
        return nodes

    def _bounded(self, task: _Task, limit: float, best_value: float) -> _Answer:
        """Raise the bound of a node at each of the costs asked for; the greatest one counts."""
        node = task.node
        status, prices = node.status.copy(), list(node.price)
        found: BoolArray = np.zeros(len(status), dtype=np.bool_)
        greatest, best, value = -np.inf, node.best, np.inf
        often = node.often
        for c in task.costs:
            core = self._cores[c]
            price = np.minimum(prices[c].astype(np.float64), core.highest)
            share, seen = node.often.astype(np.float64), found.copy()
            arrays = NodeArrays(price, status, node.boxes)
            goal = (limit, best_value, task.steps, task.length)
            bound, cheapest = bound_node(core, arrays, goal, share, seen)
            if cheapest < value:
                value, found = float(cheapest), seen
            if bound > limit:
                return _Answer(None, found, value)
            prices[c] = price.astype(np.float32)
            if bound > greatest:
                greatest, best, often = float(bound), c, share.astype(np.float32)
        bound = max(greatest, node.bound)
        return _Answer(_Node(bound, 0, status, node.boxes, tuple(prices), best, often), found, value)
