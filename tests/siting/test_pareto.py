"""The front between cost and response."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from depotopt.errors import UsageError
from depotopt.siting.cuts.outcome import Memory
from depotopt.siting.pareto import FrontPoint, pareto, undominated
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from tests.siting.cases import random_case

TIGHT = SolveLimits(time_s=60.0, gap=1e-4)


@pytest.mark.parametrize("engine", ["highs", "cuts"])
def test_more_money_buys_a_better_response(engine: str) -> None:
    """Along the front cost rises and response falls; every layout is within its budget and proved."""
    problem = random_case(4, sites=5, points=8, states=3).problem
    front = undominated(list(pareto(problem, TIGHT, points=4, engine=engine)))
    assert len(front) >= 3
    for cheap, dear in itertools.pairwise(front):
        assert cheap.yearly_cost < dear.yearly_cost
        assert cheap.response > dear.response or cheap.tail_response > dear.tail_response
    for one in front:
        assert one.result.status is Status.OPTIMAL
        assert one.budget is None or one.yearly_cost <= one.budget * (1 + 1e-6)
    best = solve_problem(problem, TIGHT, engine=engine)
    assert front[-1].result.objective == pytest.approx(best.objective, rel=2e-4)


def test_a_robust_front_has_smaller_tails_for_the_same_money() -> None:
    """Under each budget the layout chosen by its tail has no larger tail, the other one no larger mean."""
    problem = random_case(4, sites=5, points=8, states=6).problem
    problem = replace(problem, goal=replace(problem.goal, level=0.5))
    found = list(pareto(problem, TIGHT, points=3, robust=True))
    assert sum(one.by_tail for one in found) == 2
    by_budget = {(one.budget, one.by_tail): one for one in found if one.budget is not None}
    for (budget, by_tail), wary in by_budget.items():
        if by_tail:
            other = by_budget[budget, False]
            value = {
                "tail": [
                    each.yearly_cost + problem.events_per_year * each.tail_response for each in (wary, other)
                ],
                "mean": [
                    each.yearly_cost + problem.events_per_year * each.response for each in (wary, other)
                ],
            }
            assert value["tail"][0] <= value["tail"][1] * (1 + 2e-4)
            assert value["mean"][1] <= value["mean"][0] * (1 + 2e-4)


def test_a_beaten_point_is_left_out() -> None:
    """Dearer and no better in any measure."""
    problem = random_case(4, sites=4, points=5, states=2).problem
    one = next(pareto(problem, TIGHT, points=2))
    worse = replace(one, yearly_cost=one.yearly_cost + 1.0)
    better_tail = replace(worse, tail_response=one.tail_response - 1.0)
    kept = undominated([worse, better_tail, one])
    assert kept == (one, better_tail)
    assert isinstance(kept[0], FrontPoint)


def test_of_points_alike_one_stays() -> None:
    """Two budgets that buy the same layout are one point of the front: the one proved best."""
    problem = random_case(4, sites=4, points=5, states=2).problem
    one = next(pareto(problem, TIGHT, points=2))
    assert one.result.bound is not None
    looser = replace(one, budget=None, result=replace(one.result, bound=0.9 * one.result.bound))
    assert undominated([looser, one, one]) == (one,)


def test_memory_changes_the_way_not_the_answer() -> None:
    """A second solve from what the first one left proves the same value."""
    problem = random_case(6, sites=6, points=10, states=4).problem
    memory = Memory()
    first = solve_problem(problem, TIGHT, engine="cuts", memory=memory)
    assert memory.price is not None
    assert memory.layout is not None
    again = solve_problem(problem, TIGHT, engine="cuts", memory=memory)
    assert again.status is Status.OPTIMAL
    assert again.objective == pytest.approx(first.objective, rel=2e-4)


def test_a_front_of_one_point_is_refused() -> None:
    """Two ends at least."""
    problem = random_case(4, sites=4, points=5, states=2).problem
    with pytest.raises(UsageError, match="at least 2 points"):
        next(pareto(problem, TIGHT, points=1))
