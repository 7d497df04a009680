"""Exact prices and cuts for many road states and commodities in one call (numba).

The kernel releases the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.price_equilibrium import equilibrium
from depotopt.siting.price_kernels import TINY, ascend, complete, cut
from depotopt.siting.ranking import ranked

STEP_SHARE = 0.1
"""Length of the first step as a share of the largest penalty."""
LARGEST = 0.9
"""Share of the need whose largest points take part in the first steps: a third of all in a disaster."""
LAST_STEPS = np.int64(10)
"""Steps with all points, half as long."""


@kernel
def _largest(need, penalty):  # type: ignore[no-untyped-def]
    """Needs of the points that weigh most, zero for the others; their share of all need; largest penalty."""
    points = len(need)
    weight, few = np.empty(points), np.zeros(points)
    left, total, taken, dearest = 0.0, 0.0, 0.0, 0.0
    for i in range(points):
        weight[i] = -need[i] * penalty[i]
        left -= LARGEST * weight[i]
        total += need[i]
        dearest = max(dearest, penalty[i])
    for i in ranked(weight):
        if left <= 0.0:
            break
        few[i] = need[i]
        taken += need[i]
        left += weight[i]
    return few, taken / max(total, 1e-30), dearest


@kernel
def separate(  # type: ignore[no-untyped-def]
    pairs, first, site, origin, time_ds, rate, need, penalty, x, held, hoped, share, price, constant,
    weight, response, improve, steps, exact
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
        and ``(S, K)``. ``response`` is ``nan`` where the prices were not proved exact; after steps only it
        is the value of the prices, which is less.
    improve
        Whether to look for better prices, or to cut with those given.
    steps, exact
        Subgradient steps to improve prices by first, and whether to make them exact then.
    """
    points, sites = need.shape[2], len(x)
    known = np.empty(sites)
    for n in range(len(pairs)):
        s, k = pairs[n]
        arcs = first[s * points : (s + 1) * points + 1]
        if improve:
            usable = held[k] * share[s]
            if steps > 0:
                few, part, dearest = _largest(need[s, k], penalty[k])
                step = STEP_SHARE * dearest
                ascend(
                    arcs, site, origin, time_ds, rate[k], few, penalty[k], x, usable * part, price[s, k],
                    steps, step,
                )  # fmt: skip
                response[s, k] = ascend(
                    arcs, site, origin, time_ds, rate[k], need[s, k], penalty[k], x, usable, price[s, k],
                    LAST_STEPS, step * 0.5,
                )  # fmt: skip
            if exact:
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
