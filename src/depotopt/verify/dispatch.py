"""Dispatch plans: ledgers, loads, times, paths and states, recomputed to the kilogram and second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.need import need
from depotopt.plans import DispatchPlan, Load, PointState, SitingPlan, Trip, UnmetLine
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import Mode
from depotopt.scenario import Scenario, VehicleType
from depotopt.travel import TravelTimes
from depotopt.units import HOUR_S, KM_M, BoolArray, FloatArray
from depotopt.verify.check import QUANTITY_TOLERANCE, TIME_TOLERANCE_S, Check
from depotopt.verify.lots import UsableLot, dispatching_sites, usable_lots
from depotopt.verify.openings import known
from depotopt.verify.terms import latest_s, recomputed_terms
from depotopt.verify.transfers import ledger_faults, transfer_faults
from depotopt.verify.trips import RouteClock, trip_kg


def verify_dispatch(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    state: RoadState,
    plan: DispatchPlan,
    *,
    at_s: float | None = None,
    objectives: tuple[str, ...] | None = None,
) -> Check:
    """Check every trip and every unmet unit of a dispatch plan, and recompute its objective.

    Parameters
    ----------
    scenario, layout, network, state
        The planning case, the layout dispatched from (``None``: today's), its roads with places, the
        road state planned for.
    plan
        The plan.
    at_s
        Moment of the roads that was asked for; ``None`` to take the plan's word.
    objectives
        Objectives that were asked for, in order; ``None`` to take the plan's word.

    Returns
    -------
    Check
        ``objective = unmet_penalty * weighted unmet person-days + cost``; every term of
        `docs/semantics.md`.
    """
    broken: list[str] = []
    if objectives is not None and plan.objectives != objectives:
        broken.append(f"the plan is for {', '.join(plan.objectives)}, not {', '.join(objectives)}")
    # Whether deadlines are soft follows from the objectives of the plan.
    scenario = replace(scenario, dispatch_objectives=plan.objectives)
    if plan.road_state != state.index:
        broken.append(f"the plan is for road state {plan.road_state}, not {state.index}")
    if at_s is not None and plan.at_s != at_s:
        broken.append(f"the plan is for the roads at {plan.at_s:g} s, not {at_s:g}")
    lots = usable_lots(scenario, layout, state)
    broken += reference_faults(scenario, plan.trips, plan.unmet, lots)
    if broken:
        return Check(tuple(broken))
    broken += transfer_faults(scenario, layout, plan.trips)
    broken += ledger_faults(scenario, plan.trips, lots)
    routes = routes_of(scenario, plan, broken)
    clock = RouteClock(scenario, layout, network, state, plan.at_s, lots)
    cost = 0.0
    for vehicle, (kind, home, trips) in sorted(routes.items()):
        broken += clock.check_route(vehicle, kind, home, trips)
        cost += route_cost(kind, trips)
    broken += dock_faults(scenario, state, plan.trips)
    delivered = delivered_units(scenario, plan)
    wanted = need(scenario, state.need_factor)
    broken += _over_served(scenario, delivered, wanted)
    broken += unmet_line_faults(scenario, plan, wanted - delivered)
    broken += point_state_faults(scenario, layout, network, state, plan, delivered, wanted)
    counted = reached_points(scenario, layout, network, state, plan.at_s) & ~state.point_flooded
    terms = recomputed_terms(scenario, plan, wanted, delivered, counted, cost)
    objective = scenario.rules.unmet_penalty * terms["unmet_person_days"] + cost
    return Check(tuple(broken), objective, terms)


def reference_faults(
    scenario: Scenario,
    trips: Sequence[Trip],
    unmet: Sequence[UnmetLine],
    lots: dict[str, UsableLot],
    *,
    under_way: bool = False,
) -> list[str]:
    """Names a plan uses that do not exist, lots that do not fit, loads that are no whole number.

    Only trips ``under_way`` may have nowhere to stop, or loads that nobody gets.
    """
    brought = {
        (trip.transfer.site, load.lot)
        for trip in trips
        if trip.transfer is not None
        for load in trip.transfer.loads
    }
    broken = []
    for trip in trips:
        where = f"vehicle {trip.vehicle} trip {trip.number}"
        broken += [f"{where}: {what}" for what in _unknown_names(scenario, trip)]
        if not under_way and not trip.stops and trip.transfer is None:
            broken.append(f"{where}: no stop")
        if not under_way and (trip.on_board or trip.stranded):
            broken.append(f"{where}: not under way, but stranded or with loads that nobody gets")
        for load in trip.loads:
            broken += [f"{where}: {what}" for what in _load_faults(trip, load, lots, brought)]
    for line in unmet:
        if line.point not in scenario.point_index or line.commodity not in scenario.commodity_index:
            broken.append(f"unmet line of unknown {line.point} / {line.commodity}")
    return broken


def _unknown_names(scenario: Scenario, trip: Trip) -> Iterator[str]:
    """Vehicle type, sites and points of a trip that the scenario does not have."""
    if trip.vehicle_type not in scenario.vehicle_type_index:
        yield f"unknown vehicle type {trip.vehicle_type}"
    hub = () if trip.transfer is None else (trip.transfer.site,)
    for site in (trip.start_site, trip.end_site, *hub):
        if site not in scenario.site_index:
            yield f"unknown site {site}"
    for stop in trip.stops:
        if stop.point not in scenario.point_index:
            yield f"unknown demand point {stop.point}"


def _load_faults(
    trip: Trip, load: Load, lots: dict[str, UsableLot], brought: set[tuple[str, str]]
) -> Iterator[str]:
    """A lot that is not there, is something else or lies elsewhere; a quantity that is no number of units."""
    lot = lots.get(load.lot)
    if lot is None:
        yield f"lot {load.lot} is not usable in this road state"
    elif lot.commodity != load.commodity:
        yield f"lot {load.lot} holds {lot.commodity}, not {load.commodity}"
    elif lot.site != trip.start_site and (trip.start_site, load.lot) not in brought:
        yield f"lot {load.lot} lies at {lot.site}, loaded at {trip.start_site}"
    if not load.quantity > 0:
        yield f"a load of {load.quantity:g} {load.commodity}"
    elif abs(load.quantity - round(load.quantity)) > QUANTITY_TOLERANCE:
        yield f"{load.quantity:g} {load.commodity} is not a whole number"


def routes_of(
    scenario: Scenario,
    plan: DispatchPlan,
    broken: list[str],
    *,
    gaps: bool = False,
) -> dict[str, tuple[VehicleType, str, list[Trip]]]:
    """Trips per vehicle of the fleet, in order; faults go to ``broken``.

    With ``gaps`` numbers may be missing: those of trips given up under way.
    """
    known: dict[str, tuple[str, str]] = {}
    number: defaultdict[tuple[str, str], int] = defaultdict(int)
    for entry in scenario.fleet:
        for _ in range(entry.count):
            number[entry.vehicle_type, entry.site] += 1
            ident = f"{entry.vehicle_type}-{entry.site}-{number[entry.vehicle_type, entry.site]}"
            known[ident] = (entry.vehicle_type, entry.site)
    routes: dict[str, tuple[VehicleType, str, list[Trip]]] = {}
    for trip in plan.trips:
        if trip.vehicle not in known:
            broken.append(f"vehicle {trip.vehicle} is not in the fleet")
            continue
        kind, home = known[trip.vehicle]
        if trip.vehicle_type != kind:
            broken.append(f"vehicle {trip.vehicle} is a {kind}, not a {trip.vehicle_type}")
        vehicle_type = scenario.vehicle_types[scenario.vehicle_type_index[kind]]
        routes.setdefault(trip.vehicle, (vehicle_type, home, []))[2].append(trip)
    for vehicle, (_, _, trips) in routes.items():
        trips.sort(key=lambda trip: trip.number)
        numbers = [trip.number for trip in trips]
        if numbers != (sorted(set(numbers)) if gaps else list(range(1, len(trips) + 1))):
            broken.append(f"vehicle {vehicle}: trips are not numbered 1 to {len(trips)}")
    return routes


def route_cost(kind: VehicleType, trips: list[Trip]) -> float:
    """Operating cost of one vehicle over all its trips."""
    duty_s = trips[-1].return_s - trips[0].load_start_s
    distance_m = sum(trip.distance_m for trip in trips)
    return (
        kind.cost_per_use
        + kind.compensation
        + kind.cost_per_km * distance_m / KM_M
        + kind.cost_per_h * duty_s / HOUR_S
    )


def dock_faults(
    scenario: Scenario, state: RoadState, trips: Sequence[Trip], begun: Sequence[Trip] = ()
) -> list[str]:
    """Vehicles loading at the same time, at most one per dock.

    Parameters
    ----------
    scenario, state
        Docks and loading rates; power in the road state.
    trips
        Trips that load at these rates.
    begun
        Trips whose loading began before the road state: at their dock until they left it.
    """
    intervals: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for trip in begun:
        span = (trip.load_start_s + TIME_TOLERANCE_S, trip.depart_s - TIME_TOLERANCE_S)
        if span[0] < span[1]:
            intervals[trip.start_site] += [(span[0], 1), (span[1], -1)]
    for trip in trips:
        site = scenario.sites[scenario.site_index[trip.start_site]]
        powered = bool(state.site_power[scenario.site_index[trip.start_site]])
        rate = site.handling_kg_per_h * (1.0 if powered else site.handling_share_without_power)
        seconds = trip_kg(scenario, trip) / max(rate / site.docks, 1e-9) * HOUR_S
        start = trip.load_start_s + TIME_TOLERANCE_S
        end = trip.load_start_s + seconds - TIME_TOLERANCE_S
        if end > start:
            intervals[trip.start_site] += [(start, 1), (end, -1)]
        if trip.transfer is not None:
            span = (trip.transfer.start_s + TIME_TOLERANCE_S, trip.transfer.depart_s - TIME_TOLERANCE_S)
            if span[0] < span[1]:
                intervals[trip.transfer.site] += [(span[0], 1), (span[1], -1)]
    broken = []
    for ident, events in sorted(intervals.items()):
        docks = scenario.sites[scenario.site_index[ident]].docks
        busy = most = 0
        for _, change in sorted(events):
            busy += change
            most = max(most, busy)
        if most > docks:
            broken.append(f"site {ident}: {most} vehicles load at the same time at {docks} docks")
    return broken


def delivered_units(scenario: Scenario, plan: DispatchPlan) -> FloatArray:
    """Units handed over per demand point and commodity, shape ``(I, K)``."""
    delivered = np.zeros((len(scenario.demand_points), len(scenario.commodities)))
    for trip in plan.trips:
        for stop in trip.stops:
            for load in stop.loads:
                delivered[scenario.point_index[stop.point], scenario.commodity_index[load.commodity]] += (
                    load.quantity
                )
    return delivered


def _over_served(scenario: Scenario, delivered: FloatArray, wanted: FloatArray) -> list[str]:
    return [
        f"{scenario.demand_points[i].ident} gets {delivered[i, k]:g} {scenario.commodities[k].ident}, "
        f"needs {wanted[i, k]:g}"
        for i, k in np.argwhere(delivered > wanted + QUANTITY_TOLERANCE)
    ]


def unmet_line_faults(scenario: Scenario, plan: DispatchPlan, missing: FloatArray) -> list[str]:
    """Unmet lines that are not what is missing, to the unit."""
    said = np.zeros_like(missing)
    broken = []
    for line in plan.unmet:
        if not line.quantity > 0:
            broken.append(f"unmet line of {line.point} with {line.quantity:g} {line.commodity}")
        said[scenario.point_index[line.point], scenario.commodity_index[line.commodity]] += line.quantity
    broken += [
        f"{scenario.demand_points[i].ident}: {missing[i, k]:g} {scenario.commodities[k].ident} not sent, "
        f"{said[i, k]:g} reported unmet"
        for i, k in np.argwhere(np.abs(said - np.maximum(missing, 0.0)) > QUANTITY_TOLERANCE)
    ]
    return broken


def point_state_faults(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    state: RoadState,
    plan: DispatchPlan,
    delivered: FloatArray,
    wanted: FloatArray,
) -> list[str]:
    """Demand points whose reported state is not the one they are in."""
    reached = reached_points(scenario, layout, network, state, plan.at_s)
    broken = []
    lines: dict[str, list[UnmetLine]] = {}
    for line in plan.unmet:
        lines.setdefault(line.point, []).append(line)
    for i, point in enumerate(scenario.demand_points):
        if not wanted[i].any():
            if point.ident in plan.point_state:
                broken.append(f"{point.ident} has no need and a state")
            continue
        if (delivered[i] >= wanted[i] - QUANTITY_TOLERANCE).all():
            due = PointState.SERVED
        elif state.point_flooded[i] and not delivered[i].any():
            due = PointState.FLOODED
        elif not reached[i]:
            due = PointState.ISOLATED
        else:
            due = PointState.UNSERVED
        said = plan.point_state.get(point.ident)
        if said is not due:
            broken.append(f"{point.ident} is {due}, reported {said or 'without state'}")
        broken += [
            f"{point.ident} is {due}, its unmet {line.commodity} is reported {line.state}"
            for line in lines.get(point.ident, [])
            if line.state is not due
        ]
    return broken


def reached_points(
    scenario: Scenario, layout: SitingPlan | None, network: RoadNetwork, state: RoadState, at_s: float
) -> BoolArray:
    """Demand points some vehicle can reach from some open dispatching depot by the last deadline of all."""
    depots = tuple(sorted(dispatching_sites(scenario, layout)))
    points = tuple(point.ident for point in scenario.demand_points)
    reached = np.zeros(len(points), dtype=np.bool_)
    if not depots:
        return reached
    last_s = max((latest_s(scenario, point) for point in scenario.demand_points), default=at_s)
    state, at_s = known(state, at_s), max(at_s, last_s)
    engine = DijkstraEngine(network)
    kinds = {entry.vehicle_type for entry in scenario.fleet if entry.count > 0}
    for kind in sorted(kinds):
        vehicle = scenario.vehicle_types[scenario.vehicle_type_index[kind]]
        times = TravelTimes(network, engine, depots, points, vehicle.profile, at_s)
        seconds = times.of_state(state)
        if vehicle.profile.mode is not Mode.ROAD:
            metres = seconds * vehicle.profile.cruise_kmh / 3.6
            seconds = np.where(2 * metres <= vehicle.range_m, seconds, np.inf)
        reached |= np.isfinite(seconds).any(axis=0)
    return reached
