"""Prices and first stage moved together: every bound is one, and layouts have their exact value."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from depotopt.siting.attempt import objective_terms
from depotopt.siting.cuts import separation
from depotopt.siting.cuts.cut_master import CutMaster
from depotopt.siting.cuts.joint_steps import ROW_TOLERANCE, JointSteps
from depotopt.siting.cuts.outcome import Memory
from depotopt.siting.cuts.price_cuts import PriceCuts, least_response
from depotopt.siting.cuts.rounding import Rounding
from depotopt.siting.cuts.separation import Separation
from depotopt.siting.model.goal import Goal
from depotopt.siting.model.problem import Layout, SitingProblem, SupportRule
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, Progress, SolveLimits, Status
from depotopt.units import FloatArray, Int32Array
from tests.siting.cases import random_case
from tests.siting.supply_cases import supply_case
from tests.siting.test_extensive import ruled_case

EXACT = SolveLimits(time_s=60.0, gap=1e-7)
TIGHT = SolveLimits(time_s=60.0, gap=1e-4)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem counts as wide."""
    monkeypatch.setattr(separation, "WIDE", 0)


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


def _check(problem: SitingProblem) -> None:
    exact = solve_problem(problem, EXACT, engine="highs")
    cuts = solve_problem(problem, TIGHT, engine="cuts")
    assert cuts.status is exact.status
    if exact.objective is None:
        return
    assert cuts.bound is not None
    assert cuts.objective == pytest.approx(exact.objective, rel=2e-4)
    assert cuts.bound <= exact.objective * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_wide_search_proves_what_the_extensive_form_proves(seed: int) -> None:
    """Counts, support, coverage and budgets: same optimum, same verdict, bound never above it."""
    _check(ruled_case(seed).problem)


@pytest.mark.parametrize("seed", range(4))
def test_hubs_and_late_agreements_too(seed: int) -> None:
    """Stock that reaches points over other depots."""
    _check(supply_case(seed).problem)


