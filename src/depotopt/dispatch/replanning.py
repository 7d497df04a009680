"""`replan`: a new plan when roads close while vehicles are under way, close to the plan in force."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.assembly import Assembly, assemble
from depotopt.dispatch.draft import DraftTrip, Routes, make_trip, weighted_unmet
from depotopt.dispatch.goal import Value
from depotopt.dispatch.improvement import improve
from depotopt.dispatch.problem import DispatchProblem
from depotopt.dispatch.publication import publish
from depotopt.dispatch.repair import repair
from depotopt.dispatch.solve import Effort, settle, travel_engine
from depotopt.dispatch.underway import KeptTrip, Underway
from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.plans import DispatchPlan, SitingPlan, Trip
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.units import HOUR_S, KM_M

CHANGE_SHARE: Final = 1.0
"""Price of moving one stop to another vehicle, in mean costs of a stop of the plan in force."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A plan being carried out and the road state it was made for."""

    plan: DispatchPlan
    state: RoadState


@dataclass(frozen=True, slots=True)
class Replanning:
    """A new plan and what it changes.

    Attributes
    ----------
    result
        The whole new plan: trips under way first, then what is planned anew. Its ``terms`` hold
        ``unmet_person_days``, ``cost`` and ``changed_stops``.
    under_way
        Trips that had begun, as they are carried on.
    changed_vehicles
        Vehicles whose route sheet is not the old one, sorted: only these get new papers.
    kept_share
        Share of the stops not yet begun of vehicles whose way the loss does not touch that stay with their
        vehicle.
    first_plan_s
        Seconds until a plan that keeps every rule was there.
    remarks
        What cannot be handed over, who is stranded.
    """

    result: SolveResult[DispatchPlan]
    under_way: tuple[KeptTrip, ...]
    changed_vehicles: tuple[str, ...]
    kept_share: float
    first_plan_s: float
    remarks: tuple[str, ...]


