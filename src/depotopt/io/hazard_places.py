"""Places of hazards: geometry written in the scenario or read from its files becomes `Shape`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from depotopt.errors import Fault
from depotopt.hazards.shapes import Shape
from depotopt.io.hazard_blocks import PlaceBlock


@dataclass(frozen=True, slots=True)
class Place:
    """A shape and the properties its file gives it."""

    shape: Shape
    properties: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""


@dataclass(slots=True)
class PlaceReader:
    """Reads places and collects what is wrong with them.

    Attributes
    ----------
    folder
        Folder of the scenario.
    file
        File the blocks come from.
    faults
        Everything found wrong.
    """

    folder: Path
    file: str
    faults: list[Fault] = field(default_factory=list)

    def read(self, block: PlaceBlock, where: str) -> list[Place]:
        """Places of one block; empty with a fault where it cannot be read."""
        given = self.given(block)
        if len(given) != 1:
            found = " and ".join(given) or "no place"
            self.fault(
                where, found, "expected exactly one of wkt, point, points, line, polygon, file", "place"
            )
            return []
        if block.file:
            return self._features(block, where)
        geometry = self._inline(block, given[0], f"{where}.{given[0]}")
        return [] if geometry is None else [Place(Shape(geometry, block.radius_m), {}, where)]

    def given(self, block: PlaceBlock) -> list[str]:
        """Keys of a block that say where it is."""
        return [key for key in ("wkt", "point", "points", "line", "polygon", "file") if getattr(block, key)]

    def fault(self, where: str, found: str, expected: str, kind: str, file: str = "") -> None:
        """Note a fault."""
        self.faults.append(Fault(file or self.file, where, found, expected, kind))

    def path(self, name: str, where: str) -> Path | None:
        """A file of the scenario folder, or ``None`` with a fault."""
        path = self.folder / name
        if path.is_file():
            return path
        self.fault(where, f"'{name}'", "expected a file of the scenario folder", "missing-file")
        return None

    def _inline(self, block: PlaceBlock, key: str, where: str) -> bytes | None:
        import shapely

        geometry: Any
        if key == "wkt":
            try:
                geometry = shapely.from_wkt(block.wkt)
            except shapely.errors.ShapelyError:
                self.fault(
                    where,
                    f"'{_short(block.wkt)}'",
                    "expected well-known text like POLYGON ((...))",
                    "geometry",
                )
                return None
        elif key == "point":
            geometry = shapely.Point(*(block.point or ()))
        elif key == "points":
            geometry = shapely.MultiPoint(block.points)
        elif key == "line":
            if len(block.line or ()) < 2:
                self.fault(where, "1 position", "expected at least 2 positions of a line", "geometry")
                return None
            geometry = shapely.LineString(block.line)
        else:
            if len(set(block.polygon or ())) < 3:
                self.fault(
                    where, "fewer than 3 corners", "expected at least 3 corners of a polygon", "geometry"
                )
                return None
            geometry = shapely.Polygon(block.polygon)
        return self._checked(geometry, block.radius_m, self.file, where)

    def _checked(self, geometry: Any, radius_m: float, file: str, where: str) -> bytes | None:
        import shapely

        if geometry is None or geometry.is_empty:
            self.fault(where, "an empty geometry", "expected a polygon, line or point", "geometry", file)
            return None
        west, south, east, north = geometry.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            found = f"coordinates up to ({east:g}, {north:g})"
            self.fault(where, found, "expected degrees, longitude first", "coordinate", file)
            return None
        if geometry.geom_type.endswith("Point") and radius_m <= 0:
            self.fault(where, "a point without radius_m", "expected radius_m > 0", "radius", file)
            return None
        return bytes(shapely.to_wkb(shapely.make_valid(shapely.force_2d(geometry))))

    def _features(self, block: PlaceBlock, where: str) -> list[Place]:
        path = self.path(block.file, f"{where}.file")
        if path is None:
            return []
        from pyogrio import raw
        from pyogrio.errors import DataLayerError, DataSourceError

        try:
            meta, _, geometry, columns = raw.read(path, layer=block.layer or None, force_2d=True)
        except (DataSourceError, DataLayerError) as error:
            self.fault(
                "", f"an unreadable file ({error})", "expected GeoJSON or GeoPackage", "file", block.file
            )
            return []
        if not meta["crs"]:
            self.fault(
                "",
                "no coordinate reference system",
                "expected one, so that places are known",
                "crs",
                block.file,
            )
            return []
        if geometry is None or not len(geometry):
            self.fault("", "no features", "expected at least one place", "geometry", block.file)
            return []
        names = [str(name) for name in meta["fields"]]
        places = []
        for number, shape in enumerate(_in_degrees(geometry, str(meta["crs"]))):
            at = f"feature {number + 1}"
            wkb = self._checked(shape, block.radius_m, block.file, at)
            if wkb is not None:
                properties = {name: column[number] for name, column in zip(names, columns, strict=True)}
                places.append(Place(Shape(wkb, block.radius_m), properties, at))
        return places

    def number(
        self, place: Place, block: PlaceBlock, key: str, where: str, most: float = math.inf
    ) -> float | None:
        """A number of a block, else of its feature's properties; ``None`` where neither has it."""
        value = getattr(block, key)
        if value is None:
            value = place.properties.get(key)
        if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
            return None
        bound = f"from 0 to {most:g}" if math.isfinite(most) else ">= 0"
        if not isinstance(value, int | float | np.number) or not 0 <= float(value) <= most:
            file = block.file or self.file
            at = f"{place.where}, property {key}" if block.file else f"{where}.{key}"
            self.fault(at, f"'{value}'", f"expected a number {bound}", "number", file)
            return None
        return float(value)


def _in_degrees(wkb: Any, crs: str) -> Any:
    """Geometries in WGS 84 degrees, longitude first."""
    import shapely
    from pyproj import CRS, Transformer

    shapes = shapely.from_wkb(wkb)
    source = CRS.from_user_input(crs)
    if source.equals(CRS.from_epsg(4326), ignore_axis_order=True):
        return shapes
    to_degrees = Transformer.from_crs(source, 4326, always_xy=True)

    def move(xy: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(shapes, move)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
