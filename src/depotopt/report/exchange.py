"""Files for other tools: GeoJSON for any GIS, GPX for navigation devices, KML for globes."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from depotopt.report.content import ReportContent
from depotopt.report.handovers import handovers
from depotopt.report.ledger import Ledger
from depotopt.report.pieces import OPEN, RoadPieces, StreetDamage
from depotopt.report.routes import Leg, trip_legs
from depotopt.report.supply_tables import STATUS_NAMES, layout_table, points_table
from depotopt.report.table import Table
from depotopt.report.wording import Wording
from depotopt.units import FloatArray

GPX: Final = "http://www.topografix.com/GPX/1/1"
KML: Final = "http://www.opengis.net/kml/2.2"

STATE_INKS: Final = {
    "served": "ff5d8000",
    "late": "ff009fe6",
    "unserved": "ff005ed5",
    "isolated": "ff1c1c1c",
    "flooded": "ffd08b2a",
}
"""Colours of states in KML's order: alpha, blue, green, red."""

NOT_XML: Final = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""

Json = dict[str, object]


def write_exchange(
    folder: Path,
    content: ReportContent,
    ledger: Ledger,
    pieces: RoadPieces,
    damage: StreetDamage,
    wording: Wording,
) -> dict[str, Path]:
    """Write places, routes and road losses as GeoJSON, routes as GPX, the plan as KML.

    Positions are WGS 84 to 1e-6 degrees. Routes exist only with a dispatch plan. GeoJSON is for programs and
    the same in every language; GPX and KML are read by people.

    Parameters
    ----------
    folder
        Existing folder.
    content, ledger
        What is told.
    pieces, damage
        Roads and what holds for their streets at the moment shown.
    wording
        Language of GPX and KML.

    Returns
    -------
    dict
        Path by file name.
    """
    legs = trip_legs(content, pieces)
    sites, points = layout_table(content, ledger), points_table(content, ledger)
    texts = {
        "sites.geojson": _geojson(_places(sites)),
        "points.geojson": _geojson(_places(points)),
        "road_losses.geojson": _geojson(_losses(content, pieces, damage)),
    }
    if content.plan is not None:
        texts["routes.geojson"] = _geojson(_route(content, leg) for leg in legs)
        texts["routes.gpx"] = _xml(_gpx(content, legs, wording))
    texts["plan.kml"] = _xml(_kml(content, ledger, legs, wording))
    paths = {}
    for name, text in texts.items():
        paths[name] = folder / name
        paths[name].write_text(text, encoding="utf-8", newline="\n")
    return paths


def _geojson(features: Iterable[Json]) -> str:
    """A feature collection (RFC 7946), one feature a line."""
    lines = (json.dumps(item, ensure_ascii=False, allow_nan=False) for item in features)
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"


def _feature(kind: str, coordinates: object, properties: Json) -> Json:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _places(table: Table) -> Iterable[Json]:
    names = [column.name for column in table.columns]
    for row in table.rows:
        values: Json = dict(zip(names, row, strict=True))
        place = [values.pop("lon"), values.pop("lat")]
        yield _feature("Point", place, values)


def _losses(content: ReportContent, pieces: RoadPieces, damage: StreetDamage) -> Iterable[Json]:
    streets = content.network.streets
    for piece in range(len(pieces)):
        street = int(pieces.street[piece])
        if damage.status[street] == OPEN:
            continue
        until_s = float(damage.until_s[street])
        line = pieces.lonlat[pieces.first[piece] : pieces.first[piece + 1]]
        properties: Json = {
            "street": streets.ident[street],
            "name": streets.name[street],
            "road_status": STATUS_NAMES[int(damage.status[street])],
            "cause": content.road_state.causes[int(damage.cause[street])],
            "speed_share": float(damage.speed_factor[street]),
            "depth_m": float(damage.depth_m[street]),
            "until": None if until_s == float("inf") else _time(content, until_s),
        }
        yield _feature("LineString", _coordinates(line), properties)


def _route(content: ReportContent, leg: Leg) -> Json:
    properties: Json = {
        "vehicle": leg.vehicle,
        "vehicle_type": leg.vehicle_type,
        "trip": leg.trip,
        "leg": leg.number,
        "purpose": leg.purpose,
        "from_place": leg.origin,
        "to_place": leg.destination,
        "start": _time(content, leg.start_s),
        "end": _time(content, leg.end_s),
        "distance_m": round(leg.distance_m, 1),
    }
    return _feature("LineString", _coordinates(leg.lonlat), properties)


def _coordinates(lonlat: FloatArray) -> list[list[float]]:
    return [[round(float(lon), 6), round(float(lat), 6)] for lon, lat in lonlat]


