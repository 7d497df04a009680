"""Tiny cases with a base tier that does not dispatch, hubs, a helper outside the plan and late agreements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.rules import SizeClass, Tier
from depotopt.scenario import SiteStatus, Stock, StockMode
from tests.siting.cases import Case, random_case

BASE = Tier(
    "base",
    "Base",
    counts=(),
    size_classes=(SizeClass("B", 150.0, 150_000.0, 150.0, build_cost=400.0),),
    dispatches=False,
    replenishes=("hub",),
)
DEPOT = Tier(
    "depot",
    "Depot",
    counts=(),
    size_classes=(SizeClass("S", 15.0, 12_000.0, 90.0), SizeClass("L", 60.0, 50_000.0, 300.0, 900.0)),
)
HUB = Tier("hub", "Hub", counts=(), size_classes=(SizeClass("X", 0.0, 0.0, 20.0, build_cost=50.0),))
TIERS = (BASE, DEPOT, HUB)


def supply_case(seed: int, *, sites: int = 4, points: int = 4, states: int = 2) -> Case:
    """A case in which every feature of the flows between tiers occurs with some probability."""
    rng = np.random.default_rng([17, seed])
    case = random_case(seed, sites=sites, points=points, states=states, tiers=TIERS)
    drawn = []
    for j, site in enumerate(case.scenario.sites):
        tiers = tuple(tier.ident for tier in TIERS if rng.random() < 0.5) or ("hub",)
        status = SiteStatus.MUTUAL_AID if j == sites - 1 and seed % 3 == 0 else site.status
        if status is SiteStatus.MUTUAL_AID:
            tiers = (("base", "depot")[seed % 2],)
        drawn.append(
            replace(
                site,
                tiers=tiers,
                status=status,
                capacity_m3=np.inf,
                transfer_s=float(rng.choice([0.0, 900.0])),
                owner=str(rng.choice(["North", "South"])),
                co_funders=("Union", "South") if site.cost_share < 1 else (),
            )
        )
    stock = [lot for lot in case.scenario.stock if lot.mode is StockMode.PHYSICAL]
    stock += [
        Stock("soon", "D0", "water", 400.0, mode=StockMode.AGREEMENT, honour_probability=0.8),
        Stock(
            "late",
            "D1",
            "water",
            900.0,
            mode=StockMode.AGREEMENT,
            honour_probability=0.9,
            activation_delay_s=2_000.0,
        ),
        Stock("lent", f"D{sites - 1}", "tent", 12.0),
    ]
    rules = replace(case.scenario.rules, unmet_penalty=60.0, transport_cost_per_th=15.0)
    return case.with_scenario(sites=tuple(drawn), stock=tuple(stock), rules=rules)


def without_replenishment(case: Case) -> Case:
    """The same case with every tier keeping its stock to itself."""
    return case.with_scenario(tiers=tuple(replace(tier, replenishes=()) for tier in case.scenario.tiers))
