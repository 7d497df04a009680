"""Relief cases drawn from a seed: stock, splits, four or more commodities, trips, deadlines, lost roads.

A district of streets with depots, demand points that need many truckloads, and a fleet that is busy but not
hopeless. Need, stock and fleet are scaled to one another, so cases of any size are alike.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from depotopt.hazards.states import RoadState
    from depotopt.roads.network import RoadNetwork
    from depotopt.scenario import Commodity, Scenario

DEGREE_M = 111_194.9
SPACING_M = 2_500.0
# name, kg, m3, per person and day (negative: persons per unit), priority: rounded standard items.
ITEMS = (
    ("water", 1.0, 0.001, 3.0, 3.0),
    ("ration", 0.5, 0.001, 1.0, 2.0),
    ("tent", 55.0, 0.28, -5.0, 2.0),
    ("blanket", 1.75, 0.011, -0.6, 1.0),
    ("kitchen", 5.0, 0.032, -5.0, 1.0),
    ("hygiene", 4.0, 0.02, -5.0, 1.0),
    ("tarpaulin", 4.2, 0.011, -2.5, 1.0),
    ("jerrycan", 0.14, 0.0005, -2.5, 1.0),
)


@dataclass(frozen=True)
class ReliefCase:
    """A scenario, its roads and a road state."""

    scenario: Scenario
    network: RoadNetwork
    state: RoadState


def relief_case(
    seed: int, points: int, depots: int, commodities: int = 4, supply: float = 0.85, lost_share: float = 0.1
) -> ReliefCase:
    """Draw a case.

    Parameters
    ----------
    seed
        Of everything.
    points, depots, commodities
        How many; at most eight commodities.
    supply
        Stock over need.
    lost_share
        Share of streets lost.
    """
    from depotopt.hazards.states import Damage, intact
    from depotopt.roads.network import Places

    rng = np.random.default_rng(seed)
    side = max(8, int(np.ceil(np.sqrt(3 * (points + depots)))))
    network = _streets(side, rng)
    node = rng.choice(side * side, points + depots, replace=False).astype(np.int32)
    idents = tuple([f"D{n}" for n in range(depots)] + [f"P{n}" for n in range(points)])
    network = network.with_places(
        Places(
            idents,
            network.node_lon[node],
            network.node_lat[node],
            node,
            np.round(rng.uniform(0, 60, len(node)), 1),
            np.zeros(len(node)),
        )
    )
    scenario = _scenario(seed, network, node, depots, commodities, supply, rng)
    hit = rng.choice(len(network.streets), int(lost_share * len(network.streets)), replace=False)
    state = replace(intact(depots, points), damage=Damage.of(hit.astype(np.int32)), causes=("flood",))
    return ReliefCase(scenario, network, state)


def _streets(side: int, rng: np.random.Generator) -> RoadNetwork:
    from depotopt.roads.builder import LinkArrays, build_network

    step = SPACING_M / DEGREE_M
    nodes = side * side
    lon = np.array([(n % side) * step for n in range(nodes)])
    lat = np.array([(n // side) * step for n in range(nodes)])
    pairs = [(n, n + 1) for n in range(nodes) if n % side < side - 1]
    pairs += [(n, n + side) for n in range(nodes - side)]
    length = SPACING_M * (1.0 + 0.4 * rng.random(len(pairs)))
    speed = rng.choice([8.0, 12.0, 17.0], len(pairs))
    tail = np.array([a for a, _ in pairs] + [b for _, b in pairs])
    head = np.array([b for _, b in pairs] + [a for a, _ in pairs])
    return build_network(lon, lat, LinkArrays(tail, head, np.tile(length, 2), np.tile(length / speed, 2)))


def _items(count: int) -> tuple[Commodity, ...]:
    from depotopt.scenario import Commodity

    return tuple(
        Commodity(
            name, name.title(), "unit", "relief", kg, m3,
            per_person_day=max(rate, 0.0), persons_per_unit=max(-rate, 0.0), priority=priority,
        )
        for name, kg, m3, rate, priority in ITEMS[:count]
    )  # fmt: skip


def _scenario(
    seed: int,
    network: RoadNetwork,
    node: np.ndarray[tuple[int, ...], np.dtype[np.int32]],
    depots: int,
    commodities: int,
    supply: float,
    rng: np.random.Generator,
) -> Scenario:
    from depotopt.rules import CountRule, PlanningRules, SizeClass, Tier
    from depotopt.scenario import (
        DemandPoint,
        FleetEntry,
        RoadSource,
        Scenario,
        Site,
        SiteStatus,
        Stock,
        VehicleType,
    )

    lon, lat = network.node_lon[node], network.node_lat[node]
    items = _items(commodities)
    points = tuple(
        DemandPoint(
            f"P{n}", f"Point {n}", float(lon[depots + n]), float(lat[depots + n]),
            float(rng.integers(200, 2_500)), priority=float(rng.choice([1.0, 1.5, 2.0])),
            deadline_s=float(rng.choice([21_600.0, 28_800.0])) if rng.random() < 0.3 else None,
        )
        for n in range(len(node) - depots)
    )  # fmt: skip
    days = 2.0
    people = sum(point.people for point in points)
    per_person = [item.per_person_day * days or 1.0 / item.persons_per_unit for item in items]
    kg = people * sum(rate * item.kg_per_unit for rate, item in zip(per_person, items, strict=True))
    shares = rng.dirichlet(np.full(depots, 8.0), size=len(items))
    stock = tuple(
        Stock(f"{item.ident}-{d}", f"D{d}", item.ident, float(int(people * rate * supply * shares[k, d])))
        for k, (item, rate) in enumerate(zip(items, per_person, strict=True))
        for d in range(depots)
    )
    # A large truck moves about four loads in the time there is; a tenth of the fleet is small.
    trucks = max(depots, int(np.ceil(1.15 * kg * supply / (4 * 9_000.0))))
    fleet = [FleetEntry("truck", f"D{d}", trucks // depots + (d < trucks % depots)) for d in range(depots)]
    fleet += [FleetEntry("van", f"D{d}", max(1, trucks // (10 * depots))) for d in range(depots)]
    docks = max(2, int(np.ceil(trucks / depots / 3)))
    sites = tuple(
        Site(
            f"D{d}", f"Depot {d}", float(lon[d]), float(lat[d]), ("depot",), SiteStatus.EXISTING,
            handling_kg_per_h=docks * 18_000.0, docks=docks, readiness_s=1_800.0,
        )
        for d in range(depots)
    )  # fmt: skip
    return Scenario(
        ident=f"relief-{seed}",
        title="Generated relief case",
        description="",
        folder=Path(),
        start=dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        tiers=(Tier("depot", "Depot", (CountRule(),), (SizeClass("L", 1e6, 1e9, 0.0),)),),
        sites=sites,
        commodities=items,
        demand_points=points,
        stock=stock,
        vehicle_types=(
            VehicleType(
                "truck", "Truck", 9_000.0, 40.0, cost_per_km=1.2, cost_per_h=30.0, cost_per_use=50.0,
                max_hours_s=43_200.0,
            ),
            VehicleType("van", "Van", 1_500.0, 9.0, cost_per_km=0.5, cost_per_h=20.0, cost_per_use=20.0),
        ),
        fleet=tuple(fleet),
        roads=RoadSource(Path()),
        rules=PlanningRules(
            horizon_days=days, response_s=36_000.0, unmet_penalty=10.0, stop_service_s=600.0,
            unload_kg_per_h=18_000.0,
        ),
    )  # fmt: skip
