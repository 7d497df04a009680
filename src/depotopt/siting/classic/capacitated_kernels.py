"""Loops of the capacitated engine (numba): knapsacks per site, the choice of sites, subgradient steps.

For prices ``u[i]`` of being served the Lagrangean relaxation falls apart by site. Site ``j`` picks points of
profit ``u[i] - cost[j,i]`` under its capacity - a knapsack, continuous where points may be split, 0-1 where
not - and is worth ``v[j] = fixed[j] - profit``. Sites are then chosen so that their capacity covers the
total need: in part, and exactly where few large sites make that dearer (Delmaire p55: root bound 69,587
instead of 68,074, optimum 69,610).

References: Beasley (1988), European Journal of Operational Research 33, 314-325; Holmberg, Roennqvist,
Yuan (1999), European Journal of Operational Research 113, 544-559; Martello, Toth (1990), *Knapsack
Problems*, chapter 2 (bounds and reduction).
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.capacitated_covers import (
    FREE,
    KEPT,
    SHUT,
    choose,
    cover,
    fix_sites,
    price_changes,
)
from depotopt.siting.prices.ranking import ranked

MEMORY = 0.9
"""Part of the last direction that a subgradient step keeps."""
PATIENCE = 40
"""Steps without a better bound before the step is shortened."""
SHORTER = 0.5
"""Factor on the step then."""
MOVED = 0.1
"""Points of less need than this part of the mean move like one of that part."""
SMALLEST_LENGTH = 1e-3


@kernel
def knapsack(cost, need, capacity, price, single, room):  # type: ignore[no-untyped-def]
    """Best choice of points for one site; their shares go to ``take[:n]`` beside ``item[:n]``.

    Parameters
    ----------
    cost
        Of serving each point from this site, shape ``(I,)``.
    need, price
        Shape ``(I,)``.
    capacity
        Of the site.
    single
        Whether points are taken whole (needs whole numbers in ``need`` and ``capacity``).
    room
        ``item``, ``profit``, ``ratio`` and ``take``: arrays to work in, shape ``(I,)``.

    Returns
    -------
    tuple
        Items listed, value of the choice, value of its relaxation, price per unit of capacity in it.
    """
    item, profit, ratio, take = room
    # A typed number: numba would compile what takes a literal twice.
    n = np.int64(0)
    load = 0.0
    total = 0.0
    for i in range(len(price)):
        gain = price[i] - cost[i]
        if gain > 0.0:
            item[n] = i
            profit[n] = gain
            load += need[i]
            total += gain
            n += 1
    if load <= capacity:
        for k in range(n):
            take[k] = 1.0
        return n, total, total, 0.0
    for k in range(n):
        ratio[k] = -profit[k] / need[item[k]] if need[item[k]] > 0.0 else -np.inf
    order = ranked(ratio[:n])
    left = capacity
    relaxed = 0.0
    critical = 0.0
    broken = n
    for position in range(n):
        k = order[position]
        size = need[item[k]]
        if size <= left:
            left -= size
            relaxed += profit[k]
            take[k] = 1.0
            continue
        critical = -ratio[k]
        broken = np.int64(position)
        break
    if broken == n:
        # They fit after all: added up in another order, the sum is rounded differently.
        return n, total, total, 0.0
    for position in range(broken, n):
        take[order[position]] = 0.0
    whole = relaxed
    relaxed += left * critical
    if not single:
        take[order[broken]] = left / need[item[order[broken]]]
        return n, relaxed, relaxed, critical
    value = _whole_items(n, need, capacity, order, room, (left, whole, relaxed, critical))
    return n, value, relaxed, critical


@kernel
def _whole_items(n, need, capacity, order, room, greedy):  # type: ignore[no-untyped-def]
    """0-1 choice: greedy start, reduction by the relaxation, dynamic programme over what is left."""
    item, profit, _ratio, take = room
    left, whole, relaxed, critical = greedy
    lower = whole
    chosen = take[:n].copy()
    for position in range(n):
        k = order[position]
        if chosen[k] == 0.0 and need[item[k]] <= left:
            left -= need[item[k]]
            lower += profit[k]
            chosen[k] = 1.0
    spread = relaxed - lower
    core = np.empty(n, dtype=np.int64)
    cores = 0
    free = capacity
    base = 0.0
    for k in range(n):
        reduced = profit[k] - critical * need[item[k]]
        if abs(reduced) > spread + 1e-12 * relaxed:
            take[k] = 1.0 if reduced > 0.0 else 0.0
            if reduced > 0.0:
                free -= need[item[k]]
                base += profit[k]
        else:
            core[cores] = k
            cores += 1
            take[k] = 0.0
    size = int(np.floor(free + 1e-9))
    if size < 0 or cores == 0:
        for k in range(n):
            take[k] = chosen[k]
        return lower
    best = np.zeros(size + 1)
    kept = np.zeros((cores, size + 1), dtype=np.bool_)
    for c in range(cores):
        k = core[c]
        w = int(need[item[k]])
        p = profit[k]
        for r in range(size, w - 1, -1):
            if best[r - w] + p > best[r]:
                best[r] = best[r - w] + p
                kept[c, r] = True
    if base + best[size] <= lower:
        for k in range(n):
            take[k] = chosen[k]
        return lower
    r = size
    for c in range(cores - 1, -1, -1):
        if kept[c, r]:
            take[core[c]] = 1.0
            r -= int(need[item[core[c]]])
    return base + best[size]


@kernel
def _settle_count(required, status):  # type: ignore[no-untyped-def]
    """Where the count leaves no choice, fix the sites that are free."""
    kept, free = 0, 0
    for j in range(len(status)):
        kept += status[j] == KEPT
        free += status[j] == FREE
    for j in range(len(status)):
        if status[j] == FREE and kept >= required:
            status[j] = SHUT
        elif status[j] == FREE and kept + free <= required:
            status[j] = KEPT


@kernel
def _reachable(cost, status):  # type: ignore[no-untyped-def]
    """Whether every point is allowed at a site that is not shut."""
    sites, points = cost.shape
    for i in range(points):
        reached = False
        for j in range(sites):
            if status[j] != SHUT and cost[j, i] < np.inf:
                reached = True
                break
        if not reached:
            return False
    return True


@kernel
def _fill(data, status, trial, room, picked, worth):  # type: ignore[no-untyped-def]
    """Solve the knapsack of every site that is not shut; who it picks goes to ``picked``."""
    cost, need, capacity, fixed, single = data[0], data[1], data[2], data[3], data[7]
    many, items, takes = picked
    for j in range(len(worth)):
        worth[j] = 0.0
        if status[j] == SHUT:
            continue
        n, gain, _relaxed, _critical = knapsack(cost[j], need, capacity[j], trial, single, room)
        worth[j] = fixed[j] - gain
        many[j] = n
        for k in range(n):
            items[j, k] = room[0][k]
            takes[j, k] = room[3][k]


@kernel
def _remember(chosen, status, picked, rate, often, mean):  # type: ignore[no-untyped-def]
    """Running means of what is chosen and, where ``mean`` has room, of who serves whom."""
    many, items, takes = picked
    for j in range(len(often)):
        often[j] += rate * (chosen[j] - often[j])
        if len(mean) and status[j] != SHUT:
            for i in range(mean.shape[1]):
                mean[j, i] *= 1.0 - rate
            for k in range(many[j]):
                mean[j, items[j, k]] += rate * chosen[j] * takes[j, k]


@kernel
def _turn(chosen, picked, scale, change, served):  # type: ignore[no-untyped-def]
    """Blend the subgradient - one less how often each point is served - into ``change``.

    Returns its square norm where a price moves by ``scale`` per point, 0 where all are served once.
    """
    many, items, takes = picked
    served[:] = 1.0
    for j in range(len(chosen)):
        if chosen[j] > 0.0:
            for k in range(many[j]):
                served[items[j, k]] -= chosen[j] * takes[j, k]
    norm, slope = 0.0, 0.0
    for i in range(len(change)):
        slope += served[i] * served[i]
        change[i] = MEMORY * change[i] + served[i]
        norm += scale[i] * change[i] * change[i]
    return norm if slope > 0.0 else 0.0


@kernel
def raise_bound(data, price, status, limit, value, steps, length, mean):  # type: ignore[no-untyped-def]
    """Raise the Lagrangean bound by subgradient steps; sites are fixed by reduced cost on the way.

    Parameters
    ----------
    data
        ``cost`` of shape ``(J, I)``, ``inf`` where not allowed; ``need``, ``capacity``, ``fixed``;
        ``weight``, ``required`` and ``exact``, see `choose`; whether knapsacks take points whole; whole
        weights and what they must reach, see `cover` (0: sites are chosen in part only).
    price
        Prices to start from; the best ones on return, shape ``(I,)``.
    status
        ``FREE``, ``SHUT`` or ``KEPT`` per site; fixings are written into it.
    limit
        A bound past it means nothing better is left.
    value
        Best value known, for the step length.
    steps, length
        Steps at most, and the first step length.
    mean
        Gets the share of late steps that served each point from each site, shape ``(J, I)``; left alone
        where its shape is ``(0, 0)``.

    Returns
    -------
    tuple
        Bound, ``worth`` per site at the best prices, the rise of the bound where a site opens and where it
        closes (`price_changes`), the share of steps that chose each site (late ones count more), and the step
        length now.
    """
    weight, required, exact, whole, reach = data[4], data[5], data[6], data[8], data[9]
    sites, points = data[0].shape
    table, taken = np.empty(reach + 1), np.zeros((sites, reach + 1), dtype=np.bool_)
    picks = np.zeros(sites)
    best_lift, best_drop = np.zeros(sites), np.zeros(sites)
    room = (np.empty(points, dtype=np.int64), np.empty(points), np.empty(points), np.empty(points))
    picked = (
        np.zeros(sites, dtype=np.int64),
        np.empty((sites, points), dtype=np.int32),
        np.empty((sites, points)),
    )
    worth, best_worth, chosen, often = np.empty(sites), np.zeros(sites), np.zeros(sites), np.zeros(sites)
    trial, change, served = price.copy(), np.zeros(points), np.empty(points)
    # Prices move in shares of the need: a unit of each point is then worth the same step.
    scale = np.maximum(data[1], MOVED * max(data[1].mean(), 1e-9))
    best, idle = -np.inf, 0
    if not _reachable(data[0], status):
        return np.inf, best_worth, best_lift, best_drop, often, length
    if exact:
        _settle_count(required, status)
    for step in range(steps):
        _fill(data, status, trial, room, picked, worth)
        total, mu = choose(worth, weight, required, exact, status, chosen)
        covered, rest = -np.inf, 0
        if reach > 0:
            covered, rest = cover(worth, whole, reach, status, picks, table, taken)
            if covered >= total:
                chosen[:] = picks
        if max(total, covered) == np.inf:
            return np.inf, best_worth, best_lift, best_drop, often, length
        base = trial.sum() + max(total, covered)
        _remember(chosen, status, picked, 0.1 if step > 0 else 1.0, often, mean)
        idle += 1
        if base > best:
            if base > best + 1e-6 * abs(base):
                idle = 0
            best = base
            price[:] = trial
            best_worth[:] = worth
            price_changes(
                worth, (total, mu, weight), (covered, rest, whole, table), status, best_lift, best_drop
            )
            if best > limit:
                return best, best_worth, best_lift, best_drop, often, length
            fix_sites(best, best_lift, best_drop, limit, status)
        if idle >= PATIENCE:
            length *= SHORTER
            idle = 0
            trial[:] = price
            change[:] = 0.0
            if length < SMALLEST_LENGTH:
                break
            continue
        norm = _turn(chosen, picked, scale, change, served)
        if norm == 0.0:
            break
        size = length * max(1.005 * value - base, 1e-4 * abs(value)) / norm
        for i in range(points):
            trial[i] = max(0.0, trial[i] + size * scale[i] * change[i])
    return best, best_worth, best_lift, best_drop, often, length
