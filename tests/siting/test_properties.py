"""What must hold for every case: monotonicity and repeatability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.hazards.states import Damage, RoadLossEnsemble
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits
from tests.siting.cases import CITY, TOWN, Case, random_case

EXACT = SolveLimits(time_s=60.0, gap=1e-7)


def optimum(case: Case) -> float:
    value = solve_problem(case.problem, EXACT).objective
    assert value is not None
    return value


@pytest.mark.parametrize("seed", range(5))
def test_more_room_never_hurts(seed: int) -> None:
    """Doubling every size class at the same cost cannot raise the optimum."""
    roomy = tuple(
        replace(
            tier,
            size_classes=tuple(
                replace(size, capacity_m3=2 * size.capacity_m3, capacity_kg=2 * size.capacity_kg)
                for size in tier.size_classes
            ),
        )
        for tier in (CITY, TOWN)
    )
    case = random_case(seed)
    assert optimum(case.with_scenario(tiers=roomy)) <= optimum(case) * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_losing_a_road_never_helps(seed: int) -> None:
    """Closing one more street in every road state cannot lower the optimum."""
    case = random_case(seed)
    worse = [
        replace(
            state, damage=Damage.concatenate([state.damage, Damage.of([seed % len(case.network.streets)])])
        )
        for state in case.ensemble
    ]
    assert optimum(replace(case, ensemble=RoadLossEnsemble.of(worse))) >= optimum(case) * (1 - 1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_one_more_site_never_hurts(seed: int) -> None:
    """Leaving a site out of the choice cannot lower the optimum (no rule asks for it)."""
    case = random_case(seed)
    fewer = case.with_scenario(
        sites=tuple(replace(site, tiers=()) if site.ident == "D2" else site for site in case.scenario.sites)
    )
    assert optimum(case) <= optimum(fewer) * (1 + 1e-6)


@pytest.mark.parametrize("engine", ["highs", "gscip"])
def test_same_seed_same_plan(engine: str) -> None:
    """Two solves give the same layout and value to the last bit."""
    problem = random_case(7, sites=6, points=10).problem
    one, two = (solve_problem(problem, EXACT, engine=engine) for _ in range(2))
    assert one.plan == two.plan
    assert one.objective == two.objective


def test_bound_never_crosses_the_value() -> None:
    """At a wide gap the bound stays below the plan's own recomputed value."""
    result = solve_problem(random_case(9, sites=6, points=12).problem, SolveLimits(time_s=30.0, gap=0.05))
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound <= result.objective
    assert np.isclose(sum(result.terms.values()), result.objective)
