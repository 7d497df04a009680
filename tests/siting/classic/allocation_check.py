"""Checks a capacitated layout from the problem alone, by plain sums; shares no code with the engines."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog

from depotopt.siting.classic.capacitated import Allocation, CapacitatedProblem


def checked_value(problem: CapacitatedProblem, plan: Allocation) -> float:
    """Value of a layout, after asserting that it keeps every row of the model."""
    share = np.zeros((problem.sites, problem.points))
    for j, i, part in zip(plan.site, plan.point, plan.share, strict=True):
        assert share[j, i] == 0.0, f"pair {j}, {i} stands twice"
        assert 0.0 < part <= 1.0 + 1e-9
        share[j, i] = part
    assert len(set(plan.open.tolist())) == len(plan.open)
    assert np.abs(share.sum(axis=0) - 1.0).max() < 1e-7
    closed = np.setdiff1d(np.arange(problem.sites), plan.open)
    assert not share[closed].any(), "a closed site serves"
    assert (share @ problem.need <= problem.capacity * (1 + 1e-7) + 1e-7).all()
    if problem.single_source:
        assert set(np.unique(share)) <= {0.0, 1.0}
    if problem.count is not None:
        assert len(plan.open) == problem.count
    used = share > 0
    return float(problem.fixed[plan.open].sum() + (problem.cost[used] * share[used]).sum())


def best_by_trying_all(problem: CapacitatedProblem) -> float:
    """Optimum over all sets of sites (``inf``: none serves everybody)."""
    best = np.inf
    for size in range(problem.sites + 1):
        if problem.count is not None and size != problem.count:
            continue
        for chosen in itertools.combinations(range(problem.sites), size):
            sites = np.array(chosen, dtype=int)
            serve = whole_points(problem, sites) if problem.single_source else split_points(problem, sites)
            best = min(best, problem.fixed[sites].sum() + serve)
    return float(best)


def whole_points(problem: CapacitatedProblem, sites: np.ndarray) -> float:
    best = np.inf
    for by in itertools.product(range(len(sites)), repeat=problem.points):
        load = np.bincount(by, weights=problem.need, minlength=len(sites))
        if (load <= problem.capacity[sites] + 1e-9).all():
            best = min(best, problem.cost[sites[list(by)], np.arange(problem.points)].sum())
    return best


def split_points(problem: CapacitatedProblem, sites: np.ndarray) -> float:
    if not len(sites):
        return np.inf
    pairs = [(s, i) for s in range(len(sites)) for i in range(problem.points)]
    pairs = [(s, i) for s, i in pairs if np.isfinite(problem.cost[sites[s], i])]
    if {i for _, i in pairs} != set(range(problem.points)):
        return np.inf
    served = np.zeros((problem.points, len(pairs)))
    load = np.zeros((len(sites), len(pairs)))
    for column, (s, i) in enumerate(pairs):
        served[i, column] = 1.0
        load[s, column] = problem.need[i]
    cost = [problem.cost[sites[s], i] for s, i in pairs]
    found = linprog(cost, load, problem.capacity[sites], served, np.ones(problem.points))
    return np.inf if found.fun is None else float(found.fun)
