"""Exact prices and cuts for many road states and commodities in one call (numba).

The kernel releases the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from depotopt.siting.price_equilibrium import equilibrium
from depotopt.siting.price_kernels import TINY, complete, cut


@njit(cache=True, nogil=True)
def separate(  # type: ignore[no-untyped-def]
    pairs, first, site, origin, time_ds, rate, need, penalty, x, held, hoped, share, price, constant,
    weight, response, improve
):  # fmt: skip
    """Exact prices at a first stage, and their cuts, for some pairs of road state and commodity.

    Parameters
    ----------
    pairs
        State and commodity, shape ``(N, 2)``.
    first, site, origin, time_ds, rate
        All arcs of the problem, see `depotopt.siting.problem.StateArcs`; ``rate`` per commodity.
    need, penalty, share
        Shapes ``(S, K, I)``, ``(K, I)`` and ``(S, J)``.
    x, held
        First stage: how far sites are open ``(J,)``, units before survival ``(K, J)``.
    hoped
        Units closed sites might hold, ``(K, J)``.
    price
        In and out, ``(S, K, J)``.
    constant, weight, response
        Out: the cut (without what agreements add) and the cost of the flows found; ``(S, K)``, ``(S, K, J)``
        and ``(S, K)``. ``response`` is ``nan`` where the prices were not proved exact.
    improve
        Whether to look for exact prices, or to cut with those given.
    """
    points, sites = need.shape[2], len(x)
    known = np.empty(sites)
    for n in range(len(pairs)):
        s, k = pairs[n]
        arcs = first[s * points : (s + 1) * points + 1]
        if improve:
            usable = held[k] * share[s]
            response[s, k] = equilibrium(
                arcs, site, origin, time_ds, rate[k], need[s, k], penalty[k], x, usable, price[s, k]
            )
            # Exact prices say nothing about closed sites.
            closed = False
            for j in range(sites):
                known[j] = 1.0 if x[j] > TINY else 0.0
                closed = closed or known[j] <= 0.0
            if closed:
                complete(
                    arcs, site, origin, time_ds, rate[k], need[s, k], penalty[k], x, known,
                    hoped[k] * share[s], price[s, k],
                )  # fmt: skip
        constant[s, k] = cut(
            arcs, site, origin, time_ds, rate[k], need[s, k], penalty[k], x, price[s, k], weight[s, k]
        )
