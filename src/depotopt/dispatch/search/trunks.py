"""Trunk trips: goods brought to hubs before the last mile, and the problem that is left then."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.model.assembly import Assembly, Source
from depotopt.dispatch.model.clock import Timetable
from depotopt.dispatch.model.draft import Routes, delivered, drawn
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import DockPlan, Lot, Span
from depotopt.units import HOUR_S, KM_M, FloatArray, Int64Array

MOST_TRUNKS: Final = 400
"""Trunk trips planned at most."""
LEAST_GAIN: Final = 0.02
"""Share of the first trunk's worth per second below which no further one is sent."""


@dataclass(frozen=True, slots=True)
class TrunkTrip:
    """One load for a hub.

    Attributes
    ----------
    vehicle
        Position among the problem's vehicles.
    source, hub
        Position among the assembly's sources and the problem's depots.
    origin
        Place the vehicle comes from.
    loads
        Lots and units.
    load_start_s, depart_s, arrive_s, unload_s, end_s
        Moments: loading, leaving, at the hub, unloading at a dock begins and ends.
    """

    vehicle: int
    source: int
    hub: int
    origin: int
    loads: tuple[tuple[Lot, int], ...]
    load_start_s: float
    depart_s: float
    arrive_s: float
    unload_s: float
    end_s: float


def reachable_stock(assembly: Assembly) -> DispatchProblem:
    """The problem with all stock of the sources at each of their hubs as well: a relaxation, for the bound.

    A lot waits at a hub until the quickest vehicle could have brought it.
    """
    problem, found = assembly.problem, list(assembly.problem.lots)
    for source in assembly.sources:
        for hub in source.hubs:
            there = min(
                (
                    max(machine.free_s, source.depot.ready_s, problem.start_s)
                    + problem.least_seconds(v, source.depot.place, problem.depots[hub].place)
                    for v, machine in enumerate(problem.vehicles)
                ),
                default=math.inf,
            )
            if math.isfinite(there):
                opens = max(there, problem.depots[hub].ready_s) + assembly.transfer_s[hub]
                found += [
                    replace(lot, depot=hub, ready_s=max(opens, lot.ready_s))
                    for lot in lots_of(problem, source)
                ]
    return replace(problem, lots=tuple(found))


def lots_of(problem: DispatchProblem, source: Source) -> tuple[Lot, ...]:
    """Lots a source may send by trunk trips: its own, not what was brought there."""
    if source.position is None:
        return source.lots
    mine = (problem.lots[p] for p in problem.lots_of_depot[source.position])
    return tuple(lot for lot in mine if not lot.brought)


Wants = dict[int, Int64Array]
"""Units wanted at each hub for each point and commodity, shape ``(I, K)``."""


def first_wants(assembly: Assembly, missing: Int64Array) -> Wants:
    """What is missing, at the hub each point is nearest to."""
    return shared_wants(assembly, np.maximum(missing, 0), {})


def wants_after(assembly: Assembly, problem: DispatchProblem, routes: Routes) -> Wants:
    """What hubs are wanted to have once a last mile is known: what it took from there, and what it lacks.

    Where something of a commodity was left at a hub, the hub is not asked to bring more of it to anybody:
    what is missing is wanted at the next hub from which a point can be reached.

    Parameters
    ----------
    assembly
        Problem and sources before trunk trips.
    problem, routes
        The last mile; lots beyond those of the assembly's problem are those brought to hubs.
    """
    left = problem.lot_units - drawn(problem, routes)
    known = len(assembly.problem.lots)
    over: dict[int, set[int]] = defaultdict(set)
    for p in range(known, len(problem.lots)):
        if left[p] > 0:
            over[problem.lots[p].depot].add(problem.lots[p].commodity)
    wants = shared_wants(assembly, np.maximum(problem.need - delivered(problem, routes), 0), over)
    for route in routes:
        for trip in route:
            for point, load in zip(trip.stops, trip.loads, strict=True):
                for p, units in load:
                    if p >= known:
                        wants[trip.depot][point, problem.lots[p].commodity] += units
    return wants


