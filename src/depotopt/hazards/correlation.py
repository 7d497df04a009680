"""Spatially correlated normal residuals of ground motion, on a grid and between its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from depotopt.hazards.shapes import degree_scale_m
from depotopt.units import FloatArray, Int64Array

MOST_CELLS = 1 << 16
CELLS_PER_RANGE = 16


def range_m(period_s: float) -> float:
    """Distance at which the correlation of within-event residuals has fallen to 5 %, metres.

    Jayaram and Baker (2009), Earthquake Engineering and Structural Dynamics 38, 951-972:
    ``rho(h) = exp(-3 h / b)``, ``b = 22.0 + 3.7 T`` km for ``T >= 1 s`` and ``8.5 + 17.2 T`` km below,
    where ground conditions are not clustered; peak ground acceleration is ``T = 0``.
    """
    return 1000.0 * (22.0 + 3.7 * period_s if period_s >= 1.0 else 8.5 + 17.2 * period_s)


def period_correlation(first_s: float, second_s: float) -> float:
    """Correlation of residuals at two periods at one place.

    Baker and Jayaram (2008), Earthquake Spectra 24, 299-317, equation 9; valid from 0.01 to 10 s
    (peak ground acceleration is taken as 0.01 s).
    """
    low, high = max(min(first_s, second_s), 0.01), max(first_s, second_s, 0.01)
    c1 = 1.0 - np.cos(np.pi / 2 - 0.366 * np.log(high / max(low, 0.109)))
    c2 = 1.0 - 0.105 * (1.0 - 1.0 / (1.0 + np.exp(100.0 * high - 5.0))) * (high - low) / (high - 0.0099)
    c3 = c2 if high < 0.109 else c1
    c4 = c1 + 0.5 * (np.sqrt(c3) - c3) * (1.0 + np.cos(np.pi * low / 0.109))
    if high < 0.109:
        return float(c2)
    if low > 0.109:
        return float(c1)
    return float(min(c2, c4) if high < 0.2 else c4)


@dataclass(frozen=True, slots=True)
class CorrelatedField:
    """A standard normal field with correlation ``exp(-3 h / b)``, drawn at fixed places.

    The field is drawn exactly on a regular grid by circulant embedding (Dietrich and Newsam 1997, SIAM
    Journal on Scientific Computing 18, 1088-1107) with FFTs, on a torus wide enough that the far side is
    uncorrelated. Between nodes it is bilinear, which takes variance away; an independent residual, shared
    within quarters of a cell, gives it back, so that every place has variance 1. Cells are ``b / 16``
    wide unless the region needs more than 2**16 of them. The approximation is felt within about one cell
    (at ``b / 16`` by up to 0.15 in the correlation, less than 0.02 beyond); `correlation` tells it exactly.

    Attributes
    ----------
    root
        Square root of the torus' eigenvalues for a real FFT, shape ``(rows, columns // 2 + 1)``.
    shape
        Rows and columns of the torus.
    corner
        Flat index of the lower left node of each place's cell, shape ``(P,)``.
    weight
        Weights of the four nodes, shape ``(4, P)``.
    quarter
        Quarter of a cell each place lies in, numbered, shape ``(P,)``.
    rest
        Weight of the independent residual, shape ``(P,)``.
    step_m
        Distance of nodes.
    range_m
        ``b``.
    """

    root: FloatArray
    shape: tuple[int, int]
    corner: Int64Array
    weight: FloatArray
    quarter: Int64Array
    rest: FloatArray
    step_m: float
    range_m: float

    @classmethod
    def over(cls, lon: FloatArray, lat: FloatArray, range_m: float) -> Self:
        """Lay a grid over the places.

        Parameters
        ----------
        lon, lat
            Places in degrees; distances are taken in a plane tangent at their middle.
        range_m
            ``b``, metres.
        """
        from scipy.fft import next_fast_len

        plane = np.column_stack([lon, lat]) * degree_scale_m(float((lat.min() + lat.max()) / 2))
        plane -= plane.min(axis=0)
        # 1.5 b beyond the region the correlation across the seam is exp(-4.5), one per cent.
        width = plane.max(axis=0) + 1.5 * range_m
        step = max(range_m / CELLS_PER_RANGE, float(np.sqrt(width[0] * width[1] / MOST_CELLS)))
        columns, rows = (int(next_fast_len(int(np.ceil(side / step)) + 2, real=True)) for side in width)
        cell = np.floor(plane / step).astype(np.int64)
        x, y = (plane / step - cell).T
        weight = np.array([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])
        near, far = np.exp(-3.0 * step / range_m), np.exp(-3.0 * step * np.sqrt(2.0) / range_m)
        covariance = np.array(
            [[1, near, near, far], [near, 1, far, near], [near, far, 1, near], [far, near, near, 1]]
        )
        kept = np.einsum("ip,ij,jp->p", weight, covariance, weight)
        rest = np.sqrt(np.maximum(1.0 - kept, 0.0))
        quarters = np.floor(2 * plane / step).astype(np.int64)
        _, quarter = np.unique(quarters[:, 1] * (2 * columns) + quarters[:, 0], return_inverse=True)
        root = _torus_root(rows, columns, step, range_m)
        corner = cell[:, 1] * columns + cell[:, 0]
        return cls(root, (rows, columns), corner, weight, quarter, rest, step, range_m)

    def sample(self, rng: np.random.Generator, which: Int64Array | None = None) -> FloatArray:
        """One draw at all places, or at those of ``which`` (the field itself does not depend on it)."""
        from scipy.fft import irfft2, rfft2

        field = irfft2(rfft2(rng.standard_normal(self.shape)) * self.root, s=self.shape).ravel()
        residual = rng.standard_normal(int(self.quarter.max()) + 1)
        at = slice(None) if which is None else which
        corner, weight, columns = self.corner[at], self.weight[:, at], self.shape[1]
        result: FloatArray = self.rest[at] * residual[self.quarter[at]]
        for number, offset in enumerate((0, 1, columns, columns + 1)):
            result += weight[number] * field[corner + offset]
        return result

    def correlation(self, first: int, second: int) -> float:
        """Correlation of two places that the field really has (for checks against ``exp(-3 h / b)``)."""
        columns = self.shape[1]
        offsets = np.array([0, 1, columns, columns + 1])
        a, b = self.corner[first] + offsets, self.corner[second] + offsets
        dx = (a % columns)[:, None] - (b % columns)[None, :]
        dy = (a // columns)[:, None] - (b // columns)[None, :]
        covariance = np.exp(-3.0 * np.hypot(dx, dy) * self.step_m / self.range_m)
        shared = self.rest[first] * self.rest[second] * (self.quarter[first] == self.quarter[second])
        return float(self.weight[:, first] @ covariance @ self.weight[:, second] + shared)


def _torus_root(rows: int, columns: int, step: float, range_m: float) -> FloatArray:
    from scipy.fft import rfft2

    dy = np.minimum(np.arange(rows), rows - np.arange(rows))
    dx = np.minimum(np.arange(columns), columns - np.arange(columns))
    covariance = np.exp(-3.0 * np.hypot(dy[:, None], dx[None, :]) * step / range_m)
    eigenvalues = rfft2(covariance).real
    # Cutting the few negative eigenvalues takes variance away; scaling gives it back.
    kept = np.maximum(eigenvalues, 0.0)
    full = np.full(kept.shape[1], 2.0)
    full[0] = 1.0
    if columns % 2 == 0:
        full[-1] = 1.0
    variance = float((kept * full).sum()) / (rows * columns)
    root: FloatArray = np.sqrt(kept / variance)
    return root
