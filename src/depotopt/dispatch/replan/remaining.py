"""What is left to do when a plan is interrupted: vehicles come free, need and stock net of what is loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.model.assembly import Assembly, Source
from depotopt.dispatch.model.draft import DraftTrip, Routes, make_trip, weighted_unmet
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import Lot, Span, Vehicle
from depotopt.dispatch.model.usable import NEVER
from depotopt.dispatch.publishing.publication import publish
from depotopt.dispatch.replan.stock_left import StockLeft
from depotopt.dispatch.replan.underway import KeptTrip, Underway
from depotopt.dispatch.search.repair import repair
from depotopt.dispatch.search.trunks import TrunkTrip
from depotopt.plans import DispatchPlan, Load, Trip
from depotopt.units import HOUR_S, KM_M, BoolArray, Int64Array

CHANGE_SHARE: Final = 1.0
"""Price of moving one stop to another vehicle, in mean costs of a stop of the plan in force."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """A plan that is interrupted.

    Attributes
    ----------
    assembly
        Problem and legs of now, as if nothing had begun, and what sources have left.
    problem
        What is left to do.
    plan
        The plan in force.
    kept
        Trips that have begun, as they are carried on, drives to a depot that have begun, and trunk trips not
        begun whose way is open.
    waiting
        Trips whose loading has not begun.
    untouched
        Those of vehicles whose way the loss does not touch.
    """

    assembly: Assembly
    problem: DispatchProblem
    plan: DispatchPlan
    kept: tuple[KeptTrip, ...]
    waiting: tuple[Trip, ...]
    untouched: tuple[Trip, ...]

    @property
    def carried(self) -> tuple[Trip, ...]:
        """Trips of the new plan that are decided."""
        return tuple(item.trip for item in self.kept)

    def cost(self, trips: Iterable[Trip]) -> float:
        """Operating cost of trips, as `docs/semantics.md` counts it."""
        return cost_of_trips(self.assembly.problem, trips)

    def whole(self, rest: DispatchPlan) -> tuple[DispatchPlan, tuple[Trip, ...]]:
        """The whole plan with what is planned anew, and the trips that are new in it.

        Parameters
        ----------
        rest
            A plan of `problem`; its trips are numbered on from those carried on.
        """
        last = {item.trip.vehicle: item.trip for item in self.kept}
        joined: set[str] = set()
        drives = {
            vehicle: trip
            for vehicle, trip in last.items()
            if _is_empty_drive(trip) and trip.load_start_s >= rest.at_s
        }
        new = []
        for trip in rest.trips:
            done = last.get(trip.vehicle)
            number = trip.number if done is None else trip.number + done.number
            drive = drives.get(trip.vehicle)
            if drive is not None and trip.number == 1 and trip.approach_start_s is None:
                # The drive that has begun leads to where this trip loads: it is its approach.
                trip = replace(
                    trip,
                    approach_start_s=drive.approach_start_s,
                    approach_links=drive.approach_links,
                    approach_distance_m=drive.approach_distance_m,
                    seen=drive.seen,
                )
                joined.add(trip.vehicle)
            new.append(replace(trip, number=number - (trip.vehicle in joined)))
        carried = [
            trip for trip in self.carried if last[trip.vehicle] is not trip or trip.vehicle not in joined
        ]
        trips = sorted((*carried, *new), key=lambda trip: (trip.vehicle, trip.number))
        return replace(rest, trips=tuple(trips)), tuple(new)

    def published(
        self,
        problem: DispatchProblem,
        routes: Routes,
        trunks: tuple[TrunkTrip, ...] = (),
        *,
        tested: bool = False,
    ) -> tuple[DispatchPlan, tuple[Trip, ...]]:
        """`whole` of a settled draft of what is left, and of new trunk trips decided before it."""
        return self.whole(publish(self.assembly, problem, routes, trunks, tested=tested))

    def value(self, problem: DispatchProblem, routes: Routes) -> tuple[float, float]:
        """Weighted person-days unmet and operating cost of the whole plan with a settled draft."""
        plan, _ = self.published(problem, routes)
        return weighted_unmet(problem, routes), self.cost(plan.trips)

    def bound(self, rest: float) -> float:
        """A bound on what is left to do as one on the whole plan: what is carried on costs its cost.

        Parameters
        ----------
        rest
            Lower bound on ``unmet_penalty * weighted unmet + cost`` of `problem`. Every hour and kilometre of
            a new trip comes on top of those of the trips carried on, and the need they meet is not in it.
        """
        return self.cost(self.carried) + rest


def remaining_work(assembly: Assembly, underway: Underway, plan: DispatchPlan) -> Remaining:
    """Split a plan in what is kept and what can still be changed.

    Parameters
    ----------
    assembly
        Problem and legs of now, as if nothing had begun.
    underway
        Carries trips on.
    plan
        The plan in force.
    """
    kept: list[KeptTrip] = []
    waiting: list[Trip] = []
    hit: set[str] = set()
    firm: dict[str, bool] = defaultdict(lambda: True)
    problem = assembly.problem
    begun = (t for t in plan.trips if t.load_start_s < underway.at_s and not underway.on_approach(t))
    stock = StockLeft(assembly, begun)
    stood = {vehicle.ident: problem.places[vehicle.home] for vehicle in problem.vehicles}
    for trip in sorted(plan.trips, key=lambda trip: (trip.vehicle, trip.number)):
        origin = stood[trip.vehicle]
        stood[trip.vehicle] = trip.end_site
        if trip.load_start_s < underway.at_s and not underway.on_approach(trip):
            kept.append(underway.carry_on(trip))
            firm[trip.vehicle] &= not kept[-1].rerouted
        elif trip.transfer and firm[trip.vehicle] and underway.still_open(trip, origin) and stock.draw(trip):
            kept.append(underway.expected(trip, origin))
        else:
            if underway.on_approach(trip):
                kept.append(underway.approaching(trip, origin))
            if trip.transfer is not None:
                firm[trip.vehicle] = False
            elif trip.stops:
                waiting.append(trip)
                if not underway.still_open(trip, origin):
                    hit.add(trip.vehicle)
    affected = hit | {item.trip.vehicle for item in kept if item.rerouted}
    return Remaining(
        replace(assembly, sources=_sources_left(assembly, kept)),
        _residual(assembly, kept, waiting, plan),
        plan,
        tuple(kept),
        tuple(waiting),
        tuple(trip for trip in waiting if trip.vehicle not in affected),
    )


def _is_empty_drive(trip: Trip) -> bool:
    """Whether a trip is only a drive to a depot, where its vehicle can load."""
    return not (trip.loads or trip.stops or trip.stranded or trip.approach_start_s is None)


def _residual(
    assembly: Assembly, kept: list[KeptTrip], waiting: list[Trip], plan: DispatchPlan
) -> DispatchProblem:
    """The problem that is left once the kept trips are decided."""
    problem = assembly.problem
    point = {ident: i for i, ident in enumerate(problem.point_idents)}
    commodity = {ident: k for k, ident in enumerate(problem.commodity_idents)}
    need, reached = problem.need.copy(), np.zeros(len(problem.points), dtype=np.bool_)
    for item in kept:
        for stop in item.trip.stops:
            if stop.point not in point:
                continue
            reached[point[stop.point]] = True
            for load in stop.loads:
                need[point[stop.point], commodity[load.commodity]] -= round(load.quantity)
    number = {vehicle.ident: v for v, vehicle in enumerate(problem.vehicles)}
    served: list[set[int]] = [set() for _ in problem.points]
    for trip in waiting:
        for stop in trip.stops:
            if stop.point in point and trip.vehicle in number:
                served[point[stop.point]].add(number[trip.vehicle])
    stops = max(1, sum(len(trip.stops) for trip in plan.trips))
    busy = _dock_spans(problem, kept)
    return replace(
        problem,
        need=np.maximum(need, 0),
        lots=_lots_left(assembly, kept),
        depots=tuple(item.with_bookings(busy[item.ident], problem.start_s) for item in problem.depots),
        vehicles=_vehicles_left(problem, kept),
        flooded=_still_flooded(problem, reached),
        served_by=tuple(frozenset(visitors) for visitors in served),
        change_cost=CHANGE_SHARE * cost_of_trips(problem, plan.trips) / stops,
    )


def _still_flooded(problem: DispatchProblem, reached: BoolArray) -> BoolArray:
    still: BoolArray = problem.flooded & ~reached
    return still


def _dock_spans(problem: DispatchProblem, kept: list[KeptTrip]) -> dict[str, list[Span]]:
    """When docks work on what is decided, per site."""
    busy: dict[str, list[Span]] = defaultdict(list)
    for item in kept:
        trip = item.trip
        spans = [(trip.start_site, trip.load_start_s, trip.depart_s)] if trip.loads else []
        if trip.transfer is not None:
            spans.append((trip.transfer.site, trip.transfer.start_s, trip.transfer.depart_s))
        for site, begin, until in spans:
            if until > problem.start_s:
                busy[site].append((begin, until))
    return busy


def _sources_left(assembly: Assembly, kept: list[KeptTrip]) -> tuple[Source, ...]:
    """Sources net of what trips that are decided load there, their docks kept for that."""
    busy = _dock_spans(assembly.problem, kept)
    loaded: dict[tuple[str, str], int] = defaultdict(int)
    for item in kept:
        for load in item.trip.loads:
            loaded[item.trip.start_site, load.lot] += round(load.quantity)
    return tuple(
        source
        if source.position is not None
        else replace(
            source,
            depot=source.depot.with_bookings(busy[source.depot.ident], assembly.problem.start_s),
            lots=tuple(
                replace(lot, units=max(0, lot.units - loaded[source.depot.ident, lot.ident]))
                for lot in source.lots
            ),
        )
        for source in assembly.sources
    )


def _lots_left(assembly: Assembly, kept: list[KeptTrip]) -> tuple[Lot, ...]:
    """Lots net of what is loaded, and what trunk trips bring to hubs from when it is released there."""
    problem = assembly.problem
    depot = {item.ident: d for d, item in enumerate(problem.depots)}
    lots = [*problem.lots]
    known = {lot.ident: lot for lot in (*(lot for source in assembly.sources for lot in source.lots), *lots)}
    for item in kept:
        brought = item.trip.transfer
        if brought is None or brought.site not in depot:
            continue
        d = depot[brought.site]
        ready_s = brought.depart_s + assembly.transfer_s[d]
        lots += [
            Lot(
                load.lot,
                d,
                problem.commodity_idents.index(load.commodity),
                round(load.quantity),
                ready_s,
                known[load.lot].expiry if load.lot in known else NEVER,
                brought=True,
            )
            for load in brought.loads
        ]
    held = _held(problem, lots)
    units = np.array([lot.units for lot in lots], dtype=np.int64)
    for item in kept:
        # What stays on board was drawn from its lot all the same.
        for load in item.trip.loads:
            _draw(units, held.get((item.trip.start_site, load.lot), []), round(load.quantity))
    return tuple(replace(lot, units=max(0, int(units[p]))) for p, lot in enumerate(lots))


def _held(problem: DispatchProblem, lots: Iterable[Lot]) -> dict[tuple[str, str], list[int]]:
    """Positions of lots by depot and identifier, those released first coming first."""
    held: dict[tuple[str, str], list[int]] = defaultdict(list)
    for p, lot in sorted(enumerate(lots), key=lambda entry: (entry[1].ready_s, entry[0])):
        held[problem.depots[lot.depot].ident, lot.ident].append(p)
    return held


def _draw(units: Int64Array, positions: list[int], quantity: int) -> list[tuple[int, int]]:
    """Take units off lots in order; what was taken from each."""
    taken = []
    for p in positions:
        part = min(quantity, max(0, int(units[p])))
        if part > 0:
            units[p] -= part
            quantity -= part
            taken.append((p, part))
    return taken


def _vehicles_left(problem: DispatchProblem, kept: list[KeptTrip]) -> tuple[Vehicle, ...]:
    """Vehicles where and when they come free; those under way have been paid for their use."""
    place = {ident: m for m, ident in enumerate(problem.places)}
    last: dict[str, KeptTrip] = {}
    since: dict[str, float] = {}
    for item in kept:
        trip = item.trip
        started = trip.load_start_s if trip.approach_start_s is None else trip.approach_start_s
        since[trip.vehicle] = min(since.get(trip.vehicle, started), started)
        if trip.vehicle not in last or last[trip.vehicle].trip.number < trip.number:
            last[trip.vehicle] = item
    vehicles = []
    for vehicle in problem.vehicles:
        final = last.get(vehicle.ident)
        if final is not None:
            vehicle = replace(
                vehicle,
                kind=replace(vehicle.kind, cost_per_use=0.0, compensation=0.0),
                stands=place[final.trip.end_site],
                free_s=np.inf if final.stranded else max(final.trip.return_s, problem.start_s),
                duty_start_s=since[vehicle.ident],
            )
        vehicles.append(vehicle)
    return tuple(vehicles)


def cost_of_trips(problem: DispatchProblem, trips: Iterable[Trip]) -> float:
    """Operating cost of the trips of the vehicles of a problem, as `docs/semantics.md` counts it."""
    kinds = {vehicle.ident: vehicle.kind for vehicle in problem.vehicles}
    routes: dict[str, list[Trip]] = defaultdict(list)
    for trip in trips:
        routes[trip.vehicle].append(trip)
    cost = 0.0
    for vehicle, mine in sorted(routes.items()):
        kind = kinds[vehicle]
        duty = max(trip.return_s for trip in mine) - min(trip.load_start_s for trip in mine)
        cost += kind.cost_per_use + kind.compensation + kind.cost_per_h * duty / HOUR_S
        cost += kind.cost_per_km * sum(trip.distance_m for trip in mine) / KM_M
    return cost


def first_draft(left: Remaining) -> Routes:
    """Trips not begun yet as a draft on the roads of now, repaired: the first plan that keeps every rule."""
    problem = left.problem
    point = {ident: i for i, ident in enumerate(problem.point_idents)}
    depot = {item.ident: d for d, item in enumerate(problem.depots)}
    number = {vehicle.ident: v for v, vehicle in enumerate(problem.vehicles)}
    held = _held(problem, problem.lots)
    need, stock = problem.need.copy(), problem.lot_units.copy()
    routes: list[list[DraftTrip]] = [[] for _ in problem.vehicles]
    for trip in sorted(left.waiting, key=lambda trip: (trip.load_start_s, trip.vehicle)):
        if trip.start_site not in depot or trip.vehicle not in number:
            continue
        stops, loads = [], []
        for stop in trip.stops:
            if stop.point not in point:
                continue
            i = point[stop.point]
            handed: dict[int, int] = defaultdict(int)
            for load in stop.loads:
                for p, units in _taken(
                    problem, held.get((trip.start_site, load.lot), []), load, need[i], stock
                ):
                    handed[p] += units
            if handed:
                stops.append(i)
                loads.append(handed.items())
        if stops:
            v = number[trip.vehicle]
            made = make_trip(problem, v, depot[trip.start_site], stops, loads)
            # Its turn at the dock is part of the plan in force.
            routes[v].append(replace(made, not_before_s=trip.load_start_s))
    return repair(problem, tuple(tuple(route) for route in routes))


def _taken(
    problem: DispatchProblem, positions: list[int], load: Load, need: Int64Array, stock: Int64Array
) -> list[tuple[int, int]]:
    """What of a planned load is still wanted and there: lots and units, taken off both."""
    if not positions:
        return []
    k = problem.lots[positions[0]].commodity
    taken = _draw(stock, positions, min(round(load.quantity), int(need[k])))
    need[k] -= sum(units for _, units in taken)
    return taken
