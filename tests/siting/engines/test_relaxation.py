"""A relaxation that is changed and solved again answers as if it were new."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.math_opt.python import mathopt
from scipy.optimize import linprog

from depotopt.errors import EngineError
from depotopt.siting.engines import relaxation as relaxation_module
from depotopt.siting.engines.relaxation import Relaxation, Relaxed
from depotopt.solving import Status
from depotopt.units import FloatArray

COLUMNS, LEAST = 6, 1.0


def solved(relaxation: Relaxation) -> tuple[Status, Relaxed | None]:
    return relaxation.solve(10.0, lambda: False)


def covers(rng: np.random.Generator, rows: int) -> FloatArray:
    return np.round(rng.uniform(0.2, 2.0, (rows, COLUMNS)), 3)


def add(relaxation: Relaxation, table: FloatArray) -> None:
    rows = len(table)
    first, columns = np.arange(0, rows * COLUMNS + 1, COLUMNS), np.tile(np.arange(COLUMNS), rows)
    relaxation.add_rows(np.full(rows, LEAST), np.full(rows, np.inf), first, columns, table.ravel())


def of_covers(cost: FloatArray, table: FloatArray) -> Relaxation:
    relaxation = Relaxation(cost, np.zeros(COLUMNS), np.full(COLUMNS, 3.0))
    add(relaxation, table)
    return relaxation


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_each_solve_has_the_value_of_a_fresh_one(seed: int) -> None:
    """After rows came and went and columns were held, scipy's LP of the same rows has the same value."""
    rng = np.random.default_rng(seed)
    cost, table = rng.uniform(0.5, 2.0, COLUMNS), covers(rng, 3)
    relaxation = of_covers(cost, table)
    fixed = len(table)
    held: dict[int, tuple[float, float]] = {}
    for _ in range(6):
        step = rng.integers(3)
        if step == 0:
            more = covers(rng, 2)
            add(relaxation, more)
            table = np.concatenate([table, more])
        elif step == 1 and len(table) > fixed:
            gone = int(rng.integers(fixed, len(table)))
            relaxation.delete_rows(np.array([gone]))
            table = np.delete(table, gone, axis=0)
        else:
            held = {int(c): (0.0, float(rng.integers(0, 2))) for c in rng.choice(COLUMNS, 2, replace=False)}
            relaxation.hold(held)
        assert relaxation.rows == len(table)
        bounds = [held.get(c, (0.0, 3.0)) for c in range(COLUMNS)]
        expected = linprog(cost, A_ub=-table, b_ub=np.full(len(table), -LEAST), bounds=bounds)
        status, found = solved(relaxation)
        if found is None:
            assert status is Status.INFEASIBLE
            assert expected.status == 2
            continue
        assert found.objective == pytest.approx(expected.fun, abs=1e-7)
        assert cost @ found.values == pytest.approx(found.objective, abs=1e-7)
        # Dual values prove it: rows at their least, columns at whichever bound their reduced cost asks for.
        low, high = np.array(bounds).T
        best = np.where(found.reduced_cost > 0, low, high)
        proved = LEAST * found.price.sum() + found.reduced_cost @ best
        assert proved == pytest.approx(found.objective, abs=1e-6)


def test_a_row_can_be_limited_and_freed_again() -> None:
    """A ceiling that is lowered below what the rows ask for leaves nothing."""
    relaxation = of_covers(np.ones(COLUMNS), np.ones((1, COLUMNS)))
    add(relaxation, np.ones((1, COLUMNS)))
    for amount, expected in ((0.5, Status.INFEASIBLE), (2.0, Status.OPTIMAL)):
        relaxation.limit_row(1, -np.inf, amount)
        assert solved(relaxation)[0] is expected


def test_no_time_and_a_stop_are_no_proof() -> None:
    """Both end without a solution, and neither says infeasible."""
    relaxation = of_covers(np.ones(COLUMNS), np.ones((1, COLUMNS)))
    assert relaxation.solve(0.0, lambda: False) == (Status.UNKNOWN, None)
    assert relaxation.solve(10.0, lambda: True) == (Status.UNKNOWN, None)
    assert solved(relaxation)[0] is Status.OPTIMAL


def test_what_highs_refuses_is_an_engine_error() -> None:
    """A column that does not exist."""
    relaxation, one = of_covers(np.ones(COLUMNS), np.ones((1, COLUMNS))), np.ones(1)
    with pytest.raises(EngineError, match="addRows"):
        relaxation.add_rows(one, one, np.array([0, 1]), np.array([COLUMNS]), one)


def test_it_works_beside_or_tools() -> None:
    """Both bring a HiGHS of their own; with highspy 1.15 only the first one loaded would work."""
    model = mathopt.Model()
    item = model.add_binary_variable()
    model.maximize(item)
    assert mathopt.solve(model, mathopt.SolverType.HIGHS).objective_value() == pytest.approx(1.0)
    assert solved(of_covers(np.ones(COLUMNS), np.ones((1, COLUMNS))))[0] is Status.OPTIMAL


def test_a_long_solve_asks_after_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop in the middle ends it without a verdict; the next solve goes on to the optimum."""
    monkeypatch.setattr(relaxation_module, "BRIEF_S", 0.0)
    rng = np.random.default_rng(3)
    relaxation = of_covers(rng.uniform(1.0, 2.0, COLUMNS), covers(rng, 30))
    asked = [0]

    def stopped() -> bool:
        asked[0] += 1
        return asked[0] > 3

    assert relaxation.solve(10.0, stopped) == (Status.UNKNOWN, None)
    assert 3 < asked[0] < 10
    asked[0] = -10_000
    assert relaxation.solve(10.0, stopped)[0] is Status.OPTIMAL
    assert asked[0] > -9_998
