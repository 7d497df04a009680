"""Inequality of travel times against every layout of tiny cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.rules import CountRule, SitingObjective
from depotopt.siting.inequality import even_rule, evenness, least_inequality
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, SolveLimits, Status
from tests.siting.brute import keeps_rules, layouts, seconds
from tests.siting.cases import CITY, TOWN, Case, random_case

LIMITS = SolveLimits(time_s=60.0, gap=1e-6)
ORDER = SitingObjective(lexicographic=("inequality", "mean", "cost"), tolerance=0.0)


def few(seed: int) -> Case:
    """Four sites of which one city and at most two towns open, under an order that begins with inequality."""
    tiers = (
        replace(CITY, counts=(CountRule(maximum=1),)),
        replace(TOWN, counts=(CountRule(minimum=1, maximum=2),)),
    )
    return random_case(seed, sites=4, points=5, states=2, tiers=tiers).with_scenario(objective=ORDER)


def difference(case: Case, choice: list[int]) -> float:
    """Mean absolute difference over all pairs of people, by the definition."""
    calm = seconds(case)[1]
    people = np.array([point.people for point in case.scenario.demand_points])
    nearest = calm[choice].min(axis=0, initial=np.inf)
    if not np.isfinite(nearest).all():
        return float("inf")
    total = 0.0
    for h, mine in enumerate(nearest):
        for i, theirs in enumerate(nearest):
            total += people[h] * people[i] * abs(mine - theirs)
    return float(total / people.sum() ** 2)


@pytest.mark.parametrize("seed", range(6))
def test_the_least_inequality_is_that_of_the_best_of_all_layouts(seed: int) -> None:
    case = few(seed)
    able = [choice for choice in layouts(case.scenario) if keeps_rules(case, choice)]
    best = min((difference(case, list(choice)) for choice in able), default=np.inf)
    found = least_inequality(case.problem, LIMITS, Monitor())
    if not np.isfinite(best):
        assert found is None
        return
    assert found is not None
    assert found.proved
    assert found.time_s == pytest.approx(best, abs=0.05)
    assert found.bound_s <= found.time_s + 1e-9


@pytest.mark.parametrize("engine", ["highs", "cuts"])
@pytest.mark.parametrize("seed", range(2))
def test_the_layout_keeps_inequality_where_it_is_least(seed: int, engine: str) -> None:
    case = few(seed)
    able = [choice for choice in layouts(case.scenario) if keeps_rules(case, choice)]
    best = min(difference(case, list(choice)) for choice in able)
    result = solve_problem(case.problem, LIMITS, engine=engine)
    assert result.plan is not None
    assert result.status is Status.OPTIMAL
    opened = [case.scenario.site_index[item.site] for item in result.plan.open_sites]
    assert difference(case, opened) == pytest.approx(best, rel=1e-4, abs=0.1)
    assert any(note.startswith("travel times of two people") for note in result.notes)


def test_a_rule_on_inequality_names_its_minutes() -> None:
    rule = even_rule(few(0).problem, 300.0)
    assert rule.name == "travel times of two people 5.0 min apart on average at most (minimised before)"


def test_too_many_points_are_refused() -> None:
    case = random_case(0, sites=3, points=101, states=1).with_scenario(objective=ORDER)
    with pytest.raises(UsageError, match="at most 100 demand points with people, found 101"):
        evenness(case.problem)
