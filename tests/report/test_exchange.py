"""GDAL reads the files for other tools back without loss."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import shapely

from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.ledger import draw_ledger
from depotopt.report.pieces import OPEN, road_pieces, street_damage
from depotopt.report.routes import trip_legs


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


def test_gpx_elements_stand_in_the_order_of_the_schema(report: ReportFiles) -> None:
    """GPX 1.1 is a sequence: metadata, wpt, rte, trk."""
    root = ET.parse(report.exchange["routes.gpx"]).getroot()
    names = [child.tag.rpartition("}")[2] for child in root]
    assert names == sorted(names, key=["metadata", "wpt", "rte", "trk"].index)


def test_kml_holds_depots_points_and_a_folder_per_vehicle(
    report: ReportFiles, content: ReportContent
) -> None:
    assert content.plan is not None
    layers = [str(name) for name, _ in pyogrio.list_layers(report.exchange["plan.kml"])]
    vehicles = sorted({trip.vehicle for trip in content.plan.trips})
    assert layers == ["depots", "demand points", *vehicles]
    _, shapes, columns = read(report.exchange["plan.kml"], "demand points")
    assert columns["Name"] == [point.name for point in content.scenario.demand_points]
    assert len(shapes) == len(content.scenario.demand_points)
