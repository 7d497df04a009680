"""Mean, tail and worst response as objectives, in order and under ceilings."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.errors import EngineError
from depotopt.rules import SitingObjective
from depotopt.siting import attempt
from depotopt.siting.attempt import measured
from depotopt.siting.model.goal import MEASURES, Ceiling, tail_mean
from depotopt.siting.model.problem import SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.siting.recourse.recourse import recourse
from depotopt.siting.solve import solve_problem
from depotopt.siting.soundness import sound_bound
from depotopt.solving import Limit, SolveLimits, SolveResult, Status
from depotopt.verify.recourse import verify_siting
from tests.siting import brute
from tests.siting.cases import CITY, TOWN, Case, random_case

EXACT = SolveLimits(time_s=60.0, gap=1e-6)
CLOSE = SolveLimits(time_s=60.0, gap=1e-3)
RISKY = SitingObjective(mean=0.5, cvar=1.0, worst=0.3, cvar_level=0.6)


def goal_case(seed: int, objective: SitingObjective) -> Case:
    """Three sites, four points, four road states."""
    case = random_case(seed, sites=3, points=4, states=4, tiers=(CITY, TOWN))
    return case.with_scenario(objective=objective)


def best_by_layouts(case: Case) -> float:
    """Least weighted objective over all choices of sites, each with its best stock by one LP."""
    problem = case.problem
    values = []
    for choice in brute.layouts(case.scenario):
        o = problem.options
        fixed = [
            n
            for n in range(len(o))
            if o.site[n] in choice
            and problem.tier_ids[o.tier[n]] == choice[int(o.site[n])][0].ident
            and problem.class_ids[o.tier[n]][o.size_class[n]] == choice[int(o.site[n])][1].ident
        ]
        values.append(brute.risk_priced(problem, fixed))
    return min(values)


@pytest.mark.parametrize("seed", range(4))
def test_optimum_is_that_of_all_layouts(seed: int) -> None:
    """Extensive form and price cuts both find the best weighted sum of mean, tail and worst response."""
    case = goal_case(seed, RISKY)
    best = best_by_layouts(case)
    exact = solve_problem(case.problem, EXACT, engine="highs")
    cuts = solve_problem(case.problem, CLOSE, engine="cuts")
    assert exact.objective == pytest.approx(best, rel=1e-5)
    assert cuts.objective == pytest.approx(best, rel=2e-3)
    assert cuts.status is Status.OPTIMAL
    assert cuts.bound is not None
    assert cuts.bound <= best * (1 + 1e-6)


@pytest.mark.parametrize("engine", ["highs", "cuts"])
@pytest.mark.parametrize(
    "objective",
    [
        RISKY,
        SitingObjective(lexicographic=("cost", "mean")),
        SitingObjective(lexicographic=("mean", "fraction")),
    ],
)
def test_the_verifier_recomputes_the_objective(engine: str, objective: SitingObjective) -> None:
    """The check, which knows nothing of siting's code, arrives at the same number."""
    case = goal_case(1, objective)
    result = solve_problem(case.problem, CLOSE, engine=engine)
    assert result.plan is not None
    assert result.objective is not None
    flows = recourse(case.scenario, result.plan, case.network, case.ensemble, engine=case.engine)
    check = verify_siting(case.scenario, case.network, result.plan, case.ensemble, flows)
    assert check.compare(result.objective, 1e-6).violations == ()


responses = st.lists(st.floats(0, 1e6), min_size=1, max_size=8)


@given(responses, st.integers(0, 2**31))
def test_the_tail_lies_between_mean_and_worst(values: list[float], seed: int) -> None:
    """At level 0 it is the mean, close to 1 the worst, and it only grows with the level."""
    probability = np.random.default_rng(seed).random(len(values)) + 0.01
    probability /= probability.sum()
    response = np.array(values)
    tails = [tail_mean(response, probability, level) for level in (0.0, 0.3, 0.6, 0.9, 1 - 1e-6)]
    assert tails[0] == pytest.approx(float(probability @ response))
    assert tails[-1] == pytest.approx(float(response.max()))
    assert all(a <= b * (1 + 1e-9) + 1e-9 for a, b in itertools.pairwise(tails))


