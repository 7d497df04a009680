"""Exact prices and cuts for many road states and commodities in one call (numba).

The kernel releases the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from depotopt.siting.price_equilibrium import equilibrium
from depotopt.siting.price_kernels import TINY, ascend, complete, cut

WIDE = 100_000
"""Sites times points from which prices at fractional points come from subgradient steps: with many depots
competing, exact ones take ever more paths (200 sites x 2,000 points: up to 19 ms, the steps 8 ms)."""
STEPS, STEP_SHARE = 40, 0.1
"""Steps, and length of the first as a share of the largest penalty."""


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
        and ``(S, K)``. ``response`` is ``nan`` where the prices were not proved exact; at fractional points
        of wide problems it is their value, which is less.
    improve
        Whether to look for exact prices, or to cut with those given.
    """
    points, sites = need.shape[2], len(x)
    known = np.empty(sites)
    fractional = False
    for j in range(sites):
        fractional = fractional or TINY < x[j] < 1.0 - TINY
    stepping = fractional and sites * points >= WIDE
    for n in range(len(pairs)):
        s, k = pairs[n]
        arcs = first[s * points : (s + 1) * points + 1]
        if improve:
            usable = held[k] * share[s]
            if stepping:
                step = STEP_SHARE * penalty[k].max()
                response[s, k] = ascend(
                    arcs, site, origin, time_ds, rate[k], need[s, k], penalty[k], x, usable, price[s, k],
                    STEPS, step,
                )  # fmt: skip
            else:
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
