"""Single source: one depot per point, chosen exactly."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.siting.prices.layout_flows import answer
from depotopt.siting.recourse import gate_search, single_source
from depotopt.siting.recourse.arcs import Arcs, Prices
from depotopt.siting.recourse.recourse import existing_layout, flow_cost, recourse, state_arcs
from depotopt.siting.recourse.single_source import separate_flows, single_source_flows
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from depotopt.verify.recourse import verify_siting
from tests.siting.cases import Case, random_case
from tests.siting.supply_brute import best_supply
from tests.siting.supply_cases import supply_case

EXACT = SolveLimits(time_s=60.0, gap=1e-7)


def single(case: Case) -> Case:
    return case.with_rules(single_source=True)


def cost(arcs: Arcs, flow: np.ndarray, need: np.ndarray, prices: Prices) -> float:
    got = np.zeros_like(need)
    np.add.at(got, arcs.point, flow)
    moved = float((flow * arcs.time_ds[:, None] * prices.rate).sum())
    return moved + float(((need - got) * prices.penalty).sum())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_the_best_of_all_choices_of_depots(seed: int) -> None:
    """Trying every depot for every point finds nothing cheaper."""
    rng = np.random.default_rng(seed)
    rows, gates, points = 3, 2, 3
    row, gate, point = (a.ravel() for a in np.meshgrid(range(rows), range(gates), range(points)))
    kept = rng.random(len(row)) < 0.7
    arcs = Arcs(row, gate, point, rng.integers(1, 100, len(row)).astype(float))[kept]
    usable = rng.integers(0, 30, (rows, 2)).astype(np.float64)
    need = rng.integers(0, 20, (points, 2)).astype(np.float64)
    prices = Prices(np.array([1.0, 0.5]), np.full((points, 2), 80.0))
    found = single_source_flows(arcs, usable, need, prices)
    for i in range(points):
        used = (found.sum(axis=1) > 0) & (arcs.point == i)
        assert len(set(arcs.gate[used].tolist())) <= 1
    values = []
    for choice in itertools.product(range(gates), repeat=points):
        mine = arcs[np.array(choice)[arcs.point] == arcs.gate]
        values.append(cost(mine, separate_flows(mine, usable, need, prices), need, prices))
    assert cost(arcs, found, need, prices) == pytest.approx(min(values), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_no_dearer_than_the_depots_it_starts_from(seed: int) -> None:
    """However little time the choice has: what is known is kept where nothing better is found."""
    rng = np.random.default_rng(seed)
    depots, points = 4, 8
    gate, point = (a.ravel() for a in np.meshgrid(range(depots), range(points)))
    arcs = Arcs(gate, gate, point, rng.integers(1, 100, len(gate)).astype(float))
    usable = rng.integers(5, 30, (depots, 2)).astype(np.float64)
    need = rng.integers(0, 20, (points, 2)).astype(np.float64)
    prices = Prices(np.array([1.0, 0.5]), np.full((points, 2), 80.0))
    start = rng.integers(-1, depots, points)
    mine = arcs[start[arcs.point] == arcs.gate]
    known = cost(mine, separate_flows(mine, usable, need, prices), need, prices)
    brief = SolveLimits(time_s=0.01, gap=0.5)
    found = single_source_flows(arcs, usable, need, prices, brief, start)
    assert cost(arcs, found, need, prices) <= known + 1e-6
    for i in range(points):
        used = (found.sum(axis=1) > 0) & (arcs.point == i)
        assert used.sum() <= 1


@pytest.mark.parametrize("seed", range(6))
def test_optimum_is_that_of_all_layouts(seed: int) -> None:
    """Layout and depots of the points together: no combination is better."""
    case = single(supply_case(seed))
    result = solve_problem(case.problem, EXACT, engine="highs")
    assert result.objective == pytest.approx(best_supply(case), rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_cuts_bound_and_price_it_honestly(seed: int) -> None:
    """The decomposition's bound, that of several depots per point, stays below; its plan keeps to one."""
    case = single(supply_case(seed))
    exact = solve_problem(case.problem, EXACT, engine="highs")
    cuts = solve_problem(case.problem, SolveLimits(time_s=60.0, gap=1e-4), engine="cuts")
    assert exact.objective is not None
    assert cuts.objective is not None
    assert cuts.bound is not None
    assert cuts.plan is not None
    assert any("the bound allows several" in note for note in cuts.notes)
    assert cuts.bound <= exact.objective * (1 + 1e-6)
    assert cuts.objective >= exact.objective * (1 - 1e-6)
    flows = recourse(case.scenario, cuts.plan, case.network, case.ensemble, engine=case.engine)
    check = verify_siting(case.scenario, case.network, cuts.plan, list(case.ensemble), flows)
    assert check.compare(cuts.objective, 1e-7).violations == ()


