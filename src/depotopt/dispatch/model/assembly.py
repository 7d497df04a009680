"""`assemble`: scenario, layout, network and road state become a `DispatchProblem`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import Depot, Lot, TravelMatrix, Vehicle
from depotopt.dispatch.model.roadlegs import RoadLegs, known_damage, opening_moments, openings_skipped
from depotopt.dispatch.model.usable import NEVER, held_lots, open_dispatching, open_tiers, usable_units
from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.need import need, unmet_weight
from depotopt.plans import SitingPlan
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.rules import PlanningRules
from depotopt.scenario import Scenario
from depotopt.units import HOUR_S, BoolArray, FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class Source:
    """A depot that replenishes hubs.

    Attributes
    ----------
    depot
        Its docks and place; of tiers that do not dispatch it is none of the problem's depots.
    position
        Position among the problem's depots, ``None`` where its tier does not dispatch.
    lots
        What it holds where it does not dispatch; else the problem's own lots are drawn.
    hubs
        Depots of the problem it may bring goods to.
    """

    depot: Depot
    position: int | None
    lots: tuple[Lot, ...]
    hubs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assembly:
    """A problem and the roads its legs run on.

    Attributes
    ----------
    problem
        What is to be solved.
    legs
        Paths between its places, one per travel profile of the fleet.
    sources
        Depots that replenish hubs among the problem's depots.
    transfer_s
        Time between unloading at each depot and loading there again.
    """

    problem: DispatchProblem
    legs: tuple[RoadLegs, ...]
    sources: tuple[Source, ...] = ()
    transfer_s: tuple[float, ...] = ()


def assemble(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    state: RoadState,
    at_s: float,
    engine: TravelTimeEngine,
) -> Assembly:
    """Build the dispatch problem of one road state.

    Parameters
    ----------
    scenario, layout
        The planning case and the layout; ``None`` for the depots that stand today.
    network, engine
        Roads with places, and travel times over them.
    state, at_s
        What is lost, at which moment.

    Raises
    ------
    UsageError
        If the road state does not fit the scenario, or the layout names sites it does not have.
    """
    if len(state.site_survival) != len(scenario.sites) or len(state.need_factor) != len(
        scenario.demand_points
    ):
        raise UsageError(
            "the road state was drawn for another scenario: sites or demand points differ in number"
        )
    sites = open_dispatching(scenario, layout)
    units = need(scenario, state.need_factor).astype(np.int64)
    with_need = np.flatnonzero(units.sum(axis=1) > 0)
    stands = {entry.site for entry in scenario.fleet if entry.count > 0}
    stands |= set(_feeding(scenario, layout))
    homes = sorted(stands - set(sites))
    places = (*sites, *homes, *(scenario.demand_points[i].ident for i in with_need))
    known = network.places
    if known is None:
        raise UsageError("the road network has no places: load it with load_network")
    index = known.index(places)
    profiles: list[TravelProfile] = []
    for entry in scenario.fleet:
        profile = scenario.vehicle_types[scenario.vehicle_type_index[entry.vehicle_type]].profile
        if entry.count > 0 and profile not in profiles:
            profiles.append(profile)
    latest_s = _deadlines(scenario)
    state = known_damage(state, at_s)
    last_s = float(latest_s.max(initial=0.0))
    openings = opening_moments(state, at_s, last_s, len(places))
    legs = tuple(RoadLegs(network, engine, state, profile, at_s, places, openings) for profile in profiles)
    travel = tuple(leg.matrix() for leg in legs)
    depots = _depots(scenario, state, {ident: d for d, ident in enumerate(sites)})
    lots, remarks = _lots(scenario, layout, state, sites)
    remarks += _skipped(openings_skipped(state, at_s, last_s, openings), openings)
    points = np.arange(len(sites) + len(homes), len(places), dtype=np.int64)
    rules = scenario.rules
    chosen = [scenario.demand_points[i] for i in with_need]
    soft = "lateness" in scenario.dispatch_objectives
    problem = DispatchProblem(
        places=places,
        lon=known.lon[index],
        lat=known.lat[index],
        depots=depots,
        lots=lots,
        vehicles=_vehicles(scenario, places, profiles, at_s),
        points=points,
        point_idents=tuple(point.ident for point in chosen),
        commodity_idents=tuple(commodity.ident for commodity in scenario.commodities),
        need=units[with_need],
        weight=unmet_weight(scenario)[with_need],
        kg=scenario.kg_per_unit,
        m3=scenario.m3_per_unit,
        deadline_s=latest_s[with_need],
        travel=travel,
        flooded=state.point_flooded[with_need],
        reachable=_reachable(scenario, profiles, travel, len(sites), points),
        stop_service_s=rules.stop_service_s,
        unload_kg_per_s=_unload_rate(rules),
        unmet_penalty=rules.unmet_penalty,
        start_s=at_s,
        road_state=state.index,
        excluded=tuple(remarks),
        objectives=scenario.dispatch_objectives,
        due_s=_due(scenario)[with_need] if soft else np.zeros(0),
        earliest_s=np.array([point.earliest_s for point in chosen], dtype=float),
    )
    sources = _sources(scenario, layout, state, sites, places)
    transfer_s = tuple(scenario.sites[scenario.site_index[ident]].transfer_s for ident in sites)
    return Assembly(problem, legs, sources, transfer_s)


def _skipped(moments: int, openings: tuple[float, ...]) -> list[str]:
    """What is told of roads that open at moments that are not looked at."""
    remarks = []
    if moments:
        hours = ", ".join(f"{moment / HOUR_S:.1f}" for moment in openings)
        remarks.append(
            f"roads open at {moments} more moments: the plan takes them as open from the next of {hours} h on"
        )
    return remarks


def _sources(
    scenario: Scenario,
    layout: SitingPlan | None,
    state: RoadState,
    sites: tuple[str, ...],
    places: tuple[str, ...],
) -> tuple[Source, ...]:
    """Sites that feed hubs and have something to send."""
    tier_of = open_tiers(scenario, layout)
    feeds = {tier.ident: tier.replenishes for tier in scenario.tiers}
    sources = []
    for ident in _feeding(scenario, layout):
        hubs = tuple(
            d for d, hub in enumerate(sites) if tier_of[hub] in feeds[tier_of[ident]] and hub != ident
        )
        position = sites.index(ident) if ident in sites else None
        own = () if position is not None else _lots(scenario, layout, state, (ident,))[0]
        depot = _depots(scenario, state, {ident: places.index(ident)})[0]
        if hubs and (own or position is not None):
            sources.append(Source(depot, position, own, hubs))
    return tuple(sources)


def _feeding(scenario: Scenario, layout: SitingPlan | None) -> tuple[str, ...]:
    """Open sites of tiers that replenish others."""
    feeds = {tier.ident: tier.replenishes for tier in scenario.tiers}
    return tuple(site for site, tier in open_tiers(scenario, layout).items() if feeds[tier])


def _deadlines(scenario: Scenario) -> FloatArray:
    """Latest moment at which a stop that counts may begin, per demand point."""
    due = _due(scenario)
    soft = "lateness" in scenario.dispatch_objectives
    return np.maximum(due, scenario.rules.response_s) if soft else due


def _due(scenario: Scenario) -> FloatArray:
    """Latest moment at which a stop that is in time may begin, per demand point."""
    response_s = scenario.rules.response_s
    return np.array(
        [response_s if point.deadline_s is None else point.deadline_s for point in scenario.demand_points],
        dtype=float,
    )


def _unload_rate(rules: PlanningRules) -> float:
    if rules.unload_kg_per_h <= 0:
        raise UsageError(f"the unloading rate must be positive, found {rules.unload_kg_per_h} kg/h")
    return rules.unload_kg_per_h / HOUR_S


def _depots(scenario: Scenario, state: RoadState, places: dict[str, int]) -> tuple[Depot, ...]:
    """Docks and rates of sites by identifier, with their places."""
    depots = []
    for ident, place in places.items():
        j = scenario.site_index[ident]
        site = scenario.sites[j]
        rate = site.handling_kg_per_h * (1.0 if state.site_power[j] else site.handling_share_without_power)
        docks = max(1, site.docks)
        depots.append(Depot(ident, place, site.readiness_s, docks, rate / docks / HOUR_S))
    return tuple(depots)


def _lots(
    scenario: Scenario, layout: SitingPlan | None, state: RoadState, sites: tuple[str, ...]
) -> tuple[tuple[Lot, ...], list[str]]:
    """Usable lots of some sites, numbered in their order, and remarks on what is not used."""
    position = {ident: d for d, ident in enumerate(sites)}
    lots, remarks = [], []
    for held in held_lots(scenario, layout):
        if held.site not in position:
            continue
        if held.expiry is not None and held.expiry < scenario.start.date():
            remarks.append(f"lot {held.lot} at {held.site} expired on {held.expiry} and is not used")
            continue
        usable = usable_units(scenario, held, state)
        if usable > 0:
            lots.append(
                Lot(
                    ident=held.lot,
                    depot=position[held.site],
                    commodity=scenario.commodity_index[held.commodity],
                    units=usable,
                    ready_s=held.activation_delay_s if held.mode.value == "agreement" else 0.0,
                    expiry=NEVER if held.expiry is None else held.expiry.toordinal(),
                )
            )
    lots.sort(key=lambda lot: (lot.depot, lot.commodity, lot.expiry, lot.ident))
    return tuple(lots), remarks


def _vehicles(
    scenario: Scenario, places: tuple[str, ...], profiles: list[TravelProfile], at_s: float
) -> tuple[Vehicle, ...]:
    position = {ident: m for m, ident in enumerate(places)}
    number: dict[tuple[str, str], int] = {}
    vehicles = []
    for entry in scenario.fleet:
        kind = scenario.vehicle_types[scenario.vehicle_type_index[entry.vehicle_type]]
        for _ in range(entry.count):
            key = (entry.vehicle_type, entry.site)
            number[key] = number.get(key, 0) + 1
            vehicles.append(
                Vehicle(
                    ident=f"{entry.vehicle_type}-{entry.site}-{number[key]}",
                    kind=kind,
                    travel=profiles.index(kind.profile),
                    home=position[entry.site],
                    stands=position[entry.site],
                    free_s=max(at_s, kind.mobilisation_s),
                )
            )
    return tuple(sorted(vehicles, key=lambda vehicle: vehicle.ident))


def _reachable(
    scenario: Scenario,
    profiles: list[TravelProfile],
    travel: tuple[TravelMatrix, ...],
    depots: int,
    points: Int64Array,
) -> BoolArray:
    """Points with a road path from some depot for some vehicle, or within range of an aircraft."""
    reachable = np.zeros(len(points), dtype=np.bool_)
    if not depots:
        return reachable
    for entry in scenario.fleet:
        if entry.count <= 0:
            continue
        kind = scenario.vehicle_types[scenario.vehicle_type_index[entry.vehicle_type]]
        matrix = travel[profiles.index(kind.profile)]
        there = np.isfinite(matrix.seconds[:depots][:, points])
        if kind.mode is not Mode.ROAD:
            there &= 2 * matrix.metres[:depots][:, points] <= kind.range_m
        reachable |= there.any(axis=0)
    return reachable
