"""HiGHS (through MathOpt): the stronger default, in slices because it neither reports nor stops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from depotopt.siting.engines import Answer
from depotopt.siting.engines.answers import answer, call, model_parameters, parameters
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

SHORT_S = 0.7
"""What a user who asked to stop may wait: so long a watched solve stays in this process."""
FIRST_SLICE_S = 10.0
GROWTH = 3.0


class HighsEngine:
    """Solves in slices of growing length, each starting from the best solution so far.

    Through MathOpt HiGHS delivers its log only at the end and ignores the interrupter. So a watched solve
    that is not over after a moment goes on in a child process (`depotopt.siting.engines.highs_child`),
    which tells its best answer after each slice and is ended when the user asks to stop. Without a monitor
    there is one slice, in this process.
    """

    name = "highs"

    def solve(
        self,
        model: mathopt.Model,
        limits: SolveLimits,
        monitor: Monitor | None = None,
        *,
        hint: FloatArray | None = None,
        stage: str = "milp",
    ) -> Answer:
        """See `depotopt.siting.engines.MilpEngine.solve`."""
        if monitor is None:
            return self.slice(model, limits, limits.time_s, hint)
        started = time.perf_counter()
        best = self.slice(model, limits, min(SHORT_S, limits.time_s), hint)
        monitor.report(stage, best.objective, best.bound)
        left_s = limits.time_s - (time.perf_counter() - started)
        if best.status in (Status.OPTIMAL, Status.INFEASIBLE) or left_s <= SHORT_S:
            return best
        from depotopt.siting.engines.highs_child import watched

        start = hint if best.values is None else best.values
        for found in watched(model, replace(limits, time_s=left_s), monitor, start):
            best = better(best, found)
            monitor.report(stage, best.objective, best.bound)
            if best.status in (Status.OPTIMAL, Status.INFEASIBLE):
                return best
        return replace(best, limit=Limit.STOPPED if monitor.stopped else Limit.TIME)

    def slices(self, model: mathopt.Model, limits: SolveLimits, hint: FloatArray | None) -> Iterator[Answer]:
        """Yield what is known after each slice, until the proof or the end of the time."""
        started = time.perf_counter()
        slice_s = FIRST_SLICE_S
        left_s = limits.time_s
        while left_s > 0.05:
            found = self.slice(model, limits, min(slice_s, left_s), hint)
            yield found
            if found.status in (Status.OPTIMAL, Status.INFEASIBLE):
                return
            hint = hint if found.values is None else found.values
            slice_s *= GROWTH
            left_s = limits.time_s - (time.perf_counter() - started)

    def slice(
        self, model: mathopt.Model, limits: SolveLimits, time_s: float, hint: FloatArray | None
    ) -> Answer:
        """Solve once for so many seconds; nothing can stop it before."""
        return answer(self.name, model, call(self.name, partial(_solve, model, limits, time_s, hint)))


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


def better(old: Answer, new: Answer) -> Answer:
    """The newer answer with the better of both solutions and bounds (for minimisation)."""
    if new.status in (Status.OPTIMAL, Status.INFEASIBLE):
        return new
    bounds = [b for b in (old.bound, new.bound) if b is not None]
    bound = max(bounds) if bounds else None
    if old.objective is not None and (new.objective is None or old.objective < new.objective):
        return replace(old, bound=bound)
    return replace(new, bound=bound)
