"""One step of the prices of all road states and commodities at a first stage that moves too (numba).

A sweep costs a look at every arc that can matter, about 1.5 ns each: every point is served from its
cheapest arcs at the prices of the day, each depot serving as far as it is open. That tells the load of each
depot, the step of its price, and the cut these prices make (`depotopt.siting.prices.price_kernels`), all at
once.

The kernel releases the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.price_kernels import Wanted, look
from depotopt.units import FloatArray, Int64Array

MOMENTUM = 0.7
"""Share of a price's last step in the next one."""


class Held(NamedTuple):
    """A first stage, and how finely it tells prices.

    How far sites are open ``(J,)``, units before survival ``(K, J)``, survival ``(S, J)``, and how large each
    depot is beside the others ``(K, J)``: a price moves by the overload of its depot divided by that.
    """

    x: FloatArray
    units: FloatArray
    share: FloatArray
    size: FloatArray


class Prices(NamedTuple):
    """Prices, their last moves and their running mean, each of shape ``(S, K, J)``."""

    now: FloatArray
    move: FloatArray
    mean: FloatArray


class Totals(NamedTuple):
    """The weighted cut of some pairs: constant ``(1,)``, on sites ``(J,)``, on stock ``(K, J)``.

    ``response`` is the value of each pair's prices at the first stage, shape ``(S, K)``.
    """

    constant: FloatArray
    on_x: FloatArray
    on_stock: FloatArray
    response: FloatArray


class Rows(NamedTuple):
    """First-stage rows ``low <= A z <= high``, by rows (``first``, ``column``, ``value``).

    Steps of their prices, and prices now, shape ``(R,)``: below 0 where a row presses from above.
    """

    first: Int64Array
    column: Int64Array
    value: FloatArray
    low: FloatArray
    high: FloatArray
    step: FloatArray
    price: FloatArray


class Steps(NamedTuple):
    """How prices step.

    Weight of each state's response ``(S,)``, length of a price's step by commodity ``(K,)`` (0 leaves the
    prices), and the share of the running mean that stays.
    """

    state_weight: FloatArray
    length: FloatArray
    keep: float


@kernel
def advance(pairs, arcs, wanted, held, prices, totals, steps):  # type: ignore[no-untyped-def]
    """Cut at the prices as they are, added to ``totals``, then one step of the prices, for some pairs.

    Parameters
    ----------
    pairs
        State and commodity, shape ``(N, 2)``.
    arcs, wanted, held, prices, totals, steps
        See there; prices and totals are changed in place.
    """
    points, sites = wanted.need.shape[2], len(held.x)
    load, weight, slope = np.empty(sites), np.empty(sites), np.empty(sites)
    x = held.x
    for n in range(len(pairs)):
        s, k = pairs[n]
        price, move, mean = prices.now[s, k], prices.move[s, k], prices.mean[s, k]
        share, units = held.share[s], held.units[k]
        on_stock = totals.on_stock[k]
        wants = Wanted(wanted.rate[k : k + 1], wanted.need[s, k], wanted.penalty[k])
        constant = look(s * points, arcs, wants, x, price, load, weight)
        counts, step = steps.state_weight[s], steps.length[k]
        norm, total, size = 0.0, constant, held.size[k]
        for j in range(sites):
            usable = units[j] * share[j]
            slope[j] = load[j] - usable
            if price[j] > 0.0 or slope[j] > 0.0:
                norm += slope[j] * slope[j] / size[j]
            total -= price[j] * usable + weight[j] * x[j]
            totals.on_x[j] += counts * weight[j]
            on_stock[j] += counts * price[j] * share[j]
        totals.constant[0] += counts * constant
        totals.response[s, k] = total
        if step <= 0.0 or norm <= 0.0:
            continue
        norm = 1.0 / np.sqrt(norm)
        for j in range(sites):
            move[j] = MOMENTUM * move[j] + slope[j] * norm / size[j]
            price[j] = max(0.0, price[j] + step * move[j])
            mean[j] = steps.keep * mean[j] + (1.0 - steps.keep) * price[j]


@kernel
def stepped(rows, values, slope, reach, lower, upper, rounds, tolerance):  # type: ignore[no-untyped-def]
    """The point of ``slope z + sum (z - values)^2 / (2 reach)`` that is least under limits and rows.

    Accelerated steps of the rows' prices (Nesterov 1983, with a restart wherever they turn back), which
    start from the last ones and stay in ``rows.price``. They end once no row is broken, and no price of a
    loose row left, by more than ``tolerance`` of the row's largest coefficient.

    Parameters
    ----------
    rows
        See `Rows`; their steps suit ``reach``, and a row without a free column has a step of 0.
    values, slope, reach
        Columns now, cost and stretch of each, shape ``(C,)``; a stretch of 0 leaves the column.
    lower, upper
        Limits, shape ``(C,)``.
    rounds
        Steps of the prices at most.
    tolerance
        Share of a row's largest coefficient.
    """
    price, count = rows.price, len(rows.price)
    last, ahead = price.copy(), price.copy()
    after, pull = values.copy(), np.empty(len(values))
    size = np.empty(count)
    for r in range(count):
        size[r] = 1e-30
        for n in range(rows.first[r], rows.first[r + 1]):
            size[r] = max(size[r], abs(rows.value[n]))
    momentum, done = 1.0, False
    for turn in range(rounds + 1):
        pull[:] = slope
        for r in range(count):
            if ahead[r] != 0.0:
                for n in range(rows.first[r], rows.first[r + 1]):
                    pull[rows.column[n]] -= rows.value[n] * ahead[r]
        for c in range(len(values)):
            after[c] = min(max(values[c] - reach[c] * pull[c], lower[c]), upper[c])
        if turn == rounds or done:
            break
        turned, broken = 0.0, 0.0
        for r in range(count):
            if rows.step[r] <= 0.0:
                price[r] = 0.0
                continue
            level = 0.0
            for n in range(rows.first[r], rows.first[r + 1]):
                level += rows.value[n] * after[rows.column[n]]
            at = ahead[r] - rows.step[r] * level
            # A row within its limits has no price.
            price[r] = max(at + rows.step[r] * rows.low[r], 0.0) + min(at + rows.step[r] * rows.high[r], 0.0)
            moved = (ahead[r] - price[r]) / rows.step[r]
            broken = max(broken, abs(moved) / size[r])
            turned += moved * (price[r] - last[r])
        done = broken <= tolerance
        if turned > 0.0:
            momentum = 1.0
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum))
        share = (momentum - 1.0) / following if turned <= 0.0 else 0.0
        momentum = following
        for r in range(count):
            ahead[r] = price[r] + (share * (price[r] - last[r]) if turn + 1 < rounds and not done else 0.0)
            last[r] = price[r]
    return after
