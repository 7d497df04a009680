"""Engines' bounds held against what their own plans are worth."""

from __future__ import annotations

from depotopt.errors import EngineError
from depotopt.siting.model.problem import SitingProblem

BOUND_TOLERANCE = 1e-6
"""Relative amount by which an engine's bound may exceed a recomputed objective (its own tolerances)."""
SCALE_TOLERANCE = 1e-5
"""The same as a share of what delivering nothing costs: models are scaled by it, and engines' tolerances with
them, so that where nearly everything is delivered they are no small part of the objective."""


def undelivered_value(problem: SitingProblem) -> float:
    """What delivering nothing in any road state adds to the objective."""
    undelivered = (problem.need * problem.penalty[None]).sum(axis=(1, 2))
    return problem.events_per_year * problem.goal.risk(undelivered, problem.probability)


def sound_bound(engine: str, objective: float, bound: float | None, *, scale: float = 0.0) -> float | None:
    """The bound, held against the recomputed objective.

    ``scale`` is the objective where nothing is delivered.

    Raises
    ------
    EngineError
        If the bound exceeds the objective by more than an engine's tolerances explain.
    """
    if bound is None or bound <= objective:
        return bound
    if bound > objective + max(BOUND_TOLERANCE * max(1.0, abs(objective)), SCALE_TOLERANCE * scale):
        raise EngineError(engine, f"its bound {bound:.9g} exceeds the value {objective:.9g} of its own plan")
    return objective
