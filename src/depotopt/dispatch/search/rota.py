"""`Rota`: vehicles of a depot take one trip after the other, each the best there is when it is free."""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.model.draft import DraftTrip, Routes, delivered, drawn, make_trip
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import DockPlan
from depotopt.units import FloatArray, Int64Array

MOST_STOPS: Final = 12
"""Stops of one trip."""
LEAST_ROOM: Final = 0.02
"""Share of the payload below which a trip is full."""
MARGIN_S: Final = 0.1
"""Kept clear before deadlines, so that rounding never makes a delivery late."""


@dataclass
class _Trip:
    """A trip being put together: where it stands, when it is there, what it can still take."""

    start_s: float
    room_kg: float
    room_m3: float
    slack_s: float
    place: int
    clock_s: float
    metres: float
    stops: list[int]
    loads: list[dict[int, int]]


class Rota:
    """List scheduling at one depot (Graham 1969): quick, and every rule is kept as it goes.

    Whoever is ready first is loaded first, with what brings most weighted person-days per second of the
    trip; stops are added as long as they bring as much per second as half of what the trip brings on average.

    Parameters
    ----------
    problem
        What is to be delivered; all trips load at `depot`.
    depot
        Its position.
    given
        Trips of locked vehicles: they take place as they are.
    """

    def __init__(self, problem: DispatchProblem, depot: int, given: Routes = ()) -> None:
        self._problem, self._depot = problem, depot
        self._given = {v: deque(route) for v, route in enumerate(given) if v in problem.locked}
        self._need: Int64Array = problem.need - delivered(problem, given)
        self._stock: list[int] = (problem.lot_units - drawn(problem, given)).tolist()
        worth = (problem.weight / problem.kg).mean(axis=0) if len(problem.points) else problem.kg
        self._kinds: list[int] = np.argsort(-worth, kind="stable").tolist()
        self._out: list[tuple[FloatArray, FloatArray]] = []
        self._back: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}
        place = problem.depots[depot].place
        for matrix in problem.travel:
            self._out.append((matrix.seconds[place, problem.points], matrix.metres[place, problem.points]))

    def routes(self) -> Routes:
        """Trips of every vehicle."""
        problem, depot = self._problem, self._problem.depots[self._depot]
        routes: list[list[DraftTrip]] = [[] for _ in problem.vehicles]
        if depot.dock_kg_per_s <= 0:
            return tuple(tuple(route) for route in routes)
        docks = DockPlan(depot)
        waiting: list[tuple[float, int]] = []
        begun: dict[int, float] = {}
        for v, machine in enumerate(problem.vehicles):
            approach = problem.seconds(v, machine.stands, depot.place)
            mine = self._given.get(v, ())
            if v in problem.locked and (not mine or mine[0].depot != self._depot):
                continue
            if math.isfinite(approach) and math.isfinite(machine.free_s):
                ready = max(machine.free_s + approach, depot.ready_s, problem.start_s)
                waiting.append((max(ready, mine[0].not_before_s if mine else 0.0), v))
        heapq.heapify(waiting)
        while waiting:
            ready, v = heapq.heappop(waiting)
            machine = problem.vehicles[v]
            given = v in problem.locked and self._given[v][0].load_s
            # Before work that is booked a whole load has to fit: what it will weigh is not known yet.
            dock, start = docks.slot(ready, given or machine.kind.payload_kg / depot.dock_kg_per_s)
            since = begun.get(v)
            if since is None:
                since = start - problem.seconds(v, machine.stands, depot.place)
                since = since if machine.duty_start_s is None else machine.duty_start_s
            if v in problem.locked:
                self._repeat(v, (dock, start), routes, docks, waiting)
                continue
            trip = self._trip(v, start, since, first=v not in begun)
            if trip is None:
                later = [
                    lot.ready_s
                    for p, lot in enumerate(problem.lots)
                    if lot.depot == self._depot and self._stock[p] and lot.ready_s > start
                ]
                if later and min(later) < float(problem.deadline_s.max()):
                    heapq.heappush(waiting, (min(later), v))
                continue
            made = make_trip(problem, v, self._depot, trip.stops, [load.items() for load in trip.loads])
            # Its turn at the dock is fixed: what it carries was cut for that start.
            routes[v].append(replace(made, not_before_s=start))
            begun[v] = since
            docks.free[dock] = start + made.load_s
            home = self._ends(v)[0][trip.stops[-1]]
            heapq.heappush(waiting, (made.done_s(start + made.load_s) + float(home), v))
        return tuple(tuple(route) for route in routes)

    def _repeat(
        self,
        v: int,
        slot: tuple[int, float],
        routes: list[list[DraftTrip]],
        docks: DockPlan,
        waiting: list[tuple[float, int]],
    ) -> None:
        """A locked vehicle takes its next trip, as far as this depot sees of it."""
        (dock, start), mine = slot, self._given[v]
        made = mine.popleft()
        routes[v].append(made)
        docks.free[dock] = start + made.load_s
        if mine and mine[0].depot == self._depot:
            back = made.done_s(start + made.load_s) + float(self._ends(v)[0][made.stops[-1]])
            heapq.heappush(waiting, (max(back, mine[0].not_before_s), v))

    def _ends(self, v: int) -> tuple[FloatArray, FloatArray]:
        """Seconds and metres back to this depot, or to the nearest end where that is farther."""
        problem, machine = self._problem, self._problem.vehicles[v]
        key = (machine.travel, machine.home)
        if key not in self._back:
            matrix, place = problem.travel[machine.travel], problem.depots[self._depot].place
            ends = np.array([place, machine.home], dtype=np.int64)
            seconds = matrix.seconds[np.ix_(problem.points, ends)]
            metres = matrix.metres[np.ix_(problem.points, ends)]
            self._back[key] = (seconds[:, 0], metres.max(axis=1))
        return self._back[key]

    def _trip(self, v: int, start_s: float, since_s: float, *, first: bool) -> _Trip | None:
        problem, machine = self._problem, self._problem.vehicles[v]
        kind, depot = machine.kind, problem.depots[self._depot]
        approach_m = problem.metres(v, machine.stands, depot.place) if first else 0.0
        trip = _Trip(start_s, kind.payload_kg, kind.volume_m3, math.inf, depot.place, 0.0, approach_m, [], [])
        out_s, out_m = self._out[machine.travel]
        back_s, back_m = self._ends(v)
        average = 0.0
        while len(trip.stops) < MOST_STOPS and trip.room_kg > LEAST_ROOM * kind.payload_kg:
            if trip.stops:
                matrix = problem.travel[machine.travel]
                leg_s = matrix.seconds[trip.place, problem.points]
                leg_m = matrix.metres[trip.place, problem.points]
                so_far = float(back_s[trip.stops[-1]])
            else:
                leg_s, leg_m, so_far = out_s, out_m, 0.0
            arrive = start_s + (kind.payload_kg - trip.room_kg) / depot.dock_kg_per_s + trip.clock_s + leg_s
            holds = problem.holds_from(machine.travel, trip.place)
            if holds is not None:
                # Waiting for a point or a road to open is as if the way were longer.
                wait = np.maximum(holds - arrive, 0.0)
                arrive, leg_s = arrive + wait, leg_s + wait
            slack = np.minimum(problem.deadline_s - arrive, trip.slack_s) - MARGIN_S
            home = arrive + problem.stop_service_s + back_s
            handled = 1 / depot.dock_kg_per_s + 1 / problem.unload_kg_per_s
            there = np.isfinite(home)
            duty = np.full(len(home), since_s + kind.max_hours_s)
            duty[there] -= home[there]
            room = np.minimum(np.where(there, slack, 0.0) * depot.dock_kg_per_s, duty / handled)
            room = np.clip(room, 0.0, trip.room_kg)
            room[~there | (trip.metres + leg_m + back_m > kind.range_m)] = 0.0
            if trip.stops:
                room[trip.stops] = 0.0
            units, gain, kg = self._fits(room, trip.room_m3, start_s)
            # Where no road leads nothing fits: its time is infinite, its score nothing.
            extra = leg_s + problem.stop_service_s + kg * handled + back_s - so_far
            score = np.where(gain > 0, gain / np.maximum(extra, 1.0), 0.0)
            best = int(np.argmax(score))
            if score[best] <= 0 or score[best] < 0.5 * average:
                break
            self._take(trip, best, units[best], float(kg[best]), float(leg_s[best]), float(leg_m[best]))
            spare = float(slack[best]) - float(kg[best]) / depot.dock_kg_per_s
            trip.slack_s = min(trip.slack_s - float(kg[best]) / depot.dock_kg_per_s, spare)
            average = float(score[best]) if average == 0.0 else 0.5 * (average + float(score[best]))
        return trip if trip.stops else None

    def _fits(
        self, room_kg: FloatArray, room_m3: float, start_s: float
    ) -> tuple[Int64Array, FloatArray, FloatArray]:
        """Units per point and commodity that fit the room, what they are worth and weigh."""
        problem = self._problem
        units = np.zeros_like(self._need)
        left_m3 = np.full(len(room_kg), room_m3)
        left_kg = room_kg.copy()
        for k in self._kinds:
            held = sum(
                self._stock[p]
                for p in problem.lots_held[self._depot][k]
                if problem.lots[p].ready_s <= start_s
            )
            if not held:
                continue
            fits = np.minimum(left_kg / problem.kg[k], left_m3 / problem.m3[k]) + 1e-9
            units[:, k] = np.minimum(np.minimum(self._need[:, k], held), fits.astype(np.int64))
            left_kg -= units[:, k] * problem.kg[k]
            left_m3 -= units[:, k] * problem.m3[k]
        return units, (units * problem.weight).sum(axis=1), room_kg - left_kg

    def _take(
        self, trip: _Trip, point: int, units: Int64Array, kg: float, leg_s: float, leg_m: float
    ) -> None:
        problem = self._problem
        load: dict[int, int] = {}
        for k in np.flatnonzero(units).tolist():
            wanted = int(units[k])
            self._need[point, k] -= wanted
            trip.room_m3 -= wanted * float(problem.m3[k])
            for p in problem.lots_held[self._depot][k]:
                if problem.lots[p].ready_s <= trip.start_s and wanted:
                    taken = min(wanted, self._stock[p])
                    if taken:
                        load[p] = taken
                        self._stock[p] -= taken
                        wanted -= taken
        trip.stops.append(point)
        trip.loads.append(load)
        trip.room_kg -= kg
        trip.clock_s += leg_s + problem.stop_service_s + kg / problem.unload_kg_per_s
        trip.metres += leg_m
        trip.place = problem.place_of[point]
