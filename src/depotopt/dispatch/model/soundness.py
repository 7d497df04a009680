"""A proved bound held against the value of a plan."""

from __future__ import annotations

from typing import Final

from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.errors import EngineError

BOUND_TOLERANCE: Final = 1e-6
"""Relative amount by which a relaxation's bound may exceed a plan's value (its engine's own tolerance)."""
SCALE_TOLERANCE: Final = 1e-6
"""The same as a share of what delivering nothing costs: programs are scaled by it."""


def sound_bound(problem: DispatchProblem, value: float, bound: float) -> float:
    """The bound, at most the value of the plan it was held against.

    Parameters
    ----------
    problem
        What is to be delivered.
    value
        ``unmet_penalty * weighted unmet + cost`` of a plan that keeps every rule.
    bound
        Lower bound on that of any plan.

    Raises
    ------
    EngineError
        If it exceeds the value by more than tolerances explain: then it is none.
    """
    nothing = problem.unmet_penalty * float((problem.need * problem.weight).sum())
    if bound > value + BOUND_TOLERANCE * max(1.0, abs(value)) + SCALE_TOLERANCE * nothing:
        raise EngineError("dispatch", f"the bound {bound:.9g} exceeds the value {value:.9g} of a plan")
    return min(bound, value)
