"""`local_cuts`: what a few neighbouring sites can save together, whichever of them are open."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.location import LocationArrays
from depotopt.siting.classic.location_clusters import shared_savings
from depotopt.siting.classic.location_envelope import envelope, savings
from depotopt.units import FloatArray, Int32Array, Int64Array

SIZE = 12
"""Sites of a neighbourhood: all their subsets are looked at."""
LARGEST = 1_500
"""Fractional sites up to which neighbourhoods are formed."""
FRACTIONAL = 1e-4
VIOLATION = 1e-4
"""A cut must be violated by this share of the mean cost of a point."""
FULL = 1e-6


class LocalCut(NamedTuple):
    """``sum_{i in points} weight[i] theta[i] + sum_j coefficient[j] y[sites[j]] >= least``."""

    points: Int64Array
    sites: Int64Array
    coefficient: FloatArray
    least: float


class Lists(NamedTuple):
    """Neighbours of every point among the sites that are left, nearest first, and its weight."""

    neighbour: Int32Array
    distance: FloatArray
    weight: FloatArray


@kernel
def _reach(lists, y, reach):  # type: ignore[no-untyped-def]
    """Distance at which a point's cut is tight: the farthest one, so that savings are as large as can be."""
    listed = lists.neighbour.shape[1]
    for i in range(len(reach)):
        served, a = 0.0, 0
        while a < listed - 1:
            served += y[lists.neighbour[i, a]]
            if served >= 1.0 - FULL:
                break
            a += 1
        reach[i] = lists.distance[i, a]
        if served < 1.0 + FULL:
            # Served exactly once: the cut stays tight until the next site that is open in part.
            n = a + 1
            while n < listed and (y[lists.neighbour[i, n]] <= FULL or lists.distance[i, n] <= reach[i]):
                n += 1
            if n == listed:
                n = a + 1
                while n < listed - 1 and lists.distance[i, n] <= reach[i]:
                    n += 1
            if n < listed:
                reach[i] = lists.distance[i, n]


@kernel
def _members(lists, reach, place, many, save, points):  # type: ignore[no-untyped-def]
    """Points that two sites of the neighbourhood or more are near to, and what each of them saves."""
    found = 0
    for n in range(len(points)):
        i = points[n]
        near = 0
        save[found, :many] = 0.0
        for a in range(lists.neighbour.shape[1]):
            if lists.distance[i, a] >= reach[i]:
                break
            b = place[lists.neighbour[i, a]]
            if b >= 0:
                save[found, b] = reach[i] - lists.distance[i, a]
                near += 1
        if near >= 2:
            points[found] = i
            found += 1
    return found


@kernel
def _outside(lists, reach, place, points, coefficient):  # type: ignore[no-untyped-def]
    """What every other site saves these points, one by one, into ``coefficient``."""
    coefficient[:] = 0.0
    for i in points:
        for a in range(lists.neighbour.shape[1]):
            if lists.distance[i, a] >= reach[i]:
                break
            j = lists.neighbour[i, a]
            if place[j] < 0:
                coefficient[j] += lists.weight[i] * (reach[i] - lists.distance[i, a])


