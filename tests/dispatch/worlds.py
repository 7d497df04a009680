"""Small relief worlds on a grid of roads, drawn from a seed: every rule of dispatch is somewhere in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from depotopt.hazards.states import Damage, RoadState, intact
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

DEGREE_M = 111_194.9
"""Metres per degree on the equator."""


@dataclass(frozen=True)
class World:
    """A scenario, its roads and a road state."""

    scenario: Scenario
    network: RoadNetwork
    state: RoadState


def grid(side: int, rng: np.random.Generator, spacing_m: float = 5_000.0) -> RoadNetwork:
    """A grid of two-way streets, each somewhat longer than the straight line."""
    step = spacing_m / DEGREE_M
    lon = np.array([(n % side) * step for n in range(side * side)])
    lat = np.array([(n // side) * step for n in range(side * side)])
    pairs = [(n, n + 1) for n in range(side * side) if n % side < side - 1]
    pairs += [(n, n + side) for n in range(side * (side - 1))]
    length = spacing_m * (1.0 + 0.5 * rng.random(len(pairs)))
    speed = rng.choice([10.0, 15.0, 20.0], len(pairs))
    tail = np.array([a for a, b in pairs] + [b for a, b in pairs])
    head = np.array([b for a, b in pairs] + [a for a, b in pairs])
    links = LinkArrays(tail, head, np.tile(length, 2), np.tile(length / speed, 2))
    return build_network(lon, lat, links)


def world(
    seed: int,
    points: int = 8,
    depots: int = 2,
    *,
    side: int = 5,
    vehicles: int = 2,
    lost_share: float = 0.15,
    scarce: float = 1.0,
    air: bool = True,
) -> World:
    """Draw a world.

    ``scarce`` multiplies the stock: 1.0 roughly covers the need.
    """
    rng = np.random.default_rng(seed)
    network = grid(side, rng)
    places = [f"D{n}" for n in range(depots)] + ["H"] + [f"P{n}" for n in range(points)]
    node = rng.choice(side * side, len(places), replace=len(places) > side * side).astype(np.int32)
    lon, lat = network.node_lon[node], network.node_lat[node]
    access = np.round(rng.uniform(0, 60, len(places)), 1)
    network = network.with_places(Places(tuple(places), lon, lat, node, access, np.zeros(len(places))))
    commodities = (
        Commodity("food", "Food", "kg", "living", 1.0, 0.002, per_person_day=0.5, priority=2.0),
        Commodity("tent", "Tent", "tent", "shelter", 55.0, 0.28, persons_per_unit=5.0),
        Commodity("water", "Water", "L", "living", 1.0, 0.001, per_person_day=3.0, priority=3.0),
    )
    tier = Tier("town", "Town", (CountRule(),), (SizeClass("S", 1e6, 1e6, 0.0),))
    store = Tier("store", "Store", (CountRule(),), (SizeClass("S", 1e6, 1e6, 0.0),), dispatches=False)
    sites = [
        Site(
            f"D{n}", f"Depot {n}", float(lon[n]), float(lat[n]), ("town",), SiteStatus.EXISTING,
            handling_kg_per_h=float(rng.choice([4_000.0, 20_000.0])), docks=int(rng.integers(1, 3)),
            readiness_s=float(rng.choice([0.0, 1_800.0])), handling_share_without_power=0.5,
        )
        for n in range(depots)
    ]  # fmt: skip
    sites.append(Site("H", "Yard", float(lon[depots]), float(lat[depots]), ("store",), SiteStatus.EXISTING))
    first = depots + 1
    demand = tuple(
        DemandPoint(
            f"P{n}", f"Point {n}", float(lon[first + n]), float(lat[first + n]),
            float(rng.integers(0, 800)), priority=float(rng.choice([1.0, 2.0])),
            deadline_s=float(rng.choice([7_200.0, 14_400.0])) if rng.random() < 0.3 else None,
            own_stock=(("food", 20.0),) if rng.random() < 0.3 else (),
        )
        for n in range(points)
    )  # fmt: skip
    people = sum(point.people for point in demand)
    share = scarce / max(depots, 1)
    stock = []
    for n in range(depots):
        for commodity, per_person in (("food", 1.0), ("tent", 0.2), ("water", 6.0)):
            quantity = float(int(people * per_person * share * rng.uniform(0.6, 1.4)))
            agreed = rng.random() < 0.25
            stock.append(
                Stock(
                    f"{commodity}-{n}", f"D{n}", commodity, quantity,
                    mode=StockMode.AGREEMENT if agreed else StockMode.PHYSICAL,
                    activation_delay_s=5_400.0 if agreed else 0.0,
                    honour_probability=0.8 if agreed else 1.0,
                    expiry=dt.date(2024, 6, 1) if rng.random() < 0.5 else None,
                )
            )  # fmt: skip
            if rng.random() < 0.3:
                old = replace(stock[-1], lot=f"old-{commodity}-{n}", expiry=dt.date(2023, 1, 1))
                stock.append(old)
    fleet = [FleetEntry("van", "H", 1)]
    fleet += [FleetEntry(str(rng.choice(["big", "van"])), f"D{n % depots}", 1) for n in range(vehicles)]
    if air:
        fleet.append(FleetEntry("heli", "D0", 1))
    scenario = Scenario(
        ident=f"world-{seed}",
        title="World",
        description="",
        folder=Path(),
        start=dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        tiers=(tier, store),
        sites=tuple(sites),
        commodities=commodities,
        demand_points=demand,
        stock=tuple(stock),
        vehicle_types=vehicle_types(),
        fleet=tuple(fleet),
        roads=RoadSource(Path()),
        rules=PlanningRules(horizon_days=2.0, response_s=28_800.0, unmet_penalty=50.0),
    )
    return World(scenario, network, drawn_state(network, len(sites), points, lost_share, rng))


def hub_world(seed: int, points: int = 8) -> World:
    """A world in which the yard keeps most of the stock and feeds three small depots of one dock each."""
    case = world(seed, points, 3, scarce=0.4, vehicles=3)
    base = case.scenario
    town, store = base.tiers
    people = sum(point.people for point in base.demand_points)
    kept = tuple(
        Stock(f"yard-{commodity}", "H", commodity, float(int(people * per_person)))
        for commodity, per_person in (("food", 1.0), ("tent", 0.2), ("water", 6.0))
    )
    sites = tuple(
        replace(site, handling_kg_per_h=20_000.0, docks=2)
        if site.ident == "H"
        else replace(site, docks=1, transfer_s=900.0)
        for site in base.sites
    )
    scenario = replace(
        base,
        tiers=(town, replace(store, replenishes=("town",))),
        sites=sites,
        stock=base.stock + kept,
        fleet=(*base.fleet, FleetEntry("big", "H", 2)),
    )
    return World(scenario, case.network, case.state)


def opening_world(seed: int) -> World:
    """A world in which most lost roads open again at one of three moments, and some points open late."""
    case = world(
        seed,
        5,
        2,
        side=4,
        scarce=(1.0, 0.5, 3.0)[seed % 3],
        vehicles=(1, 3, 0)[seed // 3 % 3],
        lost_share=0.4,
    )
    rng = np.random.default_rng(seed + 999)
    damage = case.state.damage
    ends = rng.choice(rng.uniform(3_000.0, 20_000.0, 3), len(damage))
    ends[rng.random(len(damage)) < 0.3] = np.inf
    points = tuple(
        replace(point, earliest_s=float(rng.choice([0.0, 0.0, 5_400.0, 14_400.0])))
        for point in case.scenario.demand_points
    )
    state = replace(case.state, damage=Damage.of(damage.street, damage.speed_factor, until_s=ends))
    return World(replace(case.scenario, demand_points=points), case.network, state)


def drawn_state(
    network: RoadNetwork, sites: int, points: int, lost_share: float, rng: np.random.Generator
) -> RoadState:
    """Some streets lost, some slow; stock, power and need hit as well."""
    streets = len(network.streets)
    hit = rng.choice(streets, int(streets * lost_share * 2), replace=False)
    factor = np.where(np.arange(len(hit)) % 2 == 0, 0.0, 0.5)
    base = intact(sites, points)
    return replace(
        base,
        index=3,
        damage=Damage.of(hit, factor),
        causes=("quake",),
        site_survival=rng.choice([1.0, 0.7], sites).astype(np.float32).astype(np.float64),
        site_power=rng.random(sites) < 0.8,
        need_factor=rng.choice([1.0, 0.9], points).astype(np.float32).astype(np.float64),
        point_flooded=rng.random(points) < 0.1,
    )


def vehicle_types() -> tuple[VehicleType, ...]:
    """A truck with limited hours, a slow-to-start van, and a helicopter with a range."""
    return (
        VehicleType(
            "big", "Big truck", 5_000.0, 20.0, TravelProfile(weight_kg=12_000.0),
            cost_per_km=1.5, cost_per_h=30.0, cost_per_use=100.0, max_hours_s=36_000.0,
        ),
        VehicleType("van", "Van", 1_200.0, 6.0, cost_per_km=0.6, cost_per_h=20.0, mobilisation_s=600.0),
        VehicleType(
            "heli", "Helicopter", 1_000.0, 5.0, TravelProfile(Mode.AIR, cruise_kmh=180.0),
            cost_per_km=20.0, cost_per_h=900.0, range_m=60_000.0, mobilisation_s=3_600.0,
        ),
    )  # fmt: skip
