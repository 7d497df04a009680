"""GSCIP (SCIP through MathOpt): reports live and stops when asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from depotopt.siting.engines import Answer
from depotopt.siting.engines.answers import answer, call, model_parameters, parameters
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

POLL_S = 0.1
_BOUNDS = re.compile(r"\|\s*([-+.\de]+|--)\s*\|\s*([-+.\de]+|--)\s*\|[^|]*\|[^|]*$")


class GscipEngine:
    """One solve per call; a watcher thread hands the user's stop to SCIP's interrupter."""

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
        from ortools.util.python.solve_interrupter import SolveInterrupter

        # SCIP complains on stderr about every interrupter it gets, so it gets none it does not need.
        interrupter = None if monitor is None else SolveInterrupter()
        done = threading.Event()

        def watch() -> None:
            while not done.wait(POLL_S):
                if monitor is not None and interrupter is not None and monitor.stopped:
                    interrupter.interrupt()
                    return

        def tell(lines: Sequence[str]) -> None:
            if monitor is None:
                return
            for line in lines:
                found = _BOUNDS.search(line)
                if found:
                    monitor.report(stage, _number(found[2]), _number(found[1]))

        watcher = threading.Thread(target=watch, daemon=True)
        if interrupter is not None:
            watcher.start()
        try:
            result = call(
                self.name,
                lambda: mathopt.solve(
                    model,
                    mathopt.SolverType.GSCIP,
                    params=parameters(limits, limits.time_s),
                    model_params=model_parameters(model, hint),
                    msg_cb=None if monitor is None else tell,
                    interrupter=interrupter,
                ),
            )
        finally:
            done.set()
            if interrupter is not None:
                watcher.join()
        return answer(self.name, model, result)


def _number(text: str) -> float | None:
    return None if text == "--" else float(text)
