"""`improve_capped`: sets of sites found with the dearest distances cut down."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_swaps import shaken_search, swap_search
from depotopt.units import BoolArray, FloatArray

CAPS = (1.5, 2.0, 3.0, 5.0, 8.0)
"""A point costs at most so many times its price, one after the other."""
ROUNDS = 60
LARGEST_SHAKE = 4
SWEEPS = 50
RESTART = 3
"""Every so many searches start from the best set, the others from the last one."""


def improve_capped(
    problem: LocationProblem,
    is_open: BoolArray,
    shut: BoolArray,
    price: FloatArray,
    rng: np.random.Generator,
    over: Callable[[], bool],
) -> None:
    """Improve a set of open sites in place until ``over`` says so.

    Where a point has a few sites near it and all others cost very much, every swap that leaves one point
    alone is uphill by far, and a search is caught with a site too many. So it goes through sets that leave
    points alone at the price of a small multiple of what serving a point is worth, and what it finds is
    repaired at the true distances.
    """
    arrays, bounds = problem.arrays, (problem.least, problem.most, LARGEST_SHAKE)
    free = np.flatnonzero(~shut)
    worth = np.maximum(price, price.mean())
    best = problem.serve(np.flatnonzero(is_open))[1]
    current, turn = is_open.copy(), 0
    while not over():
        cap = CAPS[turn % len(CAPS)] * worth
        capped = arrays._replace(
            distance=np.minimum(arrays.distance, cap[:, None]), by_site=np.minimum(arrays.by_site, cap)
        )
        if turn % RESTART == 0:
            current[:] = is_open
        turn += 1
        shaken_search(capped, current, free, bounds, ROUNDS, rng, 0.0)
        value = float(
            swap_search(arrays, current, rng.permutation(free), (problem.least, problem.most, SWEEPS))
        )
        if value < best:
            best = value
            is_open[:] = current
