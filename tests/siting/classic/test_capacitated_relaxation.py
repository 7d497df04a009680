"""The prices of the capacitated engine against the linear relaxation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from depotopt.siting.classic.capacitated import CapacitatedProblem
from depotopt.siting.classic.capacitated_relaxation import Relaxation
from depotopt.siting.classic.capacitated_search import Search
from depotopt.solving import SolveLimits
from depotopt.working_time import working_s


def _problem(seed: int) -> CapacitatedProblem:
    """Twelve sites in the plane, forty points of very different need, split as one likes."""
    rng = np.random.default_rng(seed)
    need = np.round(np.exp(rng.uniform(0.0, 5.0, 40)))
    site, point = rng.random((12, 2)), rng.random((40, 2))
    cost = np.hypot(*(site[:, None] - point[None, :]).transpose(2, 0, 1)) * need
    capacity = np.round(need.sum() * rng.uniform(0.15, 0.4, 12))
    return CapacitatedProblem.of_tables(capacity, capacity * rng.uniform(0.1, 0.4, 12), need, cost)


def _linear_bound(problem: CapacitatedProblem) -> float:
    """Least cost with ``x[j,i] <= y[j]``, room per site and room for everybody, nothing whole."""
    sites, points = problem.cost.shape
    pairs = sites * points
    link = np.hstack([np.eye(pairs), -np.kron(np.eye(sites), np.ones((points, 1)))])
    room = np.hstack([np.kron(np.eye(sites), problem.need), -np.diag(problem.capacity)])
    cover = np.concatenate([np.zeros(pairs), -problem.capacity])[None, :]
    served = np.hstack([np.kron(np.ones(sites), np.eye(points)), np.zeros((points, sites))])
    above = np.concatenate([np.zeros(pairs + sites), [-problem.need.sum()]])
    answer = linprog(
        np.concatenate([problem.cost.ravel(), problem.fixed]),
        A_ub=np.vstack([link, room, cover]),
        b_ub=above,
        A_eq=served,
        b_eq=np.ones(points),
        bounds=(0.0, 1.0),
    )
    assert answer.fun is not None
    return float(answer.fun)


@pytest.mark.parametrize("seed", range(5))
def test_root_bound_reaches_the_linear_relaxation(seed: int) -> None:
    """However different the needs, prices prove all but a ten-thousandth of what they can without fixings."""
    problem = _problem(seed)
    search = Search(problem, SolveLimits(time_s=600.0, gap=0.0), None, working_s())
    found = Relaxation(search).root()
    assert found.bound >= _linear_bound(problem) * (1 - 1e-4)
    assert search.bound <= search.value
