"""The two-echelon engine against every layout there is, and against published values."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.readers.capacitated import read_two_echelon
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from depotopt.errors import UsageError
from depotopt.siting.classic.two_echelon import TwoEchelonLayout, TwoEchelonProblem, solve_two_echelon
from depotopt.siting.classic.two_echelon_changes import Changes
from depotopt.siting.classic.two_echelon_flow import cheapest_flows
from depotopt.siting.classic.two_echelon_local import local_worth
from depotopt.siting.classic.two_echelon_search import FlowSearch
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray
from tests.siting.benchdata import siting_data

# Ample: the first solve also compiles its kernels.
EXACT = SolveLimits(time_s=600.0, gap=0.0)


def random_problem(
    seed: int, plants: int, satellites: int, points: int, *, products: int = 1, whole: bool = True
) -> TwoEchelonProblem:
    rng = np.random.default_rng(seed)
    need = rng.integers(1, 9, (products, points)).astype(float)
    total = need.sum(axis=1)
    plant = [rng.integers(t / 2, t * 1.2, plants) for t in total]
    satellite = [rng.integers(t / 2, t, satellites) for t in total]
    fixed = rng.integers(5, 90, plants), rng.integers(5, 60, satellites)
    part = 0.0 if whole else 0.37
    return TwoEchelonProblem.of_tables(
        need,
        np.column_stack([*plant, fixed[0]]),
        np.column_stack([*satellite, fixed[1]]),
        rng.integers(0, 9, (products, plants, satellites)) + part,
        rng.integers(0, 20, (products, satellites, points)) + part,
    )


def checked_value(problem: TwoEchelonProblem, plan: TwoEchelonLayout) -> float:
    """Value of a layout, after asserting every row of the model by plain sums."""
    into = np.zeros_like(problem.inbound)
    out = np.zeros_like(problem.outbound)
    for table, rows in ((into, plan.inbound), (out, plan.outbound)):
        for product, a, b, units in rows:
            assert units > 0
            table[int(product), int(a), int(b)] += units
    assert (out.sum(axis=1) == problem.need).all()
    assert (out.sum(axis=2) == into.sum(axis=1)).all()
    assert (into.sum(axis=2) <= problem.plant_room).all()
    assert (out.sum(axis=2) <= problem.satellite_room).all()
    assert set(np.flatnonzero(into.sum(axis=(0, 2)))) <= set(plan.plants.tolist())
    assert set(np.flatnonzero(out.sum(axis=(0, 2)))) <= set(plan.satellites.tolist())
    fixed = problem.plant_fixed[plan.plants].sum() + problem.satellite_fixed[plan.satellites].sum()
    return float(fixed + (problem.inbound * into).sum() + (problem.outbound * out).sum())


def flow_cost(problem: TwoEchelonProblem, product: int, plants: FloatArray, satellites: FloatArray) -> float:
    """Cheapest flows of one product for given open sites, by an LP."""
    inbound, outbound, need = problem.inbound[product], problem.outbound[product], problem.need[product]
    (i, j), k = inbound.shape, len(need)
    into = np.arange(i * j).reshape(i, j)
    out = i * j + np.arange(j * k).reshape(j, k)
    columns = i * j + j * k
    upper, least = np.zeros((i + j, columns)), np.zeros((j + k, columns))
    for a in range(i):
        upper[a, into[a]] = 1.0
    for b in range(j):
        upper[i + b, out[b]] = 1.0
        least[b, into[:, b]], least[b, out[b]] = 1.0, -1.0
    for c in range(k):
        least[j + c, out[:, c]] = 1.0
    found = linprog(
        np.concatenate([inbound.ravel(), outbound.ravel()]),
        upper,
        np.concatenate([problem.plant_room[product] * plants, problem.satellite_room[product] * satellites]),
        least,
        np.concatenate([np.zeros(j), need]),
    )
    return np.inf if found.fun is None else float(found.fun)


def best_by_trying_all(problem: TwoEchelonProblem) -> float:
    best = np.inf
    for z in itertools.product((0.0, 1.0), repeat=problem.plants):
        for y in itertools.product((0.0, 1.0), repeat=problem.satellites):
            plants, satellites = np.array(z), np.array(y)
            value = float(problem.plant_fixed @ plants + problem.satellite_fixed @ satellites)
            for product in range(problem.products):
                if value < best:
                    value += flow_cost(problem, product, plants, satellites)
            best = min(best, value)
    return best


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), products=st.integers(1, 3), whole=st.booleans())
def test_optimum_is_that_of_all_layouts(seed: int, products: int, whole: bool) -> None:
    """Value and bound equal the best of all layouts, and the flows keep every row."""
    problem = random_problem(seed, 3, 4, 5, products=products, whole=whole)
    best = best_by_trying_all(problem)
    result = solve_two_echelon(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert result.plan is not None
    assert result.objective == pytest.approx(best, rel=1e-6)
    assert checked_value(problem, result.plan) == pytest.approx(result.objective, rel=1e-9)
    assert result.bound is not None
    assert result.bound <= best * (1 + 1e-9)
    assert result.bound == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_gap_asked_for_ends_the_search_with_a_valid_bound(seed: int) -> None:
    """With 4 % allowed the bound stays below the exact optimum."""
    problem = random_problem(seed, 5, 7, 12)
    exact = solve_two_echelon(problem, EXACT)
    loose = solve_two_echelon(problem, SolveLimits(time_s=600.0, gap=0.04))
    assert exact.objective is not None
    assert loose.objective is not None
    assert loose.bound is not None
    assert loose.bound <= exact.objective <= loose.objective
    assert loose.objective - loose.bound <= 0.04 * loose.objective + 1e-6


def test_the_tier_that_is_too_small_is_named() -> None:
    """Infeasible with the numbers that are short."""
    problem = TwoEchelonProblem.of_tables([5, 5], [[20, 1]], [[4, 1], [3, 1]], [[1, 1]], [[1, 1], [1, 1]])
    result = solve_two_echelon(problem, EXACT)
    assert result.status is Status.INFEASIBLE
    assert result.conflicts == ("all satellites together hold 7, needed are 10: 3 short",)


def test_stop_keeps_what_is_found() -> None:
    """A stop after the first layout leaves a feasible answer with a valid bound."""
    problem = random_problem(3, 12, 20, 40)
    monitor = Monitor(lambda progress: monitor.stop() if progress.objective is not None else None)
    result = solve_two_echelon(problem, EXACT, monitor)
    assert result.status is Status.FEASIBLE
    assert result.limit is Limit.STOPPED
    assert result.plan is not None
    assert result.objective == pytest.approx(checked_value(problem, result.plan))
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound <= result.objective


def test_bad_tables_are_refused_with_all_their_faults() -> None:
    """Negative costs and parts of units, in one message."""
    with pytest.raises(UsageError, match=r"inbound.*; need must be whole"):
        TwoEchelonProblem.of_tables([1.5], [[2, 1]], [[2, 1]], [[-1]], [[1]])
    with pytest.raises(UsageError, match=r"expected \(K,\)"):
        TwoEchelonProblem.of_tables([1], [[2, 1]], [[2, 1]], [[1, 1]], [[1]])
    with pytest.raises(UsageError, match=r"plant \(1, 2\).*\(I, L \+ 1\)"):
        TwoEchelonProblem.of_tables([[1], [1]], [[2, 1]], [[2, 2, 1]], [[[1]], [[1]]], [[[1]], [[1]]])


def test_a_published_bound_is_kept_and_a_layout_is_checked() -> None:
    """PSC1-C1-50 (optimum 722,178): bound below, layout above it and valid."""
    path = siting_data() / "tscflp_two_echelon" / "PSC1-C1-50.txt"
    problem = read_two_echelon(path)
    result = solve_two_echelon(problem, SolveLimits(time_s=20.0, gap=0.05))
    assert result.status is Status.OPTIMAL
    assert result.plan is not None
    assert result.bound is not None
    assert result.bound <= 722_178 <= checked_value(problem, result.plan)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), products=st.integers(1, 2))
def test_local_worth_bounds_every_layout_within_a_change(seed: int, products: int) -> None:
    """A layout's value plus the worth of what a change opens, less what it closes, is never too much."""
    problem = random_problem(seed, 4, 5, 9, products=products)
    rng = np.random.default_rng(seed)
    cut, sites = problem.plants, problem.plants + problem.satellites
    layout = cheapest_flows(problem, np.arange(cut), np.arange(problem.satellites))
    assert layout is not None
    value, worth = layout.value(problem), local_worth(problem, layout)
    now = np.zeros(sites, dtype=np.bool_)
    now[layout.plants], now[cut + layout.satellites] = True, True
    assert value == pytest.approx(checked_value(problem, layout))
    for _ in range(10):
        trial = now.copy()
        tier = slice(0, cut) if rng.random() < 0.5 else slice(cut, None)
        trial[tier] = rng.random(len(trial[tier])) < 0.6
        opened = trial.astype(np.float64)
        flows = [flow_cost(problem, product, opened[:cut], opened[cut:]) for product in range(products)]
        fixed = problem.plant_fixed @ opened[:cut] + problem.satellite_fixed @ opened[cut:]
        assert value + worth @ (opened - now) <= fixed + sum(flows) + 1e-6


