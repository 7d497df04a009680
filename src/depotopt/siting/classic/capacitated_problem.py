"""`CapacitatedProblem`: open sites of limited capacity and serve everybody at least cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.units import FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class CapacitatedProblem:
    """Capacitated facility location, a demand point served by several sites or by one alone.

    Sets
        J sites, I demand points
    Parameters
        capacity[j], fixed[j], need[i], cost[j,i] of serving all of ``need[i]`` from ``j``
    Variables
        y[j] in {0, 1} site open; x[j,i] >= 0 share of point ``i`` served from ``j``
        (``single_source``: in {0, 1})
    Model
        min  sum_j fixed[j] y[j] + sum_ji cost[j,i] x[j,i]
        s.t. sum_j x[j,i] = 1                       for i in I
             sum_i need[i] x[j,i] <= capacity[j] y[j],  x[j,i] <= y[j]
             sum_j y[j] = count                     only where a count is given

    With ``count``, no fixed costs and sites = demand points it is the capacitated p-median.

    Attributes
    ----------
    capacity, fixed
        Shape ``(J,)``, ``>= 0``.
    need
        Shape ``(I,)``, ``>= 0``.
    cost
        Shape ``(J, I)``, ``>= 0``; ``inf`` where a site does not reach a point.
    single_source
        Whether a point is served by one site alone.
    count
        Sites to open exactly; ``None`` leaves the number free.
    """

    capacity: FloatArray
    fixed: FloatArray
    need: FloatArray
    cost: FloatArray
    single_source: bool = False
    count: int | None = None

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.capacity)

    @property
    def points(self) -> int:
        """Number of demand points."""
        return len(self.need)

    @property
    def whole(self) -> bool:
        """Whether every objective value is a whole number (only single source promises that)."""
        reached = self.cost[np.isfinite(self.cost)]
        return self.single_source and bool((self.fixed % 1 == 0).all() and (reached % 1 == 0).all())

    @classmethod
    def of_tables(
        cls,
        capacity: npt.ArrayLike,
        fixed: npt.ArrayLike,
        need: npt.ArrayLike,
        cost: npt.ArrayLike,
        *,
        single_source: bool = False,
        count: int | None = None,
    ) -> Self:
        """From tables, ``cost`` with one row per site.

        Raises
        ------
        UsageError
            If shapes do not fit, a number is negative or not a number, or ``count`` is out of range.
        """
        q, f, d = (np.ascontiguousarray(a, dtype=np.float64) for a in (capacity, fixed, need))
        c = np.ascontiguousarray(cost, dtype=np.float64)
        faults = []
        if q.ndim != 1 or f.shape != q.shape or d.ndim != 1 or c.shape != (len(q), len(d)):
            raise UsageError(
                f"capacity {q.shape}, fixed {f.shape}, need {d.shape} and cost {c.shape} do not fit: "
                "expected (J,), (J,), (I,) and (J, I)"
            )
        for name, values in (("capacity", q), ("fixed", f), ("need", d)):
            if not (np.isfinite(values) & (values >= 0)).all():
                faults.append(f"{name} must hold finite numbers >= 0")
        if not (c >= 0).all():
            faults.append("cost must hold numbers >= 0 (inf: out of reach)")
        if count is not None and not 1 <= count <= len(q):
            faults.append(f"count must lie in 1..{len(q)}, found {count}")
        if faults:
            raise UsageError("; ".join(faults))
        return cls(q, f, d, c, single_source, count)

    def shortages(self) -> tuple[str, ...]:
        """Why no layout can exist, as far as single rows tell; empty when they tell nothing."""
        found = []
        usable = np.sort(self.capacity)[::-1]
        most = float(usable[: self.count or len(usable)].sum())
        total = float(self.need.sum())
        if most < total * (1 - 1e-12):
            which = "all sites" if self.count is None else f"the {self.count} largest sites"
            found.append(f"{which} together hold {most:g}, needed are {total:g}: {total - most:g} short")
        reach = np.isfinite(self.cost)
        if self.single_source:
            reach &= self.need[None, :] <= self.capacity[:, None]
        for i in np.flatnonzero(~reach.any(axis=0)):
            what = "holds" if np.isfinite(self.cost[:, i]).any() else "reaches"
            found.append(f"no site {what} the {self.need[i]:g} of demand point {i}")
        if not self.single_source:
            held = np.where(reach, self.capacity[:, None], 0.0).sum(axis=0)
            for i in np.flatnonzero((held < self.need * (1 - 1e-12)) & reach.any(axis=0)):
                found.append(
                    f"the sites that reach demand point {i} hold {held[i]:g}, it needs {self.need[i]:g}"
                )
        return tuple(found)

    @property
    def least_sites(self) -> int:
        """Fewest sites whose capacities add up to the need."""
        held = np.cumsum(np.sort(self.capacity)[::-1])
        return int(np.searchsorted(held, self.need.sum() * (1 - 1e-12))) + 1

    @property
    def scale(self) -> float:
        """Size of a unit in which costs are compared: the mean reachable cost, at least 1e-9."""
        reached = self.cost[np.isfinite(self.cost)]
        return max(float(reached.mean()) if reached.size else 0.0, 1e-9)


@dataclass(frozen=True, slots=True)
class Allocation:
    """The answer: open sites and who is served from where.

    Attributes
    ----------
    open
        Chosen sites, ascending.
    site, point, share
        Who serves what share (over 0, up to 1) of whose need; ordered by point, then site.
    """

    open: Int32Array
    site: Int32Array
    point: Int32Array
    share: FloatArray

    @classmethod
    def of_shares(cls, chosen: npt.ArrayLike, share: FloatArray) -> Self:
        """From shares as a table of shape ``(J, I)``."""
        point, site = np.nonzero(share.T > 0.0)
        return cls(
            np.sort(np.asarray(chosen)).astype(np.int32),
            site.astype(np.int32),
            point.astype(np.int32),
            np.ascontiguousarray(share[site, point]),
        )

    @classmethod
    def of_assignment(cls, chosen: npt.ArrayLike, served_by: Int64Array) -> Self:
        """From the one site that serves each point."""
        points = np.arange(len(served_by), dtype=np.int32)
        return cls(
            np.sort(np.asarray(chosen)).astype(np.int32),
            served_by.astype(np.int32),
            points,
            np.ones(len(points)),
        )

    def value(self, problem: CapacitatedProblem) -> float:
        """Fixed and serving cost, added up without rounding on the way."""
        served = problem.cost[self.site, self.point] * self.share
        return math.fsum([*problem.fixed[self.open], *served])
