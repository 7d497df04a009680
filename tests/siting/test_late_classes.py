"""Classes of late arrival: what they cost, who pays them, and that every engine and the verifier agree."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.hazards.states import intact
from depotopt.plans import OpenSite, SitingPlan, StockLine
from depotopt.rules import SitingObjective
from depotopt.siting.recourse.recourse import recourse, respond
from depotopt.siting.solve import solve_siting
from depotopt.solving import SolveLimits, Status
from depotopt.units import HOUR_S
from depotopt.verify.recourse import verify_siting
from tests.siting.cases import CITY, Case, random_case
from tests.siting.supply_cases import supply_case

CLASSES = ((2_000.0, 30.0), (3_500.0, 90.0))
EXACT = SolveLimits(time_s=60.0, gap=1e-6)


def late_case(seed: int, *, hubs: bool = False) -> Case:
    case = supply_case(seed) if hubs else random_case(seed)
    return case.with_scenario(objective=SitingObjective(late=CLASSES))


def solved(case: Case, engine: str) -> tuple[float, SitingPlan]:
    result = solve_siting(
        case.scenario, case.network, case.ensemble, limits=EXACT, engine=engine, travel=case.engine
    )
    assert result.status is Status.OPTIMAL
    assert result.objective is not None
    assert result.plan is not None
    flows = recourse(case.scenario, result.plan, case.network, case.ensemble)
    check = verify_siting(case.scenario, case.network, result.plan, case.ensemble, flows)
    assert check.compare(result.objective, 1e-6).violations == ()
    return result.objective, result.plan


@pytest.mark.parametrize(("seed", "hubs"), [*itertools.product(range(3), [False, True])])
def test_engines_agree_and_the_verifier_prices_alike(seed: int, hubs: bool) -> None:
    """The verifier looks at arrivals and tonnes, not at hours that lateness counts like."""
    case = late_case(seed, hubs=hubs)
    whole, _ = solved(case, "highs")
    cut, _ = solved(case, "cuts")
    assert whole == pytest.approx(cut, rel=2e-5)


@pytest.mark.parametrize("seed", range(4))
def test_lateness_costs_and_never_more_than_what_comes_late_on_the_old_ways(seed: int) -> None:
    """The response costs at least what it did, at most that plus the classes of the flows as they were."""
    case = late_case(seed)
    punctual = case.with_scenario(objective=SitingObjective())
    _, plan = solved(punctual, "highs")
    kg = case.scenario.kg_per_unit
    priority = np.array([point.priority for point in case.scenario.demand_points])
    for old, new in zip(
        respond(punctual.scenario, plan, case.network, case.ensemble),
        respond(case.scenario, plan, case.network, case.ensemble),
        strict=True,
    ):
        before = old.transport_cost + old.unmet_cost
        tonnes = old.flows.units * kg[old.flows.commodity] / 1_000.0
        per_t = sum(
            np.where(old.flows.arrive_s > after_s, cost, 0.0)
            for after_s, cost in ((2_000.0, 30.0), (3_500.0, 60.0))
        )
        extra = float((tonnes * per_t * priority[old.flows.point]).sum())
        after = new.transport_cost + new.unmet_cost
        assert before - 1e-6 <= after <= before + extra * (1 + 1e-6) + 1e-6


def test_a_farther_depot_that_is_ready_serves_where_a_class_lies_between() -> None:
    """The nearer of two depots gets ready so late that its goods come in a late class."""
    case = random_case(0, sites=2, points=1, tiers=(CITY,))
    scenario, places = case.scenario, case.network.places
    assert places is not None
    travel_s = np.hypot(places.lon[:2] - places.lon[2], places.lat[:2] - places.lat[2]) * 111_000.0 * 0.06
    near, far = (int(j) for j in np.argsort(travel_s))
    ready_s = {near: float(travel_s[far] + 600.0 - travel_s[near]), far: 0.0}
    sites = tuple(
        replace(site, tiers=("city",), commodity_classes=(), capacity_m3=np.inf, readiness_s=ready_s[j])
        for j, site in enumerate(scenario.sites)
    )
    point = replace(scenario.demand_points[0], deadline_s=1e6)
    objective = SitingObjective(late=((float(travel_s[far] + 300.0), 500.0),))
    case = case.with_scenario(sites=sites, demand_points=(point,), stock=(), objective=objective)
    plan = SitingPlan(
        tuple(OpenSite(site.ident, "city", "L") for site in sites),
        tuple(StockLine(site.ident, "water", 100_000.0, "physical") for site in sites),
    )
    calm = [intact(2, 1)]
    (late,) = respond(case.scenario, plan, case.network, calm)
    (punctual,) = respond(case.with_scenario(objective=SitingObjective()).scenario, plan, case.network, calm)
    assert set(punctual.flows.site.tolist()) == {near}
    assert set(late.flows.site.tolist()) == {far}


def test_hours_that_cost_nothing_cannot_carry_a_class() -> None:
    case = late_case(0).with_rules(transport_cost_per_th=0.0)
    with pytest.raises(UsageError, match="a late arrival costs up to"):
        assert case.problem


def test_a_class_beyond_the_response_time_changes_nothing() -> None:
    case = random_case(2)
    beyond = case.with_scenario(objective=SitingObjective(late=((10 * HOUR_S, 1_000.0),)))
    assert solved(case, "highs") == solved(beyond, "highs")
