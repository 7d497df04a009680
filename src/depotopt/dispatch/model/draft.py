"""Drafts: trips as they are searched over, before they have times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.units import Int64Array

Handover = tuple[tuple[int, int], ...]
"""Lots and units handed over at a stop, sorted by lot."""


@dataclass(frozen=True, slots=True)
class DraftTrip:
    """One loading and the stops it serves; what does not depend on the clock is worked out once.

    Attributes
    ----------
    vehicle, depot
        Positions in the problem.
    stops
        Points in driving order.
    loads
        What each stop receives.
    kg, m3
        Loaded in total.
    stop_kg
        Handed over per stop.
    lots_ready_s
        When the last of its lots may be loaded.
    arrive_s, leave_s
        Arrival and departure per stop, counted from leaving the depot.
    metres
        Length from the depot to the last stop.
    latest_s
        Last moment to leave the depot with every stop in time.
    last
        Place of the last stop.
    load_s
        Duration of loading.
    overload
        Kilograms and cubic metres beyond what the vehicle takes.
    not_before_s
        Loading waits until then, so that a trip that matters more has the dock; 0 for no waiting.
    hold_s
        Moment before which no stop begins, however early the vehicle leaves: points and roads on the way
        open then; empty where nothing makes it wait. Stop *j* begins at
        ``max(departure + arrive_s[j], hold_s[j])``.
    """

    vehicle: int
    depot: int
    stops: tuple[int, ...]
    loads: tuple[Handover, ...]
    kg: float
    m3: float
    stop_kg: tuple[float, ...]
    lots_ready_s: float
    arrive_s: tuple[float, ...]
    leave_s: tuple[float, ...]
    metres: float
    latest_s: float
    last: int
    load_s: float
    overload: float
    not_before_s: float = 0.0
    hold_s: tuple[float, ...] = ()

    def done_s(self, depart_s: float) -> float:
        """When the last stop is done, leaving the depot at a moment."""
        if not self.hold_s:
            return depart_s + self.leave_s[-1]
        begin = max(depart_s + self.arrive_s[-1], self.hold_s[-1])
        return begin + self.leave_s[-1] - self.arrive_s[-1]


Routes = tuple[tuple[DraftTrip, ...], ...]
"""Trips per vehicle, in order; one entry per vehicle of the problem."""


def make_trip(
    problem: DispatchProblem,
    vehicle: int,
    depot: int,
    stops: Iterable[int],
    loads: Iterable[Iterable[tuple[int, int]]],
) -> DraftTrip:
    """Build a trip and add up what it carries; empty hand-overs stay, so that stops keep their loads."""
    points = tuple(stops)
    handed = tuple(tuple(sorted((p, units) for p, units in load if units > 0)) for load in loads)
    lot_kg, lot_m3, lots = problem.lot_kg, problem.lot_m3, problem.lots
    stop_kg = tuple(sum(units * lot_kg[p] for p, units in load) for load in handed)
    m3 = sum(units * lot_m3[p] for load in handed for p, units in load)
    ready = max((lots[p].ready_s for load in handed for p, _ in load), default=0.0)
    machine = problem.vehicles[vehicle]
    seconds, metres = problem.seconds_of[machine.travel], problem.metres_of[machine.travel]
    here, clock, length, latest = problem.depots[depot].place, 0.0, 0.0, math.inf
    arrive, leave = [], []
    for point, kg in zip(points, stop_kg, strict=True):
        place = problem.place_of[point]
        clock += seconds[here][place]
        length += metres[here][place]
        latest = min(latest, problem.deadline_of[point] - clock)
        arrive.append(clock)
        clock += problem.stop_service_s + kg / problem.unload_kg_per_s
        leave.append(clock)
        here = place
    hold: tuple[float, ...] = ()
    if problem.waits:
        hold = _holds(problem, machine.travel, problem.depots[depot].place, points, arrive)
        if hold and any(at > problem.deadline_of[i] for at, i in zip(hold, points, strict=True)):
            latest = -math.inf
    total = sum(stop_kg)
    rate = problem.depots[depot].dock_kg_per_s
    kind = machine.kind
    overload = max(0.0, total - kind.payload_kg * (1 + 1e-6)) + max(0.0, m3 - kind.volume_m3 * (1 + 1e-6))
    return DraftTrip(
        vehicle=vehicle,
        depot=depot,
        stops=points,
        loads=handed,
        kg=total,
        m3=m3,
        stop_kg=stop_kg,
        lots_ready_s=ready,
        arrive_s=tuple(arrive),
        leave_s=tuple(leave),
        metres=length,
        latest_s=latest,
        last=here,
        load_s=total / rate if rate > 0 else math.inf,
        overload=overload,
        hold_s=hold,
    )


def own_holds(
    problem: DispatchProblem, travel: int, place: int, points: tuple[int, ...]
) -> tuple[float, ...]:
    """Moments before which stops cannot begin for what is true of them alone: their point, the road to it."""
    seconds, opens, earliest = problem.seconds_of[travel], problem.opens_of[travel], problem.earliest_of
    holds, here = [], place
    for point in points:
        there = problem.place_of[point]
        hold = -math.inf if earliest is None else earliest[point]
        if opens is not None:
            hold = max(hold, opens[here][there] + seconds[here][there])
        holds.append(hold)
        here = there
    return tuple(holds)


def _holds(
    problem: DispatchProblem,
    travel: int,
    place: int,
    points: tuple[int, ...],
    arrive: list[float],
) -> tuple[float, ...]:
    """Moments before which stops cannot begin, those before them being made; empty where none is held up."""
    holds: list[float] = []
    for j, own in enumerate(own_holds(problem, travel, place, points)):
        # From the beginning of one stop to the arrival at the next takes as long as without waiting.
        holds.append(own if not j else max(own, holds[-1] + arrive[j] - arrive[j - 1]))
    return tuple(holds) if holds and max(holds) > problem.start_s else ()


def remade(problem: DispatchProblem, trip: DraftTrip) -> DraftTrip:
    """The same trip with the times and lengths of another problem."""
    made = make_trip(problem, trip.vehicle, trip.depot, trip.stops, trip.loads)
    return replace(made, not_before_s=trip.not_before_s)


def unhurried(routes: Routes, locked: frozenset[int] = frozenset()) -> Routes:
    """The same draft with no trip waiting for another, except those of ``locked`` vehicles."""
    return tuple(
        route
        if v in locked
        else tuple(trip if trip.not_before_s == 0.0 else replace(trip, not_before_s=0.0) for trip in route)
        for v, route in enumerate(routes)
    )


def delivered(problem: DispatchProblem, routes: Routes) -> Int64Array:
    """Units handed over per point and commodity, shape ``(I, K)``."""
    units = np.zeros(problem.need.shape, dtype=np.int64)
    for route in routes:
        for trip in route:
            for point, load in zip(trip.stops, trip.loads, strict=True):
                for p, quantity in load:
                    units[point, problem.lots[p].commodity] += quantity
    return units


def drawn(problem: DispatchProblem, routes: Routes) -> Int64Array:
    """Units taken per lot, shape ``(P,)``."""
    units = np.zeros(len(problem.lots), dtype=np.int64)
    for route in routes:
        for trip in route:
            for load in trip.loads:
                for p, quantity in load:
                    units[p] += quantity
    return units


def net_of_locked(problem: DispatchProblem, routes: Routes) -> DispatchProblem:
    """The problem net of what locked vehicles load and hand over."""
    if not problem.locked:
        return problem
    theirs = tuple(route if v in problem.locked else () for v, route in enumerate(routes))
    units = problem.lot_units - drawn(problem, theirs)
    return replace(
        problem,
        need=problem.need - delivered(problem, theirs),
        lots=tuple(replace(lot, units=int(n)) for lot, n in zip(problem.lots, units, strict=True)),
    )


def without_empty(problem: DispatchProblem, routes: Routes) -> Routes:
    """The same draft without stops that receive nothing and trips without stops."""
    kept = []
    for route in routes:
        trips = []
        for trip in route:
            pairs = [(i, load) for i, load in zip(trip.stops, trip.loads, strict=True) if load]
            if len(pairs) == len(trip.stops):
                trips.append(trip)
            elif pairs:
                points, loads = zip(*pairs, strict=True)
                fewer = make_trip(problem, trip.vehicle, trip.depot, points, loads)
                trips.append(replace(fewer, not_before_s=trip.not_before_s))
        kept.append(tuple(trips))
    return tuple(kept)


def weighted_unmet(problem: DispatchProblem, routes: Routes) -> float:
    """Priority-weighted person-days a draft leaves unmet."""
    missing = np.maximum(problem.need - delivered(problem, routes), 0)
    return float((missing * problem.weight).sum())
