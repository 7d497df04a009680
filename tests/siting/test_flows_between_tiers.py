"""Stock behind depots, hubs, late agreements and helpers: held against every layout of tiny cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.plans import OpenSite, SitingPlan
from depotopt.scenario import SiteStatus
from depotopt.siting.explanation import explain_rules, explain_sites
from depotopt.siting.model.problem import CountLimit
from depotopt.siting.naming import as_layout, as_plan
from depotopt.siting.prices.price_kernels import AllArcs, Wanted, look
from depotopt.siting.recourse.recourse import recourse, response_terms
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from depotopt.verify.recourse import verify_siting
from tests.siting.cases import Case, random_case
from tests.siting.supply_brute import best_supply
from tests.siting.supply_cases import BASE, HUB, supply_case, without_replenishment

EXACT = SolveLimits(time_s=60.0, gap=1e-7)
TIGHT = SolveLimits(time_s=60.0, gap=1e-4)
BUDGETS = (("North", 900.0), ("South", 500.0))


def varied(seed: int) -> Case:
    """A case with budgets of owners for every second seed."""
    case = supply_case(seed)
    return case.with_rules(owner_budgets=BUDGETS) if seed % 2 else case


@pytest.mark.parametrize("seed", range(10))
def test_optimum_is_that_of_all_layouts(seed: int) -> None:
    """No layout, priced by a program written from the scenario alone, is better than the optimum."""
    case = varied(seed)
    result = solve_problem(case.problem, EXACT, engine="highs")
    best = best_supply(case)
    assert best is not None
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_verifier_finds_the_same_objective(seed: int) -> None:
    """Flows through hubs keep every rule and cost what the solve claims."""
    case = varied(seed)
    result = solve_problem(case.problem, EXACT, engine="highs")
    assert result.plan is not None
    assert result.objective is not None
    flows = list(recourse(case.scenario, result.plan, case.network, case.ensemble, engine=case.engine))
    check = verify_siting(case.scenario, case.network, result.plan, list(case.ensemble), flows)
    assert check.compare(result.objective, 1e-7).violations == ()


@pytest.mark.parametrize("seed", range(6))
def test_replenishment_never_worsens(seed: int) -> None:
    """One more way for stock to reach people cannot raise the optimum, and in some case it lowers it."""
    case = supply_case(seed)
    with_it = solve_problem(case.problem, EXACT, engine="highs").objective
    without = solve_problem(without_replenishment(case).problem, EXACT, engine="highs").objective
    assert with_it is not None
    assert without is not None
    assert with_it <= without * (1 + 1e-6)
    if seed in (0, 4, 5):
        assert with_it < 0.95 * without


@pytest.mark.parametrize("seed", range(8))
def test_cuts_prove_what_the_extensive_form_proves(seed: int) -> None:
    """Same optimum within both gaps, bound never above it."""
    problem = supply_case(seed).problem
    exact = solve_problem(problem, EXACT, engine="highs")
    cuts = solve_problem(problem, TIGHT, engine="cuts")
    assert exact.objective is not None
    assert cuts.bound is not None
    assert cuts.objective == pytest.approx(exact.objective, rel=2e-4)
    assert cuts.bound <= exact.objective * (1 + 1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_cut_is_valid_everywhere(seed: int) -> None:
    """Charged to gates or sources, a cut made at one point under-estimates the recourse of any layout."""
    rng = np.random.default_rng(seed)
    problem = supply_case(seed % 7, sites=5, points=6, states=1).problem
    arcs, k = problem.arcs, int(seed % 2)
    need = np.ascontiguousarray(problem.need[0, :, k])
    penalty = np.ascontiguousarray(problem.penalty[:, k])
    ways = AllArcs(arcs.first, arcs.site, arcs.origin, arcs.time_ds)
    x = rng.random(problem.sites)[problem.opener]
    price = rng.random(problem.sites) * rng.choice([0.0, 50.0])
    weight, load = np.zeros(problem.sites), np.zeros(problem.sites)
    constant = look(0, ways, Wanted(problem.rate[k : k + 1], need, penalty), x, price, load, weight)
    for _ in range(10):
        opened = (rng.random(problem.sites) < 0.6)[problem.opener]
        usable = np.zeros((1, problem.sites, problem.commodities))
        usable[0, :, k] = opened * rng.random(problem.sites) * rng.choice([50.0, 3_000.0])
        transport, unmet = response_terms(problem, usable, opened)
        others = (problem.need[0] * problem.penalty).sum() - need @ penalty
        value = float(transport[0] + unmet[0] - others)
        assert constant - price @ usable[0, :, k] - weight @ opened <= value + 1e-6 * max(1.0, value)


def test_without_replenishment_arcs_are_the_depots_own() -> None:
    """One position per site, every arc with the stock of the depot it leaves, at the roads' time."""
    case = random_case(3)
    problem = case.problem
    assert problem.sites == len(case.scenario.sites)
    assert problem.arcs.direct
    assert (problem.opener == np.arange(problem.sites)).all()
    assert not problem.options.supplies[~problem.options.dispatches].any()


