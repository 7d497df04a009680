"""GSCIP (SCIP through MathOpt): reports live and stops when asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from depotopt.siting.engines import Answer
from depotopt.siting.engines.answers import answer, call, model_parameters, parameters
from depotopt.siting.engines.interruption import Interruption
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

_BOUNDS = re.compile(r"\|\s*([-+.\de]+|--)\s*\|\s*([-+.\de]+|--)\s*\|[^|]*\|[^|]*$")


class GscipEngine:
    """One solve per call; the user's stop goes to SCIP's interrupter."""

    name = "gscip"

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

        with Interruption(monitor) as interruption:
            result = call(
                self.name,
                lambda: mathopt.solve(
                    model,
                    mathopt.SolverType.GSCIP,
                    params=parameters(limits, limits.time_s),
                    model_params=model_parameters(model, hint),
                    msg_cb=None if monitor is None else tell,
                    interrupter=interruption.interrupter,
                ),
            )
        return answer(self.name, model, result)


def _number(text: str) -> float | None:
    return None if text == "--" else float(text)
