"""`solve_facility_location`: which sites to open when opening costs money (uncapacitated), proved."""

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
class FacilityLocationProblem:
    """Open any number of sites so that opening them and serving everybody costs least (UFL).

    Sets
        I demand points, J sites
    Parameters
        opening[j] cost of opening site j, cost[i,j] cost of serving all of point i from site j
    Variables
        y[j] in {0, 1}; x[i,j] >= 0
    Model
        min  sum_j opening[j] y[j] + sum_ij cost[i,j] x[i,j]
        s.t. sum_j x[i,j] = 1,  x[i,j] <= y[j]

    Attributes
    ----------
    opening
        Shape ``(J,)``, numbers >= 0.
    cost
        Shape ``(I, J)``, numbers >= 0. They may differ from point to point in any way: no triangle
        inequality is needed.

    References
    ----------
    Kuehn and Hamburger (1963), Management Science 9, 643-666; Erlenkotter (1978), Operations Research
    26, 992-1009.
    """

    opening: FloatArray
    cost: FloatArray

    @classmethod
    def of_costs(cls, opening: npt.ArrayLike, cost: npt.ArrayLike) -> Self:
        """From opening costs and a table of serving costs, row = demand point.

        Raises
        ------
        UsageError
            If shapes do not fit or a cost is negative or not finite; all faults at once.
        """
        f = np.ascontiguousarray(opening, dtype=np.float64)
        c = np.ascontiguousarray(cost, dtype=np.float64)
        faults = []
        if f.ndim != 1 or not len(f):
            faults.append(f"opening costs must be one number per site, found shape {f.shape}")
        if c.ndim != 2 or not c.size:
            faults.append(f"serving costs must be a table of points by sites, found shape {c.shape}")
        elif f.ndim == 1 and c.shape[1] != len(f):
            faults.append(f"serving costs for {c.shape[1]} sites, opening costs for {len(f)}")
        for name, values in (("opening", f), ("serving", c)):
            wrong = int((~(np.isfinite(values) & (values >= 0))).sum())
            if wrong:
                faults.append(f"{wrong} {name} cost(s) negative or not finite")
        if faults:
            raise UsageError("; ".join(faults))
        return cls(f, c)

    @property
    def location(self) -> LocationProblem:
        """The same as a location problem with any number of open sites."""
        order = np.argsort(self.cost, axis=1, kind="stable").astype(np.int32)
        distance = np.ascontiguousarray(np.take_along_axis(self.cost, order, 1))
        by_site = np.ascontiguousarray(self.cost.T)
        arrays = LocationArrays(
            order, distance, by_site, np.empty((0, 2)), np.ones(len(self.cost)), self.opening
        )
        return LocationProblem(arrays, 1, len(self.opening))


def solve_facility_location(
    problem: FacilityLocationProblem, limits: SolveLimits, monitor: Monitor | None = None
) -> SolveResult[Selection]:
    """Choose sites with a proved bound: local search, Lagrangean prices, closed-form cuts and a tree.

    Returns
    -------
    SolveResult
        With whole costs a gap below one unit is a proof, and the bound is rounded up.

    References
    ----------
    Fischetti, Ljubic, Sinnl (2017), Management Science 63, 2146-2162 (closed-form Benders cuts);
    Resende and Werneck (2006), European Journal of Operational Research 174, 54-68 (local search);
    Posta, Ferland, Michelon (2014), INFORMS Journal on Computing 26, 36-56 (Lagrangean tree).
    """
    return solve_location(problem.location, limits, monitor)
