"""GSCIP (SCIP through MathOpt): reports live and stops when asked."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from depotopt.siting.engines import Answer
from depotopt.siting.engines.answers import answer, call, model_parameters, parameters
from depotopt.siting.engines.interruption import Interruption
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

_BOUNDS = re.compile(r"\|\s*([-+.\de]+|--)\s*\|\s*([-+.\de]+|--)\s*\|[^|]*\|[^|]*$")


class GscipEngine:
    """One solve per call; the user's stop goes to SCIP's interrupter, better solutions to who keeps them.

    Parameters
    ----------
    nodes
        Nodes of the tree at most: unlike time, they end a solve at the same answer on every machine.
    """

    name = "gscip"

    def __init__(self, nodes: int | None = None) -> None:
        self._nodes = nodes

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
        from ortools.math_opt.python import mathopt

        def tell(lines: Sequence[str]) -> None:
            if monitor is None:
                return
            for line in lines:
                found = _BOUNDS.search(line)
                if found:
                    monitor.report(stage, _number(found[2]), _number(found[1]))

        keeps = monitor is not None and monitor.keeping
        with Interruption(monitor) as interruption:
            result = call(
                self.name,
                lambda: mathopt.solve(
                    model,
                    mathopt.SolverType.GSCIP,
                    params=parameters(limits, limits.time_s, self._nodes),
                    model_params=model_parameters(model, hint),
                    msg_cb=None if monitor is None else tell,
                    interrupter=interruption.interrupter,
                    callback_reg=_solutions_wanted() if keeps else None,
                    cb=_Incumbents(model, monitor) if keeps and monitor is not None else None,
                ),
            )
        return answer(self.name, model, result)


def _solutions_wanted() -> mathopt.CallbackRegistration:
    from ortools.math_opt.python import mathopt

    return mathopt.CallbackRegistration(events={mathopt.Event.MIP_SOLUTION})


class _Incumbents:
    """Hands solutions over as SCIP finds them (all programs minimise); worse ones are left out."""

    def __init__(self, model: mathopt.Model, monitor: Monitor) -> None:
        self._variables = sorted(model.variables(), key=lambda variable: variable.id)
        self._objective = model.objective.as_linear_expression()
        self._monitor = monitor
        self._best = math.inf

    def __call__(self, data: mathopt.CallbackData) -> mathopt.CallbackResult:
        from ortools.math_opt.python import mathopt

        if data.solution is not None:
            value = mathopt.evaluate_expression(self._objective, data.solution)
            if value < self._best:
                self._best = value
                values = np.array([data.solution[variable] for variable in self._variables])
                bound = data.mip_stats.dual_bound
                finite = bound is not None and math.isfinite(bound)
                self._monitor.offer(lambda: values, value, bound if finite else None)
        return mathopt.CallbackResult()


def _number(text: str) -> float | None:
    return None if text == "--" else float(text)
