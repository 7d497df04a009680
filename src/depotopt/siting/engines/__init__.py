"""Solver engines behind siting: one file per engine, every engine error translated there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine knows about a model.

    Attributes
    ----------
    status
        How the solve ended.
    values
        Value per variable in the order of the model's variables, or ``None`` without a solution.
    objective, bound
        Value of the solution and proved bound, in the model's sense.
    limit
        What ended it early.
    """

    status: Status
    values: FloatArray | None
    objective: float | None
    bound: float | None
    limit: Limit | None = None


class MilpEngine(Protocol):
    """Solves one MathOpt model."""

    name: str

    def solve(
        self,
        model: mathopt.Model,
        limits: SolveLimits,
        monitor: Monitor | None = None,
        *,
        hint: FloatArray | None = None,
        stage: str = "milp",
    ) -> Answer:
        """Solve the model within limits.

        Parameters
        ----------
        model
            A linear model, integer or not.
        limits
            Time, gap, seed and workers.
        monitor
            Gets progress under the name ``stage``; its wish to stop ends the solve with the best
            solution so far.
        hint
            A solution to start from, a value per variable (``nan``: left to the engine).

        Raises
        ------
        depotopt.errors.EngineError
            If the engine fails or refuses the model.
        """
        ...