def test_changes_concern_free_sites_of_one_tier_and_know_what_they_cost() -> None:
    """Two plants, two satellites; plant 0 kept and satellite 3 shut: two closings, no swap across tiers."""
    now = np.array([True, False, True, False])
    status = np.array([2, 0, 0, 1], dtype=np.int8)
    worth, room = np.array([5.0, -2.0, 3.0, -9.0]), np.array([[7.0, 4.0, 6.0, 8.0]])
    single = Changes.single(now, status, worth, room, plants=2)
    assert [set(sites) - {4} for sites in single.sites.tolist()] == [{2}, {1}]
    assert single.rise.tolist() == [-3.0, -2.0]
    assert single.lost[:, :, 0].tolist() == [[0.0, 6.0], [-4.0, 0.0]]
    assert single.helpful(np.array([[0.0], [5.0]])).tolist() == [1]
    assert single.helpful(np.array([[0.0], [6.0]])).tolist() == [0, 1]
    both = single.paired(2)
    assert both.rise.tolist() == [-5.0]
    assert set(both.sites[0].tolist()) - {4} == {1, 2}
    assert both.lost[0, :, 0].tolist() == [-4.0, 6.0]


def test_flows_from_near_satellites_alone_are_flows() -> None:
    """With points served by the nearest of the open satellites a layout is valid, and never cheaper."""
    problem = random_problem(11, 4, 6, 30)
    everything = np.arange(problem.plants), np.arange(problem.satellites)
    exact = cheapest_flows(problem, *everything)
    near = cheapest_flows(problem, *everything, near=3)
    assert exact is not None
    assert near is not None
    fixed = problem.plant_fixed.sum() + problem.satellite_fixed.sum()
    assert exact.value(problem) <= fixed + flow_cost(problem, 0, np.ones(4), np.ones(6)) + 1e-6
    served = near.outbound[:, [1, 2]].astype(int)
    reach = problem.outbound[0] + problem.inbound[0].min(axis=0)[:, None]
    for satellite, point in served:
        assert (reach[:, point] < reach[satellite, point]).sum() < 3
    assert checked_value(problem, near) >= flow_cost(problem, 0, np.ones(4), np.ones(6))