def shared_wants(assembly: Assembly, missing: Int64Array, over: Mapping[int, set[int]]) -> Wants:
    """What is missing, each at the nearest hub that has not something left over of it."""
    hubs = sorted({hub for source in assembly.sources for hub in source.hubs})
    out = np.array(assembly.problem.least_out_s)[hubs]
    wants = {hub: np.zeros_like(missing) for hub in hubs}
    for k in range(missing.shape[1]):
        away = out.copy()
        for n, hub in enumerate(hubs):
            if k in over.get(hub, ()):
                away[n] = np.inf
        nearest = away.argmin(axis=0)
        there = np.isfinite(away.min(axis=0))
        for n, hub in enumerate(hubs):
            wants[hub][:, k] = np.where(there & (nearest == n), missing[:, k], 0)
    return wants


class TrunkPlanner:
    """Sends vehicles from sources to hubs, the trip that brings most per second first.

    Goods count for as much as they are worth at the points they are wanted for, if they can still get there
    in time after the transfer.

    Parameters
    ----------
    assembly
        Problem and sources.
    wanted
        What each hub is wanted to have.
    vehicles
        Who may drive.
    around
        Trips whose turns at the docks are decided.
    """

    def __init__(
        self, assembly: Assembly, wanted: Wants, vehicles: tuple[int, ...], around: Timetable | None = None
    ) -> None:
        self._assembly, self._problem = assembly, assembly.problem
        problem = assembly.problem
        self._wanted = {hub: units.copy() for hub, units in wanted.items()}
        self._out = {hub: np.array(problem.least_out_s[hub]) for hub in wanted}
        self._left: dict[Lot, int] = {
            lot: lot.units for source in assembly.sources for lot in lots_of(problem, source)
        }
        if around is not None:
            for record in around.trips:
                for load in record.trip.loads:
                    for p, units in load:
                        if problem.lots[p] in self._left:
                            self._left[problem.lots[p]] -= units
        self._stands = {v: (problem.vehicles[v].stands, problem.vehicles[v].free_s) for v in vehicles}
        self._since: dict[int, float] = {}
        self._docks = [DockPlan(depot) for depot in problem.depots]
        for record in () if around is None else around.trips:
            self._docks[record.trip.depot].take(record.dock, record.load_start_s, record.depart_s)
        # A hub that feeds others has one set of docks for both.
        self._loading = [
            DockPlan(source.depot) if source.position is None else self._docks[source.position]
            for source in assembly.sources
        ]

    def trips(self) -> tuple[TrunkTrip, ...]:
        """Trunk trips in the order they were decided."""
        found: list[TrunkTrip] = []
        first = 0.0
        while len(found) < MOST_TRUNKS:
            best: tuple[float, TrunkTrip] | None = None
            for v in self._sample():
                for s, source in enumerate(self._assembly.sources):
                    for hub in source.hubs:
                        offer = self._offer(v, s, hub)
                        if offer is not None and (best is None or offer[0] > best[0]):
                            best = offer
            if best is None or best[0] < LEAST_GAIN * first:
                break
            first = max(first, best[0])
            self._send(best[1])
            found.append(best[1])
        return tuple(found)

    def repeated(self, trips: Iterable[TrunkTrip]) -> tuple[TrunkTrip, ...]:
        """The same trips with the loads they have now, as early as they can be.

        Empty ones are left out, and those that cannot be driven from where their vehicle stands without them.
        """
        made: list[TrunkTrip] = []
        for trip in trips:
            if trip.loads and self._way_is_open(trip.vehicle, trip.source, trip.hub):
                again = self._timed(trip.vehicle, trip.source, trip.hub, trip.loads)
                if self._within_hours(again):
                    self._send(again)
                    made.append(again)
        return tuple(made)

    def _sample(self) -> list[int]:
        """One vehicle of each sort that stand at the same place at the same time."""
        sorts: dict[tuple[str, int, float], int] = {}
        for v, (stands, free_s) in self._stands.items():
            if math.isfinite(free_s):
                sorts.setdefault((self._problem.vehicles[v].kind.ident, stands, free_s), v)
        return list(sorts.values())

    def _ready_s(self, v: int, s: int) -> float:
        """When a vehicle is at a source that is open."""
        problem, depot = self._problem, self._assembly.sources[s].depot
        stands, free_s = self._stands[v]
        there = problem.begin_s(v, stands, depot.place, free_s) + problem.seconds(v, stands, depot.place)
        return max(there, depot.ready_s, problem.start_s)

    def _timed(self, v: int, s: int, hub: int, loads: tuple[tuple[Lot, int], ...]) -> TrunkTrip:
        """A trip with some loads, at the earliest."""
        problem, source, target = self._problem, self._assembly.sources[s].depot, self._problem.depots[hub]
        kg = sum(units * float(problem.kg[lot.commodity]) for lot, units in loads)
        return self._with_weight(v, s, hub, loads, kg / source.dock_kg_per_s, kg / target.dock_kg_per_s)

    def _with_weight(
        self, v: int, s: int, hub: int, loads: tuple[tuple[Lot, int], ...], load_s: float, unload_s: float
    ) -> TrunkTrip:
        problem, source, target = self._problem, self._assembly.sources[s].depot, self._problem.depots[hub]
        ready = max([self._ready_s(v, s), *(lot.ready_s for lot, _ in loads)])
        begin = self._loading[s].slot(ready, load_s)[1]
        depart = begin + load_s
        arrive = problem.begin_s(v, source.place, target.place, depart)
        arrive += problem.seconds(v, source.place, target.place)
        unload = self._docks[hub].slot(max(arrive, target.ready_s), unload_s)[1]
        return TrunkTrip(
            v, s, hub, self._stands[v][0], loads, begin, depart, arrive, unload, unload + unload_s
        )

    def _offer(self, v: int, s: int, hub: int) -> tuple[float, TrunkTrip] | None:
        """The best load of a vehicle for a hub: weighted person-days per second, and the trip."""
        source, kind = self._assembly.sources[s], self._problem.vehicles[v].kind
        if not self._way_is_open(v, s, hub):
            return None
        # Whom a full load would still reach in time; a lighter one is only sooner.
        rates = source.depot.dock_kg_per_s, self._problem.depots[hub].dock_kg_per_s
        full = self._with_weight(v, s, hub, (), kind.payload_kg / rates[0], kind.payload_kg / rates[1])
        released = full.end_s + self._assembly.transfer_s[hub]
        loads, gain = self._load(source, hub, released, full.load_start_s, (kind.payload_kg, kind.volume_m3))
        if gain <= 0:
            return None
        made = self._timed(v, s, hub, tuple(loads))
        if not self._within_hours(made):
            return None
        return gain / max(made.end_s - self._stands[v][1], 1.0), made

    def _way_is_open(self, v: int, s: int, hub: int) -> bool:
        """Whether a vehicle gets to the source and on to the hub, within its range, and is handled there."""
        problem, source, target = self._problem, self._assembly.sources[s].depot, self._problem.depots[hub]
        stands = self._stands[v][0]
        seconds = problem.seconds(v, stands, source.place) + problem.seconds(v, source.place, target.place)
        length = problem.metres(v, stands, source.place) + problem.metres(v, source.place, target.place)
        handled = min(source.dock_kg_per_s, target.dock_kg_per_s) > 0
        return math.isfinite(seconds) and handled and length <= problem.vehicles[v].kind.range_m

    def _within_hours(self, trip: TrunkTrip) -> bool:
        """Whether a vehicle's duty is not too long when the trip ends."""
        machine, place = self._problem.vehicles[trip.vehicle], self._assembly.sources[trip.source].depot.place
        began = trip.load_start_s - self._problem.seconds(trip.vehicle, trip.origin, place)
        since = self._since.get(trip.vehicle, began)
        since = since if machine.duty_start_s is None else machine.duty_start_s
        return trip.end_s - since <= machine.kind.max_hours_s

    def _load(
        self, source: Source, hub: int, released_s: float, start_s: float, room: tuple[float, float]
    ) -> tuple[list[tuple[Lot, int]], float]:
        """What is worth most per kilogram, as far as stock and room go: loads and their worth."""
        problem = self._problem
        in_time = released_s + self._out[hub] <= problem.deadline_s
        wanted: Int64Array = np.where(in_time[:, None], self._wanted[hub], 0)
        worth: FloatArray = (wanted * problem.weight).sum(axis=0)
        units = wanted.sum(axis=0)
        per_kg = np.where(units > 0, worth / np.maximum(units, 1) / problem.kg, 0.0)
        room_kg, room_m3 = room
        loads: list[tuple[Lot, int]] = []
        gain = kg = 0.0
        for k in np.argsort(-per_kg, kind="stable").tolist():
            left = int(units[k])
            for lot in sorted(lots_of(problem, source), key=lambda lot: (lot.expiry, lot.ident)):
                if lot.commodity != k or lot.ready_s > start_s or left <= 0 or per_kg[k] <= 0:
                    continue
                fits = min(
                    left,
                    self._left[lot],
                    math.floor((room_kg - kg) / problem.kg[k] + 1e-9),
                    math.floor(room_m3 / problem.m3[k] + 1e-9),
                )
                if fits > 0:
                    loads.append((lot, fits))
                    left -= fits
                    kg += fits * float(problem.kg[k])
                    room_m3 -= fits * float(problem.m3[k])
                    gain += fits * float(per_kg[k] * problem.kg[k])
        return loads, gain

    def _send(self, trip: TrunkTrip) -> None:
        """Book docks, vehicle, stock and wants of a trip."""
        problem, source = self._problem, self._assembly.sources[trip.source]
        for docks, begin, end in (
            (self._loading[trip.source], trip.load_start_s, trip.depart_s),
            (self._docks[trip.hub], trip.unload_s, trip.end_s),
        ):
            docks.take(docks.slot(begin, end - begin)[0], begin, end)
        approach = problem.seconds(trip.vehicle, trip.origin, source.depot.place)
        self._since.setdefault(trip.vehicle, trip.load_start_s - approach)
        self._stands[trip.vehicle] = (problem.depots[trip.hub].place, trip.end_s)
        wanted = self._wanted[trip.hub]
        order = np.argsort(problem.deadline_s, kind="stable").tolist()
        for lot, units in trip.loads:
            self._left[lot] -= units
            for i in order:
                taken = min(units, int(wanted[i, lot.commodity]))
                wanted[i, lot.commodity] -= taken
                units -= taken


