"""What MathOpt's engines do today, fact by fact, because our engines are built around it.

Each message says what may become simpler in this project once a newer ortools behaves differently.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ortools.math_opt.python import mathopt

from depotopt.units import FloatArray

GSCIP, HIGHS, CP_SAT = mathopt.SolverType.GSCIP, mathopt.SolverType.HIGHS, mathopt.SolverType.CP_SAT


def three_items() -> tuple[mathopt.Model, list[mathopt.Variable]]:
    """Worth 3, 2 and 1: all of them are best (6) until the first two exclude each other (4)."""
    model = mathopt.Model()
    x = [model.add_binary_variable() for _ in range(3)]
    model.maximize(3 * x[0] + 2 * x[1] + x[2])
    return model, x


def refusal(run: Callable[[], object]) -> Exception | None:
    """What MathOpt raises instead of an answer."""
    try:
        run()
    except (AttributeError, ValueError, RuntimeError) as error:
        return error
    return None


def solve_with_lazy_rule(engine: mathopt.SolverType) -> tuple[mathopt.SolveResult, int]:
    """Solve with a rule that only a callback knows; also how often it was called."""
    model, x = three_items()
    calls = []

    def exclude(data: mathopt.CallbackData) -> mathopt.CallbackResult:
        calls.append(data.event)
        result = mathopt.CallbackResult()
        if data.solution is not None and data.solution[x[0]] + data.solution[x[1]] > 1.5:
            result.add_lazy_constraint(x[0] + x[1] <= 1)
        return result

    registration = mathopt.CallbackRegistration(
        events={mathopt.Event.MIP_SOLUTION}, add_lazy_constraints=True
    )
    return mathopt.solve(model, engine, callback_reg=registration, cb=exclude), len(calls)


def test_gscip_honours_lazy_constraints() -> None:
    """A tree with lazy cuts is possible with GSCIP, and only with it."""
    result, calls = solve_with_lazy_rule(GSCIP)
    message = "GSCIP no longer honours lazy constraints: nothing may rely on callbacks any more"
    assert calls > 0, message
    assert result.objective_value() == pytest.approx(4.0), message


def test_highs_ignores_callbacks_silently() -> None:
    """HiGHS calls nothing, breaks the rule and says optimal: why no callback ever goes to it."""
    result, calls = solve_with_lazy_rule(HIGHS)
    message = (
        "HiGHS now hears callbacks through MathOpt: integer rounds that restart HiGHS could become one tree"
        " with lazy cuts, and engines/highs_slices.py could report and stop by callback"
    )
    assert result.termination.reason is mathopt.TerminationReason.OPTIMAL, message
    assert calls == 0, message
    assert result.objective_value() == pytest.approx(6.0), message


def test_cp_sat_refuses_lazy_constraints() -> None:
    """At least CP-SAT says no, though through the broken error path."""
    assert refusal(lambda: solve_with_lazy_rule(CP_SAT)) is not None, (
        "CP-SAT takes lazy constraints now: it could be an engine for cut loops"
    )


def test_highs_rejects_threads_with_the_wrong_error() -> None:
    """MathOpt's own error path raises AttributeError (or-tools 4606)."""
    parameters = mathopt.SolveParameters(threads=1)
    error = refusal(lambda: mathopt.solve(three_items()[0], HIGHS, params=parameters))
    assert error is not None, "HiGHS takes `threads` now: engines/answers.py can pass SolveLimits.workers on"
    assert isinstance(error, AttributeError), (
        f"MathOpt's error path works now ({error}): engines/answers.py need not catch AttributeError"
    )
    assert "canonical_code" in str(error)


def test_gscip_takes_threads() -> None:
    """The same parameter is no trouble elsewhere."""
    result = mathopt.solve(three_items()[0], GSCIP, params=mathopt.SolveParameters(threads=1))
    assert result.objective_value() == pytest.approx(6.0)


def cover_model() -> tuple[mathopt.Model, list[mathopt.Variable], FloatArray]:
    """Hard enough not to be solved in presolve; opening everything is feasible."""
    rng = np.random.default_rng(1)
    model = mathopt.Model()
    x = [model.add_binary_variable() for _ in range(30)]
    for _ in range(10):
        weights = rng.integers(5, 60, 30)
        need = float(weights.sum() // 2)
        model.add_linear_constraint(sum(float(w) * v for w, v in zip(weights, x, strict=True)) >= need)
    cost = rng.integers(5, 60, 30).astype(float)
    model.minimize(sum(float(c) * v for c, v in zip(cost, x, strict=True)))
    return model, x, cost


@pytest.mark.parametrize(
    ("engine", "words"),
    [(HIGHS, "MIP start solution is feasible"), (GSCIP, "given by solution candidate storage")],
)
def test_hints_are_taken(engine: mathopt.SolverType, words: str) -> None:
    """The engine's log says that it starts from the solution given."""
    model, x, _cost = cover_model()
    hint = mathopt.SolutionHint(variable_values=dict.fromkeys(x, 1.0))
    log: list[str] = []
    mathopt.solve(
        model,
        engine,
        model_params=mathopt.ModelSolveParameters(solution_hints=[hint]),
        msg_cb=log.extend,
    )
    assert any(words in line for line in log), (
        f"{engine.name} does not log its start as before: if hints are ignored now, slices and integer rounds"
        " lose their incumbents (engines/highs_slices.py, cut_master.py)"
    )


@pytest.mark.parametrize("engine", [HIGHS, GSCIP])
def test_incremental_solves_hear_every_change(engine: mathopt.SolverType) -> None:
    """A new row, a new bound and a new objective each change the next answer."""
    model, x = three_items()
    solver = mathopt.IncrementalSolver(model, engine)
    message = f"{engine.name} misses changes between solves: every round must hand over a new model"
    assert solver.solve().objective_value() == pytest.approx(6.0), message
    model.add_linear_constraint(x[0] + x[1] <= 1)
    assert solver.solve().objective_value() == pytest.approx(4.0), message
    x[0].upper_bound = 0.0
    assert solver.solve().objective_value() == pytest.approx(3.0), message
    model.maximize(5 * x[1])
    assert solver.solve().objective_value() == pytest.approx(5.0), message
