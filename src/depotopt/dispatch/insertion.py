"""Insertion: bring unmet need into a draft where it fits, trip by trip, under the exact clock."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.dispatch.draft import (
    TIME_SLACK_S,
    DraftTrip,
    Routes,
    TimedTrip,
    Timetable,
    delivered,
    drawn,
    make_trip,
    timetable,
)
from depotopt.dispatch.problem import DispatchProblem
from depotopt.units import HOUR_S, KM_M, Int64Array

TRIES: Final = 8
"""Candidates per point whose exact timetable is worked out before the point is given up."""
NEAR_DEPOTS: Final = 4
"""Depots from which a new trip to a point is considered."""
VEHICLES_PER_DEPOT: Final = 4
"""Vehicles considered per depot for a new trip."""
ANY_ROOM: Final = 1e12
"""Room of a vehicle that is not chosen yet."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A changed route of one vehicle and what it brings.

    Attributes
    ----------
    vehicle, route
        The route to put in place.
    gain
        Priority-weighted person-days it brings.
    cost
        Estimate of what it costs more, docks aside.
    seconds
        Estimate of the vehicle time it takes.
    """

    vehicle: int
    route: tuple[DraftTrip, ...]
    gain: float
    cost: float
    seconds: float


class Inserter:
    """Draft under change: routes, what is still needed, what is still in stock.

    Parameters
    ----------
    problem
        What is to be delivered.
    routes
        A draft that holds every rule.
    thrifty
        Rank insertions by what they bring per second of the vehicle, not by all they bring.
    """

    def __init__(self, problem: DispatchProblem, routes: Routes, *, thrifty: bool = False) -> None:
        self.problem = problem
        self.thrifty = thrifty
        self.routes = list(routes)
        self.times: Timetable = timetable(problem, routes)
        self.need: Int64Array = problem.need - delivered(problem, routes)
        self.stock: Int64Array = problem.lot_units - drawn(problem, routes)
        # Serving one more unit beats any cost: objectives are in order, not traded.
        self.worth = _worth(problem)

    def insert_all(self, order: list[int], until: float = math.inf) -> None:
        """Insert what fits at the given points, each until nothing more fits.

        Parameters
        ----------
        order
            Points, the first first.
        until
            Moment of `time.perf_counter` after which no insertion is begun.
        """
        for point in order:
            while time.perf_counter() < until and self.insert(point):
                pass

    def insert(self, point: int) -> bool:
        """Make the best insertion for a point; whether one was found."""
        if not (self.need[point] > 0).any():
            return False
        found = [*self._into_trips(point), *self._new_trips(point)]
        found.sort(key=self._rank)
        for candidate in found[:TRIES]:
            changed = list(self.routes)
            changed[candidate.vehicle] = candidate.route
            times = timetable(self.problem, tuple(changed))
            if times.feasible:
                self._adopt(candidate, times)
                return True
        return False

    def _rank(self, candidate: Candidate) -> tuple[float, int, int]:
        value = candidate.gain * self.worth - candidate.cost
        if self.thrifty:
            value /= max(candidate.seconds, 1.0)
        return -value, candidate.vehicle, len(candidate.route)

    def _adopt(self, candidate: Candidate, times: Timetable) -> None:
        for sign, route in ((1, self.routes[candidate.vehicle]), (-1, candidate.route)):
            for trip in route:
                for point, load in zip(trip.stops, trip.loads, strict=True):
                    for p, units in load:
                        self.need[point, self.problem.lots[p].commodity] += sign * units
                        self.stock[p] += sign * units
        self.routes[candidate.vehicle] = candidate.route
        self.times = times

    def _fill(
        self, depot: int, point: int, room_kg: float, room_m3: float, by_s: float
    ) -> tuple[dict[int, int], float, float]:
        """Best units for a point within the room: lots and units, their worth and weight."""
        problem = self.problem
        taken: dict[int, int] = {}
        gain = kg = 0.0
        order = sorted(
            np.flatnonzero(self.need[point] > 0).tolist(),
            key=lambda k: (-problem.weight[point, k] / max(problem.kg[k] / max(room_kg, 1e-9), 1e-12), k),
        )
        for k in order:
            left = int(self.need[point, k])
            for p in problem.lots_of_depot[depot]:
                lot = problem.lots[p]
                if lot.commodity != k or lot.ready_s > by_s or not self.stock[p]:
                    continue
                fits = min(
                    left,
                    int(self.stock[p]),
                    math.floor(room_kg / problem.kg[k] + 1e-9),
                    math.floor(room_m3 / problem.m3[k] + 1e-9),
                )
                if fits <= 0:
                    continue
                taken[p] = fits
                left -= fits
                room_kg -= fits * float(problem.kg[k])
                room_m3 -= fits * float(problem.m3[k])
                gain += fits * float(problem.weight[point, k])
                kg += fits * float(problem.kg[k])
        return taken, gain, kg

    def _into_trips(self, point: int) -> list[Candidate]:
        """Candidates that add to trips there are: a larger hand-over or a stop more."""
        problem, found = self.problem, []
        place = problem.place_of[point]
        wanted = {int(k) for k in np.flatnonzero(self.need[point] > 0)}
        useful = {
            d
            for d in range(len(problem.depots))
            if any(problem.lots[p].commodity in wanted and self.stock[p] for p in problem.lots_of_depot[d])
        }
        for record in self.times.trips:
            trip = record.trip
            if trip.depot not in useful:
                continue
            kind = problem.vehicles[trip.vehicle].kind
            room_kg, room_m3 = kind.payload_kg - trip.kg, kind.volume_m3 - trip.m3
            if room_kg <= 1e-9 or room_m3 <= 1e-12:
                continue
            position = self._position(record, place, point)
            if position is None:
                continue
            at, new, extra_s, extra_m, spare_s = position
            # A heavier load leaves later and is handed over longer: no more than the stops can wait for.
            per_kg = 1 / problem.depots[trip.depot].dock_kg_per_s + 1 / problem.unload_kg_per_s
            room_kg = min(room_kg, spare_s / per_kg)
            handed, gain, kg = self._fill(trip.depot, point, room_kg, room_m3, record.load_start_s)
            if not handed:
                continue
            stops, loads = list(trip.stops), [dict(load) for load in trip.loads]
            if new:
                stops.insert(at, point)
                loads.insert(at, handed)
            else:
                for p, units in handed.items():
                    loads[at][p] = loads[at].get(p, 0) + units
            changed = make_trip(problem, trip.vehicle, trip.depot, stops, [load.items() for load in loads])
            route = list(self.routes[trip.vehicle])
            route[record.number - 1] = changed
            cost = extra_s * kind.cost_per_h / HOUR_S + extra_m * kind.cost_per_km / KM_M
            if new:
                cost += self._change_cost(trip.vehicle, point)
            found.append(Candidate(trip.vehicle, tuple(route), gain, cost, extra_s + kg * per_kg))
        return found

    def _position(
        self, record: TimedTrip, place: int, point: int
    ) -> tuple[int, bool, float, float, float] | None:
        """Cheapest position in a trip: index, new stop?, seconds, metres, seconds its stops can wait."""
        problem, trip = self.problem, record.trip
        if point in trip.stops:
            return trip.stops.index(point), False, 0.0, 0.0, trip.latest_s - record.depart_s
        travel = problem.vehicles[trip.vehicle].travel
        seconds, metres = problem.seconds_of[travel], problem.metres_of[travel]
        before = [problem.depots[trip.depot].place, *(problem.place_of[i] for i in trip.stops)]
        after = [*before[1:], record.end]
        leaves = [record.depart_s, *record.leave_s]
        slack = [problem.deadline_of[i] - at for i, at in zip(trip.stops, record.arrive_s, strict=True)]
        ahead = [math.inf]
        for spare in slack:
            ahead.append(min(ahead[-1], spare))
        deadline = problem.deadline_of[point]
        best: tuple[float, int, float, float, float] | None = None
        behind = math.inf
        for at in range(len(trip.stops), -1, -1):
            if at < len(slack):
                behind = min(behind, slack[at])
            a, b = before[at], after[at]
            there, on = seconds[a][place], seconds[place][b]
            extra = there + on - seconds[a][b] + problem.stop_service_s
            if not math.isfinite(extra):
                continue
            spare = min(ahead[at], deadline - leaves[at] - there, behind - extra)
            if spare >= -TIME_SLACK_S and (best is None or extra < best[0]):
                best = (extra, at, extra, metres[a][place] + metres[place][b] - metres[a][b], spare)
        return None if best is None else (best[1], True, *best[2:])

    def _new_trips(self, point: int) -> list[Candidate]:
        """Candidates that send one more trip, at the end of a vehicle's route."""
        problem, found = self.problem, []
        ready = {record.trip.vehicle: record for record in self.times.trips if self._is_last(record)}
        dock_free = self._dock_free()
        depots = []
        for d, depot in enumerate(problem.depots):
            if depot.dock_kg_per_s <= 0:
                continue
            handed, gain, _ = self._fill(d, point, ANY_ROOM, ANY_ROOM, math.inf)
            if handed:
                place = problem.points[point]
                there = (float(matrix.seconds[depot.place, place]) for matrix in problem.travel)
                near = min(there, default=math.inf)
                if math.isfinite(near):
                    depots.append((-gain, near, d))
        by_time = sorted(depots, key=lambda entry: (entry[1], entry[2]))[: NEAR_DEPOTS - 1]
        by_gain = sorted(depots)[:1]
        for d in sorted({entry[2] for entry in by_time + by_gain}):
            for v in self._free_vehicles(d, point, ready):
                found += self._new_trip(v, d, point, ready.get(v), dock_free[d])
        return found

    def _change_cost(self, vehicle: int, point: int) -> float:
        """Price of a stop by another vehicle than in the plan in force."""
        problem = self.problem
        if not problem.served_by or vehicle in problem.served_by[point] or not problem.served_by[point]:
            return 0.0
        return problem.change_cost

    def _is_last(self, record: TimedTrip) -> bool:
        return record.number == len(self.routes[record.trip.vehicle])

    def _dock_free(self) -> list[float]:
        """When the first dock of each depot has nothing more to load."""
        free = [depot.dock_queue() for depot in self.problem.depots]
        for record in self.times.trips:
            queue = free[record.trip.depot]
            queue[record.dock] = max(queue[record.dock], record.depart_s)
        return [min(queue) for queue in free]

    def _free_vehicles(self, depot: int, point: int, ready: dict[int, TimedTrip]) -> list[int]:
        """Vehicles for a new trip: the earliest of every type, used ones and unused ones apart."""
        problem = self.problem
        place, target = problem.depots[depot].place, problem.place_of[point]
        ranked: dict[tuple[str, bool], list[tuple[float, int]]] = {}
        for v, vehicle in enumerate(problem.vehicles):
            record = ready.get(v)
            where, when = (vehicle.stands, vehicle.free_s)
            if record is not None:
                last = record.trip
                where, when = last.last, record.leave_s[-1]
            at = when + problem.seconds(v, where, place)
            if at + problem.seconds(v, place, target) <= problem.deadline_s[point]:
                ranked.setdefault((vehicle.kind.ident, record is None), []).append((at, v))
        return [v for entries in ranked.values() for _, v in sorted(entries)[:VEHICLES_PER_DEPOT]]

    def _new_trip(
        self, v: int, d: int, point: int, last: TimedTrip | None, dock_free_s: float
    ) -> list[Candidate]:
        """A trip at the end of a vehicle's route: with a dock at once, and behind what the docks load now."""
        problem = self.problem
        vehicle, depot = problem.vehicles[v], problem.depots[d]
        where, when = vehicle.stands, vehicle.free_s
        if last is not None:
            # The way back leads to the new loading depot instead of the nearest end.
            where, when = last.trip.last, last.leave_s[-1]
        opens = max(when + problem.seconds(v, where, depot.place), depot.ready_s, problem.start_s)
        found = []
        for start in sorted({opens, max(opens, dock_free_s)}):
            trip = self._loaded_trip(v, d, point, start)
            if trip is not None:
                found.append(self._priced(trip, max(start, trip.lots_ready_s), where, last))
        return found

    def _loaded_trip(self, v: int, d: int, point: int, start_s: float) -> DraftTrip | None:
        """The best load for a point that still arrives in time, ready stock first."""
        problem = self.problem
        kind, depot = problem.vehicles[v].kind, problem.depots[d]
        away = problem.seconds(v, depot.place, problem.place_of[point])
        ready = sorted({problem.lots[p].ready_s for p in problem.lots_of_depot[d]})
        for by_s in (start_s, *(moment for moment in ready if moment > start_s)):
            spare_s = problem.deadline_of[point] - away - by_s
            room_kg = min(kind.payload_kg, spare_s * depot.dock_kg_per_s)
            if room_kg <= 0:
                return None
            handed, _, _ = self._fill(d, point, room_kg, kind.volume_m3, by_s)
            if handed:
                return make_trip(problem, v, d, [point], [handed.items()])
        return None

    def _priced(self, trip: DraftTrip, start_s: float, where: int, last: TimedTrip | None) -> Candidate:
        problem, v = self.problem, trip.vehicle
        kind, depot = problem.vehicles[v].kind, problem.depots[trip.depot]
        end = problem.nearest_end(v, trip.last)
        back = start_s + trip.load_s + trip.leave_s[-1] + problem.seconds(v, trip.last, end)
        metres = trip.metres + problem.metres(v, where, depot.place) + problem.metres(v, trip.last, end)
        gain = sum(
            units * float(problem.weight[trip.stops[0], problem.lots[p].commodity])
            for p, units in trip.loads[0]
        )
        cost = metres * kind.cost_per_km / KM_M + self._change_cost(v, trip.stops[0])
        spent = back - (start_s if last is None else last.return_s)
        cost += spent * kind.cost_per_h / HOUR_S
        if last is None:
            cost += kind.cost_per_use + kind.compensation
            spent += problem.seconds(v, where, depot.place)
        return Candidate(v, (*self.routes[v], trip), gain, cost, spent)


def insertion_order(
    problem: DispatchProblem, unmet: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> list[int]:
    """Points with unmet need, the worthiest per kilogram first."""
    worth = (unmet * problem.weight).sum(axis=1)
    kg = unmet @ problem.kg
    points = np.flatnonzero(unmet.sum(axis=1) > 0)
    return sorted(points.tolist(), key=lambda i: (-worth[i] / max(kg[i], 1e-9), i))


def _worth(problem: DispatchProblem) -> float:
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
