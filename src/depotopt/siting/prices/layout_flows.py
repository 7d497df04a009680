"""Flows and prices of a layout: the arcs that are open to it, one road state and commodity at a time (numba).

For a fixed layout each stock reaches a point over its fastest open way, so recourse is a transportation
problem on the arcs whose gate is open and whose source has units (`depotopt.siting.prices.depot_flows`).
Nothing else is stored: memory is linear in those arcs.

The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.depot_flows import PATHS, flows_within
from depotopt.siting.prices.price_ascent import NONE
from depotopt.siting.prices.price_kernels import Wanted
from depotopt.units import BoolArray, FloatArray


class Asked(NamedTuple):
    """What a layout is judged on.

    Cost per unit and decisecond ``(K,)``, need ``(S, I, K)``, penalty ``(I, K)``, which sites are open
    ``(J,)``, and their usable units ``(S, J, K)``.
    """

    rate: FloatArray
    need: FloatArray
    penalty: FloatArray
    opened: BoolArray
    usable: FloatArray


class Responses(NamedTuple):
    """What flows cost: transport and unmet need, and what their prices prove; each ``(S, K)``.

    ``price`` is of shape ``(S, K, J)``: per unit of usable stock.
    """

    moved: FloatArray
    unmet: FloatArray
    bound: FloatArray
    price: FloatArray


@kernel
def open_arcs(low, arcs, wants, opened, usable, local):  # type: ignore[no-untyped-def]
    """Arcs worth using, by point: offsets, depot, cost, position; and the source of each depot."""
    first, site, origin, time_ds = arcs.first, arcs.site, arcs.origin, arcs.time_ds
    rate, need, penalty = wants.rate[0], wants.need, wants.penalty
    source = site if len(origin) == 0 else origin
    points, sites = len(need), len(usable)
    # Last point each source was met at: only its fastest arc to a point counts.
    seen = np.full(sites, -1, dtype=np.int64)
    begin = np.zeros(points + 1, dtype=np.int64)
    for i in range(points):
        begin[i + 1] = begin[i]
        if need[i] <= 0.0:
            continue
        for a in range(first[low + i], first[low + i + 1]):
            # At the cost of unmet need people are served.
            if rate * time_ds[a] > penalty[i]:
                break
            j = source[a]
            if usable[j] > 0.0 and opened[site[a]] and seen[j] != i:
                seen[j] = i
                begin[i + 1] += 1
    node = np.empty(begin[points], dtype=np.int64)
    cost = np.empty(begin[points])
    place = np.empty(begin[points], dtype=np.int64)
    of = np.empty(sites, dtype=np.int64)
    nodes, n = 0, 0
    seen[:] = -1
    for i in range(points):
        if begin[i + 1] == begin[i]:
            continue
        for a in range(first[low + i], first[low + i + 1]):
            if rate * time_ds[a] > penalty[i]:
                break
            j = source[a]
            if usable[j] <= 0.0 or not opened[site[a]] or seen[j] == i:
                continue
            seen[j] = i
            if local[j] < 0:
                local[j] = nodes
                of[nodes] = j
                nodes += 1
            node[n], cost[n], place[n] = local[j], rate * time_ds[a], a
            n += 1
    return begin, node, cost, place, of[:nodes]


@kernel
def answer(low, arcs, wants, opened, usable, price, tolerance):  # type: ignore[no-untyped-def]
    """Flows of a layout in one road state, for one commodity.

    Parameters
    ----------
    low, arcs, wants
        As in `depotopt.siting.prices.price_kernels.look`.
    opened
        Which sites are open, shape ``(J,)``.
    usable
        Units after survival, shape ``(J,)``.
    price
        Prices to start from, shape ``(J,)``; in place those found, of sites that can serve anybody.
    tolerance
        See `depotopt.siting.prices.depot_flows.depot_flows`.

    Returns
    -------
    tuple
        Positions of the arcs that are open and their flows, unmet need by point, cost of moving and of unmet
        need, and the value the prices prove; both costs are ``nan`` where too many paths were needed.
    """
    return answer_within(low, arcs, wants, opened, usable, price, tolerance, PATHS)


@kernel
def answer_within(  # type: ignore[no-untyped-def]
    low, arcs, wants, opened, usable, price, tolerance, allowed
):
    """As `answer`, with so many paths ``allowed`` per depot and point."""
    local = np.full(len(usable), -1, dtype=np.int64)
    begin, node, cost, place, of = open_arcs(low, arcs, wants, opened, usable, local)
    start, supply = np.empty(len(of)), np.empty(len(of))
    for n in range(len(of)):
        start[n], supply[n] = price[of[n]], usable[of[n]]
    flow, unmet, paths, bound = flows_within(
        begin, node, cost, wants.need, wants.penalty, supply, start, tolerance, allowed
    )
    for j in range(len(usable)):
        # Stock that reaches nobody is worth nothing.
        if usable[j] > 0.0:
            price[j] = 0.0 if local[j] < 0 else start[local[j]]
    moved, missing = 0.0, 0.0
    if paths < 0:
        moved, missing = np.nan, np.nan
    for a in range(len(flow)):
        moved += flow[a] * cost[a]
    for i in range(len(unmet)):
        missing += unmet[i] * wants.penalty[i]
    return place, flow, unmet, moved, missing, bound


@kernel
def judge(states, arcs, case, fresh, tolerance, found, allowed):  # type: ignore[no-untyped-def]
    """Answer some road states, commodity by commodity.

    Parameters
    ----------
    states
        Positions of road states.
    arcs
        `depotopt.siting.prices.price_kernels.AllArcs`.
    case
        The layout and what is asked of it.
    fresh
        Whether prices start from those of the commodity before, at its cost of moving: most needs go with
        people, so depots run short together. Else from those in ``found``.
    tolerance
        See `depotopt.siting.prices.depot_flows.depot_flows`.
    found
        Filled in for these states; costs are ``nan`` where too many paths were needed.
    allowed
        Paths per depot and point.
    """
    points, commodities = case.need.shape[1:]
    for s in states:
        before = NONE
        for k in range(commodities):
            need = case.need[s, :, k].copy()
            if need.max() <= 0.0:
                continue
            price = found.price[s, k]
            if fresh and before >= 0 and case.rate[before] > 0.0:
                price[:] = found.price[s, before] * (case.rate[k] / case.rate[before])
            before = k
            wants = Wanted(case.rate[k : k + 1], need, case.penalty[:, k].copy())
            usable = case.usable[s, :, k].copy()
            _, _, _, moved, unmet, bound = answer_within(
                s * points, arcs, wants, case.opened, usable, price, tolerance, allowed
            )
            found.moved[s, k], found.unmet[s, k], found.bound[s, k] = moved, unmet, bound
