"""HiGHS (through MathOpt): the stronger default, in slices because it neither reports nor stops."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from depotopt.siting.engines import Answer
from depotopt.siting.engines.highs_child import FIRST_SLICE_S, watched
from depotopt.siting.engines.highs_slices import solve_slice
from depotopt.siting.engines.interruption import Silent
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

SHORT_S = 0.7
"""What a user who asked to stop may wait: so long a watched solve stays in this process."""


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
            return solve_slice(model, limits, limits.time_s, hint)
        started = time.perf_counter()
        best = solve_slice(model, limits, min(SHORT_S, limits.time_s), hint)
        monitor.report(stage, best.objective, best.bound)
        left_s = limits.time_s - (time.perf_counter() - started)
        if best.status in (Status.OPTIMAL, Status.INFEASIBLE) or left_s <= SHORT_S:
            return best
        start = hint if best.values is None else best.values
        # Where nobody listens, starting anew after a slice would only cost time.
        slice_s = left_s if isinstance(monitor, Silent) else FIRST_SLICE_S
        for found in watched(model, replace(limits, time_s=left_s), monitor, start, slice_s):
            best = better(best, found)
            monitor.report(stage, best.objective, best.bound)
            _offer(monitor, best)
            if best.status in (Status.OPTIMAL, Status.INFEASIBLE):
                return best
        return replace(best, limit=Limit.STOPPED if monitor.stopped else Limit.TIME)


def _offer(monitor: Monitor, best: Answer) -> None:
    """Hand the best solution so far over to whoever keeps it."""
    values = best.values
    if values is not None and best.objective is not None:
        monitor.offer(lambda: values, best.objective, best.bound)


def better(old: Answer, new: Answer) -> Answer:
    """The newer answer with the better of both solutions and bounds (for minimisation)."""
    if new.status in (Status.OPTIMAL, Status.INFEASIBLE):
        return new
    bounds = [b for b in (old.bound, new.bound) if b is not None]
    bound = max(bounds) if bounds else None
    if old.objective is not None and (new.objective is None or old.objective < new.objective):
        return replace(old, bound=bound)
    return replace(new, bound=bound)
