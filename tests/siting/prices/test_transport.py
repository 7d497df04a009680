"""The transportation kernel against scipy's LP."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from depotopt.siting.prices.transport import solve_transport
from depotopt.units import FloatArray


def random_problem(seed: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    depots, points = int(rng.integers(1, 7)), int(rng.integers(1, 12))
    cost = (
        rng.integers(0, 20, (depots, points)).astype(float) if seed % 2 else rng.random((depots, points)) * 20
    )
    cost[rng.random((depots, points)) < 0.2] = np.inf
    supply = rng.integers(0, 15, depots) * rng.choice([1.0, 0.37], depots)
    return cost, rng.integers(0, 9, points).astype(float), supply, rng.random(points) * 30


def by_scipy(cost: FloatArray, need: FloatArray, supply: FloatArray, penalty: FloatArray) -> float:
    depots, points = cost.shape
    sent = np.kron(np.eye(depots), np.ones(points))
    got = np.tile(np.eye(points), depots)
    finite = np.isfinite(cost)
    price = np.concatenate([np.where(finite, cost, 0.0).ravel(), penalty])
    result = linprog(
        price,
        np.hstack([sent, np.zeros((depots, points))]),
        supply,
        np.hstack([got, np.eye(points)]),
        need,
        bounds=[(0, None if ok else 0) for ok in finite.ravel()] + [(0, None)] * points,
    )
    return float(price @ result.x)


@pytest.mark.parametrize("seed", range(60))
def test_flows_cost_what_the_lp_costs(seed: int) -> None:
    """Same optimum as an LP, every need met or unmet, no depot over its supply, no unreachable arc."""
    cost, need, supply, penalty = random_problem(seed)
    flow, _ = solve_transport(cost, need, supply, penalty)
    finite = np.isfinite(cost)
    value = (np.where(finite, cost, 0.0) * flow[:-1]).sum() + penalty @ flow[-1]
    assert value == pytest.approx(by_scipy(cost, need, supply, penalty), abs=1e-7)
    assert flow.sum(axis=0) == pytest.approx(need)
    assert (flow[:-1].sum(axis=1) <= supply + 1e-6).all()
    assert not flow[:-1][~finite].any()


@pytest.mark.parametrize("seed", range(60))
def test_prices_prove_the_flows(seed: int) -> None:
    """The dual value of the prices equals the cost of the flows (strong duality)."""
    cost, need, supply, penalty = random_problem(seed)
    flow, price = solve_transport(cost, need, supply, penalty)
    open_ = supply > 0
    value = np.minimum(penalty, (cost + price[:, None])[open_].min(axis=0, initial=np.inf))
    primal = (np.where(np.isfinite(cost), cost, 0.0) * flow[:-1]).sum() + penalty @ flow[-1]
    assert need @ value - supply @ price == pytest.approx(primal, abs=1e-7)
    assert (price >= 0).all()
