"""`improve_windows`: neighbouring open sites and the points they serve, one small problem at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np

from depotopt.siting.classic.location import LocationArrays, LocationProblem
from depotopt.siting.classic.location_kernels import nearest_open, slack
from depotopt.siting.classic.location_swaps import shaken_search
from depotopt.units import BoolArray, FloatArray, Int64Array

SMALLEST, LARGEST = 4, 25
"""Open sites in a window."""
POINTS = 600
"""Points of a window, roughly, at most: many small windows do more than a few large ones."""
FOCUSED = 0.75
"""Share of the windows around points that cost more than their price."""
TOGETHER = 0.7
"""Share of the windows of two places at once."""
FAR = 0.5
"""Share of the swaps between the two, when shaken."""
ROUNDS = 60
LARGEST_SHAKE = 3


def improve_windows(
    problem: LocationProblem,
    is_open: BoolArray,
    masks: Sequence[BoolArray],
    price: FloatArray,
    rng: np.random.Generator,
    over: Callable[[], bool],
) -> None:
    """Improve a set of open sites in place, window by window, until ``over`` says so.

    A window is the open sites nearest to a point. Most of these points are drawn by their share of what the
    value is above the bound at these prices (`slack`), which a few places make up when prices are good; the
    others at random. Many windows are of two places at once: where one has a site too many and another a site
    too few, nothing that happens near either of them helps alone. The points that a window serves may go to
    any site that is nearer to one of them than its own, or to the nearest open site outside, which stays.
    With many open sites this is far quicker than shaking the whole (Taillard 2003, Journal of Heuristics 9,
    51-73).
    ``masks`` are sites that stay closed; the windows take them by turns, so that quick ones with few sites
    alternate with thorough ones.
    """
    arrays = problem.arrays
    share = POINTS * int(is_open.sum()) // problem.points
    largest = min(LARGEST, max(SMALLEST, share))
    everybody = np.arange(problem.points)
    site, distance = nearest_open(arrays, everybody, is_open)
    missed = np.cumsum(slack(arrays, price, is_open))
    for shut in cycle(masks):
        if over():
            return
        many = int(rng.integers(SMALLEST, largest + 1))
        inside = _inside(arrays, is_open, missed, many, rng)
        far = 0.0
        if rng.random() < TOGETHER:
            half = (len(inside) + 1) // 2
            inside = np.union1d(inside[:half], _inside(arrays, is_open, missed, half, rng))
            far = FAR
        points = np.flatnonzero(np.isin(site, inside))
        if not len(points):
            continue
        others = int(is_open.sum()) - len(inside)
        sub, candidates, start = _window(problem, is_open, inside, (points, distance[points], shut))
        least, most = max(problem.least - others, 1), problem.most - others
        if len(candidates) <= least:
            continue
        before = float(sub.opening[start].sum() + sub.by_site[start].min(axis=0) @ sub.weight)
        free = np.flatnonzero(~shut[candidates])
        if not len(free):
            continue
        bounds = (least, most, LARGEST_SHAKE)
        value = shaken_search(sub, start, free, bounds, ROUNDS, rng, far)
        if value <= before + 1e-9 * (1.0 + before):
            is_open[inside] = False
            is_open[candidates[start]] = True
            site, distance = nearest_open(arrays, everybody, is_open)
            missed = np.cumsum(slack(arrays, price, is_open))


def _inside(
    arrays: LocationArrays, is_open: BoolArray, missed: FloatArray, many: int, rng: np.random.Generator
) -> Int64Array:
    """So many open sites near a point, drawn by the running sum of slacks or at random."""
    centre = int(rng.integers(len(missed)))
    if rng.random() < FOCUSED and missed[-1] > 0.0:
        centre = int(np.searchsorted(missed, rng.random() * missed[-1], "right"))
    row = arrays.neighbour[min(centre, len(missed) - 1)]
    inside: Int64Array = row[is_open[row]][:many].astype(np.int64)
    return inside


def _window(
    problem: LocationProblem,
    is_open: BoolArray,
    inside: Int64Array,
    served: tuple[Int64Array, FloatArray, BoolArray],
) -> tuple[LocationArrays, Int64Array, BoolArray]:
    """The small problem, its sites, and which of them are open now."""
    arrays = problem.arrays
    points, own, shut = served
    nearer = arrays.distance[points] < own[:, None]
    useful = np.zeros(problem.sites, dtype=np.bool_)
    useful[arrays.neighbour[points][nearer]] = True
    useful &= ~shut & ~is_open
    useful[inside] = True
    candidates = np.flatnonzero(useful)
    if arrays.by_site.shape[0]:
        by_site = arrays.by_site[np.ix_(candidates, points)]
    else:
        offset = arrays.position[candidates][:, None, :] - arrays.position[points][None, :, :]
        by_site = np.floor(np.sqrt((offset**2).sum(axis=2)))
    outside = is_open.copy()
    outside[inside] = False
    if outside.any():
        by_site = np.minimum(by_site, nearest_open(arrays, points, outside)[1])
    distance = by_site.T
    order = np.argsort(distance, axis=1, kind="stable").astype(np.int32)
    sub = LocationArrays(
        np.ascontiguousarray(order),
        np.ascontiguousarray(np.take_along_axis(distance, order, 1)),
        np.ascontiguousarray(by_site),
        np.empty((0, 2)),
        arrays.weight[points],
        arrays.opening[candidates],
    )
    return sub, candidates, is_open[candidates]
