"""Prices along mean slopes against the linear relaxation, and what points cost above them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from depotopt.siting.classic.facility_location import FacilityLocationProblem
from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_kernels import saving, slack
from depotopt.siting.classic.location_prices import Reduction
from depotopt.siting.classic.location_volume import climb
from depotopt.siting.classic.p_median import PMedianProblem
from depotopt.solving import SolveLimits
from depotopt.working_time import working_s

LIMITS = SolveLimits(time_s=600.0, gap=0.0)


def problem(seed: int) -> LocationProblem:
    """A p-median in the plane on odd seeds, facility location with costs of any kind on even ones."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        return PMedianProblem.of_positions(rng.random((40, 2)) * 1_000, 4 + seed).location
    cost = rng.integers(1, 100, (40, 25)).astype(float)
    return FacilityLocationProblem.of_costs(rng.integers(50, 150, 25), cost).location


def relaxation(case: LocationProblem) -> float:
    """Value of the linear relaxation, by a model with a column for every pair."""
    points, sites = case.points, case.sites
    pairs = points * sites
    cost = np.concatenate([case.arrays.opening, (case.arrays.weight * case.arrays.by_site).T.ravel()])
    served = np.hstack([np.zeros((points, sites)), np.kron(np.eye(points), np.ones(sites))])
    within = np.hstack([np.tile(-np.eye(sites), (points, 1)), np.eye(pairs)])
    count = np.concatenate([np.ones(sites), np.zeros(pairs)])
    result = linprog(
        cost,
        A_ub=np.vstack([within, count, -count]),
        b_ub=np.concatenate([np.zeros(pairs), [case.most, -case.least]]),
        A_eq=served,
        b_eq=np.ones(points),
        bounds=(0, 1),
        method="highs",
    )
    assert result.fun is not None
    return float(result.fun)


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_comes_near_to_the_relaxation(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From first prices alone, without any site fixed: never above the relaxation, 1 % below it at most."""
    case = problem(seed)
    best = relaxation(case)
    reduction = Reduction(case, LIMITS, None, working_s())
    monkeypatch.setattr(reduction, "_fix", lambda *_: None)
    reduction.value = 1.2 * best
    reduction.price = case.arrays.distance[:, 4].copy()
    climb(reduction)
    assert best * 0.99 <= reduction.bound <= best * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_value_less_bound_is_what_points_and_sites_add(seed: int) -> None:
    """For any open sites and any prices: slack of points and reduced costs of sites make up the gap."""
    case, rng = problem(seed), np.random.default_rng(seed)
    chosen = rng.choice(case.sites, case.least if case.least == case.most else 5, replace=False)
    is_open = np.zeros(case.sites, dtype=np.bool_)
    is_open[chosen] = True
    price = rng.uniform(0.2, 1.0, case.points) * case.arrays.distance[:, 12]
    total = np.empty(case.sites)
    saving(case.arrays, price, np.zeros(case.sites, dtype=np.bool_), total)
    ranked = np.sort(total)
    count = min(max(int((ranked < 0).sum()), case.least), case.most)
    bound = float(case.arrays.weight @ price) + ranked[:count].sum()
    above = total[is_open].sum() - ranked[:count].sum()
    gap = case.serve(chosen)[1] - bound
    assert gap == pytest.approx(slack(case.arrays, price, is_open).sum() + above)
