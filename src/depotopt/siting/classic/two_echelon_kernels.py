"""Loops of the two-echelon engine (numba): covers of the need and subgradient steps on both tiers.

A unit is worth ``middle[j]`` at satellite ``j`` and ``price[k]`` at demand point ``k``. At these prices each
plant and each satellite fills its own capacity with what pays (a continuous knapsack), and both tiers choose
sites whose capacities cover the whole need - exactly, by a dynamic programme, which is what lifts the bound
above the linear relaxation where few large sites are open.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from depotopt.siting.classic.capacitated_kernels import FREE, KEPT, SHUT, knapsack


@njit(cache=True, nogil=True)
def cover(worth, weight, required, status, chosen, table, taken):  # type: ignore[no-untyped-def]
    """Cheapest sites whose whole weights reach what is required.

    Parameters
    ----------
    worth, weight, status
        Per site.
    required
        Whole number.
    chosen
        Gets 0 or 1 per site.
    table, taken
        Room to work in: ``table[r]`` becomes the least worth of dear free sites covering ``r``; shapes
        ``(required + 1,)`` and ``(sites, required + 1)``.

    Returns
    -------
    tuple
        Total worth (``inf`` where nothing reaches it) and what the sites taken anyway leave to cover.
    """
    total = 0.0
    rest = required
    for j in range(len(worth)):
        chosen[j] = 0.0
        if status[j] == KEPT or (status[j] == FREE and worth[j] <= 0.0):
            chosen[j] = 1.0
            total += worth[j]
            rest -= int(weight[j])
    rest = max(rest, 0)
    table[0] = 0.0
    for r in range(1, rest + 1):
        table[r] = np.inf
    if rest == 0:
        return total, 0
    for j in range(len(worth)):
        if status[j] != FREE or worth[j] <= 0.0:
            continue
        w = int(weight[j])
        for r in range(rest, 0, -1):
            with_it = table[max(0, r - w)] + worth[j]
            taken[j, r] = with_it < table[r]
            if taken[j, r]:
                table[r] = with_it
    if table[rest] == np.inf:
        return np.inf, rest
    r = rest
    for j in range(len(worth) - 1, -1, -1):
        if r > 0 and status[j] == FREE and worth[j] > 0.0 and taken[j, r]:
            chosen[j] = 1.0
            r = max(0, r - int(weight[j]))
    return total + table[rest], rest


@njit(cache=True, nogil=True)
def shut_dear(bound, worth, weight, status, table, rest, limit):  # type: ignore[no-untyped-def]
    """Shut free sites whose opening lifts the bound past the limit.

    The others then cover ``rest`` less its weight; letting them use the site once more keeps this valid.
    """
    for j in range(len(worth)):
        if status[j] == FREE and worth[j] > 0.0:
            lift = worth[j] + table[max(0, rest - int(weight[j]))] - table[rest]
            if bound + lift > limit:
                status[j] = SHUT


@njit(cache=True, nogil=True)
def keep_cheap(bound, worth, weight, status, required, limit):  # type: ignore[no-untyped-def]
    """Keep free sites without which the linear relaxation of the cover already passes the limit.

    ``bound`` less the cover's worth is what the other terms give; the relaxed cover is solved anew without
    each site in turn.
    """
    sites = len(worth)
    order = np.argsort(worth / np.maximum(weight, 1e-9))
    for out in range(sites):
        if status[out] != FREE:
            continue
        total, missing = 0.0, float(required)
        for j in range(sites):
            if j != out and (status[j] == KEPT or (status[j] == FREE and worth[j] <= 0.0)):
                total += worth[j]
                missing -= weight[j]
        for j in order:
            if missing <= 0.0:
                break
            if j == out or status[j] != FREE or worth[j] <= 0.0:
                continue
            part = min(1.0, missing / weight[j]) if weight[j] > 0.0 else 0.0
            total += part * worth[j]
            missing -= part * weight[j]
        if missing > 1e-9 or bound + total > limit:
            status[out] = KEPT


@njit(cache=True, nogil=True)
def raise_flow_bound(  # type: ignore[no-untyped-def]
    inbound, outbound, plant, satellite, need, status, middle, price, limit, value, steps, length
):
    """Raise the Lagrangean bound of two tiers by subgradient steps, then fix sites at the best prices.

    Parameters
    ----------
    inbound, outbound
        Cost per unit, shapes ``(I, J)`` and ``(J, K)``.
    plant, satellite
        Capacity and fixed cost per row, shapes ``(I, 2)`` and ``(J, 2)``.
    need
        Shape ``(K,)``.
    status
        ``FREE``, ``SHUT`` or ``KEPT``, plants first, shape ``(I + J,)``; fixings are written into it.
    middle, price
        Prices per unit to start from; the best ones on return.
    limit
        A bound past it means nothing better is left.
    value
        Best value known, for the step length.
    steps, length
        Steps at most, and the first step length.

    Returns
    -------
    tuple
        Bound, how often each site was chosen lately, the sites chosen at the best prices, step length.
    """
    plants, satellites = inbound.shape
    points = len(need)
    sites = plants + satellites
    most = max(points, satellites)
    item = np.empty(most, dtype=np.int64)
    profit, ratio, take = np.empty(most), np.empty(most), np.empty(most)
    row, gain_of = np.empty(most), np.empty(most)
    required = int(need.sum())
    table = np.empty(required + 1)
    taken = np.zeros((max(plants, satellites), required + 1), dtype=np.bool_)
    worth, best_worth = np.zeros(sites), np.zeros(sites)
    chosen, best_chosen, often = np.zeros(sites), np.zeros(sites), np.zeros(sites)
    into, out = np.zeros(satellites), np.zeros((satellites, points))
    flow = np.zeros((plants, satellites))
    trial_middle, trial_price = middle.copy(), price.copy()
    change_middle, change_price = np.zeros(satellites), np.zeros(points)
    best = -np.inf
    best_rest = 0.0
    idle = 0
    for step in range(steps):
        base = 0.0
        for k in range(points):
            base += need[k] * trial_price[k]
        for i in range(plants):
            flow[i] = 0.0
            worth[i] = 0.0
            if status[i] == SHUT:
                continue
            for j in range(satellites):
                closed = status[plants + j] == SHUT
                row[j] = np.inf if closed else inbound[i, j] * satellite[j, 0]
                gain_of[j] = trial_middle[j] * satellite[j, 0]
            n, gain, _relaxed, _critical = knapsack(
                row[:satellites],
                satellite[:, 0],
                plant[i, 0],
                gain_of[:satellites],
                False,
                item,
                profit,
                ratio,
                take,
            )
            worth[i] = plant[i, 1] - gain
            for a in range(n):
                flow[i, item[a]] = take[a] * satellite[item[a], 0]
        for j in range(satellites):
            out[j] = 0.0
            worth[plants + j] = 0.0
            if status[plants + j] == SHUT:
                continue
            for k in range(points):
                row[k] = (outbound[j, k] + trial_middle[j]) * need[k]
                gain_of[k] = trial_price[k] * need[k]
            n, gain, _relaxed, _critical = knapsack(
                row[:points], need, satellite[j, 0], gain_of[:points], False, item, profit, ratio, take
            )
            worth[plants + j] = satellite[j, 1] - gain
            for a in range(n):
                out[j, item[a]] = take[a] * need[item[a]]
        upper, _rest = cover(
            worth[:plants], plant[:, 0], required, status[:plants], chosen[:plants], table, taken
        )
        lower, _rest = cover(
            worth[plants:], satellite[:, 0], required, status[plants:], chosen[plants:], table, taken
        )
        if upper == np.inf or lower == np.inf:
            return np.inf, often, best_chosen, length
        rest_of = base
        base += upper + lower
        rate = 0.1 if step > 0 else 1.0
        for j in range(sites):
            often[j] += rate * (chosen[j] - often[j])
        idle += 1
        if base > best:
            if base > best + 1e-6 * abs(base):
                idle = 0
            best, best_rest = base, rest_of
            middle[:] = trial_middle
            price[:] = trial_price
            best_worth[:] = worth
            best_chosen[:] = chosen
            if best > limit:
                return best, often, best_chosen, length
        if idle >= 12:
            length *= 0.6
            idle = 0
            trial_middle[:] = middle
            trial_price[:] = price
            change_middle[:] = 0.0
            change_price[:] = 0.0
            if length < 1e-3:
                break
            continue
        norm = 0.0
        for j in range(satellites):
            into[j] = 0.0
            if chosen[plants + j] > 0.0:
                for k in range(points):
                    into[j] += out[j, k]
            for i in range(plants):
                if chosen[i] > 0.0:
                    into[j] -= flow[i, j]
            change_middle[j] = 0.6 * change_middle[j] + into[j]
            norm += change_middle[j] * change_middle[j]
        for k in range(points):
            missing = need[k]
            for j in range(satellites):
                if chosen[plants + j] > 0.0:
                    missing -= out[j, k]
            change_price[k] = 0.6 * change_price[k] + missing
            norm += change_price[k] * change_price[k]
        if norm == 0.0:
            break
        size = length * max(1.005 * value - base, 1e-4 * abs(value)) / norm
        for j in range(satellites):
            trial_middle[j] = max(0.0, trial_middle[j] + size * change_middle[j])
        for k in range(points):
            trial_price[k] = max(0.0, trial_price[k] + size * change_price[k])
    upper, rest = cover(
        best_worth[:plants], plant[:, 0], required, status[:plants], chosen[:plants], table, taken
    )
    shut_dear(best, best_worth[:plants], plant[:, 0], status[:plants], table, rest, limit)
    lower, rest = cover(
        best_worth[plants:], satellite[:, 0], required, status[plants:], chosen[plants:], table, taken
    )
    shut_dear(best, best_worth[plants:], satellite[:, 0], status[plants:], table, rest, limit)
    keep_cheap(best_rest + lower, best_worth[:plants], plant[:, 0], status[:plants], required, limit)
    keep_cheap(best_rest + upper, best_worth[plants:], satellite[:, 0], status[plants:], required, limit)
    return best, often, best_chosen, length
