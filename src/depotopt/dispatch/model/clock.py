"""The exact clock: when every trip of a draft is loaded, arrives and is back, and what it costs."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, replace
from functools import cached_property

from depotopt.dispatch.model.draft import DraftTrip, Routes
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import first_slot
from depotopt.scenario import VehicleType
from depotopt.units import HOUR_S, KM_M

TIME_SLACK_S = 1e-4
"""Lateness below this is a rounding error, not lateness."""


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
    dock
        Dock it is loaded at.
    metres
        Length with approach and way back.
    ready_s
        When it could have been loaded with a dock free.
    duty_start_s
        When the vehicle's duty began.
    paid_from_s
        From when on the vehicle's hours are paid.
    wrong
        What it breaks, see `Timetable.violation`.
    """

    trip: DraftTrip
    number: int
    origin: int
    end: int
    approach_start_s: float
    load_start_s: float
    depart_s: float
    return_s: float
    dock: int
    metres: float
    ready_s: float
    duty_start_s: float
    paid_from_s: float
    wrong: float = 0.0

    @property
    def arrive_s(self) -> tuple[float, ...]:
        """When each stop begins: on arrival, or when the point opens."""
        if not self.trip.hold_s:
            return tuple(self.depart_s + at for at in self.trip.arrive_s)
        moments = zip(self.trip.arrive_s, self.trip.hold_s, strict=True)
        return tuple(max(self.depart_s + at, hold) for at, hold in moments)

    @property
    def leave_s(self) -> tuple[float, ...]:
        """Departures per stop."""
        if not self.trip.hold_s:
            return tuple(self.depart_s + at for at in self.trip.leave_s)
        spans = zip(self.arrive_s, self.trip.arrive_s, self.trip.leave_s, strict=True)
        return tuple(begin + (leave - at) for begin, at, leave in spans)


@dataclass(frozen=True)
class Timetable:
    """Exact times of a draft.

    Attributes
    ----------
    problem
        What it was timed for.
    trips
        In the order in which they are loaded.
    """

    problem: DispatchProblem
    trips: tuple[TimedTrip, ...]

    @cached_property
    def violation(self) -> float:
        """Seconds late, over duty, metres over range, kilograms and cubic metres overloaded, added up."""
        return sum(record.wrong for record in self.trips)

    @cached_property
    def faulty(self) -> frozenset[int]:
        """Vehicles with a violation."""
        return frozenset(record.trip.vehicle for record in self.trips if record.wrong > 0)

    @cached_property
    def cost(self) -> float:
        """Operating cost, of what was decided before as well."""
        cost, last = self.problem.spent_cost, dict[int, TimedTrip]()
        for record in self.trips:
            cost += self.problem.vehicles[record.trip.vehicle].kind.cost_per_km * record.metres / KM_M
            last[record.trip.vehicle] = record
        for v, record in sorted(last.items()):
            kind = self.problem.vehicles[v].kind
            cost += kind.cost_per_use + kind.compensation
            cost += kind.cost_per_h * (record.return_s - record.paid_from_s) / HOUR_S
        return cost

    @property
    def feasible(self) -> bool:
        """Whether every rule holds."""
        return self.violation == 0.0


def end_place(problem: DispatchProblem, route: tuple[DraftTrip, ...], number: int) -> int:
    """Where a trip ends: at the next loading depot, or at the nearest end after the last trip."""
    if number + 1 < len(route):
        return problem.depots[route[number + 1].depot].place
    return problem.nearest_end(route[number].vehicle, route[number].last)


_Waiting = tuple[float, float, int, int, int]
"""Ready, latest departure, vehicle, number of the trip from 0, where the vehicle comes from."""


def timetable(problem: DispatchProblem, routes: Routes) -> Timetable:
    """Time every trip: vehicles are loaded in the order they are ready, urgent trips first among equals."""
    waiting = [
        _waiting(problem, route[0], v, 0, problem.vehicles[v].stands, problem.vehicles[v].free_s)
        for v, route in enumerate(routes)
        if route
    ]
    docks = [depot.dock_queue() for depot in problem.depots]
    timed: list[TimedTrip] = []
    _run(problem, routes, waiting, docks, timed, strict=False)
    return Timetable(problem, tuple(timed))