def test_a_product_nobody_needs_lifts_no_bound() -> None:
    problem = TwoEchelonProblem.of_tables(
        [[0, 0], [1, 1]],
        [[0, 2, 0.85]],
        [[1, 5, 2.0], [1, 5, 2.0]],
        [[[0.1, 0.1]], [[3.0, 3.0]]],
        [[[2.0, 2.0], [2.0, 2.0]], [[5.5, 7.5], [5.25, 8.0]]],
    )
    result = solve_two_echelon(problem, EXACT)
    assert result.status is Status.OPTIMAL
    # Both points from the first satellite: 0.85 + 2 + 2 x 3 + 5.5 + 7.5.
    assert result.objective == pytest.approx(21.85)
    assert result.bound == pytest.approx(21.85)


@pytest.mark.parametrize("products", [1, 2])
def test_nothing_needed_opens_nothing(products: int) -> None:
    zero = np.zeros((products, 3))
    room = np.ones((2, products))
    tier = np.column_stack([room, [0.0, 7.0]])
    costs = np.full((products, 2, 2), 0.3), np.full((products, 2, 3), 0.7)
    result = solve_two_echelon(TwoEchelonProblem.of_tables(zero, tier, tier, *costs), EXACT)
    assert result.status is Status.OPTIMAL
    assert result.objective == result.bound == 0.0
    assert result.plan is not None
    assert len(result.plan.plants) == len(result.plan.satellites) == 0


def test_an_empty_tree_proves_the_gap_asked_for() -> None:
    problem = random_problem(3, 3, 4, 6, whole=False)
    search = FlowSearch(problem, SolveLimits(time_s=600.0, gap=0.05), None)
    search.price(np.ones(7, dtype=np.bool_))
    assert np.isfinite(search.value)
    search.bound = search.limit
    assert search.proved


def test_a_value_below_one_is_proved_to_the_gap() -> None:
    problem = random_problem(2, 3, 4, 5, whole=False)
    small = replace(
        problem,
        plant_fixed=problem.plant_fixed * 1e-9,
        satellite_fixed=problem.satellite_fixed * 1e-9,
        inbound=problem.inbound * 1e-9,
        outbound=problem.outbound * 1e-9,
    )
    result, large = solve_two_echelon(small, EXACT), solve_two_echelon(problem, EXACT)
    assert result.status is Status.OPTIMAL
    assert large.objective is not None
    assert result.objective == pytest.approx(1e-9 * large.objective, rel=1e-7)
    assert result.bound == pytest.approx(result.objective, rel=1e-6)


def test_a_bound_stays_below_layouts_cut_off_by_the_gap() -> None:
    """Sites are shut by what is good enough, so a bound past that says nothing of layouts in between."""
    problem = TwoEchelonProblem.of_tables(
        [0.0, 1.0],
        [[10, 3.8065], [10, 3.0283], [10, 4.9314], [10, 3.8861]],
        [[1, 0.1], [1, 0.7], [1, 1.2], [1, 0.0]],
        [[1, 1, 4, 4], [2, 2, 5, 5], [0, 2, 3, 3], [2, 2, 1, 3]],
        [[0.0007, 0.0004]] * 4,
    )
    result = solve_two_echelon(problem, SolveLimits(time_s=600.0, gap=0.05, seed=2))
    assert result.status is Status.OPTIMAL
    # The first plant and the first satellite.
    assert result.bound is not None
    assert result.bound <= 3.8065 + 0.1 + 1.0 + 0.0004
