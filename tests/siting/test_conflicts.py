"""Infeasible rules are named, and only those."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.rules import CountRule
from depotopt.siting.conflicts import conflicting_rules
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from tests.siting.cases import CITY, TOWN, counted, random_case

LIMITS = SolveLimits(time_s=20.0)


def test_budget_below_the_counts_is_named() -> None:
    """Four depots for less than one costs: the count and the budget, with their numbers."""
    tiers = (counted(CITY, CountRule(minimum=2)), counted(TOWN, CountRule(maximum=3)))
    case = random_case(4, tiers=tiers).with_rules(budget=100.0)
    result = solve_problem(case.problem, LIMITS)
    assert result.status is Status.INFEASIBLE
    assert result.conflicts == ("tier city: at least 2 open site(s)", "yearly cost at most 100 (budget)")


def test_contradicting_counts_are_named() -> None:
    """At least three and at most one in the same tier."""
    tiers = (CITY, counted(TOWN, CountRule(minimum=3), CountRule(maximum=1), CountRule(maximum=2, zone="Z0")))
    assert conflicting_rules(random_case(2, tiers=tiers).problem, LIMITS) == (
        "tier town: at least 3 open site(s)",
        "tier town: at most 1 open site(s)",
    )


def test_support_out_of_reach_is_named() -> None:
    """Towns that must open but have no city within a minute."""
    tiers = (
        counted(CITY, CountRule(maximum=0)),
        replace(counted(TOWN, CountRule(minimum=1)), support_s=60.0),
    )
    conflicts = conflicting_rules(random_case(1, tiers=tiers).problem, LIMITS)
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
    names = conflicting_rules(problem, LIMITS)
    assert names
    named = [rule for rule in problem.rules if rule.name in names]
    for left_out in named:
        rest = tuple(rule for rule in named if rule is not left_out)
        assert conflicting_rules(replace(problem, rules=rest), LIMITS) == ()
