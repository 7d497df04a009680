"""`DepthGrid`: water depth on a regular grid of degrees; unknown is not dry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.shapes import degree_scale_m
from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class DepthGrid:
    """Water depth in cells, WGS 84 degrees, north at the top.

    Attributes
    ----------
    west, north
        Outer edges of the first cell, degrees.
    step_lon, step_lat
        Size of a cell, degrees, both positive.
    depth_m
        Depth in metres, shape ``(rows, columns)``; ``nan`` where the source has no data.
    source
        What was read, for faults.
    """

    west: float
    north: float
    step_lon: float
    step_lat: float
    depth_m: FloatArray
    source: str = ""

    def __post_init__(self) -> None:
        if self.step_lon <= 0 or self.step_lat <= 0:
            raise UsageError("cells of a depth grid have positive sizes")
        if (self.depth_m < 0).any():
            raise UsageError("depths are >= 0 or nan")

    @property
    def cell_m(self) -> float:
        """Smaller side of a cell in metres."""
        middle = self.north - self.step_lat * self.depth_m.shape[0] / 2
        scale = degree_scale_m(middle)
        return float(min(scale[0] * self.step_lon, scale[1] * self.step_lat))

    def at(self, lon: FloatArray, lat: FloatArray) -> FloatArray:
        """Depth of the cell each position lies in; ``nan`` outside the grid and where it has no data."""
        rows, columns = self.depth_m.shape
        row = np.floor((self.north - lat) / self.step_lat)
        column = np.floor((lon - self.west) / self.step_lon)
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        depth = np.full(len(lon), np.nan)
        depth[inside] = self.depth_m[row[inside].astype(np.int64), column[inside].astype(np.int64)]
        return depth
