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
    """Two-stage capacitated facility location of one or several products.

    Sets
        I plants, J satellites, K demand points, L products
    Parameters
        need[l,k]; capacity[l,i] and capacity[l,j], fixed cost of plants and satellites;
        inbound[l,i,j], outbound[l,j,k] cost per unit
    Variables
        z[i], y[j] in {0, 1} open; w[l,i,j], x[l,j,k] >= 0 units
    Model
        min  sum fixed_plant z + sum fixed_satellite y + sum inbound w + sum outbound x
        s.t. sum_j x[l,j,k] = need[l,k],              sum_k x[l,j,k] = sum_i w[l,i,j]
             sum_j w[l,i,j] <= capacity[l,i] z[i],    sum_k x[l,j,k] <= capacity[l,j] y[j]

    Products share the open sites and nothing else: every capacity is one product's own.

    Attributes
    ----------
    need
        Whole units, shape ``(L, K)``.
    plant_room, satellite_room
        Capacities, whole units, shapes ``(L, I)`` and ``(L, J)``.
    plant_fixed, satellite_fixed
        Fixed costs, shapes ``(I,)`` and ``(J,)``.
    inbound, outbound
        Shapes ``(L, I, J)`` and ``(L, J, K)``, finite, ``>= 0``.

    References
    ----------
    Fernandes, Rocha, Aloise, Ribeiro, Santos, Silva (2014), Computers and Industrial Engineering 75,
    200-208 (model and instances of one product); Mauri, Biajoli, Rabello, Chaves, Ribeiro, Lorena (2021),
    International Transactions in Operational Research 28, 3069-3093 (several products).
    """

    need: FloatArray
    plant_room: FloatArray
    plant_fixed: FloatArray
    satellite_room: FloatArray
    satellite_fixed: FloatArray
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

        Parameters
        ----------
        need
            Shape ``(K,)``, or ``(L, K)``.
        plant, satellite
            One row per site: its capacity for each product, then its fixed cost; shapes ``(I, L + 1)`` and
            ``(J, L + 1)``.
        inbound, outbound
            Shapes ``(I, J)`` and ``(J, K)``, or ``(L, I, J)`` and ``(L, J, K)``.

        Raises
        ------
        UsageError
            If shapes do not fit, a number is negative or infinite, or units are not whole.
        """
        d, p, s, c, g = (
            np.ascontiguousarray(a, dtype=np.float64) for a in (need, plant, satellite, inbound, outbound)
        )
        one = d.ndim == 1
        d, c, g = (a[None] if one and a.ndim == dims else a for a, dims in ((d, 1), (c, 2), (g, 2)))
        many = len(d) if d.ndim == 2 else -1
        fits = p.ndim == s.ndim == 2 and p.shape[1] == s.shape[1] == many + 1
        if not fits or c.shape != (many, len(p), len(s)) or g.shape != (many, len(s), d.shape[1]):
            shapes = [np.shape(a) for a in (need, plant, satellite, inbound, outbound)]
            raise UsageError(
                "need {}, plant {}, satellite {}, inbound {} and outbound {} do not fit: expected (K,), "
                "(I, 2), (J, 2), (I, J) and (J, K), or (L, K), (I, L + 1), (J, L + 1), (L, I, J) and "
                "(L, J, K)".format(*shapes)
            )
        faults = [
            f"{name} must hold finite numbers >= 0"
            for name, values in (("need", d), ("plant", p), ("satellite", s), ("inbound", c), ("outbound", g))
            if not (np.isfinite(values) & (values >= 0)).all()
        ]
        for name, units in (
            ("need", d),
            ("plant capacity", p[:, :-1]),
            ("satellite capacity", s[:, :-1]),
        ):
            if (units % 1 != 0).any():
                faults.append(f"{name} must be whole units")
        if faults:
            raise UsageError("; ".join(faults))
        rooms = (np.ascontiguousarray(t[:, :-1].T) for t in (p, s))
        fixed = (np.ascontiguousarray(t[:, -1]) for t in (p, s))
        return cls(d, next(rooms), next(fixed), next(rooms), next(fixed), c, g)

    @property
    def products(self) -> int:
        """Number of products."""
        return len(self.need)

    @property
    def plants(self) -> int:
        """Number of plants."""
        return len(self.plant_fixed)

    @property
    def satellites(self) -> int:
        """Number of satellites."""
        return len(self.satellite_fixed)

    @property
    def whole(self) -> bool:
        """Whether every cost is whole, and so every optimal value (flows of whole units are whole)."""
        costs = (self.plant_fixed, self.satellite_fixed, self.inbound, self.outbound)
        return all(bool((c % 1 == 0).all()) for c in costs)

    def shortages(self) -> tuple[str, ...]:
        """Which tier holds too little, if any."""
        found = []
        for product, total in enumerate(self.need.sum(axis=1)):
            of = "" if self.products == 1 else f" of product {product}"
            for name, room in (("plants", self.plant_room), ("satellites", self.satellite_room)):
                held = float(room[product].sum())
                if held < total:
                    found.append(
                        f"all {name} together hold {held:g}{of}, needed are {total:g}: {total - held:g} short"
                    )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class TwoEchelonLayout:
    """The answer: open sites of both tiers and the flows.

    Attributes
    ----------
    plants, satellites
        Open ones, ascending.
    inbound, outbound
        Flows as rows ``(product, from, to, units)``.
    """

    plants: Int32Array
    satellites: Int32Array
    inbound: FloatArray
    outbound: FloatArray

    def value(self, problem: TwoEchelonProblem) -> float:
        """Fixed and flow cost."""
        parts = [*problem.plant_fixed[self.plants], *problem.satellite_fixed[self.satellites]]
        for flow, cost in ((self.inbound, problem.inbound), (self.outbound, problem.outbound)):
            if len(flow):
                product, tail, head = flow[:, :3].astype(int).T
                parts += list(cost[product, tail, head] * flow[:, 3])
        return math.fsum(parts)
