"""Local search over open sites (numba): open, close, swap, and shake when nothing helps."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.location_kernels import distance_of

TOLERANCE = 1e-9
"""A move counts when it gains more than this share of the objective."""
# Typed numbers: numba would compile what takes a literal once more.
NONE = np.int64(-1)
"""No site."""
SWEEPS = np.int64(20)
"""Sweeps over the candidates after a shake."""


@kernel
def two_nearest(arrays, is_open, i):  # type: ignore[no-untyped-def]
    """Nearest and second nearest open site of a point with their distances (-1 and inf: none)."""
    first, second, d1, d2 = -1, -1, np.inf, np.inf
    for a in range(arrays.neighbour.shape[1]):
        j = arrays.neighbour[i, a]
        if is_open[j]:
            if first >= 0:
                return first, j, d1, arrays.distance[i, a]
            first, d1 = j, arrays.distance[i, a]
    if arrays.neighbour.shape[1] == len(is_open):
        return first, second, d1, d2
    for j in range(len(is_open)):
        if is_open[j] and j != first:
            d = distance_of(arrays, i, j)
            if d < d1:
                second, d2 = first, d1
                first, d1 = j, d
            elif d < d2:
                second, d2 = j, d
    return first, second, d1, d2


@kernel
def _serve(arrays, is_open, served):  # type: ignore[no-untyped-def]
    """Nearest two of every point, into ``served``; returns the objective."""
    c1, c2, d1, d2 = served
    total = 0.0
    for j in range(len(is_open)):
        if is_open[j]:
            total += arrays.opening[j]
    for i in range(len(d1)):
        c1[i], c2[i], d1[i], d2[i] = two_nearest(arrays, is_open, i)
        total += arrays.weight[i] * d1[i]
    return total


@kernel
def _move(arrays, is_open, served, into, out):  # type: ignore[no-untyped-def]
    """Open ``into`` and close ``out`` (-1: none) and bring the nearest two up to date; the change."""
    c1, c2, d1, d2 = served
    change = 0.0
    if into >= 0:
        is_open[into] = True
        change += arrays.opening[into]
    if out >= 0:
        is_open[out] = False
        change -= arrays.opening[out]
    for i in range(len(d1)):
        before = d1[i]
        if out >= 0 and (c1[i] == out or c2[i] == out):
            c1[i], c2[i], d1[i], d2[i] = two_nearest(arrays, is_open, i)
        elif into >= 0:
            d = distance_of(arrays, i, into)
            if d < d1[i]:
                c2[i], d2[i] = c1[i], d1[i]
                c1[i], d1[i] = into, d
            elif d < d2[i]:
                c2[i], d2[i] = into, d
        change += arrays.weight[i] * (d1[i] - before)
    return change


@kernel
def _listed(is_open, inside):  # type: ignore[no-untyped-def]
    """Write the open sites into ``inside``, ascending; how many there are."""
    opened = 0
    for j in range(len(is_open)):
        if is_open[j]:
            inside[opened] = j
            opened += 1
    return opened


@kernel
def _best_close(arrays, is_open, served, loss):  # type: ignore[no-untyped-def]
    """The open site whose closing costs least, and that cost."""
    c1, _c2, d1, d2 = served
    loss[:] = -arrays.opening
    for i in range(len(d1)):
        loss[c1[i]] += arrays.weight[i] * (d2[i] - d1[i])
    out = NONE
    for j in range(len(is_open)):
        if is_open[j] and (out < 0 or loss[j] < loss[out]):
            out = np.int64(j)
    return out, loss[out]


@kernel
def _improve(arrays, is_open, served, candidates, limits):  # type: ignore[no-untyped-def]
    """First-improvement moves until a sweep over the candidates finds none (or the sweeps are used up).

    For each closed site all points are looked at once: what they gain, and for each open site what its
    points lose if it closes (Whitaker 1983, INFOR 21, 95-108; Resende and Werneck 2007).
    """
    least, most, sweeps, total = limits
    c1, _c2, d1, d2 = served
    sites = len(is_open)
    loss = np.empty(sites)
    inside = np.empty(sites, dtype=np.int64)
    opened = _listed(is_open, inside)
    unmoved = 0
    for _ in range(sweeps):
        while opened > least and opened > 1:
            out, cost = _best_close(arrays, is_open, served, loss)
            if cost >= -TOLERANCE * (1.0 + total):
                break
            total += _move(arrays, is_open, served, NONE, out)
            opened = _listed(is_open, inside)
            unmoved = 0
        moved = False
        for j in candidates:
            if is_open[j]:
                continue
            unmoved += 1
            if unmoved > len(candidates):
                return total
            gain = -arrays.opening[j]
            for q in range(opened):
                loss[inside[q]] = -arrays.opening[inside[q]]
            for i in range(len(d1)):
                d = distance_of(arrays, i, j)
                if d < d1[i]:
                    gain += arrays.weight[i] * (d1[i] - d)
                else:
                    loss[c1[i]] += arrays.weight[i] * (min(d, d2[i]) - d1[i])
            out = NONE
            for q in range(opened):
                h = inside[q]
                if out < 0 or loss[h] < loss[out]:
                    out = h
            if opened < most and loss[out] > 0.0:
                out = NONE
            if gain - (loss[out] if out >= 0 else 0.0) <= TOLERANCE * (1.0 + total):
                continue
            total += _move(arrays, is_open, served, j, out)
            opened = _listed(is_open, inside)
            unmoved = 0
            moved = True
        if not moved:
            return total
    return total


@kernel
def swap_search(arrays, is_open, candidates, limits):  # type: ignore[no-untyped-def]
    """Improve a set of open sites in place; ``limits`` is (least, most, sweeps). Returns its value."""
    points = len(arrays.weight)
    served = (
        np.empty(points, dtype=np.int64),
        np.empty(points, dtype=np.int64),
        np.empty(points),
        np.empty(points),
    )
    total = _serve(arrays, is_open, served)
    return _improve(arrays, is_open, served, candidates, (limits[0], limits[1], limits[2], total))


@kernel
def shaken_search(arrays, is_open, candidates, limits, rounds, rng, far):  # type: ignore[no-untyped-def]
    """Iterated local search: swap a few sites at random, improve, keep what is no worse.

    Parameters
    ----------
    arrays
        `LocationArrays`.
    is_open
        Local optimum to start from; the best set found on return.
    candidates
        Sites that may be opened.
    limits
        ``(least, most, largest shake)``: shakes take 1 to so many swaps.
    rounds
        Shakes.
    rng
        Of the random choices.
    far
        Share of the swaps in which the site that goes is anywhere, not near the one that comes.

    Returns
    -------
    float
        Value of the best set.
    """
    least, most, largest = limits
    points = len(arrays.weight)
    served = (
        np.empty(points, dtype=np.int64),
        np.empty(points, dtype=np.int64),
        np.empty(points),
        np.empty(points),
    )
    current = _serve(arrays, is_open, served)
    best, kept = current, is_open.copy()
    order = candidates.copy()
    for _round in range(rounds):
        before = is_open.copy()
        total = current
        for _swap in range(rng.integers(1, largest + 1)):
            # A closed site comes in and one of the sites open near it goes: a random swap that is no
            # nonsense. The site near it is the one that serves a point to which the new one is near.
            into = order[rng.integers(0, len(order))]
            if is_open[into]:
                continue
            i = rng.integers(0, points)
            for _try in range(0 if rng.random() < far else 8):
                other = rng.integers(0, points)
                if distance_of(arrays, other, into) < distance_of(arrays, i, into):
                    i = other
            total += _move(arrays, is_open, served, into, served[0][i])
        rng.shuffle(order)
        total = _improve(arrays, is_open, served, order, (least, most, SWEEPS, total))
        if total <= current + TOLERANCE * current:
            current = total
            if total <= best + TOLERANCE * best:
                # Another set of the same value is kept too: it may lead elsewhere.
                best = min(best, total)
                kept[:] = is_open
        else:
            is_open[:] = before
            current = _serve(arrays, is_open, served)
    is_open[:] = kept
    return best
