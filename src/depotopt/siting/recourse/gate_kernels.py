"""Moves between depots for single source: values of pools of depots, shifts, swaps and kicks (numba).

Depots that share stock form a pool; points choose a pair (point, depot), so a move changes two pools at most.
With one stock behind a pool its value is that of a knapsack filled in order of gain per unit, commodity by
commodity; with several stocks it is a transportation problem (`depotopt.siting.prices.depot_flows`).

The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.depot_flows import depot_flows
from depotopt.units import FloatArray, Int64Array

EPS = 1e-9
"""Share of the value of all needs that a move has to save."""


class Pairs(NamedTuple):
    """Pairs (point, depot) of one road state with their ways, and the pools of their depots.

    Pairs ``first[i]`` to ``first[i + 1]`` are those of point ``i``; ``at[i, g]`` is that of depot ``g`` (-1:
    none). Ways ``way[p]`` to ``way[p + 1]`` of pair ``p`` come from stock ``row`` and take ``time_ds``.
    ``gain[k, p]`` is what a unit saves over the fastest way. ``listed[k]`` has the pairs by pool, from
    ``begin[q]``, the greatest gain first; ``rows`` the stocks by pool, from ``row_begin[q]``.
    """

    first: Int64Array
    point: Int64Array
    gate: Int64Array
    pool: Int64Array
    at: Int64Array
    way: Int64Array
    row: Int64Array
    time_ds: FloatArray
    gain: FloatArray
    listed: Int64Array
    begin: Int64Array
    rows: Int64Array
    row_begin: Int64Array
    usable: FloatArray
    need: FloatArray
    rate: FloatArray
    penalty: FloatArray


@kernel
def _knapsack_value(q, chosen, pairs, work):  # type: ignore[no-untyped-def]
    """What the points of a pool with one stock save."""
    total = 0.0
    stock = pairs.rows[pairs.row_begin[q]]
    for k in range(len(pairs.rate)):
        left = pairs.usable[stock, k]
        for n in range(pairs.begin[q], pairs.begin[q + 1]):
            p = pairs.listed[k, n]
            if left <= 0.0 or pairs.gain[k, p] <= 0.0:
                break
            work[0] += 1
            i = pairs.point[p]
            if chosen[i] == p:
                taken = min(left, pairs.need[i, k])
                total += taken * pairs.gain[k, p]
                left -= taken
    return total


@kernel
def _flow_value(q, chosen, pairs, work):  # type: ignore[no-untyped-def]
    """What the points of a pool with several stocks save; -1 where its flows were not found."""
    low, high = pairs.row_begin[q], pairs.row_begin[q + 1]
    local = np.empty(len(pairs.usable), dtype=np.int64)
    for n in range(low, high):
        local[pairs.rows[n]] = n - low
    served, ways = 0, 0
    for i in range(len(chosen)):
        p = chosen[i]
        if p >= 0 and pairs.pool[p] == q:
            served += 1
            ways += pairs.way[p + 1] - pairs.way[p]
    total = 0.0
    for k in range(len(pairs.rate)):
        begin = np.zeros(served + 1, dtype=np.int64)
        node, cost = np.empty(ways, dtype=np.int64), np.empty(ways)
        need, penalty = np.empty(served), np.empty(served)
        supply, price = np.empty(high - low), np.zeros(high - low)
        for n in range(low, high):
            supply[n - low] = pairs.usable[pairs.rows[n], k]
        m, a = 0, 0
        for i in range(len(chosen)):
            p = chosen[i]
            if p < 0 or pairs.pool[p] != q:
                continue
            need[m], penalty[m] = pairs.need[i, k], pairs.penalty[i, k]
            for w in range(pairs.way[p], pairs.way[p + 1]):
                each = pairs.rate[k] * pairs.time_ds[w]
                if need[m] > 0.0 and each < penalty[m] and supply[local[pairs.row[w]]] > 0.0:
                    node[a], cost[a] = local[pairs.row[w]], each
                    a += 1
            m += 1
            begin[m] = a
        work[0] += 20 * (a + served + high - low)
        flow, _, paths, _ = depot_flows(begin, node[:a], cost[:a], need, penalty, supply, price, 0.0)
        if paths < 0:
            return -1.0
        for n in range(served):
            for b in range(begin[n], begin[n + 1]):
                total += flow[b] * (penalty[n] - cost[b])
    return total


@kernel
def pool_value(q, chosen, pairs, work):  # type: ignore[no-untyped-def]
    """What the points of a pool save for the pairs chosen (-1: none); ``work[0]`` counts the steps taken."""
    if pairs.row_begin[q + 1] - pairs.row_begin[q] == 1:
        return _knapsack_value(q, chosen, pairs, work)
    return _flow_value(q, chosen, pairs, work)


@kernel
def _after(q, r, chosen, pairs, work):  # type: ignore[no-untyped-def]
    """Value of two pools, either of which may be none or the other."""
    total = 0.0
    if q >= 0:
        total += pool_value(q, chosen, pairs, work)
    if r >= 0 and r != q:
        total += pool_value(r, chosen, pairs, work)
    return total


@kernel
def insert(order, worth, pairs, chosen, value, work):  # type: ignore[no-untyped-def]
    """Choose pairs one point after the other: what is worth most for the share that still fits."""
    for i in order:
        best, taken = 0.0, -1
        for p in range(pairs.first[i], pairs.first[i + 1]):
            q, full = pairs.pool[p], 0.0
            for k in range(len(pairs.rate)):
                full += pairs.need[i, k] * max(0.0, pairs.gain[k, p])
            chosen[i] = p
            more = pool_value(q, chosen, pairs, work) - value[q]
            if full <= 0.0 or more <= 0.0:
                continue
            score = worth[p] * more / full + EPS * more
            if score > best:
                best, taken = score, p
        chosen[i] = taken
        if taken >= 0:
            value[pairs.pool[taken]] = pool_value(pairs.pool[taken], chosen, pairs, work)


@kernel
def _best_move(i, last, least, pairs, chosen, value, changed, work):  # type: ignore[no-untyped-def]
    """The shift of a point, or its swap with another, that saves most: new pair, other point, its pair."""
    p = chosen[i]
    q = -1 if p < 0 else pairs.pool[p]
    stale = q < 0 or changed[q] <= last
    before = 0.0 if q < 0 else value[q]
    best, to, other, back = least, -1, -1, -1
    for c in range(pairs.first[i], pairs.first[i + 1]):
        r = pairs.pool[c]
        if c == p or (stale and changed[r] <= last):
            continue
        chosen[i] = c
        more = _after(q, r, chosen, pairs, work) - before - (0.0 if r == q else value[r])
        chosen[i] = p
        if more > best:
            best, to, other, back = more, c, -1, -1
    if p < 0:
        return best, to, other, back
    for m in range(len(chosen)):
        d = chosen[m]
        if d < 0 or pairs.gate[d] == pairs.gate[p]:
            continue
        r = pairs.pool[d]
        c, e = pairs.at[i, pairs.gate[d]], pairs.at[m, pairs.gate[p]]
        if c < 0 or e < 0 or (stale and changed[r] <= last):
            continue
        chosen[i], chosen[m] = c, e
        more = _after(q, r, chosen, pairs, work) - before - (0.0 if r == q else value[r])
        chosen[i], chosen[m] = p, d
        if more > best:
            best, to, other, back = more, c, m, e
    return best, to, other, back


@kernel
def improve(pairs, chosen, value, changed, tried, least, work, most):  # type: ignore[no-untyped-def]
    """Shift and swap until nothing saves more than ``least``, or ``most`` steps are taken.

    ``changed`` by pool and ``tried`` by point are times on one clock: a point is tried anew with the pools
    that changed since.
    """
    again = True
    while again:
        again = False
        for i in range(len(chosen)):
            if work[0] > most:
                return
            clock = changed.max()
            last, tried[i] = tried[i], clock
            _, to, other, back = _best_move(i, last, least, pairs, chosen, value, changed, work)
            if to < 0:
                continue
            again = True
            left = chosen[i]
            chosen[i] = to
            if other >= 0:
                chosen[other] = back
            for p in (left, to):
                if p >= 0:
                    q = pairs.pool[p]
                    value[q], changed[q] = pool_value(q, chosen, pairs, work), clock + 1


@kernel
def kick(draws, pairs, chosen, value, least, work, most):  # type: ignore[no-untyped-def]
    """Move some points at random and improve again; what saves less is taken back.

    ``draws`` are numbers in [0, 1), shape ``(kicks, 2 * points moved)``.
    """
    points = len(chosen)
    changed = np.zeros(len(value), dtype=np.int64)
    tried = np.full(points, -1, dtype=np.int64)
    improve(pairs, chosen, value, changed, tried, least, work, most)
    for n in range(len(draws)):
        if work[0] > most:
            return
        kept, worth, total = chosen.copy(), value.copy(), value.sum()
        clock = changed.max()
        tried[:] = clock
        for d in range(0, draws.shape[1], 2):
            i = int(draws[n, d] * points)
            ways = pairs.first[i + 1] - pairs.first[i]
            if ways == 0:
                continue
            to = pairs.first[i] + int(draws[n, d + 1] * ways)
            left = chosen[i]
            chosen[i] = to
            for p in (left, to):
                if p >= 0:
                    q = pairs.pool[p]
                    value[q], changed[q] = pool_value(q, chosen, pairs, work), clock + 1
        improve(pairs, chosen, value, changed, tried, least, work, most)
        if not value.sum() >= total:
            chosen[:], value[:] = kept, worth
