"""Exact transportation problems of one road state and commodity: who is served from where, at what price.

Sets J depots, I demand points; given ``cost[j, i]`` per unit (``inf`` where out of reach), ``need[i]``,
``supply[j]`` and ``penalty[i]`` per unit unmet::

    min  sum cost f + sum penalty unmet,   sum_j f[j,i] + unmet[i] = need[i],   sum_i f[j,i] <= supply[j]
    max  sum need v - sum supply price,    v[i] <= penalty[i],  v[i] <= cost[j,i] + price[j],  price >= 0

Every point starts at its cheapest depot, which is optimal at prices zero; what overloads a depot then
moves along shortest paths in the residual graph of the depots until nothing is overloaded (successive
shortest paths: Ahuja, Magnanti, Orlin 1993, *Network Flows*, section 9.7; the points are folded into arcs
between depots). Unmet need is one more depot with unlimited supply. Where no depot is overloaded nothing
has to move, so most states cost one pass. Prices prove the flows optimal: both values agree to rounding.

The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from depotopt.compiled import kernel
from depotopt.units import FloatArray

NONE: Any = np.int64(-1)
"""No depot: a typed number, because numba compiles a callee anew for a literal."""
EPS = 1e-9
"""Relative overload that counts as none."""


@kernel
def transport(  # type: ignore[no-untyped-def]
    cost, need, supply, penalty
):
    """Solve one transportation problem.

    Parameters
    ----------
    cost
        Shape ``(J, I)``.
    need, supply, penalty
        Shapes ``(I,)``, ``(J,)``, ``(I,)``; all ``>= 0``.

    Returns
    -------
    tuple
        ``flow`` of shape ``(J + 1, I)`` (the last row is unmet need) and ``price`` of shape ``(J,)``.
    """
    depots, points = cost.shape
    table = np.empty((depots + 1, points))
    for i in range(points):
        for j in range(depots):
            table[j, i] = cost[j, i]
        table[depots, i] = penalty[i]
    flow = np.zeros((depots + 1, points))
    load = np.zeros(depots + 1)
    for i in range(points):
        best = depots
        for j in range(depots):
            if supply[j] > 0.0 and (
                table[j, i] < table[best, i] or (table[j, i] == table[best, i] and best == depots)
            ):
                best = j
        flow[best, i] = need[i]
        load[best] += need[i]
    room = np.empty(depots + 1)
    room[depots] = np.inf
    slack = np.empty(depots + 1)
    overloaded = False
    for j in range(depots):
        room[j] = supply[j]
        slack[j] = EPS * max(1.0, supply[j])
        if load[j] > room[j] + slack[j]:
            overloaded = True
    slack[depots] = 0.0
    price = np.zeros(depots + 1)
    if overloaded:
        _relieve(table, flow, load, room, slack, price)
    return flow, price[:depots]


@kernel
def _refresh(j, table, flow, length, via):  # type: ignore[no-untyped-def]
    """Cheapest unit to move from depot ``j`` to every other: cost difference and the point it serves."""
    depots, points = table.shape
    for h in range(depots):
        length[j, h] = np.inf
        via[j, h] = -1
    for i in range(points):
        if flow[j, i] > 0.0:
            for h in range(depots):
                difference = table[h, i] - table[j, i]
                if difference < length[j, h]:
                    length[j, h] = difference
                    via[j, h] = i


@kernel
def _relieve(table, flow, load, room, slack, price):  # type: ignore[no-untyped-def]
    """Move what overloads depots along cheapest paths until nothing is overloaded."""
    depots = table.shape[0]
    length = np.empty((depots, depots))
    via = np.empty((depots, depots), dtype=np.int64)
    stale = np.ones(depots, dtype=np.bool_)
    distance = np.empty(depots)
    before = np.empty(depots, dtype=np.int64)
    settled = np.empty(depots, dtype=np.bool_)
    while True:
        found = False
        for j in range(depots):
            settled[j] = False
            before[j] = -1
            distance[j] = np.inf
            if load[j] > room[j] + slack[j]:
                distance[j] = 0.0
                found = True
        if not found:
            return
        end = NONE
        while True:
            j = NONE
            for h in range(depots):
                if not settled[h] and distance[h] < np.inf and (j < 0 or distance[h] < distance[j]):
                    j = h
            settled[j] = True
            if load[j] < room[j] - slack[j]:
                end = j
                break
            if stale[j]:
                _refresh(j, table, flow, length, via)
                stale[j] = False
            if room[j] == 0.0 and load[j] == 0.0:
                continue
            for h in range(depots):
                # A closed depot (no supply) takes nothing.
                if settled[h] or via[j, h] < 0 or room[h] <= 0.0:
                    continue
                reduced = max(0.0, length[j, h] + price[h] - price[j])
                if distance[j] + reduced < distance[h]:
                    distance[h] = distance[j] + reduced
                    before[h] = j
        reach = distance[end]
        for j in range(depots):
            if settled[j] and distance[j] < reach:
                price[j] += reach - distance[j]
        _push(end, before, via, table, flow, load, room, length, stale)


@kernel
def _push(end, before, via, table, flow, load, room, length, stale):  # type: ignore[no-untyped-def]
    """Move as much as possible along the path to ``end``; keep the arc lengths up to date."""
    depots = table.shape[0]
    amount = room[end] - load[end]
    j = end
    while before[j] >= 0:
        amount = min(amount, flow[before[j], via[before[j], j]])
        j = before[j]
    amount = min(amount, load[j] - room[j])
    load[j] -= amount
    load[end] += amount
    j = end
    while before[j] >= 0:
        h = before[j]
        i = via[h, j]
        flow[h, i] -= amount
        if flow[h, i] <= 1e-12 * (1.0 + amount):
            flow[h, i] = 0.0
            stale[h] = True
        flow[j, i] += amount
        if not stale[j]:
            for g in range(depots):
                difference = table[g, i] - table[j, i]
                if difference < length[j, g]:
                    length[j, g] = difference
                    via[j, g] = i
        j = h


def solve_transport(
    cost: FloatArray, need: FloatArray, supply: FloatArray, penalty: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Typed door to `transport`: flows ``(J + 1, I)``, the last row unmet, and prices ``(J,)``."""
    flow, price = transport(
        np.ascontiguousarray(cost, dtype=np.float64),
        np.ascontiguousarray(need, dtype=np.float64),
        np.ascontiguousarray(supply, dtype=np.float64),
        np.ascontiguousarray(penalty, dtype=np.float64),
    )
    return flow, price
