"""`solve_graded_cover`: being reached late counts for less instead of not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.siting.classic.location import LocationArrays, LocationProblem
from depotopt.siting.classic.location_engine import solve_location
from depotopt.siting.classic.selection import Selection
from depotopt.solving import Monitor, SolveLimits, SolveResult
from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class GradedCoverProblem:
    """Open ``p`` sites so that the most people are reached, each as well as the best open site reaches them.

    Sets
        I demand points, J sites
    Parameters
        level[i,j] in [0, 1] how well site j reaches point i, weight[i] people, p
    Variables
        y[j] in {0, 1}; x[i,j] >= 0
    Model
        min  sum_i weight[i] sum_j (1 - level[i,j]) x[i,j]
        s.t. sum_j x[i,j] = 1,  x[i,j] <= y[j],  sum_j y[j] = p

    It is a p-median whose distance is the share of the cover that is lost, so the same engine proves it.

    Attributes
    ----------
    level
        Shape ``(I, J)``.
    weight
        Shape ``(I,)``.
    p
        Sites to open.

    References
    ----------
    Berman and Krass (2002), Computers and Operations Research 29, 563-581 (levels); Berman, Krass, Drezner
    (2003), European Journal of Operational Research 151, 474-480 (gradual decay).
    """

    level: FloatArray
    weight: FloatArray
    p: int

    @classmethod
    def of_levels(cls, level: npt.ArrayLike, p: int, weight: npt.ArrayLike | None = None) -> Self:
        """From a table of levels, row = demand point.

        Raises
        ------
        UsageError
            If a level lies outside [0, 1], weights do not fit or ``p`` is out of range.
        """
        table = np.ascontiguousarray(level, dtype=np.float64)
        if table.ndim != 2 or not table.size or not ((table >= 0) & (table <= 1)).all():
            raise UsageError("levels must be a non-empty table of numbers in [0, 1]")
        if not 1 <= p <= table.shape[1]:
            raise UsageError(f"p must lie in 1..{table.shape[1]}, found {p}")
        weights = np.ones(len(table)) if weight is None else np.asarray(weight, dtype=np.float64)
        if weights.shape != (len(table),) or not (weights >= 0).all():
            raise UsageError("weights must be numbers >= 0, one per demand point")
        return cls(table, weights, p)

    @classmethod
    def of_distances(
        cls,
        distance: npt.ArrayLike,
        p: int,
        *,
        within: float,
        beyond: float,
        weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Full cover up to ``within``, none from ``beyond`` on, a straight line between.

        Raises
        ------
        UsageError
            If ``within`` is not less than ``beyond``, and as `of_levels`.
        """
        if not 0 <= within < beyond:
            raise UsageError(f"within must be >= 0 and less than beyond, found {within} and {beyond}")
        table = np.asarray(distance, dtype=np.float64)
        return cls.of_levels(np.clip((beyond - table) / (beyond - within), 0.0, 1.0), p, weight)

    @property
    def location(self) -> LocationProblem:
        """The same as a location problem."""
        lost = np.ascontiguousarray(1.0 - self.level)
        order = np.argsort(lost, axis=1, kind="stable").astype(np.int32)
        distance = np.take_along_axis(lost, order, 1)
        opening = np.zeros(self.level.shape[1])
        arrays = LocationArrays(
            order, distance, np.ascontiguousarray(lost.T), np.empty((0, 2)), self.weight, opening
        )
        return LocationProblem(arrays, self.p, self.p)


def solve_graded_cover(
    problem: GradedCoverProblem, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[Selection]:
    """Open the ``p`` sites that lose least; the objective is the weight *not* reached, in parts of people.

    A point that the open sites reach at level 0 still names the site "nearest" to it.
    """
    return solve_location(problem.location, limits, monitor)
