"""Repair: a draft that breaks rules gives up as little as it takes to keep them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from depotopt.dispatch.model.clock import TIME_SLACK_S, TimedTrip, Timetable, timetable
from depotopt.dispatch.model.draft import DraftTrip, Routes, make_trip, without_empty
from depotopt.dispatch.model.problem import DispatchProblem

MOST_LIGHTENED: Final = 0.6
"""Share of a trip's load that may stay behind to make it punctual; beyond, a stop is dropped."""
LIGHTER_KG: Final = 0.01
"""Kilograms left behind beyond what the lateness asks for."""


def repair(problem: DispatchProblem, routes: Routes) -> Routes:
    """Lighten late trips and drop stops until every rule holds; the cheapest loss first.

    Loading takes time by the kilogram, so a trip a little late is made lighter by what it is late: what is
    worth least per kilogram stays behind. A trip that would lose most of its load loses a stop instead.

    Parameters
    ----------
    problem, routes
        A draft that may break rules.
    """
    current = list(without_empty(problem, routes))
    while True:
        times = timetable(problem, tuple(current))
        if times.feasible:
            return tuple(current)
        lighter = _lightened(problem, times)
        if lighter:
            for v, route in lighter.items():
                current[v] = route
            continue
        blamed = _blamed(problem, times)
        if not blamed:
            return tuple(current)
        for v, number, stop in blamed:
            current[v] = _without(problem, current[v], number, {stop})


def _lightened(problem: DispatchProblem, times: Timetable) -> dict[int, tuple[DraftTrip, ...]]:
    """Routes with late trips made lighter, one per depot: the first may free the next in time."""
    changed: dict[int, tuple[DraftTrip, ...]] = {}
    seen: set[int] = set()
    for record in times.trips:
        trip = record.trip
        late = record.depart_s > trip.latest_s + TIME_SLACK_S
        if not late or trip.depot in seen or trip.vehicle in changed:
            continue
        seen.add(trip.depot)
        lighter = _lighter(problem, record)
        if lighter is not None:
            route = [other.trip for other in times.trips if other.trip.vehicle == trip.vehicle]
            route[record.number - 1] = lighter
            kept: list[tuple[DraftTrip, ...]] = [()] * len(problem.vehicles)
            kept[trip.vehicle] = tuple(route)
            changed[trip.vehicle] = without_empty(problem, tuple(kept))[trip.vehicle]
    return changed


def _lighter(problem: DispatchProblem, record: TimedTrip) -> DraftTrip | None:
    """A late trip as much lighter as it is late; ``None`` where too little would be left."""
    trip = record.trip
    # A hair more, so that the next look does not find it late by a rounding error.
    excess = (record.depart_s - trip.latest_s) * problem.depots[trip.depot].dock_kg_per_s + LIGHTER_KG
    if not excess < MOST_LIGHTENED * trip.kg:
        return None
    loads = [dict(load) for load in trip.loads]
    cargo = sorted(
        (float(problem.weight[point, problem.lots[p].commodity]) / problem.lot_kg[p], j, p)
        for j, point in enumerate(trip.stops)
        for p in loads[j]
    )
    for _, j, p in cargo:
        fewer = min(loads[j][p], math.ceil(excess / problem.lot_kg[p]))
        loads[j][p] -= fewer
        excess -= fewer * problem.lot_kg[p]
        if excess <= 0:
            break
    changed = make_trip(problem, trip.vehicle, trip.depot, trip.stops, [load.items() for load in loads])
    return replace(changed, not_before_s=trip.not_before_s)


def _blamed(problem: DispatchProblem, times: Timetable) -> list[tuple[int, int, int]]:
    """Stops to drop, one per depot: of the vehicles at fault, late trips first, what is worth least."""
    worst: dict[int, tuple[bool, float, int, int, int]] = {}
    for record in times.trips:
        trip = record.trip
        if trip.vehicle not in times.faulty:
            continue
        late = record.depart_s > trip.latest_s
        for j, (point, load) in enumerate(zip(trip.stops, trip.loads, strict=True)):
            worth = sum(u * float(problem.weight[point, problem.lots[p].commodity]) for p, u in load)
            choice = (not late, worth, trip.vehicle, record.number - 1, j)
            worst[trip.depot] = min(worst.get(trip.depot, choice), choice)
    taken: dict[int, tuple[int, int]] = {}
    for _, _, v, number, stop in worst.values():
        # One change per vehicle and pass: positions behind it would shift.
        taken.setdefault(v, (number, stop))
    return [(v, number, stop) for v, (number, stop) in sorted(taken.items())]


def _without(
    problem: DispatchProblem, route: tuple[DraftTrip, ...], number: int, stops: set[int]
) -> tuple[DraftTrip, ...]:
    """A route with some stops of one trip taken out."""
    trip = route[number]
    kept = [j for j in range(len(trip.stops)) if j not in stops]
    changed = list(route)
    if kept:
        changed[number] = make_trip(
            problem, trip.vehicle, trip.depot, [trip.stops[j] for j in kept], [trip.loads[j] for j in kept]
        )
    else:
        del changed[number]
    return tuple(changed)
