"""Why a site is open and what a rule costs, held against all layouts of tiny cases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.rules import CountRule
from depotopt.scenario import SiteStatus
from depotopt.siting.explanation import Change, explain_rules, explain_sites
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, SolveLimits, Status
from tests.siting.brute import best_value
from tests.siting.cases import CITY, TOWN, Case, counted, random_case

LIMITS = SolveLimits(time_s=30.0, gap=1e-6)


def without(case: Case, ident: str) -> Case:
    sites = tuple(
        replace(site, status=SiteStatus.CLOSED) if site.ident == ident else site
        for site in case.scenario.sites
    )
    return case.with_scenario(sites=sites)


def holds(change: Change, truth: float) -> bool:
    assert change.least is not None
    assert change.most is not None
    slack = 1e-4 * max(1.0, abs(truth))
    return change.least - slack <= truth <= change.most + slack


@pytest.mark.parametrize("seed", range(4))
def test_closing_a_site_costs_what_all_layouts_say(seed: int) -> None:
    case = random_case(seed, sites=3, points=4, states=2)
    best = best_value(case)
    assert best is not None
    changes = dict(explain_sites(case.problem, solve_problem(case.problem, LIMITS), LIMITS))
    for ident, change in changes.items():
        other = best_value(without(case, ident))
        assert other is not None
        assert holds(change, other - best)
        assert other >= best - 1e-6


def test_a_site_the_rules_need_is_explained_by_them() -> None:
    case = random_case(1, sites=3, points=4, states=2, tiers=(counted(CITY, CountRule(1, 1)), TOWN))
    city_only = tuple(
        replace(site, tiers=("city",) if n == 0 else ("town",)) for n, site in enumerate(case.scenario.sites)
    )
    case = case.with_scenario(sites=city_only)
    changes = dict(explain_sites(case.problem, solve_problem(case.problem, LIMITS), LIMITS))
    assert changes["D0"].status is Status.INFEASIBLE
    assert any("city" in conflict for conflict in changes["D0"].conflicts)


@pytest.mark.parametrize("seed", range(3))
def test_relaxing_a_rule_gains_what_all_layouts_say(seed: int) -> None:
    tiers = (counted(CITY, CountRule(None, 1)), TOWN)
    case = random_case(seed, sites=3, points=4, states=2, tiers=tiers)
    relaxed = case.with_scenario(tiers=(counted(CITY, CountRule(None, 2)), TOWN))
    best, freed = best_value(case), best_value(relaxed)
    assert best is not None
    assert freed is not None
    changes = list(explain_rules(case.problem, solve_problem(case.problem, LIMITS), LIMITS))
    count = next(change for name, change in changes if "city" in name)
    assert holds(count, freed - best)
    assert freed <= best + 1e-6


def test_a_larger_budget_never_costs() -> None:
    case = random_case(2, sites=3, points=4, states=2)
    result = solve_problem(case.problem, LIMITS)
    tight = case.with_rules(budget=0.8 * sum(result.terms[n] for n in ("fixed", "holding", "purchase")))
    [(name, change)] = explain_rules(tight.problem, solve_problem(tight.problem, LIMITS), LIMITS)
    assert "budget" in name
    assert change.most is not None
    assert change.most <= 1e-3


def test_a_stop_ends_the_explanation() -> None:
    case = random_case(0, sites=3, points=4, states=2)
    result = solve_problem(case.problem, LIMITS)
    monitor = Monitor()
    monitor.stop()
    assert list(explain_sites(case.problem, result, LIMITS, monitor)) == []


def test_without_a_plan_there_is_nothing_to_explain() -> None:
    case = random_case(0, sites=2, points=2, states=1, tiers=(counted(CITY, CountRule(3, None)), TOWN))
    result = solve_problem(case.problem, LIMITS)
    assert result.status is Status.INFEASIBLE
    assert list(explain_sites(case.problem, result, LIMITS)) == []
    assert list(explain_rules(case.problem, result, LIMITS)) == []


def test_intervals_know_that_rules_only_cost() -> None:
    """Re-solves with a wide gap still say: closing never gains, relaxing never costs."""
    rough = SolveLimits(time_s=30.0, gap=0.3)
    case = random_case(2, sites=3, points=4, states=2, tiers=(counted(CITY, CountRule(None, 1)), TOWN))
    case = case.with_rules(budget=900.0)
    result = solve_problem(case.problem, rough)
    for _, change in explain_sites(case.problem, result, rough):
        assert change.least is None or change.least >= 0
    for _, change in explain_rules(case.problem, result, rough):
        assert change.most is None or change.most <= 0
        assert change.least is None or change.most is None or change.least <= change.most


def test_a_count_nobody_could_break_costs_nothing_at_once() -> None:
    """At most five of three sites: no solve is needed to see it."""
    case = random_case(2, sites=3, points=4, states=2, tiers=(counted(CITY, CountRule(0, 5)), TOWN))
    result = solve_problem(case.problem, LIMITS)
    monitor = Monitor()
    [(name, change)] = explain_rules(case.problem, result, LIMITS, monitor)
    assert name == "tier city: 0 to 5 open site(s)"
    assert (change.least, change.most, change.terms) == (0.0, 0.0, {})


def test_a_rule_on_one_site_of_several_sizes_is_dropped_not_counted() -> None:
    case = random_case(2, sites=3, points=4, states=2)
    first = replace(case.scenario.sites[0], status=SiteStatus.MUST_OPEN, tiers=("city",))
    case = case.with_scenario(sites=(first, *case.scenario.sites[1:]))
    [(name, change)] = explain_rules(case.problem, solve_problem(case.problem, LIMITS), LIMITS)
    assert name == "site D0 must be open"
    assert change.subject == "without the rule"
