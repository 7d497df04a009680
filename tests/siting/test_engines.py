"""What the engines do through MathOpt, fact by fact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ortools.math_opt.python import mathopt

from depotopt.errors import EngineError, UsageError
from depotopt.siting.engines.highs_child import watched
from depotopt.siting.engines.registry import ENGINES, milp_engine
from depotopt.solving import Incumbent, Limit, Monitor, Progress, SolveLimits, Status

NAMES = sorted(ENGINES)


def knapsack(items: int, rows: int = 1) -> mathopt.Model:
    """A cover problem that takes more than a moment when it has many rows."""
    rng = np.random.default_rng(1)
    model = mathopt.Model()
    x = [model.add_binary_variable() for _ in range(items)]
    for _ in range(rows):
        weights = rng.integers(5, 60, items)
        model.add_linear_constraint(
            sum(float(w) * v for w, v in zip(weights, x, strict=True)) >= float(weights.sum() // 2)
        )
    model.minimize(sum(float(c) * v for c, v in zip(rng.integers(5, 60, items), x, strict=True)))
    return model


@pytest.mark.parametrize("name", NAMES)
def test_optimum_is_proved(name: str) -> None:
    """Value and bound are the best of all 4,096 assignments."""
    model = knapsack(12)
    rng = np.random.default_rng(1)
    weights, costs = rng.integers(5, 60, 12), rng.integers(5, 60, 12)
    chosen = np.array(list(itertools.product([0, 1], repeat=12)))
    best = (chosen @ costs)[chosen @ weights >= weights.sum() // 2].min()
    answer = milp_engine(name).solve(model, SolveLimits(time_s=20.0, gap=0.0))
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(best)
    assert answer.bound == pytest.approx(best)


@pytest.mark.parametrize("name", NAMES)
def test_infeasible_is_a_status(name: str) -> None:
    """No solution is an answer, not an exception."""
    model = knapsack(5)
    model.add_linear_constraint(sum(model.variables()) <= 0.5)
    answer = milp_engine(name).solve(model, SolveLimits(time_s=20.0))
    assert answer.status is Status.INFEASIBLE
    assert answer.values is None


@pytest.mark.parametrize("name", NAMES)
def test_out_of_time_never_says_optimal(name: str) -> None:
    """A hard problem in a blink ends feasible or unknown, by the time limit."""
    answer = milp_engine(name).solve(knapsack(60, rows=40), SolveLimits(time_s=0.3, gap=0.0))
    assert answer.status in (Status.FEASIBLE, Status.UNKNOWN)
    assert answer.limit is Limit.TIME


@pytest.mark.parametrize("name", NAMES)
def test_refusal_is_an_engine_error(name: str) -> None:
    """A crossed bound makes MathOpt raise (for some inputs an AttributeError); ours is one kind of error."""
    model = knapsack(3)
    model.add_linear_constraint(lb=float("nan"), ub=1.0)
    with pytest.raises(EngineError, match=name):
        milp_engine(name).solve(model, SolveLimits(time_s=5.0))


def test_highs_refuses_threads_through_mathopt() -> None:
    """Why `parameters` never sets ``threads``."""
    with pytest.raises(AttributeError, match="canonical_code"):
        mathopt.solve(knapsack(3), mathopt.SolverType.HIGHS, params=mathopt.SolveParameters(threads=1))


def test_stop_returns_the_best_so_far() -> None:
    """GSCIP stops when the monitor says so and hands over its incumbent."""
    seen: list[Progress] = []

    def stop_at_first_incumbent(progress: Progress) -> None:
        seen.append(progress)
        if progress.objective is not None:
            monitor.stop()

    monitor = Monitor(stop_at_first_incumbent)
    answer = milp_engine("gscip").solve(knapsack(60, rows=40), SolveLimits(time_s=60.0, gap=0.0), monitor)
    assert answer.status is Status.FEASIBLE
    assert answer.limit is Limit.STOPPED
    assert seen[-1].bound is not None


def test_gscip_hands_over_better_solutions_while_it_runs() -> None:
    """Each is worth what it is said to be, better than the one before, and the last is the answer."""
    kept: list[Incumbent] = []
    monitor = Monitor()
    monitor.keeper = kept.append
    model = knapsack(30, rows=10)
    answer = milp_engine("gscip").solve(model, SolveLimits(time_s=60.0, gap=0.0), monitor)
    assert answer.values is not None
    assert kept
    values = [one.objective for one in kept]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(answer.objective)
    weights = {term.variable.id: term.coefficient for term in model.objective.linear_terms()}
    for one in kept:
        solution = one.plan()
        assert isinstance(solution, np.ndarray)
        worth = sum(weights.get(column, 0.0) * value for column, value in enumerate(solution))
        assert worth == pytest.approx(one.objective)


def test_unknown_engine_is_refused() -> None:
    """The choices are named."""
    with pytest.raises(UsageError, match="gscip, highs"):
        milp_engine("cplex")


def test_a_watched_highs_stops_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS hears nothing while it runs, so its process is ended; what it knew before is the answer."""
    monkeypatch.setattr("depotopt.siting.engines.highs.SHORT_S", 0.001)
    monitor = Monitor(lambda _progress: monitor.stop())
    answer = milp_engine("highs").solve(knapsack(60, rows=40), SolveLimits(time_s=50.0, gap=0.0), monitor)
    assert answer.limit is Limit.STOPPED
    assert answer.status in (Status.FEASIBLE, Status.UNKNOWN)


def test_a_watched_highs_proves_in_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first moment leaves open the child process proves, with the same optimum."""
    model = knapsack(25, rows=8)
    alone = milp_engine("highs").solve(model, SolveLimits(time_s=50.0, gap=0.0))
    monkeypatch.setattr("depotopt.siting.engines.highs.SHORT_S", 0.001)
    other = milp_engine("highs").solve(model, SolveLimits(time_s=50.0, gap=0.0), Monitor())
    assert other.status is Status.OPTIMAL
    assert other.objective == pytest.approx(alone.objective)


def test_a_refusal_reaches_the_parent() -> None:
    """An error in the child process is the same engine error as one in this process."""
    model = knapsack(3)
    model.add_linear_constraint(lb=float("nan"), ub=1.0)
    with pytest.raises(EngineError, match=r"engine highs: .*(nan|NaN)"):
        list(watched(model, SolveLimits(time_s=20.0), Monitor(), None))
