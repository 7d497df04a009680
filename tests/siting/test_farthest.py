"""The farthest person against every layout of tiny cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.rules import CountRule, SitingObjective
from depotopt.siting.farthest import farthest, within_rule
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, SolveLimits, Status
from tests.siting.brute import keeps_rules, layouts, seconds
from tests.siting.cases import CITY, TOWN, Case, random_case

LIMITS = SolveLimits(time_s=60.0, gap=1e-4)
ORDER = SitingObjective(lexicographic=("farthest", "mean", "cost"), tolerance=0.0)


def few(seed: int) -> Case:
    """Four sites of which at most two of each tier open, under an order that begins with the farthest."""
    two = (CountRule(maximum=2),)
    tiers = (replace(CITY, counts=(CountRule(maximum=1),)), replace(TOWN, counts=two))
    return random_case(seed, sites=4, points=6, states=2, tiers=tiers).with_scenario(objective=ORDER)


def by_all_layouts(case: Case) -> float:
    """Least longest travel time over all layouts that keep the rules, of points some site reaches."""
    calm = seconds(case)[1]
    people = np.array([point.people for point in case.scenario.demand_points])
    able = [j for choice in layouts(case.scenario) for j in choice]
    asked = np.isfinite(calm[sorted(set(able))]).any(axis=0) & (people > 0)
    return min(
        float(calm[list(choice)][:, asked].min(axis=0, initial=np.inf).max(initial=0.0))
        for choice in layouts(case.scenario)
        if keeps_rules(case, choice)
    )


@pytest.mark.parametrize("seed", range(8))
def test_bisection_finds_the_best_of_all_layouts(seed: int) -> None:
    case = few(seed)
    best = by_all_layouts(case)
    found = farthest(case.problem, LIMITS, Monitor())
    if not np.isfinite(best):
        assert found is None
        return
    assert found is not None
    assert found.proved
    assert found.time_s == pytest.approx(best)


@pytest.mark.parametrize("seed", range(3))
def test_the_layout_keeps_the_farthest_person_where_it_is_best(seed: int) -> None:
    case = few(seed)
    best = by_all_layouts(case)
    assert np.isfinite(best)
    result = solve_problem(case.problem, LIMITS, engine="highs")
    assert result.plan is not None
    assert result.status is Status.OPTIMAL
    calm = seconds(case)[1]
    opened = [case.scenario.site_index[item.site] for item in result.plan.open_sites]
    people = np.array([point.people for point in case.scenario.demand_points])
    reached = np.isfinite(case.problem.calm_s).any(axis=0) & (people > 0)
    assert calm[opened][:, reached].min(axis=0).max() == pytest.approx(best)
    assert any("farthest person" in note for note in result.notes)


def test_a_stop_leaves_a_bound_that_is_none_too_high() -> None:
    case = few(1)
    monitor = Monitor()
    monitor.stop()
    assert farthest(case.problem, LIMITS, monitor) is None
    exact = farthest(case.problem, LIMITS, Monitor())
    assert exact is not None
    assert exact.bound_s <= exact.time_s


def test_the_rule_asks_for_every_reachable_point() -> None:
    problem = few(2).problem
    reached = np.isfinite(problem.calm_s).any(axis=0)
    assert within_rule(problem, 1e9).required == reached.sum()
