"""Today's layout stands in where a search ends with nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from depotopt.siting import solve
from depotopt.siting.cuts.outcome import keeps_rules
from depotopt.siting.model.problem import BudgetRule, CountLimit
from depotopt.siting.naming import as_layout
from depotopt.siting.recourse.recourse import existing_layout, recourse
from depotopt.solving import Limit, SolveLimits, SolveResult, Status
from depotopt.verify.recourse import verify_siting
from tests.siting.cases import random_case


def found_nothing(*_: Any, **__: Any) -> SolveResult[Any]:
    return SolveResult(Status.UNKNOWN, None, None, 1.0, "cuts", 0.0, Limit.TIME)


def test_a_search_that_finds_nothing_ends_with_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its value is recomputed, it is called feasible, and a note says what it is."""
    case = random_case(4)
    today = existing_layout(case.scenario)
    monkeypatch.setattr(solve, "solve_problem", found_nothing)
    found = solve.solve_siting(
        case.scenario, case.network, case.ensemble, limits=SolveLimits(time_s=5.0), travel=case.engine
    )
    assert found.plan is not None
    assert found.plan.open_sites == today.open_sites
    assert found.status is Status.FEASIBLE
    assert any("today" in note for note in found.notes)
    assert found.objective is not None
    flows = recourse(case.scenario, found.plan, case.network, case.ensemble, engine=case.engine)
    check = verify_siting(case.scenario, case.network, found.plan, list(case.ensemble), flows)
    assert check.compare(found.objective, 1e-6).violations == ()


def test_a_layout_is_held_against_every_rule() -> None:
    """It keeps the rules until one is added that it breaks: a count, a budget, or storage."""
    case = random_case(4)
    problem = case.problem
    layout = as_layout(problem, existing_layout(case.scenario))
    assert len(layout.options)
    assert keeps_rules(problem, layout)
    fewer = CountLimit("fewer", layout.options, None, len(layout.options) - 1)
    assert not keeps_rules(replace(problem, rules=(*problem.rules, fewer)), layout)
    cost = sum(layout.yearly_terms(problem).values())
    poor = BudgetRule("poor", cost * 0.9)
    assert not keeps_rules(replace(problem, rules=(*problem.rules, poor)), layout)
    options = problem.options
    tight = replace(options, m3=np.minimum(options.m3, 1e-6))
    assert not keeps_rules(replace(problem, options=tight), layout)
