"""Searches are ended by work that is counted."""

from __future__ import annotations

import math

import pytest

from depotopt.dispatch.model.assembly import assemble
from depotopt.dispatch.model.draft import Routes
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search import improvement
from depotopt.dispatch.search.budget import OPERATIONS_PER_S, Budget
from depotopt.dispatch.search.candidates import insertion_order
from depotopt.dispatch.search.improvement import improve
from depotopt.dispatch.search.insertion import Inserter
from depotopt.dispatch.solve import travel_engine
from tests.dispatch.worlds import world


def problem_of(seed: int) -> DispatchProblem:
    case = world(seed, 10, 2, scarce=1.3, vehicles=3)
    return assemble(case.scenario, None, case.network, case.state, 0.0, travel_engine(case.network)).problem


def searched(problem: DispatchProblem, budget: Budget, seed: int = 1) -> Routes:
    empty: Routes = tuple(() for _ in problem.vehicles)
    return improve(problem, empty, budget=budget, until=math.inf, seed=seed, stopped=lambda: False)


def test_seconds_are_operations() -> None:
    budget = Budget.of_seconds(2.0)
    budget.spend(OPERATIONS_PER_S / 2)
    assert budget.left == 1.5 * OPERATIONS_PER_S
    assert budget.heat == 0.75
    budget.spend(4 * OPERATIONS_PER_S)
    assert budget.heat == 0.0
    assert Budget(math.inf).heat == 1.0


def test_the_same_budget_spends_the_same_and_finds_the_same() -> None:
    problem = problem_of(3)
    budgets = [Budget.of_seconds(0.2), Budget.of_seconds(0.2)]
    drafts = [searched(problem, budget) for budget in budgets]
    assert drafts[0] == drafts[1]
    assert budgets[0].left == budgets[1].left <= 0.0


def test_a_search_ends_where_nothing_is_gained_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(improvement, "QUIET_ROUNDS", (3, 0))
    budget = Budget.of_seconds(1e6)
    searched(problem_of(1), budget)
    assert budget.left > 0.9 * budget.total


def test_what_an_inserter_looks_at_is_counted() -> None:
    problem, budget = problem_of(2), Budget(1e9)
    work = Inserter(problem, tuple(() for _ in problem.vehicles), budget=budget)
    work.insert_all(insertion_order(problem, work.missing))
    assert budget.left < budget.total
