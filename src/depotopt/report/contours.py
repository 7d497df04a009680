"""Travel-time contours: the area within each travel time of the nearest open depot, as closed lines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from depotopt.report.content import ReportContent
from depotopt.report.pieces import RoadPieces
from depotopt.report.reach import BANDS_S, nearest_depot_s
from depotopt.units import UNREACHABLE_DS, FloatArray, Int64Array, ds_to_seconds

CELLS: Final = 220
"""Cells of the raster along the longer side of the region."""

SMALLEST_CELL_M: Final = 40.0
"""A finer raster than this would show the roads, not an area."""

OFF_ROAD_M: Final = 1_500.0
"""Farthest from a road that still counts as within reach, if the scenario's places may lie so far."""

NEIGHBOURS: Final = 8
"""Samples of road looked at for each cell."""

EARTH_M_PER_DEGREE: Final = 111_195.0
"""Metres per degree of a great circle on a sphere of 6,371 km."""


@dataclass(frozen=True, slots=True)
class Contours:
    """Closed lines around the area within each travel time.

    Attributes
    ----------
    band
        Position in `BANDS_S` of each ring, shape ``(R,)``; rings of one band, filled by the even-odd
        rule, are the area within its time.
    first, lonlat
        Vertices of the rings in degrees, the last of each equal to its first, as in
        `depotopt.roads.network.Geometry`.
    """

    band: Int64Array
    first: Int64Array
    lonlat: FloatArray


def travel_contours(content: ReportContent, pieces: RoadPieces) -> Contours:
    """Draw the contours of the travel time from the nearest open depot in the road state shown.

    A raster cell takes the least, over the road around it, of the driving time to that place on the road
    plus the way from there at the scenario's access speed, up to `OFF_ROAD_M`. Contours are found by
    marching squares with linear interpolation (Lorensen and Cline 1987, in the plane).
    """
    lonlat, seconds = _samples(content, pieces)
    if not len(seconds):
        return Contours(np.empty(0, np.int64), np.zeros(1, np.int64), np.empty((0, 2)))
    scale = np.array([np.cos(np.radians(lonlat[:, 1].mean())), 1.0]) * EARTH_M_PER_DEGREE
    origin = lonlat.min(axis=0)
    metres = (lonlat - origin) * scale
    cell_m = max(SMALLEST_CELL_M, float(metres.max()) / CELLS)
    roads = content.scenario.roads
    field = _raster(
        metres,
        seconds,
        cell_m,
        speed_mps=roads.access_speed_kmh / 3.6,
        within_m=max(cell_m, min(OFF_ROAD_M, roads.snap_limit_m)),
    )
    band, sizes, vertices = [], [0], []
    for number, limit_s in enumerate(BANDS_S):
        for ring in rings(field, limit_s):
            band.append(number)
            sizes.append(len(ring))
            # Raster positions count from a margin of one cell around the samples.
            vertices.append((ring - 1.0) * cell_m / scale + origin)
    joined = np.concatenate(vertices) if vertices else np.empty((0, 2))
    return Contours(np.array(band, dtype=np.int64), np.cumsum(sizes).astype(np.int64), joined)


def _samples(content: ReportContent, pieces: RoadPieces) -> tuple[FloatArray, FloatArray]:
    """Bends of the roads within reach and the seconds to them, ``(V, 2)`` and ``(V,)``."""
    network = content.network
    link_ds, node_s = nearest_depot_s(content)
    links = np.flatnonzero((link_ds < UNREACHABLE_DS) & np.isfinite(node_s[network.tail]))
    begin = pieces.first[:-1][pieces.of_link[links]]
    sizes = np.diff(pieces.first)[pieces.of_link[links]]
    step = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    share = step / np.repeat(np.maximum(sizes - 1, 1), sizes)
    share = np.where(np.repeat(pieces.against[links], sizes), 1.0 - share, share)
    # Bends are counted, not measured: between two ends of a link that is near enough for an area.
    times = np.repeat(node_s[network.tail[links]], sizes) + share * np.repeat(
        ds_to_seconds(link_ds[links]), sizes
    )
    found = np.full(len(pieces.lonlat), np.inf)
    np.minimum.at(found, np.repeat(begin, sizes) + step, times)
    near = found <= BANDS_S[-1]
    return pieces.lonlat[near], found[near]


