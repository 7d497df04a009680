"""`LocationProblem`: what p-median and uncapacitated facility location have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.selection import Selection
from depotopt.units import FloatArray, Int32Array


class LocationArrays(NamedTuple):
    """The numbers of a `LocationProblem` in the form the compiled kernels take."""

    neighbour: Int32Array
    distance: FloatArray
    by_site: FloatArray
    position: FloatArray
    weight: FloatArray
    opening: FloatArray


@dataclass(frozen=True, slots=True)
class LocationProblem:
    """Open sites so that opening and serving everybody from the nearest open site cost least.

    Sets
        I demand points, J sites
    Parameters
        f[j] cost of opening, d[i,j] distance (or cost of serving), weight[i], least <= most
    Variables
        y[j] in {0, 1}; x[i,j] >= 0
    Model
        min  sum_j f[j] y[j] + sum_ij weight[i] d[i,j] x[i,j]
        s.t. sum_j x[i,j] = 1,  x[i,j] <= y[j],  least <= sum_j y[j] <= most

    With ``f = 0`` and ``least = most = p`` it is a p-median; with ``least = 1`` and ``most = |J|`` the
    uncapacitated facility location problem.

    Attributes
    ----------
    arrays
        ``neighbour, distance`` (shape ``(I, m)``): sites of each point nearest first and how far they are.
        With ``m < J`` the list is truncated: bounds stay valid, because a cut or a price may always stop
        at the last distance listed. ``weight`` (``(I,)``), ``opening`` (``(J,)``), ``by_site`` (``(J, I)``,
        all distances, a row for each site, because searches go through the points of one site after the
        other; empty where ``position`` stands instead, shape ``(J, 2)``: Euclidean distances
        rounded down between places that are points and sites at once).
    least, most
        How many sites may be open.
    """

    arrays: LocationArrays
    least: int
    most: int

    @property
    def points(self) -> int:
        """Number of demand points."""
        return len(self.arrays.weight)

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.arrays.opening)

    @property
    def listed(self) -> int:
        """Sites in the list of each point."""
        return int(self.arrays.neighbour.shape[1])

    @property
    def whole(self) -> bool:
        """Whether every objective value is a whole number, so that a bound may be rounded up."""
        numbers = (self.arrays.distance, self.arrays.weight, self.arrays.opening)
        return all(bool((n % 1 == 0).all()) for n in numbers)

    @property
    def highest(self) -> FloatArray:
        """Prices may not pass this: beyond a truncated list a site that is not listed could save."""
        if self.listed == self.sites:
            return np.full(self.points, np.inf)
        return np.ascontiguousarray(self.arrays.distance[:, -1])

    def serve(self, chosen: npt.ArrayLike) -> tuple[Selection, float]:
        """Everybody served by the nearest of the chosen sites, and the objective."""
        from depotopt.siting.classic.location_kernels import nearest_open

        is_open = np.zeros(self.sites, dtype=np.bool_)
        is_open[np.asarray(chosen, dtype=np.int64)] = True
        site, distance = nearest_open(self.arrays, np.arange(self.points), is_open)
        value = float(self.arrays.opening[is_open].sum() + self.arrays.weight @ distance)
        return Selection(np.flatnonzero(is_open).astype(np.int32), site), value
