"""The balance metric against one linear program over placement and flows of all road states."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from depotopt.errors import UsageError
from depotopt.siting.balance import balance
from depotopt.siting.model.problem import SitingProblem
from depotopt.siting.recourse.recourse import arc_cost, state_times
from depotopt.solving import Monitor
from depotopt.units import BoolArray, FloatArray
from tests.siting.cases import random_case


def best_placement(
    problem: SitingProblem, k: int, opened: BoolArray, total: float, agreed: FloatArray
) -> float:
    """Least expected response over all placements of a total, by scipy on the extensive form."""
    sites = np.flatnonzero(opened & problem.storable[:, k])
    points, states, count = problem.points, problem.states, len(sites)
    per_state = (count + 1) * points
    width = count + states * per_state
    cost, upper = np.zeros(width), np.full(width, np.inf)
    less, limit, equal, wanted = [], [], [], []
    equal.append(np.r_[np.ones(count), np.zeros(width - count)])
    wanted.append(total)
    for s in range(states):
        start = count + s * per_state
        price = arc_cost(state_times(problem, s, opened)[sites], problem.rate[k])
        block = np.vstack([price, problem.penalty[None, :, k]]).ravel()
        cost[start : start + per_state] = problem.probability[s] * np.where(np.isfinite(block), block, 0.0)
        upper[start : start + per_state] = np.where(np.isfinite(block), np.inf, 0.0)
        for row, j in enumerate(sites):
            one = np.zeros(width)
            one[start + row * points : start + (row + 1) * points] = 1.0
            one[row] = -problem.share[s, j]
            less.append(one)
            limit.append(problem.share[s, j] * agreed[j, k])
        for i in range(points):
            one = np.zeros(width)
            one[start + i : start + per_state : points] = 1.0
            equal.append(one)
            wanted.append(problem.need[s, i, k])
    bounds = list(zip(np.zeros(width), upper, strict=True))
    result = linprog(cost, np.array(less), np.array(limit), np.array(equal), np.array(wanted), bounds=bounds)
    assert result.fun is not None
    return float(result.fun)


def case(seed: int) -> tuple[SitingProblem, BoolArray, FloatArray]:
    problem = random_case(seed, sites=4, points=6, states=4).problem
    rng = np.random.default_rng(seed)
    opened = np.ones(problem.sites, dtype=np.bool_)
    opened[rng.integers(problem.sites)] = False
    stock = np.where(problem.storable, rng.random((problem.sites, problem.commodities)) * 300, 0.0)
    return problem, opened, stock * opened[:, None]


@pytest.mark.parametrize("seed", range(12))
def test_best_placement_and_bound_meet_at_the_linear_program(seed: int) -> None:
    problem, opened, stock = case(seed)
    measured = balance(problem, opened, stock, gap=1e-6)
    assert measured
    for one in measured:
        exact = best_placement(
            problem, one.commodity, opened, float(stock[:, one.commodity].sum()), np.zeros_like(stock)
        )
        assert one.best == pytest.approx(exact, rel=2e-5, abs=1e-6)
        assert one.bound <= exact * (1 + 1e-9) + 1e-6
        assert one.placement.sum() == pytest.approx(stock[:, one.commodity].sum())
        assert one.ratio >= 1.0 - 1e-9


def test_a_stock_already_at_its_best_has_ratio_one() -> None:
    problem, opened, stock = case(3)
    first = balance(problem, opened, stock, gap=1e-6)[0]
    again = stock.copy()
    again[:, first.commodity] = first.placement
    assert balance(problem, opened, again, gap=1e-4)[0].ratio == pytest.approx(1.0, abs=2e-4)


@pytest.mark.parametrize("seed", range(4))
def test_agreements_serve_but_stay_where_they_are(seed: int) -> None:
    problem, opened, stock = case(seed)
    agreed = np.where(problem.storable, np.random.default_rng(seed + 50).random(stock.shape) * 80, 0.0)
    for one in balance(problem, opened, stock, agreed, gap=1e-6):
        total = float(stock[:, one.commodity].sum())
        exact = best_placement(problem, one.commodity, opened, total, agreed)
        assert one.best == pytest.approx(exact, rel=2e-5, abs=1e-6)
        assert one.placement.sum() == pytest.approx(total)


def test_costs_made_anew_state_by_state_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, opened, stock = case(2)
    kept = balance(problem, opened, stock, gap=1e-6)
    monkeypatch.setattr("depotopt.siting.balance.KEPT_COSTS", 0)
    for one, other in zip(kept, balance(problem, opened, stock, gap=1e-6), strict=True):
        assert (one.value, one.best, one.bound) == (other.value, other.best, other.bound)


def test_a_stop_leaves_a_valid_bound() -> None:
    problem, opened, stock = case(5)
    monitor = Monitor()
    monitor.stop()
    for one in balance(problem, opened, stock, monitor=monitor):
        exact = best_placement(
            problem, one.commodity, opened, float(stock[:, one.commodity].sum()), np.zeros_like(stock)
        )
        assert one.bound <= exact + 1e-9
        assert one.best == one.value


def test_stock_of_another_problem_is_refused() -> None:
    problem, opened, stock = case(0)
    with pytest.raises(UsageError, match="do not belong"):
        balance(problem, opened, stock[:-1])
