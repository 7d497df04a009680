"""A bound kept over edits: never above the edited problem's optimum, and enough where costs only rise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.siting import attempt
from depotopt.siting.cuts.kept_bound import KeptBound
from depotopt.siting.cuts.outcome import Memory
from depotopt.siting.cuts.price_cuts import PriceCuts
from depotopt.siting.model.goal import Goal
from depotopt.siting.model.problem import BudgetRule, CountLimit, CoverageRule, Rule, SitingProblem
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from tests.siting.cases import random_case
from tests.siting.supply_cases import supply_case
from tests.siting.test_random_rules import ruled_case

EXACT = SolveLimits(time_s=60.0, gap=1e-7)
ROOMY = SolveLimits(time_s=60.0, gap=0.02)


def at_cost(problem: SitingProblem, factor: object) -> SitingProblem:
    """The problem with its options at other costs."""
    cost = problem.options.cost * np.asarray(factor, dtype=np.float64)
    return replace(problem, options=replace(problem.options, cost=cost))


def drawn(problem: SitingProblem, rng: np.random.Generator) -> SitingProblem:
    """The problem after some edits of the first stage, up and down, with tighter and looser rules."""
    edited = at_cost(problem, rng.choice([1.0, 1.0, 0.7, 1.5], len(problem.options)))
    holding, purchase = rng.choice([1.0, 0.5, 2.0], 2)
    edited = replace(edited, holding=holding * edited.holding, purchase=purchase * edited.purchase)
    rules: list[Rule] = []
    for rule in edited.rules:
        if isinstance(rule, BudgetRule):
            rules.append(replace(rule, amount=rule.amount * rng.choice([0.9, 1.0, 1.0, 1.2])))
        elif isinstance(rule, CountLimit) and rule.maximum is not None and not rule.given:
            rules.append(replace(rule, maximum=rule.maximum + int(rng.choice([-1, 0, 0, 0, 1]))))
        elif isinstance(rule, CoverageRule):
            rules.append(replace(rule, required=rule.required * rng.choice([0.8, 1.0, 1.0, 1.1])))
        else:
            rules.append(rule)
    options = replace(edited.options, m3=edited.options.m3 * rng.choice([1.0, 1.0, 0.9, 1.3]))
    events = edited.events_per_year * rng.choice([1.0, 1.0, 1.0, 1.3, 0.7])
    return replace(edited, rules=tuple(rules), options=options, events_per_year=float(events))


def test_no_bound_brought_over_an_edit_is_above_the_optimum() -> None:
    """Random problems, edits up and down, rules tighter and looser: at most the extensive form's value."""
    rng = np.random.default_rng(5)
    brought = 0
    for seed in range(20):
        problem = ruled_case(seed).problem
        optimum = solve_problem(problem, EXACT, engine="highs")
        if optimum.bound is None:
            continue
        for _ in range(8):
            edited = drawn(problem, rng)
            kept = KeptBound(problem, optimum.bound).brought(edited)
            if kept is None:
                continue
            brought += 1
            least = solve_problem(edited, EXACT, engine="highs").objective
            assert kept.problem is edited
            assert least is None or kept.value <= least + 1e-6 * abs(least)
    assert brought >= 15


def test_a_bound_falls_by_what_can_have_become_cheaper() -> None:
    """One site's dearest fall, and stock's fall times the most it holds; it rises with nothing."""
    problem = random_case(11, sites=5, points=9, states=3).problem
    kept = KeptBound(problem, 1000.0)
    mine = problem.options.site == problem.options.site[0]
    cheaper = at_cost(problem, np.where(mine, 0.9, 1.2))
    fall = 0.1 * problem.options.cost[mine].max()
    assert (found := kept.brought(cheaper)) is not None
    assert found.value == pytest.approx(1000.0 - fall)
    assert (found := kept.brought(replace(problem, holding=0.5 * problem.holding))) is not None
    assert found.value == pytest.approx(1000.0 - 0.5 * float((problem.holding * problem.stock_limit()).sum()))
    assert (found := kept.brought(at_cost(problem, 3.0))) is not None
    assert found.value == 1000.0


def test_a_bound_says_nothing_where_more_is_allowed_or_responses_differ() -> None:
    """Larger rooms, other needs, fewer events, looser rules, another goal, cheaper sites under a budget."""
    problem = random_case(11, sites=5, points=9, states=3).problem
    every = np.arange(len(problem.options), dtype=np.int32)
    rules = (CountLimit("some", every, 1, 3), BudgetRule("budget", 5_000.0))
    problem = replace(problem, rules=(*problem.rules, *rules))
    kept, o = KeptBound(problem, 1000.0), problem.options
    for edited in (
        replace(problem, options=replace(o, m3=1.1 * o.m3)),
        replace(problem, need=1.1 * problem.need),
        replace(problem, events_per_year=0.5 * problem.events_per_year),
        replace(problem, rules=problem.rules[:-1]),
        replace(problem, rules=(*problem.rules[:-1], BudgetRule("budget", 6_000.0))),
        replace(problem, rules=(*problem.rules[:-2], CountLimit("some", every, 1, 4), rules[1])),
        replace(problem, goal=Goal(mean=0.5, worst=0.5)),
        replace(problem, held=problem.held + 1.0),
        at_cost(problem, 0.9),
        random_case(11, sites=6, points=9, states=3).problem,
    ):
        assert kept.brought(edited) is None
    tighter = (CountLimit("one more", every, None, 9), CountLimit("some", every, 2, 3), rules[1])
    again = kept.brought(replace(problem, rules=(*problem.rules[:-2], *tighter)))
    assert again is not None
    assert again.value == 1000.0


@pytest.mark.parametrize("hubs", [False, True])
def test_a_closed_site_that_becomes_dearer_ends_at_once(hubs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same layout, value and bound, with nothing searched; the next edit goes on from there."""
    case = supply_case(3) if hubs else random_case(11, sites=6, points=12, states=4)
    problem, memory = case.problem, Memory()
    before = solve_problem(problem, ROOMY, engine="cuts", memory=memory)
    assert memory.layout is not None
    shut = ~np.isin(problem.options.site, problem.options.site[memory.layout.options])
    assert shut.any()
    edited = at_cost(problem, np.where(shut, 1.3, 1.0))
    with monkeypatch.context() as without:
        without.delattr(PriceCuts, "solve")
        again = solve_problem(edited, ROOMY, engine="cuts", memory=memory)
    assert again.status is Status.OPTIMAL
    assert (again.objective, again.bound) == (before.objective, before.bound)
    assert memory.proof is not None
    assert memory.proof.problem is edited
    back = solve_problem(problem, replace(ROOMY, gap=1e-4), engine="cuts", memory=memory)
    exact = solve_problem(problem, EXACT, engine="highs")
    assert exact.objective is not None
    assert back.bound is not None
    assert back.bound <= exact.objective * (1 + 1e-6)
    assert back.objective == pytest.approx(exact.objective, rel=2e-4)


def test_a_search_begins_with_the_bound_it_is_given() -> None:
    """Out of time at once, the answer after an edit has the bound proved before it."""
    problem, memory = random_case(11, sites=6, points=12, states=4).problem, Memory()
    before = solve_problem(problem, ROOMY, engine="cuts", memory=memory)
    edited = at_cost(problem, 1.5)
    brief = SolveLimits(time_s=1e-3, gap=1e-7)
    again = attempt.solve_once(edited, brief, None, "cuts", memory)
    assert before.bound is not None
    assert again.bound is not None
    assert again.bound >= before.bound
