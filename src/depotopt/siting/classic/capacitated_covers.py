"""Choices of sites that cover what is needed (numba): in part, whole, and what turning a site costs.

References: Martello, Toth (1990), *Knapsack Problems*, chapters 2 and 3.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.ranking import ranked

FREE, SHUT, KEPT = 0, 1, 2


@kernel
def choose(worth, weight, required, exact, status, chosen):  # type: ignore[no-untyped-def]
    """Cheapest sites (the last one in part) whose weights reach what is required.

    With ``exact`` all weights are 1 and the count must be met exactly; ``chosen`` gets values in [0, 1].

    Returns
    -------
    tuple
        Total worth (``inf`` where the open sites cannot reach it) and the price per weight.
    """
    sites = len(worth)
    total = 0.0
    missing = required
    n = 0
    candidate = np.empty(sites, dtype=np.int64)
    key = np.empty(sites)
    for j in range(sites):
        chosen[j] = 0.0
        if status[j] == SHUT:
            continue
        if status[j] == KEPT or (not exact and worth[j] <= 0.0):
            chosen[j] = 1.0
            total += worth[j]
            missing -= weight[j]
        elif weight[j] > 0.0:
            candidate[n] = j
            key[n] = worth[j] / weight[j]
            n += 1
    if exact and missing < -0.5:
        return np.inf, 0.0
    if missing <= 1e-9 * required:
        # Enough already: another site only costs.
        return total, 0.0 if not exact or n == 0 else key[:n].min()
    order = ranked(key[:n])
    for position in range(n):
        j = candidate[order[position]]
        part = min(1.0, missing / weight[j])
        chosen[j] = part
        total += part * worth[j]
        missing -= part * weight[j]
        if missing <= 1e-9 * required:
            return total, key[order[position]]
    return np.inf, 0.0


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
    order = ranked(worth / np.maximum(weight, 1e-9))
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
def price_changes(worth, choice, covered, status, lift, drop):  # type: ignore[no-untyped-def]
    """By how much the bound rises at least where a site opens that is not chosen, or closes that is.

    Parameters
    ----------
    worth, status
        Per site.
    choice
        Total worth of the cover in part, its price per weight, and the weights (`choose`).
    covered
        Total worth of the whole cover, what its free dear sites had to reach, the whole weights, and
        the table of `cover`; a total below that in part leaves it aside.
    lift, drop
        Get the rise of the larger of both totals, ``>= 0``.
    """
    relaxed, mu, weight = choice
    total, rest, whole, table = covered
    best = max(relaxed, total)
    for j in range(len(worth)):
        lift[j], drop[j] = 0.0, 0.0
        if status[j] != FREE:
            continue
        reduced = worth[j] - mu * weight[j]
        drop[j] = max(0.0, relaxed - reduced - best)
        lift[j] = max(0.0, relaxed + reduced - best)
        if total >= relaxed and worth[j] > 0.0:
            # The others cover what is left; letting them use the site once more keeps this valid.
            lift[j] = max(lift[j], worth[j] + table[max(0, rest - int(whole[j]))] - table[rest])


@kernel
def fix_sites(bound, lift, drop, limit, status):  # type: ignore[no-untyped-def]
    """Shut or keep the free sites whose opening or closing lifts the bound past the limit."""
    for j in range(len(status)):
        if status[j] == FREE:
            if bound + lift[j] > limit:
                status[j] = SHUT
            elif bound + drop[j] > limit:
                status[j] = KEPT
