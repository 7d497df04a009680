"""Cuts of one solve in the next: kept by every edit of the first stage, by none of the second."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from depotopt.siting.attempt import objective_terms
from depotopt.siting.cuts import separation
from depotopt.siting.cuts.cut_master import CutMaster
from depotopt.siting.cuts.outcome import Memory, keeps_rules, within_budgets
from depotopt.siting.cuts.price_cuts import least_response
from depotopt.siting.cuts.separation import Separation
from depotopt.siting.cuts.state_groups import StateGroups
from depotopt.siting.model.first_stage import fitted
from depotopt.siting.model.goal import Ceiling, Goal
from depotopt.siting.model.problem import BudgetRule, CountLimit, Layout, SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, Status
from tests.siting.cases import random_case
from tests.siting.supply_cases import supply_case

EXACT = SolveLimits(time_s=60.0, gap=1e-7)
TIGHT = SolveLimits(time_s=60.0, gap=1e-4)
Edit = Callable[[SitingProblem], SitingProblem]


def _dearer(problem: SitingProblem) -> SitingProblem:
    cost = problem.options.cost * np.linspace(1.0, 1.4, len(problem.options))
    return replace(problem, options=replace(problem.options, cost=cost))


def _smaller(problem: SitingProblem) -> SitingProblem:
    o = problem.options
    return replace(problem, options=replace(o, m3=0.6 * o.m3, kg=0.6 * o.kg))


def _fewer(problem: SitingProblem) -> SitingProblem:
    every = np.arange(len(problem.options), dtype=np.int32)
    return replace(problem, rules=(*problem.rules, CountLimit("at most two", every, None, 2)))


def _poorer(problem: SitingProblem) -> SitingProblem:
    amount = 1.5 * float(problem.options.cost.max())
    return replace(problem, rules=(*problem.rules, BudgetRule("budget", amount)))


def _times(problem: SitingProblem) -> SitingProblem:
    arcs = problem.arcs
    return replace(problem, arcs=replace(arcs, time_ds=(arcs.time_ds // 2).astype(np.int32)))


FIRST: dict[str, Edit] = {
    "dearer": _dearer,
    "smaller": _smaller,
    "fewer": _fewer,
    "poorer": _poorer,
    "holding": lambda p: replace(p, holding=2.0 * p.holding),
    "events": lambda p: replace(p, events_per_year=0.5 * p.events_per_year),
}
SECOND: dict[str, Edit] = {
    "times": _times,
    "need": lambda p: replace(p, need=0.7 * p.need),
    "penalty": lambda p: replace(p, penalty=0.5 * p.penalty),
    "share": lambda p: replace(p, share=0.5 * p.share),
    "rate": lambda p: replace(p, rate=0.3 * p.rate),
    "agreed": lambda p: replace(p, agreed=0.5 * p.agreed + 1.0),
    "probability": lambda p: replace(
        p, probability=np.roll(p.probability, 1) * np.linspace(0.1, 2, p.states)
    ),
}


@pytest.mark.parametrize("wide", [0, 100_000])
@pytest.mark.parametrize("name", [*FIRST, *SECOND])
def test_an_edited_problem_is_proved_as_from_nothing(
    name: str, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was edited: value and bound agree with the extensive form of the edited problem."""
    monkeypatch.setattr(separation, "WIDE", wide)
    problem = random_case(11, sites=5, points=9, states=3).problem
    memory = Memory()
    solve_problem(problem, TIGHT, engine="cuts", memory=memory)
    assert memory.cuts is not None
    assert len(memory.cuts)
    edited = {**FIRST, **SECOND}[name](problem)
    assert memory.cuts.hold_for(edited, StateGroups.of(edited)) is (name in FIRST)
    again = solve_problem(edited, TIGHT, engine="cuts", memory=memory)
    exact = solve_problem(edited, EXACT, engine="highs")
    assert exact.objective is not None
    assert again.bound is not None
    assert again.plan is not None
    assert keeps_rules(edited, as_layout(edited, again.plan))
    assert again.objective == pytest.approx(exact.objective, rel=2e-4)
    assert again.bound <= exact.objective * (1 + 1e-6)
    assert again.bound >= exact.objective * (1 - 2e-4)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), hubs=st.booleans())
