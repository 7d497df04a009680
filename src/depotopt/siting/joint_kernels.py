"""One step of the prices of all road states and commodities at a first stage that moves too (numba).

A sweep costs a look at every arc that can matter, about 1.5 ns each: every point is served from its
cheapest arcs at the prices of the day, each depot serving as far as it is open. That tells the load of each
depot, the step of its price, and the cut these prices make (`depotopt.siting.price_kernels`), all at once.

The kernel releases the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.price_kernels import Wanted, look
from depotopt.units import FloatArray

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