def _time(content: ReportContent, seconds: float) -> str:
    """Moment in ISO 8601; without a zone where the scenario gives none."""
    moment = content.scenario.start + dt.timedelta(seconds=round(seconds))
    return moment.isoformat(timespec="seconds")


def _gpx(content: ReportContent, legs: Sequence[Leg], wording: Wording) -> ET.Element:
    """GPX 1.1: a waypoint per stop, a track per trip with a segment per leg."""
    scenario = content.scenario
    root = ET.Element("gpx", {"version": "1.1", "creator": "depotopt", "xmlns": GPX})
    metadata = ET.SubElement(root, "metadata")
    ET.SubElement(metadata, "name").text = scenario.title
    for trip in content.plan.trips if content.plan is not None else ():
        for stop in handovers(scenario, trip):
            where = {"lat": f"{stop.lat:.6f}", "lon": f"{stop.lon:.6f}"}
            waypoint = ET.SubElement(root, "wpt", where)
            ET.SubElement(waypoint, "name").text = f"{trip.vehicle} {trip.number}.{stop.number} {stop.name}"
            arrival = _time(content, stop.arrive_s)
            ET.SubElement(waypoint, "desc").text = f"{wording('detail.arrive')}: {arrival}"
    tracks: dict[tuple[str, int], ET.Element] = {}
    for leg in legs:
        key = (leg.vehicle, leg.trip)
        if key not in tracks:
            tracks[key] = ET.SubElement(root, "trk")
            ET.SubElement(tracks[key], "name").text = f"{leg.vehicle} {leg.trip}"
        segment = ET.SubElement(tracks[key], "trkseg")
        for lon, lat in leg.lonlat:
            ET.SubElement(segment, "trkpt", {"lat": f"{lat:.6f}", "lon": f"{lon:.6f}"})
    return root


def _kml(content: ReportContent, ledger: Ledger, legs: Sequence[Leg], wording: Wording) -> ET.Element:
    """KML 2.2: folders of depots, demand points by state, and vehicles."""
    scenario = content.scenario
    root = ET.Element("kml", {"xmlns": KML})
    document = ET.SubElement(root, "Document")
    ET.SubElement(document, "name").text = scenario.title
    for state, ink in STATE_INKS.items():
        style = ET.SubElement(document, "Style", {"id": state})
        ET.SubElement(ET.SubElement(style, "IconStyle"), "color").text = ink
    depots = _folder(document, wording("map.depots"))
    for depot in ledger.depots:
        site = scenario.sites[depot.site]
        if depot.is_open:
            _placemark(depots, site.name, f"{site.ident}, {depot.tier}", "Point", [(site.lon, site.lat)])
    points = _folder(document, wording("map.points"))
    for point, state in zip(scenario.demand_points, ledger.state, strict=True):
        place = [(point.lon, point.lat)]
        style_name = state if state in STATE_INKS else ""
        text = f"{point.ident}, {wording.named('state', state)}"
        _placemark(points, point.name, text, "Point", place, style_name)
    vehicles: dict[str, ET.Element] = {}
    for leg in legs:
        if leg.vehicle not in vehicles:
            vehicles[leg.vehicle] = _folder(document, leg.vehicle)
        name = f"{leg.trip}.{leg.number} {leg.origin} - {leg.destination}"
        times = f"{_time(content, leg.start_s)} - {_time(content, leg.end_s)}"
        text = f"{wording(f'purpose.{leg.purpose}')}, {times}"
        line = [(float(lon), float(lat)) for lon, lat in leg.lonlat]
        _placemark(vehicles[leg.vehicle], name, text, "LineString", line)
    return root


def _folder(parent: ET.Element, name: str) -> ET.Element:
    folder = ET.SubElement(parent, "Folder")
    ET.SubElement(folder, "name").text = name
    return folder


def _placemark(
    folder: ET.Element,
    name: str,
    text: str,
    kind: str,
    places: Sequence[tuple[float, float]],
    style: str = "",
) -> None:
    mark = ET.SubElement(folder, "Placemark")
    ET.SubElement(mark, "name").text = name
    ET.SubElement(mark, "description").text = text
    if style:
        ET.SubElement(mark, "styleUrl").text = f"#{style}"
    geometry = ET.SubElement(mark, kind)
    ET.SubElement(geometry, "coordinates").text = " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in places)


def _xml(root: ET.Element) -> str:
    """Text of a document, without the characters that XML 1.0 cannot hold (section 2.2)."""
    ET.indent(root, space=" ")
    document = '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", document)
