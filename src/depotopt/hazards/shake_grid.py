"""`ShakeGrid`: shaking mapped on a grid, as ShakeMap publishes it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.hazards.boore_atkinson import BETWEEN_SHARE, COEFFICIENTS
from depotopt.hazards.motion import Motion
from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class ShakeGrid:
    """Shaking mapped on a regular grid, as the USGS ShakeMap publishes it.

    Attributes
    ----------
    west, south
        First node, degrees.
    step_lon, step_lat
        Distance of nodes, degrees.
    ln_pga, ln_sa10
        Logarithms of the medians (g), shape ``(rows, columns)``, rows from the south.
    sigma_pga
        Standard deviation of ``ln_pga``, same shape.
    magnitude
        Magnitude of the event; ``nan`` where the file does not say.
    source
        What was read.
    """

    west: float
    south: float
    step_lon: float
    step_lat: float
    ln_pga: FloatArray
    ln_sa10: FloatArray
    sigma_pga: FloatArray
    magnitude: float = math.nan
    source: str = ""

    def motion(self, lon: FloatArray, lat: FloatArray) -> Motion:
        """See `MotionSource.motion`; places outside the grid do not shake.

        The map's uncertainty is split into between and within event like that of Boore and Atkinson
        (2008), and the spectral acceleration is as much more uncertain as theirs (assumptions: a
        ShakeMap does not publish either).
        """
        rows, columns = self.ln_pga.shape
        x, y = (lon - self.west) / self.step_lon, (lat - self.south) / self.step_lat
        inside = (x >= 0) & (x <= columns - 1) & (y >= 0) & (y <= rows - 1)
        column = np.clip(np.floor(x).astype(np.int64), 0, max(columns - 2, 0))
        row = np.clip(np.floor(y).astype(np.int64), 0, max(rows - 2, 0))
        u, v = np.clip(x - column, 0, 1), np.clip(y - row, 0, 1)

        def between(grid: FloatArray) -> FloatArray:
            right, up = np.minimum(column + 1, columns - 1), np.minimum(row + 1, rows - 1)
            value: FloatArray = (1 - v) * ((1 - u) * grid[row, column] + u * grid[row, right]) + v * (
                (1 - u) * grid[up, column] + u * grid[up, right]
            )
            return value

        sigma = between(self.sigma_pga)
        wider = math.hypot(COEFFICIENTS["sa10"]["tau"], COEFFICIENTS["sa10"]["phi"]) / math.hypot(
            COEFFICIENTS["pga"]["tau"], COEFFICIENTS["pga"]["phi"]
        )
        tau, phi = math.sqrt(BETWEEN_SHARE), math.sqrt(1 - BETWEEN_SHARE)
        return Motion(
            np.where(inside, between(self.ln_pga), -np.inf),
            np.where(inside, between(self.ln_sa10), -np.inf),
            tau * sigma,
            tau * sigma * wider,
            phi * sigma,
            phi * sigma * wider,
        )
