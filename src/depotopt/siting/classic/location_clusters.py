"""`clusters`: sites that serve the same points stand together."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.location import LocationArrays
from depotopt.units import FloatArray, Int64Array

LARGEST = 2_500
"""Sites up to which all pairs are compared; beyond, every site is a cluster of its own."""


@kernel
def shared_savings(arrays, column, price, shared):  # type: ignore[no-untyped-def]
    """Savings two sites have in common: ``sum_i weight min(saving of one, saving of the other)``."""
    near = np.empty(shared.shape[0], dtype=np.int64)
    gain = np.empty(shared.shape[0])
    for i in range(len(price)):
        n = 0
        for a in range(arrays.neighbour.shape[1]):
            d = arrays.distance[i, a]
            if d >= price[i]:
                break
            j = column[arrays.neighbour[i, a]]
            if j >= 0:
                near[n] = j
                gain[n] = arrays.weight[i] * (price[i] - d)
                n += 1
        for a in range(n):
            for b in range(a, n):
                # Nearest first: the later one saves less.
                shared[near[a], near[b]] += gain[b]
                if a != b:
                    shared[near[b], near[a]] += gain[b]


def clusters(arrays: LocationArrays, sites: Int64Array, price: FloatArray) -> tuple[Int64Array, Int64Array]:
    """Order sites so that nested clusters of sites with the same customers are intervals.

    Parameters
    ----------
    arrays
        The problem.
    sites
        Sites to cluster.
    price
        What each point would pay at most: a site's customers are the points nearer than that.

    Returns
    -------
    tuple
        Order of ``sites``, and the clusters as ``(start, end)`` in that order: all of them, from single
        sites to everything.
    """
    many = len(sites)
    single = np.stack([np.arange(many), np.arange(1, many + 1)], axis=1)
    if not 2 <= many <= LARGEST:
        return np.arange(many), single
    from scipy.cluster.hierarchy import leaves_list, linkage

    column = np.full(len(arrays.opening), -1, dtype=np.int64)
    column[sites] = np.arange(many)
    shared = np.zeros((many, many))
    shared_savings(arrays, column, price, shared)
    own = np.diag(shared)
    larger = np.maximum(np.maximum(own[:, None], own[None, :]), 1e-12)
    upper = np.triu_indices(many, 1)
    tree = linkage((1.0 - np.minimum(shared / larger, 1.0))[upper], method="average")
    order = leaves_list(tree).astype(np.int64)
    place = np.empty(many, dtype=np.int64)
    place[order] = np.arange(many)
    start, end = np.empty(2 * many - 1, dtype=np.int64), np.empty(2 * many - 1, dtype=np.int64)
    start[:many], end[:many] = place, place + 1
    for n, (a, b) in enumerate(tree[:, :2].astype(np.int64)):
        start[many + n] = min(start[a], start[b])
        end[many + n] = max(end[a], end[b])
    return order, np.stack([start, end], axis=1)
