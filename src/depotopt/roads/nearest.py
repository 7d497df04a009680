"""The nearest road to a position: exact in metres, over the polylines of a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.roads.network import RoadNetwork
from depotopt.units import EARTH_RADIUS_M, FloatArray, Int64Array, great_circle_m

_MARGIN = 1.01


@dataclass(frozen=True, slots=True)
class NearestRoads:
    """For every position the nearest point of the network.

    Attributes
    ----------
    line
        Polyline (index into `RoadNetwork.geometry`), shape ``(P,)``.
    along_m, line_m
        Metres from the polyline's first vertex to the nearest point, and its whole length.
    lon, lat
        The nearest point in degrees.
    distance_m
        Distance to it.
    """

    line: Int64Array
    along_m: FloatArray
    line_m: FloatArray
    lon: FloatArray
    lat: FloatArray
    distance_m: FloatArray


@dataclass(frozen=True, slots=True)
class _Segments:
    """Straight pieces of the polylines that links use, and metres along their polyline."""

    first: Int64Array
    line: Int64Array
    lon: FloatArray
    lat: FloatArray
    before_m: FloatArray
    length_m: FloatArray


def nearest_roads(network: RoadNetwork, lon: FloatArray, lat: FloatArray) -> NearestRoads:
    """Find the nearest point of the road network for every position.

    Distances are measured in a plane touching the Earth at each position (equirectangular), good to
    a few parts in ten thousand within 50 km. Among equally near roads the first one wins.

    Parameters
    ----------
    network
        Roads with at least one link.
    lon, lat
        Positions in degrees, shape ``(P,)``.
    """
    import shapely

    lines = np.unique(network.geometry_of).astype(np.int64)
    segments = _segments(network, lines)
    # A first candidate from a plane that fits the middle of the network, then all that could beat it.
    squeeze = max(float(np.cos(np.radians(np.mean(network.node_lat)))), 0.01)
    scaled = np.column_stack([network.geometry.lonlat[:, 0] * squeeze, network.geometry.lonlat[:, 1]])
    vertex = _ranges(network.geometry.first[lines], network.geometry.first[lines + 1])
    owner = np.repeat(np.arange(len(lines)), np.diff(network.geometry.first)[lines])
    tree = shapely.STRtree(np.asarray(shapely.linestrings(scaled[vertex], indices=owner)))
    points = shapely.points(lon * squeeze, lat)
    place, candidate = tree.query_nearest(points, all_matches=False)
    radius = np.full(len(lon), np.inf)
    found = _closest(segments, place.astype(np.int64), candidate.astype(np.int64), lon, lat)
    radius[found.place] = found.distance_m
    reach_lat = np.degrees(radius * _MARGIN / EARTH_RADIUS_M) + 1e-7
    reach_lon = (
        reach_lat * squeeze / np.maximum(np.cos(np.radians(np.minimum(np.abs(lat) + reach_lat, 89.0))), 0.01)
    )
    x = lon * squeeze
    boxes = shapely.box(x - reach_lon, lat - reach_lat, x + reach_lon, lat + reach_lat)
    place, candidate = tree.query(boxes)
    best = _closest(segments, place.astype(np.int64), candidate.astype(np.int64), lon, lat)
    line = lines[best.line]
    return NearestRoads(line, best.along_m, best.line_m, best.lon, best.lat, best.distance_m)


@dataclass(frozen=True, slots=True)
class _Found:
    place: Int64Array
    line: Int64Array
    along_m: FloatArray
    line_m: FloatArray
    lon: FloatArray
    lat: FloatArray
    distance_m: FloatArray


def _segments(network: RoadNetwork, lines: Int64Array) -> _Segments:
    """Segments of the given polylines, one polyline after the other."""
    starts, ends = network.geometry.first[lines], network.geometry.first[lines + 1]
    counts = ends - starts - 1
    vertex = _ranges(starts, ends - 1)
    lonlat = network.geometry.lonlat
    length = great_circle_m(*lonlat[vertex].T, *lonlat[vertex + 1].T)
    first = np.zeros(len(lines) + 1, dtype=np.int64)
    np.cumsum(counts, out=first[1:])
    total = np.concatenate([[0.0], np.cumsum(length)])
    before = total[:-1] - np.repeat(total[first[:-1]], counts)
    pair_lon = np.column_stack([lonlat[vertex, 0], lonlat[vertex + 1, 0]])
    pair_lat = np.column_stack([lonlat[vertex, 1], lonlat[vertex + 1, 1]])
    return _Segments(first, np.repeat(np.arange(len(lines)), counts), pair_lon, pair_lat, before, length)


def _closest(
    segments: _Segments, place: Int64Array, line: Int64Array, lon: FloatArray, lat: FloatArray
) -> _Found:
    """Nearest point of each place over its candidate polylines, places in order."""
    counts = np.diff(segments.first)[line]
    owner = np.repeat(place, counts)
    segment = _ranges(segments.first[line], segments.first[line + 1])
    metre_lat = np.radians(1.0) * EARTH_RADIUS_M
    metre_lon = metre_lat * np.cos(np.radians(lat[owner]))
    ax = (segments.lon[segment, 0] - lon[owner]) * metre_lon
    ay = (segments.lat[segment, 0] - lat[owner]) * metre_lat
    bx = (segments.lon[segment, 1] - lon[owner]) * metre_lon
    by = (segments.lat[segment, 1] - lat[owner]) * metre_lat
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    share = np.clip(-(ax * dx + ay * dy) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    distance = np.hypot(ax + share * dx, ay + share * dy)
    order = np.lexsort((segment, distance, owner))
    pick = order[np.concatenate([[True], np.diff(owner[order]) > 0])] if len(order) else order
    at, part = segment[pick], share[pick]
    return _Found(
        place=owner[pick],
        line=segments.line[at],
        along_m=segments.before_m[at] + part * segments.length_m[at],
        line_m=(segments.before_m + segments.length_m)[segments.first[segments.line[at] + 1] - 1],
        lon=segments.lon[at, 0] * (1 - part) + segments.lon[at, 1] * part,
        lat=segments.lat[at, 0] * (1 - part) + segments.lat[at, 1] * part,
        distance_m=distance[pick],
    )


def _ranges(starts: Int64Array, ends: Int64Array) -> Int64Array:
    """All integers of the half-open ranges, one range after the other."""
    counts = ends - starts
    offset = np.repeat(np.cumsum(counts) - counts, counts)
    ranges: Int64Array = np.arange(int(counts.sum()), dtype=np.int64) - offset + np.repeat(starts, counts)
    return ranges
