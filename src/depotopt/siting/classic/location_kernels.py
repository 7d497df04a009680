"""Loops over the neighbour lists of a `LocationProblem` (numba)."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel


@kernel
def distance_of(arrays, i, j):  # type: ignore[no-untyped-def]
    """Distance by table, or Euclidean rounded down by positions where there is no table."""
    if arrays.by_site.shape[0] > 0:
        return arrays.by_site[j, i]
    dx = arrays.position[i, 0] - arrays.position[j, 0]
    dy = arrays.position[i, 1] - arrays.position[j, 1]
    return np.floor(np.sqrt(dx * dx + dy * dy))


@kernel
def nearest_open(arrays, points, is_open):  # type: ignore[no-untyped-def]
    """Nearest open site of these points and how far it is; lists first, all sites where they end."""
    site = np.full(len(points), -1, dtype=np.int32)
    best = np.full(len(points), np.inf)
    for n in range(len(points)):
        i = points[n]
        for a in range(arrays.neighbour.shape[1]):
            if is_open[arrays.neighbour[i, a]]:
                site[n] = arrays.neighbour[i, a]
                best[n] = arrays.distance[i, a]
                break
        if site[n] < 0:
            for j in range(len(is_open)):
                if is_open[j]:
                    d = distance_of(arrays, i, j)
                    if d < best[n]:
                        best[n] = d
                        site[n] = j
    return site, best


@kernel
def saving(arrays, price, shut, total):  # type: ignore[no-untyped-def]
    """Reduced cost of each site: opening and ``sum_i weight min(0, d - price)``, into ``total``."""
    total[:] = arrays.opening
    for i in range(len(price)):
        for a in range(arrays.neighbour.shape[1]):
            d = arrays.distance[i, a]
            if d >= price[i]:
                break
            total[arrays.neighbour[i, a]] += arrays.weight[i] * (d - price[i])
    for j in range(len(total)):
        if shut[j]:
            total[j] = np.inf


@kernel
def slack(arrays, price, is_open):  # type: ignore[no-untyped-def]
    """What each point adds to the gap of these open sites at these prices.

    Nothing where exactly one open site is nearer than the price. Opening costs aside, value less bound is the
    sum of this and of what the open sites cost more than those the bound opens.
    """
    result = np.zeros(len(price))
    for i in range(len(price)):
        nearest, twice = np.inf, 0.0
        for a in range(arrays.neighbour.shape[1]):
            d = arrays.distance[i, a]
            if d >= price[i] and nearest < np.inf:
                break
            if is_open[arrays.neighbour[i, a]]:
                nearest = min(nearest, d)
                twice += max(price[i] - d, 0.0)
        # A truncated list may end before an open site.
        nearest = min(nearest, arrays.distance[i, -1])
        result[i] = arrays.weight[i] * max(nearest - price[i] + twice, 0.0)
    return result


@kernel
def slope(arrays, price, chosen, result):  # type: ignore[no-untyped-def]
    """Subgradient per point: its weight times one less the chosen sites that serve it at its price."""
    for i in range(len(price)):
        served = 0
        for a in range(arrays.neighbour.shape[1]):
            if arrays.distance[i, a] >= price[i]:
                break
            if chosen[arrays.neighbour[i, a]]:
                served += 1
        result[i] = arrays.weight[i] * (1.0 - served)


@kernel
def critical(neighbour, distance, y, theta):  # type: ignore[no-untyped-def]
    """Critical distance of every point at fractional ``y`` and the violation of its cut."""
    points, listed = neighbour.shape
    value, violation = np.empty(points), np.empty(points)
    for i in range(points):
        served = 0.0
        cost = 0.0
        last = listed - 1
        for a in range(listed):
            j = neighbour[i, a]
            if y[j] > 0.0:
                cost += y[j] * distance[i, a]
                served += y[j]
                if served >= 1.0 - 1e-9:
                    last = a
                    break
        value[i] = distance[i, last]
        violation[i] = value[i] - (served * value[i] - cost) - theta[i]
    return value, violation
