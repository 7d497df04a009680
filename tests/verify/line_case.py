"""A road line A - P - Q - B - R, small enough to plan by hand.

Every link is 1,000 m and 100 s. Loading and unloading run at 10 kg/s, a stop takes 100 s. P needs 100
water and 20 tents, Q half of that, R 10 and 2; there is one unit of water too little.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from depotopt.hazards.states import Damage, RoadState, intact
from depotopt.plans import DispatchPlan, Load, PointState, Reason, Stop, Trip, UnmetLine
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.rules import CountRule, PlanningRules, SizeClass, Tier
from depotopt.scenario import (
    Commodity,
    DemandPoint,
    FleetEntry,
    RoadSource,
    Scenario,
    Site,
    SiteStatus,
    Stock,
    StockMode,
    VehicleType,
)

LON = np.array([0.0, 0.01, 0.02, 0.03, 0.04])
PLACES = ("A", "B", "P", "Q", "R")
NODES = (0, 3, 1, 2, 4)


def line_network() -> RoadNetwork:
    """Five nodes in a row, both directions, one street per link."""
    tail = np.array([0, 1, 2, 3, 1, 2, 3, 4])
    head = np.array([1, 2, 3, 4, 0, 1, 2, 3])
    links = LinkArrays(tail, head, np.full(8, 1000.0), np.full(8, 100.0))
    network = build_network(LON, np.zeros(5), links)
    nodes = np.array(NODES, dtype=np.int32)
    none = np.zeros(5)
    return network.with_places(Places(PLACES, LON[nodes], np.zeros(5), nodes, none, none))


def line_scenario() -> Scenario:
    """Two tiers, two sites, three points, two commodities, two trucks and a helicopter."""
    city = Tier("city", "City", (CountRule(1, 1),), (SizeClass("L", 100.0, 50_000.0, 1000.0),))
    town = Tier("town", "Town", (CountRule(0, 2),), (SizeClass("S", 10.0, 5_000.0, 100.0),))
    sites = (
        Site("A", "A", 0.0, 0.0, ("city",), SiteStatus.EXISTING, handling_kg_per_h=36_000.0, zone="z1"),
        Site("B", "B", 0.03, 0.0, ("town",), SiteStatus.EXISTING, handling_kg_per_h=36_000.0, zone="z2"),
    )
    commodities = (
        Commodity("water", "Water", "L", "living", 1.0, 0.001, per_person_day=1.0, unit_cost=1.0),
        Commodity("tent", "Tent", "tent", "shelter", 50.0, 0.3, persons_per_unit=5.0, holding_cost=2.0),
    )
    points = tuple(
        DemandPoint(ident, ident, LON[node], 0.0, people)
        for ident, node, people in (("P", 1, 100.0), ("Q", 2, 50.0), ("R", 4, 10.0))
    )
    stock = (
        Stock("W1", "A", "water", 120.0),
        Stock("T1", "A", "tent", 25.0),
        Stock("W2", "B", "water", 39.0),
        Stock("T2", "B", "tent", 10.0, mode=StockMode.AGREEMENT, activation_delay_s=1000.0),
        Stock("W0", "B", "water", 99.0, expiry=dt.date(2023, 12, 31)),
    )
    vehicles = (
        VehicleType("truck", "Truck", 1500.0, 12.0, cost_per_km=1.0, cost_per_h=36.0, cost_per_use=10.0),
        VehicleType("heli", "Helicopter", 300.0, 3.0, TravelProfile(Mode.AIR, cruise_kmh=36.0), range_m=10e3),
    )
    return Scenario(
        ident="line",
        title="Line",
        description="",
        folder=Path(),
        start=dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        tiers=(city, town),
        sites=sites,
        commodities=commodities,
        demand_points=points,
        stock=stock,
        vehicle_types=vehicles,
        fleet=(FleetEntry("truck", "A", 1), FleetEntry("truck", "B", 1), FleetEntry("heli", "A", 1)),
        roads=RoadSource(Path()),
        rules=PlanningRules(
            horizon_days=1.0, response_s=3600.0, unmet_penalty=100.0, stop_service_s=100.0,
            unload_kg_per_h=36_000.0,
        ),
    )  # fmt: skip


def calm() -> RoadState:
    """Nothing lost."""
    return intact(2, 3)


def without_street(network: RoadNetwork, tail: int, head: int) -> RoadState:
    """The road state in which the street between two nodes is lost."""
    link = next(n for n in range(network.links) if (network.tail[n], network.head[n]) == (tail, head))
    base = intact(2, 3)
    return RoadState(
        0, 1.0, Damage.of([int(network.street[link])]), ("loss",), base.site_survival, base.site_power,
        base.need_factor, base.point_flooded,
    )  # fmt: skip


def slowed(network: RoadNetwork, tail: int, head: int, factor: float = 0.1) -> RoadState:
    """The road state in which the street between two nodes is slow."""
    state = without_street(network, tail, head)
    return replace(state, damage=Damage.of(state.damage.street, np.array([factor])))


def path(network: RoadNetwork, *nodes: int) -> tuple[int, ...]:
    """Links along a row of nodes."""
    found = {(int(network.tail[n]), int(network.head[n])): n for n in range(network.links)}
    return tuple(found[pair] for pair in pairwise(nodes))


def line_plan(network: RoadNetwork) -> DispatchPlan:
    """The plan made by hand: three trips, all served but one unit of water at R."""
    to_p = Stop(
        "P", 210.0, 420.0, (Load("tent", "T1", 20), Load("water", "W1", 100)), path(network, 0, 1), 1e3
    )
    first = Trip("truck-A-1", "truck", 1, "A", "A", 0.0, 110.0, 520.0, (to_p,), path(network, 1, 0), 1e3)
    to_q = Stop(
        "Q", 747.0, 874.0, (Load("tent", "T1", 5), Load("water", "W1", 20)), path(network, 0, 1, 2), 2e3
    )
    second = Trip(
        "truck-A-1", "truck", 2, "A", "A", 520.0, 547.0, 1074.0, (to_q,), path(network, 2, 1, 0), 2e3
    )
    rest_q = Stop(
        "Q", 1138.9, 1266.9, (Load("tent", "T2", 5), Load("water", "W2", 30)), path(network, 3, 2), 1e3
    )
    to_r = Stop(
        "R", 1466.9, 1577.8, (Load("tent", "T2", 2), Load("water", "W2", 9)), path(network, 2, 3, 4), 2e3
    )
    third = Trip(
        "truck-B-1", "truck", 1, "B", "B", 1000.0, 1038.9, 1677.8, (rest_q, to_r), path(network, 4, 3), 1e3
    )
    return DispatchPlan(
        road_state=-1,
        at_s=0.0,
        trips=(first, second, third),
        unmet=(UnmetLine("R", "water", 1.0, PointState.UNSERVED, Reason.NO_STOCK),),
        point_state={"P": PointState.SERVED, "Q": PointState.SERVED, "R": PointState.UNSERVED},
    )
