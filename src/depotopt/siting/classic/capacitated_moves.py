"""Loops that assign whole points to open sites (numba): greedy by regret, then shifts and swaps."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel


@kernel
def assign_by_regret(cost, need, capacity, price, by):  # type: ignore[no-untyped-def]
    """Points in order of regret to the cheapest open site with room; where none has room, to the roomiest.

    Parameters
    ----------
    cost
        Of the open sites, shape ``(S, I)``; ``inf`` where not allowed.
    need, capacity
        Shapes ``(I,)`` and ``(S,)``.
    price
        Per unit of capacity, shape ``(S,)``: what makes a crowded site look dearer.
    by
        The row serving each point, written here.

    Returns
    -------
    bool
        Whether every point found an allowed site (capacity may be exceeded).
    """
    sites, points = cost.shape
    key = np.empty(points)
    for i in range(points):
        first, second = np.inf, np.inf
        for s in range(sites):
            c = cost[s, i] + price[s] * need[i]
            if c < first:
                first, second = c, first
            elif c < second:
                second = c
        if first == np.inf:
            return False
        key[i] = -(second - first) if second < np.inf else -1e300
        # Large needs first among equals: they are the hard ones to place.
        key[i] -= 1e-6 * need[i]
    load = np.zeros(sites)
    for i in np.argsort(key):
        best, roomiest = -1, -1
        for s in range(sites):
            if cost[s, i] == np.inf:
                continue
            if roomiest < 0 or capacity[s] - load[s] > capacity[roomiest] - load[roomiest]:
                roomiest = s
            if load[s] + need[i] <= capacity[s] + 1e-9 and (
                best < 0 or cost[s, i] + price[s] * need[i] < cost[best, i] + price[best] * need[i]
            ):
                best = s
        by[i] = best if best >= 0 else roomiest
        load[by[i]] += need[i]
    return True


@kernel
def _over(load, capacity):  # type: ignore[no-untyped-def]
    return max(0.0, load - capacity - 1e-9)


@kernel
def improve(cost, need, capacity, by, penalty, sweeps):  # type: ignore[no-untyped-def]
    """Shift points and swap pairs while cost plus ``penalty`` per unit of overload falls; in place.

    Returns
    -------
    tuple
        Cost and overload reached.
    """
    sites, points = cost.shape
    load = np.zeros(sites)
    for i in range(points):
        load[by[i]] += need[i]
    for _ in range(sweeps):
        moved = False
        for i in range(points):
            a = by[i]
            off = penalty * (_over(load[a] - need[i], capacity[a]) - _over(load[a], capacity[a]))
            target, gain = -1, 1e-9 * (1.0 + cost[a, i])
            for s in range(sites):
                if s == a or cost[s, i] == np.inf:
                    continue
                on = penalty * (_over(load[s] + need[i], capacity[s]) - _over(load[s], capacity[s]))
                better = cost[a, i] - cost[s, i] - off - on
                if better > gain:
                    target, gain = s, better
            if target >= 0:
                load[a] -= need[i]
                load[target] += need[i]
                by[i] = target
                moved = True
        for i in range(points):
            for k in range(i + 1, points):
                a, b = by[i], by[k]
                if a == b:
                    continue
                saved = cost[a, i] + cost[b, k] - cost[b, i] - cost[a, k]
                if saved == -np.inf or (saved <= 0.0 and penalty == 0.0):
                    continue
                more = need[k] - need[i]
                over = (
                    _over(load[a] + more, capacity[a])
                    - _over(load[a], capacity[a])
                    + _over(load[b] - more, capacity[b])
                    - _over(load[b], capacity[b])
                )
                if saved - penalty * over > 1e-9 * (1.0 + cost[a, i] + cost[b, k]):
                    load[a] += more
                    load[b] -= more
                    by[i], by[k] = b, a
                    moved = True
        if not moved:
            break
    total, excess = 0.0, 0.0
    for i in range(points):
        total += cost[by[i], i]
    for s in range(sites):
        excess += _over(load[s], capacity[s])
    return total, excess


@kernel
def assign(cost, need, capacity, price, penalty, rounds, best_by):  # type: ignore[no-untyped-def]
    """Assign whole points to open sites by regret, then `oscillate`.

    Returns
    -------
    float
        Cost of the assignment in ``best_by``, ``inf`` where none was found.
    """
    by = np.empty(cost.shape[1], dtype=np.int64)
    if not assign_by_regret(cost, need, capacity, price, by):
        return np.inf
    return oscillate(cost, need, capacity, by, penalty, rounds, best_by)


@kernel
def oscillate(cost, need, capacity, by, penalty, rounds, best_by):  # type: ignore[no-untyped-def]
    """Improve an assignment going back and forth across the capacities.

    ``penalty`` per unit of overload doubles while a round ends overloaded and shrinks after one that does
    not; the best assignment that keeps the capacities goes to ``best_by``.

    Returns
    -------
    float
        Its cost, ``inf`` where none was found.
    """
    best = np.inf
    weight = penalty
    for _ in range(rounds):
        total, excess = improve(cost, need, capacity, by, weight, 50)
        if excess <= 0.0:
            if total < best - 1e-9 * (1.0 + total):
                best = total
                best_by[:] = by
            elif weight < penalty:
                break
            weight *= 0.5
        else:
            weight *= 2.0
    return best
