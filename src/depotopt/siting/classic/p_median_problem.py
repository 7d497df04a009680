"""`PMedianProblem`: p depots with the least total distance to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.siting.classic.location import LocationArrays, LocationProblem
from depotopt.units import FloatArray, Int32Array

DENSE_LIMIT = 6_000
"""Places up to which the whole distance matrix is kept; beyond, distances come from positions."""
LIST_SHARE = 12
"""Neighbours kept per place for large problems, in multiples of places per depot."""


@dataclass(frozen=True, slots=True)
class PMedianProblem:
    """Open ``p`` of the places so that the distances of all places to their nearest open one are least.

    Sets
        I demand points, J = I sites
    Parameters
        d[i,j] distance, weight[i] people, p
    Variables
        y[j] in {0, 1}; x[i,j] >= 0
    Model
        min  sum_ij weight[i] d[i,j] x[i,j]
        s.t. sum_j x[i,j] = 1,  x[i,j] <= y[j],  sum_j y[j] = p

    Attributes
    ----------
    p
        Depots to open.
    neighbour, distance
        Sites of each point nearest first and how far they are, shape ``(I, m)``. With ``m < J`` the list
        is truncated: bounds stay valid, because a cut may stop at the last distance listed.
    weight
        Shape ``(I,)``.
    matrix
        All distances, shape ``(I, J)``; empty where ``position`` stands instead.
    position
        Positions, shape ``(I, 2)``; Euclidean distances are rounded down (the convention of p-median
        on TSPLIB points: Duran-Mateluna, Ales, Elloumi 2023, EJOR 308, 84-96).
    """

    p: int
    neighbour: Int32Array
    distance: FloatArray
    weight: FloatArray
    matrix: FloatArray
    position: FloatArray

    @property
    def places(self) -> int:
        """Number of demand points and sites."""
        return len(self.weight)

    @classmethod
    def of_matrix(cls, matrix: npt.ArrayLike, p: int, weight: npt.ArrayLike | None = None) -> Self:
        """From a square matrix of distances, row = demand point.

        Raises
        ------
        UsageError
            If the matrix is not square, holds a negative distance, or ``p`` is out of range.
        """
        d = np.ascontiguousarray(matrix, dtype=np.float64)
        if d.ndim != 2 or d.shape[0] != d.shape[1] or not (d >= 0).all():
            raise UsageError("distances must be a square matrix of numbers >= 0")
        order = np.argsort(d, axis=1, kind="stable").astype(np.int32)
        return cls._checked(p, order, np.take_along_axis(d, order, 1), weight, d, np.empty((0, 2)))

    @classmethod
    def of_positions(cls, position: npt.ArrayLike, p: int, weight: npt.ArrayLike | None = None) -> Self:
        """From points in the plane, Euclidean distances rounded down.

        Raises
        ------
        UsageError
            If ``p`` is out of range.
        """
        from scipy.spatial import cKDTree
        from scipy.spatial.distance import cdist

        at = np.ascontiguousarray(position, dtype=np.float64)
        if len(at) <= DENSE_LIMIT:
            return cls.of_matrix(np.floor(cdist(at, at)), p, weight)
        if not 1 <= p <= len(at):
            raise UsageError(f"p must lie in 1..{len(at)}, found {p}")
        many = min(len(at), max(50, LIST_SHARE * len(at) // p))
        distance, order = cKDTree(at).query(at, k=many)
        return cls._checked(
            p, np.asarray(order, dtype=np.int32), np.floor(distance), weight, np.empty((0, 0)), at
        )

    @classmethod
    def _checked(
        cls,
        p: int,
        order: Int32Array,
        distance: FloatArray,
        weight: npt.ArrayLike | None,
        matrix: FloatArray,
        position: FloatArray,
    ) -> Self:
        places = len(order)
        if not 1 <= p <= places:
            raise UsageError(f"p must lie in 1..{places}, found {p}")
        weights = np.ones(places) if weight is None else np.asarray(weight, dtype=np.float64)
        if weights.shape != (places,) or not (weights >= 0).all():
            raise UsageError("weights must be numbers >= 0, one per demand point")
        return cls(p, order, np.ascontiguousarray(distance), weights, matrix, position)

    @property
    def location(self) -> LocationProblem:
        """The same as a location problem with free sites and a fixed count."""
        # Most tables are symmetric, and large ones are better not kept twice.
        there = self.matrix
        back = there if (there == there.T).all() else np.ascontiguousarray(there.T)
        arrays = LocationArrays(
            self.neighbour, self.distance, back, self.position, self.weight, np.zeros(self.places)
        )
        return LocationProblem(arrays, self.p, self.p)
