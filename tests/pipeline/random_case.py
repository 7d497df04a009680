"""Small random scenarios: roads, tiers, stock, fleets and losses drawn from a seed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np

from depotopt.hazards.closures import Closure, Closures
from depotopt.hazards.independent import IndependentFailure
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.rules import CountRule, PlanningRules, SizeClass, Tier
from depotopt.scenario import (
    Commodity,
    DemandPoint,
    FleetEntry,
    Ownership,
    PointKind,
    RoadSource,
    Scenario,
    Site,
    SiteStatus,
    Stock,
    StockMode,
    VehicleType,
)
from depotopt.units import great_circle_m


def random_network(rng: np.random.Generator, places: int) -> RoadNetwork:
    """A connected road network of 6 to 14 nodes with one-way streets and a bridge or two."""
    nodes = int(rng.integers(6, 15))
    lon, lat = rng.uniform(0, 0.4, nodes), rng.uniform(0, 0.4, nodes)
    tree = [(int(rng.integers(0, n)), n) for n in range(1, nodes)]
    more = [tuple(rng.choice(nodes, 2, replace=False).tolist()) for _ in range(nodes // 2)]
    two_way = [(a, b) for a, b in tree] + [(b, a) for a, b in tree]
    pairs = np.array(sorted({*two_way, *more}), dtype=np.int32)
    tail, head = pairs[:, 0], pairs[:, 1]
    length = np.maximum(great_circle_m(lon[tail], lat[tail], lon[head], lat[head]), 100.0)
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    bridge = (low * 7 + high * 3) % 5 == 0
    speed = 10.0 + 5.0 * ((low + high) % 4)
    network = build_network(lon, lat, LinkArrays(tail, head, length, length / speed, bridge=bridge))
    at = rng.integers(0, nodes, places).astype(np.int32)
    access = rng.integers(0, 90, places).astype(np.float64)
    ident = tuple(f"n{n}" for n in range(places))
    return network.with_places(Places(ident, lon[at], lat[at], at, access, 10.0 * access))


def random_scenario(seed: int) -> tuple[Scenario, RoadNetwork]:
    """A scenario with every feature switched on somewhere."""
    rng = np.random.default_rng(seed)
    sites_n, points_n = int(rng.integers(2, 6)), int(rng.integers(1, 8))
    network = random_network(rng, sites_n + points_n)
    places = network.places
    assert places is not None
    names = [f"S{j}" for j in range(sites_n)] + [f"P{i}" for i in range(points_n)]
    network = network.with_places(replace(places, ident=tuple(names)))
    commodities = _commodities(rng)
    sites = tuple(_site(rng, j, float(places.lon[j]), float(places.lat[j])) for j in range(sites_n))
    points = tuple(
        _point(rng, i, float(places.lon[sites_n + i]), float(places.lat[sites_n + i]))
        for i in range(points_n)
    )
    vehicles = _vehicles(rng)
    stocked = [site for site in sites if site.status is not SiteStatus.CLOSED]
    scenario = Scenario(
        ident=f"random-{seed}",
        title="",
        description="",
        folder=Path(),
        start=dt.datetime(2024, 6, 1, tzinfo=dt.UTC),
        tiers=(
            Tier(
                "upper",
                "Upper",
                (CountRule(0, 3),),
                (SizeClass("L", 400.0, 60_000.0, 900.0), SizeClass("M", 60.0, 9_000.0, 300.0)),
            ),
            Tier(
                "lower",
                "Lower",
                (CountRule(0, 4),),
                (SizeClass("S", 20.0, 3_000.0, 80.0),),
                service_standard_s=3_600.0,
                min_coverage=float(rng.choice([0.0, 0.3])),
                support_s=float(rng.choice([7_200.0, 50_000.0])),
            ),
        ),
        sites=sites,
        commodities=commodities,
        demand_points=points,
        stock=_stock(rng, stocked, commodities),
        vehicle_types=vehicles,
        fleet=tuple(
            FleetEntry(vehicle.ident, str(rng.choice([s.ident for s in sites])), int(rng.integers(0, 3)))
            for vehicle in vehicles
        ),
        roads=RoadSource(Path()),
        hazards=(
            IndependentFailure("wear", street_probability=0.1, bridge_probability=0.3),
            Closures("works", (Closure((network.streets.ident[0],), probability=0.5),)),
        ),
        rules=PlanningRules(
            horizon_days=float(rng.choice([1.0, 3.0])),
            response_s=float(rng.choice([4_000.0, 20_000.0])),
            unmet_penalty=50.0,
            stop_service_s=300.0,
        ),
    )
    return scenario, network


def _commodities(rng: np.random.Generator) -> tuple[Commodity, ...]:
    every = (
        Commodity("water", "Water", "L", "living", 1.0, 0.0013, per_person_day=3.0, unit_cost=0.5),
        Commodity(
            "tent", "Tent", "tent", "shelter", 55.0, 0.28, persons_per_unit=5.0, priority=2.0,
            unit_cost=100.0, holding_cost=3.0, shelf_life_days=2000.0,
        ),
        Commodity("quilt", "Quilt", "quilt", "shelter", 2.0, 0.012, persons_per_unit=0.5, holding_cost=0.1),
    )  # fmt: skip
    return every[: int(rng.integers(1, 4))]


def _site(rng: np.random.Generator, j: int, lon: float, lat: float) -> Site:
    status = (SiteStatus.EXISTING, SiteStatus.CANDIDATE, SiteStatus.MUST_OPEN, SiteStatus.CLOSED)
    return Site(
        f"S{j}",
        f"Site {j}",
        lon,
        lat,
        (("upper", "lower"), ("lower",), ("upper",))[int(rng.integers(3))],
        SiteStatus.EXISTING if j == 0 else status[int(rng.integers(4))],
        kind=str(rng.choice(["school", "warehouse"])),
        zone=str(rng.choice(["north", "south"])),
        handling_kg_per_h=float(rng.choice([2_000.0, 20_000.0])),
        handling_share_without_power=0.5,
        docks=int(rng.integers(1, 3)),
        readiness_s=float(rng.choice([0.0, 1_200.0])),
        cost_share=float(rng.choice([0.5, 1.0])),
        capacity_kg=float(rng.choice([4_000.0, np.inf])),
        commodity_classes=("shelter",) if rng.random() < 0.15 else (),
    )


def _point(rng: np.random.Generator, i: int, lon: float, lat: float) -> DemandPoint:
    shelter = rng.random() < 0.3
    return DemandPoint(
        f"P{i}",
        f"Point {i}",
        lon,
        lat,
        float(rng.integers(0, 400)),
        affected_share=float(rng.choice([0.2, 1.0])),
        kind=PointKind.SHELTER if shelter else PointKind.SETTLEMENT,
        shelter_capacity=150.0 if shelter else None,
        priority=float(rng.choice([1.0, 3.0])),
        own_stock=(("water", 50.0),) if rng.random() < 0.3 else (),
        deadline_s=9_000.0 if rng.random() < 0.3 else None,
    )


def _stock(
    rng: np.random.Generator, sites: list[Site], commodities: tuple[Commodity, ...]
) -> tuple[Stock, ...]:
    lots = []
    for site in sites:
        for commodity in commodities:
            if site.commodity_classes and commodity.commodity_class not in site.commodity_classes:
                continue
            agreed = rng.random() < 0.3
            lots.append(
                Stock(
                    f"{site.ident}/{commodity.ident}",
                    site.ident,
                    commodity.ident,
                    float(rng.integers(1, 60)),
                    mode=StockMode.AGREEMENT if agreed else StockMode.PHYSICAL,
                    activation_delay_s=1_800.0 if agreed else 0.0,
                    honour_probability=0.7 if agreed else 1.0,
                    expiry=dt.date(2020, 1, 1) if rng.random() < 0.1 else None,
                )
            )
    return tuple(lots)


def _vehicles(rng: np.random.Generator) -> tuple[VehicleType, ...]:
    return (
        VehicleType(
            "truck", "Truck", 3_500.0, 20.0, TravelProfile(speed_factor=0.9),
            cost_per_km=1.2, cost_per_h=20.0, cost_per_use=50.0, mobilisation_s=600.0,
            max_hours_s=float(rng.choice([6_000.0, 40_000.0])),
        ),
        VehicleType(
            "van", "Van", 800.0, 4.0, owner=Ownership.REQUISITIONED, compensation=30.0, cost_per_km=0.5,
            range_m=float(rng.choice([40_000.0, np.inf])),
        ),
        VehicleType(
            "heli", "Helicopter", 900.0, 6.0, TravelProfile(Mode.AIR, cruise_kmh=200.0), cost_per_h=3_000.0,
            range_m=90_000.0,
        ),
    )[: int(rng.integers(1, 4))]  # fmt: skip
