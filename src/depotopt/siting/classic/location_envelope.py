"""Savings of every subset of a few sites, and the plane that lies on them (numba)."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel

STEPS = 400
"""Simplex steps after which the plane found so far is lifted until it is valid."""
TOLERANCE = 1e-7
"""A subset must lie this share of the largest saving above the plane to move it."""


@kernel
def savings(save, weight):  # type: ignore[no-untyped-def]
    """``sum_i weight[i] max_{j in S} save[i, j]`` of every subset ``S``, numbered by its bits."""
    points, sites = save.shape
    most = np.zeros(1 << sites)
    total = np.zeros(1 << sites)
    for i in range(points):
        for b in range(sites):
            low = 1 << b
            for s in range(low):
                most[low + s] = max(most[s], save[i, b])
        for s in range(1, 1 << sites):
            total[s] += weight[i] * most[s]
    return total


@kernel
def _plane(slope, level, height):  # type: ignore[no-untyped-def]
    """``level + sum_{j in S} slope[j]`` of every subset, into ``height``."""
    height[0] = level
    for b in range(len(slope)):
        low = 1 << b
        for s in range(low):
            height[low + s] = height[s] + slope[b]


@kernel
def _chain(y):  # type: ignore[no-untyped-def]
    """First basis: the most open site, the two most open, and so on; and its inverse."""
    sites = len(y)
    order = np.argsort(-y)
    basis = np.zeros(sites + 1, dtype=np.int64)
    matrix = np.zeros((sites + 1, sites + 1))
    matrix[sites, :] = 1.0
    for q in range(sites):
        basis[q + 1] = basis[q] | (1 << order[q])
    for q in range(sites + 1):
        for b in range(sites):
            if basis[q] >> b & 1:
                matrix[b, q] = 1.0
    return basis, np.linalg.inv(matrix)


@kernel
def _entering(inverse, subset):  # type: ignore[no-untyped-def]
    """Column of a subset in the present basis."""
    size = len(inverse)
    column = inverse[:, size - 1].copy()
    for b in range(size - 1):
        if subset >> b & 1:
            for q in range(size):
                column[q] += inverse[q, b]
    return column


@kernel
def _pivot(inverse, share, column, leaving, ratio):  # type: ignore[no-untyped-def]
    """Bring a column into the basis."""
    inverse[leaving] /= column[leaving]
    for q in range(len(column)):
        if q != leaving and column[q] != 0.0:
            share[q] -= column[q] * ratio
            inverse[q] -= column[q] * inverse[leaving]
    share[leaving] = ratio


@kernel
def envelope(total, y):  # type: ignore[no-untyped-def]
    """The lowest plane at ``y`` among those that lie on or above the savings of every subset.

    Primal simplex on its dual, ``max sum_S share[S] total[S]`` over the mixtures of subsets in which site
    ``j`` has the share ``y[j]``; all subsets are priced at every step.

    Returns
    -------
    tuple
        Slope per site and level. The level is counted over all subsets at the end, so that the plane is
        valid wherever the simplex stopped.
    """
    sites = len(y)
    size = sites + 1
    basis, inverse = _chain(y)
    share = np.zeros(size)
    for q in range(size):
        share[q] = inverse[q, sites]
        for b in range(sites):
            share[q] += inverse[q, b] * y[b]
    dual, height = np.zeros(size), np.empty(len(total))
    for _step in range(STEPS):
        dual[:] = 0.0
        for q in range(size):
            dual += total[basis[q]] * inverse[q]
        _plane(dual[:sites], dual[sites], height)
        above, subset = TOLERANCE * total[len(total) - 1], -1
        for s in range(len(total)):
            if total[s] - height[s] > above:
                above, subset = total[s] - height[s], s
        if subset < 0:
            break
        column = _entering(inverse, subset)
        ratio, leaving = np.inf, -1
        for q in range(size):
            if column[q] > 1e-9:
                here = max(share[q], 0.0) / column[q]
                if here < ratio - 1e-12 or (here < ratio + 1e-12 and basis[q] > basis[leaving]):
                    ratio, leaving = here, q
        if leaving < 0:
            break
        basis[leaving] = subset
        _pivot(inverse, share, column, leaving, ratio)
    slope = dual[:sites].copy()
    _plane(slope, 0.0, height)
    return slope, np.max(total - height)
