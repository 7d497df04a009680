"""The verifier recomputes layouts and their recourse, and catches every fault put into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from depotopt.hazards.area import Area, AreaHazard
from depotopt.hazards.shapes import Shape
from depotopt.plans import OpenSite, SitingPlan, StateFlows, StockLine
from depotopt.rules import CountRule
from depotopt.scenario import Scenario, SiteStatus
from depotopt.verify.layout import verify_layout
from depotopt.verify.recourse import verify_siting
from tests.verify.line_case import calm, line_network, line_scenario, without_street

NETWORK = line_network()
SCENARIO = line_scenario()
LAYOUT = SitingPlan(
    (OpenSite("A", "city", "L"), OpenSite("B", "town", "S")),
    (StockLine("A", "tent", 30.0), StockLine("A", "water", 130.0), StockLine("B", "tent", 5.0, "agreement")),
)


def flows(*entries: tuple[int, int, int, float], state: int = -1) -> StateFlows:
    site, point, commodity, units = zip(*entries, strict=True) if entries else ((), (), (), ())
    return StateFlows(
        state,
        np.array(site, dtype=np.int32),
        np.array(point, dtype=np.int32),
        np.array(commodity, dtype=np.int32),
        np.array(units, dtype=np.float64),
    )


FLOWS = replace(
    flows((0, 0, 0, 100.0), (0, 1, 0, 30.0), (0, 0, 1, 20.0), (0, 1, 1, 10.0), (1, 2, 1, 2.0)),
    ready_s=np.array([0.0, 0.0, 0.0, 0.0, 1000.0]),
)


def test_yearly_cost_is_what_the_hand_says() -> None:
    check = verify_layout(SCENARIO, NETWORK, LAYOUT)
    assert check.violations == ()
    # 10 water beyond the table at 1 each over 10 years; 30 tents held at 2; both depots' fixed cost.
    assert check.terms == pytest.approx({"fixed": 1100.0, "holding": 60.0, "purchase": 1.0})


def test_the_siting_objective_is_what_the_hand_says() -> None:
    check = verify_siting(SCENARIO, NETWORK, LAYOUT, [calm()], [FLOWS])
    assert check.violations == ()
    # Tonne-hours: A-P 1.1 t x 100 s, A-Q 0.53 t x 200 s, B-R 0.1 t x 100 s, at 50 per tonne-hour.
    transport = 50.0 * (1.1 * 100 + 0.53 * 200 + 0.1 * 100) / 3600
    unmet = 100.0 * (20 + 10)
    assert check.objective == pytest.approx(1161.0 + transport + unmet)


def opened(*sites: OpenSite) -> Callable[[SitingPlan], SitingPlan]:
    return lambda plan: replace(plan, open_sites=sites)


def stocked(*lines: StockLine) -> Callable[[SitingPlan], SitingPlan]:
    return lambda plan: replace(plan, stock=lines)


A, B = LAYOUT.open_sites

LAYOUT_FAULTS: dict[str, tuple[Callable[[SitingPlan], SitingPlan], str]] = {
    "unknown site": (opened(A, OpenSite("X", "town", "S")), "open site X is not a site"),
    "unknown tier": (opened(OpenSite("A", "x", "L")), "unknown tier x"),
    "unknown size": (opened(OpenSite("A", "city", "S")), "tier city has no size class S"),
    "open twice": (opened(A, A, B), "site A is open more than once"),
    "wrong tier": (opened(OpenSite("A", "town", "S"), B), "site A may not belong to tier town"),
    "too few": (opened(B), "tier city: 0 open, at least 1"),
    "stock of nothing": (stocked(StockLine("A", "x", 1.0)), "unknown commodity x"),
    "stock nowhere": (stocked(StockLine("X", "tent", 1.0)), "unknown site X"),
    "unknown mode": (stocked(StockLine("A", "tent", 1.0, "hope")), "unknown mode hope"),
    "negative stock": (stocked(StockLine("A", "tent", -1.0)), "stock of tent at A is negative"),
    "invented agreement": (stocked(StockLine("B", "tent", 11.0, "agreement")), "11, agreed 10"),
    "too bulky": (stocked(StockLine("B", "tent", 40.0)), "site B holds 12.000 m3, capacity 10.000 m3"),
    "too heavy": (stocked(StockLine("B", "water", 5001.0)), "site B holds 5001.000 kg, capacity 5000.000 kg"),
}


@pytest.mark.parametrize("name", LAYOUT_FAULTS)
def test_every_fault_of_a_layout_is_caught(name: str) -> None:
    mutate, message = LAYOUT_FAULTS[name]
    violations = verify_layout(SCENARIO, NETWORK, mutate(LAYOUT)).violations
    assert any(message in violation for violation in violations), violations


def test_stock_at_a_site_that_is_not_open_is_caught() -> None:
    violations = verify_layout(SCENARIO, NETWORK, replace(LAYOUT, open_sites=(A,))).violations
    assert violations == ("stock of tent at B, which is not open",)


def with_sites(**changes: object) -> Scenario:
    return replace(SCENARIO, sites=tuple(replace(site, **changes) for site in SCENARIO.sites))  # type: ignore[arg-type]


def with_tier(n: int, **changes: object) -> Scenario:
    tiers = list(SCENARIO.tiers)
    tiers[n] = replace(tiers[n], **changes)  # type: ignore[arg-type]
    return replace(SCENARIO, tiers=tuple(tiers))


SCENARIO_FAULTS: dict[str, tuple[Scenario, str]] = {
    "closed": (with_sites(status=SiteStatus.CLOSED), "site A is closed and may not be used"),
    "class": (with_sites(commodity_classes=("living",)), "site A may not store tent (class shelter)"),
    "own capacity": (with_sites(capacity_kg=100.0), "site A holds 1630.000 kg, capacity 100.000 kg"),
    "support": (with_tier(1, support_s=299.0), "nearest open site of a higher tier 5.0 min away"),
    "coverage": (
        with_tier(1, service_standard_s=99.0, min_coverage=0.5),
        "tier town: 0.00% of people covered, at least 50.00%",
    ),
    "zone": (with_tier(1, counts=(CountRule(1, zone="z1"),)), "tier town in z1: 0 open, at least 1"),
    "kind": (with_tier(1, counts=(CountRule(1, kind="school"),)), "tier town school: 0 open"),
    "every zone": (
        with_tier(1, counts=(CountRule(None, 0, zone="*"),)),
        "tier town in z2: 1 open, at most 0",
    ),
    "budget": (
        replace(SCENARIO, rules=replace(SCENARIO.rules, budget=1160.0)),
        "yearly cost 1161.00 exceeds the budget 1160.00",
    ),
}


@pytest.mark.parametrize("name", SCENARIO_FAULTS)
def test_every_rule_of_a_scenario_is_checked(name: str) -> None:
    scenario, message = SCENARIO_FAULTS[name]
    violations = verify_layout(scenario, NETWORK, LAYOUT).violations
    assert any(message in violation for violation in violations), violations


def test_a_must_open_site_left_closed_is_caught() -> None:
    scenario = with_sites(status=SiteStatus.MUST_OPEN)
    violations = verify_layout(scenario, NETWORK, SitingPlan((A,), ())).violations
    assert violations == ("site B must be open and is not",)


def test_coverage_counts_sites_of_higher_tiers() -> None:
    scenario = with_tier(1, service_standard_s=100.0, min_coverage=1.0)
    assert verify_layout(scenario, NETWORK, LAYOUT).violations == ()


def test_a_site_inside_a_hazard_it_excludes_is_caught() -> None:
    flood = AreaHazard("flood", (Area(Shape.point(0.0, 0.0, 500.0)),))
    scenario = replace(with_sites(hazards_excluded=("flood",)), hazards=(flood,))
    violations = verify_layout(scenario, NETWORK, LAYOUT).violations
    assert violations == ("site A stands in the hazard flood and may not be open",)


FLOW_FAULTS: dict[str, tuple[StateFlows, str]] = {
    "beyond stock": (flows((0, 0, 1, 31.0)), "A sends 31.000 tent by 0 s, usable 30.000"),
    "beyond need": (flows((0, 0, 0, 101.0)), "P gets 101.000 water, needs 100.000"),
    "negative": (flows((0, 0, 0, -1.0)), "a negative flow"),
    "agreement before its delay": (flows((1, 2, 1, 2.0)), "B sends 2.000 tent by 0 s, usable 0.000"),
    "another state": (flows(state=4), "flows of road state 4 stand where -1 is due"),
}


@pytest.mark.parametrize("name", FLOW_FAULTS)
def test_every_fault_of_the_recourse_is_caught(name: str) -> None:
    flow, message = FLOW_FAULTS[name]
    violations = verify_siting(SCENARIO, NETWORK, LAYOUT, [calm()], [flow]).violations
    assert any(message in violation for violation in violations), violations


def test_a_flow_over_a_lost_street_is_caught() -> None:
    state = without_street(NETWORK, 0, 1)
    one = flows((0, 0, 0, 1.0), state=0)
    violations = verify_siting(SCENARIO, NETWORK, LAYOUT, [state], [one]).violations
    assert "road state 0: a flow from A reaches P after inf s, too late" in violations


def test_a_flow_from_a_closed_depot_is_caught() -> None:
    plan = replace(LAYOUT, open_sites=(A,), stock=LAYOUT.stock[:2])
    violations = verify_siting(SCENARIO, NETWORK, plan, [calm()], [flows((1, 2, 1, 1.0))]).violations
    assert any("leaves B, which is not an open dispatching depot" in violation for violation in violations)


def test_missing_states_are_caught() -> None:
    violations = verify_siting(SCENARIO, NETWORK, LAYOUT, [calm(), calm()], [FLOWS]).violations
    assert "flows are given for 1 of 2 road states" in violations


def test_an_objective_that_does_not_add_up_is_caught() -> None:
    check = verify_siting(SCENARIO, NETWORK, LAYOUT, [calm()], [FLOWS])
    assert check.objective is not None
    assert check.compare(check.objective).holds
    assert not check.compare(check.objective * 1.01).holds
