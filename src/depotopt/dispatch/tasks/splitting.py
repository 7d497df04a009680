"""Routing tasks whose deliveries may be split: ruin and recreate with insertions spread over routes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.dispatch.routing import FOREVER, RoutingBudget, RoutingTask
from depotopt.dispatch.tasks.annealing import SlackTask, anneal_seeds
from depotopt.errors import UsageError


@dataclass(frozen=True, slots=True)
class SplitAnswer:
    """Routes with what each stop hands over.

    Attributes
    ----------
    routes
        Per vehicle: group and stops as pairs of job and units, each job at most once per route.
    cost
        Of lengths and vehicles.
    feasible
        Whether everything is delivered within every rule.
    """

    routes: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    cost: int
    feasible: bool


def solve_split(task: RoutingTask, budget: RoutingBudget) -> SplitAnswer:
    """Route with split deliveries.

    Full loads of a customer that needs more than two leave first. The rest is searched by removing strings of
    stops and inserting what is missing whole, in a new route, or spread over the routes with room that cost
    least per unit, whichever is cheapest.

    Parameters
    ----------
    task
        Jobs in one load dimension, one group that returns to where it starts, symmetric lengths or not, and
        no rules of time.
    budget
        Iterations are rounds of ruin and recreate per seed; the best seed is taken.

    Raises
    ------
    UsageError
        If the task has rules this search does not know.
    """
    if len(task.groups) != 1 or task.groups[0].start != task.groups[0].end:
        raise UsageError("split deliveries are searched for one group that returns to its start")
    group = task.groups[0]
    timed = any(job.latest < FOREVER or job.release > 0 or job.prize is not None for job in task.jobs)
    if timed or group.longest < FOREVER or group.farthest < FOREVER or len(group.capacity) != 1:
        raise UsageError("split deliveries are searched without windows, prizes and limits of length")
    capacity = group.capacity[0]
    demand = [job.load[0] for job in task.jobs]
    # A load that fills the vehicle goes out and back; two such loads are left for tours to share.
    peeled = [max(0, units // capacity - 1) for units in demand]
    places = np.array([group.start, *(job.place for job in task.jobs)])
    lengths = task.distances[group.matrix][np.ix_(places, places)] * group.distance_cost
    # A vehicle's fixed cost is paid where it leaves.
    lengths[0, 1:] += group.fixed_cost
    left = np.array([0, *(units - full * capacity for units, full in zip(demand, peeled, strict=True))])
    found = anneal_seeds(
        SlackTask(
            lengths=np.ascontiguousarray(lengths, dtype=np.int64),
            demand=left.astype(np.int64),
            weight=np.ones(len(left), dtype=np.int64),
            capacity=capacity,
            most=max(0, group.count - sum(peeled)),
            split=True,
        ),
        budget,
    )
    if found.cost is None:
        return SplitAnswer((), 0, False)
    routes = [(0, tuple((c - 1, units) for c, units in stops)) for stops in found.routes]
    cost = found.cost
    for j, full in enumerate(peeled):
        cost += full * int(lengths[0, j + 1] + lengths[j + 1, 0])
        routes += [(0, ((j, capacity),))] * full
    return SplitAnswer(tuple(routes), cost, True)