def test_a_dispatching_tier_gains_nothing_by_replenishing() -> None:
    """The way through another depot is never faster, so the problem stays the same arc by arc."""
    case = random_case(2)
    city, town = case.scenario.tiers
    same = case.with_scenario(tiers=(replace(city, replenishes=("town",)), town)).problem
    before = case.problem
    assert same.arcs.direct
    assert np.array_equal(same.arcs.site, before.arcs.site)
    assert np.array_equal(same.arcs.time_ds, before.arcs.time_ds)


def test_nearest_keeps_the_fastest_ways_of_both_kinds() -> None:
    """With ``nearest`` one direct arc and one over a hub are left per point and state at most."""
    case = supply_case(4, sites=5)
    from depotopt.siting.model.assembly import build_problem

    problem = build_problem(case.scenario, case.network, case.ensemble, engine=case.engine, nearest=1)
    arcs = problem.arcs
    point = np.repeat(np.arange(len(arcs.first) - 1), np.diff(arcs.first))
    passed = problem.opener[arcs.source] != arcs.site
    for kind in (passed, ~passed):
        assert np.bincount(point[kind]).max(initial=0) == 1


def aided() -> Case:
    """A case whose last site lends tents from a base through hubs."""
    case = supply_case(6)
    assert case.scenario.sites[-1].status is SiteStatus.MUTUAL_AID
    return case


def test_a_helper_is_no_part_of_the_plan_and_still_serves() -> None:
    """Plans neither open it nor hold stock there; a hub alone sends on what it lends."""
    case = aided()
    helper = case.scenario.sites[-1].ident
    plan = solve_problem(case.problem, EXACT, engine="highs").plan
    assert plan is not None
    assert helper not in {item.site for item in plan.open_sites} | {line.site for line in plan.stock}
    layout = as_layout(case.problem, plan)
    assert as_plan(case.problem, layout) == plan
    scenario = case.scenario
    sites = (*(replace(site, tiers=("hub",)) for site in scenario.sites[:-1]), scenario.sites[-1])
    hubs = case.with_scenario(sites=sites)
    alone = SitingPlan((OpenSite("D0", "hub", "X"),), ())
    sent = list(recourse(hubs.scenario, alone, hubs.network, hubs.ensemble, engine=hubs.engine))
    assert sum(flow.units.sum() for flow in sent) > 0
    assert {scenario.sites[j].ident for flow in sent for j in flow.site} == {helper}
    assert {scenario.sites[j].ident for flow in sent for j in flow.through} == {"D0"}
    check = verify_siting(hubs.scenario, hubs.network, alone, list(hubs.ensemble), sent)
    assert check.violations == ()


