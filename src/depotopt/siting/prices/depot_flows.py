"""Exact flows of one commodity from open depots to points over the ways there are, and their prices (numba).

Sets J depots, I points, arcs a = (j, i) listed by point; ``cost[a]``, ``need[i]``, ``supply[j]`` and
``penalty[i]`` per unit unmet::

    min  sum cost f + sum penalty unmet
    s.t. sum_{a to i} f[a] + unmet[i] = need[i],   sum_{a from j} f[a] <= supply[j]
    max  sum need v - sum supply price,    v[i] <= penalty[i],  v[i] <= cost[a] + price[j(a)],  price >= 0

Prices first move one depot at a time where much is wrong with them (`depotopt.siting.prices.price_ascent`),
and every point starts at what is cheapest then. A depot that is then overloaded sends load away,
one with a price that is not full fetches load or gives its price up, both along shortest paths between
depots (successive shortest paths from any starting prices: Ahuja, Magnanti, Orlin 1993, *Network Flows*,
section 9.7; points are folded into the steps between depots). A search ends at the first depot that takes
the load, so it stays in the neighbourhood, and memory is linear in the arcs. At the end the prices prove the
flows: both values agree to rounding.

The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.depot_search import lift, nearest, new_search
from depotopt.siting.prices.price_ascent import NONE, Ways, ascend, by_depot, far_off, proved
from depotopt.units import FloatArray, Int64Array

EPS = 1e-9
"""Overload, relative to the supply, that counts as none."""
REST = 1e-11
"""Share of a point's need that counts as nothing: what rounding leaves of a flow."""
PATHS = 50
"""Paths allowed per depot and point."""


class Sent(NamedTuple):
    """Units on each arc, unmet at each point, load and price of each depot.

    The arcs with flow of depot ``j`` hang together: ``head[j]``, then ``after``; ``ahead`` leads back.
    """

    flow: FloatArray
    unmet: FloatArray
    load: FloatArray
    price: FloatArray
    head: Int64Array
    after: Int64Array
    ahead: Int64Array


@kernel
def _hang(a, j, sent):  # type: ignore[no-untyped-def]
    """An arc of depot ``j`` carries flow from now on."""
    first = sent.head[j]
    sent.after[a], sent.ahead[a] = first, NONE
    if first >= 0:
        sent.ahead[first] = a
    sent.head[j] = a


@kernel
def _drop(a, j, sent):  # type: ignore[no-untyped-def]
    """An arc of depot ``j`` carries nothing any more."""
    before, behind = sent.ahead[a], sent.after[a]
    if before >= 0:
        sent.after[before] = behind
    else:
        sent.head[j] = behind
    if behind >= 0:
        sent.ahead[behind] = before
    sent.flow[a] = 0.0


@kernel
def _serve(ways, sent):  # type: ignore[no-untyped-def]
    """Serve every point whole from what is cheapest at the prices given."""
    begin, node, cost, penalty = ways.begin, ways.node, ways.cost, ways.penalty
    price, need = sent.price, ways.need
    for i in range(len(need)):
        if need[i] <= 0.0:
            continue
        best, least = NONE, penalty[i]
        for a in range(begin[i], begin[i + 1]):
            if cost[a] > least:
                break
            priced = cost[a] + price[node[a]]
            if priced < least or (priced == least and best < 0):
                best, least = a, priced
        if best < 0:
            sent.unmet[i] = need[i]
            continue
        sent.flow[best] = need[i]
        sent.load[node[best]] += need[i]
        _hang(best, node[best], sent)


