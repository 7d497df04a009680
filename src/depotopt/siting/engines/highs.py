"""HiGHS (through MathOpt): the stronger default, in slices because it neither reports nor stops."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from depotopt.siting.engines import Answer
from depotopt.siting.engines.answers import answer, call, model_parameters, parameters
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

FIRST_SLICE_S = 10.0
GROWTH = 3.0


class HighsEngine:
    """Solves in slices of growing length, each starting from the best solution so far.

    Through MathOpt HiGHS delivers its log only at the end and ignores the interrupter, so a user's
    stop takes effect between slices. Without a monitor there is one slice.
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
        started = time.perf_counter()
        slice_s = limits.time_s if monitor is None else FIRST_SLICE_S
        best: Answer | None = None
        while True:
            left_s = limits.time_s - (time.perf_counter() - started)
            if best is not None and (left_s <= 0.05 or (monitor is not None and monitor.stopped)):
                stopped = monitor is not None and monitor.stopped
                return replace(best, limit=Limit.STOPPED if stopped else Limit.TIME)
            start = hint if best is None or best.values is None else best.values
            result = call(self.name, partial(self._solve, model, limits, min(slice_s, left_s), start))
            best = _better(best, answer(self.name, model, result))
            if monitor is not None:
                monitor.report(stage, best.objective, best.bound)
            if best.status in (Status.OPTIMAL, Status.INFEASIBLE):
                return best
            slice_s *= GROWTH

    def _solve(
        self, model: mathopt.Model, limits: SolveLimits, time_s: float, start: FloatArray | None
    ) -> mathopt.SolveResult:
        from ortools.math_opt.python import mathopt

        return mathopt.solve(
            model,
            mathopt.SolverType.HIGHS,
            params=parameters(limits, time_s),
            model_params=model_parameters(model, start),
        )


def _better(old: Answer | None, new: Answer) -> Answer:
    """The newer answer with the better of both solutions and bounds (for minimisation)."""
    if old is None or new.status in (Status.OPTIMAL, Status.INFEASIBLE):
        return new
    bounds = [b for b in (old.bound, new.bound) if b is not None]
    bound = max(bounds) if bounds else None
    if old.objective is not None and (new.objective is None or old.objective < new.objective):
        return replace(old, bound=bound)
    return replace(new, bound=bound)