def measures(problem: SitingProblem, result_problem: SitingProblem) -> dict[str, float]:
    """Best plan of one problem, measured as another one measures."""
    result = solve_problem(result_problem, EXACT, engine="highs")
    assert result.plan is not None
    layout = as_layout(problem, result.plan)
    return {name: measured(problem, layout, name) for name in MEASURES}


@pytest.mark.parametrize("engine", ["highs", "cuts"])
def test_a_later_measure_does_not_spoil_an_earlier_one(engine: str) -> None:
    """First the mean response, then the yearly cost: cheaper than before, the mean within its tolerance."""
    problem = goal_case(2, SitingObjective(lexicographic=("mean", "cost"), tolerance=0.05)).problem
    first = measures(problem, replace(problem, goal=problem.goal.alone("mean", ())))
    result = solve_problem(problem, CLOSE, engine=engine)
    assert result.plan is not None
    layout = as_layout(problem, result.plan)
    assert measured(problem, layout, "mean") <= 1.05 * first["mean"] * (1 + 3e-3)
    assert measured(problem, layout, "cost") < first["cost"]
    assert result.objective == pytest.approx(measured(problem, layout, "cost"))
    assert any("kept within" in note for note in result.notes)


@pytest.mark.parametrize("engine", ["highs", "cuts"])
@pytest.mark.parametrize("measure", ["mean", "cvar", "worst", "fraction"])
def test_a_ceiling_is_kept(engine: str, measure: str) -> None:
    """Half-way between the best and the unbounded optimum: kept, at a higher cost than without."""
    case = goal_case(3, SitingObjective(cvar_level=0.6))
    free = measures(case.problem, case.problem)
    least = measures(case.problem, replace(case.problem, goal=case.problem.goal.alone(measure, ())))
    amount = (free[measure] + least[measure]) / 2
    key = "max_unmet_fraction" if measure == "fraction" else f"max_{measure}_response"
    ceilings: dict[str, Any] = {key: amount}
    bounded = case.with_scenario(objective=replace(case.scenario.objective, **ceilings)).problem
    result = solve_problem(bounded, CLOSE, engine=engine)
    assert result.plan is not None
    assert measured(bounded, as_layout(bounded, result.plan), measure) <= amount * (1 + 1e-4)
    unbounded = solve_problem(case.problem, EXACT, engine="highs")
    assert result.objective is not None
    assert unbounded.objective is not None
    assert result.objective >= unbounded.objective * (1 - 1e-6)


@pytest.mark.parametrize("engine", ["highs", "cuts"])
@pytest.mark.parametrize("key", ["max_cvar_response", "max_unmet_fraction"])
def test_a_ceiling_nobody_can_keep_is_named(engine: str, key: str) -> None:
    """Infeasible, with the rule and the least that can be reached."""
    case = goal_case(3, SitingObjective(**{key: 1e-4 if key == "max_unmet_fraction" else 1.0}))  # type: ignore[arg-type]
    result = solve_problem(case.problem, CLOSE, engine=engine)
    assert result.status is Status.INFEASIBLE
    assert len(result.conflicts) == 1
    assert key in result.conflicts[0]
    assert "no layout under the rules gets below" in result.conflicts[0]


def test_the_verifier_sees_a_broken_ceiling() -> None:
    """A layout chosen without the bound, checked with it."""
    case = goal_case(1, SitingObjective())
    result = solve_problem(case.problem, EXACT, engine="highs")
    assert result.plan is not None
    worst = measured(case.problem, as_layout(case.problem, result.plan), "worst")
    fraction = measured(case.problem, as_layout(case.problem, result.plan), "fraction")
    assert 0.0 < fraction <= 1.0
    bounded = case.with_scenario(
        objective=SitingObjective(max_worst_response=0.9 * worst, max_unmet_fraction=0.9 * fraction)
    )
    flows = recourse(case.scenario, result.plan, case.network, case.ensemble, engine=case.engine)
    check = verify_siting(bounded.scenario, case.network, result.plan, case.ensemble, flows)
    assert [text for text in check.violations if "max_worst_response" in text]
    assert [text for text in check.violations if "max_unmet_fraction" in text]


