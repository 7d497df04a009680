"""Who may serve whom in one road state, and from where at given prices (numba): see `price_equilibrium`.

The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.price_kernels import TINY
from depotopt.siting.prices.ranking import ranked
from depotopt.units import FloatArray, Int64Array

EPS = 1e-10
"""Imbalance, relative to the largest need or load, that counts as none."""


class Network(NamedTuple):
    """Arcs worth using, by point and by depot, and which depots share a point.

    Arcs of point ``i`` are ``begin[i]:begin[i + 1]``, with ``node``, ``cost`` and ``room``. Those of depot
    ``j`` are ``listed[start[j]:start[j + 1]]``, of points ``point``. Depots that may take over from ``j`` are
    ``near[near_first[j]:near_first[j + 1]]``; the last depot stands for unmet need.
    """

    begin: Int64Array
    node: Int64Array
    cost: FloatArray
    room: FloatArray
    penalty: FloatArray
    point: Int64Array
    start: Int64Array
    listed: Int64Array
    near_first: Int64Array
    near: Int64Array


class Flows(NamedTuple):
    """Units on each arc, and unmet at each point."""

    flow: FloatArray
    unmet: FloatArray


@kernel
def _used(low, arcs, wants, x, local):  # type: ignore[no-untyped-def]
    """Arcs worth using, by point: offsets, node of the source, cost, capacity; and how many depots."""
    first, site, origin, time_ds = arcs.first[low:], arcs.site, arcs.origin, arcs.time_ds
    rate, need, penalty = wants.rate[0], wants.need, wants.penalty
    points = len(need)
    source = site if len(origin) == 0 else origin
    begin = np.zeros(points + 1, dtype=np.int64)
    for i in range(points):
        begin[i + 1] = begin[i]
        if need[i] <= 0.0:
            continue
        for a in range(first[i], first[i + 1]):
            if rate * time_ds[a] >= penalty[i]:
                break
            if min(x[site[a]], x[source[a]]) > TINY:
                begin[i + 1] += 1
    node = np.empty(begin[points], dtype=np.int64)
    cost = np.empty(begin[points])
    room = np.empty(begin[points])
    nodes = 0
    for i in range(points):
        if need[i] <= 0.0:
            continue
        n = begin[i]
        for a in range(first[i], first[i + 1]):
            if rate * time_ds[a] >= penalty[i]:
                break
            opened = min(x[site[a]], x[source[a]], 1.0)
            if opened <= TINY:
                continue
            j = source[a]
            if local[j] < 0:
                local[j] = nodes
                nodes += 1
            node[n] = local[j]
            cost[n] = rate * time_ds[a]
            room[n] = need[i] * opened
            n += 1
    return begin, node, cost, room, nodes


@kernel
def _serve(begin, node, cost, need, penalty, price, room, flow, unmet, load):  # type: ignore[no-untyped-def]
    """Serve every point from its cheapest arcs at the prices given."""
    for i in range(len(need)):
        low, high = begin[i], begin[i + 1]
        left = need[i]
        if high > low:
            for n in ranked(cost[low:high] + price[node[low:high]]):
                a = low + n
                if left <= 0.0 or cost[a] + price[node[a]] >= penalty[i]:
                    break
                flow[a] = min(room[a], left)
                load[node[a]] += flow[a]
                left -= flow[a]
                if left <= EPS * need[i]:
                    # What rounding leaves goes with the last arc.
                    flow[a] += left
                    load[node[a]] += left
                    left = 0.0
        unmet[i] = left


@kernel
def _own_moves(start, listed, point, begin, node, cost, room, flow):  # type: ignore[no-untyped-def]
    """Where a depot has several arcs to a point (through hubs), use the cheaper ones first."""
    for a in range(len(node)):
        if flow[a] <= 0.0:
            continue
        i = point[a]
        for b in range(begin[i], begin[i + 1]):
            if node[b] == node[a] and cost[b] < cost[a] and flow[b] < room[b]:
                moved = min(flow[a], room[b] - flow[b])
                flow[a] -= moved
                flow[b] += moved


@kernel
def _neighbours(begin, node, point, start, listed):  # type: ignore[no-untyped-def]
    """Depots that share a point with each depot, and unmet need with all."""
    nodes = len(start) - 1
    pairs = 0
    for i in range(len(begin) - 1):
        pairs += (begin[i + 1] - begin[i]) ** 2
    near = np.empty(min(pairs, nodes * nodes) + 2 * nodes, dtype=np.int64)
    first = np.zeros(nodes + 2, dtype=np.int64)
    seen = np.full(nodes, -1, dtype=np.int64)
    at = 0
    for j in range(nodes):
        for n in range(start[j], start[j + 1]):
            i = point[listed[n]]
            for a in range(begin[i], begin[i + 1]):
                h = node[a]
                if h != j and seen[h] != j:
                    seen[h] = j
                    near[at] = h
                    at += 1
        near[at] = nodes
        at += 1
        first[j + 1] = at
    for j in range(nodes):
        near[at] = j
        at += 1
    first[nodes + 1] = at
    return first, near


@kernel
def network(low, arcs, wants, x, price, local):  # type: ignore[no-untyped-def]
    """Network of one road state and commodity, and every point served from its cheapest arcs.

    Parameters
    ----------
    low, arcs, wants
        As in `depotopt.siting.prices.price_kernels.look`.
    x, price
        How far sites are open, and prices, shape ``(J,)``.
    local
        Out, shape ``(J,)`` and -1 before: depot of the network for each site.

    Returns
    -------
    tuple
        `Network`, `Flows`, prices and loads by depot.
    """
    need, penalty = wants.need, wants.penalty
    sites, points = len(x), len(need)
    begin, node, cost, room, nodes = _used(low, arcs, wants, x, local)
    p = np.zeros(nodes + 1)
    for j in range(sites):
        if local[j] >= 0:
            p[local[j]] = price[j]
    flow, unmet, load = np.zeros(len(node)), np.zeros(points), np.zeros(nodes + 1)
    _serve(begin, node, cost, need, penalty, p, room, flow, unmet, load)
    point = np.empty(len(node), dtype=np.int64)
    start = np.zeros(nodes + 1, dtype=np.int64)
    for i in range(points):
        for a in range(begin[i], begin[i + 1]):
            point[a] = i
            start[node[a] + 1] += 1
    start = np.cumsum(start)
    fill = start[:nodes].copy()
    listed = np.empty(len(node), dtype=np.int64)
    for a in range(len(node)):
        listed[fill[node[a]]] = a
        fill[node[a]] += 1
    _own_moves(start, listed, point, begin, node, cost, room, flow)
    near_first, near = _neighbours(begin, node, point, start, listed)
    net = Network(begin, node, cost, room, penalty, point, start, listed, near_first, near)
    return net, Flows(flow, unmet), p, load
