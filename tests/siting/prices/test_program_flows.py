"""Flows of one pair by HiGHS: possible, of the least cost, and proved by prices made of its duals."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.siting.prices.depot_flows import depot_flows
from depotopt.siting.prices.layout_flows import answer
from depotopt.siting.prices.price_kernels import AllArcs, Wanted
from depotopt.siting.prices.program_flows import program_answer, program_flows
from tests.siting.prices.test_depot_flows import by_point, larger_problem
from tests.siting.prices.test_judgement import drawn
from tests.siting.prices.test_transport import by_scipy, random_problem


@pytest.mark.parametrize("seed", range(40))
def test_flows_are_possible_and_prices_prove_them(seed: int) -> None:
    """Nobody over need or supply, the value of the program, and a bound below it by rounding alone."""
    cost, need, supply, penalty = (random_problem if seed < 20 else larger_problem)(seed)
    begin, node, costs = by_point(cost)
    point = np.repeat(np.arange(len(need)), np.diff(begin))
    found = program_flows(point, node, costs, need, penalty, supply)
    assert found.flow.min(initial=0.0) >= 0.0
    assert (np.bincount(node, found.flow, len(supply)) <= supply * (1 + 1e-12)).all()
    assert (np.bincount(point, found.flow, len(need)) <= need * (1 + 1e-12)).all()
    value = found.moved + found.missing
    assert value == pytest.approx(by_scipy(cost, need, supply, penalty), rel=1e-8, abs=1e-7)
    assert found.bound <= value * (1 + 1e-12) + 1e-9
    assert found.bound == pytest.approx(value, rel=1e-8, abs=1e-7)


def test_without_arcs_everything_is_unmet() -> None:
    """No arcs, and arcs dearer than the penalty."""
    need, penalty, supply = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0])
    none = np.empty(0, dtype=np.int64)
    for point, cost in ((none, none.astype(np.float64)), (np.array([0, 1]), np.array([30.0, 40.0]))):
        found = program_flows(point, np.zeros_like(point), cost, need, penalty, supply)
        assert (found.moved, found.missing, found.bound) == (0.0, 11.0, 11.0)
        assert not found.price.any()


@pytest.mark.parametrize("out", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_a_layout_is_answered_as_by_paths(seed: int, out: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same arcs and value; also where paths from the program's prices run out again."""
    problem, layout = drawn(seed)
    arcs, opened, usable = problem.arcs, layout.supplying(problem), layout.usable(problem)
    ways = AllArcs(arcs.first, arcs.site, arcs.origin, arcs.time_ds)
    if out:
        name = "depotopt.siting.prices.program_flows.depot_flows"
        monkeypatch.setattr(name, lambda *given: (*depot_flows(*given)[:2], -1, -np.inf))
    for s in range(problem.states):
        wants = Wanted(problem.rate[:1], problem.need[s, :, 0].copy(), problem.penalty[:, 0].copy())
        units = usable[s, :, 0].copy()
        low, price = s * problem.points, np.zeros(problem.sites)
        place, _, _, moved, unmet, bound = answer(low, ways, wants, opened, units, price, 0.0)
        at, found = program_answer(low, ways, wants, opened, units)
        assert at.tolist() == place.tolist()
        assert found.moved + found.missing == pytest.approx(moved + unmet, rel=1e-8, abs=1e-7)
        assert found.bound == pytest.approx(bound, rel=1e-8, abs=1e-7)
        assert found.price.shape == (problem.sites,)