def test_an_order_that_time_cuts_short_is_worth_its_last_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layout of the measures before stays, and its value is that of the measure asked for last."""
    case = goal_case(1, SitingObjective(lexicographic=("cost", "mean", "worst")))
    honest = attempt.solve_once

    def slow(problem: SitingProblem, *args: Any) -> Any:
        if problem.goal.worst:
            return SolveResult(Status.UNKNOWN, None, None, 0.0, "highs", 0.0, Limit.TIME)
        return honest(problem, *args)

    monkeypatch.setattr(attempt, "solve_once", slow)
    found = solve_problem(case.problem, EXACT)
    assert found.plan is not None
    assert found.status is Status.FEASIBLE
    flows = recourse(case.scenario, found.plan, case.network, case.ensemble)
    check = verify_siting(case.scenario, case.network, found.plan, case.ensemble, flows)
    assert check.violations == ()
    assert found.objective == pytest.approx(check.objective, rel=1e-6)
    assert found.bound is not None
    assert found.objective is not None
    assert found.bound <= found.objective


@pytest.mark.parametrize("engine", ["highs", "cuts"])
def test_a_step_of_an_order_starts_from_the_one_before(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any tolerance the layout of the step before is still an answer, even in no time at all."""
    case = goal_case(0, SitingObjective(lexicographic=("worst", "mean", "cost"), tolerance=0.0))
    honest, starts = attempt.solve_once, []

    def hurried(problem: SitingProblem, limits: SolveLimits, *args: Any) -> Any:
        memory = args[-1]
        starts.append(memory.layout)
        if len(starts) > 1:
            limits = replace(limits, time_s=1e-6)
        return honest(problem, limits, *args)

    monkeypatch.setattr(attempt, "solve_once", hurried)
    found = solve_problem(case.problem, CLOSE, engine=engine)
    assert found.plan is not None
    assert starts[0] is None
    assert all(layout is not None for layout in starts[1:])
    last = as_layout(case.problem, found.plan)
    assert len(starts) == 3
    first_worst = measured(case.problem, starts[1], "worst")
    assert measured(case.problem, last, "worst") <= first_worst * (1 + 1e-4)


def test_cuts_find_a_layout_under_a_ceiling_that_binds() -> None:
    """The ceiling is pressed first, so that there is a layout to start from."""
    problem = goal_case(3, SitingObjective()).problem
    least = solve_problem(replace(problem, goal=problem.goal.alone("worst", ())), EXACT, engine="highs")
    assert least.plan is not None
    amount = measured(problem, as_layout(problem, least.plan), "worst") * 1.05
    ceilings = (Ceiling("worst response", "worst", amount),)
    bounded = replace(problem, goal=replace(problem.goal, ceilings=ceilings))
    cuts = solve_problem(bounded, CLOSE, engine="cuts")
    exact = solve_problem(bounded, EXACT, engine="highs")
    assert cuts.status is Status.OPTIMAL
    assert cuts.objective == pytest.approx(exact.objective, rel=2e-3)


def test_a_layout_that_exceeds_a_ceiling_by_rounding_may_be_worth_less_than_the_bound() -> None:
    """The bound of a program that keeps the ceiling exactly is then no contradiction."""
    problem = goal_case(3, SitingObjective()).problem
    alone = replace(problem, goal=problem.goal.alone("cost", ()))
    best = solve_problem(problem, EXACT, engine="highs")
    assert best.plan is not None
    layout = as_layout(problem, best.plan)
    worth = sum(attempt.objective_terms(alone, layout).values())
    with pytest.raises(EngineError, match="exceeds the value"):
        attempt.plan_result(alone, layout, worth * (1 + 2e-5), "cuts", EXACT)
    amount = measured(problem, layout, "worst") / (1 + 5e-5)
    goal = replace(alone.goal, ceilings=(Ceiling("worst response", "worst", amount),))
    priced = attempt.plan_result(replace(alone, goal=goal), layout, worth * (1 + 2e-5), "cuts", EXACT)
    assert priced is not None
    assert priced.bound == priced.objective == pytest.approx(worth)


def test_a_bound_within_the_engines_tolerance_of_a_large_penalty_is_no_contradiction() -> None:
    """A state worth 50,000 is delivered but for 5: HiGHS proves 1.008 for a layout worth 0.998."""
    assert sound_bound("highs", 0.998, 1.008, scale=10_000.0) == 0.998
    with pytest.raises(EngineError, match="exceeds the value"):
        sound_bound("highs", 0.998, 1.2, scale=10_000.0)
