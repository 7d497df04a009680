"""Lagrangean bound of a node of the tree (numba): the cheapest sites that keep its boxes.

Sites of the tree stand in the order of a clustering, so that every cluster is an interval. A box
``(start, end, least, most)`` says how many sites of a cluster are open; the boxes of a node are nested or
disjoint, smallest first, and the last holds all sites. Choosing the cheapest sites within such boxes is a
greedy matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from depotopt.compiled import kernel
from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_patterns import Relaxed
from depotopt.units import FloatArray, Int32Array, Int64Array

FREE, SHUT, KEPT = 0, 1, 2
HALVE_AFTER = 8
SMALLEST_LENGTH = 0.02


class CoreArrays(NamedTuple):
    """Arcs of each point by distance over the sites that are left, and what the bound needs beside.

    The bound sees ``weight``, ``opening`` and ``offset`` (`Relaxed`), a layout costs ``true_weight`` and
    ``true_opening``.
    """

    first: Int64Array
    site: Int32Array
    distance: FloatArray
    weight: FloatArray
    opening: FloatArray
    offset: float
    true_weight: FloatArray
    true_opening: FloatArray
    highest: FloatArray


def core_arrays(problem: LocationProblem, costs: Relaxed, sites: Int64Array) -> CoreArrays:
    """The arcs to these sites, in their order, and what the bound sees."""
    arrays = problem.arrays
    column = np.full(problem.sites, -1, dtype=np.int32)
    column[sites] = np.arange(len(sites), dtype=np.int32)
    arcs = column[arrays.neighbour]
    keep = arcs >= 0
    first = np.zeros(problem.points + 1, dtype=np.int64)
    np.cumsum(keep.sum(axis=1), out=first[1:])
    return CoreArrays(
        first,
        arcs[keep],
        arrays.distance[keep],
        costs.weight,
        costs.opening[sites],
        costs.offset,
        arrays.weight,
        arrays.opening[sites],
        problem.highest,
    )


class NodeArrays(NamedTuple):
    """Prices (improved in place), status per site (fixings are written into it) and boxes of a node."""

    price: FloatArray
    status: npt.NDArray[np.int8]
    boxes: Int64Array


@kernel
def _room(boxes, count, j):  # type: ignore[no-untyped-def]
    full = False
    for b in range(len(boxes)):
        full |= boxes[b, 0] <= j < boxes[b, 1] and count[b] >= boxes[b, 3]
    return not full


@kernel
def _take(boxes, count, chosen, j):  # type: ignore[no-untyped-def]
    chosen[j] = True
    for b in range(len(boxes)):
        if boxes[b, 0] <= j < boxes[b, 1]:
            count[b] += 1


@kernel
def choose(total, node, chosen, count):  # type: ignore[no-untyped-def]
    """Cheapest sites within the boxes, into ``chosen`` and ``count``; their sum (``inf``: there are none)."""
    status, boxes = node.status, node.boxes
    chosen[:] = False
    count[:] = 0
    free = np.empty(len(total), dtype=np.int64)
    n = 0
    for j in range(len(total)):
        if status[j] == KEPT:
            _take(boxes, count, chosen, j)
        elif status[j] == FREE:
            free[n] = j
            n += 1
    order = free[:n][np.argsort(total[free[:n]], kind="mergesort")]
    for b in range(len(boxes)):
        if count[b] > boxes[b, 3]:
            return np.inf
        if count[b] < boxes[b, 2]:
            for j in order:
                if boxes[b, 0] <= j < boxes[b, 1] and not chosen[j] and _room(boxes, count, j):
                    _take(boxes, count, chosen, j)
                    if count[b] == boxes[b, 2]:
                        break
            if count[b] < boxes[b, 2]:
                return np.inf
    for j in order:
        if total[j] >= 0.0:
            break
        if not chosen[j] and _room(boxes, count, j):
            _take(boxes, count, chosen, j)
    result = 0.0
    for j in range(len(total)):
        if chosen[j]:
            result += total[j]
    return result


@kernel
def _exchange(boxes, count, into, out):  # type: ignore[no-untyped-def]
    """Whether a site of group ``into`` may come in for one of group ``out`` (-1: for or by none)."""
    for b in range(len(boxes)):
        enters = into >= 0 and boxes[b, 0] <= boxes[into, 0] and boxes[into, 1] <= boxes[b, 1]
        leaves = out >= 0 and boxes[b, 0] <= boxes[out, 0] and boxes[out, 1] <= boxes[b, 1]
        if enters and not leaves and count[b] >= boxes[b, 3]:
            return False
        if leaves and not enters and count[b] <= boxes[b, 2]:
            return False
    return True


@kernel
def _fix(bound, limit, total, node, chosen, count):  # type: ignore[no-untyped-def]
    """Fix sites whose best exchange passes the limit.

    The boxes are a matroid with bounds, so the best set with (without) a site is one exchange away from
    the best set.
    """
    status, boxes = node.status, node.boxes
    groups, sites = len(boxes), len(total)
    group = np.empty(sites, dtype=np.int64)
    dearest = np.full(groups, -np.inf)
    cheapest = np.full(groups, np.inf)
    for j in range(sites):
        for b in range(groups):
            if boxes[b, 0] <= j < boxes[b, 1]:
                group[j] = b
                break
        if status[j] == FREE:
            if chosen[j]:
                dearest[group[j]] = max(dearest[group[j]], total[j])
            else:
                cheapest[group[j]] = min(cheapest[group[j]], total[j])
    spared = np.full(groups, -np.inf)
    filled = np.full(groups, np.inf)
    for g in range(groups):
        if _exchange(boxes, count, g, -1):
            spared[g] = 0.0
        if _exchange(boxes, count, -1, g):
            filled[g] = 0.0
    for g in range(groups):
        for h in range(groups):
            if dearest[h] > spared[g] and _exchange(boxes, count, g, h):
                spared[g] = dearest[h]
            if cheapest[g] < filled[h] and _exchange(boxes, count, g, h):
                filled[h] = cheapest[g]
    for j in range(sites):
        if status[j] == FREE:
            if chosen[j] and bound + filled[group[j]] - total[j] > limit:
                status[j] = KEPT
            elif not chosen[j] and bound + total[j] - spared[group[j]] > limit:
                status[j] = SHUT


@kernel
def reduced(core, price, total):  # type: ignore[no-untyped-def]
    """Reduced costs into ``total``; the part of the bound that the prices are."""
    total[:] = core.opening
    base = core.offset
    for i in range(len(price)):
        base += core.weight[i] * price[i]
        for a in range(core.first[i], core.first[i + 1]):
            if core.distance[a] >= price[i]:
                break
            total[core.site[a]] += core.weight[i] * (core.distance[a] - price[i])
    return base


@kernel
def _cost(core, chosen):  # type: ignore[no-untyped-def]
    """Value of the chosen sites."""
    cost = 0.0
    for j in range(len(chosen)):
        if chosen[j]:
            cost += core.true_opening[j]
    for i in range(len(core.weight)):
        nearest = np.inf
        for a in range(core.first[i], core.first[i + 1]):
            if chosen[core.site[a]]:
                nearest = core.distance[a]
                break
        if core.true_weight[i] > 0.0:
            cost += core.true_weight[i] * nearest
    return cost


@kernel
def bound_node(core, node, goal, often, found):  # type: ignore[no-untyped-def]
    """Raise the Lagrangean bound of a node by subgradient steps; fix sites by exchanges.

    Parameters
    ----------
    core
        `CoreArrays`.
    node
        `NodeArrays`; prices and status are improved in place.
    goal
        ``(limit, value, steps, length)``: a node whose bound passes the limit holds nothing better; the
        best value known; steps at most; first step length.
    often
        Running share of steps in which each site was chosen.
    found
        Best chosen set seen.

    Returns
    -------
    tuple
        Bound (``inf`` where the node is empty) and value of ``found``.
    """
    limit, value, steps, length = goal
    points, sites = len(node.price), len(node.status)
    trial = node.price.copy()
    total, best_total = np.empty(sites), np.empty(sites)
    chosen, best_chosen = np.zeros(sites, dtype=np.bool_), np.zeros(sites, dtype=np.bool_)
    count = np.zeros(len(node.boxes), dtype=np.int64)
    best_count = count.copy()
    change = np.empty(points)
    best, found_value, idle = -np.inf, np.inf, 0
    for step in range(steps):
        bound = reduced(core, trial, total)
        bound += choose(total, node, chosen, count)
        if bound == np.inf:
            return np.inf, found_value
        share = max(0.08, 1.0 / (step + 2.0))
        for j in range(sites):
            often[j] += share * ((1.0 if chosen[j] else 0.0) - often[j])
        idle += 1
        if bound > best:
            if bound > best + 1e-6 * abs(bound):
                idle = 0
            best = bound
            node.price[:] = trial
            if best > limit:
                return best, found_value
            best_total[:] = total
            best_chosen[:] = chosen
            best_count[:] = count
            cost = _cost(core, chosen)
            if cost < found_value:
                found_value = cost
                found[:] = chosen
        if idle > HALVE_AFTER:
            length *= 0.5
            idle = 0
            trial[:] = node.price
            if length < SMALLEST_LENGTH:
                break
            continue
        norm = 0.0
        for i in range(points):
            served = 0
            for a in range(core.first[i], core.first[i + 1]):
                if core.distance[a] >= trial[i]:
                    break
                if chosen[core.site[a]]:
                    served += 1
            change[i] = core.weight[i] * (1.0 - served)
            norm += change[i] * change[i]
        if norm == 0.0:
            break
        size = length * max(1.01 * value - bound, 1e-3 * abs(value)) / norm
        for i in range(points):
            trial[i] = min(max(0.0, trial[i] + size * change[i]), core.highest[i])
    _fix(best, limit, best_total, node, best_chosen, best_count)
    return best, found_value
