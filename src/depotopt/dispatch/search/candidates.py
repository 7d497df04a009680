"""`Candidate`: one way to bring more to a point; and what comes first when there are many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.dispatch.model.goal import ARRIVAL, fill_rates
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.units import HOUR_S, KM_M, Int64Array


@dataclass(frozen=True, slots=True)
class Candidate:
    """Units more for a point, and where they travel.

    Attributes
    ----------
    vehicle, number
        Trip they are added to; ``number`` is the length of the route for a new trip.
    depot
        Where they are loaded.
    at, new
        Position of the stop, and whether it is a new one.
    handed
        Lots and units.
    gain
        Priority-weighted person-days they bring.
    cost
        Estimate of what it costs more, docks aside.
    seconds
        Estimate of the vehicle time it takes.
    arrive_s
        Estimate of the arrival.
    delay_s
        Estimate of how much later the stops behind it are served.
    not_before_s
        Loading waits until then: behind all the docks load now, so nobody else is late by it.
    """

    vehicle: int
    number: int
    depot: int
    at: int
    new: bool
    handed: dict[int, int]
    gain: float
    cost: float
    seconds: float
    arrive_s: float
    delay_s: float = 0.0
    not_before_s: float = 0.0


def insertion_order(problem: DispatchProblem, unmet: Int64Array) -> list[int]:
    """Points with unmet need: the worthiest per kilogram first, or the emptiest where equity counts."""
    worth = (unmet * problem.weight).sum(axis=1)
    kg = unmet @ problem.kg
    points = np.flatnonzero(unmet.sum(axis=1) > 0)
    if "equity" in problem.objectives:
        rates = fill_rates(problem, problem.need - unmet)
        return sorted(points.tolist(), key=lambda i: (rates[i], i))
    return sorted(points.tolist(), key=lambda i: (-worth[i] / max(kg[i], 1e-9), i))


def arrival_first(problem: DispatchProblem) -> bool:
    """Whether early arrivals come before money."""
    order = problem.objectives
    money = min((order.index(name) for name in ("cost", "distance") if name in order), default=len(order))
    return any(order.index(name) < money for name in ARRIVAL & set(order))


def serving_worth(problem: DispatchProblem) -> float:
    """Cost of one weighted person-day in the search: high enough that serving always comes first."""
    kinds = [vehicle.kind for vehicle in problem.vehicles]
    metres = max(
        (float(m.metres[np.isfinite(m.metres)].max(initial=0.0)) for m in problem.travel), default=0.0
    )
    seconds = max(
        (float(m.seconds[np.isfinite(m.seconds)].max(initial=0.0)) for m in problem.travel), default=0.0
    )
    trip = max(
        (
            kind.cost_per_use
            + kind.compensation
            + 3 * metres * kind.cost_per_km / KM_M
            + 3 * seconds * kind.cost_per_h / HOUR_S
            for kind in kinds
        ),
        default=0.0,
    )
    weights = problem.weight[(problem.need > 0) & (problem.weight > 0)]
    return max(problem.unmet_penalty, 10.0 * trip / float(weights.min())) if len(weights) else 1.0
