"""`TwoEchelonProblem`: plants supply satellites, satellites supply demand points, both limited."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.units import FloatArray, Int32Array


@dataclass(frozen=True, slots=True)
class TwoEchelonProblem:
    """Two-stage capacitated facility location.

    Sets
        I plants, J satellites, K demand points
    Parameters
        need[k]; capacity and fixed cost of plants and satellites; inbound[i,j], outbound[j,k] cost per unit
    Variables
        z[i], y[j] in {0, 1} open; w[i,j], x[j,k] >= 0 units
    Model
        min  sum fixed_plant z + sum fixed_satellite y + sum inbound w + sum outbound x
        s.t. sum_j x[j,k] = need[k],            sum_k x[j,k] = sum_i w[i,j]
             sum_j w[i,j] <= capacity[i] z[i],  sum_k x[j,k] <= capacity[j] y[j]

    Attributes
    ----------
    need
        Whole units, shape ``(K,)``.
    plant, satellite
        Capacity (whole units) and fixed cost per row, shapes ``(I, 2)`` and ``(J, 2)``.
    inbound, outbound
        Shapes ``(I, J)`` and ``(J, K)``, finite, ``>= 0``.

    References
    ----------
    Fernandes, Rocha, Aloise, Ribeiro, Santos, Silva (2014), Computers and Industrial Engineering 75,
    200-208 (model and instances).
    """

    need: FloatArray
    plant: FloatArray
    satellite: FloatArray
    inbound: FloatArray
    outbound: FloatArray

    @classmethod
    def of_tables(
        cls,
        need: npt.ArrayLike,
        plant: npt.ArrayLike,
        satellite: npt.ArrayLike,
        inbound: npt.ArrayLike,
        outbound: npt.ArrayLike,
    ) -> Self:
        """From tables.

        Raises
        ------
        UsageError
            If shapes do not fit, a number is negative or infinite, or units are not whole.
        """
        d, p, s, c, g = (
            np.ascontiguousarray(a, dtype=np.float64) for a in (need, plant, satellite, inbound, outbound)
        )
        fits = d.ndim == 1 and p.ndim == s.ndim == 2 and p.shape[1] == s.shape[1] == 2
        if not fits or c.shape != (len(p), len(s)) or g.shape != (len(s), len(d)):
            raise UsageError(
                f"need {d.shape}, plant {p.shape}, satellite {s.shape}, inbound {c.shape} and outbound "
                f"{g.shape} do not fit: expected (K,), (I, 2), (J, 2), (I, J) and (J, K)"
            )
        faults = [
            f"{name} must hold finite numbers >= 0"
            for name, values in (("need", d), ("plant", p), ("satellite", s), ("inbound", c), ("outbound", g))
            if not (np.isfinite(values) & (values >= 0)).all()
        ]
        for name, units in (("need", d), ("plant capacity", p[:, 0]), ("satellite capacity", s[:, 0])):
            if (units % 1 != 0).any():
                faults.append(f"{name} must be whole units")
        if faults:
            raise UsageError("; ".join(faults))
        return cls(d, p, s, c, g)

    @property
    def whole(self) -> bool:
        """Whether every cost is whole, and so every optimal value (flows of whole units are whole)."""
        costs = (self.plant, self.satellite, self.inbound, self.outbound)
        return all(bool((c % 1 == 0).all()) for c in costs)

    def shortages(self) -> tuple[str, ...]:
        """Which tier holds too little, if any."""
        total = float(self.need.sum())
        return tuple(
            f"all {name} together hold {held:g}, needed are {total:g}: {total - held:g} short"
            for name, held in (
                ("plants", float(self.plant[:, 0].sum())),
                ("satellites", float(self.satellite[:, 0].sum())),
            )
            if held < total
        )


@dataclass(frozen=True, slots=True)
class TwoEchelonLayout:
    """The answer: open sites of both tiers and the flows.

    Attributes
    ----------
    plants, satellites
        Open ones, ascending.
    inbound, outbound
        Flows as rows ``(from, to, units)``.
    """

    plants: Int32Array
    satellites: Int32Array
    inbound: FloatArray
    outbound: FloatArray

    def value(self, problem: TwoEchelonProblem) -> float:
        """Fixed and flow cost."""
        parts = [*problem.plant[self.plants, 1], *problem.satellite[self.satellites, 1]]
        for flow, cost in ((self.inbound, problem.inbound), (self.outbound, problem.outbound)):
            if len(flow):
                parts += list(cost[flow[:, 0].astype(int), flow[:, 1].astype(int)] * flow[:, 2])
        return math.fsum(parts)
