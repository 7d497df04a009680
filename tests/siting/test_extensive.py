"""The extensive form against every layout of tiny cases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.rules import CountRule
from depotopt.scenario import SiteStatus
from depotopt.siting.engines import Answer
from depotopt.siting.extensive import ExtensiveForm
from depotopt.siting.solve import solve_problem
from depotopt.solving import Limit, SolveLimits, Status
from tests.siting.brute import best_value
from tests.siting.cases import CITY, TOWN, Case, random_case

EXACT = SolveLimits(time_s=60.0, gap=1e-7)


def ruled_case(seed: int) -> Case:
    """A tiny case under rules that change with the seed."""
    rules = (CountRule(maximum=1), CountRule(minimum=1, zone="*"), CountRule(minimum=1, kind="school"))
    town = replace(TOWN, support_s=4_000.0 if seed % 2 else None, counts=(rules[seed % 3],))
    city = replace(CITY, service_standard_s=3_000.0, min_coverage=0.4 * (seed % 4 == 3))
    case = random_case(seed, sites=3, points=4, states=2, tiers=(city, town))
    if seed % 5 == 0:
        case = case.with_rules(budget=2_500.0)
    if seed % 7 == 0:
        first, *others = case.scenario.sites
        case = case.with_scenario(sites=(replace(first, status=SiteStatus.MUST_OPEN), *others))
    return case


@pytest.mark.parametrize("seed", range(14))
def test_optimum_is_that_of_all_layouts(seed: int) -> None:
    """No layout of the case is better than the optimum, and infeasible means that none keeps the rules."""
    case = ruled_case(seed)
    best = best_value(case)
    result = solve_problem(case.problem, EXACT, engine="highs")
    if best is None:
        assert result.status is Status.INFEASIBLE
        assert result.conflicts
    else:
        assert result.status is Status.OPTIMAL
        assert result.objective == pytest.approx(best, rel=1e-6)
        assert result.bound == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_engines_agree(seed: int) -> None:
    """HiGHS and GSCIP prove the same value."""
    problem = random_case(seed).problem
    values = [solve_problem(problem, EXACT, engine=name).objective for name in ("highs", "gscip")]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


class SilentEngine:
    """Ends at once with nothing, as an engine does that is stopped before its first solution."""

    name = "silent"

    def solve(self, *_given: object, **_named: object) -> Answer:
        return Answer(Status.UNKNOWN, None, None, None, Limit.STOPPED)


def test_a_stop_before_the_first_solution_still_gives_a_layout() -> None:
    """Some layout that keeps the rules, without a bound."""
    problem = ruled_case(1).problem
    outcome = ExtensiveForm(problem).solve(EXACT, engine=SilentEngine())
    assert outcome.status is Status.FEASIBLE
    assert outcome.limit is Limit.STOPPED
    assert outcome.layout is not None
    assert outcome.bound is None
