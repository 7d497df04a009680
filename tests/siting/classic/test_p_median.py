"""The p-median engine against every choice of sites, and against published optima where they lie at hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from benchmarks.readers.location import read_optima, read_pmed

from depotopt.errors import UsageError
from depotopt.siting.classic.p_median import PMedianProblem, solve_p_median
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray
from tests.siting.benchdata import siting_data

EXACT = SolveLimits(time_s=600.0, gap=0.0)


def random_matrix(seed: int, places: int, *, whole: bool) -> FloatArray:
    rng = np.random.default_rng(seed)
    at = rng.random((places, 2)) * 100
    distance = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) * rng.uniform(
        1.0, 2.0, (places, places)
    )
    np.fill_diagonal(distance, 0.0)
    return np.asarray(np.floor(distance) if whole else distance)


def best_by_trying_all(problem: PMedianProblem) -> float:
    matrix, weight = problem.matrix, problem.weight
    return min(
        float(weight @ matrix[:, list(chosen)].min(axis=1))
        for chosen in itertools.combinations(range(problem.places), problem.p)
    )


@pytest.mark.parametrize("seed", range(16))
def test_optimum_is_that_of_all_choices(seed: int) -> None:
    """Value and bound equal the best of all sets of p sites, whole distances or not, weighted or not."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 9, 11).astype(float) if seed % 3 else None
    problem = PMedianProblem.of_matrix(random_matrix(seed, 11, whole=seed % 2 == 0), 1 + seed % 5, weight)
    result = solve_p_median(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best_by_trying_all(problem))
    assert result.bound == pytest.approx(result.objective, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_truncated_lists_keep_the_bound_valid(seed: int) -> None:
    """With few neighbours listed the bound may weaken but not cross the optimum of the full problem."""
    full = PMedianProblem.of_matrix(random_matrix(seed, 12, whole=True), 3)
    short = PMedianProblem(
        full.p,
        full.neighbour[:, :4].copy(),
        full.distance[:, :4].copy(),
        full.weight,
        full.matrix,
        full.position,
    )
    best = best_by_trying_all(full)
    result = solve_p_median(short, EXACT)
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound <= best <= result.objective


def test_selection_serves_everybody_from_the_nearest_open_site() -> None:
    """The assignment adds up to the objective."""
    problem = PMedianProblem.of_matrix(random_matrix(3, 30, whole=True), 4)
    result = solve_p_median(problem, EXACT)
    assert result.plan is not None
    assert len(result.plan.open) == 4
    served = problem.matrix[np.arange(30), result.plan.served_by]
    assert served.sum() == result.objective
    assert (served == problem.matrix[:, result.plan.open].min(axis=1)).all()


def test_stop_keeps_what_is_found() -> None:
    """A stop right away leaves a feasible answer with an honest status."""
    monitor = Monitor()
    monitor.stop()
    result = solve_p_median(PMedianProblem.of_matrix(random_matrix(1, 60, whole=True), 6), EXACT, monitor)
    assert result.status is Status.FEASIBLE
    assert result.limit is Limit.STOPPED


def test_positions_and_matrix_agree() -> None:
    """Euclidean distances rounded down, by matrix or by positions."""
    at = np.random.default_rng(2).random((40, 2)) * 1_000
    distance = np.floor(np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)))
    one = solve_p_median(PMedianProblem.of_positions(at, 5), EXACT)
    two = solve_p_median(PMedianProblem.of_matrix(distance, 5), EXACT)
    assert one.objective == two.objective


def test_impossible_p_is_refused() -> None:
    """p beyond the number of places."""
    with pytest.raises(UsageError, match=r"1\.\.5"):
        PMedianProblem.of_matrix(np.zeros((5, 5)), 6)


@pytest.mark.parametrize("name", ["pmed1", "pmed3", "pmed5", "pmed8"])
def test_published_optima(name: str) -> None:
    """OR-Library instances are proved at their published value."""
    data = siting_data()
    optimum = next(
        o.value for o in read_optima(data / "optima.csv") if (o.instance, o.problem) == (name, "p-median")
    )
    matrix, p = read_pmed(data / "pmed_orlib" / f"{name}.txt")
    result = solve_p_median(PMedianProblem.of_matrix(matrix, p), EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == optimum
