"""Where hazards are: polygons, lines and points with a reach, and what of the network they touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from depotopt.roads.network import RoadNetwork, StreetTable
from depotopt.units import EARTH_RADIUS_M, BoolArray, FloatArray, Int32Array, Int64Array

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True)
class Shape:
    """A polygon, line or point in degrees, and how far it reaches.

    Attributes
    ----------
    wkb
        Geometry in well-known binary, WGS 84 degrees.
    radius_m
        Everything at most this far from the geometry is inside; 0 for the geometry itself.
    """

    wkb: bytes
    radius_m: float = 0.0

    @classmethod
    def of_wkt(cls, text: str) -> Self:
        """Shape from well-known text in degrees.

        Raises
        ------
        ValueError
            If the text is not a geometry.
        """
        import shapely

        try:
            return cls(shapely.to_wkb(shapely.from_wkt(text)))
        except shapely.errors.ShapelyError as error:
            raise ValueError(str(error)) from error

    @classmethod
    def point(cls, lon: float, lat: float, radius_m: float) -> Self:
        """A disc."""
        import shapely

        return cls(shapely.to_wkb(shapely.Point(lon, lat)), radius_m)

    def geometry(self) -> BaseGeometry:
        """Geometry in degrees with the reach applied.

        The reach is drawn in a plane tangent at the centre of the geometry's bounds (1 degree of
        longitude scaled by the cosine of latitude). At 100 km from that centre it is off by about
        1 %; split longer lines where that matters.
        """
        import shapely

        geometry: BaseGeometry = shapely.from_wkb(self.wkb)
        if self.radius_m <= 0 or geometry.is_empty:
            return geometry
        west, south, east, north = geometry.bounds
        scale = degree_scale_m((south + north) / 2)
        centre = np.array([(west + east) / 2, (south + north) / 2])
        plane = shapely.transform(geometry, lambda lonlat: (lonlat - centre) * scale)
        reach: BaseGeometry = shapely.transform(
            plane.buffer(self.radius_m, quad_segs=16), lambda xy: xy / scale + centre
        )
        return reach


def degree_scale_m(latitude: float) -> FloatArray:
    """Metres per degree of longitude and latitude on the sphere, shape ``(2,)``."""
    metre = EARTH_RADIUS_M * np.pi / 180.0
    return np.array([metre * max(np.cos(np.radians(latitude)), 1e-6), metre])


@dataclass(frozen=True, slots=True)
class StreetLines:
    """Polylines of all streets, ready for intersection.

    Attributes
    ----------
    street
        Street of each polyline, shape ``(P,)``; a street may have several.
    first
        Start of each polyline in ``lonlat``, shape ``(P + 1,)``.
    lonlat
        Vertices in degrees.
    """

    street: Int32Array
    first: Int64Array
    lonlat: FloatArray

    @classmethod
    def of(cls, network: RoadNetwork) -> Self:
        """Collect each street's polylines once, whichever direction they are driven."""
        geometries = max(len(network.geometry.first) - 1, 1)
        key = np.unique(network.street.astype(np.int64) * geometries + network.geometry_of)
        street, geometry = (key // geometries).astype(np.int32), key % geometries
        start, stop = network.geometry.first[geometry], network.geometry.first[geometry + 1]
        counts = stop - start
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        within = np.arange(first[-1]) - np.repeat(first[:-1], counts)
        return cls(street, first, network.geometry.lonlat[np.repeat(start, counts) + within])

    def touched_by(self, shapes: Sequence[Shape]) -> list[Int32Array]:
        """Streets that meet each shape, ascending."""
        import shapely

        owner = np.repeat(np.arange(len(self.street)), np.diff(self.first))
        lines = np.asarray(shapely.linestrings(self.lonlat, indices=owner))
        tree = shapely.STRtree(lines)
        geometries = [shape.geometry() for shape in shapes]
        for geometry in geometries:
            shapely.prepare(geometry)
        which, piece = tree.query(geometries, predicate="intersects")
        return [np.unique(self.street[piece[which == number]]) for number in range(len(shapes))]

    def middle(self, streets: Int32Array) -> FloatArray:
        """A vertex near the middle of each street (of its first polyline), shape ``(n, 2)``."""
        piece = np.searchsorted(self.street, streets)
        a, b = self.first[piece], self.first[piece + 1]
        even = (b - a) % 2 == 0
        low = self.lonlat[(a + b - 1) // 2]
        high = self.lonlat[(a + b) // 2]
        middle: FloatArray = np.where(even[:, None], (low + high) / 2, low)
        return middle

    def support(self, spacing_m: float) -> tuple[Int32Array, FloatArray]:
        """Points along all streets at most ``spacing_m`` apart: ``(street, lonlat)``, by street.

        Every polyline has its ends and its middle; long segments are divided evenly.
        """
        segments = np.ones(len(self.lonlat), dtype=np.bool_)
        segments[self.first[1:] - 1] = False
        begin = np.flatnonzero(segments)
        a, b = self.lonlat[begin], self.lonlat[begin + 1]
        step = (b - a) * EARTH_RADIUS_M * np.pi / 180.0
        step[:, 0] *= np.cos(np.radians((a[:, 1] + b[:, 1]) / 2))
        parts = np.maximum(2, np.ceil(np.hypot(step[:, 0], step[:, 1]) / spacing_m)).astype(np.int64)
        # Short pieces between bends need no middle of their own.
        bends = np.repeat(np.diff(self.first) - 1, np.diff(self.first) - 1)
        parts[(parts == 2) & (bends > 1)] = 1
        source = np.repeat(np.arange(len(begin)), parts)
        share = (np.arange(len(source)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[source]
        inner = a[source] + share[:, None] * (b - a)[source]
        piece = np.repeat(np.arange(len(self.street)), np.diff(self.first))
        street = np.concatenate([self.street[piece[begin[source]]], self.street])
        lonlat = np.concatenate([inner, self.lonlat[self.first[1:] - 1]])
        order = np.argsort(street, kind="stable")
        return street[order], lonlat[order]

    def evenly(self, per_m: float) -> tuple[Int32Array, FloatArray, FloatArray]:
        """Points spread evenly along each polyline: ``(street, lonlat, expected)``.

        A polyline of length ``l`` gets ``ceil(l per_m)`` points; ``expected`` is ``l per_m`` over their
        number, so that it sums to the density.
        """
        step = np.diff(self.lonlat, axis=0) * EARTH_RADIUS_M * np.pi / 180.0
        step[:, 0] *= np.cos(np.radians((self.lonlat[1:, 1] + self.lonlat[:-1, 1]) / 2))
        lengths = np.hypot(step[:, 0], step[:, 1])
        # Steps from one polyline to the next have no length.
        lengths[self.first[1:-1] - 1] = 0.0
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        begin, end = along[self.first[:-1]], along[self.first[1:] - 1]
        wanted = (end - begin) * per_m
        count = np.ceil(wanted).astype(np.int64)
        piece = np.repeat(np.arange(len(count)), count)
        within = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
        place = begin[piece] + (end - begin)[piece] * (within + 0.5) / count[piece]
        segment = np.searchsorted(along, place, side="right") - 1
        share = (place - along[segment]) / np.maximum(lengths[segment], 1e-300)
        lonlat = self.lonlat[segment] + share[:, None] * (self.lonlat[segment + 1] - self.lonlat[segment])
        return self.street[piece], lonlat, (wanted / np.maximum(count, 1))[piece]


def places_inside(shapes: Sequence[Shape], lon: FloatArray, lat: FloatArray) -> list[BoolArray]:
    """Which positions lie inside each shape."""
    import shapely

    result = []
    for shape in shapes:
        geometry = shape.geometry()
        shapely.prepare(geometry)
        result.append(np.asarray(shapely.intersects_xy(geometry, lon, lat), dtype=np.bool_).reshape(len(lon)))
    return result


def find_streets(streets: StreetTable, keys: Sequence[str]) -> tuple[Int32Array, list[str]]:
    """Streets named by identifier or street name, ascending, and the keys that name none.

    A name stands for every street that bears it.
    """
    by_ident = {ident: number for number, ident in enumerate(streets.ident)}
    wanted = {key for key in keys if key not in by_ident}
    by_name: dict[str, list[int]] = {}
    if wanted:
        for number, name in enumerate(streets.name):
            if name in wanted:
                by_name.setdefault(name, []).append(number)
    found = [by_ident[key] for key in keys if key in by_ident]
    found += [number for numbers in by_name.values() for number in numbers]
    return np.unique(np.array(found, dtype=np.int32)), sorted(wanted - by_name.keys())
