"""Slices of a HiGHS solve: through MathOpt it reports and hears nothing while it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from depotopt.siting.engines import Answer
from depotopt.siting.engines.answers import answer, call, model_parameters, parameters
from depotopt.siting.engines.clean_stdout import CLEAN_STDOUT
from depotopt.solving import SolveLimits, Status
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

NAME = "highs"
GROWTH = 3.0


def solve_slices(
    model: mathopt.Model, limits: SolveLimits, slice_s: float, hint: FloatArray | None
) -> Iterator[Answer]:
    """Yield what is known after each of ever longer slices, until the proof or the end of the time."""
    started = time.perf_counter()
    left_s = limits.time_s
    while left_s > 0.05:
        found = solve_slice(model, limits, min(slice_s, left_s), hint)
        yield found
        if found.status in (Status.OPTIMAL, Status.INFEASIBLE):
            return
        hint = hint if found.values is None else found.values
        slice_s *= GROWTH
        left_s = limits.time_s - (time.perf_counter() - started)


def solve_slice(model: mathopt.Model, limits: SolveLimits, time_s: float, hint: FloatArray | None) -> Answer:
    """Solve once for so many seconds; nothing can stop it before."""
    with CLEAN_STDOUT:
        result = call(NAME, partial(_solve, model, limits, time_s, hint))
    return answer(NAME, model, result)


def _solve(
    model: mathopt.Model, limits: SolveLimits, time_s: float, start: FloatArray | None
) -> mathopt.SolveResult:
    from ortools.math_opt.python import mathopt

    return mathopt.solve(
        model,
        mathopt.SolverType.HIGHS,
        params=parameters(limits, time_s),
        model_params=model_parameters(model, start),
    )
