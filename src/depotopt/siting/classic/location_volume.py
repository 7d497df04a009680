"""`climb`: prices along the mean of all slopes seen, where steps along the last one only zigzag (numba)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.location_boxes import FREE, KEPT, NodeArrays, choose, core_arrays, reduced
from depotopt.siting.classic.location_prices import Reduction
from depotopt.units import FloatArray

STEPS = 50
"""Steps between two looks at the clock."""
WINDOW = 4
"""So many times `STEPS` steps must close a share of the gap, or slopes are averaged over a longer past."""
SLOW, IDLE = 0.05, 0.01
"""Less than this share: a longer past; less than that one with a long past already: the end."""
SMOOTHING, LONG = 0.1, 0.01
"""Weight of the last slope in the mean, at first and where the past counts as long."""
LENGTH, SHORTEST, LONGEST = 0.1, 1e-4, 2.0
"""Step lengths in multiples of the gap over the squared slope: the first, the least, the largest."""
FEWER = 0.8
"""The arrays are made anew when so few of their sites are left."""


class Course(NamedTuple):
    """Where the prices are heading: mean slope, and ``pace`` = step length, weight of the last slope."""

    direction: FloatArray
    pace: FloatArray


@kernel
def _slope(core, price, chosen, slope):  # type: ignore[no-untyped-def]
    """Per point its weight times one less the chosen sites that serve it at its price."""
    for i in range(len(price)):
        served = 0
        for a in range(core.first[i], core.first[i + 1]):
            if core.distance[a] >= price[i]:
                break
            if chosen[core.site[a]]:
                served += 1
        slope[i] = core.weight[i] * (1.0 - served)


@kernel
def _advance(core, node, course, value, steps):  # type: ignore[no-untyped-def]
    """Take some steps from the best prices known, which are improved in place; their bound."""
    points, sites = len(node.price), len(node.status)
    direction, pace = course
    total, chosen = np.empty(sites), np.zeros(sites, dtype=np.bool_)
    count = np.zeros(len(node.boxes), dtype=np.int64)
    slope, trial = np.empty(points), np.empty(points)
    best = reduced(core, node.price, total) + choose(total, node, chosen, count)
    if not direction.any():
        _slope(core, node.price, chosen, direction)
    idle = 0
    for _step in range(steps):
        norm = 0.0
        for i in range(points):
            norm += direction[i] * direction[i]
        if norm == 0.0:
            break
        size = pace[0] * max(value - best, 1e-6 * abs(value)) / norm
        for i in range(points):
            trial[i] = min(max(0.0, node.price[i] + size * direction[i]), core.highest[i])
        bound = reduced(core, trial, total) + choose(total, node, chosen, count)
        _slope(core, trial, chosen, slope)
        along, square = 0.0, 0.0
        for i in range(points):
            along += slope[i] * direction[i]
            square += slope[i] * slope[i]
        # The mixture of mean and last slope that is shortest, within limits.
        spread = square - 2.0 * along + norm
        share = pace[1]
        if spread > 0.0:
            share = min(max((norm - along) / spread, 0.1 * share), share)
        for i in range(points):
            direction[i] += share * (slope[i] - direction[i])
        idle += 1
        if bound > best:
            best, idle = bound, 0
            node.price[:] = trial
            if along >= 0.0:
                pace[0] = min(1.1 * pace[0], LONGEST)
        elif idle % 20 == 0:
            pace[0] = max(0.66 * pace[0], SHORTEST)
    return best


def climb(reduction: Reduction) -> None:
    """Raise the bound of a reduction until steps along mean slopes close next to nothing of the gap.

    The volume algorithm (Barahona and Anbil 2000, Mathematical Programming 87, 385-399): steps start from the
    best prices, and their direction is a running mean of slopes. The mean says how often each point is
    served too much in the mixture of the relaxation's choices, which is what a linear programme would
    balance, so the bound comes near to the linear relaxation's at the cost of plain steps.
    """
    problem = reduction.problem
    course = Course(np.zeros(problem.points), np.array([LENGTH, SMOOTHING]))
    sites = np.flatnonzero(~reduction.shut)
    core = core_arrays(problem, reduction.relaxed, sites)
    price, window, mark = reduction.price.copy(), 0, reduction.bound
    while not reduction.over:
        left = np.flatnonzero(~reduction.shut)
        if len(left) < FEWER * len(sites):
            sites, core = left, core_arrays(problem, reduction.relaxed, left)
        status = np.where(reduction.kept[sites], KEPT, FREE).astype(np.int8)
        boxes = np.array([[0, len(sites), problem.least, problem.most]], dtype=np.int64)
        _advance(core, NodeArrays(price, status, boxes), course, reduction.value, STEPS)
        reduction.observe(price, reduction.relaxed)
        reduction.tell("prices")
        window += 1
        if window < WINDOW:
            continue
        gap = reduction.value - mark
        gain, mark, window = reduction.bound - mark, reduction.bound, 0
        if gain < IDLE * gap and course.pace[1] < LONG:
            return
        if gain < SLOW * gap:
            course.pace[1] /= 2.0