def after_trunks(assembly: Assembly, trips: tuple[TrunkTrip, ...]) -> DispatchProblem:
    """The last mile once the trunk trips are decided: hubs hold what they bring from when it is released.

    Vehicles are where and when their trunk trips leave them; docks are booked while these load and unload.
    """
    problem = assembly.problem
    taken: dict[Lot, int] = defaultdict(int)
    brought: list[Lot] = []
    spans: dict[int, list[Span]] = defaultdict(list)
    mine: dict[int, list[TrunkTrip]] = defaultdict(list)
    for trip in trips:
        source = assembly.sources[trip.source]
        mine[trip.vehicle].append(trip)
        for lot, units in trip.loads:
            taken[lot] += units
            ready = trip.end_s + assembly.transfer_s[trip.hub]
            brought.append(replace(lot, depot=trip.hub, units=units, ready_s=ready, brought=True))
        spans[trip.hub].append((trip.unload_s, trip.end_s))
        if source.position is not None:
            spans[source.position].append((trip.load_start_s, trip.depart_s))
    vehicles, cost, metres = list(problem.vehicles), 0.0, 0.0
    for v, duty in mine.items():
        machine, kind = problem.vehicles[v], problem.vehicles[v].kind
        first, last = duty[0], duty[-1]
        on_duty = machine.duty_start_s is not None
        cost += kind.cost_per_use + kind.compensation
        # Whoever is on duty already is paid for the time it waits as well.
        cost += kind.cost_per_h * (last.end_s - (machine.free_s if on_duty else first.load_start_s)) / HOUR_S
        for trip in duty:
            place = assembly.sources[trip.source].depot.place
            driven = problem.metres(v, trip.origin, place)
            driven += problem.metres(v, place, problem.depots[trip.hub].place)
            cost += kind.cost_per_km * driven / KM_M
            metres += driven
        approach = problem.seconds(v, first.origin, assembly.sources[first.source].depot.place)
        vehicles[v] = replace(
            machine,
            kind=replace(kind, cost_per_use=0.0, compensation=0.0),
            stands=problem.depots[last.hub].place,
            free_s=last.end_s,
            duty_start_s=machine.duty_start_s if on_duty else first.load_start_s - approach,
        )
    lots = [replace(lot, units=lot.units - taken.get(lot, 0)) for lot in problem.lots]
    return replace(
        problem,
        lots=(*lots, *brought),
        vehicles=tuple(vehicles),
        depots=tuple(
            depot.with_bookings(spans[d], problem.start_s) if d in spans else depot
            for d, depot in enumerate(problem.depots)
        ),
        spent_cost=problem.spent_cost + cost,
        spent_km=problem.spent_km + metres / KM_M,
    )
