"""Trunk trips: goods brought to hubs before the last mile, and the problem that is left then."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.assembly import Assembly, Source
from depotopt.dispatch.problem import DispatchProblem
from depotopt.dispatch.resources import Lot
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
                    for lot in _lots_of(problem, source)
                ]
    return replace(problem, lots=tuple(found))


def _lots_of(problem: DispatchProblem, source: Source) -> tuple[Lot, ...]:
    if source.position is None:
        return source.lots
    return tuple(problem.lots[p] for p in problem.lots_of_depot[source.position])


class TrunkPlanner:
    """Sends vehicles from sources to hubs, the trip that brings most per second first.

    What a hub wants is what a first plan leaves unmet at the points it is the nearest depot of. Goods count
    for as much as they are worth at those points, if they can still get there in time after the transfer.

    Parameters
    ----------
    assembly
        Problem and sources.
    missing
        Units a first plan leaves unmet, shape ``(I, K)``.
    vehicles
        Who may drive.
    """

    def __init__(self, assembly: Assembly, missing: Int64Array, vehicles: tuple[int, ...]) -> None:
        self._assembly, self._problem = assembly, assembly.problem
        problem = assembly.problem
        hubs = sorted({hub for source in assembly.sources for hub in source.hubs})
        out = np.array(problem.least_out_s)[hubs]
        nearest = np.array(hubs)[out.argmin(axis=0)]
        self._wanted = {hub: np.where((nearest == hub)[:, None], np.maximum(missing, 0), 0) for hub in hubs}
        self._out = {hub: out[n] for n, hub in enumerate(hubs)}
        self._left: dict[Lot, int] = {
            lot: lot.units for source in assembly.sources for lot in _lots_of(problem, source)
        }
        self._stands = {v: (problem.vehicles[v].stands, problem.vehicles[v].free_s) for v in vehicles}
        self._since: dict[int, float] = {}
        self._load_queue = [source.depot.dock_queue() for source in assembly.sources]
        self._hub_queue = {hub: problem.depots[hub].dock_queue() for hub in hubs}
        for n, source in enumerate(assembly.sources):
            # A hub that feeds others has one set of docks for both.
            if source.position in self._hub_queue:
                self._load_queue[n] = self._hub_queue[source.position]

    def trips(self) -> tuple[TrunkTrip, ...]:
        """Trunk trips in the order they were decided."""
        found: list[TrunkTrip] = []
        first = 0.0
        while len(found) < MOST_TRUNKS:
            best: tuple[float, TrunkTrip] | None = None
            for v in self._sample():
                for s, source in enumerate(self._assembly.sources):
                    for hub in source.hubs:
                        offer = self._offer(v, s, source, hub)
                        if offer is not None and (best is None or offer[0] > best[0]):
                            best = offer
            if best is None or best[0] < LEAST_GAIN * first:
                break
            first = max(first, best[0])
            self._send(best[1])
            found.append(best[1])
        return tuple(found)

    def _sample(self) -> list[int]:
        """One vehicle of each sort that stand at the same place at the same time."""
        sorts: dict[tuple[str, int, float], int] = {}
        for v, (stands, free_s) in self._stands.items():
            sorts.setdefault((self._problem.vehicles[v].kind.ident, stands, free_s), v)
        return list(sorts.values())

    def _offer(self, v: int, s: int, source: Source, hub: int) -> tuple[float, TrunkTrip] | None:
        """The best load of a vehicle for a hub: weighted person-days per second, and the trip."""
        problem, machine = self._problem, self._problem.vehicles[v]
        kind, target, place = machine.kind, problem.depots[hub], source.depot.place
        stands, free_s = self._stands[v]
        approach, leg = problem.seconds(v, stands, place), problem.seconds(v, place, target.place)
        rates = source.depot.dock_kg_per_s, target.dock_kg_per_s
        length = problem.metres(v, stands, place) + problem.metres(v, place, target.place)
        if not math.isfinite(approach + leg) or min(rates) <= 0 or length > kind.range_m:
            return None
        moves = problem.begin_s(v, stands, place, free_s)
        start = max(moves + approach, source.depot.ready_s, problem.start_s, min(self._load_queue[s]))

        def trip(loads: list[tuple[Lot, int]], kg: float) -> TrunkTrip:
            begin = max([start, *(lot.ready_s for lot, _ in loads)])
            depart = begin + kg / rates[0]
            arrive = problem.begin_s(v, place, target.place, depart) + leg
            unload = max(arrive, target.ready_s, min(self._hub_queue[hub]))
            return TrunkTrip(
                v, s, hub, stands, tuple(loads), begin, depart, arrive, unload, unload + kg / rates[1]
            )

        # Whom a full load would still reach in time; a lighter one is only sooner.
        released = trip([], kind.payload_kg).end_s + self._assembly.transfer_s[hub]
        loads, gain, kg = self._load(source, hub, released, start, (kind.payload_kg, kind.volume_m3))
        if gain <= 0:
            return None
        made = trip(loads, kg)
        since = self._since.get(v, made.load_start_s - approach)
        since = since if machine.duty_start_s is None else machine.duty_start_s
        if made.end_s - since > kind.max_hours_s:
            return None
        return gain / max(made.end_s - free_s, 1.0), made

    def _load(
        self, source: Source, hub: int, released_s: float, start_s: float, room: tuple[float, float]
    ) -> tuple[list[tuple[Lot, int]], float, float]:
        """What is worth most per kilogram, as far as stock and room go: loads, worth, kilograms."""
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
            for lot in sorted(_lots_of(problem, source), key=lambda lot: (lot.expiry, lot.ident)):
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
        return loads, gain, kg

    def _send(self, trip: TrunkTrip) -> None:
        """Book docks, vehicle, stock and wants of a trip."""
        problem, source = self._problem, self._assembly.sources[trip.source]
        queue = self._load_queue[trip.source]
        queue[queue.index(min(queue))] = trip.depart_s
        queue = self._hub_queue[trip.hub]
        queue[queue.index(min(queue))] = trip.end_s
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

    Vehicles are where and when their trunk trips leave them; docks are kept for trunk trips until their last.
    """
    problem = assembly.problem
    drawn: dict[Lot, int] = defaultdict(int)
    brought: list[Lot] = []
    busy: dict[int, list[float]] = {d: depot.dock_queue() for d, depot in enumerate(problem.depots)}
    mine: dict[int, list[TrunkTrip]] = defaultdict(list)
    for trip in trips:
        source = assembly.sources[trip.source]
        mine[trip.vehicle].append(trip)
        for lot, units in trip.loads:
            drawn[lot] += units
            ready = trip.end_s + assembly.transfer_s[trip.hub]
            brought.append(replace(lot, depot=trip.hub, units=units, ready_s=ready))
        for depot, until in ((source.position, trip.depart_s), (trip.hub, trip.end_s)):
            if depot is not None:
                queue = busy[depot]
                queue[queue.index(min(queue))] = until
    vehicles, cost, metres = list(problem.vehicles), 0.0, 0.0
    for v, duty in mine.items():
        machine, kind = problem.vehicles[v], problem.vehicles[v].kind
        first, last = duty[0], duty[-1]
        cost += kind.cost_per_use + kind.compensation
        cost += kind.cost_per_h * (last.end_s - first.load_start_s) / HOUR_S
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
            duty_start_s=first.load_start_s - approach,
        )
    lots = [replace(lot, units=lot.units - drawn.get(lot, 0)) for lot in problem.lots]
    return replace(
        problem,
        lots=(*lots, *brought),
        vehicles=tuple(vehicles),
        depots=tuple(
            replace(depot, busy_until_s=tuple(until for until in busy[d] if until > 0))
            for d, depot in enumerate(problem.depots)
        ),
        spent_cost=problem.spent_cost + cost,
        spent_km=problem.spent_km + metres / KM_M,
    )