def test_kept_cuts_stay_below_the_response_of_any_layout(seed: int, hubs: bool) -> None:
    """In another master, under costs of its own, the cuts bound every layout from below."""
    rng = np.random.default_rng(seed)
    problem = (supply_case(seed % 7) if hubs else random_case(seed, sites=5, points=8, states=3)).problem
    master = CutMaster(problem, least_response(problem))
    with ThreadPoolExecutor(1) as pool:
        cuts = Separation(problem, master.stage.unit, pool, lambda: False)
        x = rng.random(problem.sites) * (master.opened >= 0)
        assert cuts.at(x, x[:, None] * 0.4 * master.stage.unit)
    master.add_cuts(cuts, np.ones(master.groups.count, dtype=np.bool_))
    edited = _dearer(problem)
    next_one = CutMaster(edited, least_response(edited))
    assert next_one.recall(master.kept())
    assert next_one.cuts == master.cuts
    for _ in range(4):
        # One option of each of some sites, whatever the rules say: cuts know nothing of rules.
        chosen = np.flatnonzero(rng.random(problem.sites) < 0.6)
        first = np.flatnonzero(np.diff(problem.options.site, prepend=-1))
        options = first[np.isin(problem.options.site[first], chosen)].astype(np.int32)
        layout = Layout(options, rng.random(master.stage.unit.shape) * master.stage.unit)
        kept = next_one.kept()
        supplied = layout.supplying(edited)
        by_opener = np.zeros(edited.sites)
        by_opener[edited.opener[supplied]] = 1.0
        stock = np.where(supplied[:, None], layout.stock, 0.0)
        low = kept.constant - kept.on_x @ by_opener - np.einsum("nkj,jk->n", kept.on_stock, stock)
        least = np.zeros(kept.groups.count)
        np.maximum.at(least, kept.group, low)
        terms = objective_terms(edited, layout)
        bound = edited.events_per_year * float(kept.groups.probability @ least)
        assert bound <= (terms["transport"] + terms["unmet"]) * (1 + 1e-9) + 1e-6


def test_states_of_a_mean_and_of_a_tail_are_kept_apart() -> None:
    """Groups that share an estimate by probability do not serve a goal that looks at each state."""
    problem = random_case(3, sites=5, points=9, states=4).problem
    memory = Memory()
    solve_problem(problem, TIGHT, engine="cuts", memory=memory)
    assert memory.cuts is not None
    tail = replace(problem, goal=Goal(mean=0.0, cvar=1.0, level=0.5))
    grouped = StateGroups.of(problem, most=4)
    assert not memory.cuts.hold_for(problem, grouped)
    again = solve_problem(tail, TIGHT, engine="cuts", memory=memory)
    exact = solve_problem(tail, EXACT, engine="highs")
    assert again.objective == pytest.approx(exact.objective, rel=2e-4)


def test_a_layout_that_breaks_an_edited_rule_is_let_go() -> None:
    """Fewer sites than it opens: the next answer keeps the new rule; other sizes take nothing over."""
    problem = random_case(11, sites=6, points=12, states=4).problem
    memory = Memory()
    solve_problem(problem, TIGHT, engine="cuts", memory=memory)
    layout = memory.layout
    assert layout is not None
    every = np.arange(len(problem.options), dtype=np.int32)
    rule = CountLimit("fewer", every, None, len(layout.options) - 1)
    edited = replace(problem, rules=(*problem.rules, rule))
    assert not keeps_rules(edited, layout)
    memory.bring(edited)
    assert memory.layout is None
    assert memory.price is not None
    memory.bring(random_case(11, sites=7, points=12, states=4).problem)
    assert all(getattr(memory, name) is None for name in ("price", "inner"))


