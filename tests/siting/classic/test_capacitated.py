"""The capacitated engine against every layout there is, and against published optima."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.readers.capacitated import read_capacitated_median, read_orlib, read_single_source
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.siting.classic.capacitated import CapacitatedProblem, solve_capacitated
from depotopt.siting.classic.capacitated_search import Search
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.working_time import working_s
from tests.siting.benchdata import siting_data
from tests.siting.classic.allocation_check import best_by_trying_all, checked_value

# Ample: the first solve also compiles its kernels.
EXACT = SolveLimits(time_s=600.0, gap=0.0)


def random_problem(
    seed: int, sites: int, points: int, *, single: bool = False, count: int | None = None, whole: bool = True
) -> CapacitatedProblem:
    rng = np.random.default_rng(seed)
    need = rng.integers(1, 12, points).astype(float)
    share = need.sum() / (count or max(sites / 2, 1))
    capacity = np.ceil(rng.uniform(0.8, 1.8, sites) * share)
    cost = rng.integers(0, 60, (sites, points)).astype(float)
    fixed = np.zeros(sites) if count else rng.integers(0, 90, sites).astype(float)
    if not whole:
        need, cost, capacity = need + rng.random(points), cost * 1.37, capacity + rng.random(sites)
    if seed % 3 == 0:
        cost[rng.random(cost.shape) < 0.15] = np.inf
    return CapacitatedProblem.of_tables(capacity, fixed, need, cost, single_source=single, count=count)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    single=st.booleans(),
    whole=st.booleans(),
    count=st.sampled_from([None, None, 2, 3]),
)
def test_optimum_is_that_of_all_layouts(seed: int, single: bool, whole: bool, count: int | None) -> None:
    """Value and bound equal the best of all layouts; where none exists the status says so."""
    problem = random_problem(seed, 4, 5, single=single, count=count, whole=whole)
    best = best_by_trying_all(problem)
    result = solve_capacitated(problem, EXACT)
    if best == np.inf:
        assert result.status is Status.INFEASIBLE
        assert result.conflicts
        return
    assert result.status is Status.OPTIMAL
    assert result.plan is not None
    assert result.objective == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert checked_value(problem, result.plan) == pytest.approx(result.objective, rel=1e-9)
    assert result.bound is not None
    assert result.bound <= best * (1 + 1e-9) + 1e-9
    assert result.bound == pytest.approx(best, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("single", [False, True])
def test_a_gap_asked_for_ends_the_search_with_a_valid_bound(seed: int, single: bool) -> None:
    """With 5 % allowed the answer is within 5 % of the exact one, and its bound below that."""
    problem = random_problem(seed, 8, 20, single=single)
    exact = solve_capacitated(problem, EXACT)
    loose = solve_capacitated(problem, SolveLimits(time_s=600.0, gap=0.05))
    assert exact.status is loose.status is Status.OPTIMAL
    assert exact.objective is not None
    assert loose.objective is not None
    assert loose.bound is not None
    assert exact.objective <= loose.objective + 1e-6
    assert loose.bound <= exact.objective + 1e-6
    assert loose.objective - loose.bound <= 0.05 * loose.objective + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_whole_points_cost_no_less_than_split_ones(seed: int) -> None:
    """Splitting points is a relaxation."""
    whole = random_problem(seed, 7, 18, single=True)
    split = random_problem(seed, 7, 18, single=False)
    one, many = solve_capacitated(whole, EXACT), solve_capacitated(split, EXACT)
    assert one.objective is not None
    assert many.objective is not None
    assert one.objective >= many.objective - 1e-6


def test_too_little_capacity_is_named() -> None:
    """Infeasible with the numbers that are short."""
    problem = CapacitatedProblem.of_tables([3.0, 4.0], [1.0, 1.0], [5.0, 5.0], np.ones((2, 2)))
    result = solve_capacitated(problem, EXACT)
    assert result.status is Status.INFEASIBLE
    assert result.conflicts == ("all sites together hold 7, needed are 10: 3 short",)


def test_a_point_no_site_can_serve_is_named() -> None:
    """Out of reach, too large to be served whole, or too large for the sites in reach."""
    reach = np.array([[1.0, np.inf], [1.0, np.inf]])
    out = CapacitatedProblem.of_tables([9.0, 9.0], [0.0, 0.0], [5.0, 5.0], reach)
    assert solve_capacitated(out, EXACT).conflicts == ("no site reaches the 5 of demand point 1",)
    large = CapacitatedProblem.of_tables(
        [6.0, 6.0], [0.0, 0.0], [2.0, 8.0], np.ones((2, 2)), single_source=True
    )
    assert solve_capacitated(large, EXACT).conflicts == ("no site holds the 8 of demand point 1",)
    part = CapacitatedProblem.of_tables(
        [6.0, 9.0], [0.0, 0.0], [2.0, 8.0], np.array([[1.0, 1.0], [1.0, np.inf]])
    )
    assert solve_capacitated(part, EXACT).conflicts == (
        "the sites that reach demand point 1 hold 6, it needs 8",
    )


def test_points_that_do_not_fit_together_are_infeasible() -> None:
    """Three points of 5 do not fit whole into two sites of 8, though their sum does."""
    problem = CapacitatedProblem.of_tables(
        [8.0, 8.0], [1.0, 1.0], [5.0, 5.0, 5.0], np.ones((2, 3)), single_source=True
    )
    result = solve_capacitated(problem, EXACT)
    assert result.status is Status.INFEASIBLE
    assert "every one was tried" in result.conflicts[0]


def test_nothing_costs_anything() -> None:
    """A problem without costs is proved at 0."""
    problem = CapacitatedProblem.of_tables([5.0, 5.0], [0.0, 0.0], [3.0, 3.0], np.zeros((2, 2)))
    result = solve_capacitated(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == 0.0


def test_a_point_without_need_still_pays_its_way() -> None:
    """Need 0 uses no capacity, but its cost counts."""
    problem = CapacitatedProblem.of_tables([5.0, 5.0], [1.0, 1.0], [5.0, 0.0], [[2.0, 7.0], [3.0, 1.0]])
    result = solve_capacitated(problem, EXACT)
    assert result.objective == pytest.approx(best_by_trying_all(problem))


@pytest.mark.parametrize("single", [False, True])
def test_stop_keeps_what_is_found(single: bool) -> None:
    """A stop after the first layout leaves a feasible answer with a valid bound."""
    problem = random_problem(5, 25, 90, single=single)
    monitor = Monitor(lambda progress: monitor.stop() if progress.objective is not None else None)
    result = solve_capacitated(problem, EXACT, monitor)
    assert result.status is Status.FEASIBLE
    assert result.limit is Limit.STOPPED
    assert result.plan is not None
    assert result.objective == pytest.approx(checked_value(problem, result.plan))
    exact = solve_capacitated(problem, SolveLimits(time_s=600.0, gap=0.001))
    assert exact.objective is not None
    assert result.bound is not None
    assert result.bound <= exact.objective


def test_bad_tables_are_refused_with_all_their_faults() -> None:
    """Every fault of the numbers in one message."""
    with pytest.raises(UsageError, match=r"fit.*\(J, I\)"):
        CapacitatedProblem.of_tables([1.0], [1.0], [1.0], np.ones((2, 1)))
    with pytest.raises(UsageError, match=r"capacity.*; need.*; cost.*; count must lie in 1\.\.1, found 2"):
        CapacitatedProblem.of_tables([-1.0], [1.0], [np.nan], [[-2.0]], count=2)


@pytest.mark.parametrize(
    ("name", "optimum"), [("cap41", 1040444.375), ("cap74", 1034976.975), ("cap104", 928941.75)]
)
def test_published_optima_of_split_points(name: str, optimum: float) -> None:
    """OR-Library instances are proved at their published value."""
    result = solve_capacitated(read_orlib(siting_data() / "cap_orlib" / f"{name}.txt"), EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(optimum, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "optimum"),
    [("holmberg/p1", 8848), ("holmberg/p40", 13024), ("delmaire/p1", 2014), ("delmaire/p28", 11117)],
)
def test_published_optima_of_whole_points(name: str, optimum: float) -> None:
    """Single-source instances are proved at their published value."""
    problem = read_single_source(siting_data() / f"sscflp_{name}")
    result = solve_capacitated(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == optimum
    assert result.plan is not None
    assert checked_value(problem, result.plan) == optimum


def test_published_optimum_of_a_capacitated_median() -> None:
    """The count of sites is given, and no site costs anything."""
    problem = read_capacitated_median(siting_data() / "cpmp" / "pmedcap1_1.txt")
    result = solve_capacitated(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == 713


def test_needs_that_fill_a_site_to_the_last_digit_are_served() -> None:
    # In this order they add up to 7.000000000000001, from the smallest on to 7.
    need = [1.1, 1.1, 0.8, 0.1, 0.2, 1.5, 1.8, 0.4]
    cost = [[70.0, 19.0, 78.0, 37.0, 44.0, 1.0, 61.0, 90.0]]
    result = solve_capacitated(CapacitatedProblem.of_tables([7.0], [0.8], need, cost), EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(400.8)


@pytest.mark.parametrize("single", [False, True])
def test_a_value_far_below_the_mean_cost_is_proved_to_the_gap(single: bool) -> None:
    cost = [[0.013, 1e4, 0.021, 1e3], [1e4, 0.017, 1e4, 0.011], [0.02, 0.03, 0.04, 1e4]]
    problem = CapacitatedProblem.of_tables(
        [3.0, 3.0, 3.0], [0.02, 0.03, 0.01], [1.0] * 4, cost, single_source=single
    )
    result = solve_capacitated(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best_by_trying_all(problem), rel=1e-7)
    assert result.bound == pytest.approx(result.objective, rel=1e-6)


def test_prices_of_points_nobody_can_serve_stay_finite() -> None:
    # Room enough together; 1.9 fits one site alone, and then 1.2 and 1.0 do not fit the others.
    capacity, need = [0.9601, 2.4658, 0.7042, 1.5527], [1.2, 1.9, 1.0, 0.4, 0.4, 0.0, 0.6]
    cost = np.random.default_rng(1).integers(5, 95, (4, 7)).astype(float)
    problem = CapacitatedProblem.of_tables(capacity, [6.0, 46.0, 41.0, 28.0], need, cost, single_source=True)
    result = solve_capacitated(problem, SolveLimits(time_s=600.0, gap=0.05))
    assert best_by_trying_all(problem) == np.inf
    assert result.status is Status.INFEASIBLE


@pytest.mark.parametrize("single", [False, True])
def test_nothing_needed_costs_only_what_serving_costs(single: bool) -> None:
    problem = CapacitatedProblem.of_tables(
        [0.4, 1.7], [3.0, 2.0], [0.0, 0.0], [[1.0, 1.0], [2.0, 3.0]], single_source=single
    )
    result = solve_capacitated(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == best_by_trying_all(problem) == 5.0


def test_an_empty_tree_proves_the_gap_asked_for() -> None:
    problem = random_problem(4, 4, 6, whole=False)
    search = Search(problem, SolveLimits(time_s=600.0, gap=0.05), None, working_s())
    search.price(np.arange(4))
    assert np.isfinite(search.value)
    search.bound = search.limit
    assert search.proved
