"""Coverage that is demanded or priced, r-fold, graded and over road states, against every layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.rules import Tier
from depotopt.siting.model.services import credit_steps
from depotopt.siting.recourse.recourse import recourse
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from depotopt.verify.recourse import verify_siting
from tests.siting.brute import best_value
from tests.siting.cases import CITY, TOWN, Case, random_case

EXACT = SolveLimits(time_s=60.0, gap=1e-6)

KINDS: dict[str, dict[str, object]] = {
    "backup": {"service_standard_s": 5_000.0, "min_coverage": 0.6, "backup": 2},
    "expected": {"service_standard_s": 4_000.0, "min_expected_coverage": 0.7},
    "graded": {"graded": ((2_500.0, 1.0), (5_000.0, 0.4)), "min_expected_coverage": 0.5},
    "priced": {"service_standard_s": 3_500.0, "uncovered_cost": 6.0},
    "priced backup": {"service_standard_s": 6_000.0, "uncovered_cost": 9.0, "backup": 2},
    "priced grades": {"graded": ((2_500.0, 1.0), (6_000.0, 0.3)), "uncovered_cost": 5.0},
}


def served_case(kind: str, seed: int) -> Case:
    town: Tier = replace(TOWN, **KINDS[kind])  # type: ignore[arg-type]
    return random_case(seed, sites=3, points=4, states=2, tiers=(CITY, town))


@pytest.mark.parametrize("engine", ["highs", "cuts"])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
def test_optimum_is_that_of_all_layouts(kind: str, seed: int, engine: str) -> None:
    case = served_case(kind, seed)
    best = best_value(case)
    result = solve_problem(case.problem, EXACT, engine=engine)
    if best is None:
        assert result.status is Status.INFEASIBLE
        assert result.conflicts
        return
    assert result.objective == pytest.approx(best, rel=1e-5)
    assert result.bound is not None
    assert best * (1 - 1e-4) <= result.bound <= best * (1 + 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_verifier_finds_the_same_objective(kind: str) -> None:
    for seed in range(4):
        case = served_case(kind, seed)
        result = solve_problem(case.problem, EXACT, engine="highs")
        if result.plan is None:
            continue
        flows = recourse(case.scenario, result.plan, case.network, case.ensemble)
        check = verify_siting(case.scenario, case.network, result.plan, list(case.ensemble), flows)
        assert check.violations == ()
        assert check.objective == pytest.approx(result.objective, rel=1e-6)
        if "priced" in kind:
            assert check.terms["uncovered"] == pytest.approx(result.terms["uncovered"], abs=1e-6)


def test_steps_of_grades_add_up_to_the_credit_within_them() -> None:
    tier = replace(TOWN, graded=((900.0, 1.0), (1_800.0, 0.5), (3_600.0, 0.5), (7_200.0, 0.0)))
    steps = credit_steps(tier)
    assert steps == ((900.0, 0.5), (3_600.0, 0.5))
    for within_s, credit in ((600.0, 1.0), (900.1, 0.5), (3_600.0, 0.5), (5_000.0, 0.0)):
        assert sum(worth for limit, worth in steps if within_s <= limit) == pytest.approx(credit)


def test_people_nobody_reaches_stay_uncovered_at_their_price() -> None:
    case = served_case("priced", 1)
    nobody = replace(TOWN, service_standard_s=1.0, uncovered_cost=2.0)
    case = case.with_scenario(tiers=(CITY, nobody))
    result = solve_problem(case.problem, EXACT, engine="highs")
    people = np.array([point.people for point in case.scenario.demand_points])
    assert result.terms["uncovered"] == pytest.approx(2.0 * people.sum())