@pytest.mark.parametrize("seed", range(5))
def test_a_step_ends_at_the_least_point_within_its_rows(seed: int) -> None:
    """Prices of the rows find what a general solver finds for the same quadratic problem."""
    from scipy.optimize import Bounds, LinearConstraint, minimize

    from depotopt.siting.cuts.joint_kernels import Rows, stepped

    rng = np.random.default_rng(seed)
    dense: FloatArray = rng.normal(size=(4, 7)) * (rng.random((4, 7)) < 0.6)
    matrix = csr_array(dense)
    now, slope, reach = rng.random(7), rng.normal(size=7), rng.uniform(0.05, 0.5, 7)
    low = np.where([True, False, True, False], dense @ now - 0.05, -np.inf)
    high = np.where([True, True, False, False], dense @ now + 0.02, np.inf)
    per_column = np.maximum((dense != 0).sum(axis=0), 1)
    step = 1.0 / np.maximum(dense**2 @ (reach * per_column), 1e-9)
    rows = Rows(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data,
        low, high, step, np.zeros(4),
    )  # fmt: skip
    found = stepped(rows, now, slope, reach, np.zeros(7), np.ones(7), 3000, 0.0)

    def cost(z: FloatArray) -> float:
        return float(slope @ z + ((z - now) ** 2 / (2 * reach)).sum())

    exact = minimize(
        cost,
        now,
        method="SLSQP",
        bounds=Bounds(0.0, 1.0),
        constraints=[LinearConstraint(dense[:3], low[:3], high[:3])],
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert found == pytest.approx(exact.x, abs=1e-4)


def test_the_first_stage_keeps_its_rows(pool: Executor) -> None:
    """After many steps counts, support and rooms hold nearly, whatever has been rounded."""
    problem = ruled_case(3).problem
    steps = JointSteps(problem, CutMaster(problem, least_response(problem)), pool, lambda: False)
    assert steps.advance(150)
    system = steps.system
    level = system.matrix @ steps.values
    size = np.maximum(abs(system.matrix) @ np.abs(steps.values), 1.0)
    assert ((system.row_lower - level) / size).max() < 0.01
    assert ((level - system.row_upper) / size).max() < 0.01


@pytest.mark.parametrize("goal", [Goal(mean=1.0, cvar=1.0, level=0.6), Goal(mean=0.0, worst=1.0)])
def test_tails_too(goal: Goal) -> None:
    """States weigh what the tail makes of them."""
    _check(replace(random_case(4, sites=5, points=9, states=4).problem, goal=goal))


@pytest.mark.parametrize("seed", range(4))
def test_a_cut_of_joint_steps_is_valid_for_any_layout(seed: int, pool: Executor) -> None:
    """After few steps and many: the master's relaxation stays below the value of every layout tried."""
    rng = np.random.default_rng(seed)
    problem = random_case(seed, sites=5, points=9, states=3).problem
    master = CutMaster(problem, least_response(problem))
    steps = JointSteps(problem, master, pool, lambda: False)
    cuts = Separation(problem, master.stage.unit, pool, lambda: False)
    options = problem.options
    for _ in range(4):
        assert steps.advance(7)
        assert steps.cut_at(cuts)
        for _ in range(10):
            chosen = np.flatnonzero(rng.random(problem.sites) < 0.6)
            first = np.searchsorted(options.site, chosen).astype(np.int32)
            layout = Layout(first, rng.random((problem.sites, problem.commodities)) * master.stage.unit)
            x = layout.supplying(problem).astype(np.float64)
            terms = objective_terms(problem, layout)
            stock = np.where(x[:, None] > 0, layout.stock, 0.0)
            least = float(problem.state_weight @ cuts.value(x, stock).sum(axis=1))
            assert least <= (terms["transport"] + terms["unmet"]) * (1 + 1e-9) + 1e-6


def test_the_steps_lead_to_the_relaxation(pool: Executor) -> None:
    """Many steps and their cuts prove nearly what exact prices prove of the relaxation."""
    problem = random_case(5, sites=6, points=15, states=4).problem
    master = CutMaster(problem, least_response(problem))
    steps = JointSteps(problem, master, pool, lambda: False)
    cuts = Separation(problem, master.stage.unit, pool, lambda: False)
    bounds = []
    for _ in range(12):
        assert steps.advance(50)
        assert steps.cut_at(cuts)
        master.add_cuts(cuts, np.ones(master.groups.count, dtype=np.bool_))
        point = master.relax(10.0)
        assert point is not None
        bounds.append(point.bound)
    exact = CutMaster(problem, least_response(problem))
    before = -np.inf
    for _ in range(300):
        point = exact.relax(10.0)
        assert point is not None
        if point.bound - before < 1e-7 * point.bound:
            break
        before = point.bound
        assert cuts.at(point.x, point.stock)
        exact.add_cuts(cuts, np.ones(exact.groups.count, dtype=np.bool_))
    assert bounds[-1] <= before * (1 + 1e-6)
    assert bounds[-1] >= 0.97 * before


def test_a_held_layout_keeps_its_options(pool: Executor) -> None:
    """Steps under a layout move stock and prices, never what is open."""
    problem = random_case(2, sites=6, points=10, states=2).problem
    master = CutMaster(problem, least_response(problem))
    steps = JointSteps(problem, master, pool, lambda: False)
    before = steps.state()
    opened = np.zeros(len(problem.options))
    opened[0] = 1.0
    steps.hold(opened, np.ones(len(opened), dtype=np.bool_), 10)
    assert steps.advance(20)
    assert (steps.options() == opened).all()
    steps.resume(before)
    assert (steps.values == before.values).all()


def test_what_rows_forbid_closes_when_columns_are_held(pool: Executor) -> None:
    """A site whose only helper is held shut closes at once, not step by step."""
    problem = random_case(2, sites=6, points=10, states=2).problem
    site = problem.options.site
    needing, helper = (np.flatnonzero(site == j).astype(np.int32) for j in (0, 1))
    problem = replace(problem, rules=(SupportRule("support", (needing,), (helper,)),))
    steps = JointSteps(problem, CutMaster(problem, least_response(problem)), pool, lambda: False)
    assert steps.advance(30)
    steps.values[needing] = 1.0 / len(needing)
    known = site == 1
    steps.hold(np.zeros(len(site)), known, 10)
    assert steps.options()[needing] == pytest.approx(0.0, abs=1e-3)


def test_rows_hold_at_once_when_the_tier_above_is_held(pool: Executor) -> None:
    """Steps fit the free columns: one helper of hundreds of sites, once held, slows none of their rows."""
    problem = random_case(2, sites=40, points=10, states=2).problem
    site = problem.options.site
    helper = np.flatnonzero(site == 0).astype(np.int32)
    needing = tuple(np.flatnonzero(site == j).astype(np.int32) for j in range(1, 40))
    problem = replace(problem, rules=(SupportRule("support", needing, (helper,) * 39),))
    steps = JointSteps(problem, CutMaster(problem, least_response(problem)), pool, lambda: False)
    steps.hold(np.full(len(site), 0.5 / len(helper)), site == 0, 10)
    assert steps.advance(30)
    system = steps.system
    level = system.matrix @ steps.values
    size = abs(system.matrix).max(axis=1).toarray().ravel()
    assert ((system.row_lower - level) / size).max() <= 2 * ROW_TOLERANCE
    assert ((level - system.row_upper) / size).max() <= 2 * ROW_TOLERANCE


def test_a_second_solve_goes_on_from_the_first() -> None:
    """After an edit of costs: remembered prices and layout, the same proof as from nothing."""
    problem = random_case(11, sites=7, points=14, states=4).problem
    memory = Memory()
    solve_problem(problem, TIGHT, engine="cuts", memory=memory)
    assert memory.price is not None
    assert memory.inner is not None
    dearer = replace(problem.options, cost=problem.options.cost * np.linspace(1.0, 1.4, len(problem.options)))
    edited = replace(problem, options=dearer)
    again = solve_problem(edited, TIGHT, engine="cuts", memory=memory)
    exact = solve_problem(edited, EXACT, engine="highs")
    assert exact.objective is not None
    assert again.bound is not None
    assert again.objective == pytest.approx(exact.objective, rel=2e-4)
    assert again.bound <= exact.objective * (1 + 1e-6)


def test_a_stop_keeps_a_layout() -> None:
    """A stop between two relaxations still yields a layout that keeps the rules, and a bound below it."""

    def stop(progress: Progress) -> None:
        if progress.stage == "cuts: joint steps":
            monitor.stop()

    monitor = Monitor(stop)
    problem = random_case(3, sites=8, points=20, states=4).problem
    outcome = PriceCuts(problem).solve(TIGHT, monitor)
    assert outcome.status is Status.FEASIBLE
    assert outcome.layout is not None
    assert outcome.bound is not None
    assert outcome.bound <= sum(objective_terms(problem, outcome.layout).values())


def test_a_stop_after_rounding_keeps_what_was_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout whose stock has not settled is handed back rather than the first one, which holds nothing."""
    monitor, run = Monitor(), Rounding.run

    def stopping(rounding: Rounding) -> Int32Array | None:
        found = run(rounding)
        monitor.stop()
        return found

    monkeypatch.setattr(Rounding, "run", stopping)
    outcome = PriceCuts(random_case(3, sites=8, points=20, states=4).problem).solve(TIGHT, monitor)
    assert outcome.layout is not None
    assert outcome.layout.stock.sum() > 0
