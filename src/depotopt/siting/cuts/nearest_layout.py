"""`NearestLayout`: what all rules allow nearest to shares of options."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.siting.engines import MilpEngine
from depotopt.siting.model.first_stage import add_first_stage
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import SitingProblem
from depotopt.solving import SolveLimits
from depotopt.units import BoolArray, FloatArray

GAP = 1e-3
"""A layout this near to the nearest one will do: shares are no more exact themselves."""
TIME = 0.05
"""Share of the time limit one model may take."""
LEAST_COST = 1e-3
"""A difference counts at least this much of what it counts for an option of average cost."""


class NearestLayout:
    """What the rules allow nearest to shares of options, a difference counting what the option costs a year.

    Sets and parameters: options ``o`` with cost ``f[o]`` and share ``s[o]``; those decided already, those to
    be decided now (open in full or not), and all others.
    Variables: ``z[o]`` binary where decided now, else in ``[0, s[o]]``; decided ones are held at ``s[o]``.
    Objective: minimise ``sum f (1 - 2 s) z`` over those decided now ``- sum f z`` over the others: what
    loses its support counts as lost, and a helper opens where that is dearer than the helper.
    Constraints: all rules of the first stage.

    Parameters
    ----------
    problem
        The siting problem.
    engine, limits
        What solves the model, and the limits of the whole search.
    """

    def __init__(self, problem: SitingProblem, engine: MilpEngine, limits: SolveLimits) -> None:
        self._problem, self._engine, self._limits = problem, engine, limits

    def find(self, share: FloatArray, known: BoolArray, now: BoolArray) -> FloatArray | None:
        """How far options are open, shape ``(O,)``; ``None`` if the rules allow nothing or time ran out.

        Parameters
        ----------
        share
            Shares asked for, shape ``(O,)``; 0 or 1 where known.
        known, now
            Options decided already, and to be decided now, each of shape ``(O,)``.
        """
        arrays = LinearArrays()
        stage = add_first_stage(arrays, self._problem, weight=0.0)
        model = arrays.model("nearest layout")
        variables = list(model.variables())
        cost = self._problem.options.cost
        cost = np.maximum(cost / max(float(cost.mean()), 1e-9), LEAST_COST)
        slope = np.where(known, 0.0, np.where(now, cost * (1.0 - 2.0 * share), -cost))
        for option, column in enumerate(stage.open.tolist()):
            variable, value = variables[column], min(max(float(share[option]), 0.0), 1.0)
            model.objective.set_linear_coefficient(variable, float(slope[option]))
            if known[option]:
                variable.lower_bound = variable.upper_bound = value
            elif not now[option]:
                variable.integer, variable.upper_bound = False, value
        brief = replace(self._limits, gap=GAP, time_s=max(TIME * self._limits.time_s, 1.0))
        values = self._engine.solve(model, brief, None, stage="nearest layout").values
        return None if values is None else np.asarray(values[stage.open], dtype=np.float64)
