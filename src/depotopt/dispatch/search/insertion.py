"""Insertion: bring unmet need into a draft where it fits, trip by trip, under the exact clock."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Final

import numpy as np

from depotopt.dispatch.model.clock import TIME_SLACK_S, TimedTrip, Timetable, retimed, timetable
from depotopt.dispatch.model.draft import DraftTrip, Routes, delivered, drawn, make_trip
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.budget import LOOKED_AT, TIMED, Budget
from depotopt.dispatch.search.candidates import Candidate, arrival_first, serving_worth
from depotopt.units import HOUR_S, KM_M, Int64Array

TRIES: Final = 8
"""Candidates per point whose exact timetable is worked out before the point is given up."""
TRIES_PER_KIND: Final = 3
"""Besides, so many that add to a trip there is, that send a new one, and that wait for a dock."""
BUSY_TRIPS: Final = 150
"""Trips of a draft up to which all candidates are tried."""
NEAR_DEPOTS: Final = 4
"""Depots from which a new trip to a point is considered."""
VEHICLES_PER_DEPOT: Final = 4
"""Vehicles considered per depot for a new trip."""
ANY_ROOM: Final = 1e12
"""Room of a vehicle that is not chosen yet."""


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
    tries
        Candidates per point that are timed exactly; fewer in drafts of many trips, where each takes longer.
    budget
        What is looked at and timed is taken off it; it does not end an insertion.
    """

    def __init__(
        self,
        problem: DispatchProblem,
        routes: Routes,
        *,
        thrifty: bool = False,
        tries: int = TRIES,
        budget: Budget | None = None,
    ) -> None:
        self.problem = problem
        self._budget = Budget(math.inf) if budget is None else budget
        self.thrifty = thrifty
        self.tries = tries
        self.routes = list(routes)
        self.times: Timetable = timetable(problem, routes)
        self.need: list[list[int]] = (problem.need - delivered(problem, routes)).tolist()
        self.stock: list[int] = (problem.lot_units - drawn(problem, routes)).tolist()
        # Serving one more unit beats any cost: objectives are in order, not traded.
        self.worth = serving_worth(problem)
        self._early = arrival_first(problem)
        self._kg: list[float] = problem.kg.tolist()
        self._m3: list[float] = problem.m3.tolist()

    @property
    def missing(self) -> Int64Array:
        """Units still needed, shape ``(I, K)``."""
        return np.array(self.need, dtype=np.int64).reshape(self.problem.need.shape)

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
        if not any(units > 0 for units in self.need[point]):
            return False
        trips = len(self.times.trips)
        self._budget.spend(LOOKED_AT * trips)
        added, sent = sorted(self._into_trips(point), key=self._rank), self._new_trips(point)
        sent.sort(key=self._rank)
        found = sorted([*added[: self.tries], *sent[: self.tries]], key=self._rank)
        tries = max(2, min(self.tries, self.tries * BUSY_TRIPS // max(len(self.times.trips), 1)))
        chosen = found[:tries]
        # The best by rank may all want the same dock at the same time: others get a try as well.
        patient = [c for c in sent if c.not_before_s > 0]
        for kind in (added, sent, patient):
            chosen += [c for c in kind[: min(tries, TRIES_PER_KIND)] if c not in chosen]
        for candidate in chosen:
            self._budget.spend(TIMED * trips)
            changed = list(self.routes)
            changed[candidate.vehicle] = self._changed(candidate, point)
            times = retimed(self.problem, tuple(changed), self.times, candidate.vehicle)
            if times is not None:
                self._adopt(candidate, point, changed[candidate.vehicle], times)
                return True
        return False

    def _rank(self, candidate: Candidate) -> tuple[float, float, float, int, int]:
        value = candidate.gain * self.worth - (0.0 if self._early else candidate.cost)
        if self.thrifty:
            value /= max(candidate.seconds, 1.0)
        late = candidate.arrive_s + candidate.delay_s if self._early else 0.0
        return -value, late, candidate.cost, candidate.vehicle, candidate.number

    def _changed(self, candidate: Candidate, point: int) -> tuple[DraftTrip, ...]:
        """The vehicle's route with the units added."""
        route = list(self.routes[candidate.vehicle])
        if candidate.number == len(route):
            load = candidate.handed.items()
            trip = make_trip(self.problem, candidate.vehicle, candidate.depot, [point], [load])
            route.append(replace(trip, not_before_s=candidate.not_before_s))
            return tuple(route)
        trip = route[candidate.number]
        stops, loads = list(trip.stops), [dict(load) for load in trip.loads]
        if candidate.new:
            stops.insert(candidate.at, point)
            loads.insert(candidate.at, candidate.handed)
        else:
            for p, units in candidate.handed.items():
                loads[candidate.at][p] = loads[candidate.at].get(p, 0) + units
        larger = make_trip(
            self.problem, candidate.vehicle, trip.depot, stops, [load.items() for load in loads]
        )
        route[candidate.number] = replace(larger, not_before_s=trip.not_before_s)
        return tuple(route)

    def _adopt(
        self, candidate: Candidate, point: int, route: tuple[DraftTrip, ...], times: Timetable
    ) -> None:
        for p, units in candidate.handed.items():
            self.need[point][self.problem.lots[p].commodity] -= units
            self.stock[p] -= units
        self.routes[candidate.vehicle] = route
        self.times = times

    def _fill(
        self, depot: int, point: int, room_kg: float, room_m3: float, by_s: float
    ) -> tuple[dict[int, int], float, float]:
        """Best units for a point within the room: lots and units, their worth and weight."""
        problem, need, stock = self.problem, self.need[point], self.stock
        taken: dict[int, int] = {}
        gain = kg = 0.0
        for k in problem.kinds_by_worth[point]:
            left = need[k]
            if left <= 0:
                continue
            for p in problem.lots_held[depot][k]:
                if not stock[p] or problem.lots[p].ready_s > by_s:
                    continue
                fits = min(
                    left, stock[p], int(room_kg / self._kg[k] + 1e-9), int(room_m3 / self._m3[k] + 1e-9)
                )
                if fits <= 0:
                    continue
                taken[p] = fits
                left -= fits
                room_kg -= fits * self._kg[k]
                room_m3 -= fits * self._m3[k]
                gain += fits * problem.weight_rows[point][k]
                kg += fits * self._kg[k]
                if not left:
                    break
        return taken, gain, kg

    def _supplies(self, point: int) -> list[bool]:
        """Per depot, whether it still holds something the point needs."""
        wanted = [k for k, units in enumerate(self.need[point]) if units > 0]
        return [any(self.stock[p] for k in wanted for p in held[k]) for held in self.problem.lots_held]

    def _into_trips(self, point: int) -> list[Candidate]:
        """Candidates that add to trips there are: a larger hand-over or a stop more."""
        problem, found = self.problem, []
        place = problem.place_of[point]
        useful = self._supplies(point)
        least_kg = min(kg for kg, units in zip(self._kg, self.need[point], strict=True) if units > 0)
        for record in self.times.trips:
            trip = record.trip
            if not useful[trip.depot] or trip.vehicle in problem.locked:
                continue
            kind = problem.vehicles[trip.vehicle].kind
            room_kg, room_m3 = kind.payload_kg - trip.kg, kind.volume_m3 - trip.m3
            if room_kg < least_kg or room_m3 <= 1e-12:
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
            cost = extra_s * kind.cost_per_h / HOUR_S + extra_m * kind.cost_per_km / KM_M
            if new:
                cost += self._change_cost(trip.vehicle, point)
            behind = len(trip.stops) - at
            found.append(
                Candidate(
                    trip.vehicle,
                    record.number - 1,
                    trip.depot,
                    at,
                    new,
                    handed,
                    gain,
                    cost,
                    extra_s + kg * per_kg,
                    record.leave_s[at - 1] if at else record.depart_s,
                    extra_s * behind,
                )
            )
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
        useful = self._supplies(point)
        depots = []
        for d, depot in enumerate(problem.depots):
            near = problem.least_out_s[d][point] if useful[d] else math.inf
            if depot.dock_kg_per_s > 0 and math.isfinite(near):
                depots.append((-self._fill(d, point, ANY_ROOM, ANY_ROOM, math.inf)[1], near, d))
        if not depots:
            return []
        ready = {record.trip.vehicle: record for record in self.times.trips if self._is_last(record)}
        dock_free = self._dock_free()
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
            if v in problem.locked:
                continue
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
            loaded = self._load(v, d, point, start)
            if loaded is not None:
                wait = start if start > opens else 0.0
                found.append(
                    replace(self._priced(v, d, point, loaded, start, where, last), not_before_s=wait)
                )
        return found

    def _load(self, v: int, d: int, point: int, start_s: float) -> tuple[dict[int, int], float, float] | None:
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
            loaded = self._fill(d, point, room_kg, kind.volume_m3, by_s)
            if loaded[0]:
                return loaded
        return None

    def _priced(
        self,
        v: int,
        d: int,
        point: int,
        loaded: tuple[dict[int, int], float, float],
        start_s: float,
        where: int,
        last: TimedTrip | None,
    ) -> Candidate:
        problem, (handed, gain, kg) = self.problem, loaded
        kind, depot, place = problem.vehicles[v].kind, problem.depots[d], problem.place_of[point]
        start_s = max(start_s, *(problem.lots[p].ready_s for p in handed))
        end = problem.nearest_end(v, place)
        arrive = start_s + kg / depot.dock_kg_per_s + problem.seconds(v, depot.place, place)
        back = arrive + problem.stop_service_s + kg / problem.unload_kg_per_s + problem.seconds(v, place, end)
        metres = problem.metres(v, where, depot.place) + problem.metres(v, depot.place, place)
        metres += problem.metres(v, place, end)
        cost = metres * kind.cost_per_km / KM_M + self._change_cost(v, point)
        spent = back - (start_s if last is None else last.return_s)
        cost += spent * kind.cost_per_h / HOUR_S
        if last is None:
            cost += kind.cost_per_use + kind.compensation
            spent += problem.seconds(v, where, depot.place)
        return Candidate(v, len(self.routes[v]), d, 0, True, handed, gain, cost, spent, arrive)
