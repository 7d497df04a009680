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

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.ranking import ranked

TINY = 1e-9


@kernel
def _charged(a, site, origin, x):  # type: ignore[no-untyped-def]
    """Site an arc is charged to: its gate, or its source where that is less open."""
    return origin[a] if x[origin[a]] < x[site[a]] else site[a]


@kernel
def _fill(  # type: ignore[no-untyped-def]
    low, high, site, origin, time_ds, rate, penalty, x, price, order, source, value
):
    """Sort the open arcs of a point by ``cost + price`` until they serve it all; return how many.

    ``order`` gets the sites charged, ``source`` those whose stock is used, ``value`` the priced costs.
    """
    direct = len(origin) == 0
    count = 0
    for a in range(low, high):
        cost = rate * time_ds[a]
        if cost >= penalty:
            break
        served = 0.0
        last = count
        for n in range(count):
            served += x[order[n]]
            if served >= 1.0 - TINY:
                last = n
                break
        # Everything from here on costs at least as much as what already serves the point.
        if last < count and value[last] <= cost:
            break
        g = site[a] if direct else _charged(a, site, origin, x)
        if x[g] <= TINY:
            continue
        j = g if direct else origin[a]
        priced = cost + price[j]
        if priced >= penalty:
            continue
        n = count
        if not direct:
            # One place per charged site: its cheapest arc.
            at = 0
            while at < count and order[at] != g:
                at += 1
            if at < count:
                if value[at] <= priced:
                    continue
                n = at
                count -= 1
        while n > 0 and value[n - 1] > priced:
            value[n] = value[n - 1]
            order[n] = order[n - 1]
            source[n] = source[n - 1]
            n -= 1
        value[n] = priced
        order[n] = g
        source[n] = j
        count += 1
    return count


@kernel
def ascend(  # type: ignore[no-untyped-def]
    first, site, origin, time_ds, rate, need, penalty, x, usable, price, iterations, step
):
    """Improve prices by subgradient steps with momentum, in place; return the best value found.

    Parameters
    ----------
    first, site, origin, time_ds
        Arcs of the road state, see `depotopt.siting.problem.StateArcs`.
    rate
        Cost per unit and decisecond.
    need, penalty
        Shape ``(I,)``.
    x, usable
        First stage to separate at, shape ``(J,)``; ``usable`` are units after survival.
    price
        Prices to start from and to leave the best ones in, shape ``(J,)``.
    iterations, step
        Number of steps, and length of the first in cost per unit.
    """
    sites = len(x)
    trial = price.copy()
    momentum = np.zeros(sites)
    load = np.empty(sites)
    widest = 0
    for i in range(len(need)):
        widest = max(widest, first[i + 1] - first[i])
    order = np.empty(widest + 1, dtype=np.int64)
    source = np.empty(widest + 1, dtype=np.int64)
    value = np.empty(widest + 1)
    best = -np.inf
    for iteration in range(iterations):
        load[:] = 0.0
        total = 0.0
        for i in range(len(need)):
            if need[i] <= 0.0:
                continue
            low, high = first[i], first[i + 1]
            count = _fill(low, high, site, origin, time_ds, rate, penalty[i], x, trial, order, source, value)
            left = 1.0
            cost = 0.0
            for n in range(count):
                part = min(x[order[n]], left)
                cost += part * value[n]
                load[source[n]] += need[i] * part
                left -= part
                if left <= TINY:
                    break
            total += need[i] * (cost + max(left, 0.0) * penalty[i])
        for j in range(sites):
            total -= trial[j] * usable[j]
        if total > best:
            best = total
            for j in range(sites):
                price[j] = trial[j]
        norm = 0.0
        for j in range(sites):
            slope = load[j] - usable[j]
            if trial[j] > 0.0 or slope > 0.0:
                norm += slope * slope
        if norm < 1e-12:
            break
        norm = np.sqrt(norm)
        length = step / (1.0 + 0.05 * iteration)
        for j in range(sites):
            momentum[j] = 0.7 * momentum[j] + (load[j] - usable[j]) / norm
            trial[j] = max(0.0, trial[j] + length * momentum[j])
    return best


@kernel
def cut(  # type: ignore[no-untyped-def]
    first, site, origin, time_ds, rate, need, penalty, x, price, weight
):
    """Constant of the cut at ``x`` and prices; ``weight[g]`` gets what is charged to each site."""
    widest = 0
    for i in range(len(need)):
        widest = max(widest, first[i + 1] - first[i])
    direct = len(origin) == 0
    order = np.empty(widest + 1, dtype=np.int64)
    source = np.empty(widest + 1, dtype=np.int64)
    value = np.empty(widest + 1)
    most = np.zeros(0 if direct else len(x))
    weight[:] = 0.0
    constant = 0.0
    for i in range(len(need)):
        if need[i] <= 0.0:
            continue
        low, high = first[i], first[i + 1]
        count = _fill(low, high, site, origin, time_ds, rate, penalty[i], x, price, order, source, value)
        v = penalty[i]
        served = 0.0
        for n in range(count):
            served += x[order[n]]
            if served >= 1.0 - TINY:
                v = value[n]
                break
        constant += need[i] * v
        for a in range(low, high):
            cost = rate * time_ds[a]
            if cost >= v:
                break
            if direct:
                gain = v - cost - price[site[a]]
                if gain > 0.0:
                    weight[site[a]] += need[i] * gain
                continue
            g = _charged(a, site, origin, x)
            gain = v - cost - price[origin[a]]
            if gain > most[g]:
                weight[g] += need[i] * (gain - most[g])
                most[g] = gain
        if not direct:
            for a in range(low, high):
                most[_charged(a, site, origin, x)] = 0.0
    return constant


@kernel
def complete(  # type: ignore[no-untyped-def]
    first, site, origin, time_ds, rate, need, penalty, x, usable, hoped, price
):
    """Prices for sites that the exact prices of a layout say nothing about, in place.

    Closed sites, and open ones without stock, take no part in a transportation problem. A site that
    holds ``hoped`` units would use them for the points that gain most; the gain of the last one served is
    the price that makes the cut cheapest for it (for an open site without stock: the largest gain, which
    keeps the cut tight where it was made).

    Parameters
    ----------
    first, site, origin, time_ds, rate, need, penalty
        As in `ascend`.
    x, usable
        Layout the prices belong to, shape ``(J,)``.
    hoped
        Units a closed site might hold, shape ``(J,)``.
    price
        Exact prices where ``usable > 0``; the others are filled in.
    """
    sites, points = len(x), len(need)
    sources = site if len(origin) == 0 else origin
    value = penalty.copy()
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