@kernel
def _send_away(source, slack, ways, sent, search):  # type: ignore[no-untyped-def]
    """Move load of an overloaded depot along a cheapest path to where it can be; ``False`` without one."""
    begin, node, cost, penalty, supply = ways.begin, ways.node, ways.cost, ways.penalty, ways.supply
    flow, load, price = sent.flow, sent.load, sent.price
    distance, given, taken, settled = search.distance, search.given, search.taken, search.settled
    touched, heap, place = search.touched, search.heap, search.place
    distance[source], touched[0], known = 0.0, source, 1
    count = lift(source, heap, place, distance, 0)
    # Where the cheapest path known ends: a depot with room, or unmet need of the point of arc `last`.
    reach, end, last = np.inf, NONE, NONE
    while count > 0:
        j = nearest(heap, place, distance, count)
        count -= 1
        at = distance[j]
        if at >= reach:
            break
        settled[j] = True
        b = sent.head[j]
        while b >= 0:
            i = ways.point[b]
            base = at - cost[b] - price[j]
            step = base + penalty[i]
            if step < at:
                step = at
            if step < reach:
                reach, end, last = step, NONE, b
            for a in range(begin[i], begin[i + 1]):
                if base + cost[a] >= reach:
                    break
                h = node[a]
                step = base + cost[a] + price[h]
                if step < at:
                    step = at
                if step >= reach or step >= distance[h] or settled[h]:
                    continue
                if distance[h] == np.inf:
                    touched[known] = h
                    known += 1
                distance[h], given[h], taken[h] = step, b, a
                if load[h] < supply[h] - slack[h]:
                    reach, end, last = step, h, NONE
                else:
                    count = lift(h, heap, place, distance, count)
            b = sent.after[b]
    found = reach < np.inf
    if found:
        for n in range(known):
            j = touched[n]
            if settled[j] and distance[j] < reach:
                price[j] += reach - distance[j]
        j = end
        if end < 0:
            amount = flow[last]
            j = node[last]
        else:
            amount = supply[end] - load[end]
        while j != source:
            amount = min(amount, flow[given[j]])
            j = node[given[j]]
        amount = min(amount, load[source] - supply[source])
        load[source] -= amount
        j = end
        if end < 0:
            j = node[last]
            sent.unmet[ways.point[last]] += amount
            _less(last, j, amount, ways, sent)
        else:
            load[end] += amount
        while j != source:
            _more(taken[j], j, amount, sent)
            b = given[j]
            j = node[b]
            _less(b, j, amount, ways, sent)
    for n in range(known):
        j = touched[n]
        distance[j], place[j], settled[j] = np.inf, NONE, False
    return found


@kernel
def _more(a, j, amount, sent):  # type: ignore[no-untyped-def]
    if sent.flow[a] <= 0.0:
        _hang(a, j, sent)
    sent.flow[a] += amount


@kernel
def _less(a, j, amount, ways, sent):  # type: ignore[no-untyped-def]
    sent.flow[a] -= amount
    if sent.flow[a] <= ways.rest[ways.point[a]]:
        _drop(a, j, sent)


@kernel
def _fetch(target, slack, ways, sent, search):  # type: ignore[no-untyped-def]
    """Bring load to a depot that has a price and is not full, or give prices up until one is nothing."""
    begin, node, cost, penalty, supply = ways.begin, ways.node, ways.cost, ways.penalty, ways.supply
    flow, load, price = sent.flow, sent.load, sent.price
    distance, given, taken, settled = search.distance, search.given, search.taken, search.settled
    touched, heap, place = search.touched, search.heap, search.place
    distance[target], touched[0], known = 0.0, target, 1
    count = lift(target, heap, place, distance, 0)
    # Where the cheapest path known begins: a depot that may be idle, or unmet need that arc `last` serves.
    reach, end, last = np.inf, NONE, NONE
    while count > 0:
        j = nearest(heap, place, distance, count)
        count -= 1
        at = distance[j]
        if at >= reach:
            break
        settled[j] = True
        if at + price[j] < reach:
            reach, end, last = at + price[j], j, NONE
        for n in range(ways.start[j], ways.start[j + 1]):
            a = ways.listed[n]
            i = ways.point[a]
            base = at + cost[a] + price[j]
            if sent.unmet[i] > 0.0:
                step = base - penalty[i]
                if step < at:
                    step = at
                if step < reach:
                    reach, end, last = step, NONE, a
            for b in range(begin[i], begin[i + 1]):
                if flow[b] <= 0.0:
                    continue
                h = node[b]
                step = base - cost[b] - price[h]
                if step < at:
                    step = at
                if step >= reach or step >= distance[h] or settled[h]:
                    continue
                if distance[h] == np.inf:
                    touched[known] = h
                    known += 1
                distance[h], given[h], taken[h] = step, b, a
                count = lift(h, heap, place, distance, count)
    for n in range(known):
        j = touched[n]
        if settled[j] and distance[j] < reach:
            price[j] = max(0.0, price[j] - (reach - distance[j]))
    if end >= 0:
        price[end] = 0.0
    amount = supply[target] - load[target]
    j = end
    if end < 0:
        amount = min(amount, sent.unmet[ways.point[last]])
        j = node[last]
    while j != target:
        amount = min(amount, flow[given[j]])
        j = node[taken[j]]
    if end < 0:
        i, j = ways.point[last], node[last]
        sent.unmet[i] -= amount
        if sent.unmet[i] <= ways.rest[i]:
            sent.unmet[i] = 0.0
        _more(last, j, amount, sent)
    else:
        j = end
        load[end] -= amount
    while j != target:
        b, a = given[j], taken[j]
        _less(b, j, amount, ways, sent)
        j = node[a]
        _more(a, j, amount, sent)
    load[target] += amount
    for n in range(known):
        j = touched[n]
        distance[j], place[j], settled[j] = np.inf, NONE, False


