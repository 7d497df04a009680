"""Uncapacitated facility location against every choice of sites, and against published optima."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from benchmarks.readers.location import read_facilities, read_optima

from depotopt.errors import UsageError
from depotopt.siting.classic.facility_location import FacilityLocationProblem, solve_facility_location
from depotopt.siting.classic.location_caps import improve_capped
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from tests.siting.benchdata import siting_data

EXACT = SolveLimits(time_s=600.0, gap=0.0)


def random_problem(seed: int, points: int = 14, sites: int = 9) -> FacilityLocationProblem:
    """Costs without any geometry on odd seeds, in the plane on even ones; every third one not whole."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 100, (points, sites)).astype(float)
    if seed % 2 == 0:
        at, homes = rng.random((sites, 2)) * 100, rng.random((points, 2)) * 100
        cost = np.floor(np.hypot(*(homes[:, None] - at[None]).transpose(2, 0, 1)))
    if seed % 3 == 0:
        cost = cost + rng.random(cost.shape)
    return FacilityLocationProblem.of_costs(rng.integers(0, 150, sites), cost)


def best_by_trying_all(problem: FacilityLocationProblem) -> float:
    sites = len(problem.opening)
    return min(
        float(problem.opening[list(c)].sum() + problem.cost[:, c].min(axis=1).sum())
        for n in range(1, sites + 1)
        for c in itertools.combinations(range(sites), n)
    )


@pytest.mark.parametrize("seed", range(24))
def test_optimum_is_that_of_all_choices(seed: int) -> None:
    """Value and bound equal the best of all sets of sites."""
    problem = random_problem(seed)
    result = solve_facility_location(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best_by_trying_all(problem))
    assert result.bound == pytest.approx(result.objective, rel=1e-6)


def test_plan_adds_up_to_the_objective() -> None:
    """Opening costs and the cost of serving each point from its site."""
    problem = random_problem(7, points=60, sites=30)
    result = solve_facility_location(problem, EXACT)
    assert result.plan is not None
    served = problem.cost[np.arange(60), result.plan.served_by]
    assert set(result.plan.served_by) <= set(result.plan.open)
    assert problem.opening[result.plan.open].sum() + served.sum() == pytest.approx(result.objective)


def test_free_sites_all_open_where_they_help() -> None:
    """Without opening costs everybody is served at the least cost of all."""
    cost = np.random.default_rng(5).integers(1, 50, (20, 12)).astype(float)
    result = solve_facility_location(FacilityLocationProblem.of_costs(np.zeros(12), cost), EXACT)
    assert result.objective == cost.min(axis=1).sum()


def test_one_site_and_one_point() -> None:
    """The smallest problem there is."""
    result = solve_facility_location(FacilityLocationProblem.of_costs([5.0], [[2.0]]), EXACT)
    assert (result.status, result.objective, result.bound) == (Status.OPTIMAL, 7.0, 7.0)


def test_stop_keeps_what_is_found() -> None:
    """A stop right away leaves a feasible answer with an honest status."""
    monitor = Monitor()
    monitor.stop()
    result = solve_facility_location(random_problem(1, points=80, sites=60), EXACT, monitor)
    assert result.status is Status.FEASIBLE
    assert result.limit is Limit.STOPPED


def test_same_seed_same_sites() -> None:
    """Two runs open the same sites."""
    problem = random_problem(9, points=50, sites=40)
    one, two = (solve_facility_location(problem, EXACT).plan for _ in range(2))
    assert one is not None
    assert two is not None
    assert (one.open == two.open).all()


def test_all_faults_are_named_at_once() -> None:
    """A wrong shape and negative costs in one message."""
    with pytest.raises(UsageError, match=r"for 3 sites, opening costs for 2; 1 opening .*; 2 serving"):
        FacilityLocationProblem.of_costs([1.0, -1.0], [[1.0, -2.0, 3.0], [np.inf, 1.0, 1.0]])


def test_both_file_forms_hold_the_same_problem(tmp_path: Path) -> None:
    """The simple form lists a row per site, OR-Library's a row per point."""
    (tmp_path / "simple").write_text("FILE: simple\n2 3 0\n1 10 1 2 3\n2 20 4 5 6\n")
    (tmp_path / "orlib").write_text("2 3\ncapacity 10\ncapacity 20\n7\n1 4\n8\n2 5\n9\n3 6\n")
    for name in ("simple", "orlib"):
        opening, cost = read_facilities(tmp_path / name)
        assert opening.tolist() == [10.0, 20.0]
        assert cost.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]


@pytest.mark.parametrize("name", ["MO1.gz", "1011EuclS.txt", "1034ChessS.txt.gz"])
def test_published_optima(name: str) -> None:
    """UflLib instances are proved at their published value."""
    data = siting_data()
    rows = {o.instance: o.value for o in read_optima(data / "optima.csv") if o.problem == "UFL"}
    problem = FacilityLocationProblem.of_costs(*read_facilities(data / "ufl_ufllib" / name))
    result = solve_facility_location(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(rows[name.removesuffix(".gz")], abs=0.01)


def test_a_search_is_not_caught_with_a_site_too_many() -> None:
    """Sites that serve nine points each, elsewhere at a forbidding cost: a cover without overlap is found."""
    rng = np.random.default_rng(4)
    sites, points = 40, 54
    cost = np.full((points, sites), 10_000.0)
    homes = rng.permutation(points).reshape(6, 9)
    for j in range(sites):
        served = homes[j] if j < 6 else rng.choice(points, 9, replace=False)
        cost[served, j] = rng.integers(0, 5, 9)
    order = rng.permutation(sites)
    problem = FacilityLocationProblem.of_costs(np.full(sites, 1_000.0), cost[:, order])
    is_open = np.zeros(sites, dtype=np.bool_)
    is_open[:9] = True
    improve_capped(
        problem.location,
        is_open,
        np.zeros(sites, dtype=np.bool_),
        np.full(points, 120.0),
        rng,
        itertools.chain(itertools.repeat(False, 40), itertools.repeat(True)).__next__,
    )
    assert sorted(order[is_open]) == list(range(6))


@pytest.mark.parametrize("size", [1.0, 1e-9, 1e9])
def test_the_size_of_costs_is_no_matter_of_the_proof(size: float) -> None:
    table = np.array([[3, 1, 3, 2], [1, 2, 3, 2], [1, 3, 0, 0], [0, 0, 2, 1], [0, 1, 0, 2], [3, 3, 1, 0]])
    opening = np.array([0.3, 0.5, 0.2, 0.4])
    problem = FacilityLocationProblem.of_costs(size * opening, size * table)
    result = solve_facility_location(problem, EXACT)
    best = min(
        opening[list(sites)].sum() + table[:, list(sites)].min(axis=1).sum()
        for many in range(1, 5)
        for sites in itertools.combinations(range(4), many)
    )
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(size * best)
    assert result.bound == pytest.approx(size * best, rel=1e-6)
