"""Flows over sparse arcs against scipy's LP, from any prices to start from."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.siting.prices.depot_flows import depot_flows
from depotopt.units import FloatArray, Int64Array
from tests.siting.prices.test_transport import by_scipy, random_problem

Sparse = tuple[Int64Array, Int64Array, FloatArray]


def by_point(cost: FloatArray) -> Sparse:
    """Arcs of a table of costs ``(J, I)``, by point, the cheapest first."""
    order = np.argsort(cost, axis=0, kind="stable").T
    sorted_cost = np.take_along_axis(cost.T, order, 1)
    there = np.isfinite(sorted_cost)
    begin = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int64)
    return begin, order[there].astype(np.int64), sorted_cost[there]


def larger_problem(seed: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Depots and points in a plane, some of it short of supply; every second one on a coarse grid."""
    rng = np.random.default_rng(seed)
    depots, points = 12, 60
    where, there = rng.random((depots, 2)), rng.random((points, 2))
    cost = 40.0 * np.hypot(*(where[:, None] - there[None]).transpose(2, 0, 1))
    if seed % 2:
        cost = np.round(cost / 4.0) * 4.0
    cost[cost > 25.0] = np.inf
    need = rng.lognormal(0.0, 1.0, points) * (there[:, 0] < 0.5 + 0.5 * rng.random())
    supply = rng.random(depots) * need.sum() * rng.choice([0.1, 0.15, 0.3])
    return cost, need, supply, rng.uniform(20.0, 60.0, points)


@pytest.mark.parametrize("start", ["nothing", "random", "too high"])
@pytest.mark.parametrize("seed", range(40))
def test_flows_and_prices_have_the_value_of_the_lp(seed: int, start: str) -> None:
    """Least cost, every need met or unmet, nobody over supply, and prices that prove it."""
    cost, need, supply, penalty = (random_problem if seed < 20 else larger_problem)(seed)
    rng = np.random.default_rng(seed)
    price = rng.random(len(supply)) * {"nothing": 0.0, "random": 20.0, "too high": 400.0}[start]
    begin, node, costs = by_point(cost)
    flow, unmet, paths, bound = depot_flows(begin, node, costs, need, penalty, supply, price, 0.0)
    value = flow @ costs + penalty @ unmet
    point = np.repeat(np.arange(len(need)), np.diff(begin))
    assert paths >= 0
    assert value == pytest.approx(by_scipy(cost, need, supply, penalty), rel=1e-9, abs=1e-7)
    assert bound == pytest.approx(value, rel=1e-9, abs=1e-7)
    assert np.bincount(point, flow, len(need)) + unmet == pytest.approx(need)
    assert (np.bincount(node, flow, len(supply)) <= supply * (1 + 1e-8) + 1e-8).all()
    assert min(part.min(initial=0.0) for part in (price, flow, unmet)) == 0.0


@pytest.mark.parametrize("tolerance", [1e-3, 0.05, 0.5])
@pytest.mark.parametrize("seed", range(20, 40))
def test_a_tolerance_is_kept_and_the_flows_stay_possible(seed: int, tolerance: float) -> None:
    """Flows within the supplies whose cost is proved to within the tolerance."""
    cost, need, supply, penalty = larger_problem(seed)
    begin, node, costs = by_point(cost)
    price = np.zeros(len(supply))
    flow, unmet, _, bound = depot_flows(begin, node, costs, need, penalty, supply, price, tolerance)
    value = flow @ costs + penalty @ unmet
    exact = by_scipy(cost, need, supply, penalty)
    point = np.repeat(np.arange(len(need)), np.diff(begin))
    assert bound <= exact + 1e-7
    assert exact - 1e-7 <= value <= exact * (1.0 + tolerance) + 1e-7
    assert value - bound <= tolerance * exact + 1e-7
    assert np.bincount(point, flow, len(need)) + unmet == pytest.approx(need)
    assert (np.bincount(node, flow, len(supply)) <= supply * (1 + 1e-8) + 1e-8).all()


def test_without_depots_all_need_is_unmet() -> None:
    """No arcs at all: the penalty of everything, proved."""
    nothing = np.zeros(3, dtype=np.int64)
    need, penalty = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    none = np.empty(0)
    flow, unmet, paths, bound = depot_flows(nothing, nothing[:0], none, need, penalty, none, none, 0.0)
    assert (len(flow), paths) == (0, 0)
    assert unmet.tolist() == [1.0, 2.0]
    assert bound == 11.0
