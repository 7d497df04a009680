"""Infeasible rules are named, and only those."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.rules import CountRule
from depotopt.scenario import SiteStatus
from depotopt.siting.attempt import measured
from depotopt.siting.conflicts import conflict_sentences, conflicting_rules
from depotopt.siting.model.problem import SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from tests.siting.cases import CITY, TOWN, counted, random_case

LIMITS = SolveLimits(time_s=20.0)


def names_of(problem: SitingProblem) -> tuple[str, ...]:
    return tuple(rule.name for rule in conflicting_rules(problem, LIMITS))


def test_budget_below_the_counts_is_named() -> None:
    """Four depots for less than one costs: the count and the budget, with their numbers."""
    tiers = (counted(CITY, CountRule(minimum=2)), counted(TOWN, CountRule(maximum=3)))
    case = random_case(4, tiers=tiers).with_rules(budget=100.0)
    result = solve_problem(case.problem, LIMITS)
    assert result.status is Status.INFEASIBLE
    two, budget = result.conflicts
    assert two == "tier city: at least 2 open site(s)"
    said, least = budget.split(": the other rules named cost at least ")
    assert said == "yearly cost at most 100 (budget)"
    city = [n for n, tier in enumerate(case.problem.options.tier) if tier == 0]
    site, cost = case.problem.options.site[city], case.problem.options.cost[city]
    by_site = sorted(min(cost[site == j]) for j in set(site.tolist()))
    assert float(least.replace(",", "")) == pytest.approx(by_site[0] + by_site[1], abs=0.51)


def test_contradicting_counts_are_named() -> None:
    """At least three and at most one in the same tier."""
    tiers = (CITY, counted(TOWN, CountRule(minimum=3), CountRule(maximum=1), CountRule(maximum=2, zone="Z0")))
    assert names_of(random_case(2, tiers=tiers).problem) == (
        "tier town: at least 3 open site(s)",
        "tier town: at most 1 open site(s)",
    )


def test_support_out_of_reach_is_named() -> None:
    """Towns that must open but have no city within a minute."""
    tiers = (
        counted(CITY, CountRule(maximum=0)),
        replace(counted(TOWN, CountRule(minimum=1)), support_s=60.0),
    )
    conflicts = names_of(random_case(1, tiers=tiers).problem)
    assert conflicts == (
        "tier town: at least 1 open site(s)",
        "tier town: an open site of a higher tier within 1 min",
    )


def test_rules_that_hold_have_no_conflict() -> None:
    """A feasible case names nothing."""
    assert conflicting_rules(random_case(0).problem, LIMITS) == ()


@pytest.mark.parametrize("seed", range(4))
def test_leaving_out_any_named_rule_ends_the_conflict(seed: int) -> None:
    """The named set is a smallest one: each of its rules is needed."""
    tiers = (
        counted(CITY, CountRule(minimum=2, zone="*"), CountRule(maximum=1)),
        counted(TOWN, CountRule(minimum=3), CountRule(maximum=2, kind="school")),
    )
    problem = random_case(seed, tiers=tiers).with_rules(budget=600.0).problem
    named = conflicting_rules(problem, LIMITS)
    assert named
    for left_out in named:
        rest = tuple(rule for rule in named if rule is not left_out)
        assert conflicting_rules(replace(problem, rules=rest), LIMITS) == ()


def test_of_two_explanations_the_plainer_one_is_named() -> None:
    """A depot that must be open contradicts a budget; that somebody has to be covered would do so, too."""
    city = replace(CITY, service_standard_s=9_000.0, min_coverage=0.3)
    case = random_case(4, tiers=(city, TOWN)).with_rules(budget=50.0)
    first = case.scenario.sites[0]
    case = case.with_scenario(sites=(replace(first, status=SiteStatus.MUST_OPEN), *case.scenario.sites[1:]))
    assert names_of(case.problem) == ("site D0 must be open", "yearly cost at most 50 (budget)")


def test_coverage_out_of_reach_says_what_can_be_had() -> None:
    """Ninety-nine in a hundred people within five minutes of one depot of two."""
    city = replace(counted(CITY, CountRule(maximum=1)), service_standard_s=300.0, min_coverage=0.99)
    (said,) = conflict_sentences(random_case(3, tiers=(city,)).problem, LIMITS)
    assert said.startswith("tier city: 99 % of people within 5 min of an open site: at most ")
    assert said.endswith(" can be covered")


def test_a_ceiling_that_only_a_budget_breaks_names_the_budget() -> None:
    """Nothing unmet, for no money: either could be had alone."""
    case = random_case(0).with_rules(budget=700.0)
    free = solve_problem(case.with_rules(budget=None).problem, LIMITS)
    cheap = solve_problem(case.problem, LIMITS)
    least = []
    for one in (free, cheap):
        assert one.plan is not None
        least.append(measured(case.problem, as_layout(case.problem, one.plan), "mean"))
    assert least[0] < least[1]
    objective = replace(case.scenario.objective, max_mean_response=0.9 * least[1] + 0.1 * least[0])
    case = case.with_scenario(objective=objective)
    result = solve_problem(case.problem, LIMITS)
    assert result.status is Status.INFEASIBLE
    ceiling, budget = result.conflicts
    assert "mean response cost at most" in ceiling
    assert budget == "yearly cost at most 700 (budget)"
    assert solve_problem(case.with_rules(budget=None).problem, LIMITS).plan is not None
