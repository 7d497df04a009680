"""Every term of a dispatch plan, recomputed from its trips."""

from __future__ import annotations

import numpy as np

from depotopt.need import unmet_weight
from depotopt.plans import DispatchPlan, Stop
from depotopt.scenario import DemandPoint, Scenario
from depotopt.units import HOUR_S, KM_M, BoolArray, FloatArray


def due_s(scenario: Scenario, point: DemandPoint) -> float:
    """Arrival after which a delivery to a point is late."""
    return scenario.rules.response_s if point.deadline_s is None else point.deadline_s


def latest_s(scenario: Scenario, point: DemandPoint) -> float:
    """Latest arrival that counts; see `docs/semantics.md`, *Objectives*."""
    due = due_s(scenario, point)
    return max(due, scenario.rules.response_s) if "lateness" in scenario.dispatch_objectives else due


def begin_s(scenario: Scenario, stop: Stop) -> float:
    """When a stop begins: on arrival, or when its point opens."""
    point = scenario.demand_points[scenario.point_index[stop.point]]
    return max(stop.arrive_s, point.earliest_s)


def recomputed_terms(
    scenario: Scenario,
    plan: DispatchPlan,
    wanted: FloatArray,
    delivered: FloatArray,
    counted: BoolArray,
    cost: float,
) -> dict[str, float]:
    """Terms by the names of `docs/semantics.md`.

    Parameters
    ----------
    scenario, plan
        The planning case and the plan.
    wanted, delivered
        Units per demand point and commodity, shape ``(I, K)``.
    counted
        Points that equity looks at: with need, reached by a road or an aircraft, not in the hazard.
    cost
        Operating cost.
    """
    weight = unmet_weight(scenario)
    late = arrival = last = 0.0
    for trip in plan.trips:
        for stop in trip.stops:
            i = scenario.point_index[stop.point]
            worth = sum(
                load.quantity * weight[i, scenario.commodity_index[load.commodity]] for load in stop.loads
            )
            due = due_s(scenario, scenario.demand_points[i])
            begin = begin_s(scenario, stop)
            late += worth * max(0.0, begin - due)
            arrival += worth * (begin - plan.at_s)
            last = max(last, begin - plan.at_s)
    asked = (wanted * weight).sum(axis=1)
    got = (np.minimum(delivered, wanted) * weight).sum(axis=1)
    rates = np.divide(got, asked, out=np.ones_like(got), where=asked > 0)
    some = wanted.any(axis=1)
    return {
        "unmet_person_days": float((np.maximum(wanted - delivered, 0.0) * weight).sum()),
        "cost": cost,
        "late_person_day_hours": float(late) / HOUR_S,
        "arrival_person_day_hours": float(arrival) / HOUR_S,
        "makespan_h": last / HOUR_S,
        "distance_km": sum(trip.distance_m for trip in plan.trips) / KM_M,
        "worst_shortfall": 1.0 - float(rates[counted & some].min(initial=1.0)),
        "gini": _gini(rates[some]),
    }


def _gini(rates: FloatArray) -> float:
    """Mean absolute difference of all pairs over twice the mean."""
    if not len(rates) or rates.sum() <= 0:
        return 0.0
    ranked = np.sort(rates)
    # Sum over pairs of |a - b|, each value counted by how many lie below it less how many above.
    below = np.arange(len(ranked))
    pairs = float(((2 * below - len(ranked) + 1) * ranked).sum())
    return pairs / (len(ranked) * float(ranked.sum()))
