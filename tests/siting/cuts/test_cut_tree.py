"""The tree, alone: it finishes proofs that integer rounds leave open."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from depotopt.siting.attempt import objective_terms
from depotopt.siting.cuts import price_cuts
from depotopt.siting.cuts.cut_master import CutMaster
from depotopt.siting.cuts.price_cuts import PriceCuts, trivial_bound
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, Progress, SolveLimits, Status
from tests.siting.cases import CITY, TOWN, random_case
from tests.siting.test_extensive import ruled_case


@pytest.mark.parametrize("seed", range(6))
def test_the_tree_alone_proves_the_optimum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any integer round of the master, branch and cut ends at the optimum of the extensive form."""
    monkeypatch.setattr(price_cuts, "EARLY_AT", ())
    monkeypatch.setattr(price_cuts.PriceCuts, "_integer_rounds", lambda *_, **__: None)
    problem = ruled_case(seed).problem
    exact = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-7), engine="highs")
    outcome = PriceCuts(problem).solve(SolveLimits(time_s=60.0, gap=1e-4))
    if exact.objective is None:
        assert outcome.status is Status.INFEASIBLE
        return
    assert outcome.layout is not None
    assert outcome.bound is not None
    assert outcome.status is Status.OPTIMAL
    assert outcome.bound <= exact.objective * (1 + 1e-6)
    assert sum(objective_terms(problem, outcome.layout).values()) == pytest.approx(exact.objective, rel=2e-4)


@pytest.mark.parametrize("stage", ["cuts: start", "cuts: relaxation", "cuts: integer master", "cuts: tree"])
def test_every_stop_has_a_plan_and_a_bound(stage: str) -> None:
    """Wherever the user stops, there is a layout with its value and a bound that holds."""

    def stop(progress: Progress) -> None:
        if progress.stage == stage:
            monitor.stop()

    monitor = Monitor(stop)
    problem = random_case(0, sites=8, points=20, states=4).problem
    result = solve_problem(problem, SolveLimits(time_s=60.0, gap=0.0), monitor, engine="cuts")
    exact = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-6), engine="highs")
    assert exact.objective is not None
    assert result.objective is not None
    assert result.bound is not None
    assert result.bound <= exact.objective * (1 + 1e-6)
    assert result.objective >= exact.objective * (1 - 1e-6)


def test_a_stop_amid_the_choice_of_a_branch_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop while candidates are tried ends the tree with what is known, at every single relaxation."""
    monkeypatch.setattr(price_cuts.PriceCuts, "_integer_rounds", lambda *_, **__: None)
    problem = random_case(0, sites=8, points=20, states=4).problem
    relax = CutMaster.relax
    for most in range(6, 60, 3):
        monitor = Monitor()
        asked = itertools.count()

        def counted(
            master: CutMaster, *given: Any, monitor: Monitor = monitor, asked: Any = asked, most: int = most
        ) -> Any:
            if next(asked) == most:
                monitor.stop()
            return relax(master, *given)

        monkeypatch.setattr(CutMaster, "relax", counted)
        outcome = PriceCuts(problem).solve(SolveLimits(time_s=60.0, gap=1e-6), monitor)
        assert outcome.layout is not None
        assert outcome.bound is not None
        assert outcome.bound <= sum(objective_terms(problem, outcome.layout).values()) * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_the_trivial_bound_is_a_bound(seed: int) -> None:
    """It stands before anything is solved, and never above the optimum."""
    problem = random_case(seed).problem
    exact = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-7), engine="highs")
    assert exact.objective is not None
    assert 0.0 < trivial_bound(problem) <= exact.objective


@pytest.mark.parametrize("seed", [0, 2, 4, 6, 8, 36])
def test_the_price_of_people_not_covered_stands_in_relaxed_bounds(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without integer masters the tree proves the gap; its bound is at most the extensive form's value."""
    monkeypatch.setattr(PriceCuts, "_integer_rounds", lambda *given, **more: None)
    tiers = tuple(
        replace(tier, service_standard_s=3_000.0, uncovered_cost=2.0, backup=1 + seed % 4 // 2)
        for tier in (CITY, TOWN)
    )
    problem = random_case(seed, sites=4, points=6, states=2, tiers=tiers).problem
    exact = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-7), engine="highs")
    found = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-3), engine="cuts")
    assert exact.objective is not None
    assert found.bound is not None
    assert found.status is Status.OPTIMAL
    assert found.bound <= exact.objective * (1 + 1e-6)
    assert found.objective == pytest.approx(exact.objective, rel=1.1e-3)