def replan(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    in_force: InForce,
    after: RoadState,
    *,
    at_s: float,
    limits: SolveLimits | None = None,
    monitor: Monitor | None = None,
) -> Replanning:
    """Plan anew from a moment on, keeping what is loaded and driven.

    Trips whose loading has begun are frozen: they are carried on, led round roads that are lost. Trips that
    have not begun are the start of the new plan; stops that move to another vehicle have a price in the
    search, so the plan changes no more than the loss asks for.

    Parameters
    ----------
    scenario, layout, network
        As for `depotopt.dispatch.solve.solve_dispatch`.
    in_force
        The plan in force and the road state it was made for.
    after
        The road state now.
    at_s
        Now, seconds from the scenario's start.
    limits, monitor
        As for `depotopt.dispatch.solve.solve_dispatch`; a stop returns the first plan that keeps every rule.

    Raises
    ------
    UsageError
        If the moment lies before the plan's own, or network and scenario do not belong together.
    """
    begin, plan = time.perf_counter(), in_force.plan
    limits, monitor = limits or scenario.dispatch_limits, monitor or Monitor()
    if at_s < plan.at_s:
        raise UsageError(
            f"the plan in force was made for {plan.at_s:g} s, replanning at {at_s:g} s is before it"
        )
    if any(trip.transfer is not None for trip in plan.trips):
        raise UsageError("the plan in force has trunk trips to hubs: it can be planned anew, not replanned")
    if network.places is None:
        raise UsageError("the road network has no places: load it with load_network")
    engine = travel_engine(network)
    assembly = assemble(scenario, layout, network, after, at_s, engine)
    underway = Underway(scenario, network, network.places, in_force.state, after, engine, at_s, plan.at_s)
    kept = tuple(underway.carry_on(trip) for trip in plan.trips if trip.load_start_s < at_s)
    waiting = tuple(trip for trip in plan.trips if trip.load_start_s >= at_s)
    problem = _residual(assembly.problem, kept, waiting, plan)
    routes = _start(problem, waiting)
    first_plan_s = time.perf_counter() - begin
    monitor.report("first plan", message=f"after {first_plan_s:.2f} s")
    affected = {item.trip.vehicle for item in kept if item.rerouted}
    affected |= {trip.vehicle for trip in waiting if not underway.still_open(trip)}
    untouched = tuple(trip for trip in waiting if trip.vehicle not in affected)
    effort = Effort.of(limits, problem, begin)
    routes = improve(
        problem,
        routes,
        iterations=effort.rounds,
        until=effort.until,
        seed=limits.seed,
        stopped=lambda: monitor.stopped,
        listener=lambda value: _tell(monitor, problem, value),
    )
    problem, routes = settle(assembly, problem, routes)
    limit = Limit.TIME if time.perf_counter() >= effort.until else Limit.ITERATIONS
    case = _Case(scenario, assembly, plan, kept, begin)
    return _replanning(
        case, problem, routes, Limit.STOPPED if monitor.stopped else limit, first_plan_s, untouched
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """What a new plan is put together from."""

    scenario: Scenario
    assembly: Assembly
    plan: DispatchPlan
    kept: tuple[KeptTrip, ...]
    begin: float


def _tell(monitor: Monitor, problem: DispatchProblem, value: Value) -> None:
    monitor.report("improvement", problem.unmet_penalty * value.unmet + value.cost)


def _residual(
    problem: DispatchProblem, kept: tuple[KeptTrip, ...], waiting: tuple[Trip, ...], plan: DispatchPlan
) -> DispatchProblem:
    """What is left to do: vehicles where and when they come free, need and stock net of what is loaded."""
    point = {ident: i for i, ident in enumerate(problem.point_idents)}
    commodity = {ident: k for k, ident in enumerate(problem.commodity_idents)}
    lot_index = {lot.ident: p for p, lot in enumerate(problem.lots)}
    place = {ident: m for m, ident in enumerate(problem.places)}
    depot = {item.ident: d for d, item in enumerate(problem.depots)}
    need, units = problem.need.copy(), problem.lot_units.copy()
    busy: dict[int, list[float]] = defaultdict(list)
    last: dict[str, KeptTrip] = {}
    since: dict[str, float] = {}
    planned_loads = {(trip.vehicle, trip.number): trip for trip in plan.trips}
    reached = np.zeros(len(problem.points), dtype=np.bool_)
    for item in kept:
        trip = item.trip
        for stop in trip.stops:
            for load in stop.loads:
                need[point[stop.point], commodity[load.commodity]] -= round(load.quantity)
            reached[point[stop.point]] = True
        # What stays on board was drawn from its lot all the same.
        for stop in planned_loads[trip.vehicle, trip.number].stops:
            for load in stop.loads:
                if load.lot in lot_index:
                    units[lot_index[load.lot]] -= round(load.quantity)
        if trip.depart_s > problem.start_s and trip.start_site in depot:
            busy[depot[trip.start_site]].append(trip.depart_s)
        started = trip.load_start_s if trip.approach_start_s is None else trip.approach_start_s
        since[trip.vehicle] = min(since.get(trip.vehicle, started), started)
        if trip.vehicle not in last or last[trip.vehicle].trip.number < trip.number:
            last[trip.vehicle] = item
    vehicles = []
    for vehicle in problem.vehicles:
        if vehicle.ident not in last:
            vehicles.append(vehicle)
            continue
        item = last[vehicle.ident]
        vehicles.append(
            replace(
                vehicle,
                kind=replace(vehicle.kind, cost_per_use=0.0, compensation=0.0),
                stands=place[item.trip.end_site],
                free_s=np.inf if item.stranded else max(item.trip.return_s, problem.start_s),
                duty_start_s=since[vehicle.ident],
            )
        )
    number = {vehicle.ident: v for v, vehicle in enumerate(problem.vehicles)}
    served: list[set[int]] = [set() for _ in problem.points]
    for trip in waiting:
        for stop in trip.stops:
            if stop.point in point and trip.vehicle in number:
                served[point[stop.point]].add(number[trip.vehicle])
    stops = max(1, sum(len(trip.stops) for trip in plan.trips))
    return replace(
        problem,
        need=np.maximum(need, 0),
        lots=tuple(replace(lot, units=max(0, int(units[p]))) for p, lot in enumerate(problem.lots)),
        depots=tuple(replace(item, busy_until_s=tuple(busy[d])) for d, item in enumerate(problem.depots)),
        vehicles=tuple(vehicles),
        flooded=problem.flooded & ~reached,
        served_by=tuple(frozenset(visitors) for visitors in served),
        change_cost=CHANGE_SHARE * _cost_of_trips(problem, plan.trips) / stops,
    )


def _cost_of_trips(problem: DispatchProblem, trips: tuple[Trip, ...]) -> float:
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


def _start(problem: DispatchProblem, waiting: tuple[Trip, ...]) -> Routes:
    """Trips not begun yet as a draft on the roads of now, repaired: the first plan that keeps every rule."""
    point = {ident: i for i, ident in enumerate(problem.point_idents)}
    lot_index = {lot.ident: p for p, lot in enumerate(problem.lots)}
    depot = {item.ident: d for d, item in enumerate(problem.depots)}
    number = {vehicle.ident: v for v, vehicle in enumerate(problem.vehicles)}
    need, stock = problem.need.copy(), problem.lot_units.copy()
    routes: list[list[DraftTrip]] = [[] for _ in problem.vehicles]
    for trip in sorted(waiting, key=lambda trip: (trip.load_start_s, trip.vehicle)):
        if trip.start_site not in depot or trip.vehicle not in number:
            continue
        stops, loads = [], []
        for stop in trip.stops:
            if stop.point not in point:
                continue
            i, handed = point[stop.point], {}
            for load in stop.loads:
                p = lot_index.get(load.lot)
                if p is None:
                    continue
                k = problem.lots[p].commodity
                taken = min(round(load.quantity), int(need[i, k]), int(stock[p]))
                if taken > 0:
                    handed[p] = taken
                    need[i, k] -= taken
                    stock[p] -= taken
            if handed:
                stops.append(i)
                loads.append(handed.items())
        if stops:
            v = number[trip.vehicle]
            made = make_trip(problem, v, depot[trip.start_site], stops, loads)
            # Its turn at the dock is part of the plan in force.
            routes[v].append(replace(made, not_before_s=trip.load_start_s))
    return repair(problem, tuple(tuple(route) for route in routes))


def _replanning(
    case: _Case,
    problem: DispatchProblem,
    routes: Routes,
    limit: Limit,
    first_plan_s: float,
    untouched: tuple[Trip, ...],
) -> Replanning:
    """Put kept and new trips together, and say what changed."""
    rest = publish(case.assembly, problem, routes)
    done: dict[str, int] = defaultdict(int)
    for item in case.kept:
        done[item.trip.vehicle] = max(done[item.trip.vehicle], item.trip.number)
    new = tuple(replace(trip, number=trip.number + done[trip.vehicle]) for trip in rest.trips)
    carried = tuple(item.trip for item in case.kept if item.trip.stops)
    trips = tuple(sorted((*carried, *new), key=lambda trip: (trip.vehicle, trip.number)))
    unmet = weighted_unmet(problem, routes)
    cost = _cost_of_trips(case.assembly.problem, trips)
    share, moved = _kept_share(untouched, new)
    result = SolveResult(
        status=Status.FEASIBLE,
        plan=replace(rest, trips=trips),
        objective=problem.unmet_penalty * unmet + cost,
        bound=None,
        engine="depotopt ruin and recreate",
        seconds=time.perf_counter() - case.begin,
        limit=limit,
        terms={"unmet_person_days": unmet, "cost": cost, "changed_stops": float(moved)},
    )
    return Replanning(
        result,
        case.kept,
        _changed_vehicles(case.plan, case.kept, new),
        share,
        first_plan_s,
        _remarks(case.scenario, case.kept),
    )


def _changed_vehicles(
    plan: DispatchPlan, kept: tuple[KeptTrip, ...], new: tuple[Trip, ...]
) -> tuple[str, ...]:
    """Vehicles whose remaining work, stop by stop and load by load, is not what their papers say."""

    def sheet(trips: list[Trip]) -> list[tuple[object, ...]]:
        return [
            (
                trip.start_site,
                tuple((stop.point, stop.loads, stop.links) for stop in trip.stops),
                trip.end_site,
            )
            for trip in sorted(trips, key=lambda trip: trip.number)
        ]

    old: dict[str, list[Trip]] = defaultdict(list)
    now: dict[str, list[Trip]] = defaultdict(list)
    for trip in plan.trips:
        old[trip.vehicle].append(trip)
    for trip in (*(item.trip for item in kept), *new):
        now[trip.vehicle].append(trip)
    return tuple(v for v in sorted({*old, *now}) if sheet(old[v]) != sheet(now[v]))


def _kept_share(untouched: tuple[Trip, ...], new: tuple[Trip, ...]) -> tuple[float, int]:
    """Share of the stops planned that stay with their vehicle, and how many do not."""
    planned = {(trip.vehicle, stop.point) for trip in untouched for stop in trip.stops}
    driven = {(trip.vehicle, stop.point) for trip in new for stop in trip.stops}
    if not planned:
        return 1.0, 0
    return len(planned & driven) / len(planned), len(planned - driven)


def _remarks(scenario: Scenario, kept: tuple[KeptTrip, ...]) -> tuple[str, ...]:
    remarks = []
    for item in kept:
        who = f"vehicle {item.trip.vehicle} on trip {item.trip.number}"
        if item.undelivered:
            names = ", ".join(
                scenario.demand_points[scenario.point_index[ident]].name for ident in item.undelivered
            )
            remarks.append(f"{who} cannot reach {names} in time: that load stays on board")
        if item.stranded:
            remarks.append(f"{who} finds no open road back to {item.trip.end_site}")
        elif item.rerouted:
            remarks.append(f"{who} takes another road from where it is now")
    return tuple(remarks)
