"""GDAL reads the files for other tools back without loss."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import shapely

from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.ledger import draw_ledger
from depotopt.report.pieces import OPEN, road_pieces, street_damage
from depotopt.report.routes import trip_legs
from depotopt.report.supply_tables import layout_table, points_table
from depotopt.report.write import write_report


def read(path: object, layer: str | None = None) -> tuple[list[str], list[object], dict[str, list[object]]]:
    meta, _, shapes, fields = pyogrio.raw.read(path, layer=layer)
    columns = dict(zip(meta["fields"], (list(field) for field in fields), strict=True))
    return list(meta["fields"]), list(shapely.from_wkb(shapes)), columns


def test_points_come_back_with_state_and_place(report: ReportFiles, content: ReportContent) -> None:
    _, shapes, columns = read(report.exchange["points.geojson"])
    assert columns["state"] == list(draw_ledger(content).state)
    for shape, point in zip(shapes, content.scenario.demand_points, strict=True):
        assert (shape.x, shape.y) == (point.lon, point.lat)  # type: ignore[attr-defined]


def test_routes_come_back_as_driven(report: ReportFiles, content: ReportContent) -> None:
    legs = trip_legs(content, road_pieces(content.network))
    _, shapes, columns = read(report.exchange["routes.geojson"])
    assert columns["vehicle"] == [leg.vehicle for leg in legs]
    for shape, leg in zip(shapes, legs, strict=True):
        assert np.abs(shapely.get_coordinates(shape) - leg.lonlat).max() <= 0.51e-6  # type: ignore[call-overload]


def test_losses_are_the_pieces_not_open(report: ReportFiles, content: ReportContent) -> None:
    pieces = road_pieces(content.network)
    status = street_damage(content.network, content.road_state, content.at_s).status[pieces.street]
    features = json.loads(report.exchange["road_losses.geojson"].read_text(encoding="utf-8"))["features"]
    assert len(features) == int((status != OPEN).sum()) > 0


def test_gpx_has_a_track_per_trip_and_a_waypoint_per_stop(
    report: ReportFiles, content: ReportContent
) -> None:
    assert content.plan is not None
    path = report.exchange["routes.gpx"]
    _, tracks, columns = read(path, "tracks")
    assert columns["name"] == [f"{trip.vehicle} {trip.number}" for trip in content.plan.trips]
    assert all(shapely.get_num_geometries(track) > 0 for track in tracks)  # type: ignore[call-overload]
    _, waypoints, _ = read(path, "waypoints")
    assert len(waypoints) == sum(len(trip.stops) for trip in content.plan.trips)


def test_kml_holds_depots_points_and_a_folder_per_vehicle(
    report: ReportFiles, content: ReportContent
) -> None:
    assert content.plan is not None
    layers = [str(name) for name, _ in pyogrio.list_layers(report.exchange["plan.kml"])]
    vehicles = sorted({trip.vehicle for trip in content.plan.trips})
    assert layers == ["Depots", "Demand points", *vehicles]
    _, shapes, columns = read(report.exchange["plan.kml"], "Demand points")
    assert columns["Name"] == [point.name for point in content.scenario.demand_points]
    assert len(shapes) == len(content.scenario.demand_points)


def test_every_layer_of_the_geopackage_comes_back_with_its_rows_and_reference_system(
    report: ReportFiles, content: ReportContent
) -> None:
    """Attributes, geometry and coordinate reference system of sites and points, cell by cell."""
    ledger = draw_ledger(content)
    for layer, table in (("sites", layout_table(content, ledger)), ("points", points_table(content, ledger))):
        info = pyogrio.read_info(report.geopackage, layer=layer)
        assert (info["crs"], info["geometry_type"]) == ("EPSG:4326", "Point")
        names, shapes, columns = read(report.geopackage, layer)
        own = [column.name for column in table.columns if column.name not in ("lon", "lat")]
        assert names == own
        for r, row in enumerate(table.rows):
            cells = dict(zip((column.name for column in table.columns), row, strict=True))
            assert shapely.get_coordinates(shapes[r]).tolist() == [[cells["lon"], cells["lat"]]]  # type: ignore[call-overload]
            for name in own:
                assert same(columns[name][r], cells[name]), (layer, name, r)


def test_every_geojson_comes_back_with_its_attributes(report: ReportFiles, content: ReportContent) -> None:
    """What GDAL reads of each feature is what stands in the file, in WGS 84 (RFC 7946)."""
    for name in ("sites", "points", "routes", "road_losses"):
        path = report.exchange[f"{name}.geojson"]
        assert pyogrio.read_info(path)["crs"] == "EPSG:4326"
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        names, shapes, columns = read(path)
        assert len(shapes) == len(features) > 0
        for r, feature in enumerate(features):
            assert set(feature["properties"]) == set(names)
            drawn = feature["geometry"]["coordinates"]
            vertices = [drawn] if feature["geometry"]["type"] == "Point" else drawn
            assert shapely.get_coordinates(shapes[r]).tolist() == vertices  # type: ignore[call-overload]
            for key, value in feature["properties"].items():
                if "T" not in str(value):  # GDAL turns moments into its own type.
                    assert same(columns[key][r], value), (name, key, r)


def test_gpx_positions_come_back_to_the_sixth_decimal(report: ReportFiles, content: ReportContent) -> None:
    legs = trip_legs(content, road_pieces(content.network))
    _, tracks, _ = read(report.exchange["routes.gpx"], "tracks")
    parts = [part for track in tracks for part in shapely.get_parts(track)]  # type: ignore[call-overload]
    assert len(parts) == len(legs)
    for part, leg in zip(parts, legs, strict=True):
        assert np.abs(shapely.get_coordinates(part) - leg.lonlat).max() <= 0.51e-6


def test_kml_speaks_the_language_of_the_report(content: ReportContent, tmp_path: Path) -> None:
    files = write_report(tmp_path / "town", content, language="zh")
    root = ET.parse(files.exchange["plan.kml"]).getroot()
    space = {"k": "http://www.opengis.net/kml/2.2"}
    folders = [one.text for one in root.iterfind(".//k:Folder/k:name", space)]
    assert folders[:2] == ["储备库", "需求点"]
    said = {
        (one.text or "").rpartition(", ")[2] for one in root.iterfind(".//k:Point/../k:description", space)
    }
    assert {"已保障", "孤立"} <= said
    drives = {
        (one.text or "").partition(", ")[0]
        for one in root.iterfind(".//k:LineString/../k:description", space)
    }
    assert drives <= {"空驶前往装货库", "配送", "返程"}
    assert "配送" in drives


def test_every_style_named_in_kml_is_there(report: ReportFiles) -> None:
    kml = ET.parse(report.exchange["plan.kml"]).getroot()
    styles = {f"#{one.attrib['id']}" for one in kml.iter() if one.tag.endswith("}Style")}
    named = {one.text for one in kml.iter() if one.tag.endswith("}styleUrl")}
    assert named
    assert named <= styles


def same(read_back: object, written: object) -> bool:
    """Whether GDAL gives back what was written; missing values come back as none or nan."""
    if written is None:
        return read_back is None or read_back != read_back
    if isinstance(written, float) and isinstance(read_back, float):
        return bool(np.isclose(read_back, written, rtol=1e-12, atol=0))
    return bool(read_back == written)
