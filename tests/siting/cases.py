"""Small random planning cases: a plane, straight roads from every site to every point, a few road states."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from depotopt.hazards.states import Damage, RoadLossEnsemble, RoadState
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.network import Places, RoadNetwork
from depotopt.rules import CountRule, PlanningRules, SizeClass, Tier
from depotopt.scenario import Commodity, DemandPoint, RoadSource, Scenario, Site, SiteStatus, Stock, StockMode
from depotopt.siting.model.assembly import build_problem
from depotopt.siting.model.problem import SitingProblem


@dataclass(frozen=True)
class Case:
    """A scenario with its roads and road states."""

    scenario: Scenario
    network: RoadNetwork
    ensemble: RoadLossEnsemble

    @property
    def engine(self) -> DijkstraEngine:
        return DijkstraEngine(self.network)

    @property
    def problem(self) -> SitingProblem:
        return build_problem(self.scenario, self.network, self.ensemble, engine=self.engine)

    def with_scenario(self, **changes: object) -> Case:
        return replace(self, scenario=replace(self.scenario, **changes))  # type: ignore[arg-type]

    def with_rules(self, **changes: object) -> Case:
        return self.with_scenario(rules=replace(self.scenario.rules, **changes))  # type: ignore[arg-type]


CITY = Tier(
    "city",
    "City",
    counts=(),
    size_classes=(SizeClass("S", 40.0, 40_000.0, 300.0), SizeClass("L", 120.0, 120_000.0, 700.0)),
)
TOWN = Tier("town", "Town", counts=(), size_classes=(SizeClass("S", 25.0, 20_000.0, 120.0),))
WATER = Commodity(
    "water", "Water", "L", "food", 1.0, 0.001, per_person_day=3.0, unit_cost=0.1, holding_cost=0.01,
    shelf_life_days=730,
)  # fmt: skip
TENT = Commodity("tent", "Tent", "tent", "shelter", 55.0, 0.28, persons_per_unit=5.0, unit_cost=200.0,
                 holding_cost=6.0, priority=2.0)  # fmt: skip


def random_case(
    seed: int, *, sites: int = 4, points: int = 6, states: int = 3, tiers: tuple[Tier, ...] = (CITY, TOWN)
) -> Case:
    """A case whose every part is drawn from the seed."""
    rng = np.random.default_rng(seed)
    where = np.round(rng.random((sites + points, 2)), 4)
    places = [
        Site(
            f"D{j}",
            f"Depot {j}",
            float(where[j, 0]),
            float(where[j, 1]),
            tuple(tier.ident for tier in tiers if rng.random() < 0.8) or (tiers[-1].ident,),
            status=SiteStatus.EXISTING if rng.random() < 0.4 else SiteStatus.CANDIDATE,
            fixed_cost=float(rng.integers(0, 200)),
            cost_share=float(rng.choice([1.0, 0.5])),
            capacity_m3=float(rng.choice([np.inf, 30.0])),
            readiness_s=float(rng.choice([0.0, 600.0])),
            zone=f"Z{j % 2}",
            kind=str(rng.choice(["school", "warehouse"])),
            commodity_classes=("food",) if rng.random() < 0.2 else (),
        )
        for j in range(sites)
    ]
    demand = [
        DemandPoint(
            f"P{i}",
            f"Point {i}",
            float(where[sites + i, 0]),
            float(where[sites + i, 1]),
            people=float(rng.integers(5, 400)),
            priority=float(rng.choice([1.0, 1.5])),
            deadline_s=float(rng.choice([3_000.0, 9_000.0])) if rng.random() < 0.3 else None,
        )
        for i in range(points)
    ]
    stock = [
        Stock(f"lot{j}", f"D{j}", "water", float(rng.integers(0, 3_000)))
        for j in range(sites)
        if places[j].status is SiteStatus.EXISTING
    ]
    stock.append(Stock("deal", "D0", "water", 500.0, mode=StockMode.AGREEMENT, honour_probability=0.8))
    scenario = Scenario(
        ident=f"random-{seed}",
        title="Random",
        description="",
        folder=Path(),
        start=dt.datetime(2024, 1, 23, tzinfo=dt.UTC),
        tiers=tiers,
        sites=tuple(places),
        commodities=(WATER, TENT),
        demand_points=tuple(demand),
        stock=tuple(stock),
        vehicle_types=(),
        fleet=(),
        roads=RoadSource(Path()),
        rules=PlanningRules(
            horizon_days=3.0,
            response_s=6_000.0,
            unmet_penalty=20.0,
            transport_cost_per_th=40.0,
            events_per_year=0.2,
        ),
    )
    network = star_network(where, sites)
    return Case(scenario, network, random_states(rng, network, sites, points, states))


def star_network(where: np.ndarray, sites: int) -> RoadNetwork:
    """Straight roads between sites and every other place, 60 km/h over 111 km a degree."""
    count = len(where)
    tail, head = np.array([(a, b) for a in range(sites) for b in range(count) if a < b]).T
    length = np.hypot(*(where[tail] - where[head]).T) * 111_000.0
    network = build_network(
        where[:, 0],
        where[:, 1],
        LinkArrays(
            np.concatenate([tail, head]),
            np.concatenate([head, tail]),
            np.tile(length, 2),
            np.tile(length / (60 / 3.6), 2),
        ),
    )
    idents = (*(f"D{j}" for j in range(sites)), *(f"P{i}" for i in range(count - sites)))
    nothing = np.zeros(count)
    node = np.arange(count, dtype=np.int32)
    return network.with_places(Places(idents, where[:, 0], where[:, 1], node, nothing, nothing))


def random_states(
    rng: np.random.Generator, network: RoadNetwork, sites: int, points: int, states: int
) -> RoadLossEnsemble:
    probability = rng.random(states) + 0.1
    probability /= probability.sum()
    return RoadLossEnsemble.of(
        [
            RoadState(
                index=s,
                probability=float(probability[s]),
                damage=Damage.of(np.flatnonzero(rng.random(len(network.streets)) < 0.3), 0.0),
                causes=("test",),
                site_survival=np.where(rng.random(sites) < 0.2, 0.5, 1.0),
                site_power=np.ones(sites, dtype=np.bool_),
                need_factor=np.round(rng.uniform(0.2, 1.0, points), 2),
                point_flooded=np.zeros(points, dtype=np.bool_),
            )
            for s in range(states)
        ]
    )


def counted(tier: Tier, *rules: CountRule) -> Tier:
    """The tier with count rules."""
    return replace(tier, counts=rules)