def retimed(problem: DispatchProblem, routes: Routes, before: Timetable, vehicle: int) -> Timetable | None:
    """`timetable` of a draft in which one vehicle's route changed, or ``None`` if it breaks a rule.

    What is loaded before the change stays as it is.

    Parameters
    ----------
    problem, routes
        The draft.
    before
        Timetable of the draft before; it broke no rule.
    vehicle
        Whose route changed.
    """
    route = routes[vehicle]
    old = [record for record in before.trips if record.trip.vehicle == vehicle]
    first = 0
    while first < min(len(old), len(route)) and old[first].trip is route[first]:
        first += 1
    turned: TimedTrip | None = None
    since = math.inf if first == len(old) else old[first].ready_s
    mine: list[_Waiting] = []
    origin, free_s = problem.vehicles[vehicle].stands, problem.vehicles[vehicle].free_s
    if first:
        # The trip before may lead somewhere else now.
        turned = _ended(problem, old[first - 1], end_place(problem, route, first - 1))
        if turned.wrong > 0:
            return None
        origin, free_s = turned.end, turned.return_s
    if first < len(route):
        mine = [_waiting(problem, route[first], vehicle, first, origin, free_s)]
        since = min(since, mine[0][0])
    docks = [depot.dock_queue() for depot in problem.depots]
    timed: list[TimedTrip] = []
    done: dict[int, int] = {}
    for record in before.trips:
        if record.ready_s >= since:
            break
        trip = record.trip
        docks[trip.depot][record.dock] = record.depart_s
        done[trip.vehicle] = record.number
        timed.append(turned if turned is not None and record is old[first - 1] else record)
    for record in before.trips[len(timed) :]:
        v = record.trip.vehicle
        if v != vehicle and record.number == done.get(v, 0) + 1:
            mine.append((record.ready_s, record.trip.latest_s, v, record.number - 1, record.origin))
    return (
        Timetable(problem, tuple(timed)) if _run(problem, routes, mine, docks, timed, strict=True) else None
    )


def _waiting(
    problem: DispatchProblem, trip: DraftTrip, v: int, number: int, origin: int, free_s: float
) -> _Waiting:
    depot = problem.depots[trip.depot]
    opens = problem.opens_of[problem.vehicles[v].travel]
    if opens is not None:
        free_s = max(free_s, opens[origin][depot.place])
    ready = free_s + problem.seconds_of[problem.vehicles[v].travel][origin][depot.place]
    ready = max(ready, depot.ready_s, trip.lots_ready_s, problem.start_s, trip.not_before_s)
    return ready, trip.latest_s, v, number, origin


def _run(
    problem: DispatchProblem,
    routes: Routes,
    waiting: list[_Waiting],
    docks: list[list[float]],
    timed: list[TimedTrip],
    *,
    strict: bool,
) -> bool:
    """Load whoever waits until nobody does; ``strict`` gives up at the first broken rule."""
    heapq.heapify(waiting)
    begun = {record.trip.vehicle: record for record in timed}
    while waiting:
        ready, _, v, number, origin = heapq.heappop(waiting)
        trip, machine = routes[v][number], problem.vehicles[v]
        queue, depot = docks[trip.depot], problem.depots[trip.depot]
        if depot.booked:
            dock, start = first_slot(queue, depot.booked, ready, trip.load_s)
        else:
            free = min(queue)
            dock = queue.index(free)
            start = ready if ready > free else free
        depart = queue[dock] = start + trip.load_s
        seconds, metres = problem.seconds_of[machine.travel], problem.metres_of[machine.travel]
        place = depot.place
        end = end_place(problem, routes[v], number)
        back = _back_s(problem, trip, machine.travel, depart, end)
        length = metres[origin][place] + trip.metres + metres[trip.last][end]
        moves = start - seconds[origin][place]
        before = begun.get(v)
        if before is not None:
            duty, paid = before.duty_start_s, before.paid_from_s
        elif machine.duty_start_s is not None:
            duty, paid = machine.duty_start_s, machine.free_s
        else:
            duty, paid = moves, start
        wrong = _violation(machine.kind, trip, depart, back, length, duty)
        if wrong > 0 and strict:
            return False
        record = TimedTrip(
            trip, number + 1, origin, end, moves, start, depart, back, dock, length, ready, duty, paid, wrong
        )
        timed.append(record)
        begun[v] = record
        if number + 1 < len(routes[v]):
            heapq.heappush(waiting, _waiting(problem, routes[v][number + 1], v, number + 1, end, back))
    return True


def _ended(problem: DispatchProblem, record: TimedTrip, end: int) -> TimedTrip:
    """A timed trip that leads to another end."""
    if end == record.end:
        return record
    trip, machine = record.trip, problem.vehicles[record.trip.vehicle]
    metres = problem.metres_of[machine.travel]
    back = _back_s(problem, trip, machine.travel, record.depart_s, end)
    place = problem.depots[trip.depot].place
    length = metres[record.origin][place] + trip.metres + metres[trip.last][end]
    wrong = _violation(machine.kind, trip, record.depart_s, back, length, record.duty_start_s)
    return replace(record, end=end, return_s=back, metres=length, wrong=wrong)


def _back_s(problem: DispatchProblem, trip: DraftTrip, travel: int, depart_s: float, end: int) -> float:
    done, opens = trip.done_s(depart_s), problem.opens_of[travel]
    if opens is not None:
        done = max(done, opens[trip.last][end])
    return done + problem.seconds_of[travel][trip.last][end]


def _violation(
    kind: VehicleType, trip: DraftTrip, depart_s: float, return_s: float, metres: float, duty_start_s: float
) -> float:
    if not math.isfinite(return_s):
        return math.inf
    wrong = trip.overload
    late = depart_s - trip.latest_s
    if late > TIME_SLACK_S:
        wrong += late
    over = return_s - duty_start_s - kind.max_hours_s
    if over > TIME_SLACK_S:
        wrong += over
    far = metres - kind.range_m
    if far > 1e-3:
        wrong += far
    return wrong
