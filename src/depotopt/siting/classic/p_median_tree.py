"""`PMedianTree`: branch and bound on Lagrangean bounds over the sites that are left."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from depotopt.siting.classic.p_median_lagrangean import Reduction
from depotopt.siting.classic.p_median_problem import PMedianProblem
from depotopt.units import FloatArray, Int32Array

FREE, SHUT, KEPT = 0, 1, 2
ROOT_STEPS, NODE_STEPS = 400, 80


@njit(cache=True)
def bound_node(  # type: ignore[no-untyped-def]
    first, site, distance, weight, price, status, p, limit, value, steps
):
    """Raise the Lagrangean bound of a node by subgradient steps; fix sites by reduced cost.

    Parameters
    ----------
    first, site, distance
        Arcs of each point by distance, sites counted within the core.
    weight
        Shape ``(I,)``.
    price
        Prices to start from; the best ones on return.
    status
        ``FREE``, ``SHUT`` or ``KEPT`` per core site; fixings are written into it.
    p
        Sites to open.
    limit
        A node whose bound passes it holds nothing better.
    value
        Best value known, for the step length.
    steps
        Subgradient steps at most.

    Returns
    -------
    tuple
        Bound (``inf`` where the node is empty), site to branch on (-1: none is free), and the best
        chosen set seen with its value.
    """
    points, sites = len(price), len(status)
    best = -np.inf
    trial = price.copy()
    total = np.empty(sites)
    often = np.zeros(sites)
    chosen = np.zeros(sites, dtype=np.bool_)
    found = np.zeros(sites, dtype=np.bool_)
    found_value = np.inf
    change = np.empty(points)
    length = 1.0
    idle = 0
    for _step in range(steps):
        base = 0.0
        total[:] = 0.0
        for i in range(points):
            base += weight[i] * trial[i]
            for a in range(first[i], first[i + 1]):
                if distance[a] >= trial[i]:
                    break
                total[site[a]] += weight[i] * (distance[a] - trial[i])
        kept = 0
        free = 0
        for j in range(sites):
            chosen[j] = status[j] == KEPT
            if chosen[j]:
                kept += 1
                base += total[j]
            elif status[j] == FREE:
                free += 1
        if kept > p or kept + free < p:
            return np.inf, -1, found, found_value
        candidates = np.empty(free, dtype=np.int64)
        n = 0
        for j in range(sites):
            if status[j] == FREE:
                candidates[n] = j
                n += 1
        order = candidates[np.argsort(total[candidates], kind="mergesort")]
        need = p - kept
        for n in range(need):
            chosen[order[n]] = True
            base += total[order[n]]
        for j in range(sites):
            often[j] += 0.1 * ((1.0 if chosen[j] else 0.0) - often[j])
        idle += 1
        if base > best:
            if base > best + 1e-6 * abs(base):
                idle = 0
            best = base
            price[:] = trial
            if best > limit:
                return best, -1, found, found_value
            last = total[order[need - 1]] if need > 0 else -np.inf
            after = total[order[need]] if need < free else np.inf
            for n in range(free):
                j = order[n]
                if n >= need and need > 0 and best + total[j] - last > limit:
                    status[j] = SHUT
                elif n < need and best + after - total[j] > limit:
                    status[j] = KEPT
            if need == 0:
                for n in range(free):
                    status[order[n]] = SHUT
            cost = 0.0
            for i in range(points):
                nearest = np.inf
                for a in range(first[i], first[i + 1]):
                    if chosen[site[a]]:
                        nearest = distance[a]
                        break
                cost += weight[i] * nearest
            if cost < found_value:
                found_value = cost
                found[:] = chosen
        if idle > 12:
            length *= 0.5
            idle = 0
            trial[:] = price
            if length < 0.02:
                break
            continue
        norm = 0.0
        for i in range(points):
            served = 0
            for a in range(first[i], first[i + 1]):
                if distance[a] >= trial[i]:
                    break
                if chosen[site[a]]:
                    served += 1
            change[i] = weight[i] * (1.0 - served)
            norm += change[i] * change[i]
        if norm == 0.0:
            break
        size = length * max(1.01 * value - base, 1e-3 * abs(value)) / norm
        for i in range(points):
            trial[i] = max(0.0, trial[i] + size * change[i])
    branch = -1
    for j in range(sites):
        if status[j] == FREE and (branch < 0 or abs(often[j] - 0.5) < abs(often[branch] - 0.5)):
            branch = j
    return best, branch, found, found_value


@dataclass(order=True, slots=True)
class _Node:
    bound: float
    number: int
    branch: int = field(compare=False)
    status: npt.NDArray[np.int8] = field(compare=False)
    price: npt.NDArray[np.float32] = field(compare=False)


class PMedianTree:
    """Best-first search; a node is a set of closed and kept sites and the prices of its parent.

    The bound of a node is evaluated, not read from a solver, so no tolerance enters the proof.
    """

    def __init__(self, problem: PMedianProblem, reduction: Reduction, price: FloatArray) -> None:
        self.problem, self.reduction = problem, reduction
        self.nodes = 0
        self._price = price
        self._sites = np.flatnonzero(~reduction.shut)
        column = np.full(problem.places, -1, dtype=np.int32)
        column[self._sites] = np.arange(len(self._sites), dtype=np.int32)
        arcs = column[problem.neighbour]
        keep = arcs >= 0
        self._first = np.zeros(problem.places + 1, dtype=np.int64)
        np.cumsum(keep.sum(axis=1), out=self._first[1:])
        self._site: Int32Array = arcs[keep]
        self._distance: FloatArray = problem.distance[keep]
        # Beyond a truncated list prices may not rise: an arc that is not listed could save there.
        self._highest = np.where(
            np.full(problem.places, problem.neighbour.shape[1] == problem.places),
            np.inf,
            problem.distance[:, -1],
        )

    def run(self) -> None:
        """Search until nothing better can exist or the time is up; bound and best go to the reduction."""
        reduction = self.reduction
        status = np.where(reduction.kept[self._sites], KEPT, FREE).astype(np.int8)
        heap: list[_Node] = []
        self._evaluate(heap, status, self._price.astype(np.float32), ROOT_STEPS)
        while heap and not reduction.over:
            node = heapq.heappop(heap)
            reduction.bound = max(reduction.bound, min(node.bound, reduction.value))
            if node.bound > self._limit:
                heap.clear()
                break
            for side in (KEPT, SHUT):
                child = node.status.copy()
                child[node.branch] = side
                self._evaluate(heap, child, node.price, NODE_STEPS)
            if self.nodes % 64 == 0:
                reduction.tell("p-median: tree")
        if not heap:
            reduction.bound = reduction.value

    @property
    def _limit(self) -> float:
        return self.reduction.value - self.reduction.resolution

    def _evaluate(
        self, heap: list[_Node], status: npt.NDArray[np.int8], start: npt.NDArray[np.float32], steps: int
    ) -> None:
        reduction = self.reduction
        self.nodes += 1
        price = np.minimum(start.astype(np.float64), self._highest)
        bound, branch, found, value = bound_node(
            self._first,
            self._site,
            self._distance,
            self.problem.weight,
            price,
            status,
            self.problem.p,
            self._limit,
            reduction.value,
            steps,
        )
        if value < reduction.value:
            reduction.offer(self._sites[found].astype(np.int32), swaps=2)
        if bound > self._limit:
            return
        if branch < 0:
            # Every site is decided: the set itself is the only solution of the node.
            chosen = self._sites[status == KEPT].astype(np.int32)
            if len(chosen) == self.problem.p:
                reduction.offer(chosen, swaps=0)
            return
        heapq.heappush(heap, _Node(float(bound), self.nodes, int(branch), status, price.astype(np.float32)))