def test_a_layout_is_judged_once_as_long_as_responses_stay() -> None:
    """Dearer sites leave its responses, other need does not; the answers agree with judging anew."""
    problem = random_case(11, sites=6, points=12, states=4).problem
    memory = Memory()
    solve_problem(problem, TIGHT, engine="cuts", memory=memory)
    judged, layout = memory.judged, memory.layout
    assert judged is not None
    assert layout is not None
    assert judged.is_of(layout)
    terms = objective_terms(problem, layout)
    assert float(problem.state_weight @ judged.transport) == pytest.approx(terms["transport"], rel=1e-9)
    memory.bring(_dearer(problem))
    assert memory.judged is judged
    memory.bring(replace(_dearer(problem), need=0.7 * problem.need))
    assert [memory.judged] == [None]
    again = solve_problem(replace(problem, need=0.7 * problem.need), TIGHT, engine="cuts", memory=memory)
    assert memory.layout is not None
    terms = objective_terms(replace(problem, need=0.7 * problem.need), memory.layout)
    assert again.objective == pytest.approx(sum(terms.values()))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0, 5.0])
def test_stock_is_cut_down_to_its_budget(share: float) -> None:
    """What is left keeps the budget and is worth most; without money for its sites there is no layout."""
    problem = random_case(11, sites=5, points=9, states=3).problem
    options = np.array([0], dtype=np.int32)
    o = problem.options
    units = 0.4 * np.minimum(o.m3[0] / problem.m3_per_unit, o.kg[0] / problem.kg_per_unit)
    stock = np.zeros((problem.sites, problem.commodities))
    stock[o.site[0]] = np.where(problem.storable[o.site[0]], units, 0.0)
    layout = fitted(problem, Layout(options, stock))
    terms = layout.yearly_terms(problem)
    amount = terms["fixed"] + share * (terms["holding"] + terms["purchase"]) - (share == 0.0)
    bounded = replace(problem, rules=(BudgetRule("budget", amount),))
    found = within_budgets(bounded, layout)
    assert within_budgets(replace(problem, rules=()), layout) is layout
    if share == 0.0:
        assert found is None
        return
    assert found is not None
    assert (found.stock <= layout.stock * (1 + 1e-6) + 1e-6).all()
    spent = sum(found.yearly_terms(problem).values())
    assert spent <= amount * (1 + 1e-6)
    assert spent >= min(amount, sum(terms.values())) * 0.9


@pytest.mark.parametrize("wide", [0, 100_000])
def test_a_kept_layout_that_breaks_a_ceiling_after_an_edit_hides_nothing(
    wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More need and the same ceiling: the verdict of a solve from nothing, not the old layout."""
    monkeypatch.setattr(separation, "WIDE", wide)
    problem = random_case(11, sites=4, points=6, states=3).problem
    least = solve_problem(replace(problem, goal=problem.goal.alone("worst", ())), TIGHT, engine="cuts")
    assert least.objective is not None
    amount = 1.1 * least.objective / problem.events_per_year
    problem = replace(problem, goal=replace(problem.goal, ceilings=(Ceiling("worst", "worst", amount),)))
    memory = Memory()
    assert solve_problem(problem, TIGHT, engine="cuts", memory=memory).status is Status.OPTIMAL
    for factor in (1.05, 20.0):
        edited = replace(problem, need=factor * problem.need)
        exact = solve_problem(edited, EXACT, engine="highs")
        again = solve_problem(edited, TIGHT, engine="cuts", memory=memory)
        assert again.status is exact.status
        assert again.conflicts == exact.conflicts
        assert again.objective == (exact.objective and pytest.approx(exact.objective, rel=3e-4))
    assert again.status is Status.INFEASIBLE
