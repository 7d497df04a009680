"""Objectives of a dispatch plan: what drafts are compared by, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from depotopt.dispatch.model.clock import Timetable, timetable
from depotopt.dispatch.model.draft import Routes, delivered
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.errors import UsageError
from depotopt.units import HOUR_S, KM_M, FloatArray, Int64Array

ARRIVAL: Final = frozenset({"lateness", "latency", "makespan"})
"""Objectives that depend on when deliveries arrive."""
TERM_OF: Final = {
    "unmet": "unmet_person_days",
    "lateness": "late_person_day_hours",
    "latency": "arrival_person_day_hours",
    "makespan": "makespan_h",
    "cost": "cost",
    "distance": "distance_km",
    "equity": "worst_shortfall",
}
"""Name under which each objective is reported; see `docs/semantics.md`."""


def checked_objectives(names: Sequence[str]) -> tuple[str, ...]:
    """The names as given.

    Raises
    ------
    UsageError
        If one is unknown or stands twice, or ``"unmet"`` is missing: nothing would be sent.
    """
    unknown = [name for name in names if name not in TERM_OF]
    if unknown:
        raise UsageError(f"no objective '{unknown[0]}', expected some of {', '.join(TERM_OF)}")
    if "unmet" not in names or len(set(names)) < len(names):
        raise UsageError(f"objectives need unmet and each name once, found {', '.join(names)}")
    return tuple(names)


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """Value of a draft: its terms in the order of the objectives, smaller is better.

    Attributes
    ----------
    ranked
        What is compared, first to last.
    unmet, cost
        Priority-weighted unmet person-days and operating cost, for progress messages.
    """

    ranked: tuple[float, ...]
    unmet: float = field(compare=False, default=0.0)
    cost: float = field(compare=False, default=0.0)

    def near(self, best: Value, share: float) -> bool:
        """Whether it is better, or in every term at most ``share`` worse, relative."""
        for mine, other in zip(self.ranked, best.ranked, strict=True):
            if mine > other + share * abs(other):
                return False
            if mine < other:
                return True
        return True


def value_of(problem: DispatchProblem, routes: Routes, times: Timetable | None = None) -> Value:
    """Value of a draft that holds every rule; stops that change hands have their price in the cost."""
    times = timetable(problem, routes) if times is None else times
    got = delivered(problem, routes)
    unmet = float((np.maximum(problem.need - got, 0) * problem.weight).sum())
    found = {"unmet": unmet, "cost": times.cost + changed_cost(problem, routes)}
    if "equity" in problem.objectives:
        found["equity"] = worst_shortfall(problem, fill_rates(problem, got))
    if "distance" in problem.objectives:
        found["distance"] = problem.spent_km + sum(record.metres for record in times.trips) / KM_M
    if ARRIVAL & set(problem.objectives):
        found["latency"], found["lateness"], found["makespan"] = arrivals(problem, times)
    # Rounded, so that two ways of adding up the same sum compare as equal; cost settles what is left.
    ranked = [round(found[name], 6) for name in problem.objectives]
    if "cost" not in problem.objectives:
        ranked.append(round(found["cost"], 6))
    return Value(tuple(ranked), unmet, found["cost"])


def plan_terms(problem: DispatchProblem, routes: Routes) -> dict[str, float]:
    """All terms of a draft by the names of `TERM_OF`, and the Gini coefficient of the fill rates."""
    times, got = timetable(problem, routes), delivered(problem, routes)
    rates = fill_rates(problem, got)
    latency, lateness, makespan = arrivals(problem, times)
    return {
        "unmet_person_days": float((np.maximum(problem.need - got, 0) * problem.weight).sum()),
        "cost": float(times.cost),
        "late_person_day_hours": lateness,
        "arrival_person_day_hours": latency,
        "makespan_h": makespan,
        "distance_km": problem.spent_km + float(sum(record.metres for record in times.trips)) / KM_M,
        "worst_shortfall": worst_shortfall(problem, rates),
        "gini": gini(rates),
    }


def arrivals(problem: DispatchProblem, times: Timetable) -> tuple[float, float, float]:
    """Latency and lateness in weighted person-day-hours, and the hours until the latest arrival."""
    latency = lateness = last = 0.0
    weight, due, start = problem.weight_rows, problem.due_of, problem.start_s
    commodity = [lot.commodity for lot in problem.lots]
    for record in times.trips:
        trip = record.trip
        for point, arrive, load in zip(trip.stops, record.arrive_s, trip.loads, strict=True):
            last = max(last, arrive - start)
            worth = sum(units * weight[point][commodity[p]] for p, units in load)
            latency += worth * (arrive - start)
            lateness += worth * max(0.0, arrive - due[point])
    return float(latency) / HOUR_S, float(lateness) / HOUR_S, float(last) / HOUR_S


def fill_rates(problem: DispatchProblem, got: Int64Array) -> FloatArray:
    """Weighted share of its need each point gets, shape ``(I,)``; 1 where its need weighs nothing."""
    wanted = (problem.need * problem.weight).sum(axis=1)
    served = (np.minimum(got, problem.need) * problem.weight).sum(axis=1)
    rates: FloatArray = np.where(wanted > 0, served / np.where(wanted > 0, wanted, 1.0), 1.0)
    return rates


def worst_shortfall(problem: DispatchProblem, rates: FloatArray) -> float:
    """What the worst served point lacks, among those that can be reached and do not stand in the hazard."""
    return 1.0 - float(rates[problem.reachable & ~problem.flooded].min(initial=1.0))


def gini(rates: FloatArray) -> float:
    """Gini coefficient: mean absolute difference over twice the mean; 0 where all are alike or nothing."""
    total = float(rates.sum())
    if total <= 0:
        return 0.0
    ordered, count = np.sort(rates), len(rates)
    return float(2.0 * (np.arange(1, count + 1) * ordered).sum() / (count * total) - (count + 1) / count)


def changed_cost(problem: DispatchProblem, routes: Routes) -> float:
    """Price of the stops another vehicle makes than in the plan in force."""
    if not problem.served_by or problem.change_cost == 0.0:
        return 0.0
    moved = {
        (v, point)
        for v, route in enumerate(routes)
        for trip in route
        for point in trip.stops
        if problem.served_by[point] and v not in problem.served_by[point]
    }
    return problem.change_cost * len(moved)
