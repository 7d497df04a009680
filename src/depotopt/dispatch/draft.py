"""Drafts: trips as they are searched over, and the exact clock that times them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from depotopt.dispatch.problem import DispatchProblem
from depotopt.units import HOUR_S, KM_M, Int64Array

TIME_SLACK_S = 1e-4
"""Lateness below this is a rounding error, not lateness."""

Handover = tuple[tuple[int, int], ...]
"""Lots and units handed over at a stop, sorted by lot."""


@dataclass(frozen=True, slots=True)
class DraftTrip:
    """One loading and the stops it serves.

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
    """

    vehicle: int
    depot: int
    stops: tuple[int, ...]
    loads: tuple[Handover, ...]
    kg: float
    m3: float
    stop_kg: tuple[float, ...]
    lots_ready_s: float


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
    handed = tuple(tuple(sorted((p, units) for p, units in load if units > 0)) for load in loads)
    stop_kg = tuple(
        sum(units * problem.kg[problem.lots[p].commodity] for p, units in load) for load in handed
    )
    m3 = sum(units * problem.m3[problem.lots[p].commodity] for load in handed for p, units in load)
    ready = max((problem.lots[p].ready_s for load in handed for p, _ in load), default=0.0)
    return DraftTrip(
        vehicle=vehicle,
        depot=depot,
        stops=tuple(stops),
        loads=handed,
        kg=float(sum(stop_kg)),
        m3=float(m3),
        stop_kg=tuple(float(kg) for kg in stop_kg),
        lots_ready_s=ready,
    )


@dataclass(frozen=True, slots=True)
class TimedTrip:
    """A trip with its moments; see `depotopt.plans.Trip` for their meaning.

    Attributes
    ----------
    trip
        What is driven.
    number
        From 1 within the vehicle's route.
    origin, end
        Places where the vehicle comes from and ends.
    approach_start_s, load_start_s, depart_s, return_s
        Moments.
    arrive_s, leave_s
        Moments per stop.
    dock
        Dock it is loaded at.
    metres
        Length with approach and way back.
    """

    trip: DraftTrip
    number: int
    origin: int
    end: int
    approach_start_s: float
    load_start_s: float
    depart_s: float
    return_s: float
    arrive_s: tuple[float, ...]
    leave_s: tuple[float, ...]
    dock: int
    metres: float


@dataclass(frozen=True, slots=True)
class Timetable:
    """Exact times of a draft.

    Attributes
    ----------
    trips
        In the order in which they are loaded.
    violation
        0 where every rule holds; else seconds late, over duty, metres over range, kilograms and
        cubic metres overloaded, added up.
    cost
        Operating cost.
    faulty
        Vehicles with a violation.
    """

    trips: tuple[TimedTrip, ...]
    violation: float
    cost: float
    faulty: frozenset[int]

    @property
    def feasible(self) -> bool:
        """Whether every rule holds."""
        return self.violation == 0.0


def end_place(problem: DispatchProblem, route: tuple[DraftTrip, ...], number: int) -> int:
    """Where a trip ends: at the next loading depot, or at the nearest end after the last trip."""
    if number + 1 < len(route):
        return problem.depots[route[number + 1].depot].place
    last = route[number]
    return problem.nearest_end(last.vehicle, int(problem.points[last.stops[-1]]))


def offsets(problem: DispatchProblem, trip: DraftTrip) -> tuple[list[float], list[float], float]:
    """Arrivals and departures per stop counted from departure, and the length so far."""
    here, clock, metres = problem.depots[trip.depot].place, 0.0, 0.0
    arrive, leave = [], []
    for point, kg in zip(trip.stops, trip.stop_kg, strict=True):
        place = int(problem.points[point])
        clock += problem.seconds(trip.vehicle, here, place)
        metres += problem.metres(trip.vehicle, here, place)
        arrive.append(clock)
        clock += problem.stop_service_s + kg / problem.unload_kg_per_s
        leave.append(clock)
        here = place
    return arrive, leave, metres


def latest_departure(problem: DispatchProblem, trip: DraftTrip) -> float:
    """Last moment to leave the depot with every stop in time."""
    arrive, _, _ = offsets(problem, trip)
    return min(
        (float(problem.deadline_s[i]) - at for i, at in zip(trip.stops, arrive, strict=True)), default=np.inf
    )


def timetable(problem: DispatchProblem, routes: Routes) -> Timetable:
    """Time every trip: vehicles are loaded in the order they are ready, urgent trips first among equals."""
    docks = [[0.0] * depot.docks for depot in problem.depots]
    waiting: list[tuple[float, float, int, int, int]] = []
    free = [vehicle.free_s for vehicle in problem.vehicles]

    def enqueue(v: int, number: int, origin: int) -> None:
        trip = routes[v][number]
        depot = problem.depots[trip.depot]
        ready = free[v] + problem.seconds(v, origin, depot.place)
        ready = max(ready, depot.ready_s, trip.lots_ready_s, problem.start_s)
        heapq.heappush(waiting, (ready, latest_departure(problem, trip), v, number, origin))

    for v, route in enumerate(routes):
        if route:
            enqueue(v, 0, problem.vehicles[v].home)
    timed: list[TimedTrip] = []
    first_start: dict[int, tuple[float, float]] = {}
    violation, faulty, cost = 0.0, set[int](), 0.0
    while waiting:
        ready, _, v, number, origin = heapq.heappop(waiting)
        trip = routes[v][number]
        depot = problem.depots[trip.depot]
        dock = min(range(depot.docks), key=lambda n: (docks[trip.depot][n], n))
        start = max(ready, docks[trip.depot][dock])
        depart = start + (trip.kg / depot.dock_kg_per_s if depot.dock_kg_per_s > 0 else np.inf)
        docks[trip.depot][dock] = depart
        arrive, leave, metres = offsets(problem, trip)
        end = end_place(problem, routes[v], number)
        last = int(problem.points[trip.stops[-1]])
        back = depart + leave[-1] + problem.seconds(v, last, end)
        metres += problem.metres(v, origin, depot.place) + problem.metres(v, last, end)
        record = TimedTrip(
            trip=trip,
            number=number + 1,
            origin=origin,
            end=end,
            approach_start_s=start - problem.seconds(v, origin, depot.place),
            load_start_s=start,
            depart_s=depart,
            return_s=back,
            arrive_s=tuple(depart + at for at in arrive),
            leave_s=tuple(depart + at for at in leave),
            dock=dock,
            metres=metres,
        )
        timed.append(record)
        first_start.setdefault(v, (record.approach_start_s, start))
        wrong = _violation(problem, record, first_start[v][0])
        if wrong > 0:
            violation += wrong
            faulty.add(v)
        kind = problem.vehicles[v].kind
        cost += kind.cost_per_km * metres / KM_M
        free[v] = back
        if number + 1 < len(routes[v]):
            enqueue(v, number + 1, end)
        else:
            cost += kind.cost_per_use + kind.compensation
            cost += kind.cost_per_h * (back - first_start[v][1]) / HOUR_S
    return Timetable(tuple(timed), violation, cost, frozenset(faulty))


def _violation(problem: DispatchProblem, record: TimedTrip, duty_start_s: float) -> float:
    trip, kind = record.trip, problem.vehicles[record.trip.vehicle].kind
    if not np.isfinite(record.return_s):
        return np.inf
    late = [at - float(problem.deadline_s[i]) for i, at in zip(trip.stops, record.arrive_s, strict=True)]
    wrong = sum(over for over in late if over > TIME_SLACK_S)
    for over, slack in (
        (record.return_s - duty_start_s - kind.max_hours_s, TIME_SLACK_S),
        (record.metres - kind.range_m, 1e-3),
        (trip.kg - kind.payload_kg, 1e-6 * kind.payload_kg),
        (trip.m3 - kind.volume_m3, 1e-6 * kind.volume_m3),
    ):
        if over > slack:
            wrong += over
    return wrong


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
                trips.append(
                    make_trip(
                        problem, trip.vehicle, trip.depot, [i for i, _ in pairs], [ld for _, ld in pairs]
                    )
                )
        kept.append(tuple(trips))
    return tuple(kept)


def weighted_unmet(problem: DispatchProblem, routes: Routes) -> float:
    """Priority-weighted person-days a draft leaves unmet."""
    missing = np.maximum(problem.need - delivered(problem, routes), 0)
    return float((missing * problem.weight).sum())
