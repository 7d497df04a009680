"""Exact prices against scipy's linear programs, at fractional first stages and at layouts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from depotopt.siting.prices.price_equilibrium import equilibrium
from depotopt.siting.prices.price_kernels import AllArcs, Wanted, look
from tests.siting.cases import random_case

DIRECT = np.empty(0, dtype=np.int32)


@pytest.mark.parametrize("seed", range(12))
def test_prices_prove_the_capacitated_flows_optimal(seed: int) -> None:
    """Flows and the cut of their prices both have the value of the linear program, whatever the start."""
    rng = np.random.default_rng(seed)
    problem = random_case(seed, sites=6, points=12, states=1).problem
    arcs = problem.arcs
    x = rng.choice([0.0, 0.03, 0.4, 1.0], problem.sites)
    for k in range(problem.commodities):
        need = np.ascontiguousarray(problem.need[0, :, k])
        penalty = np.ascontiguousarray(problem.penalty[:, k])
        usable = x * rng.random(problem.sites) * rng.choice([0.2, 1.0]) * need.sum()
        price = rng.random(problem.sites) * rng.choice([0.0, 60.0])
        ways = AllArcs(arcs.first, arcs.site, DIRECT, arcs.time_ds)
        wants = Wanted(problem.rate[k : k + 1], need, penalty)
        value = equilibrium(0, ways, wants, x, usable, price)
        weight, load = np.zeros(problem.sites), np.zeros(problem.sites)
        bound = look(0, ways, wants, x, price, load, weight) - price @ usable - weight @ x
        exact = relaxed_response(
            arcs.first, arcs.site, arcs.time_ds * problem.rate[k], need, penalty, x, usable
        )
        assert value == pytest.approx(exact, rel=1e-7, abs=1e-5)
        assert bound == pytest.approx(exact, rel=1e-7, abs=1e-5)
        assert (price >= 0).all()


@pytest.mark.parametrize("whole", [True, False])
def test_equal_distances_end(whole: bool) -> None:
    """Many points at equal costs, more wanted than held: paths that tie must not go in circles."""
    rng = np.random.default_rng(3)
    sites, points = 20, 60
    first = np.arange(points + 1) * sites
    site = np.tile(np.arange(sites, dtype=np.int32), points)
    time_ds = np.full(points * sites, 7, dtype=np.int32)
    need, penalty = np.full(points, 30.0), np.full(points, 900.0)
    x = np.ones(sites) if whole else np.full(sites, 0.04)
    usable, price = np.full(sites, 60.0), rng.random(sites) * 500.0
    wants = Wanted(np.array([0.1]), need, penalty)
    value = equilibrium(0, AllArcs(first, site, DIRECT, time_ds), wants, x, usable, price)
    assert value == pytest.approx(relaxed_response(first, site, time_ds * 0.1, need, penalty, x, usable))


def relaxed_response(
    first: np.ndarray,
    site: np.ndarray,
    cost: np.ndarray,
    need: np.ndarray,
    penalty: np.ndarray,
    x: np.ndarray,
    usable: np.ndarray,
) -> float:
    """Least cost of the recourse's relaxation, by HiGHS through scipy."""
    points, sites = len(need), len(x)
    arcs = int(first[points])
    point = np.repeat(np.arange(points), np.diff(first[: points + 1]))
    serve = np.zeros((points, arcs + points))
    serve[point, np.arange(arcs)] = 1.0
    serve[np.arange(points), arcs + np.arange(points)] = 1.0
    send = np.zeros((sites, arcs + points))
    send[site[:arcs], np.arange(arcs)] = 1.0
    bounds = [(0.0, need[i] * x[site[a]]) for a, i in enumerate(point)] + [(0.0, None)] * points
    found = linprog(
        np.concatenate([cost[:arcs], penalty]), A_ub=send, b_ub=usable, A_eq=serve, b_eq=need, bounds=bounds
    )
    assert found.fun is not None
    return float(found.fun)
