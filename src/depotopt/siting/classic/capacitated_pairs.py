"""Reduced costs of serving a whole point from a site (numba): which pairs no better solution uses."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.capacitated_covers import FREE, SHUT


@kernel
def _prefixes(size, n, item, profit, need, forward, backward):  # type: ignore[no-untyped-def]
    """Best profit within ``r`` of capacity from the first ``k`` items and from those from ``k`` on."""
    forward[0, : size + 1] = 0.0
    for k in range(n):
        w = int(need[item[k]])
        for r in range(size + 1):
            best = forward[k, r]
            if r >= w:
                best = max(best, forward[k, r - w] + profit[k])
            forward[k + 1, r] = best
    backward[n, : size + 1] = 0.0
    for k in range(n - 1, -1, -1):
        w = int(need[item[k]])
        for r in range(size + 1):
            best = backward[k + 1, r]
            if r >= w:
                best = max(best, backward[k + 1, r - w] + profit[k])
            backward[k, r] = best


@kernel
def fix_pairs(data, price, lift, status, bound, limit):  # type: ignore[no-untyped-def]
    """Forbid (``cost = inf``, in place) what no solution below the limit uses; needs whole numbers.

    The knapsack of a site is solved anew with each point forced in; where the site is kept also with it
    left out: a point it cannot do without is forbidden to all others.

    Parameters
    ----------
    data
        The problem, see `depotopt.siting.classic.capacitated_kernels.raise_bound`.
    price, bound
        Prices of the points, and the bound they give.
    lift
        By how much it rises at least where a site opens.
    status
        Of the sites.
    limit
        What a better solution stays below.

    Returns
    -------
    int
        Pairs that stay allowed.
    """
    cost, need, capacity = data[0], data[1], data[2]
    sites, points = cost.shape
    item = np.empty(points, dtype=np.int64)
    profit = np.empty(points)
    allowed = 0
    for j in range(sites):
        if status[j] == SHUT:
            cost[j] = np.inf
            continue
        size = int(np.floor(capacity[j] + 1e-9))
        n = 0
        for i in range(points):
            if cost[j, i] < price[i] and need[i] <= size:
                item[n] = i
                profit[n] = price[i] - cost[j, i]
                n += 1
        forward, backward = np.empty((n + 1, size + 1)), np.empty((n + 1, size + 1))
        _prefixes(size, n, item, profit, need, forward, backward)
        value = forward[n, size]
        k = 0
        for i in range(points):
            if cost[j, i] == np.inf:
                continue
            w = int(need[i])
            if w > size:
                cost[j, i] = np.inf
                continue
            if k < n and item[k] == i:
                best = -np.inf
                without = 0.0
                for r in range(size - w + 1):
                    best = max(best, forward[k, r] + backward[k + 1, size - w - r])
                forced = profit[k] + best
                if status[j] != FREE:
                    for r in range(size + 1):
                        without = max(without, forward[k, r] + backward[k + 1, size - r])
                    if bound + value - without > limit:
                        for h in range(sites):
                            if h != j:
                                cost[h, i] = np.inf
                k += 1
            else:
                forced = price[i] - cost[j, i] + forward[n, size - w]
            if bound + lift[j] + value - forced > limit:
                cost[j, i] = np.inf
            else:
                allowed += 1
    return allowed