def test_opening_a_helper_is_caught() -> None:
    """A layout that opens a helper is not one of the scenario's."""
    case = aided()
    ident = case.scenario.sites[-1].ident
    tier = case.scenario.tiers[case.scenario.tier_index[case.scenario.sites[-1].tiers[0]]]
    plan = SitingPlan((OpenSite(ident, tier.ident, tier.size_classes[0].ident),), ())
    flows = recourse(case.scenario, SitingPlan((), ()), case.network, case.ensemble, engine=case.engine)
    check = verify_siting(case.scenario, case.network, plan, list(case.ensemble), flows)
    assert any("lends mutual aid" in text for text in check.violations)


def test_a_flow_through_a_hub_has_to_be_allowed() -> None:
    """The same flows are refused where the base does not replenish hubs, and where the hub is closed."""
    case = supply_case(4)
    plan = solve_problem(case.problem, EXACT, engine="highs").plan
    assert plan is not None
    flows = list(recourse(case.scenario, plan, case.network, case.ensemble, engine=case.engine))
    assert any((flow.through != flow.site).any() for flow in flows)
    alone = without_replenishment(case)
    check = verify_siting(alone.scenario, case.network, plan, list(case.ensemble), flows)
    assert any("does not replenish" in text for text in check.violations)
    hubs = {item.site for item in plan.open_sites if item.tier == HUB.ident}
    shut = replace(plan, open_sites=tuple(item for item in plan.open_sites if item.site not in hubs))
    check = verify_siting(case.scenario, case.network, shut, list(case.ensemble), flows)
    assert any("not an open dispatching depot" in text for text in check.violations)
    early = [replace(flow, arrive_s=flow.arrive_s - 60.0) for flow in flows]
    check = verify_siting(case.scenario, case.network, plan, list(case.ensemble), early)
    assert any("before the roads allow" in text for text in check.violations)


def test_stock_of_a_base_without_open_hub_stays_where_it_is() -> None:
    """Nothing leaves a tier that does not dispatch but through a depot that does."""
    case = supply_case(4)
    base = next(site for site in case.scenario.sites if BASE.ident in site.tiers)
    plan = SitingPlan((OpenSite(base.ident, "base", "B"),), ())
    for flow in recourse(case.scenario, plan, case.network, case.ensemble, engine=case.engine):
        assert not (flow.site == case.scenario.site_index[base.ident]).any()


def test_an_owner_that_cannot_pay_is_named() -> None:
    """A site that must open and a budget that does not carry it are the whole conflict."""
    case = supply_case(1)
    first, *others = case.scenario.sites
    must = replace(first, status=SiteStatus.MUST_OPEN, owner="North", cost_share=1.0, co_funders=())
    poor = case.with_scenario(sites=(must, *others)).with_rules(owner_budgets=(("North", 1.0),))
    result = solve_problem(poor.problem, EXACT)
    assert result.status is Status.INFEASIBLE
    assert set(result.conflicts) == {
        "site D0 must be open",
        "North bears at most 1 a year (owner_budgets): the other rules named cost at least 93",
    }


def test_only_rules_that_somebody_made_are_relaxed() -> None:
    """That helpers are there and sites open in one way only is not up for discussion."""
    case = supply_case(6)
    first, *others = case.scenario.sites
    both = case.with_scenario(sites=(replace(first, tiers=("base", "depot")), *others))
    problem = both.problem
    given_rules = [rule.name for rule in problem.rules if isinstance(rule, CountLimit) and rule.given]
    assert given_rules == ["site D0 is open in one way only", "site D3 lends mutual aid"]
    result = solve_problem(problem, EXACT, engine="highs")
    relaxed = [name for name, _ in explain_rules(problem, result, EXACT)]
    assert not set(given_rules) & set(relaxed)


def test_closing_a_site_of_two_ways_closes_both() -> None:
    """Without it the optimum uses neither its stock nor its gate."""
    case = supply_case(5)
    problem = case.problem
    result = solve_problem(problem, EXACT, engine="highs")
    twofold = {ident for ident in problem.site_ids if problem.site_ids.count(ident) > 1}
    asked = dict(explain_sites(problem, result, EXACT, engine="highs"))
    assert twofold & asked.keys()
    for ident, change in asked.items():
        assert ident in change.closed
