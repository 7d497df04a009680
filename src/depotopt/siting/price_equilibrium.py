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

from typing import Any

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.price_kernels import TINY
from depotopt.siting.ranking import ranked

EPS = 1e-10
"""Imbalance, relative to the largest need or load, that counts as none."""
NONE: Any = np.int64(-1)
"""No depot: a typed number, because numba compiles a callee anew for a literal."""
TIE = 1e-11
"""Relative difference of cost differences that counts as none."""
AUGMENTATIONS = 50
"""Paths allowed per depot and point together; prices are valid (and better than before) wherever it ends."""


@kernel
def _network(low, arcs, wants, x, local):  # type: ignore[no-untyped-def]
    """Arcs worth using, by point: offsets, node of the source, cost, capacity."""
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
def _refresh(  # type: ignore[no-untyped-def]
    h, begin, node, cost, penalty, room, flow, unmet, start, listed, point, length
):
    """Least cost difference of moving a unit from depot ``h`` to every other."""
    last = length.shape[0] - 1
    length[h, :] = np.inf
    if h == last:
        for i in range(len(unmet)):
            if unmet[i] > 0.0:
                for a in range(begin[i], begin[i + 1]):
                    difference = cost[a] - penalty[i]
                    if flow[a] < room[a] and difference < length[h, node[a]]:
                        length[h, node[a]] = difference
        return
    for n in range(start[h], start[h + 1]):
        b = listed[n]
        if flow[b] <= 0.0:
            continue
        i = point[b]
        for a in range(begin[i], begin[i + 1]):
            difference = cost[a] - cost[b]
            if flow[a] < room[a] and difference < length[h, node[a]] and node[a] != h:
                length[h, node[a]] = difference
        if penalty[i] - cost[b] < length[h, last]:
            length[h, last] = penalty[i] - cost[b]


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
def equilibrium(low, arcs, wants, x, usable, price):  # type: ignore[no-untyped-def]
    """Make prices optimal at ``(x, usable)``, in place; return the value of the flows found.

    Flows through one gate from several sources count against its capacity one by one, which is exact where
    gates are open or closed. Where the paths allowed run out, the value is ``nan``.

    Parameters
    ----------
    low, arcs, wants
        As in `depotopt.siting.price_kernels.look`.
    x, usable
        First stage, shape ``(J,)``; ``usable`` are units after survival.
    price
        Prices to start from, shape ``(J,)``; those of sites that no open arc starts from stay.
    """
    need, penalty = wants.need, wants.penalty
    sites, points = len(x), len(need)
    local = np.full(sites, -1, dtype=np.int64)
    begin, node, cost, room, nodes = _network(low, arcs, wants, x, local)
    supply, p = np.empty(nodes + 1), np.zeros(nodes + 1)
    for j in range(sites):
        if local[j] >= 0:
            supply[local[j]] = usable[j]
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
    scale = 1e-30
    drawn = np.zeros(nodes + 1)
    over = np.zeros(nodes + 1)
    for j in range(nodes):
        drawn[j] = supply[j] if p[j] > 0.0 else min(load[j], supply[j])
        over[j] = load[j] - drawn[j]
        scale = max(scale, load[j])
    paths = _balance(
        begin, node, cost, penalty, room, flow, unmet, start, listed, point, supply, drawn, over, p,
        EPS * scale, AUGMENTATIONS * (nodes + points) + 100,
    )  # fmt: skip
    for j in range(sites):
        if local[j] >= 0:
            price[j] = max(0.0, p[local[j]])
    if paths < 0:
        return np.nan
    total = 0.0
    for a in range(len(node)):
        total += flow[a] * cost[a]
    for i in range(points):
        total += unmet[i] * penalty[i]
    return total


