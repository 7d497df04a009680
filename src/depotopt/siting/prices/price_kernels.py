"""Closed-form pieces of price cuts, one road state and commodity at a time (numba).

For prices ``p[j] >= 0`` on usable stock and values ``v[i]`` in ``[0, penalty[i]]`` weak duality gives, for
every first stage ``(x, stock)``::

    recourse >= sum_i need[i] v[i] - sum_j p[j] usable[j]
                - sum_g x[g] sum_i need[i] max(0, max_a v[i] - c[a] - p[j(a)])

An arc ``a`` carries stock of its source ``j(a)`` and leaves its gate last (the same site, where the source
dispatches). It needs both open, so its gain may be charged to either: the inner maximum runs over
the arcs charged to ``g``. Whichever way arcs are charged, the cut is valid; charged to the less open of the
two it is strongest where it is made.

Given ``p`` and a fractional ``x``, the best ``v[i]`` is the critical cost: serve point ``i`` from its
cheapest ``c[a] + p[j(a)]``, each charged site at most ``x[g]``, until all is served; the cost of the last
one, or the penalty, is ``v[i]``. The right-hand side is then concave in ``p``, and ``load - usable`` is a
subgradient.

Arcs of a point are sorted by time, so a search ends where even a price of zero would cost too much.
The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.ranking import ranked
from depotopt.units import FloatArray, Int32Array, Int64Array

TINY = 1e-9


class AllArcs(NamedTuple):
    """Arcs of all road states: see `depotopt.siting.model.problem.StateArcs`."""

    first: Int64Array
    site: Int32Array
    origin: Int32Array
    time_ds: Int32Array | FloatArray


class Wanted(NamedTuple):
    """What points want: cost per unit and decisecond ``(K,)``, need ``(S, K, I)``, penalty ``(K, I)``."""

    rate: FloatArray
    need: FloatArray
    penalty: FloatArray


@kernel
def look(low, arcs, wants, x, price, load, weight):  # type: ignore[no-untyped-def]
    """Serve every point of one pair at these prices: fill loads and weights, return the cut's constant.

    One loop in one function: handing arrays on for every point costs more than the work (reference counts).

    Parameters
    ----------
    low
        First row of the state in ``arcs.first``.
    arcs, wants
        All arcs; `Wanted` of this pair alone, with arrays by point and a rate of shape ``(1,)``.
    x, price
        How far sites are open, prices of usable stock; shape ``(J,)``.
    load, weight
        Out, shape ``(J,)``: units drawn from each site's stock, gain charged to each site.
    """
    first, site, origin, time_ds = arcs.first, arcs.site, arcs.origin, arcs.time_ds
    rate, needs, penalty = wants.rate[0], wants.need, wants.penalty
    points = len(needs)
    direct = len(origin) == 0
    widest = 0
    for i in range(low, low + points):
        widest = max(widest, first[i + 1] - first[i])
    order = np.empty(widest + 1, dtype=np.int64)
    source = np.empty(widest + 1, dtype=np.int64)
    value = np.empty(widest + 1)
    most = np.zeros(0 if direct else len(x))
    load[:] = 0.0
    weight[:] = 0.0
    constant = 0.0
    for i in range(points):
        need = needs[i]
        if need <= 0.0:
            continue
        begin, end = first[low + i], first[low + i + 1]
        # Cheapest open arcs, just enough to serve the point; `last` is what nothing dearer is needed for.
        count, last, served = 0, penalty[i], 0.0
        for a in range(begin, end):
            cost = rate * time_ds[a]
            if cost >= last:
                break
            g = site[a]
            j = g
            if not direct:
                j = origin[a]
                if x[j] < x[g]:
                    g = j
            if x[g] <= TINY:
                continue
            priced = cost + price[j]
            if priced >= last:
                continue
            if not direct:
                # One place per charged site: its cheapest arc.
                at = 0
                while at < count and order[at] != g:
                    at += 1
                if at < count:
                    if value[at] <= priced:
                        continue
                    served -= x[g]
                    count -= 1
                    for n in range(at, count):
                        value[n] = value[n + 1]
                        order[n] = order[n + 1]
                        source[n] = source[n + 1]
            n = count
            while n > 0 and value[n - 1] > priced:
                value[n] = value[n - 1]
                order[n] = order[n - 1]
                source[n] = source[n - 1]
                n -= 1
            value[n] = priced
            order[n] = g
            source[n] = j
            count += 1
            served += x[g]
            while served - x[order[count - 1]] >= 1.0 - TINY:
                count -= 1
                served -= x[order[count]]
            if served >= 1.0 - TINY:
                last = value[count - 1]
        left = 1.0
        for n in range(count):
            part = min(x[order[n]], left)
            load[source[n]] += need * part
            left -= part
        constant += need * last
        for a in range(begin, end):
            cost = rate * time_ds[a]
            if cost >= last:
                break
            g = site[a]
            if direct:
                gain = last - cost - price[g]
                if gain > 0.0:
                    weight[g] += need * gain
                continue
            j = origin[a]
            if x[j] < x[g]:
                g = j
            gain = last - cost - price[j]
            if gain > most[g]:
                weight[g] += need * (gain - most[g])
                most[g] = gain
        if not direct:
            for a in range(begin, end):
                most[site[a]] = 0.0
                most[origin[a]] = 0.0
    return constant


@kernel
def complete(low, arcs, wants, x, usable, hoped, price):  # type: ignore[no-untyped-def]
    """Prices for sites that the exact prices of a layout say nothing about, in place.

    Closed sites, and open ones without stock, take no part in a transportation problem. A site that
    holds ``hoped`` units would use them for the points that gain most; the gain of the last one served is
    the price that makes the cut cheapest for it (for an open site without stock: the largest gain, which
    keeps the cut tight where it was made).

    Parameters
    ----------
    low, arcs, wants
        As in `look`.
    x, usable
        Layout the prices belong to, shape ``(J,)``.
    hoped
        Units a closed site might hold, shape ``(J,)``.
    price
        Exact prices where ``usable > 0``; the others are filled in.
    """
    first, site, time_ds = arcs.first[low:], arcs.site, arcs.time_ds
    rate, need = wants.rate[0], wants.need
    sites, points = len(x), len(need)
    sources = site if len(arcs.origin) == 0 else arcs.origin
    value = wants.penalty.copy()
    count = np.zeros(sites + 1, dtype=np.int64)
    # Last point counted for each source: only its fastest arc to a point counts.
    seen = np.full(sites, -1, dtype=np.int64)
    for i in range(points):
        for a in range(first[i], first[i + 1]):
            cost = rate * time_ds[a]
            if cost >= value[i]:
                break
            j = sources[a]
            if usable[j] > 0.0 and x[site[a]] > TINY:
                value[i] = min(value[i], cost + price[j])
    for i in range(points):
        for a in range(first[i], first[i + 1]):
            if rate * time_ds[a] >= value[i]:
                break
            j = sources[a]
            if usable[j] <= 0.0 and seen[j] != i:
                seen[j] = i
                count[j + 1] += 1
    start = np.cumsum(count)
    gain = np.empty(start[sites])
    amount = np.empty(start[sites])
    fill = start[:sites].copy()
    seen[:] = -1
    for i in range(points):
        for a in range(first[i], first[i + 1]):
            cost = rate * time_ds[a]
            if cost >= value[i]:
                break
            j = sources[a]
            if usable[j] <= 0.0 and seen[j] != i:
                seen[j] = i
                gain[fill[j]] = value[i] - cost
                amount[fill[j]] = need[i]
                fill[j] += 1
    for j in range(sites):
        if usable[j] > 0.0:
            continue
        price[j] = 0.0
        room = hoped[j] if x[j] <= TINY else 0.0
        order = ranked(-gain[start[j] : start[j + 1]])
        for n in order:
            price[j] = gain[start[j] + n]
            room -= amount[start[j] + n]
            if room < 0.0:
                break
        if room >= 0.0:
            price[j] = 0.0
