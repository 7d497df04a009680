"""Exact prices of one road state and commodity at any first stage, fractional or not (numba).

At a first stage ``(x, usable)`` the recourse of the relaxation is a transportation problem whose arcs have
capacities::

    min  sum c f + sum penalty unmet
    s.t. sum_a f[a] + unmet[i] = need[i]           over the arcs a of point i
         f[a] <= need[i] x[a],   sum of f[a] over the arcs of depot j <= usable[j]

The dual prices of the last rows make the strongest cut there is at this point. Subgradient steps stop
within a few per cent of them where depots compete (the hurricane case of `benchmarks` is 2 % off after 200
steps), so `equilibrium` goes on from wherever they ended: every point takes its cheapest arcs at the
prices given, and what then overloads a depot, or leaves a depot with a price idle, moves along shortest
paths between depots until supply and load agree (successive shortest paths from any starting potentials:
Ahuja, Magnanti, Orlin 1993, *Network Flows*, section 9.7). Unmet need is one more depot, free, unlimited
and never priced; it also takes what supply stays unused.

The kernel releases the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.price_network import EPS, network
from depotopt.units import BoolArray, FloatArray, Int64Array

NONE: Any = np.int64(-1)
"""No depot: a typed number, because numba compiles a callee anew for a literal."""
TIE = 1e-11
"""Relative difference of cost differences that counts as none."""
AUGMENTATIONS = 50
"""Paths allowed per depot and point together; prices are valid (and better than before) wherever it ends."""


class Depots(NamedTuple):
    """Supply, what is drawn of it, load beyond that, and price of each depot.

    ``length`` is the least cost difference of moving a unit to each depot near by, ``stale`` where it has to
    be found anew.
    """

    supply: FloatArray
    drawn: FloatArray
    over: FloatArray
    price: FloatArray
    length: FloatArray
    stale: BoolArray


class Paths(NamedTuple):
    """Shortest paths from one depot: distance, depot before, kind and cost of the last move, who is done."""

    distance: FloatArray
    before: Int64Array
    way: Int64Array
    hop: FloatArray
    settled: BoolArray
    touched: Int64Array


@kernel
def _refresh(h, net, flows, length, place):  # type: ignore[no-untyped-def]
    """Least cost difference of moving a unit from depot ``h`` to every other near by."""
    begin, node, cost, room, penalty = net.begin, net.node, net.cost, net.room, net.penalty
    flow, unmet = flows.flow, flows.unmet
    last = len(place) - 1
    for e in range(net.near_first[h], net.near_first[h + 1]):
        length[e] = np.inf
        place[net.near[e]] = e
    if h == last:
        for i in range(len(unmet)):
            if unmet[i] > 0.0:
                for a in range(begin[i], begin[i + 1]):
                    difference = cost[a] - penalty[i]
                    if flow[a] < room[a] and difference < length[place[node[a]]]:
                        length[place[node[a]]] = difference
        return
    for n in range(net.start[h], net.start[h + 1]):
        b = net.listed[n]
        if flow[b] <= 0.0:
            continue
        i = net.point[b]
        for a in range(begin[i], begin[i + 1]):
            if node[a] == h or flow[a] >= room[a]:
                continue
            difference = cost[a] - cost[b]
            if difference < length[place[node[a]]]:
                length[place[node[a]]] = difference
        if penalty[i] - cost[b] < length[place[last]]:
            length[place[last]] = penalty[i] - cost[b]


@kernel
def _settled(low, arcs, wants, x, usable, price):  # type: ignore[no-untyped-def]
    """Flows and exact prices (in place) at ``(x, usable)``: network, flows, paths used (-1: not exact)."""
    sites, points = len(x), len(wants.need)
    local = np.full(sites, -1, dtype=np.int64)
    net, flows, p, load = network(low, arcs, wants, x, price, local)
    nodes = len(p) - 1
    supply = np.empty(nodes + 1)
    for j in range(sites):
        if local[j] >= 0:
            supply[local[j]] = usable[j]
    scale = 1e-30
    drawn, over = np.zeros(nodes + 1), np.zeros(nodes + 1)
    for j in range(nodes):
        drawn[j] = supply[j] if p[j] > 0.0 else min(load[j], supply[j])
        over[j] = load[j] - drawn[j]
        scale = max(scale, load[j])
    depots = Depots(supply, drawn, over, p, np.empty(len(net.near)), np.ones(nodes + 1, dtype=np.bool_))
    paths = _balance(net, flows, depots, EPS * scale, AUGMENTATIONS * (nodes + points) + 100)
    for j in range(sites):
        if local[j] >= 0:
            price[j] = max(0.0, p[local[j]])
    return net, flows, paths


@kernel
def equilibrium(low, arcs, wants, x, usable, price):  # type: ignore[no-untyped-def]
    """Make prices optimal at ``(x, usable)``, in place; return the value of the flows found.

    Flows through one gate from several sources count against its capacity one by one, which is exact where
    gates are open or closed. Where the paths allowed run out, the value is ``nan``.

    Parameters
    ----------
    low, arcs, wants
        As in `depotopt.siting.prices.price_kernels.look`.
    x, usable
        First stage, shape ``(J,)``; ``usable`` are units after survival.
    price
        Prices to start from, shape ``(J,)``; those of sites that no open arc starts from stay.
    """
    net, flows, paths = _settled(low, arcs, wants, x, usable, price)
    if paths < 0:
        return np.nan
    total = 0.0
    for a in range(len(net.node)):
        total += flows.flow[a] * net.cost[a]
    for i in range(len(flows.unmet)):
        total += flows.unmet[i] * net.penalty[i]
    return total


@kernel
def _balance(net, flows, depots, slack, most):  # type: ignore[no-untyped-def]
    """Move load along shortest paths until every depot carries what it draws; return the paths used."""
    supply, drawn, over, p = depots.supply, depots.drawn, depots.over, depots.price
    length, stale, near_first, near = depots.length, depots.stale, net.near_first, net.near
    nodes = len(p)
    last = nodes - 1
    distance, settled = np.full(nodes, np.inf), np.zeros(nodes, dtype=np.bool_)
    before, way = np.full(nodes, NONE, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    hop, touched, place = np.zeros(nodes), np.empty(nodes, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    tree = Paths(distance, before, way, hop, settled, touched)
    nothing = TIE * net.penalty.max()
    turn = 0
    for paths in range(most):
        # Overloaded depots one after the other: what relieves one is mostly near by.
        source = NONE
        for n in range(last):
            j = turn + n if turn + n < last else turn + n - last
            if over[j] > slack:
                source = j
                break
        if source < 0:
            for j in range(last):
                if over[j] < -slack:
                    source = last
            if source < 0:
                return paths
        else:
            turn = source
        distance[source] = 0.0
        touched[0] = source
        count = 1
        end = NONE
        while True:
            j = NONE
            for n in range(count):
                h = touched[n]
                if not settled[h] and (j < 0 or distance[h] < distance[j]):
                    j = h
            if j < 0:
                return -1
            settled[j] = True
            if (j < last and over[j] < -slack) or (j == last and source < last):
                end = j
                break
            if stale[j]:
                _refresh(j, net, flows, length, place)
                stale[j] = False
            for e in range(near_first[j], near_first[j + 1]):
                h = near[e]
                if settled[h]:
                    continue
                step, how = length[e], 0
                if h == last and drawn[j] < supply[j] and step > 0.0:
                    step, how = 0.0, 1
                if j == last and drawn[h] > 0.0 and step > 0.0:
                    step, how = 0.0, 2
                if step == np.inf:
                    continue
                reduced = max(0.0, step + p[h] - p[j])
                # A detour that saves only rounding would carry little at a time.
                if distance[j] + reduced < distance[h] - nothing:
                    if distance[h] == np.inf:
                        touched[count] = h
                        count += 1
                    distance[h] = distance[j] + reduced
                    before[h], way[h], hop[h] = j, how, step
        reach = distance[end]
        for n in range(count):
            j = touched[n]
            if settled[j] and distance[j] < reach:
                p[j] += reach - distance[j]
        shift = p[last]
        if shift != 0.0:
            for j in range(nodes):
                p[j] -= shift
        _push(end, tree, net, flows, depots, slack * 1e-2)
        for n in range(count):
            j = touched[n]
            distance[j], settled[j], before[j] = np.inf, False, NONE
    return -1


@kernel
def _shift(h, j, worth, most, net, flows, stale, slack):  # type: ignore[no-untyped-def]
    """Move up to ``most`` from depot ``h`` to ``j`` over all points where that costs at most ``worth``.

    Return the amount. With ``most`` negative nothing moves, and the amount is what could. Moving many points
    at once matters where distances along roads make equal differences.
    """
    begin, node, cost, room, penalty = net.begin, net.node, net.cost, net.room, net.penalty
    flow, unmet, last = flows.flow, flows.unmet, len(stale) - 1
    total = 0.0
    low, high = (0, len(unmet)) if h == last else (net.start[h], net.start[h + 1])
    for n in range(low, high):
        b = -1 if h == last else net.listed[n]
        i = n if h == last else net.point[b]
        held = unmet[i] if b < 0 else flow[b]
        if held <= 0.0:
            continue
        base = penalty[i] if b < 0 else cost[b]
        moved = False
        if j == last:
            if penalty[i] - base > worth:
                continue
            amount = held if most < 0.0 else min(held, most - total)
            if most >= 0.0:
                flow[b] = held - amount if held - amount > slack else 0.0
                unmet[i] += amount
                moved = True
            total += amount
        else:
            for a in range(begin[i], begin[i + 1]):
                if node[a] != j or flow[a] >= room[a] or cost[a] - base > worth:
                    continue
                amount = min(held, room[a] - flow[a])
                if most >= 0.0:
                    amount = min(amount, most - total)
                    held = held - amount if held - amount > slack else 0.0
                    if b < 0:
                        unmet[i] = held
                    else:
                        flow[b] = held
                    flow[a] = flow[a] + amount if flow[a] + amount < room[a] - slack else room[a]
                    moved = True
                else:
                    held -= amount
                total += amount
                if held <= 0.0:
                    break
        if moved:
            # What moving the point costs may have changed for all depots that serve it.
            for a in range(begin[i], begin[i + 1]):
                if flow[a] > 0.0 or a == b:
                    stale[node[a]] = True
            stale[last] = True
        if most >= 0.0 and total >= most:
            break
    return total


@kernel
def _push(end, tree, net, flows, depots, slack):  # type: ignore[no-untyped-def]
    """Move as much as possible along the path to ``end``."""
    before, way, hop = tree.before, tree.way, tree.hop
    supply, drawn, over, stale = depots.supply, depots.drawn, depots.over, depots.stale
    last = len(over) - 1
    amount = np.inf if end == last else -over[end]
    j = end
    while before[j] >= 0:
        h = before[j]
        if way[j] == 1:
            amount = min(amount, supply[h] - drawn[h])
        elif way[j] == 2:
            amount = min(amount, drawn[j])
        else:
            worth = hop[j] + TIE * (1.0 + abs(hop[j]))
            amount = min(amount, _shift(h, j, worth, -1.0, net, flows, stale, slack))
        j = h
    if j != last:
        amount = min(amount, over[j])
        over[j] -= amount
    if end != last:
        over[end] += amount
    j = end
    while before[j] >= 0:
        h = before[j]
        if way[j] == 1:
            drawn[h] = drawn[h] + amount if drawn[h] + amount < supply[h] - slack else supply[h]
        elif way[j] == 2:
            drawn[j] = drawn[j] - amount if drawn[j] - amount > slack else 0.0
        else:
            worth = hop[j] + TIE * (1.0 + abs(hop[j]))
            _shift(h, j, worth, amount, net, flows, stale, slack)
        j = h
