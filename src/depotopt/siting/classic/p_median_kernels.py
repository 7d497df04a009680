"""Loops of the p-median engine (numba): nearest open sites, swaps, Lagrangean bound."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def _distance(matrix, position, i, j):  # type: ignore[no-untyped-def]
    """Distance by matrix, or Euclidean rounded down by positions where there is no matrix."""
    if matrix.shape[0] > 0:
        return matrix[i, j]
    dx = position[i, 0] - position[j, 0]
    dy = position[i, 1] - position[j, 1]
    return np.floor(np.sqrt(dx * dx + dy * dy))


@njit(cache=True)
def nearest_open(neighbour, distance, matrix, position, is_open):  # type: ignore[no-untyped-def]
    """Nearest open site of every point and how far it is; lists first, all sites where they end."""
    points, listed = neighbour.shape
    site = np.full(points, -1, dtype=np.int32)
    best = np.full(points, np.inf)
    for i in range(points):
        for a in range(listed):
            if is_open[neighbour[i, a]]:
                site[i] = neighbour[i, a]
                best[i] = distance[i, a]
                break
        if site[i] < 0:
            for j in range(len(is_open)):
                if is_open[j]:
                    d = _distance(matrix, position, i, j)
                    if d < best[i]:
                        best[i] = d
                        site[i] = j
    return site, best


@njit(cache=True)
def _two_nearest(i, neighbour, distance, matrix, position, is_open):  # type: ignore[no-untyped-def]
    first, second, d1, d2 = -1, -1, np.inf, np.inf
    for a in range(neighbour.shape[1]):
        j = neighbour[i, a]
        if is_open[j]:
            if first < 0:
                first, d1 = j, distance[i, a]
            else:
                return first, distance[i, a], d1, j
    for j in range(len(is_open)):
        if is_open[j]:
            d = _distance(matrix, position, i, j)
            if d < d1 or first < 0:
                if first != j:
                    second, d2 = first, d1
                    first, d1 = j, d
            elif d < d2 and j != first:
                second, d2 = j, d
    return first, d2, d1, second


@njit(cache=True)
def swap_search(  # type: ignore[no-untyped-def]
    neighbour, distance, matrix, position, weight, is_open, candidates, sweeps
):
    """Swap an open site for a closed one while that helps; first improvement, in place.

    For each closed site all clients are looked at once: what they gain, and for each open site what its
    clients lose if it closes (Whitaker 1983; Resende and Werneck 2007).

    Returns
    -------
    float
        Objective reached.
    """
    points = len(weight)
    sites = len(is_open)
    c1 = np.empty(points, dtype=np.int64)
    c2 = np.empty(points, dtype=np.int64)
    d1 = np.empty(points)
    d2 = np.empty(points)
    total = 0.0
    for i in range(points):
        c1[i], d2[i], d1[i], c2[i] = _two_nearest(i, neighbour, distance, matrix, position, is_open)
        total += weight[i] * d1[i]
    loss = np.zeros(sites)
    unmoved = 0
    for _ in range(sweeps):
        for j in candidates:
            if is_open[j]:
                continue
            unmoved += 1
            if unmoved > len(candidates):
                return total
            gain = 0.0
            for h in range(sites):
                loss[h] = 0.0
            for i in range(points):
                d = _distance(matrix, position, i, j)
                if d < d1[i]:
                    gain += weight[i] * (d1[i] - d)
                else:
                    loss[c1[i]] += weight[i] * (min(d, d2[i]) - d1[i])
            out = -1
            for h in range(sites):
                if is_open[h] and (out < 0 or loss[h] < loss[out]):
                    out = h
            if gain - loss[out] <= 1e-9 * (1.0 + total):
                continue
            is_open[j] = True
            is_open[out] = False
            unmoved = 0
            for i in range(points):
                d = _distance(matrix, position, i, j)
                if c1[i] == out or c2[i] == out:
                    c1[i], d2[i], d1[i], c2[i] = _two_nearest(
                        i, neighbour, distance, matrix, position, is_open
                    )
                elif d < d1[i]:
                    c2[i], d2[i] = c1[i], d1[i]
                    c1[i], d1[i] = j, d
                elif d < d2[i]:
                    c2[i], d2[i] = j, d
            total = 0.0
            for i in range(points):
                total += weight[i] * d1[i]
    return total


@njit(cache=True)
def saving(neighbour, distance, weight, price, shut, total):  # type: ignore[no-untyped-def]
    """What each site would save at these prices: ``sum_i weight min(0, d - price)``, into ``total``."""
    for j in range(len(total)):
        total[j] = 0.0
    for i in range(len(price)):
        for a in range(neighbour.shape[1]):
            d = distance[i, a]
            if d >= price[i]:
                break
            if not shut[neighbour[i, a]]:
                total[neighbour[i, a]] += weight[i] * (d - price[i])


@njit(cache=True)
def slope(neighbour, distance, price, chosen, result):  # type: ignore[no-untyped-def]
    """Subgradient per point: one less the chosen sites that would serve it at its price."""
    for i in range(len(price)):
        result[i] = 1.0
        for a in range(neighbour.shape[1]):
            if distance[i, a] >= price[i]:
                break
            if chosen[neighbour[i, a]]:
                result[i] -= 1.0


@njit(cache=True)
def critical(neighbour, distance, y, value, violation, theta):  # type: ignore[no-untyped-def]
    """Critical distance of every point at fractional ``y`` and the violation of its cut."""
    for i in range(neighbour.shape[0]):
        served = 0.0
        cost = 0.0
        last = neighbour.shape[1] - 1
        for a in range(neighbour.shape[1]):
            j = neighbour[i, a]
            if y[j] > 0.0:
                cost += y[j] * distance[i, a]
                served += y[j]
                if served >= 1.0 - 1e-9:
                    last = a
                    break
        value[i] = distance[i, last]
        violation[i] = value[i] - (served * value[i] - cost) - theta[i]
