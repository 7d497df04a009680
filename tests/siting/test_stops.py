"""A stop at any moment gives what is known: a layout with value and bound, or why there is none."""

from __future__ import annotations

import pytest

from depotopt.siting.solve import solve_problem, solve_siting
from depotopt.solving import Limit, Monitor, Progress, SolveLimits, Status
from tests.siting.cases import random_case

LIMITS = SolveLimits(time_s=60.0, gap=1e-4)


def test_a_stop_before_assembly_ends_it() -> None:
    """No travel time is computed any more, and the answer says why there is no layout."""
    case = random_case(1)
    monitor = Monitor()
    monitor.stop()
    result = solve_siting(
        case.scenario, case.network, case.ensemble, limits=LIMITS, monitor=monitor, travel=case.engine
    )
    assert result.status is Status.UNKNOWN
    assert result.limit is Limit.STOPPED
    assert result.bound == 0.0
    assert "travel times" in result.notes[0]


@pytest.mark.parametrize("engine", ["cuts", "highs", "gscip"])
def test_a_stop_after_assembly_has_layout_and_bound(engine: str) -> None:
    """Every engine, stopped before it starts, gives a layout that keeps the rules and a bound below it."""

    def stop(progress: Progress) -> None:
        if progress.stage == "assembly":
            monitor.stop()

    monitor = Monitor(stop)
    case = random_case(0, sites=6, points=12)
    result = solve_siting(
        case.scenario, case.network, case.ensemble, limits=LIMITS, monitor=monitor, travel=case.engine,
        engine=engine,
    )  # fmt: skip
    assert result.objective is not None
    assert result.bound is not None
    assert 0.0 <= result.bound <= result.objective
    best = solve_problem(case.problem, LIMITS, engine="highs")
    assert best.objective is not None
    assert result.bound <= best.objective * (1 + 1e-6)
