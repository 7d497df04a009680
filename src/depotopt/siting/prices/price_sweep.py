"""Exact prices and cuts for many road states and commodities in one call (numba).

The kernel releases the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.layout_flows import answer
from depotopt.siting.prices.price_equilibrium import equilibrium
from depotopt.siting.prices.price_kernels import TINY, Wanted, complete, look
from depotopt.units import FloatArray


class Stocks(NamedTuple):
    """A first stage.

    How far sites are open ``(J,)``, units held and units closed sites might hold, both before survival and of
    shape ``(K, J)``, and survival ``(S, J)``.
    """

    x: FloatArray
    held: FloatArray
    hoped: FloatArray
    share: FloatArray


class Found(NamedTuple):
    """Prices ``(S, K, J)``, and the cuts they make without what agreements add.

    ``constant`` and ``response`` are of shape ``(S, K)``, ``weight`` of ``(S, K, J)``. ``response`` is the
    cost of the flows found, ``nan`` where prices were not proved exact.
    """

    price: FloatArray
    constant: FloatArray
    weight: FloatArray
    response: FloatArray


@kernel
def separate(pairs, arcs, wanted, stocks, found, improve):  # type: ignore[no-untyped-def]
    """Exact prices at a first stage, and their cuts, for some pairs of road state and commodity.

    Parameters
    ----------
    pairs
        State and commodity, shape ``(N, 2)``.
    arcs, wanted, stocks, found
        See there; ``found`` is changed in place.
    improve
        Whether to look for better prices, or to cut with those given.
    """
    points, sites = wanted.need.shape[2], len(stocks.x)
    x = stocks.x
    known, load, opened = np.empty(sites), np.empty(sites), x > TINY
    whole, closed = True, False
    for j in range(sites):
        known[j] = 1.0 if opened[j] else 0.0
        closed = closed or not opened[j]
        whole = whole and (x[j] <= TINY or x[j] >= 1.0 - TINY)
    for n in range(len(pairs)):
        s, k = pairs[n]
        low, price = s * points, found.price[s, k]
        wants = Wanted(wanted.rate[k : k + 1], wanted.need[s, k], wanted.penalty[k])
        if improve:
            usable = stocks.held[k] * stocks.share[s]
            if whole:
                _, _, _, moved, unmet, _ = answer(low, arcs, wants, opened, usable, price, 0.0)
                found.response[s, k] = moved + unmet
                known[:] = usable
            else:
                found.response[s, k] = equilibrium(low, arcs, wants, x, usable, price)
            # Exact prices say nothing about closed sites, and those of a layout nothing about empty ones.
            if whole or closed:
                complete(low, arcs, wants, x, known, stocks.hoped[k] * stocks.share[s], price)
        found.constant[s, k] = look(low, arcs, wants, x, price, load, found.weight[s, k])
