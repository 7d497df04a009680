"""`plan.gpkg`: roads with their state, sites, demand points and routes for any GIS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from depotopt.report.content import ReportContent
from depotopt.report.ledger import Ledger
from depotopt.report.pieces import RoadPieces, StreetDamage
from depotopt.report.routes import Leg, trip_legs
from depotopt.report.supply_tables import STATUS_NAMES, layout_table, points_table
from depotopt.report.table import Table
from depotopt.roads.network import ROAD_CLASSES, StreetKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

WGS84 = "EPSG:4326"


def write_geopackage(
    path: Path, content: ReportContent, ledger: Ledger, pieces: RoadPieces, damage: StreetDamage
) -> None:
    """Write the layers ``roads``, ``sites``, ``points`` and ``routes``.

    Times are seconds from the scenario's start. A road is one line whatever its directions.

    Parameters
    ----------
    path
        File to make.
    content, ledger
        What is told.
    pieces, damage
        Roads and what holds for their streets at the moment shown.
    """
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    # GDAL stamps layers with the time of writing; a fixed one keeps equal runs equal.
    stamp = content.scenario.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        _write_roads(path, content, pieces, damage)
        _write_places(path, "sites", layout_table(content, ledger))
        _write_places(path, "points", points_table(content, ledger))
        _write_routes(path, trip_legs(content, pieces))
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write_roads(path: Path, content: ReportContent, pieces: RoadPieces, damage: StreetDamage) -> None:
    import shapely

    streets = content.network.streets
    owner = np.repeat(np.arange(len(pieces)), np.diff(pieces.first))
    lines = shapely.linestrings(pieces.lonlat, indices=owner) if len(pieces) else np.empty(0, dtype=object)
    causes = np.array([*content.road_state.causes, ""], dtype=object)
    fields = {
        "street": np.array(streets.ident, dtype=object)[pieces.street],
        "name": np.array(streets.name, dtype=object)[pieces.street],
        "street_kind": _names([kind.name.lower() for kind in StreetKind], streets.kind[pieces.street]),
        "road_class": _names(ROAD_CLASSES, pieces.road_class),
        "directions": pieces.directions.astype(np.int32),
        "length_m": pieces.length_m,
        "road_status": _names(STATUS_NAMES, damage.status[pieces.street]),
        "cause": causes[damage.cause[pieces.street]],
        "speed_share": damage.speed_factor[pieces.street],
        "depth_m": damage.depth_m[pieces.street],
        # GeoPackage knows no infinity: an open end is a missing value.
        "until_s": np.where(np.isfinite(damage.until_s), damage.until_s, np.nan)[pieces.street],
    }
    _write_layer(path, "roads", lines, fields, "LineString")


def _write_places(path: Path, layer: str, table: Table) -> None:
    import shapely

    columns = {column.name: [row[c] for row in table.rows] for c, column in enumerate(table.columns)}
    lonlat = np.array([columns.pop("lon"), columns.pop("lat")], dtype=np.float64).T.reshape(-1, 2)
    kinds = {column.name: column.kind for column in table.columns}
    fields = {
        name: np.array(values, dtype=object if kinds[name] == "text" else np.float64)
        for name, values in columns.items()
    }
    _write_layer(path, layer, shapely.points(lonlat), fields, "Point")


def _write_routes(path: Path, legs: list[Leg]) -> None:
    import shapely

    lines = np.array([shapely.LineString(leg.lonlat) for leg in legs], dtype=object)
    fields = {
        "vehicle": np.array([leg.vehicle for leg in legs], dtype=object),
        "vehicle_type": np.array([leg.vehicle_type for leg in legs], dtype=object),
        "trip": np.array([leg.trip for leg in legs], dtype=np.int32),
        "leg": np.array([leg.number for leg in legs], dtype=np.int32),
        "purpose": np.array([leg.purpose for leg in legs], dtype=object),
        "from_place": np.array([leg.origin for leg in legs], dtype=object),
        "to_place": np.array([leg.destination for leg in legs], dtype=object),
        "start_s": np.array([leg.start_s for leg in legs], dtype=np.float64),
        "end_s": np.array([leg.end_s for leg in legs], dtype=np.float64),
        "distance_m": np.array([leg.distance_m for leg in legs], dtype=np.float64),
    }
    _write_layer(path, "routes", lines, fields, "LineString")


def _write_layer(
    path: Path, layer: str, shapes: Any, fields: dict[str, NDArray[np.generic]], kind: str
) -> None:
    import pyogrio.raw
    import shapely

    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.asarray(shapes, dtype=object)),
        field_data=list(fields.values()),
        fields=list(fields),
        layer=layer,
        driver="GPKG",
        geometry_type=kind,
        crs=WGS84,
    )


def _names(names: tuple[str, ...] | list[str], codes: NDArray[np.generic]) -> NDArray[np.object_]:
    return np.array(names, dtype=object)[codes.astype(np.int64)]
