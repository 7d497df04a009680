"""Loops of the two-echelon engine (numba): subgradient steps on both tiers.

A unit of product ``l`` is worth ``middle[l,j]`` at satellite ``j``, ``price[l,k]`` at point ``k``. At these
prices each plant and each satellite fills its own capacities with what pays (a continuous knapsack per
product), and both tiers choose sites whose weights cover what is required - exactly, by a dynamic programme,
which is what lifts the bound above the linear relaxation where few large sites are open. With one product
weights are capacities; with several they are a surrogate of all of them (`surrogate`).

A satellite's price hears of hundreds of units too many, a point's of a dozen: steps are taken in shares of
what the satellite holds and the point needs. With that, a long memory and late shortening the root of
PSC1-C2-50 of Fernandes et al. (2014) ends 0.1 % below the optimum; without, 2.5 %.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.capacitated_covers import FREE, KEPT, SHUT, cover, keep_cheap, shut_dear
from depotopt.siting.classic.capacitated_kernels import knapsack
from depotopt.siting.prices.ranking import ranked

MEMORY = 0.9
"""Part of the last direction that a subgradient step keeps."""
SHORTER = 0.5
"""Factor on the step after ``patience`` steps without a better bound."""
SMALLEST_LENGTH = 1e-3


@kernel
def surrogate(worth, room, required, status, rounds):  # type: ignore[no-untyped-def]
    """Weights of the products whose sum of capacities makes the relaxed cover of one tier dearest.

    Parameters
    ----------
    worth, status
        Per site of the tier.
    room
        Capacity per product and site, shape ``(L, J)``.
    required
        Per product, shape ``(L,)``.
    rounds
        Products that the relaxed cover leaves short get more weight this often.

    Returns
    -------
    array
        Weight per product and unit, the required amounts weighing 1 together.
    """
    products, sites = room.shape
    # Nobody needs some products: their capacities stand for nothing.
    share = np.where(required > 0.0, 1.0 / np.maximum(required, 1.0), 0.0)
    share /= max((share * required).sum(), 1.0)
    best_share, best = share.copy(), -np.inf
    weight, part = np.empty(sites), np.empty(sites)
    for step in range(rounds):
        for j in range(sites):
            weight[j] = (share * room[:, j]).sum()
        total = _relaxed_cover(worth, weight, (share * required).sum(), status, part)
        if total > best:
            best = total
            best_share[:] = share
        for product in range(products):
            held = (part * room[product]).sum()
            short = 1.0 - held / max(required[product], 1.0)
            share[product] *= np.exp(8.0 * short / (1.0 + 0.2 * step))
        whole = (share * required).sum()
        if whole < 1e-100:
            # So much is held of everything that no weight is left.
            break
        share /= whole
    return best_share


@kernel
def _relaxed_cover(worth, weight, required, status, part):  # type: ignore[no-untyped-def]
    """Worth of the cheapest cover when one site may be taken in part; ``part`` gets what is taken."""
    sites = len(worth)
    key = np.full(sites, np.inf)
    total, missing = 0.0, required
    for j in range(sites):
        part[j] = 0.0
        if status[j] == KEPT or (status[j] == FREE and worth[j] <= 0.0):
            part[j] = 1.0
            total += worth[j]
            missing -= weight[j]
        elif status[j] == FREE and weight[j] > 0.0:
            key[j] = worth[j] / weight[j]
    for j in ranked(key):
        if missing <= 1e-12 or key[j] == np.inf:
            break
        part[j] = min(1.0, missing / weight[j])
        total += part[j] * worth[j]
        missing -= part[j] * weight[j]
    return total


@kernel
def fill(tiers, status, middle, price, room, worth, flow, out):  # type: ignore[no-untyped-def]
    """Fill every site that is not shut at these prices; units go to ``flow`` and ``out``."""
    inbound, outbound, plant_room, satellite_room, need, fixed, _weight, _required = tiers
    products, plants, satellites = inbound.shape
    item, share = room[0], room[3]
    for j in range(plants + satellites):
        worth[j] = fixed[j] if status[j] != SHUT else 0.0
    for product in range(products):
        size = satellite_room[product].copy()
        for j in range(satellites):
            if status[plants + j] == SHUT:
                size[j] = 0.0
        gain_of = middle[product] * size
        for i in range(plants):
            flow[product, i] = 0.0
            if status[i] == SHUT:
                continue
            row = inbound[product, i] * size
            n, gain, _relaxed, _critical = knapsack(row, size, plant_room[product, i], gain_of, False, room)
            worth[i] -= gain
            for a in range(n):
                flow[product, i, item[a]] = share[a] * size[item[a]]
        wanted = need[product]
        gain_of = price[product] * wanted
        for j in range(satellites):
            out[product, j] = 0.0
            if status[plants + j] == SHUT:
                continue
            row = (outbound[product, j] + middle[product, j]) * wanted
            n, gain, _relaxed, _critical = knapsack(
                row, wanted, satellite_room[product, j], gain_of, False, room
            )
            worth[plants + j] -= gain
            for a in range(n):
                out[product, j, item[a]] = share[a] * wanted[item[a]]


@kernel
def _turn(tiers, chosen, flow, out, change_middle, change_price):  # type: ignore[no-untyped-def]
    """Blend the subgradients into the directions; their square norm together, in scaled prices."""
    products, plants, satellites = flow.shape
    satellite_room, need = tiers[3], tiers[4]
    norm = 0.0
    for product in range(products):
        missing = need[product].copy()
        for j in range(satellites):
            short = 0.0
            if chosen[plants + j] > 0.0:
                short = out[product, j].sum()
                missing -= out[product, j]
            for i in range(plants):
                if chosen[i] > 0.0:
                    short -= flow[product, i, j]
            change = MEMORY * change_middle[product, j] + short
            change_middle[product, j] = change
            norm += change * change / max(satellite_room[product, j], 1.0)
        for k in range(len(missing)):
            change = MEMORY * change_price[product, k] + missing[k]
            change_price[product, k] = change
            norm += change * change / max(need[product, k], 1.0)
    return norm


@kernel
def _fix(best, terms, worth, tiers, status, limit, work):  # type: ignore[no-untyped-def]
    """Shut and keep sites of both tiers at the best prices; ``terms`` is the bound without the sites."""
    weight, required = tiers[6], tiers[7]
    cut = tiers[2].shape[1]
    chosen, table, taken = work
    upper, rest = cover(worth[:cut], weight[:cut], required[0], status[:cut], chosen[:cut], table, taken)
    shut_dear(best, worth[:cut], weight[:cut], status[:cut], table, rest, limit)
    lower, rest = cover(worth[cut:], weight[cut:], required[1], status[cut:], chosen[cut:], table, taken)
    shut_dear(best, worth[cut:], weight[cut:], status[cut:], table, rest, limit)
    keep_cheap(terms + lower, worth[:cut], weight[:cut], status[:cut], required[0], limit)
    keep_cheap(terms + upper, worth[cut:], weight[cut:], status[cut:], required[1], limit)


@kernel
def raise_flow_bound(tiers, status, middle, price, limit, value, pace):  # type: ignore[no-untyped-def]
    """Raise the Lagrangean bound of two tiers by subgradient steps, then fix sites at the best prices.

    Parameters
    ----------
    tiers
        ``inbound`` and ``outbound`` cost per unit, shapes ``(L, I, J)`` and ``(L, J, K)``; capacities of
        plants and satellites, ``(L, I)`` and ``(L, J)``; ``need``, ``(L, K)``; fixed cost and whole weight
        per site, plants first, ``(I + J,)``; what the weights of each tier must reach, whole, ``(2,)``.
    status
        ``FREE``, ``SHUT`` or ``KEPT``, plants first, shape ``(I + J,)``; fixings are written into it.
    middle, price
        Prices per unit to start from, shapes ``(L, J)`` and ``(L, K)``; the best ones on return.
    limit
        A bound past it means nothing better is left.
    value
        Best value known, for the step length.
    pace
        Steps at most, first step length, steps without a better bound after which it shrinks.

    Returns
    -------
    tuple
        Bound, how often each site was chosen lately, the sites chosen at the best prices, what each site is
        worth at them, step length.
    """
    need, weight, required = tiers[4], tiers[6], tiers[7]
    steps, length, patience = pace
    products, cut, many = tiers[0].shape
    points = need.shape[1]
    sites, most = cut + many, max(points, many)
    room = (np.empty(most, dtype=np.int64), np.empty(most), np.empty(most), np.empty(most))
    largest = max(required[0], required[1])
    table, taken = np.empty(largest + 1), np.zeros((max(cut, many), largest + 1), dtype=np.bool_)
    worth, best_worth = np.zeros(sites), np.zeros(sites)
    chosen, best_chosen, often = np.zeros(sites), np.zeros(sites), np.zeros(sites)
    flow, out = np.zeros((products, cut, many)), np.zeros((products, many, points))
    trial_middle, trial_price = middle.copy(), price.copy()
    change_middle, change_price = np.zeros((products, many)), np.zeros((products, points))
    per_middle, per_price = np.maximum(tiers[3], 1.0), np.maximum(need, 1.0)
    best, best_terms, idle = -np.inf, 0.0, 0
    for step in range(steps):
        fill(tiers, status, trial_middle, trial_price, room, worth, flow, out)
        upper, _rest = cover(worth[:cut], weight[:cut], required[0], status[:cut], chosen[:cut], table, taken)
        lower, _rest = cover(worth[cut:], weight[cut:], required[1], status[cut:], chosen[cut:], table, taken)
        if upper == np.inf or lower == np.inf:
            return np.inf, often, best_chosen, best_worth, length
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
                return best, often, best_chosen, best_worth, length
        if idle >= patience:
            length *= SHORTER
            idle = 0
            trial_middle[:], trial_price[:] = middle, price
            change_middle[:], change_price[:] = 0.0, 0.0
            if length < SMALLEST_LENGTH:
                break
            continue
        norm = _turn(tiers, chosen, flow, out, change_middle, change_price)
        if norm == 0.0:
            break
        size = length * max(1.005 * value - terms - upper - lower, 1e-4 * abs(value)) / norm
        trial_middle = np.maximum(0.0, trial_middle + size * change_middle / per_middle)
        trial_price = np.maximum(0.0, trial_price + size * change_price / per_price)
    _fix(best, best_terms, best_worth, tiers, status, limit, (chosen, table, taken))
    return best, often, best_chosen, best_worth, length
