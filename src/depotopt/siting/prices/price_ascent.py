"""Prices of depots raised and lowered one depot at a time, each to its best (numba): see `depot_flows`.

With all other prices given, a depot's best price is where as much need prefers it as it holds. Going on by
half again as much is to coordinate ascent what over-relaxation is to Gauss-Seidel: where a whole region lacks
supply its prices rise together, and single steps would only diffuse through it (20,000 points, 917 depots
short of supply: 63 % of the value missing after ten rounds of exact steps, 52 % so, and paths half as many).
Wherever it ends, the prices are valid; it is a start for exact flows, no end.

The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.ranking import ranked
from depotopt.units import FloatArray, Int64Array

NONE: Any = np.int64(-1)
"""No arc, no depot: a typed number, because numba compiles a callee anew for a literal."""
BEYOND = 1.5
"""How far a price goes, as a multiple of the way to its best."""
ROUNDS = 10
"""Looks per depot at most."""
STILL = 1e-5
"""Moves of prices below this share of the largest penalty count as none."""
FAR = 0.02
"""Share of the need on wrong depots from which prices are worth an ascent."""


class Ways(NamedTuple):
    """Arcs by point, and what they lead from and to.

    Arcs of point ``i`` are ``begin[i]:begin[i + 1]``, from depot ``node`` at ``cost``; those of depot
    ``j`` are ``listed[start[j]:start[j + 1]]``, to points ``point``. ``need`` and ``penalty`` are by point,
    ``supply`` by depot; less than ``rest`` units to a point are what rounding leaves.
    """

    begin: Int64Array
    node: Int64Array
    cost: FloatArray
    point: Int64Array
    start: Int64Array
    listed: Int64Array
    need: FloatArray
    penalty: FloatArray
    supply: FloatArray
    rest: FloatArray


@kernel
def by_depot(begin, node, nodes):  # type: ignore[no-untyped-def]
    """Point of each arc, and arcs by depot."""
    point = np.empty(len(node), dtype=np.int64)
    start = np.zeros(nodes + 1, dtype=np.int64)
    for i in range(len(begin) - 1):
        for a in range(begin[i], begin[i + 1]):
            point[a] = i
            start[node[a] + 1] += 1
    for j in range(nodes):
        start[j + 1] += start[j]
    fill = start.copy()
    listed = np.empty(len(node), dtype=np.int64)
    for a in range(len(node)):
        listed[fill[node[a]]] = a
        fill[node[a]] += 1
    return point, start, listed


@kernel
def far_off(ways, price):  # type: ignore[no-untyped-def]
    """Whether much of the need prefers depots that cannot take it, or shuns priced ones that could."""
    load = np.zeros(len(ways.supply))
    total = 0.0
    for i in range(len(ways.need)):
        total += ways.need[i]
        best, _ = _two_best(i, ways, price)
        if best >= 0:
            load[ways.node[best]] += ways.need[i]
    wrong = 0.0
    for j in range(len(load)):
        if load[j] > ways.supply[j] or price[j] > 0.0:
            wrong += abs(load[j] - ways.supply[j])
    return wrong > FAR * total


@kernel
def proved(ways, price):  # type: ignore[no-untyped-def]
    """Lower bound that prices prove."""
    total = 0.0
    for i in range(len(ways.need)):
        best, _ = _two_best(i, ways, price)
        total += ways.need[i] * _value(best, i, ways, price)
    for j in range(len(price)):
        total -= price[j] * ways.supply[j]
    return total


@kernel
def _two_best(i, ways, price):  # type: ignore[no-untyped-def]
    """Cheapest and second cheapest arc of a point at these prices; -1 stands for unmet need."""
    least, next_least = ways.penalty[i], ways.penalty[i]
    best, other = NONE, NONE
    for a in range(ways.begin[i], ways.begin[i + 1]):
        cost = ways.cost[a]
        if cost >= next_least:
            break
        priced = cost + price[ways.node[a]]
        if priced < least:
            next_least, other = least, best
            least, best = priced, a
        elif priced < next_least:
            next_least, other = priced, a
    return best, other


@kernel
def _value(a, i, ways, price):  # type: ignore[no-untyped-def]
    """What a unit costs over an arc, or unmet."""
    if a < 0:
        return ways.penalty[i]
    return ways.cost[a] + price[ways.node[a]]


@kernel
def _best_price(j, ways, price, best, other, gain, who):  # type: ignore[no-untyped-def]
    """Price at which as much need prefers a depot as it holds, the others' given."""
    count, total = 0, 0.0
    for n in range(ways.start[j], ways.start[j + 1]):
        a = ways.listed[n]
        i = ways.point[a]
        b = other[i] if best[i] == a else best[i]
        gained = _value(b, i, ways, price) - ways.cost[a]
        if gained > 0.0:
            gain[count], who[count] = -gained, i
            count += 1
            total += ways.need[i]
    if total > ways.supply[j]:
        left = ways.supply[j]
        for n in ranked(gain[:count]):
            left -= ways.need[who[n]]
            if left <= 0.0:
                return -gain[n]
    return 0.0


@kernel
def ascend(ways, price):  # type: ignore[no-untyped-def]
    """Better prices, in place: depots whose points have changed are looked at in turn."""
    nodes, points = len(ways.supply), len(ways.need)
    best, other = np.empty(points, dtype=np.int64), np.empty(points, dtype=np.int64)
    for i in range(points):
        best[i], other[i] = _two_best(i, ways, price)
    queue, waiting = np.arange(nodes), np.ones(nodes, dtype=np.bool_)
    widest, highest = 0, 0.0
    for j in range(nodes):
        widest = max(widest, ways.start[j + 1] - ways.start[j])
    for i in range(points):
        highest = max(highest, ways.penalty[i])
    gain, who = np.empty(widest), np.empty(widest, dtype=np.int64)
    first, count = 0, nodes
    for _ in range(ROUNDS * nodes):
        if count == 0:
            return
        j = queue[first]
        first = first + 1 if first + 1 < nodes else 0
        count -= 1
        waiting[j] = False
        old = price[j]
        new = old + BEYOND * (_best_price(j, ways, price, best, other, gain, who) - old)
        new = min(max(new, 0.0), highest)
        if abs(new - old) <= STILL * highest:
            continue
        price[j] = new
        for n in range(ways.start[j], ways.start[j + 1]):
            a = ways.listed[n]
            i = ways.point[a]
            one, two = best[i], other[i]
            if one != a and two != a and (new > old or ways.cost[a] + new >= _value(two, i, ways, price)):
                continue
            best[i], other[i] = _two_best(i, ways, price)
            for b in (one, two, best[i], other[i]):
                if b < 0:
                    continue
                h = ways.node[b]
                if h != j and not waiting[h]:
                    waiting[h] = True
                    at = first + count
                    queue[at if at < nodes else at - nodes] = h
                    count += 1