@pytest.mark.parametrize("seed", range(3))
def test_layouts_are_fitted_to_the_depots_chosen(seed: int) -> None:
    """Cuts end within a few per cent of the proved value, where their own layouts missed it by a quarter."""
    case = single(random_case(seed))
    exact = solve_problem(case.problem, EXACT, engine="highs")
    cuts = solve_problem(case.problem, SolveLimits(time_s=20.0, gap=1e-3), engine="cuts")
    assert exact.objective is not None
    assert cuts.objective is not None
    assert cuts.objective <= exact.objective * 1.03


def test_auto_proves_a_small_case() -> None:
    """The extensive form, started from the fitted layout, closes the gap that the relaxation leaves."""
    case = single(random_case(1))
    found = solve_problem(case.problem, SolveLimits(time_s=60.0, gap=1e-3))
    assert found.status is Status.OPTIMAL
    assert not any("the bound allows several" in note for note in found.notes)


def test_one_depot_costs_more_than_several_and_the_verifier_sees_it() -> None:
    """Flows from several depots are refused under the rule; keeping it never lowers the response cost."""
    case = random_case(8, points=8)
    plan = existing_layout(case.scenario)
    several = list(recourse(case.scenario, plan, case.network, case.ensemble, engine=case.engine))
    ruled = single(case)
    one = list(recourse(ruled.scenario, plan, case.network, case.ensemble, engine=case.engine))
    refused = verify_siting(ruled.scenario, case.network, plan, list(case.ensemble), several)
    kept = verify_siting(ruled.scenario, case.network, plan, list(case.ensemble), one)
    assert any("more than one" in text for text in refused.violations)
    assert not any("more than one" in text for text in kept.violations)
    assert refused.objective is not None
    assert kept.objective is not None
    assert kept.objective >= refused.objective * (1 - 1e-9)


def test_flows_whose_paths_run_out_are_those_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer by paths the flows cost the same."""
    problem = random_case(3, sites=5, points=8, states=2).problem
    usable, prices = np.full((problem.sites, problem.commodities), 5.0), Prices(problem.rate, problem.penalty)
    arcs = state_arcs(problem, 0, usable, np.ones(problem.sites, dtype=np.bool_))
    normal = separate_flows(arcs, usable, problem.need[0], prices)
    name = "depotopt.siting.prices.layout_flows.answer"
    monkeypatch.setattr(name, lambda *given: (*answer(*given)[:3], np.nan, np.nan, -np.inf))
    again = separate_flows(arcs, usable, problem.need[0], prices)
    for flow in (normal, again):
        assert (np.bincount(arcs.row, flow[:, 0], problem.sites) <= 5.0 * (1 + 1e-8)).all()
    one, other = (sum(flow_cost(problem, 0, arcs, flow)) for flow in (normal, again))
    assert other == pytest.approx(one, rel=1e-9)


def test_depots_do_not_depend_on_the_order_of_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is checked on ways that come in another order; an unproved choice has to be the same there."""
    monkeypatch.setattr(single_source, "STATE_NODES", 1)
    monkeypatch.setattr(gate_search, "KICKS", 0)
    rng = np.random.default_rng(5)
    row, gate, point = (a.ravel() for a in np.meshgrid(range(4), range(4), range(12)))
    arcs = Arcs(row, gate, point, rng.integers(1, 4, len(row)).astype(float))
    usable = rng.integers(0, 40, (4, 2)).astype(np.float64)
    need = np.full((12, 2), 10.0)
    prices = Prices(np.array([1.0, 0.5]), np.full((12, 2), 80.0))
    order = rng.permutation(len(row))
    first = single_source_flows(arcs, usable, need, prices)
    again = single_source_flows(arcs[order], usable, need, prices)
    np.testing.assert_array_equal(first[order], again)