def _raster(
    metres: FloatArray, seconds: FloatArray, cell_m: float, *, speed_mps: float, within_m: float
) -> FloatArray:
    """Seconds at the corners of square cells, shape ``(rows, columns)``, with a margin out of reach."""
    from scipy.spatial import cKDTree

    columns, rows = (np.ceil(metres.max(axis=0) / cell_m).astype(int) + 3).tolist()
    x, y = np.meshgrid(np.arange(columns) - 1.0, np.arange(rows) - 1.0)
    places = np.column_stack([x.ravel(), y.ravel()]) * cell_m
    count = min(NEIGHBOURS, len(seconds))
    found = cKDTree(metres).query(places, k=count, distance_upper_bound=within_m)
    distance, sample = (np.asarray(one).reshape(-1, count) for one in found)
    known = np.append(seconds, np.inf)
    field: FloatArray = (known[sample] + distance / speed_mps).min(axis=1).reshape(rows, columns)
    field[[0, -1], :] = np.inf
    field[:, [0, -1]] = np.inf
    return field


# Edges of a cell in the order bottom, right, top, left; for each pattern of corners that lie inside (bit 0
# lower left, 1 lower right, 2 upper right, 3 upper left) the pairs of edges that a line joins.
_PAIRS: Final[tuple[tuple[tuple[int, int], ...], ...]] = (
    (),
    ((0, 3),),
    ((0, 1),),
    ((1, 3),),
    ((1, 2),),
    ((0, 3), (1, 2)),
    ((0, 2),),
    ((2, 3),),
    ((2, 3),),
    ((0, 2),),
    ((0, 1), (2, 3)),
    ((1, 2),),
    ((1, 3),),
    ((0, 1),),
    ((0, 3),),
    (),
)


def rings(field: npt.NDArray[np.float64], limit: float) -> list[FloatArray]:
    """Closed lines around where a field is at most a limit, each of shape ``(V, 2)`` in cells (column, row).

    Parameters
    ----------
    field
        Values at the corners of cells, shape ``(rows, columns)``; its border is above the limit everywhere.
    limit
        The value of the contour.
    """
    inside = field <= limit
    pattern = (
        inside[:-1, :-1]
        + 2 * inside[:-1, 1:].astype(np.int64)
        + 4 * inside[1:, 1:].astype(np.int64)
        + 8 * inside[1:, :-1].astype(np.int64)
    )
    columns = field.shape[1]
    neighbours: dict[int, list[int]] = defaultdict(list)
    for row, column in np.argwhere((pattern > 0) & (pattern < 15)).tolist():
        # An edge is known by its first corner and whether it goes up: twice the corner's position, plus one.
        corner = row * columns + column
        edges = (2 * corner, 2 * (corner + 1) + 1, 2 * (corner + columns), 2 * corner + 1)
        for one, other in _PAIRS[pattern[row, column]]:
            neighbours[edges[one]].append(edges[other])
            neighbours[edges[other]].append(edges[one])
    found = []
    left = set(neighbours)
    for start in sorted(neighbours):
        if start not in left:
            continue
        line, before, here = [start], -1, start
        left.discard(start)
        while True:
            first, second = neighbours[here]
            before, here = here, second if first == before and second != before else first
            if here == start or here not in left:
                break
            left.discard(here)
            line.append(here)
        found.append(_crossings(field, limit, np.array([*line, start])))
    return found


def _crossings(field: FloatArray, limit: float, edges: Int64Array) -> FloatArray:
    """Where the contour crosses each edge, between its ends by their values."""
    corner, up = edges // 2, edges % 2
    row, column = np.divmod(corner, field.shape[1])
    # Out of reach has no value to go by: there the line runs halfway.
    one, other = field[row, column], field[row + up, column + 1 - up]
    known = np.isfinite(one) & np.isfinite(other)
    share = np.full(len(edges), 0.5)
    share[known] = (limit - one[known]) / (other[known] - one[known])
    return np.column_stack([column + share * (1 - up), row + share * up])