@kernel
def _settle(ways, sent, spare, allowed):  # type: ignore[no-untyped-def]
    """Move load until no depot is overloaded and none with a price is idle; paths used, -1 if too many.

    What may be ``spare``, in cost, of the value is left unmoved: overload becomes unmet need.
    """
    supply, load, price = ways.supply, sent.load, sent.price
    nodes = len(supply)
    most = allowed * (nodes + len(ways.penalty) + 2)
    dearest = ways.penalty.max() if len(ways.penalty) else 0.0
    search = new_search(nodes)
    slack = EPS * np.maximum(1.0, supply)
    paths = 0
    for j in range(nodes):
        while load[j] > supply[j] + slack[j]:
            if (load[j] - supply[j]) * dearest <= spare:
                spare -= (load[j] - supply[j]) * dearest
                _leave_unmet(j, ways, sent)
                break
            paths += 1
            if paths > most or not _send_away(j, slack, ways, sent, search):
                return NONE
    for j in range(nodes):
        while price[j] > 0.0 and load[j] < supply[j] - slack[j]:
            if (supply[j] - load[j]) * price[j] <= spare:
                spare -= (supply[j] - load[j]) * price[j]
                break
            paths += 1
            if paths > most:
                return NONE
            _fetch(j, slack, ways, sent, search)
    return paths


@kernel
def _leave_unmet(j, ways, sent):  # type: ignore[no-untyped-def]
    """Take what overloads a depot off the points it serves."""
    b = sent.head[j]
    while b >= 0 and sent.load[j] > ways.supply[j]:
        behind = sent.after[b]
        amount = min(sent.flow[b], sent.load[j] - ways.supply[j])
        sent.load[j] -= amount
        sent.unmet[ways.point[b]] += amount
        _less(b, j, amount, ways, sent)
        b = behind


@kernel
def depot_flows(begin, node, cost, need, penalty, supply, price, tolerance):  # type: ignore[no-untyped-def]
    """Flows and prices of one road state and commodity.

    Parameters
    ----------
    begin, node, cost
        Arcs by point, the cheapest first, one from each depot: offsets ``(I + 1,)``, depot and cost ``(A,)``.
    need, penalty
        By point, ``>= 0``.
    supply
        By depot, ``>= 0``.
    price
        Prices to start from, by depot; changed to those found.
    tolerance
        Share of the value that flows may cost more than what the prices prove; 0: exact.

    Returns
    -------
    tuple
        Flow of each arc, unmet need of each point, paths used (-1: too many, flows may overload depots), and
        the value the prices prove.
    """
    return flows_within(begin, node, cost, need, penalty, supply, price, tolerance, PATHS)


@kernel
def flows_within(  # type: ignore[no-untyped-def]
    begin, node, cost, need, penalty, supply, price, tolerance, allowed
):
    """As `depot_flows`, with so many paths ``allowed`` per depot and point; then as many from prices zero."""
    flow, unmet, paths, bound = _flows_from(
        begin, node, cost, need, penalty, supply, price, tolerance, allowed
    )
    if paths < 0:
        price[:] = 0.0
        flow, unmet, paths, bound = _flows_from(
            begin, node, cost, need, penalty, supply, price, tolerance, allowed
        )
    return flow, unmet, paths, bound


@kernel
def _flows_from(  # type: ignore[no-untyped-def]
    begin, node, cost, need, penalty, supply, price, tolerance, allowed
):
    nodes = len(supply)
    point, start, listed = by_depot(begin, node, nodes)
    ways = Ways(begin, node, cost, point, start, listed, need, penalty, supply, REST * need)
    sent = Sent(
        np.zeros(len(node)),
        np.zeros(len(need)),
        np.zeros(nodes),
        price,
        np.full(nodes, NONE),
        np.empty(len(node), dtype=np.int64),
        np.empty(len(node), dtype=np.int64),
    )
    if far_off(ways, price):
        ascend(ways, price)
    _serve(ways, sent)
    spare = tolerance * max(0.0, proved(ways, price)) if tolerance > 0.0 else 0.0
    paths = _settle(ways, sent, spare, allowed)
    return sent.flow, sent.unmet, paths, proved(ways, price)
