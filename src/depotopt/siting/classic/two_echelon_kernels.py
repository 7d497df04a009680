"""Loops of the two-echelon engine (numba): covers of the need and subgradient steps on both tiers.

A unit is worth ``middle[j]`` at satellite ``j`` and ``price[k]`` at demand point ``k``. At these prices each
plant and each satellite fills its own capacity with what pays (a continuous knapsack), and both tiers choose
sites whose capacities cover the whole need - exactly, by a dynamic programme, which is what lifts the bound
above the linear relaxation where few large sites are open.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.capacitated_kernels import (
    FREE,
    KEPT,
    MEMORY,
    PATIENCE,
    SHUT,
    SMALLEST_LENGTH,
    knapsack,
)


@kernel
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


@kernel
def shut_dear(bound, worth, weight, status, table, rest, limit):  # type: ignore[no-untyped-def]
    """Shut free sites whose opening lifts the bound past the limit.

    The others then cover ``rest`` less its weight; letting them use the site once more keeps this valid.
    """
    for j in range(len(worth)):
        if status[j] == FREE and worth[j] > 0.0:
            lift = worth[j] + table[max(0, rest - int(weight[j]))] - table[rest]
            if bound + lift > limit:
                status[j] = SHUT


@kernel
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


@kernel
def _fill(tiers, status, middle, price, room, worth, flow, out):  # type: ignore[no-untyped-def]
    """Fill every site that is not shut at these prices; units go to ``flow`` and ``out``."""
    inbound, outbound, plant, satellite, need = tiers
    plants, satellites = inbound.shape
    size = satellite[:, 0].copy()
    gain_of = middle * size
    for i in range(plants):
        flow[i] = 0.0
        worth[i] = 0.0
        if status[i] == SHUT:
            continue
        row = inbound[i] * size
        for j in range(satellites):
            if status[plants + j] == SHUT:
                row[j] = np.inf
        n, gain, _relaxed, _critical = knapsack(row, size, plant[i, 0], gain_of, False, room)
        worth[i] = plant[i, 1] - gain
        for a in range(n):
            flow[i, room[0][a]] = room[3][a] * size[room[0][a]]
    gain_of = price * need
    for j in range(satellites):
        out[j] = 0.0
        worth[plants + j] = 0.0
        if status[plants + j] == SHUT:
            continue
        row = (outbound[j] + middle[j]) * need
        n, gain, _relaxed, _critical = knapsack(row, need, satellite[j, 0], gain_of, False, room)
        worth[plants + j] = satellite[j, 1] - gain
        for a in range(n):
            out[j, room[0][a]] = room[3][a] * need[room[0][a]]


@kernel
def _turn(need, chosen, flow, out, change_middle, change_price):  # type: ignore[no-untyped-def]
    """Blend the subgradients into the directions; their square norm together."""
    plants, satellites = flow.shape
    norm = 0.0
    missing = need.copy()
    for j in range(satellites):
        short = 0.0
        if chosen[plants + j] > 0.0:
            short = out[j].sum()
            missing -= out[j]
        for i in range(plants):
            if chosen[i] > 0.0:
                short -= flow[i, j]
        change_middle[j] = MEMORY * change_middle[j] + short
        norm += change_middle[j] * change_middle[j]
    for k in range(len(need)):
        change_price[k] = MEMORY * change_price[k] + missing[k]
        norm += change_price[k] * change_price[k]
    return norm


@kernel
def _fix(best, terms, worth, tiers, status, limit, work):  # type: ignore[no-untyped-def]
    """Shut and keep sites of both tiers at the best prices; ``terms`` is the bound without the sites."""
    plant, satellite = tiers[2], tiers[3]
    cut, required = len(plant), int(tiers[4].sum())
    chosen, table, taken = work
    upper, rest = cover(worth[:cut], plant[:, 0], required, status[:cut], chosen[:cut], table, taken)
    shut_dear(best, worth[:cut], plant[:, 0], status[:cut], table, rest, limit)
    lower, rest = cover(worth[cut:], satellite[:, 0], required, status[cut:], chosen[cut:], table, taken)
    shut_dear(best, worth[cut:], satellite[:, 0], status[cut:], table, rest, limit)
    keep_cheap(terms + lower, worth[:cut], plant[:, 0], status[:cut], required, limit)
    keep_cheap(terms + upper, worth[cut:], satellite[:, 0], status[cut:], required, limit)


@kernel
def raise_flow_bound(tiers, status, middle, price, limit, value, steps, length):  # type: ignore[no-untyped-def]
    """Raise the Lagrangean bound of two tiers by subgradient steps, then fix sites at the best prices.

    Parameters
    ----------
    tiers
        ``inbound`` and ``outbound`` cost per unit, shapes ``(I, J)`` and ``(J, K)``; ``plant`` and
        ``satellite``, capacity and fixed cost per row; ``need``.
    status
        ``FREE``, ``SHUT`` or ``KEPT``, plants first, shape ``(I + J,)``; fixings are written into it.
    middle, price
        Prices per unit to start from, shapes ``(J,)`` and ``(K,)``; the best ones on return.
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
    _inbound, _outbound, plant, satellite, need = tiers
    cut, many, points = len(plant), len(satellite), len(need)
    sites, required, most = cut + many, int(need.sum()), max(points, many)
    room = (np.empty(most, dtype=np.int64), np.empty(most), np.empty(most), np.empty(most))
    table, taken = np.empty(required + 1), np.zeros((max(cut, many), required + 1), dtype=np.bool_)
    worth, best_worth = np.zeros(sites), np.zeros(sites)
    chosen, best_chosen, often = np.zeros(sites), np.zeros(sites), np.zeros(sites)
    flow, out = np.zeros((cut, many)), np.zeros((many, points))
    trial_middle, trial_price = middle.copy(), price.copy()
    change_middle, change_price = np.zeros(many), np.zeros(points)
    best, best_terms, idle = -np.inf, 0.0, 0
    for step in range(steps):
        _fill(tiers, status, trial_middle, trial_price, room, worth, flow, out)
        upper, _rest = cover(worth[:cut], plant[:, 0], required, status[:cut], chosen[:cut], table, taken)
        lower, _rest = cover(worth[cut:], satellite[:, 0], required, status[cut:], chosen[cut:], table, taken)
        if upper == np.inf or lower == np.inf:
            return np.inf, often, best_chosen, length
        terms = (need * trial_price).sum()
        often += (0.1 if step > 0 else 1.0) * (chosen - often)
        idle += 1
        if terms + upper + lower > best:
            if terms + upper + lower > best + 1e-6 * abs(best):
                idle = 0
            best, best_terms = terms + upper + lower, terms
            middle[:], price[:] = trial_middle, trial_price
            best_worth[:], best_chosen[:] = worth, chosen
            if best > limit:
                return best, often, best_chosen, length
        if idle >= PATIENCE:
            length *= 0.6
            idle = 0
            trial_middle[:], trial_price[:] = middle, price
            change_middle[:], change_price[:] = 0.0, 0.0
            if length < SMALLEST_LENGTH:
                break
            continue
        norm = _turn(need, chosen, flow, out, change_middle, change_price)
        if norm == 0.0:
            break
        size = length * max(1.005 * value - terms - upper - lower, 1e-4 * abs(value)) / norm
        trial_middle = np.maximum(0.0, trial_middle + size * change_middle)
        trial_price = np.maximum(0.0, trial_price + size * change_price)
    _fix(best, best_terms, best_worth, tiers, status, limit, (chosen, table, taken))
    return best, often, best_chosen, length