@kernel
def _balance(  # type: ignore[no-untyped-def]
    begin, node, cost, penalty, room, flow, unmet, start, listed, point, supply, drawn, over, p, slack, most
):
    """Move load along shortest paths until every depot carries what it draws; return the paths used."""
    nodes = len(p)
    last = nodes - 1
    length = np.empty((nodes, nodes))
    stale = np.ones(nodes, dtype=np.bool_)
    distance, settled = np.empty(nodes), np.empty(nodes, dtype=np.bool_)
    before, way = np.empty(nodes, dtype=np.int64), np.empty(nodes, dtype=np.int64)
    nothing = 0.0
    for i in range(len(penalty)):
        nothing = max(nothing, TIE * penalty[i])
    for paths in range(most):
        excess = False
        for j in range(last):
            if over[j] > slack:
                excess = True
        source = False
        for j in range(nodes):
            distance[j] = np.inf
            settled[j] = False
            before[j] = -1
            if (excess and j < last and over[j] > slack) or (not excess and j == last):
                distance[j] = 0.0
        if not excess:
            for j in range(last):
                if over[j] < -slack:
                    source = True
            if not source:
                return paths
        end = NONE
        while True:
            j = NONE
            for h in range(nodes):
                if not settled[h] and distance[h] < np.inf and (j < 0 or distance[h] < distance[j]):
                    j = h
            if j < 0:
                return -1
            settled[j] = True
            if (j < last and over[j] < -slack) or (j == last and excess):
                end = j
                break
            if stale[j]:
                _refresh(j, begin, node, cost, penalty, room, flow, unmet, start, listed, point, length)
                stale[j] = False
            for h in range(nodes):
                if settled[h]:
                    continue
                step, how = length[j, h], 0
                if h == last and drawn[j] < supply[j] and step > 0.0:
                    step, how = 0.0, 1
                if j == last and drawn[h] > 0.0 and step > 0.0:
                    step, how = 0.0, 2
                if step == np.inf:
                    continue
                reduced = max(0.0, step + p[h] - p[j])
                # A detour that saves only rounding would carry little at a time.
                if distance[j] + reduced < distance[h] - nothing:
                    distance[h] = distance[j] + reduced
                    before[h] = j
                    way[h] = how
        reach = distance[end]
        for j in range(nodes):
            if settled[j] and distance[j] < reach:
                p[j] += reach - distance[j]
        shift = p[last]
        if shift != 0.0:
            for j in range(nodes):
                p[j] -= shift
        _push(
            end, before, way, begin, node, cost, penalty, room, flow, unmet, start, listed, point, supply,
            drawn, over, length, stale, slack * 1e-2,
        )  # fmt: skip
    return -1


@kernel
def _shift(  # type: ignore[no-untyped-def]
    h, j, most, begin, node, cost, penalty, room, flow, unmet, start, listed, point, length, stale, slack
):
    """Move up to ``most`` from depot ``h`` to ``j`` over all points where that costs the least.

    Return the amount. With ``most`` negative nothing moves, and the amount is what could. Moving many points
    at once matters where distances along roads make equal differences.
    """
    last = length.shape[0] - 1
    worth = length[h, j] + TIE * (1.0 + abs(length[h, j]))
    total = 0.0
    low, high = (0, len(unmet)) if h == last else (start[h], start[h + 1])
    for n in range(low, high):
        b = -1 if h == last else listed[n]
        i = n if h == last else point[b]
        held = unmet[i] if b < 0 else flow[b]
        if held <= 0.0:
            continue
        base = penalty[i] if b < 0 else cost[b]
        if j == last:
            if penalty[i] - base > worth:
                continue
            amount = held if most < 0.0 else min(held, most - total)
            if most >= 0.0:
                flow[b] = held - amount if held - amount > slack else 0.0
                unmet[i] += amount
                _touch(i, b, -1, begin, node, flow, stale)
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
                    _touch(i, b, a, begin, node, flow, stale)
                else:
                    held -= amount
                total += amount
                if held <= 0.0:
                    break
        if most >= 0.0 and total >= most:
            break
    return total


@kernel
def _touch(i, b, a, begin, node, flow, stale):  # type: ignore[no-untyped-def]
    """Mark the depots that serve a point: what moving it costs may have changed."""
    for n in range(begin[i], begin[i + 1]):
        if flow[n] > 0.0 or n in (b, a):
            stale[node[n]] = True
    stale[len(stale) - 1] = True


@kernel
def _push(  # type: ignore[no-untyped-def]
    end, before, way, begin, node, cost, penalty, room, flow, unmet, start, listed, point, supply, drawn,
    over, length, stale, slack,
):  # fmt: skip
    """Move as much as possible along the path to ``end``."""
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
            could = _shift(
                h, j, -1.0, begin, node, cost, penalty, room, flow, unmet, start, listed, point, length,
                stale, slack,
            )  # fmt: skip
            amount = min(amount, could)
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
            _shift(
                h, j, amount, begin, node, cost, penalty, room, flow, unmet, start, listed, point, length,
                stale, slack,
            )  # fmt: skip
        j = h
