"""From MathOpt's results and errors to ours."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from depotopt.errors import EngineError
from depotopt.siting.engines import Answer
from depotopt.solving import Limit, SolveLimits, Status
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt


def parameters(limits: SolveLimits, time_s: float, nodes: int | None = None) -> mathopt.SolveParameters:
    """MathOpt parameters that HiGHS and GSCIP both take; ``nodes`` of the tree are a limit too.

    ``threads`` stays unset: HiGHS refuses it through MathOpt and would use one thread anyway.
    """
    from ortools.math_opt.python import mathopt

    return mathopt.SolveParameters(
        time_limit=datetime.timedelta(seconds=max(time_s, 0.01)),
        relative_gap_tolerance=limits.gap,
        # Kept above the engines' own tolerances, so that a gap of 0 is a proof within rounding.
        absolute_gap_tolerance=0.0,
        random_seed=limits.seed % (2**31),
        node_limit=nodes,
    )


def model_parameters(model: mathopt.Model, hint: FloatArray | None) -> mathopt.ModelSolveParameters | None:
    """A starting solution in MathOpt's form; ``nan`` leaves a variable to the engine."""
    if hint is None:
        return None
    from ortools.math_opt.python import mathopt

    values = {
        variable: float(value)
        for variable, value in zip(model.variables(), hint, strict=True)
        if not math.isnan(value)
    }
    return mathopt.ModelSolveParameters(solution_hints=[mathopt.SolutionHint(variable_values=values)])


def call(engine: str, run: Callable[[], mathopt.SolveResult]) -> mathopt.SolveResult:
    """Run a solve and translate what it raises.

    MathOpt's own error path raises ``AttributeError ... canonical_code`` on some bad input (or-tools
    4606), so that one is an engine error here, like the documented ones.
    """
    try:
        return run()
    except (AttributeError, ValueError, RuntimeError, TypeError) as error:
        raise EngineError(engine, f"refused the model or its parameters ({error})") from error


def answer(engine: str, model: mathopt.Model, result: mathopt.SolveResult) -> Answer:
    """Translate a result.

    Raises
    ------
    EngineError
        If the engine ended by a numerical or other failure without a solution.
    """
    from ortools.math_opt.python import mathopt

    reason = result.termination.reason
    reasons = mathopt.TerminationReason
    if reason in (reasons.INFEASIBLE, reasons.INFEASIBLE_OR_UNBOUNDED):
        return Answer(Status.INFEASIBLE, None, None, None)
    if reason is reasons.UNBOUNDED:
        raise EngineError(engine, "says the model is unbounded")
    bounds = result.termination.objective_bounds
    bound = bounds.dual_bound if math.isfinite(bounds.dual_bound) else None
    limit = {
        mathopt.Limit.INTERRUPTED: Limit.STOPPED,
        mathopt.Limit.ITERATION: Limit.ITERATIONS,
        mathopt.Limit.NODE: Limit.ITERATIONS,
    }.get(result.termination.limit, Limit.TIME)
    if not result.has_primal_feasible_solution():
        if reason in (reasons.NUMERICAL_ERROR, reasons.OTHER_ERROR, reasons.IMPRECISE):
            raise EngineError(engine, f"failed: {reason.name.lower()} {result.termination.detail}".strip())
        return Answer(Status.UNKNOWN, None, None, bound, limit)
    values = np.fromiter(result.variable_values().values(), dtype=np.float64)
    ids = np.fromiter((v.id for v in result.variable_values()), dtype=np.int64)
    ordered = values[np.argsort(ids, kind="stable")]
    if reason is reasons.OPTIMAL:
        return Answer(Status.OPTIMAL, ordered, result.objective_value(), bound)
    return Answer(Status.FEASIBLE, ordered, result.objective_value(), bound, limit)
