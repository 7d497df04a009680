"""A base behind a hub on the line A - P - Q - B - R, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.model.assembly import assemble
from depotopt.dispatch.model.usable import held_lots, open_dispatching
from depotopt.evaluation.evaluate import evaluate
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.plans import OpenSite, SitingPlan, StateFlows, StockLine
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.rules import SizeClass
from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.model.assembly import build_problem
from depotopt.siting.recourse.recourse import existing_layout, recourse
from depotopt.verify.costs import borne_by
from depotopt.verify.layout import verify_layout
from depotopt.verify.lots import usable_lots
from depotopt.verify.recourse import verify_siting
from tests.verify.line_case import calm, line_network, line_scenario

NETWORK = line_network()
HUB = SizeClass("S", 0.0, 0.0, 100.0)
PLAN = SitingPlan(
    (OpenSite("A", "city", "L"), OpenSite("B", "town", "S")),
    (StockLine("A", "water", 160.0), StockLine("A", "tent", 32.0)),
)


def based(**site: object) -> Scenario:
    """A holds stock and does not dispatch; B passes it on after ten minutes."""
    scenario = line_scenario()
    city, town = scenario.tiers
    a, b = scenario.sites
    return replace(
        scenario,
        tiers=(
            replace(city, dispatches=False, replenishes=("town",)),
            replace(town, size_classes=(HUB,)),
        ),
        sites=(a, replace(b, transfer_s=600.0, **site)),  # type: ignore[arg-type]
        stock=tuple(lot for lot in scenario.stock if lot.site == "A"),
    )


def answered(scenario: Scenario, survival: tuple[float, float] = (1.0, 1.0)) -> StateFlows:
    state = replace(calm(), site_survival=np.array(survival))
    found = list(recourse(scenario, PLAN, NETWORK, [state], engine=DijkstraEngine(NETWORK)))
    assert verify_siting(scenario, NETWORK, PLAN, [state], found).violations == ()
    return found[0]


def test_goods_wait_at_the_hub_and_pay_for_the_whole_way() -> None:
    """300 s to B, 600 s there, 100 s on to R: all at R after 1,000 s, P after 1,100 s."""
    scenario = based()
    flow = answered(scenario)
    arrive = {int(i): t for i, t in zip(flow.point, flow.arrive_s, strict=True)}
    assert arrive == pytest.approx({0: 1100.0, 1: 1000.0, 2: 1000.0})
    assert set(flow.through.tolist()) == {1}
    assert flow.units.sum() == pytest.approx(160 + 32)
    check = verify_siting(scenario, NETWORK, PLAN, [calm()], [flow])
    # P needs 1.1 t over 300 + 200 s, Q 0.55 t and R 0.11 t over 300 + 100 s, at 50 per tonne-hour.
    assert check.terms["transport"] == pytest.approx(50 * (1.1 * 500 + (0.55 + 0.11) * 400) / 3600)


def test_a_hub_that_is_not_ready_lets_goods_wait() -> None:
    """B works from 2,000 s on: what came earlier leaves 600 s after that."""
    flow = answered(based(readiness_s=2_000.0))
    assert flow.arrive_s.max() == pytest.approx(2_000 + 600 + 200)


def test_nothing_passes_a_hub_that_does_not_stand() -> None:
    assert len(answered(based(), survival=(1.0, 0.0)).units) == 0


def test_evaluation_counts_the_waiting() -> None:
    """Mean response over person-days: as long as the flows take, not as the direct road would."""
    ensemble = RoadLossEnsemble.of([replace(calm(), index=0)])
    before = evaluate(based(), PLAN, NETWORK, ensemble).before
    # P holds 200 of 320 person-days, the others 120.
    assert before["response_mean_s"] == pytest.approx((200 * 1100 + 120 * 1000) / 320)
    assert before["coverage_15_min"] == pytest.approx(1.0)


def test_dispatch_keeps_stock_that_only_replenishes_for_trunk_trips() -> None:
    assembly = assemble(based(), PLAN, NETWORK, calm(), 0.0, DijkstraEngine(NETWORK))
    assert assembly.problem.lots == ()
    assert [(source.depot.ident, source.position) for source in assembly.sources] == [("A", None)]
    assert sum(lot.units for source in assembly.sources for lot in source.lots) > 0


def lent() -> Scenario:
    """B is a helper outside the plan, with all it has in the table."""
    scenario = line_scenario()
    a, b = scenario.sites
    return replace(scenario, sites=(a, replace(b, status=SiteStatus.MUTUAL_AID)))


def test_a_helper_is_there_in_dispatch_whatever_the_layout() -> None:
    """Open with its lots of the table, without a layout and with one that does not speak of it."""
    scenario = lent()
    alone = SitingPlan((OpenSite("A", "city", "L"),), (StockLine("A", "water", 50.0),))
    for layout in (None, alone):
        assert open_dispatching(scenario, layout) == ("A", "B")
        lots = {lot.lot for lot in held_lots(scenario, layout)}
        assert {"W2", "T2"} <= lots
        checked = usable_lots(scenario, layout, calm())
        assert checked["T2"].available_s == 1000.0
    assert {item.site for item in existing_layout(scenario).open_sites} == {"A"}


def test_each_owner_bears_its_part() -> None:
    """A's owner bears its share with the stock; the rest of the fixed cost falls on two others."""
    scenario = line_scenario()
    a, b = scenario.sites
    a = replace(a, owner="City", cost_share=0.6, co_funders=("Province", "State"), fixed_cost=100.0)
    rules = replace(scenario.rules, owner_budgets=(("City", 700.0), ("Province", 219.0)))
    scenario = replace(scenario, sites=(a, replace(b, owner="Province")), rules=rules)
    plan = SitingPlan(PLAN.open_sites, (StockLine("A", "tent", 20.0),))
    # A costs 1,100 a year; 20 tents held at 2 each. B costs 100 and is Province's own.
    assert borne_by(scenario, plan, "City") == pytest.approx(0.6 * 1100 + 40)
    assert borne_by(scenario, plan, "Province") == pytest.approx(0.2 * 1100 + 100)
    assert borne_by(scenario, plan, "State") == pytest.approx(220.0)
    violations = verify_layout(scenario, NETWORK, plan).violations
    assert violations == ("Province bears 320.00 a year, its budget is 219.00",)


def test_an_upgrade_pays_the_difference() -> None:
    """A stands as L (built for 500); XL (built for 900) costs 400 more over ten years, else all of it."""
    scenario = line_scenario()
    city, town = scenario.tiers
    sizes = (SizeClass("L", 100.0, 50_000.0, 1000.0, 500.0), SizeClass("XL", 200.0, 90_000.0, 1500.0, 900.0))
    a, b = scenario.sites
    upgraded = SitingPlan((OpenSite("A", "city", "XL"),), ())
    cases = (
        (SiteStatus.EXISTING, "L", 40.0),
        (SiteStatus.EXISTING, "", 40.0),
        (SiteStatus.CANDIDATE, "", 90.0),
        (SiteStatus.CANDIDATE, "L", 40.0),
    )
    for status, stands, building in cases:
        one = replace(
            scenario,
            tiers=(replace(city, size_classes=sizes), town),
            sites=(replace(a, status=status, size_class=stands), b),
        )
        problem = build_problem(
            one, NETWORK, RoadLossEnsemble.of([replace(calm(), index=0)]), engine=DijkstraEngine(NETWORK)
        )
        assert problem.options.cost[1] == pytest.approx(1500.0 + building)
        terms = verify_layout(one, NETWORK, upgraded).terms
        assert terms["fixed"] == pytest.approx(1500.0 + building)
