"""Every plan passes the independent verifier, or there is none and a status says why."""

from __future__ import annotations

import pytest

from depotopt.pipeline.stages import Case, sample_ensemble, verified_dispatch, verified_siting
from depotopt.solving import SolveLimits, Status
from tests.pipeline.random_case import random_scenario

SEEDS = range(4)
LIMITS = SolveLimits(time_s=20.0)


def random_case(seed: int) -> Case:
    return Case(*random_scenario(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_layouts_of_random_scenarios_pass_the_verifier(seed: int) -> None:
    case = random_case(seed)
    ensemble = sample_ensemble(case.network, case.scenario, 4, seed)
    result = verified_siting(case, ensemble, limits=LIMITS)
    if result.plan is None:
        assert result.status is Status.INFEASIBLE
        assert result.conflicts
        return
    assert result.objective is not None
    assert result.bound is not None
    assert result.bound <= result.objective * (1 + 1e-6) + 1e-6


@pytest.mark.parametrize("engine", ["pyvrp", "ortools"])
@pytest.mark.parametrize("seed", SEEDS)
def test_dispatch_of_random_scenarios_passes_the_verifier(seed: int, engine: str) -> None:
    case = random_case(seed)
    ensemble = sample_ensemble(case.network, case.scenario, 3, seed)
    for state in ensemble[:2]:
        result = verified_dispatch(case, None, state, limits=SolveLimits(time_s=1.0), engine=engine)
        assert result.plan is not None
        assert result.bound is not None
        assert result.objective is not None
        assert result.bound <= result.objective * (1 + 1e-6) + 1e-6