def local_cuts(
    arrays: LocationArrays, lists: Lists, y: FloatArray, theta: FloatArray
) -> list[tuple[float, LocalCut]]:
    """Cuts that see a few sites at once, violated at a point of the relaxation.

    For the points ``P`` near two sites or more of a neighbourhood ``W``, and a distance ``v[i]`` for each,

        theta[i] >= v[i] - max_{j in W open} (v[i] - d[i,j])+ - sum_{j not in W} (v[i] - d[i,j])+ y[j].

    Summed over ``P``, what ``W`` saves is a function of the subset of ``W`` that is open. The plane over all
    ``2^|W|`` subsets that is lowest at ``y`` takes its place (`envelope`). Cuts of single points only know
    that no point is served more than once; these know that two half open sites are one or none. They
    include the odd cycles of facility location, and are the local cuts of Applegate, Bixby, Chvatal and
    Cook (2001) with closed-form savings in the place of an oracle.

    Parameters
    ----------
    arrays
        The problem.
    lists
        Neighbours among the sites left.
    y, theta
        The point to cut off: openness of every site (0 where closed), estimate of every point.

    Returns
    -------
    list
        Violation and cut, most violated first.
    """
    sites = np.flatnonzero((y > FRACTIONAL) & (y < 1.0 - FRACTIONAL))
    if not 3 <= len(sites) <= LARGEST:
        return []
    reach = np.empty(len(theta))
    _reach(lists, y, reach)
    column = np.full(len(y), -1, dtype=np.int64)
    column[sites] = np.arange(len(sites))
    shared = np.zeros((len(sites), len(sites)))
    shared_savings(arrays, column, reach, shared)
    np.fill_diagonal(shared, 0.0)
    point, arc = np.nonzero((lists.distance < reach[:, None]) & (column[lists.neighbour] >= 0))
    site = column[lists.neighbour[point, arc]]
    order = np.argsort(site, kind="stable")
    near = np.split(point[order], np.searchsorted(site[order], np.arange(1, len(sites))))
    least_gain = VIOLATION * max(float(lists.weight @ theta) / len(theta), 1e-9)
    place = np.full(len(y), -1, dtype=np.int64)
    seen: set[bytes] = set()
    found = []
    for inside in _neighbourhoods(shared, y[sites]):
        if inside.tobytes() in seen:
            continue
        seen.add(inside.tobytes())
        points = np.unique(np.concatenate([near[c] for c in inside]))
        place[sites[inside]] = np.arange(len(inside))
        found.append(_cut(lists, reach, (sites[inside], points, place), y, theta))
        place[sites[inside]] = -1
    kept = [(gain, cut) for gain, cut in found if gain > least_gain]
    kept.sort(key=lambda pair: -pair[0])
    return kept


def _neighbourhoods(shared: FloatArray, y: FloatArray) -> list[Int64Array]:
    """Around every site those that share most of what they save with the ones already taken."""
    result = []
    for first in range(len(y)):
        taken, score = [first], shared[first] * y
        while len(taken) < SIZE:
            score[taken] = 0.0
            following = int(np.argmax(score))
            if score[following] <= 0.0:
                break
            taken.append(following)
            score = score + shared[following] * y
        if len(taken) >= 3:
            result.append(np.array(sorted(taken), dtype=np.int64))
    return result


def _cut(
    lists: Lists,
    reach: FloatArray,
    neighbourhood: tuple[Int64Array, Int64Array, Int64Array],
    y: FloatArray,
    theta: FloatArray,
) -> tuple[float, LocalCut]:
    """Cut and violation of a neighbourhood: its sites, points near them, place of each site in it."""
    inside, points, place = neighbourhood
    save = np.empty((len(points) + 1, len(inside)))
    many = _members(lists, reach, place, len(inside), save, points)
    points = points[:many].astype(np.int64)
    weight = lists.weight[points]
    slope, level = envelope(savings(save[:many], weight), y[inside])
    coefficient = np.empty(len(y))
    _outside(lists, reach, place, points, coefficient)
    coefficient[inside] = slope
    used = np.flatnonzero(coefficient)
    least = float(weight @ reach[points]) - level
    gain = least - float(weight @ theta[points]) - float(coefficient @ y)
    return gain, LocalCut(points, used, coefficient[used], least)


class Relaxed(NamedTuple):
    """What a bound sees in the place of the costs: local cuts at fixed multipliers.

    ``cost(y) >= offset + sum_j opening[j] y[j] + sum_i weight[i] min_{j open} d[i,j]``: a cut at multiplier
    ``m`` takes ``m`` times its coefficients away from weights and opening costs, and gives ``m least``.
    So a bound, a fixing or a tree that knows nothing of cuts works with these numbers as with the others.
    """

    weight: FloatArray
    opening: FloatArray
    offset: float


def relaxed(arrays: LocationArrays, cuts: list[tuple[LocalCut, float]]) -> Relaxed:
    """The costs less what these cuts say at these multipliers (``>= 0``)."""
    load: FloatArray = np.zeros(len(arrays.weight))
    for cut, multiplier in cuts:
        load[cut.points] += max(multiplier, 0.0)
    # No weight may fall below 0; an engine's multipliers are only right to a tolerance.
    load[arrays.weight <= 0.0] = 0.0
    scale = 1.0 / max(1.0, float(load.max(initial=0.0)))
    opening, offset = arrays.opening.copy(), 0.0
    for cut, multiplier in cuts:
        share = scale * max(multiplier, 0.0)
        opening[cut.sites] -= share * cut.coefficient
        offset += share * cut.least
    weight = np.maximum(arrays.weight * (1.0 - scale * load), 0.0)
    return Relaxed(weight, opening, offset)
