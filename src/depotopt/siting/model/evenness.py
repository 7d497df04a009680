"""Evenness: how much people's travel times to their nearest open site differ, as rows of the first stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.siting.model.linear import LinearArrays
from depotopt.units import FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Evenness:
    """Travel times and the people they are the times of, with no road lost.

    Sets J sites with options O(j), I points with people that some site reaches
    Parameters ``time[j,i]``; ``weight[i]`` people
    Variables ``y[j,i]`` in [0, 1] whether ``j`` is the nearest open site of ``i``; ``apart[h,i]`` >= 0
    Model, with ``x[j] = sum_{o in O(j)} open[o]`` and ``t[i] = sum_j time[j,i] y[j,i]``::

        sum_j y[j,i] = 1;  y[j,i] <= x[j]
        sum_{k: time[k,i] <= time[j,i]} y[k,i] >= x[j]
        apart[h,i] >= t[h] - t[i], apart[h,i] >= t[i] - t[h]
        mean difference = 2 sum_{h<i} weight[h] weight[i] apart[h,i] / (sum weight)^2

    Where ``x`` is whole the third row leaves ``y`` no choice but the nearest site (closest assignment:
    Rojeski and ReVelle 1970, Geographical Analysis 2, 206-222), without which a far one might be taken to
    look like others. There are as many pairs as points squared: for small cases only.

    Attributes
    ----------
    site
        Site of each option, shape ``(O,)``.
    time_s
        By option and point, shape ``(O, I)``; ``inf`` where out of reach.
    weight
        Shape ``(I,)``, all positive.
    """

    site: Int32Array
    time_s: FloatArray
    weight: FloatArray

    @property
    def scale_s(self) -> float:
        """Longest travel time: columns count in it."""
        return max(float(self.time_s[np.isfinite(self.time_s)].max(initial=0.0)), 1e-9)

    def of(self, options: Int32Array) -> float:
        """Mean absolute difference under open options, seconds; ``inf`` where they leave a point out."""
        nearest = self.time_s[options].min(axis=0, initial=np.inf)
        if not np.isfinite(nearest).all():
            return float("inf")
        pairs = np.abs(nearest[:, None] - nearest[None]) * self.weight[:, None] * self.weight[None]
        return float(pairs.sum() / max(self.weight.sum(), 1e-12) ** 2)


def add_evenness(arrays: LinearArrays, opened: Int64Array, even: Evenness) -> tuple[Int64Array, FloatArray]:
    """Add the columns and rows of an `Evenness`; return what sums to the mean difference, in `scale_s`.

    Parameters
    ----------
    arrays
        Model to add to.
    opened
        Column of each option.
    even
        Times and people.

    Returns
    -------
    tuple
        Columns ``apart`` and their coefficients.
    """
    sites = np.unique(even.site)
    time = np.array([even.time_s[even.site == j].min(axis=0) for j in sites]).reshape(len(sites), -1)
    points = time.shape[1]
    j, i = np.nonzero(np.isfinite(time))
    nearest = arrays.add_columns(len(j), upper=1.0)
    arrays.add_rows(np.ones(points), np.ones(points), i, nearest, 1.0)
    options = [opened[even.site == site] for site in sites]
    for n in range(len(j)):
        own = options[j[n]]
        zeros = np.zeros(1 + len(own), dtype=np.int64)
        columns = np.concatenate([nearest[n : n + 1], own])
        arrays.add_rows(-np.inf, 0.0, zeros, columns, np.r_[1.0, -np.ones(len(own))])
        closer = nearest[(i == i[n]) & (time[j, i] <= time[j[n], i[n]])]
        columns = np.concatenate([closer, own])
        values = np.r_[np.ones(len(closer)), -np.ones(len(own))]
        arrays.add_rows(0.0, np.inf, np.zeros(len(columns), dtype=np.int64), columns, values)
    one, other = np.triu_indices(points, 1)
    apart = arrays.add_columns(len(one))
    scaled = time[j, i] / even.scale_s
    for n, (h, k) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
        mine, theirs = i == h, i == k
        columns = np.concatenate([nearest[mine], nearest[theirs]])
        values = np.concatenate([scaled[mine], -scaled[theirs]])
        for sign in (1.0, -1.0):
            arrays.add_rows(
                0.0,
                np.inf,
                np.zeros(len(columns) + 1, dtype=np.int64),
                np.concatenate([apart[n : n + 1], columns]),
                np.concatenate([[1.0], sign * values]),
            )
    total = max(float(even.weight.sum()), 1e-12)
    return apart, 2.0 * even.weight[one] * even.weight[other] / total**2
