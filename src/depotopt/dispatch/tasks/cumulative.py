"""The cumulative routing problem: vehicles leave so that people wait as little as possible in all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.dispatch.routing import RoutingBudget
from depotopt.dispatch.tasks.annealing import SlackTask, anneal_seeds
from depotopt.errors import UsageError
from depotopt.units import Int64Array


@dataclass(frozen=True, slots=True)
class CumulativeTask:
    """Serve everybody with a small fleet so that the weighted sum of arrival times is least.

    Sets
        D depots, C customers, V vehicles that each leave from any one depot
    Model
        min  sum_c weight[c] arrival[c]
        s.t. every customer is visited once; the demand on a route is at most ``capacity``;
             a route ends at its last customer; arrival[next] = arrival[c] + durations[c, next]

    Attributes
    ----------
    durations
        Between depots, then customers, shape ``(D + C, D + C)``, service times included in what leaves.
    depots
        How many of the places are depots.
    demand, weight
        Per customer.
    capacity, vehicles
        Of each vehicle, and how many there are.

    References
    ----------
    Ngueveu, Prins and Wolfler Calvo (2010), Computers and Operations Research 37, 1877-1885.
    """

    durations: Int64Array
    depots: int
    demand: tuple[int, ...]
    weight: tuple[int, ...]
    capacity: int
    vehicles: int


@dataclass(frozen=True, slots=True)
class CumulativeAnswer:
    """Routes found.

    Attributes
    ----------
    routes
        Depot and customers in order, of every vehicle used.
    cost
        Weighted sum of arrivals; ``None`` where no loading of the fleet was found.
    """

    routes: tuple[tuple[int, tuple[int, ...]], ...]
    cost: int | None


def solve_cumulative(task: CumulativeTask, budget: RoutingBudget) -> CumulativeAnswer:
    """Search routes of least waiting.

    A vehicle leaves from the depot nearest to its first customer, so all depots are one with the least of
    their durations.

    Parameters
    ----------
    task
        What to serve.
    budget
        Iterations are rounds of ruin and recreate per seed; the best seed is taken.

    Raises
    ------
    UsageError
        If demand and weight do not belong to the places, or a customer needs more than a vehicle holds.
    """
    customers = len(task.durations) - task.depots
    if len(task.demand) != customers or len(task.weight) != customers:
        raise UsageError("the cumulative problem needs demand and weight of every customer")
    if any(units > task.capacity for units in task.demand):
        raise UsageError("a customer of the cumulative problem needs more than a vehicle holds")
    outward = task.durations[: task.depots, task.depots :]
    lengths = np.zeros((customers + 1, customers + 1), dtype=np.int64)
    lengths[1:, 1:] = task.durations[task.depots :, task.depots :]
    lengths[0, 1:] = outward.min(axis=0)
    found = anneal_seeds(
        SlackTask(
            lengths=lengths,
            # An empty stop is still a stop: nobody is left out for needing nothing.
            demand=np.array([0, *(2 * customers * units + 1 for units in task.demand)], dtype=np.int64),
            weight=np.array([0, *task.weight], dtype=np.int64),
            capacity=2 * customers * task.capacity + customers,
            most=task.vehicles,
            latency=True,
        ),
        budget,
    )
    routes = tuple(
        (int(outward[:, stops[0][0] - 1].argmin()), tuple(c - 1 for c, _ in stops)) for stops in found.routes
    )
    return CumulativeAnswer(routes, found.cost)
